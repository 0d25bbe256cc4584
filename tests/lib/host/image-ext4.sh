#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# image-ext4.sh FILE PATTERN...: runs under overlay-run.sh; an ext4 image of
# KSM_ROOT without the paths named. Deleting happens in the overlay only.
set -euo pipefail
file=$1
shift
cd "$KSM_ROOT"
shopt -s nullglob dotglob
for pattern; do
	# shellcheck disable=SC2206 # a glob
	paths=($pattern)
	[ ${#paths[@]} = 0 ] || rm -rf --one-file-system "${paths[@]}"
done
mkdir -p ksm proc sys dev run tmp mnt var/cache
ln -sfn /proc/self/mounts etc/mtab
mb=$(du -sm --apparent-size . | cut -f1)
blocks=$(find . | wc -l)
# No journal: the guest's writes go to a snapshot which is thrown away.
size=$((mb + mb / 8 + blocks / 200 + 96))
/sbin/mke2fs -q -F -t ext4 -O ^has_journal,^metadata_csum,^resize_inode -m 0 -N $((blocks + 20000)) \
	-E lazy_itable_init=1,nodiscard -d . "$file" "${size}M"
