# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bio crypt contexts: the engine gets the right key and numbers for all data, and
# for no other, however bios are merged, split, copied and passed on.
# vm: mem=1024 disks=64M timeout=360 check=7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
s0=/dev/ksmsim0 s1=/dev/ksmsim1
dm=/dev/mapper
m=$dm/m
TEXT='KSM-TEST: this sentence must not be readable'

# ---- helpers ----

# begin TITLE: a section; says how long the one before has taken.
begin() {
	end_section
	title=$1 began=$SECONDS
}
end_section() { [ -z "${title:-}" ] || diag "$title: $((SECONDS - began)) s"; }

# sims PARAMETER...: engines, AES only: they need not learn other ciphers.
MODES=AES-256-XTS
for n in 2 3 4 5 6 7 8; do MODES+=,AES-256-XTS; done
sims() { sim "modes=$MODES" max_sectors=1024,1024 "$@"; }

# make NAME DEV START SECTORS SECTOR_SIZE [OPTION...]: with $KEY and $IV.
make() {
	local name=$1 dev=$2 start=$3 len=$4 size=$5
	shift 5
	[ "$size" = 512 ] || set -- "sector_size:$size" iv_large_sectors "$@"
	dmsetup create "$name" --table "0 $len ksm $CIPHER ${KEY:-$KEY1} ${IV:-0} $dev $start $# $*"
}

# lin NAME DEV START SECTORS
lin() { dmsetup create "$1" --table "0 $4 linear $2 $3"; }

# remember N: the counters of engine N. since NAME: sets N to what has been added.
declare -A BEFORE
remember() {
	local name value
	ENGINE=$1
	while read -r name value; do BEFORE[$name]=$value; done <"$SIM/ksmsim$1/stats"
}
since() {
	local name value
	N=''
	while read -r name value; do
		[ "$name" != "$1" ] || N=$((value - BEFORE[$name]))
	done <"$SIM/ksmsim$ENGINE/stats"
}

# engine_is DESC REQUESTS VECTORS: that many requests and bios since; none mixed.
engine_is() {
	local requests vectors
	since requests
	requests=$N
	since vectors
	vectors=$N
	since mixed
	is "$1" "requests:$requests bios:$vectors mixed:$N" "requests:$2 bios:$3 mixed:0"
}

not_mixed() {
	since mixed
	is "$1: nothing was mixed" "$N" 0
}

# cipher_of PLAIN BYTES SECTOR_SIZE IV_SECTOR >FILE: with $KEY.
cipher_of() {
	local -a large=()
	[ "$3" = 512 ] || large=(--iv-large-sectors)
	head -c "$2" "$1" | ksm-ref encrypt --cipher $CIPHER --key "${KEY:-$KEY1}" --sector-size "$3" \
		${large[@]+"${large[@]}"} --start-sector "$4"
}

# disk_is FILE DEV BYTE BYTES: is FILE what DEV has there, seen past any cache?
disk_is() {
	dd if="$2" bs=256k skip="$3" count="$4" iflag=direct,skip_bytes,count_bytes status=none | cmp -n "$4" - "$1"
}

# counters_of NAME: sets INFO.
counters_of() { INFO=$(dmsetup status "$1"); }

# healthy DESC NAME: it is still on the hardware, and nothing went wrong there.
healthy() {
	counters_of "$2"
	like "$1: all went through the engine" "$INFO" 'hardware .* errors:0 .*hw:active .*hw_failed:0 hw_lost:0$'
}

# found DEV: how often TEXT is there.
found() { ksm-io find "$1" "$TEXT" 9999; }

ksm-ref pattern --seed 1 --bytes 8388608 >/tmp/pat
yes "$TEXT" | head -c 1048576 >/tmp/text
cipher_of /tmp/pat 8388608 4096 0 >/tmp/enc

# ---- 1. merging ----
begin merging
# plugged_merge DESC: 32 small ones in a plug
plugged_merge() {
	remember 0
	ok "$1: 32 direct writes in one plug" ksm-plug write 4096 32 4096 $m,0,/tmp/pat,0
	engine_is "$1: are one request" 1 32
	remember 0
	ok "$1: so 32 reads" ksm-plug read 4096 32 4096 $m,0,/tmp/pat,0
	engine_is "$1: are one" 1 32
}
merging() {
	local s
	ok 'an engine' sims || bail 'no engine'
	ok 'map, hw:require' make m $s0 0 131072 4096 hw:require || bail 'no mapping'
	for s in none mq-deadline kyber bfq; do
		case $s in kyber) modprobe kyber-iosched ;; bfq) modprobe bfq ;; esac
		if ! echo $s >/sys/block/ksmsim0/queue/scheduler; then
			skip "$s" 'not in this kernel'
			continue
		fi
		like "$s: is the scheduler" "$(</sys/block/ksmsim0/queue/scheduler)" "\\[$s\\]"
		blkdiscard -f $s0
		remember 0
		ok "$s: 8 MiB of buffered writes" dd if=/tmp/pat of=$m bs=1M conv=fsync status=none
		since requests
		w=$N
		since vectors
		diag "$s: $N bios were written as $w requests"
		[ "$w" -le 256 ]
		is "$s: 2048 pages are at most 256 requests" $? 0
		not_mixed "$s"
		ok "$s: the disk has their ciphertext" disk_is /tmp/enc $s0 0 8388608
		drop_caches
		remember 0
		ok "$s: read-ahead reads them" cmp -n 8388608 $m /tmp/pat
		since requests
		diag "$s: they are read by $N requests"
		[ "$N" -le 256 ]
		is "$s: with at most 256 requests" $? 0
		not_mixed "$s, reading"
		plugged_merge "$s"
	done
	healthy merging m
	echo none >/sys/block/ksmsim0/queue/scheduler
}
merging

# ---- 3. I/O priorities ----
begin priorities
# (class << 13 | level) << 0, given with each I/O by aio; ionice by the task.
priorities() {
	local p what
	for p in -c1\ -n3 -c2\ -n0 -c2\ -n7 -c3; do
		remember 0
		# shellcheck disable=SC2086 # words wanted
		ok "ionice $p: 32 writes" ionice $p ksm-plug write 4096 32 4096 $m,0,/tmp/pat,0
		engine_is "ionice $p: are one request" 1 32
	done
	remember 0
	ok 'nice 19: 32 writes' nice -n 19 ksm-plug write 4096 32 4096 $m,0,/tmp/pat,0
	engine_is 'nice 19: are one request' 1 32
	# Best effort, levels 2 and 5; real time; idle.
	for p in 0x4002:be 0x4005:be 0x2001:rt 0x6000:idle; do
		what="priority $p for each I/O"
		remember 0
		ok "$what: 32 writes" ksm-plug write 4096 32 4096 "$m,0,/tmp/pat,0,${p%:*}"
		engine_is "$what: are one request" 1 32
	done
	remember 0
	ok 'two priorities, chunk by chunk' ksm-plug write 4096 16 8192 $m,0,/tmp/pat,0,0x4002 $m,4096,/tmp/pat,4096,0x4005
	engine_is 'are not merged' 32 32
	ok 'the disk has the ciphertext of all' disk_is /tmp/enc $s0 0 131072
	healthy priorities m
	if mkdir -p /tmp/cg && mount -t cgroup2 none /tmp/cg && mkdir /tmp/cg/io; then
		echo +io >/tmp/cg/cgroup.subtree_control
		[ -e /tmp/cg/io/io.prio.class ] ||
			skip 'a policy about priorities in a control group' 'no blk-ioprio in this kernel; see the forged tags'
		rmdir /tmp/cg/io
	fi
	ok 'unmap' unmap m
}
priorities

# ---- 2. strangers ----
begin strangers
# /tmp/pat is the data of both; here is what it is on the disk.
head -c 131072 /tmp/pat >/tmp/p
ksm-ref pattern --seed 2 --bytes 131072 >/tmp/q
KEY=$KEY2 cipher_of /tmp/p 131072 4096 0 >/tmp/enc2
cipher_of /tmp/p 131072 4096 2048 >/tmp/enc.iv
head -c 131072 /tmp/enc >/tmp/enc1
ksm-plug mix 4096 /tmp/enc1 /tmp/p >/tmp/mapped+raw
ksm-plug mix 4096 /tmp/enc1 /tmp/enc2 >/tmp/key1+key2
ksm-plug mix 4096 /tmp/enc1 /tmp/enc.iv >/tmp/iv1+iv2

# interleaved DESC EXPECT A B [OPTION...]: chunk by chunk A and B, in one plug;
# 32 requests, and the disk is as EXPECT; then read in the same way.
interleaved() {
	local desc=$1 expect=$2 a=$3 b=$4
	shift 4
	blkdiscard -f -l 131072 $s0
	remember 0
	ok "$desc: write" ksm-plug "$@" write 4096 16 8192 "$a,0,/tmp/p,0" "$b,4096,/tmp/p,4096"
	engine_is "$desc: each is a request by itself" 32 32
	ok "$desc: the disk has what it should" disk_is "$expect" $s0 0 131072
	remember 0
	ok "$desc: read" ksm-plug "$@" read 4096 16 8192 "$a,0,/tmp/p,0" "$b,4096,/tmp/p,4096"
	engine_is "$desc: by one request each" 32 32
}
strangers() {
	local l
	# That this could fail: two who are not ours.
	lin l1 $s0 0 131072
	lin l2 $s0 0 131072
	remember 0
	ok 'two strangers, chunk by chunk' ksm-plug write 4096 16 8192 $dm/l1,0,/tmp/p,0 $dm/l2,4096,/tmp/p,4096
	engine_is 'become one request' 1 32
	remember 0
	ok 'the other way round' ksm-plug -r write 4096 16 8192 $dm/l1,0,/tmp/p,0 $dm/l2,4096,/tmp/p,4096
	engine_is 'they become one request, too' 1 32
	unmap l1 l2

	ok 'map' make m $s0 0 131072 4096 hw:require || return
	for l in '' -r; do
		interleaved "a stranger on the disk itself${l:+, backwards}" /tmp/mapped+raw $m $s0 $l
	done
	lin l1 $s0 0 131072
	interleaved 'a stranger by dm-linear' /tmp/mapped+raw $m $dm/l1
	healthy 'beside strangers' m

	unmap l1
	blkdiscard -f -l 131072 $s0
	remember 0
	ok 'buffered, written back together' ksm-plug -b write 4096 16 8192 $m,0,/tmp/p,0 $s0,4096,/tmp/p,4096
	not_mixed 'buffered'
	ok 'buffered: the disk has what it should' disk_is /tmp/mapped+raw $s0 0 131072
	healthy 'buffered beside strangers' m
	unmap m

	# Neighbours.
	ok 'an engine' sims size=16
	ok 'map at 64 KiB' make m $s0 128 16384 4096 hw:require
	blkdiscard -f -l 131072 $s0
	for l in '' -r; do
		remember 0
		ok "before, in and behind a mapping${l:+, backwards}" ksm-plug -g $l write 4096 8 4096 \
			$s0,32768,/tmp/p,0 $m,0,/tmp/p,32768 $s0,98304,/tmp/p,65536
		engine_is 'are three requests' 3 24
	done
	unmap m
	ok 'map' make m $s0 128 64 4096 hw:require
	remember 0
	ok 'before and behind a small mapping' ksm-plug -g write 4096 8 4096 \
		$s0,32768,/tmp/p,0 $m,0,/tmp/p,0 $s0,98304,/tmp/p,65536
	engine_is 'are three requests, too' 3 24
	ok 'plain before it' disk_is /tmp/p $s0 32768 32768
	ok 'ciphertext in it' disk_is /tmp/enc1 $s0 65536 32768
	tail -c +65537 /tmp/p >/tmp/p.tail
	ok 'plain behind it' disk_is /tmp/p.tail $s0 98304 32768
	unmap m

	# Two keys.
	ok 'map' make a $s0 0 16384 4096 hw:require
	KEY=$KEY2 ok 'map another key behind it' make b $s0 16384 16384 4096 hw:require
	for l in '' -r; do
		remember 0
		ok "the last of one and the first of the other${l:+, backwards}" ksm-plug -g $l write 4096 16 4096 \
			$dm/a,8323072,/tmp/pat,8323072 $dm/b,0,/tmp/p,0
		engine_is 'are two requests' 2 32
		remember 0
		ok 'and so to read' ksm-plug -g $l read 4096 16 4096 $dm/a,8323072,/tmp/pat,8323072 $dm/b,0,/tmp/p,0
		engine_is 'are two' 2 32
	done
	tail -c 65536 /tmp/enc >/tmp/enc.tail
	ok 'the last of one is right' disk_is /tmp/enc.tail $s0 8323072 65536
	ok 'the first of the other is right' disk_is /tmp/enc2 $s0 8388608 65536
	healthy 'the first' a
	healthy 'the other' b
	unmap a b
	ok 'map' make a $s0 0 32768 4096 hw:require
	KEY=$KEY2 ok 'map the same sectors with another key' make b $s0 0 32768 4096 hw:require
	interleaved 'two keys' /tmp/key1+key2 $dm/a $dm/b
	unmap b
	IV=2048 ok 'map them with the same key and other numbers' make b $s0 0 32768 4096 hw:require
	interleaved 'one key, two sets of numbers' /tmp/iv1+iv2 $dm/a $dm/b
	interleaved 'and backwards' /tmp/iv1+iv2 $dm/a $dm/b -r
	healthy 'one' a
	healthy 'the other' b
	unmap a b
}
strangers

# ---- 3. when tags are of no use ----
begin forged
# The tag of the only mapping is 8, in bits 3 to 12 of the priority. Whoever may
# write to the disk can forge it, which is as if something had dropped both.
# forged DESC READ|WRITE SPEC SPEC
forged() {
	local desc=$1 rw=$2
	ok "$desc: map anew" make m $s0 0 32768 4096 "${4:-hw:require}" || return
	blkdiscard -f -l 131072 $s0
	[ "$rw" = write ] || dd if=/tmp/mapped+raw of=$s0 bs=128k oflag=direct status=none
	remember 0
	# shellcheck disable=SC2086 # words wanted
	nok "$desc: fails" ksm-plug $3 $rw 4096 16 8192 "$m,0,/tmp/plain,0,0x6000" "$s0,4096,/tmp/p,4096,0x6040"
	like "$desc: some of the mapping's fail, none is wrong" "$OUT" "$m good:[0-9]+ failed:[1-9][0-9]* wrong:0"
	unlike "$desc: none of the others is wrong" "$OUT" 'wrong:[1-9]'
	since mixed
	like "$desc: it was seen" "$N" '^[1-9]'
	is "$desc: no plaintext is on the disk" "$(found $s0)" 0
	remember 0
	# shellcheck disable=SC2086 # words wanted
	ok "$desc: again" ksm-plug $3 $rw 4096 16 8192 "$m,0,/tmp/plain,0,0x6000" "$s0,4096,/tmp/p,4096,0x6040"
	not_mixed "$desc: again"
	since requests
	[ "$N" -ge 17 ]
	is "$desc: the mapping's are not merged any more" $? 0
	[ "$rw" = read ] || ok "$desc: the disk has what it should" disk_is /tmp/forged $s0 0 131072
	counters_of m
	like "$desc: nothing is counted as lost" "$INFO" ' errors:0 .*hw:active .*hw_lost:0$'
	unmap m
}
head -c 131072 /tmp/text >/tmp/plain
cipher_of /tmp/plain 131072 4096 0 >/tmp/enc.plain
ksm-plug mix 4096 /tmp/enc.plain /tmp/p >/tmp/forged
cp /tmp/forged /tmp/mapped+raw
forged 'forged tag' write ''
forged 'forged tag, backwards' write -r hw:auto
forged 'forged tag, reading' read ''
forged 'forged tag, reading, backwards' read -r
ok 'map anew' make m $s0 0 32768 4096 hw:require
plugged_merge 'a new mapping'
unmap m

# ---- 4. splits ----
begin splits
# pieces N UNIT [FIO]: all kinds of sizes on engine N.
pieces() {
	local dev=/dev/ksmsim$1 unit=$2 what="engine $1, $2"
	if [ ! -e "/tmp/enc.$unit" ]; then cipher_of /tmp/pat 1048576 "$unit" 0 >"/tmp/enc.$unit"; fi
	ok "$what: map" make m "$dev" 0 32768 "$unit" hw:require || return
	blkdiscard -f "$dev"
	remember "$1"
	ok "$what: a MiB at once" dd if=/tmp/pat of=$m bs=1M count=1 oflag=direct status=none
	ok "$what: is right on the disk" disk_is "/tmp/enc.$unit" "$dev" 0 1048576
	ok "$what: and is read at once" ksm-plug read 1048576 1 1 $m,0,/tmp/pat,0
	ok "$what: misaligned and in pieces" ksm-io misalign $m "$unit" /tmp/expect
	diag "$what: $OUT"
	ok "$what: buffered" dd if=/tmp/pat of=$m bs=1M count=1 seek=1 conv=fsync,notrunc status=none
	ok "$what: and read directly" ksm-plug read 65536 16 65536 $m,1048576,/tmp/pat,0
	[ -z "${3:-}" ] || ok "$what: fio of all sizes, direct and buffered" verify "n$1" $m --rw=randrw \
		--bsrange="$unit-384k" --blockalign="$unit" --size=2M --offset=2M \
		--name="b$1" --filename=$m --direct=0 --bs=16k --size=1M --offset=6M
	not_mixed "$what"
	since rejected
	is "$what: the engine refused nothing" "$N" 0
	healthy "$what" m
	unmap m
	ok "$what: map without the engine" make m "$dev" 0 32768 "$unit" hw:off
	ok "$what: which reads what was meant" cmp -n 1048576 $m /tmp/expect
	unmap m
}
ok 'engines that take little at once' sims devices=8 size=16,16,16,16,16,16,16,16 \
	max_sectors=255,8,20,0,0,0,20,24 max_segments=0,0,0,1,2,16,1,0 \
	block=512,512,512,512,512,512,4096,1024
for n in 0 2 3 7; do pieces "$n" 4096 fio; done
for n in 1 4 5 6; do pieces "$n" 4096; done
pieces 0 1024
pieces 2 512
pieces 2 2048
pieces 3 512
pieces 3 1024 fio

# ---- 5. partitions ----
begin partitions
# mbr START SECTORS...: a table of up to four
mbr() {
	local i=0 bytes='' v
	while [ $# -gt 0 ]; do
		bytes+='\0\0\0\0\x83\0\0\0'
		for v in "$1" "$2"; do
			bytes+=$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((v & 255)) $((v >> 8 & 255)) $((v >> 16 & 255)) $((v >> 24)))
		done
		i=$((i + 1))
		shift 2
	done
	for (( ; i < 4; i++)); do bytes+='\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; done
	# shellcheck disable=SC2059 # escapes wanted
	printf "$bytes\\x55\\xaa" | dd of=$s0 bs=1 seek=446 conv=fsync,notrunc status=none
}
partitions() {
	ok 'an engine' sims size=16
	ok 'a partition table' mbr 2048 8192 10240 8192 18433 8192
	ok 'is read' blockdev --rereadpt $s0
	is 'there are three partitions' "$(echo /dev/ksmsim0p?)" '/dev/ksmsim0p1 /dev/ksmsim0p2 /dev/ksmsim0p3'
	ok 'map the first' make a /dev/ksmsim0p1 0 8192 4096 hw:require || return
	KEY=$KEY2 IV=2048 ok 'map the second, from its sector 16 on' make b /dev/ksmsim0p2 16 8176 4096 hw:require
	remember 0
	ok 'write to both' ksm-plug -g write 4096 16 4096 $dm/a,0,/tmp/p,0 $dm/b,0,/tmp/p,0
	engine_is 'are two requests' 2 32
	ok 'the first is numbered from its start' disk_is /tmp/enc1 $s0 1048576 65536
	KEY=$KEY2 cipher_of /tmp/p 65536 4096 2048 >/tmp/enc.b
	ok 'the second from there, plus the offset' disk_is /tmp/enc.b $s0 5251072 65536
	remember 0
	ok 'the last of the first and the first before the second' ksm-plug -g write 4096 2 4096 \
		$dm/a,4186112,/tmp/p,0 /dev/ksmsim0p2,0,/tmp/p,0 $dm/b,0,/tmp/p,8192
	engine_is 'are three requests' 3 6
	ok 'plain between them' disk_is /tmp/p $s0 5242880 8192
	ok 'fio on the first' verify p1 $dm/a --bsrange=4k-64k --size=1M
	healthy 'the first' a
	healthy 'the second' b
	unmap a b
	ok 'map one that does not start at a data unit' make a /dev/ksmsim0p3 0 8192 4096 hw:auto
	like 'it does without' "$(dmsetup status a)" 'software .*hw:start-not-aligned'
	ok 'write to it' dd if=/tmp/p of=$dm/a bs=128k oflag=direct status=none
	ok 'it is right' disk_is /tmp/enc1 /dev/ksmsim0p3 0 131072
	unmap a
	nok 'and is refused with hw:require' make a /dev/ksmsim0p3 0 8192 4096 hw:require
	ok 'map it by 512 bytes' make a /dev/ksmsim0p3 7 8185 512 hw:require
	ok 'write to it' dd if=/tmp/p of=$dm/a bs=128k oflag=direct status=none
	cipher_of /tmp/p 131072 512 0 >/tmp/enc.512p
	ok 'it is right' disk_is /tmp/enc.512p $s0 $(((18433 + 7) * 512)) 131072
	healthy 'by 512 bytes' a
	unmap a
}
partitions

# ---- 6. shared vectors ----
begin mirrors
# md's raid1 gives both legs the same vector. It has no mdadm here, but a target.
# mirrored DESC A B: writes, and leaves a and b to be looked at.
mirrored() {
	ok "$1: raid1" dmsetup create r --table "0 8192 raid raid1 4 0 nosync region_size 1024 2 - $2 - $3" || return
	ok "$1: small writes" ksm-plug write 4096 64 4096 $dm/r,0,/tmp/pat,0
	ok "$1: large writes" dd if=/tmp/pat of=$dm/r bs=1M count=1 seek=256k skip=256k oflag=direct,seek_bytes iflag=skip_bytes status=none
	ok "$1: buffered writes" dd if=/tmp/pat of=$dm/r bs=64k count=8 seek=1280k skip=1280k iflag=skip_bytes oflag=seek_bytes conv=fsync,notrunc status=none
	drop_caches
	ok "$1: all is read" cmp -n 1835008 $dm/r /tmp/pat
	unmap r
}
mirrors() {
	if ! modprobe dm-raid; then
		skip 'mirrors' 'no dm-raid in this kernel'
		return
	fi
	head -c 1835008 /tmp/pat >/tmp/mirror
	KEY=$KEY2 cipher_of /tmp/mirror 1835008 4096 0 >/tmp/enc.key2
	ok 'two engines' sims devices=2 size=16,16
	make a $s0 0 16384 4096 hw:require
	KEY=$KEY2 make b $s0 16384 16384 4096 hw:require
	mirrored 'two keys on one disk' $dm/a $dm/b
	ok 'two keys on one disk: one leg' disk_is /tmp/enc $s0 0 1835008
	ok 'two keys on one disk: the other' disk_is /tmp/enc.key2 $s0 8388608 1835008
	healthy 'two keys on one disk: one leg' a
	healthy 'two keys on one disk: the other' b
	unmap b
	blkdiscard -f $s0
	KEY=$KEY2 make b $s1 0 16384 4096 hw:require
	mirrored 'on two disks' $dm/a $dm/b
	ok 'on two disks: one leg' disk_is /tmp/enc $s0 0 1835008
	ok 'on two disks: the other' disk_is /tmp/enc.key2 $s1 0 1835008
	healthy 'on two disks: one leg' a
	healthy 'on two disks: the other' b
	unmap b
	blkdiscard -f $s0
	blkdiscard -f $s1
	KEY=$KEY2 make b $s1 0 16384 4096 hw:off
	mirrored 'one leg in software' $dm/a $dm/b
	ok 'one leg in software: the other' disk_is /tmp/enc $s0 0 1835008
	ok 'one leg in software: this one' disk_is /tmp/enc.key2 $s1 0 1835008
	healthy 'one leg in software: the other' a
	unmap b
	blkdiscard -f $s0
	blkdiscard -f $s1
	lin b $s0 16384 16384
	mirrored 'one leg plain on the same disk' $dm/a $dm/b
	ok 'one leg plain on the same disk: the other' disk_is /tmp/enc $s0 0 1835008
	ok 'one leg plain on the same disk: this one' disk_is /tmp/mirror $s0 8388608 1835008
	unmap b
	blkdiscard -f $s0
	lin b $s1 0 16384
	mirrored 'one leg plain on the other disk' $dm/b $dm/a
	ok 'one leg plain on the other disk: the first' disk_is /tmp/mirror $s1 0 1835008
	ok 'one leg plain on the other disk: the mapping' disk_is /tmp/enc $s0 0 1835008
	healthy 'one leg plain' a
	unmap a b
}
mirrors

# ---- 7. lost contexts ----
begin lost
# forgotten: the driver forgets until somebody has noticed.
forgotten() {
	local i
	knob 0 ignore_contexts 1
	for ((i = 0; i < 1000; i++)); do
		counters_of m
		[[ $INFO != *hw:engine-missed-data* ]] || return 0
	done
	return 1
}
lost() {
	ok 'an engine' sims size=16
	ok 'map, hw:auto' make m $s0 0 32768 4096 hw:auto || return
	ok 'data' dd if=/tmp/p of=$m bs=128k oflag=direct status=none
	ok 'the driver forgets to look' knob 0 ignore_contexts 1
	nok 'reads fail' ksm-plug read 4096 32 4096 $m,0,/tmp/p,0
	is 'all that were under way, and none is wrong' "$OUT" "$m good:0 failed:32 wrong:0"
	counters_of m
	like 'they are counted, and the engine is not used any more' "$INFO" 'software .*hw:engine-missed-data .*hw_lost:32$'
	ok 'it goes on in software' ksm-plug read 4096 32 4096 $m,0,/tmp/p,0
	ok 'and writes' ksm-plug write 4096 32 4096 $m,0,/tmp/p,0
	ok 'which is right' disk_is /tmp/enc1 $s0 0 131072
	dmsetup suspend m
	ok 'resume' dmsetup resume m
	like 'the engine is tried' "$(dmsetup status m)" 'software .*hw:does-not-see-the-data'
	ok 'the driver looks again' knob 0 ignore_contexts 0
	dmsetup suspend m
	ok 'resume again' dmsetup resume m
	like 'the engine is used again' "$(dmsetup status m)" 'hardware ksmsim0 .*hw:active'
	ok 'reads' ksm-plug read 4096 32 4096 $m,0,/tmp/p,0
	blkdiscard -f -l 131072 $s0
	ok 'the driver forgets to look' knob 0 ignore_contexts 1
	nok 'writes fail' ksm-plug write 4096 32 4096 $m,0,/tmp/p,0
	is 'all of them' "$OUT" "$m good:0 failed:32 wrong:0"
	# One of them when the engine was tried.
	like 'and are counted' "$(dmsetup status m)" 'software .*hw:engine-missed-data .*hw_lost:65$'
	ok 'again, in software' ksm-plug write 4096 32 4096 $m,0,/tmp/p,0
	ok 'which is right' disk_is /tmp/enc1 $s0 0 131072
	knob 0 ignore_contexts 0
	unmap m

	ok 'map, hw:require' make m $s0 0 32768 4096 hw:require
	knob 0 ignore_contexts 1
	nok 'a read fails' ksm-plug read 4096 1 4096 $m,0,/tmp/p,0
	knob 0 ignore_contexts 0
	remember 0
	nok 'so does whatever comes later' ksm-plug read 4096 32 4096 $m,0,/tmp/p,0
	nok 'and writes' ksm-plug write 4096 32 4096 $m,0,/tmp/p,0
	engine_is 'nothing reaches the disk' 0 0
	like 'it is stopped' "$(dmsetup status m)" 'hw:engine-missed-data .*hw_lost:1$'
	knob 0 ignore_contexts 1
	dmsetup suspend m
	nok 'it is not resumed while the engine is no good' dmsetup resume m
	knob 0 ignore_contexts 0
	ok 'it is when it is good' dmsetup resume m
	ok 'reads' ksm-plug read 4096 32 4096 $m,0,/tmp/p,0
	ok 'writes' ksm-plug write 4096 32 4096 $m,0,/tmp/p,0
	like 'the engine is used, and what was lost is still counted' "$(dmsetup status m)" 'hardware .*hw:active .*hw_lost:2$'
	unmap m
	ok 'map' make m $s0 0 32768 4096 hw:auto
	# While it is busy, at any moment.
	ksm-plug -n 1000000000 read 4096 32 4096 $m,0,/tmp/p,0 >/tmp/busy 2>&1 &
	local i p=$!
	for ((i = 0; i < 8; i++)); do
		ok "$i: it is forgotten under load" forgotten
		knob 0 ignore_contexts 0
		dmsetup suspend m
		dmsetup resume m
		like "$i: the engine is back" "$(dmsetup status m)" 'hardware .*hw:active'
	done
	kill $p
	wait $p
	diag "$(</tmp/busy)"
	like 'some reads were right, some failed, none was wrong' "$(</tmp/busy)" 'good:[1-9][0-9]* failed:[1-9][0-9]* wrong:0$'
	unmap m
}
lost

# ---- 8. layers between ----
begin layers
# above DESC DEV: a mapping with a layer in between that knows nothing of contexts.
above() {
	nok "$1: hw:require is refused" make m "$2" 0 4096 4096 hw:require
	ok "$1: map" make m "$2" 0 4096 4096 hw:auto || return
	like "$1: in software" "$(dmsetup status m)" 'software .*hw:no-keyslot-manager'
	ok "$1: write" dd if=/tmp/text of=$m bs=256k oflag=direct status=none
	ok "$1: write buffered" dd if=/tmp/text of=$m bs=1M conv=fsync,notrunc status=none
	ok "$1: read" ksm-plug read 65536 16 65536 $m,0,/tmp/text,0
	is "$1: no plaintext on the lowest disk" "$(found $s0)" 0
	unmap m
}
layers() {
	local l
	ok 'an engine' sims size=32
	remember 0
	dd if=/tmp/text of=$s0 bs=1M oflag=direct status=none
	isnt 'the text would be found on the lowest disk' "$(found $s0)" 0
	blkdiscard -f $s0
	ok 'dm-linear' lin l $s0 2048 8192
	above 'on dm-linear' $dm/l
	unmap l
	ok 'dm-crypt' dmsetup create l --table "0 8192 crypt $CIPHER $KEY2 0 $s0 0"
	above 'on dm-crypt' $dm/l
	unmap l
	ok 'dm-stripe' dmsetup create l --table "0 8192 striped 2 32 $s0 0 $s0 16384"
	above 'on dm-stripe' $dm/l
	unmap l
	if modprobe dm-raid; then
		lin l1 $s0 0 8192
		lin l2 $s0 16384 8192
		ok 'raid1' dmsetup create l --table "0 8192 raid raid1 4 0 nosync region_size 1024 2 - $dm/l1 - $dm/l2"
		above 'on raid1' $dm/l
		unmap l
		unmap l1 l2
	fi
	if modprobe dm-snapshot; then
		lin l1 $s0 0 8192
		ok 'a snapshot' dmsetup create l --table "0 8192 snapshot $dm/l1 $DISK1 N 8"
		above 'on a snapshot' $dm/l
		is 'nor in what the snapshot keeps' "$(found "$DISK1")" 0
		unmap l
		unmap l1
	fi
	mkdir -p /mnt/l
	modprobe loop
	ok 'ext4' mkfs.ext4 -q -F $s0
	ok 'mount' mount $s0 /mnt/l
	truncate -s 8M /mnt/l/file
	l=$(losetup -f --show /mnt/l/file)
	above 'on a loop device' "$l"
	losetup -d "$l"
	ok 'umount' umount /mnt/l
	since crypt_requests
	is 'the engine was not used at all' "$N" 0
}
layers

# ---- 9. file systems, discards, flushes, swap ----
begin filesystem
filesystem() {
	local f n
	ok 'an engine' sims size=64
	ok 'map' make m $s0 0 131072 4096 hw:require allow_discards || return
	ok 'mkfs' mkfs.ext4 -q -F $m
	mkdir -p /mnt/f
	ok 'mount' mount $m /mnt/f
	f=$(counter $s0 16)
	remember 0
	ok 'files: buffered, direct, mapped' fio --directory=/mnt/f --rw=randrw --bsrange=4k-64k --size=3M --verify=crc32c \
		--verify_fatal=1 --do_verify=1 --fsync=64 --thread --output-format=terse --randrepeat=0 \
		--name=buffered --ioengine=psync --name=direct --ioengine=libaio --iodepth=16 --direct=1 --name=mapped --ioengine=mmap
	ok 'direct and mapped I/O on one file' ksm-io file /mnt/f/file
	sync
	n=$(counter $s0 16)
	[ "$n" -gt "$f" ]
	is "flushes reach the disk ($((n - f)))" $? 0
	(cd /mnt/f && md5sum buffered* direct* mapped* file) >/tmp/sums
	rm -f /mnt/f/file2
	ok 'fstrim' fstrim -v /mnt/f
	ok 'umount' umount /mnt/f
	ok 'it is in order' e2fsck -fn $m
	not_mixed 'file system'
	healthy 'file system' m
	unmap m
	for n in off crypt auto; do
		case $n in
		crypt) table_of crypt $s0 4096; ok 'open by dm-crypt' dmsetup create m --table "$TABLE" ;;
		*) ok "map, hw:$n" make m $s0 0 131072 4096 hw:$n ;;
		esac
		ok "$n: mount" mount -o ro $m /mnt/f
		ok "$n: all files are the same" sh -c 'cd /mnt/f && md5sum --quiet -c /tmp/sums'
		ok "$n: umount" umount /mnt/f
		[ $n = auto ] || ok "$n: unmap" unmap m
	done
	unmap m

	ok 'map with discards' make m $s0 0 131072 4096 hw:require allow_discards
	n=$(counter $s0 12)
	ok 'discard' blkdiscard -o 0 -l 1048576 $m
	isnt 'it reaches the disk' "$(counter $s0 12)" "$n"
	head -c 1048576 /dev/zero >/tmp/zeroes
	ok 'which has zeroes there' disk_is /tmp/zeroes $s0 0 1048576
	remember 0
	ok 'zeroes are written' blkdiscard -z -o 0 -l 1048576 $m
	cipher_of /tmp/zeroes 1048576 4096 0 >/tmp/enc.zeroes
	ok 'as ciphertext' disk_is /tmp/enc.zeroes $s0 0 1048576
	since crypt_requests
	like 'by the engine' "$N" '^[1-9]'
	trace_start $s0
	ok 'an O_DSYNC write' dd if=/tmp/p of=$m bs=4096 count=1 oflag=direct,dsync status=none
	like 'reaches the disk with a flush or FUA' "$(trace_stop)" 'W(F|.*F)'
	ok 'and is encrypted' disk_is /tmp/enc1 $s0 0 4096

	# Swap: less memory than is needed, for one process.
	ok 'mkswap' mkswap $m
	ok 'swapon' swapon $m
	if [ -d /tmp/cg ] && echo +memory >/tmp/cg/cgroup.subtree_control && mkdir /tmp/cg/mem; then
		echo 16M >/tmp/cg/mem/memory.max
		remember 0
		# shellcheck disable=SC2016 # expanded inside
		ok 'a process that is swapped out and in' sh -c 'echo $$ >/tmp/cg/mem/cgroup.procs && exec ksm-mem 32 1'
		since crypt_requests
		diag "swapping: $N requests"
		[ "$N" -ge 50 ]
		is 'its pages went through the engine' $? 0
		rmdir /tmp/cg/mem
	else
		skip 'swapping' 'no memory controller'
	fi
	ok 'swapoff' swapoff $m
	not_mixed 'swap'
	healthy 'discards and swap' m
	unmap m
}
filesystem

# ---- 10. the same memory ----
begin memory
memory() {
	local i
	ok 'two engines' sims devices=2 size=16,16
	make a $s0 0 16384 4096 hw:require
	KEY=$KEY2 make b $s0 16384 16384 4096 hw:require
	KEY=$KEY3 make c $s1 0 16384 4096 hw:require
	ok 'one buffer is written to three mappings and the disk, together' ksm-plug -s -n 10 write 8192 8 8192 \
		$dm/a,0,/tmp/p,0 $dm/b,0,/tmp/p,0 $dm/c,0,/tmp/p,0 $s1,8388608,/tmp/p,0
	ok 'under the first key' disk_is /tmp/enc1 $s0 0 65536
	ok 'the second' disk_is /tmp/enc2 $s0 8388608 65536
	KEY=$KEY3 cipher_of /tmp/p 65536 4096 0 >/tmp/enc3
	ok 'the third' disk_is /tmp/enc3 $s1 0 65536
	ok 'and plain' disk_is /tmp/p $s1 8388608 65536
	ok 'one buffer is read from all of them, together' ksm-plug -s -n 10 read 8192 8 8192 \
		$dm/a,0,/tmp/p,0 $dm/b,0,/tmp/p,0 $dm/c,0,/tmp/p,0
	for i in a b c; do healthy "mapping $i" $i; done
	unmap a b c
}
memory

# The bios of all I/O to one registered buffer share a vector. The same blocks many times at
# once, which an engine that takes its time has under way together.
# shared NAME PLACE: of the mapping, whose data begins at PLACE of the first engine.
shared() {
	local i how n=$1 dev=$dm/$1
	remember 0
	ok "$n: data" dd if=/tmp/p of=$dev bs=64k count=1 oflag=direct status=none
	dd if=/tmp/p bs=4k skip=2 count=2 status=none >/tmp/block
	for ((i = 0; i < 32; i++)); do cat /tmp/block; done >/tmp/blocks
	# With the last one some of it is not for the engine.
	for how in '' 8192 8704; do
		[ "$how" != 8704 ] || askew_passes "$dev" || continue
		# shellcheck disable=SC2086 # perhaps none
		ok "$n: one block is read 32 times at once${how:+, $how bytes apart}" out_to /tmp/same ksm-same read "$dev" 8192 8192 32 $how
		ok "$n: it is right" cmp -n $((${#how} ? 262144 : 8192)) /tmp/same /tmp/blocks
		# shellcheck disable=SC2086
		ok "$n: one is written 32 times${how:+, $how bytes apart}" in_from /tmp/block ksm-same write "$dev" 8192 8192 32 $how
	done
	cipher_of /tmp/p 65536 4096 0 >/tmp/enc
	ok "$n: it is there, encrypted" disk_is /tmp/enc $s0 "$2" 65536
	not_mixed "$n"
	healthy "mapping $n" "$n"
	like "$n: some had to wait for others" "$INFO" ' hw_waited:[1-9]'
}
out_to() { "${@:2}" >"$1"; }
in_from() { "${@:2}" <"$1"; }
# Whether the kernel has direct I/O from a registered buffer that is not aligned to blocks.
askew_passes() {
	! grep -q 'Invalid argument' <(ksm-same read "$1" 0 4096 2 4608 2>&1 >/dev/null)
}
# An engine or nothing.
askew_require() {
	askew_passes $dm/m || return 0
	nok 'what is not for the engine fails with hw:require' ksm-same read $dm/m 8192 8192 2 8704
	nok '... also written' in_from /tmp/block ksm-same write $dm/m 8192 8192 2 8704
	ok '... and nothing else does' out_to /tmp/same ksm-same read $dm/m 8192 8192 2 8192
	ok '... it is as it was' cmp -n 8192 /tmp/same /tmp/block
	healthy 'mapping' m
}
shared_all() {
	ok 'an engine that takes its time' sims size=16
	knob 0 delay_us 2000
	make direct $s0 0 16384 4096
	shared direct 0
	dmsetup create l --table "0 16384 ksm-linear $s0 16384"
	make above $dm/l 0 16384 4096
	shared above 8388608
	unmap direct above l
	make m $s0 0 16384 4096 hw:require
	askew_require
	unmap m
}
begin 'shared vectors'
shared_all

end_section
umount /tmp/cg 2>/dev/null
modprobe -r ksm_sim
