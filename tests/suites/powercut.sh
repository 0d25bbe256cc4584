# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts: QEMU is killed while the guest writes to mappings on plain disks, which
# the software path encrypts. What was fsynced must be there at the next boot; 2 cuts
# per kernel, or 100 with KSM_DEEP=1. Those of "power" are at more moments, and on disks
# that forget what was not flushed; here all of a machine stops in the middle.
# vm: mem=512 disks=1M,1M,96M,64M timeout=180 boots=3/101 check=6.1,7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

: "${KSM_BOOT:?}" "${KSM_BOOTS:?}"
# The same at each boot.
KEY1=$(printf '%0128d' 27182818284590452353602874713526 | tr 0 d)

modprobe dm-ksm || bail 'dm-ksm does not load'
ok "boot $KSM_BOOT: map a disk with sector_size:4096" map ksm p0 "$DISK3" 4096 || bail 'no mapping'
ok "boot $KSM_BOOT: map a disk with sector_size:512" map ksm p1 "$DISK4" 512 || bail 'no mapping'
like "boot $KSM_BOOT: both in software" "$(dmsetup status p0) $(dmsetup status p1)" ' ksm software .* ksm software '
mkdir -p /tmp/fs
if [ "$KSM_BOOT" = 0 ]; then
	mkfs.ext4 -q -E lazy_itable_init=0 /dev/mapper/p0 || bail 'no file system'
else
	# fsck may replay the journal, and find nothing else.
	ok "boot $KSM_BOOT: the journal replays" e2fsck -p /dev/mapper/p0
	ok "boot $KSM_BOOT: the file system is clean" e2fsck -fn /dev/mapper/p0
fi
mount /dev/mapper/p0 /tmp/fs || bail 'no mount'
if [ "$KSM_BOOT" != 0 ]; then
	ok "boot $KSM_BOOT: all that was fsynced to a file is there" ksm-fsync check /tmp/fs/log 33554432 "$DISK1"
	diag "file: $OUT"
	file=${OUT%% *}
	ok "boot $KSM_BOOT: all that was fsynced to the mapping is there" ksm-fsync check /dev/mapper/p1 33554432 "$DISK2"
	diag "mapping: $OUT"
	[ "$file" -gt 0 ] && [ "${OUT%% *}" -gt 0 ] || fail "boot $KSM_BOOT: something had been written"
fi

# cut: write, and have QEMU killed at a moment that nobody has chosen.
cut() {
	ksm-fsync write /tmp/fs/log 33554432 "$DISK1" 3>&- &
	ksm-fsync write /dev/mapper/p1 33554432 "$DISK2" 3>&- &
	tap_plan
	diag "KSM-CUT 1.$((RANDOM % 1000))"
	sleep 60
	bail 'the power is still on'
}
[ "$KSM_BOOT" = $((KSM_BOOTS - 1)) ] || cut
umount /tmp/fs
ok 'the mappings close' unmap p0 p1
