# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Mappings above, below and beside each other and other targets; and suspending
# and resuming them while they are busy.
# vm: mem=768 disks=64M,64M,64M timeout=240 check=6.12,7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
dm=/dev/mapper
ksm-ref pattern --seed 2 --bytes 2097152 >/tmp/pat

# ---- three mappings on each other ----
KEY=$KEY1 map ksm a "$DISK1" 512
KEY=$KEY2 map ksm b $dm/a 512
KEY=$KEY3 ok 'ksm on ksm on ksm' map ksm c $dm/b 4096
ok 'fio verify through all three' verify three $dm/c --rw=randrw --bsrange=4k-256k --size=32M
ok 'a pattern through all three' dd if=/tmp/pat of=$dm/c bs=1M oflag=direct status=none
# Undone from the bottom by dm-crypt, with the same keys.
unmap c b a
KEY=$KEY1 map crypt a "$DISK1" 512
KEY=$KEY2 map crypt b $dm/a 512
KEY=$KEY3 map crypt c $dm/b 4096
ok 'three dm-crypts read it' cmp -n 2097152 $dm/c /tmp/pat
KEY=$KEY3 ok 'the third layer is right by itself' raw_is /tmp/pat $dm/b 4096 2097152
unmap c b a

# ---- on dm-linear ----
sectors "$DISK1"
half=$((SECTORS / 2))
dmsetup create lin <<-END
	0 $half linear $DISK1 0
	$half $half linear $DISK2 $half
END
ok 'ksm on two linear segments' map ksm m $dm/lin 4096
# Across the seam.
at=$((half - 1024))
ok 'fio verify across the seam' verify linear $dm/m --rw=randrw --offset=$((half * 512 - 4194304)) --size=8M --bsrange=4k-1M
ok 'a pattern across the seam' dd if=/tmp/pat of=$dm/m bs=512k seek=$((at * 512)) oflag=direct,seek_bytes status=none
ok 'ciphertext before the seam' raw_is /tmp/pat "$DISK1" 4096 524288 $at
tail -c +524289 /tmp/pat >/tmp/pat2
ok 'ciphertext behind the seam' raw_is /tmp/pat2 "$DISK2" 4096 1048576 $half
unmap m lin

# ---- two segments in one table ----
table_of ksm "$DISK1" 4096
one=$TABLE
KEY=$KEY2 table_of ksm "$DISK2" 4096
two="$SECTORS ${TABLE#0 }"
ok 'two ksm segments in one table' dmsetup create m --table "$one
$two"
ok 'fio verify over both' verify segments $dm/m --rw=randrw --offset=$((SECTORS * 512 - 4194304)) --size=8M --bsrange=4k-1M
ok 'a pattern over both' dd if=/tmp/pat of=$dm/m bs=2M seek=$((SECTORS * 512 - 1048576)) oflag=direct,seek_bytes status=none
ok 'the end of the first' raw_is /tmp/pat "$DISK1" 4096 1048576 $((SECTORS - 2048))
tail -c 1048576 /tmp/pat >/tmp/pat2
# Each segment counts its own sectors.
KEY=$KEY2 ok 'the start of the second, with its own key' raw_is /tmp/pat2 "$DISK2" 4096 1048576
unmap m

# ---- raid1 over two mappings ----
# md's raid1 as a device-mapper target, which needs no mdadm.
if modprobe dm-raid 2>/dev/null; then
	KEY=$KEY1 map ksm a "$DISK1" 4096
	KEY=$KEY2 map ksm b "$DISK2" 4096
	sectors $dm/a
	ok 'raid1 over two ksm mappings' dmsetup create r --table "0 $SECTORS raid raid1 3 0 region_size 1024 2 - $dm/a - $dm/b"
	ok 'fio verify on the raid' verify raid $dm/r --rw=randrw --bsrange=4k-256k --size=16M
	ok 'a pattern on the raid' dd if=/tmp/pat of=$dm/r bs=1M oflag=direct status=none
	unmap r
	ok 'the first leg has it' cmp -n 2097152 $dm/a /tmp/pat
	ok 'the second leg has it' cmp -n 2097152 $dm/b /tmp/pat
	nok 'under different keys the disks differ' cmp -n 2097152 "$DISK1" "$DISK2"
	unmap a b
else
	skip 'raid1 over two ksm mappings' 'no dm-raid in this kernel'
fi
