# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts: QEMU is killed while the guest writes to mappings on a UFS host.
# What was fsynced must be there at the next boot; over all kernels 16 cuts,
# or 52 with KSM_DEEP=1.
# vm: mem=512 disks=1M,1M ufs=8/96M/64M timeout=90 boots=5/14 check=6.12,7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh

: "${KSM_BOOT:?}" "${KSM_BOOTS:?}"
# The same at each boot.
KEY1=$(printf '%0128d' 31415926535897932384626433832795 | tr 0 e)

at_exit ufs_end
ok "boot $KSM_BOOT: the hosts are there" ufs_load || bail 'no UFS'
modprobe ufs_shim || bail 'ufs_shim does not load'
modprobe dm-ksm || bail 'dm-ksm does not load'
for lun in 0 1; do
	shim_ready 0 $lun || bail "LUN $lun has no keyslot manager"
	table_of ksm "$(ufs_disk 0 $lun)" 4096 hw:require
	ok "boot $KSM_BOOT: LUN $lun is mapped in hardware" dmsetup create "p$lun" --table "$TABLE" || bail 'no mapping'
done
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
