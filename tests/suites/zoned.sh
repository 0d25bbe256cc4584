# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Host-managed zoned devices: zones are passed through, writes stay in order, and
# appending writes, which cannot know their IV, are emulated.
# vm: mem=1024 disks=64M timeout=240 check=6.1,7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m
# zones of 4 MiB
zone=8192

# zoned NAME ATTRIBUTE=VALUE...: sets NULLB. mq-deadline, since before Linux 6.10
# nothing else keeps the order of writes to a zone.
zoned() {
	nullb "$1" zoned=1 zone_size=4 irqmode=1 queue_mode=2 "${@:2}" || return 1
	modprobe mq-deadline 2>/dev/null
	echo mq-deadline >"/sys/block/${NULLB##*/}/queue/scheduler"
}
ok 'a zoned null_blk' zoned nullb0 size=128 blocksize=4096 zone_nr_conv=2 || bail 'no zoned device'
z=$NULLB

ok 'map it' map ksm m "$z" 4096 || bail 'no mapping'
is 'zoned' "$(queue m zoned)" host-managed
is 'chunk_sectors' "$(queue m chunk_sectors)" $zone
is 'number of zones' "$(queue m nr_zones)" "$(queue "$z" nr_zones)"
v=$(queue m zone_append_max_bytes)
[ "$v" -gt 0 ]
is "zone_append_max_bytes $v is offered" $? 0

# same DESC: the mapping reports the zones that the device has.
same() { is "$1: zones as reported below" "$(ksm-zone report $m | md5sum)" "$(ksm-zone report "$z" | md5sum)"; }
# cond ZONE: its condition (1 empty, 2 and 3 open, 4 closed, 14 full).
cond() { ksm-zone report $m | sed -n "$(($1 + 1))s/.*cond \([0-9]*\).*/\1/p"; }
like 'there are conventional zones and others' "$(ksm-zone report $m | tr '\n' ' ')" 'type 1.*type 2'
same 'all empty'

# ---- sequential writes, large ones too ----
ksm-ref pattern --seed 5 --bytes 8388608 >/tmp/pat
ok 'one write of 4 MiB at the start of a zone' dd if=/tmp/pat of=$m bs=4M count=1 seek=2 oflag=direct status=none
ok 'it is right on the device' raw_is /tmp/pat "$z" 4096 4194304 $((2 * zone))
is 'the zone is full' "$(cond 2)" 14
ok 'writes of 4 MiB across a zone boundary, 1 MiB each' dd if=/tmp/pat of=$m bs=1M count=4 seek=12 oflag=direct status=none
ok 'they are right on the device' raw_is /tmp/pat "$z" 4096 4194304 $((3 * zone))
ok 'many small writes in a row' dd if=/tmp/pat of=$m bs=12k count=50 seek=$((4 * zone * 512)) oflag=direct,seek_bytes status=none
ok 'they are right on the device, too' raw_is /tmp/pat "$z" 4096 614400 $((4 * zone))
nok 'a write elsewhere than at the write pointer fails' dd if=/tmp/pat of=$m bs=4096 count=1 seek=$((5 * zone * 512 + 65536)) oflag=direct,seek_bytes status=none
ok 'a write into a conventional zone' dd if=/tmp/pat of=$m bs=1M count=1 seek=2 oflag=direct status=none
ok 'is right, too' raw_is /tmp/pat "$z" 4096 1048576 4096
# A device of conventional zones only is a regular one, though the one below is not; one write is
# larger than what is encrypted at a time.
ok 'conventional zones alone' dmsetup create conv --table "0 $((2 * zone)) ksm $CIPHER $KEY1 0 $z 0 2 sector_size:4096 iv_large_sectors"
large_write() { ksm-same write /dev/mapper/conv 0 1572864 1 </tmp/pat; }
ok 'a large write to them' large_write
ok 'is right on the device' raw_is /tmp/pat "$z" 4096 1572864 0
ok 'unmap them' unmap conv
same 'after writes'

# ---- zone management ----
ok 'open a zone' ksm-zone open $m $((6 * zone)) $zone
is 'it is open' "$(cond 6)" 3
same 'after open'
ok 'close a zone' ksm-zone close $m $((4 * zone)) $zone
is 'it is closed' "$(cond 4)" 4
ok 'finish a zone' ksm-zone finish $m $((6 * zone)) $zone
is 'it is full' "$(cond 6)" 14
same 'after finish'
ok 'reset one zone' ksm-zone reset $m $((2 * zone)) $zone
is 'it is empty' "$(cond 2)" 1
is 'its neighbour is not' "$(cond 3)" 14
ok 'write to it anew' dd if=/tmp/pat of=$m bs=1M count=1 seek=8 oflag=direct status=none
ok 'the new data is right' raw_is /tmp/pat "$z" 4096 1048576 $((2 * zone))
ok 'reset all zones' ksm-zone reset $m 0 "$(cat "/sys/block/${z##*/}/size")"
is 'no zone has data' "$(ksm-zone report $m | grep -c 'cond [^01] ')" 0
same 'after reset'

# ---- fio ----
ok 'fio verify, sequential, deep' verify seq $m --zonemode=zbd --rw=write --bs=64k --iodepth=8 --offset=8M --size=16M
ok 'fio verify, sequential, large' verify large $m --zonemode=zbd --rw=write --bs=4M --iodepth=2 --offset=24M --size=16M
ok 'fio verify, zones at random' verify random $m --zonemode=zbd --rw=randwrite --bs=32k --iodepth=8 --offset=40M --size=16M --max_open_zones=3
same 'after fio'
is 'nothing failed in the cipher' "$(status_of m errors)" 0
ok 'unmap' unmap m
# dm-crypt agrees about the zones and the data in them.
ok 'dm-crypt maps it' map crypt m "$z" 4096
same 'under dm-crypt'
ok 'dm-crypt reads what fio wrote' fio --name=seq --filename=$m --zonemode=zbd --rw=read --bs=64k --offset=8M --size=16M \
	--ioengine=psync --direct=1 --verify=crc32c --verify_fatal=1 --read_beyond_wp=0 --thread --output-format=terse
ok 'unmap dm-crypt' unmap m

# ---- ksm-linear ----
sectors "$z"
ok 'ksm-linear on all of it' dmsetup create m --table "0 $SECTORS ksm-linear $z 0"
same 'under ksm-linear'
ok 'unmap' unmap m
# Without its first zones.
off=$((5 * zone))
ok 'ksm-linear on a part of it' dmsetup create m --table "0 $((SECTORS - off)) ksm-linear $z $off"
is 'its zones are those of the part' "$(ksm-zone report $m)" \
	"$(ksm-zone report "$z" | awk -v off=$off '$2 >= off { $2 -= off; print }')"
ok 'ksm on it' map ksm n $m 4096
ok 'reset a zone' ksm-zone reset /dev/mapper/n $((2 * zone)) $zone
ok 'write to it' dd if=/tmp/pat of=/dev/mapper/n bs=1M count=4 seek=8 oflag=direct status=none
ok 'it reads the same' cmp -n 4194304 -i 0:$((2 * zone * 512)) /tmp/pat /dev/mapper/n
ksm-ref encrypt --cipher $CIPHER --key "$KEY1" --sector-size 4096 --iv-large-sectors --start-sector $((2 * zone)) \
	</tmp/pat >/tmp/ref
drop_caches
ok 'it is right on the device, behind what is left out' cmp -n 4194304 -i 0:$(((off + 2 * zone) * 512)) /tmp/ref "$z"
ok 'unmap' unmap n m
nullb_gone nullb0

# ---- zone append, which btrfs uses for all data ----
if ! modprobe btrfs 2>/dev/null; then
	skip 'zone append' 'no btrfs in this kernel'
elif ! mkfs.btrfs --help 2>&1 | grep -q . || ! mkfs.btrfs -O list-all 2>&1 | grep -q zoned; then
	skip 'zone append' 'this mkfs.btrfs has no zoned mode'
else
	ok 'another zoned null_blk' zoned nullb1 size=512 blocksize=4096 || bail 'no zoned device'
	z=$NULLB
	ok 'map it' map ksm m "$z" 4096 || bail 'no mapping'
	ok 'mkfs.btrfs in zoned mode' mkfs.btrfs -q -f -O zoned -d single -m single $m
	mkdir -p /mnt/z
	ok 'mount' mount $m /mnt/z
	trace_start $m
	cp -a /usr/sbin /mnt/z/
	cp /tmp/pat /mnt/z/
	sync
	# Zone management has the letter N before Linux 6.18, too, but no sectors.
	appends=$(trace_stop | grep -c -E '^(N|ZA)[A-Z]* [0-9]+ [1-9]')
	diag "$appends appending writes"
	[ "$appends" -gt 0 ]
	is 'it wrote by zone append' $? 0
	(cd /mnt/z && find . -type f -exec md5sum {} +) >/tmp/sums
	ok 'umount' umount /mnt/z
	ok 'the file system is in order' btrfs check --readonly $m
	ok 'unmap' unmap m
	ok 'dm-crypt maps it' map crypt m "$z" 4096
	ok 'the file system is in order under dm-crypt' btrfs check --readonly $m
	ok 'mount it' mount -o ro $m /mnt/z
	# shellcheck disable=SC2016
	ok 'all files are right' sh -c 'cd /mnt/z && md5sum --quiet -c /tmp/sums'
	[ "$(wc -l </tmp/sums)" -gt 50 ]
	is 'and they are many' $? 0
	ok 'umount' umount /mnt/z
	ok 'unmap dm-crypt' unmap m
	nullb_gone nullb1
fi
modprobe -r null_blk
