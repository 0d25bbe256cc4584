# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which instructions an I/O takes: the emulator writes down every one. Two runs of
# different length, so that what is not I/O cancels out on the host.

hmp() {
	qmp "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"$1\"}}"
}

# profile_run DEVICE WORKLOAD IOS NAME: the trace goes to the host's file NAME.
profile_run() {
	hmp "logfile $(arg log)/$4" && hmp 'log exec,nochain' || return 1
	ksm-load "$(device_path "$1")" "$AREA" "$2" "$3" >/run/load
	hmp 'log none'
}

# profile_base BASE WORKLOAD FEW MANY
profile_base() {
	local dev
	base_up "$1" >/run/why 2>&1 || { echo "X $1 $(tr '\n' ' ' </run/why)"; return; }
	for dev in $(devices "$1"); do
		device_up "$dev" >/run/why 2>&1 || { echo "X $1/$dev $(tr '\n' ' ' </run/why)"; return; }
	done
	base_ready "$1"
	# Each instruction for itself: a trace has the starts of translated blocks.
	hmp 'one-insn-per-tb on' || return 1
	for dev in $(devices "$1"); do
		case $dev in raw | sim-raw) continue ;; esac
		echo "D $dev"
		# What is only done the first time is done before.
		ksm-load "$(device_path "$dev")" "$AREA" "$2" "$4" >/run/load
		profile_run "$dev" "$2" "$3" "$dev.few" && profile_run "$dev" "$2" "$4" "$dev.many" || return 1
	done
	hmp 'one-insn-per-tb off'
	echo SYMBOLS
	awk '$2 ~ /[tTwW]/ { print $1, $3 $4 }' /proc/kallsyms | gzip | base64
	echo END
}
