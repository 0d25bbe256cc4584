# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Logs of the last ten runs.

logs_new() {
	local old
	mkdir -p "$KSM_CACHE/logs"
	LOGS=$(mktemp -d "$KSM_CACHE/logs/$(date +%Y%m%d-%H%M%S).XXXX")
	chmod 755 "$LOGS"
	# Held while this run lives, so that another one does not clear it away.
	exec {LOGS_FD}<"$LOGS"
	flock -s "$LOGS_FD"
	# shellcheck disable=SC2012 # our own names
	for old in $(ls -1 "$KSM_CACHE/logs" | sort -r | tail -n +11); do
		flock -n "$KSM_CACHE/logs/$old" rm -rf "$KSM_CACHE/logs/${old:?}" || true
	done
}
