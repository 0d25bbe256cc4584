# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Shared by every host-side script: where things live, messages, locks.

# The checkout's top, found from this file so that any working directory is fine.
KSM_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
export KSM_TOP
KSM_CACHE=${KSM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksm}
export KSM_CACHE
export LC_ALL=C.UTF-8

msg() { printf '# %s\n' "$*" >&2; }
die() { printf 'tests: %s\n' "$*" >&2; exit 1; }

# with_lock NAME CMD... runs CMD while no one else holds NAME. The lock goes with
# the process, so a killed run never leaves one behind.
with_lock() {
	local name=$1 fd rc=0
	shift
	mkdir -p "$KSM_CACHE/locks"
	exec {fd}>"$KSM_CACHE/locks/$name"
	flock "$fd"
	"$@" || rc=$?
	exec {fd}>&-
	return "$rc"
}

# hash_text < text: a short name for a cache entry.
hash_text() { sha256sum | cut -c1-16; }

# work_dir PREFIX: a fresh scratch folder below the cache. Its lock stays held by
# this process (fd left open on purpose), so that sweep_work of another run can
# tell a live folder from one a killed run left.
# What killed runs left is removed first.
work_dir() {
	mkdir -p "$KSM_CACHE/work"
	with_lock work work_dir_locked "$1"
}

work_dir_locked() {
	local fd
	sweep_work
	WORK_DIR=$(mktemp -d "$KSM_CACHE/work/$1.XXXXXXXX")
	exec {fd}>"$WORK_DIR.lock"
	flock -n "$fd"
}

drop_work() { rm -rf --one-file-system "$1" "$1.lock"; }

# kill_tree PID: end what this run started below PID, by process id. Not every
# kernel has /proc/PID/task/*/children, and ps may be missing.
kill_tree() {
	local stat line rest found=1
	local -A parent=() tree=(["$1"]=1)
	for stat in /proc/[0-9]*/stat; do
		{ IFS= read -r line <"$stat"; } 2>/dev/null || continue
		# PID (NAME) STATE PPID ...; a name may have blanks and brackets.
		rest=${line##*) }
		rest=${rest#* }
		parent[${line%% *}]=${rest%% *}
	done
	while [ "$found" = 1 ]; do
		found=0
		for line in "${!parent[@]}"; do
			if [ -z "${tree[$line]:-}" ] && [ -n "${tree[${parent[$line]}]:-}" ]; then
				tree[$line]=1
				found=1
			fi
		done
	done
	kill "${!tree[@]}" 2>/dev/null || true
}

# Delete what killed runs left behind. A kept folder (--keep) has a file "keep",
# and goes after a week.
sweep_work() {
	local lock dir
	for lock in "$KSM_CACHE"/work/*.lock; do
		[ -e "$lock" ] || continue
		dir=${lock%.lock}
		[ -n "$(find "$dir/keep" -mtime -7 2>/dev/null)" ] && continue
		if flock -n "$lock" true 2>/dev/null; then
			drop_work "$dir"
		fi
	done
}
