#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# overlay-run.sh LOWER WORK CMD...: runs CMD with KSM_ROOT naming a writable view
# of LOWER whose changes go below WORK. To be started under `unshare --mount`:
# every mount goes away with the process, also if it is killed.
set -euo pipefail
lower=$1 work=$2
shift 2
mkdir -p "$work"/{upper,ovl,root}
export KSM_ROOT=$work/root
if ! mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/ovl" "$KSM_ROOT" 2>/dev/null; then
	# The cache may itself lie on an overlay (containers).
	mkdir -p "$work/tmpfs"
	if mount -t tmpfs tmpfs "$work/tmpfs" && mkdir "$work"/tmpfs/{u,w} &&
		mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/tmpfs/u,workdir=$work/tmpfs/w" "$KSM_ROOT" 2>/dev/null; then
		:
	else
		cp -a --reflink=auto "$lower/." "$KSM_ROOT/"
	fi
fi
if [ -z "${KSM_BARE:-}" ]; then
	mount --rbind /dev "$KSM_ROOT/dev"
	mount -t proc proc "$KSM_ROOT/proc"
	mount -t sysfs -o ro sysfs "$KSM_ROOT/sys"
	mount -t tmpfs tmpfs "$KSM_ROOT/tmp"
fi
exec "$@"
