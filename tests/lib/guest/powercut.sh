# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts: QEMU is killed while the guest writes, boot after boot (boots= in the "# vm:" line).
# To be sourced after blk.sh; DISK1 and DISK2 know what was fsynced.

: "${KSM_BOOT:?}" "${KSM_BOOTS:?}"

# power_boot: with the mappings p0, for a file system, and p1. What the boots before wrote is
# checked; then all is written to again and the power cut, but for the last boot.
power_boot() {
	mkdir -p /tmp/fs
	if [ "$KSM_BOOT" = 0 ]; then
		mkfs.ext4 -q -E lazy_itable_init=0 /dev/mapper/p0 || bail 'no file system'
	else
		# fsck may replay the journal, and find nothing else.
		ok "boot $KSM_BOOT: the journal replays" e2fsck -p /dev/mapper/p0
		ok "boot $KSM_BOOT: the file system is clean" e2fsck -fn /dev/mapper/p0
	fi
	mount /dev/mapper/p0 /tmp/fs || bail 'no mount'
	[ "$KSM_BOOT" = 0 ] || power_check
	[ "$KSM_BOOT" = $((KSM_BOOTS - 1)) ] || power_cut
	umount /tmp/fs
	ok 'the mappings close' unmap p0 p1
}

power_check() {
	local file
	ok "boot $KSM_BOOT: all that was fsynced to a file is there" ksm-fsync check /tmp/fs/log 33554432 "$DISK1"
	diag "file: $OUT"
	file=${OUT%% *}
	ok "boot $KSM_BOOT: all that was fsynced to the mapping is there" ksm-fsync check /dev/mapper/p1 33554432 "$DISK2"
	diag "mapping: $OUT"
	[ "$file" -gt 0 ] && [ "${OUT%% *}" -gt 0 ] || fail "boot $KSM_BOOT: something had been written"
}

# power_cut: write, and have QEMU killed at a moment that nobody has chosen.
power_cut() {
	ksm-fsync write /tmp/fs/log 33554432 "$DISK1" 3>&- &
	ksm-fsync write /dev/mapper/p1 33554432 "$DISK2" 3>&- &
	tap_plan
	diag "KSM-CUT 1.$((RANDOM % 1000))"
	sleep 60
	bail 'the power is still on'
}
