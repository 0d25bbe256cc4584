# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a block device has to do besides reading and writing: flushes, discards,
# zeroes, limits, ioctls, and I/O that does not fit its sectors.
# vm: mem=768 disks=64M,64M:4096 timeout=240 check=6.1,7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m
ksm-ref pattern --seed 1 --bytes 8388608 >/tmp/pat

# ---- flush and FUA ----
ok 'map with sector_size:4096' map ksm m "$DISK1" 4096 || bail 'no mapping'
# traced DESC CMD...: the bios for the disk below, in $BIOS.
traced() {
	trace_start "$DISK1" || return 1
	ok "$@"
	BIOS=$(trace_stop)
	printf '| bio: %s\n' "$BIOS"
}
f=$(counter "$DISK1" 16)
traced 'a write that need not be durable' dd if=/tmp/pat of=$m bs=4096 count=1 oflag=direct status=none
# W is the write, F before it a flush, F after it FUA.
like 'it reaches the disk as a plain write' "$BIOS" '^W[A-EG-Z]* 0 8$'
is 'and flushes nothing' "$(counter "$DISK1" 16)" "$f"
traced 'an O_DSYNC write' dd if=/tmp/pat of=$m bs=4096 count=1 seek=1 oflag=direct,dsync status=none
like 'it reaches the disk with FUA, or with a flush after it' "$BIOS" 'W(F|.*F)'
[ "$(counter "$DISK1" 16)" -gt "$f" ]
is 'the disk was flushed for it' $? 0
f=$(counter "$DISK1" 16)
traced 'a buffered write with fsync' dd if=/tmp/pat of=$m bs=64k count=1 conv=fsync status=none
like 'a flush reaches the disk' "$BIOS" '(^|[[:space:]])(FW|FF|FN)'
[ "$(counter "$DISK1" 16)" -gt "$f" ]
is 'the disk was flushed for it, too' $? 0
is 'the write cache is announced as below' "$(queue m write_cache)" "$(queue "$DISK1" write_cache)"

# ---- zeroes ----
dd if=/tmp/pat of=$m bs=1M oflag=direct status=none
ok 'blkdiscard --zeroout works' blkdiscard -z -o 1048576 -l 1048576 $m
is 'no write zeroes are offered' "$(queue m write_zeroes_max_bytes)" 0
head -c 1048576 /dev/zero >/tmp/zeroes
ok 'zeroes are read back' cmp -n 1048576 -i 1048576:0 $m /tmp/zeroes
ok 'the disk has their ciphertext' raw_is /tmp/zeroes "$DISK1" 4096 1048576 2048
ok 'fallocate --punch-hole or --zero-range works' fallocate -z -o 2097152 -l 1048576 $m
ok 'zeroes are read back there, too' cmp -n 1048576 -i 2097152:0 $m /tmp/zeroes
ok 'and lie on the disk as ciphertext' raw_is /tmp/zeroes "$DISK1" 4096 1048576 4096
ok 'data beside them is untouched' cmp -n 1048576 $m /tmp/pat
ok 'data behind them is untouched' cmp -n 5242880 -i 3145728 $m /tmp/pat

# ---- discards ----
d=$(counter "$DISK1" 12)
is 'without allow_discards none are offered' "$(queue m discard_max_bytes)" 0
nok 'without allow_discards blkdiscard is refused' blkdiscard -o 0 -l 1048576 $m
is 'no discard reached the disk' "$(counter "$DISK1" 12)" "$d"
ok 'the data is unchanged' cmp -n 1048576 $m /tmp/pat
nok 'secure erase is refused' ksm-io discard-secure $m
ok 'unmap' unmap m
ok 'map with allow_discards' map ksm m "$DISK1" 4096 allow_discards
[ "$(queue m discard_granularity)" -ge 4096 ]
is 'discard granularity is at least a sector' $? 0
ok 'blkdiscard works' blkdiscard -o 0 -l 1048576 $m
[ "$(counter "$DISK1" 12)" -gt "$d" ]
is 'it reached the disk' $? 0
ok 'the disk reads zeroes there' cmp -n 1048576 "$DISK1" /tmp/zeroes
ok 'data behind it is untouched' cmp -n 5242880 -i 3145728 $m /tmp/pat
nok 'secure erase is refused with allow_discards, too' ksm-io discard-secure $m
is 'secure erase is not offered' "$(dmsetup table m | grep -c secure)" 0
ok 'unmap with allow_discards' unmap m

# ---- limits ----
# limits SECTOR_SIZE DISK BLOCK: BLOCK is what must be announced.
limits() {
	local what v
	what="sector_size:$1 on blocks of $(queue "$2" logical_block_size)"
	ok "$what: map" map ksm m "$2" "$1" allow_discards || return
	is "$what: logical_block_size" "$(queue m logical_block_size)" "$3"
	is "$what: physical_block_size" "$(queue m physical_block_size)" "$3"
	is "$what: minimum_io_size" "$(queue m minimum_io_size)" "$3"
	is "$what: write_zeroes_max_bytes" "$(queue m write_zeroes_max_bytes)" 0
	v=$(queue m discard_granularity)
	[ "$v" -ge "$3" ]
	is "$what: discard_granularity $v is not smaller" $? 0
	v=$(queue m dma_alignment)
	if [ "$v" = - ]; then
		skip "$what: dma_alignment" 'not in /sys of this kernel'
	else
		is "$what: dma_alignment" "$v" $(($3 - 1))
	fi
	ok "$what: write" dd if=/tmp/pat of=$m bs=1M count=2 oflag=direct status=none
	ok "$what: ciphertext is right" raw_is /tmp/pat "$2" "$1" 2097152
	ok "$what: unmap" unmap m
}
limits 512 "$DISK1" 512
limits 4096 "$DISK1" 4096
limits 512 "$DISK2" 4096
limits 4096 "$DISK2" 4096

# ---- I/O that does not fit ----
misalign() { # SECTOR_SIZE DISK
	local what="sector_size:$1 on ${2##*/}"
	map ksm m "$2" "$1"
	ok "$what: misaligned direct I/O is refused or right" ksm-io misalign $m "$1" /tmp/expect
	diag "$what: $OUT"
	unmap m
	# Another path: dm-crypt, which must see what was meant.
	map crypt m "$2" "$1"
	ok "$what: dm-crypt reads what was written" cmp -n 1048576 $m /tmp/expect
	ok "$what: unmap dm-crypt" unmap m
}
misalign 4096 "$DISK1"
misalign 512 "$DISK1"
misalign 512 "$DISK2"

# ---- tables, dependencies, read-only ----
ok 'map' map ksm m "$DISK1" 4096
read -r dev <"/sys/block/${DISK1##*/}/dev"
is 'dmsetup deps names the disk' "$(dmsetup deps -o devno m)" "1 dependencies	: (${dev%:*}, ${dev#*:})"
is '/sys has it as slave' "$(ls "/sys/block/$(dm_name m)/slaves")" "${DISK1##*/}"
nok 'a disk that is mapped cannot be mounted or taken exclusively' wipefs -a "$DISK1"
unmap m
sectors "$DISK1"
nok 'a table longer than the disk is refused' dmsetup create m --table "0 $((SECTORS + 8)) ksm $CIPHER $KEY1 0 $DISK1 0"
nok 'a table that starts too late is refused' dmsetup create m --table "0 $SECTORS ksm $CIPHER $KEY1 0 $DISK1 8"
ok 'a table for the last 8 sectors is accepted' dmsetup create m --table "0 8 ksm $CIPHER $KEY1 0 $DISK1 $((SECTORS - 8))"
unmap m
blockdev --setro "$DISK1"
table_of ksm "$DISK1" 4096
# Device mapper leaves it to the disk whether a table may be for writing, and so
# does the kernel to each version of itself: no other answer than dm-crypt's.
ro_answer() {
	dmsetup create m --table "$1" 2>/dev/null || { echo refused; return; }
	blockdev --getro $m
	unmap m
}
is 'mapping a read-only disk for writing has the same answer as with dm-crypt' "$(ro_answer "$TABLE")" "$(ro_answer "${TABLE/ ksm / crypt }")"
ok 'a read-only disk can be mapped read-only' dmsetup create m --readonly --table "$TABLE"
is 'the mapping is read-only' "$(blockdev --getro $m)" 1
nok 'writing to it is refused' dd if=/tmp/pat of=$m bs=4096 count=1 oflag=direct status=none
ok 'reading from it works' dd if=$m of=/dev/null bs=4096 count=1 iflag=direct status=none
ok 'unmap read-only' unmap m
blockdev --setrw "$DISK1"

# ---- counters ----
ok 'map for counters' map ksm m "$DISK1" 4096
like 'they start at 0' "$(dmsetup status m)" 'reads:0 writes:0 deferred:0 softirq:0 shared:0 parallel:0 reserve:[0-9]+ errors:0 key:set'
dd if=/tmp/pat of=$m bs=4096 count=10 oflag=direct status=none
is 'ten writes are ten writes' "$(status_of m writes)" 10
is 'and no reads' "$(status_of m reads)" 0
dd if=$m of=/dev/null bs=4096 count=7 iflag=direct status=none
is 'seven reads are seven reads' "$(status_of m reads)" 7
is 'and no more writes' "$(status_of m writes)" 10
is 'small I/O is not spread' "$(status_of m parallel)" 0
dd if=/tmp/pat of=$m bs=1M count=2 oflag=direct status=none
p=$(status_of m parallel)
[ "$p" -gt 0 ]
is 'large writes are spread over CPUs' $? 0
d=$(status_of m deferred)
dd if=$m of=/dev/null bs=1M count=2 iflag=direct status=none
[ "$(status_of m parallel)" -gt "$p" ]
is 'so are large reads' $? 0
[ "$(status_of m deferred)" -gt "$d" ]
is 'which a worker decrypts' $? 0
is 'nothing failed' "$(status_of m errors)" 0
ok 'unmap after counters' unmap m

# ---- ioctls ----
if modprobe sd_mod 2>/dev/null && modprobe scsi_debug dev_size_mb=16 2>/dev/null; then
	sd=''
	# The disk is found by a thread of the kernel's; no udev says when.
	for _ in {1..200}; do
		for b in /sys/block/sd*; do [ ! -b "/dev/${b##*/}" ] || sd=/dev/${b##*/}; done
		[ -z "$sd" ] || break
		sleep 0.05
	done
	is 'scsi_debug has a disk' "$([ -b "$sd" ] && echo yes)" yes
	ok 'map it' map ksm m "$sd" 512
	ok 'the disk itself has the ioctl' ksm-io sg-version "$sd"
	v=$OUT
	ok 'through the mapping with CAP_SYS_RAWIO' ksm-io sg-version $m
	is 'with the same answer' "$OUT" "$v"
	nok 'through the mapping without CAP_SYS_RAWIO' setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio ksm-io sg-version $m
	ok 'the disk itself without CAP_SYS_RAWIO' setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio ksm-io sg-version "$sd"
	ok 'unmap scsi_debug' unmap m
	# ksm-linear passes on what is for the whole disk only.
	sectors "$sd"
	ok 'ksm-linear on all of it' dmsetup create m --table "0 $SECTORS ksm-linear $sd 0"
	ok 'through it without CAP_SYS_RAWIO' setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio ksm-io sg-version $m
	is 'with the same answer' "$OUT" "$v"
	unmap m
	for table in "0 $((SECTORS - 8)) ksm-linear $sd 0" "0 $((SECTORS - 8)) ksm-linear $sd 8"; do
		ok "ksm-linear on a part of it ($table)" dmsetup create m --table "$table"
		nok 'through it without CAP_SYS_RAWIO' setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio ksm-io sg-version $m
		ok 'through it with CAP_SYS_RAWIO' ksm-io sg-version $m
		unmap m
	done
	ok 'scsi_debug unloads' modprobe -r scsi_debug
else
	skip 'ioctls are forwarded' 'no scsi_debug in this kernel'
fi
