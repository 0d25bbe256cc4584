# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the suites
# Searching the guest's memory for keys: QEMU writes it to a disk of that size (disks=...,mem),
# and ksm-secret looks there. To be sourced after blk.sh and ufs.sh; needs ufs= for the monitor.

# ---- the image ----

# image_ready DISK: the disk that images are made on, the second of the suite's.
image_ready() {
	IMAGE_DISK=$1
	qmp_open && qmp '{"execute":"query-memory-size-summary"}' || return 1
	IMAGE_BYTES=${QMP_REPLY#*'"base-memory": '}
	IMAGE_BYTES=${IMAGE_BYTES%%[,\}]*}
	is 'the image has all memory' "$IMAGE_BYTES" "$(blockdev --getsize64 "$IMAGE_DISK")" || return 1
	# The disk is known to the emulator by its file, which it does not mind writing.
	qmp '{"execute":"query-block"}' || return 1
	IMAGE=$(grep -o '"filename": "[^"]*/disk001"' <<<"$QMP_REPLY" | head -n 1)
	IMAGE=${IMAGE#*: \"}
	IMAGE=${IMAGE%\"}
	[ -n "$IMAGE" ]
}

# look KEY...: make an image and search it; what the following are told.
look() {
	local rc=0
	qmp "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":$IMAGE_BYTES,\"filename\":\"$IMAGE\"}}" || return 1
	SEEN=$(cd /tmp && ksm-secret find "$IMAGE_DISK" "$@" 2>/tmp/places) || rc=$?
	SEEN+=$'\n'
	[ $rc -le 1 ] && [[ $SEEN == "$IMAGE_BYTES bytes"* ]]
}
nowhere() { # KEY...
	local k missing=0
	for k; do [[ $SEEN == *$'\n'"$k: raw 0, round 0, hex 0"$'\n'* ]] || missing=1; done
	[ $missing = 0 ] || {
		cat /tmp/places
		echo "$SEEN"
		return 1
	}
}
# seen KEY KIND; unseen KEY KIND: raw, round or hex
seen() { [[ $SEEN =~ $'\n'"$1: "[^$'\n']*"$2 "[1-9] ]]; }
unseen() { [[ $SEEN =~ $'\n'"$1: "[^$'\n']*"$2 "0 ]]; }

# ---- keys ----

new() { # KEY...
	local k
	for k; do ksm-secret new "/tmp/$k" "$k" "${KEY_SIZE:-64}" || return; done
}
# keys_there: how many keys root has, also those that are being freed.
keys_there() {
	local uid keys
	while read -r uid _ keys _; do
		[ "$uid" != 0: ] || echo "${keys%/*}"
	done </proc/key-users
}
# gone KEY...: from the keyring, and freed, which the kernel does a moment later.
gone() {
	local k end=$((SECONDS + 20)) left=$(($(keys_there) - $#))
	for k; do keyctl invalidate "$(keyctl search @u logon "ksm:$k")" || return; done
	until [ "$(keys_there)" -le $left ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
key_of() { KEY=":${KEY_SIZE:-64}:logon:ksm:$1"; }
