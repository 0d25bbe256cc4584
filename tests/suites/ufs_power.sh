# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts: QEMU is killed while the guest writes to mappings on a UFS host.
# What was fsynced must be there at the next boot; 4 cuts per kernel,
# or 13 with KSM_DEEP=1.
# vm: mem=512 disks=1M,1M ufs=8/96M/64M timeout=90 boots=5/14 check=7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/powercut.sh
. /ksm/tests/lib/guest/powercut.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh

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
power_boot
