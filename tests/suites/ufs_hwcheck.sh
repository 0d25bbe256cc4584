# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# tests/hw-check, which people run on their boards: on a model that works and on one
# that does not.
# vm: mem=768 disks=16M ufs=8/64M/64M timeout=240 check=7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh

check() { bash /ksm/tests/hw-check "$@" </dev/null; }
sum() { dd if="$1" bs=1M iflag=direct status=none | sha256sum; }

qmp_open || bail 'no monitor'
nok 'without a host' check
like 'says so' "$OUT" 'no UFS host has a driver'
ok 'the kernel binds its own driver' ufs_load || bail 'no UFS'
at_exit ufs_end
ufs_disk 0 1 >/dev/null || bail 'no disk'
A=$(ufs_disk 0 0) B=$(ufs_disk 0 1)
head -c 67108864 /dev/urandom | dd of="$A" bs=1M oflag=direct iflag=fullblock status=none
before=$(sum "$A")

nok 'an unknown option' check --what
nok 'a device that is none' check --use /dev/null
ok 'looks' check
like 'and sees an engine' "$OUT" 'ok +there is an engine whose registers make sense'
nok 'does not stay loaded' grep -q '^ufs_shim ' /proc/modules
ufs_get 0 crypto-programs
is 'no slot was written' "$VALUE" 0

ufs_set 0 crypto-wrong-dun 1
nok 'a wrong engine: fails' check --use "$A"
like 'a wrong engine: says why' "$OUT" 'FAILED +the engine could not be used'
ufs_set 0 crypto-wrong-dun 0
ok 'reads' check --use "$A"
like 'compares with the CPU' "$OUT" 'ok +what the engine decrypts is what the CPU decrypts'
like 'and with dm-crypt' "$OUT" 'ok +dm-crypt reads the same'
is 'the disk is as before' "$(sum "$A")" "$before"

mkfs.ext4 -q "$B"
mkdir -p /tmp/mnt
mount "$B" /tmp/mnt
nok 'leaves a mounted disk alone' check --destroy "$B"
like 'and says so' "$OUT" 'is mounted'
umount /tmp/mnt
ok 'a mapping' dmsetup create holder --table "0 2048 linear $B 0"
for how in --use --destroy; do
	nok "$how: leaves a disk alone that a mapping has" check $how "$B"
	like "$how: says so" "$OUT" "$B is in use by dm-"
done
dmsetup remove --retry holder
nok 'asks before it destroys a file system' check --destroy "$B"
like 'says which' "$OUT" 'ext4'
ok 'which is whole' e2fsck -fn "$B"
# The beginning of a squashfs, 4.0.
{ printf hsqs && head -c 24 /dev/zero && printf '\4\0\0\0'; } | dd of="$B" conv=notrunc,fsync status=none
nok 'asks before it destroys two of them' check --destroy "$B"
like 'says which' "$OUT" 'squashfs'
ok 'which are whole' e2fsck -fn "$B"
blkdiscard -f "$B"
dd if=/dev/zero of="$B" bs=1M count=1 oflag=direct status=none
ok 'writes' check --destroy "$B"
like 'fio verifies' "$OUT" 'ok +fio reads back what it wrote'
like 'no plaintext' "$OUT" 'ok +no plaintext is on the medium'
like 'dm-crypt reads it' "$OUT" 'ok +dm-crypt reads what was written'
like 'a clean log' "$OUT" 'ok +the kernel has nothing to say'
is 'the other disk is as before' "$(sum "$A")" "$before"
