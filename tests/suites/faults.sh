# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The device below fails, lies, is slow, loses its power within a write, or is pulled
# out; mappings are suspended, exchanged and given other keys in any order; modules are
# unloaded in between. What of the data is hit is known to the data unit.
# vm: mem=768 disks=32M,32M,32M timeout=600 check=6.12
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m
MIB=1048576

# Debian has no dm-dust: a bad block is a segment of the target error in a dm-linear
# device, which can be put there while it is in use; and scsi_debug has some.
modprobe dm-flakey && modprobe dm-delay || bail 'no targets that fail'

SEED=${KSM_FUZZ_SEED:-20261125}
[ -z "${KSM_DEEP:-}" ] || [ -n "${KSM_FUZZ_SEED:-}" ] || SEED=$((SRANDOM % 1000000))
diag "KSM_FUZZ_SEED=$SEED does this again"
RANDOM=$SEED

# ---- load ----
# busy NAME DEV ARGS...: fio, verifying without end, in the background; sets FIO. When it
# comes to a place again, it may be reading there; scsi_debug lets it see half of each.
busy() {
	local name=$1 dev=$2 r w
	shift 2
	FIO_DEV=$(disk_name "$dev")
	r=$(counter "$FIO_DEV" 1) w=$(counter "$FIO_DEV" 5)
	fio --name="$name" --filename="$dev" --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-64k \
		--iodepth=8 --verify=crc32c --verify_fatal=1 --verify_backlog=64 \
		--serialize_overlap=1 --time_based --runtime=3600 --thread "$@" >"/tmp/fio.$name" 2>&1 &
	FIO=$!
	soon moved "$r" "$w"
}
moved() { # READS WRITES: both have become more
	[ "$(counter "$FIO_DEV" 1)" -gt "$1" ] && [ "$(counter "$FIO_DEV" 5)" -gt "$2" ]
}
progress() {
	local r w
	r=$(counter "$FIO_DEV" 1) w=$(counter "$FIO_DEV" 5)
	kill -0 "$FIO" 2>/dev/null && soon moved "$r" "$w"
}
# stop NAME: end it; fails if it has met an error.
stop() {
	local rc=0
	kill -INT "$FIO"
	wait "$FIO" || rc=$?
	! grep -q -i -E 'verify: bad|verify failed|Input/output|error=[1-9]|err= *[1-9]' /tmp/fio."$1" || { cat /tmp/fio."$1"; return 1; }
	[ $rc = 0 ] || [ $rc = 128 ] || { cat /tmp/fio."$1"; echo "fio: status $rc"; return 1; }
}

# ---- bad blocks ----
# low TABLE: the lower device gets another table, whatever is under way.
low() {
	dmsetup load low --table "$1" && dmsetup resume low
}
LOW=32768
# bad SECTOR/COUNT...: sets TABLE, DISK1 with these in error, which ascend.
bad() {
	local hole from at=0
	TABLE=''
	for hole; do
		from=${hole%/*}
		[ "$from" -le $at ] || TABLE+="$at $((from - at)) linear $DISK1 $at"$'\n'
		at=$((from + ${hole#*/}))
		TABLE+="$from ${hole#*/} error"$'\n'
	done
	[ $at = $LOW ] || TABLE+="$at $((LOW - at)) linear $DISK1 $at"
}
bad
good=$TABLE

# Bad blocks below large bios, in the first half, while the second is busy.
bad_blocks() { # SECTOR_SIZE
	local u=$1 s=$(($1 / 512)) per=$((MIB / $1)) what="sector_size:$1" n half
	n=$((8 * per)) half=$((8 * MIB))
	ok "$what: the lower device" dmsetup create low --table "$good"
	ok "$what: map" map ksm m /dev/mapper/low "$u" || return
	ok "$what: write by 1 MiB" ksm-units write $m "$u" 0 $n 1 $MIB
	is "$what: all was written" "$OUT" '8 writes, 0 failed'
	ok "$what: fio is busy" busy "bad$u" $m --offset=$half --size=$half
	# In the middle of a bio, at the end of one, at the start of one, and three in a row.
	bad $(((per / 2 + 1) * s))/$s $(((3 * per - 1) * s))/$s $((5 * per * s))/$s $(((6 * per + 9) * s))/$((3 * s))
	ok "$what: six units go bad" low "$TABLE"
	ok "$what: read by 1 MiB" ksm-units read $m "$u" 0 $n $MIB
	is "$what: these fail, and no other" "$OUT" \
		"4 failed: g1*$((per / 2 + 1)) EIO*1 g1*$((per * 5 / 2 - 3)) EIO*1 g1*$((2 * per)) EIO*1 g1*$((per + 8)) EIO*3 g1*$((2 * per - 12))"
	ok "$what: write by 1 MiB over them" ksm-units write $m "$u" 0 $n 2 $MIB
	is "$what: four writes fail" "$OUT" '8 writes, 4 failed'
	ok "$what: and unit by unit" ksm-units write $m "$u" $((per / 2 - 2)) 8 3 "$u"
	is "$what: one fails" "$OUT" '8 writes, 1 failed'
	ok "$what: fio goes on beside them" progress
	ok "$what: the blocks are good again" low "$good"
	ok "$what: read" ksm-units read $m "$u" 0 $n $MIB
	is "$what: what could not be written is old, all else new" "$OUT" \
		"0 failed: g2*$((per / 2 - 2)) g3*3 g1*1 g3*4 g2*$((per * 5 / 2 - 7)) g1*1 g2*$((2 * per)) g1*1 g2*$((per + 8)) g1*3 g2*$((2 * per - 12))"
	ok "$what: write again" ksm-units write $m "$u" 0 $n 4 $MIB
	ok "$what: read again" ksm-units read $m "$u" 0 $n $MIB
	is "$what: all is new" "$OUT" "0 failed: g4*$n"
	ok "$what: fio has found nothing wrong" stop "bad$u"
	is "$what: no error was ours" "$(status_of m errors)" 0
}

# A write of which not all reaches the disk, at any sector, also within a data unit.
torn() { # SECTOR_SIZE
	local u=$1 s=$(($1 / 512)) what="sector_size:$1" i at to tail bio gen=10 old=4 n want rc=0 per
	for ((i = 0; i < 10; i++)); do
		bio=$((i % 2 ? 65536 : MIB)) per=$((bio / u))
		at=$((RANDOM % (bio / 512 - 1) + 1))
		# Nothing from there on, or a hole.
		to=$((i % 3 ? bio / 512 : at + 1 + RANDOM % (bio / 512 - at)))
		bad $at/$((to - at))
		gen=$((gen + 1))
		low "$TABLE" || return 1
		OUT=$(ksm-units write $m "$u" 0 $per $gen $bio)
		[ "$OUT" = '1 writes, 1 failed' ] || { echo "written: $OUT"; rc=1; }
		low "$good" || return 1
		OUT=$(ksm-units read $m "$u" 0 $per $MIB)
		want="0 failed:"
		n=$((at / s))
		[ $n = 0 ] || want+=" g$gen*$n"
		# A unit with both in it: the device itself made that.
		tail=$((to / s - (at + s - 1) / s))
		if [ $((at % s)) != 0 ] && [ $((to / s)) = $n ]; then
			want+=' garbage*1'
		else
			[ $((at % s)) = 0 ] || want+=' torn*1'
			[ $tail = 0 ] || want+=" g$old*$tail"
			[ $((to % s)) = 0 ] || want+=' torn*1'
		fi
		n=$((per - (to + s - 1) / s))
		[ $n = 0 ] || want+=" g$gen*$n"
		echo "$bio bytes, sectors $at to $to fail:${OUT#*:}"
		[ "${OUT//torn\*2/torn*1 torn*1}" = "$want" ] || { echo "wanted: $want"; rc=1; }
		ksm-units write $m "$u" 0 $per $gen $bio >/dev/null || return 1
		ksm-units write $m "$u" 0 $((MIB / u)) $gen $MIB >/dev/null || return 1
		old=$gen
	done
	return $rc
}

# A disk that refuses writes, and one that forgets them.
flakey() { # SECTOR_SIZE
	local u=$1 n=$((MIB * 2 / $1)) what="sector_size:$1"
	ksm-units write $m "$u" 0 $n 100 $MIB >/dev/null
	ok "$what: the device refuses all writes" low "0 $LOW flakey $DISK1 0 0 3600 1 error_writes"
	ok "$what: write" ksm-units write $m "$u" 0 $n 101 65536
	is "$what: all writes fail" "$OUT" '32 writes, 32 failed'
	ok "$what: read" ksm-units read $m "$u" 0 $n $MIB
	is "$what: all is old" "$OUT" "0 failed: g100*$n"
	ok "$what: the device forgets all writes" low "0 $LOW flakey $DISK1 0 0 3600 1 drop_writes"
	ok "$what: write" ksm-units write $m "$u" 0 $n 102 65536
	is "$what: no write fails" "$OUT" '32 writes, 0 failed'
	ok "$what: read" ksm-units read $m "$u" 0 $n $MIB
	is "$what: all is old, and decrypted" "$OUT" "0 failed: g100*$n"
	ok "$what: the device is honest again" low "$good"
	ok "$what: write" ksm-units write $m "$u" 0 $n 103 65536
	ok "$what: read" ksm-units read $m "$u" 0 $n $MIB
	is "$what: all is new" "$OUT" "0 failed: g103*$n"
	is "$what: no error was ours" "$(status_of m errors)" 0
}

for size in 512 4096; do
	bad_blocks $size
	ok "sector_size:$size: writes are torn anywhere, only what the device tore is" torn $size
	flakey $size
	ok "sector_size:$size: unmap" unmap m low
done

# ---- the hardware path ----
# Nothing but ksm-linear can be between a mapping and its engine, and a table of errors
# in its place.
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
lower() { # TARGET...: the whole of ksm-linear fails, or is back
	dmsetup load low --table "0 $SECTORS $*" && dmsetup resume low
}
hardware() {
	ok 'hardware: an engine' sim size=32 || return
	sectors /dev/ksmsim0
	ok 'hardware: ksm-linear on it' dmsetup create low --table "0 $SECTORS ksm-linear /dev/ksmsim0 0"
	ok 'hardware: map' map ksm m /dev/mapper/low 4096 hw:require || return
	ok 'hardware: write' ksm-units write $m 4096 0 2048 1 $MIB
	ok 'hardware: fio is busy' busy hw $m --offset=$((8 * MIB)) --size=$((8 * MIB)) --continue_on_error=all
	ok 'hardware: everything fails' lower error
	ok 'hardware: read' ksm-units read $m 4096 0 256 $MIB
	is 'hardware: all reads fail' "$OUT" '1 failed: EIO*256'
	ok 'hardware: write' ksm-units write $m 4096 0 256 2 65536
	is 'hardware: all writes fail' "$OUT" '16 writes, 16 failed'
	ok 'hardware: the device is back' lower ksm-linear /dev/ksmsim0 0
	kill -INT "$FIO"
	wait "$FIO"
	like 'hardware: fio has seen errors' "$(</tmp/fio.hw)" 'Input/output error|error=5'
	unlike 'hardware: and no wrong data' "$(</tmp/fio.hw)" 'verify: bad|verify failed'
	# An engine that was not there for a moment has gone, docs/table.md.
	table_of ksm /dev/mapper/low 4096 hw:require
	ok 'hardware: load the table again' timeout 30 dmsetup load m --table "$TABLE"
	ok 'hardware: resume' timeout 30 dmsetup resume m || return
	like 'hardware: the engine is in use again' "$(dmsetup status m)" ' ksm hardware .*hw:active'
	ok 'hardware: read' ksm-units read $m 4096 0 2048 $MIB
	is 'hardware: all is old' "$OUT" '0 failed: g1*2048'
	ok 'hardware: write' ksm-units write $m 4096 0 2048 3 $MIB
	ok 'hardware: read' ksm-units read $m 4096 0 2048 $MIB
	is 'hardware: all is new' "$OUT" '0 failed: g3*2048'
	ok 'hardware: unmap' unmap m low
	ok 'hardware: the engine goes' modprobe -r ksm_sim
}
hardware

# ---- delays ----
sectors "$DISK1"
now() { date +%s%N; }
slow() {
	local t
	t=$(now)
	ksm-units write $m 4096 0 1 1 4096 || return 1
	[ $(($(now) - t)) -ge 45000000 ]
}
ok 'delays: a device with 20 ms for reads, 50 for writes, 35 for flushes' \
	dmsetup create low --table "0 $SECTORS delay $DISK1 0 20 $DISK1 0 50 $DISK1 0 35"
ok 'delays: map' map ksm m /dev/mapper/low 4096
ok 'delays: a write takes that long' slow
ok 'delays: write' ksm-units write $m 4096 0 256 1 $MIB
verify delays $m --rw=randrw --offset=$MIB --size=8M --io_size=6M --fsync=64 --bsrange=4k-64k &
FIO=$!
cycles=0
suspends() { # until fio ends: each device, both ways, from the top
	local -a how=(--noflush --nolockfs)
	while kill -0 $FIO 2>/dev/null; do
		dmsetup suspend "${how[cycles % 3 > 0]}" m || return 1
		if [ $((cycles % 2)) = 0 ]; then
			dmsetup suspend "${how[cycles % 4 > 0]}" low && dmsetup resume low || return 1
		fi
		dmsetup resume m || return 1
		cycles=$((cycles + 1))
	done
}
suspends
is 'delays: suspended and resumed all the time' $? 0
wait $FIO
is 'delays: fio has found nothing wrong' $? 0 || cat /tmp/fio.delays
diag "delays: $cycles times suspended"
[ $cycles -ge 3 ]
is 'delays: in each of these ways' $? 0
ok 'delays: read' ksm-units read $m 4096 0 256 $MIB
is 'delays: what was there before is there' "$OUT" '0 failed: g1*256'
ok 'delays: unmap' unmap m low

# ---- devices are pulled out ----
echo 1 >/tmp/one
# Who waits for a device that is gone must get an error, not wait for ever.
ends() { # PID: within a minute
	soon eval "! kill -0 $1 2>/dev/null" || return 1
	wait "$1"
	[ $? != 0 ]
}
# pulled WHAT DEV HOW FILE: writing to FILE pulls DEV out while a mapping on it is busy.
# HOW: busy; suspended (noflush), and resumed after; wiped (a table of errors, after)
pulled() {
	local what="$1, $3" dev=$2 after=$3 file=$4
	ok "$what: map" map ksm m "$dev" 512 || return
	ok "$what: write" ksm-units write $m 512 0 8192 7 $MIB
	ok "$what: fio is busy" busy pull $m --offset=$((4 * MIB)) --size=$((4 * MIB))
	[ "$after" = busy ] || ok "$what: suspend without flush" dmsetup suspend --noflush m
	ok "$what: it is pulled out" timeout 60 dd if=/tmp/one of="$file" status=none
	case $after in
	suspended) ok "$what: resume" timeout 60 dmsetup resume m ;;
	wiped) ok "$what: a table of errors" timeout 60 dmsetup wipe_table --noflush m ;;
	esac
	ok "$what: fio ends, with an error" ends $FIO
	like "$what: an I/O error" "$(</tmp/fio.pull)" 'Input/output error|error=(5|19|6)|No such device'
	unlike "$what: and no wrong data" "$(</tmp/fio.pull)" 'verify: bad|verify failed'
	nok "$what: reading fails" dd if=$m of=/dev/null bs=4096 count=1 iflag=direct status=none
	like "$what: by EIO" "$OUT" 'Input/output error|No such device'
	nok "$what: so does writing" dd if=/dev/zero of=$m bs=4096 count=1 oflag=direct status=none
	nok "$what: and flushing" dd if=/dev/zero of=$m bs=4096 count=1 conv=fsync status=none
	ok "$what: the mapping goes" timeout 60 dmsetup remove --retry m
}

# sds N: sets SDS, the disks of scsi_debug, if there are N
sds() {
	local b
	SDS=()
	for b in /sys/block/sd*; do [ ! -b "/dev/${b##*/}" ] || SDS+=("/dev/${b##*/}"); done
	[ ${#SDS[@]} = "$1" ]
}
scsi() { # N PARAMETER...
	modprobe sd_mod && modprobe scsi_debug max_luns="$1" "${@:2}" && soon sds "$1"
}

# A disk that says itself that its medium is bad, of which the kernel's layers know more.
medium() { # SECTOR_SIZE OF DISK
	local u=$1 what="a disk with blocks of $1" n=$((4 * MIB / $1)) opts=/sys/bus/pseudo/drivers/scsi_debug/opts
	ok "$what: there is one" scsi 1 dev_size_mb=16 sector_size="$u" medium_error_start=$((n / 2 + 3)) medium_error_count=2 || return
	ok "$what: map" map ksm m "${SDS[0]}" "$u"
	ok "$what: write" ksm-units write $m "$u" 0 $n 1 $MIB
	ok "$what: fio is busy" busy "medium$u" $m --offset=$((8 * MIB)) --size=$((6 * MIB))
	echo 2 >$opts
	ok "$what: two blocks cannot be read: read" ksm-units read $m "$u" 0 $n $MIB
	# The error of a bad medium, as the disk itself has it.
	is "$what: these, and no other" "$OUT" "1 failed: g1*$((n / 2 + 3)) ENODATA*2 g1*$((n / 2 - 5))"
	ok "$what: fio goes on beside them" progress
	echo 0 >$opts
	ok "$what: write again" ksm-units write $m "$u" 0 $n 2 $MIB
	ok "$what: read again" ksm-units read $m "$u" 0 $n $MIB
	is "$what: all is new" "$OUT" "0 failed: g2*$n"
	ok "$what: fio has found nothing wrong" stop "medium$u"
	is "$what: no error was ours" "$(status_of m errors)" 0
	ok "$what: unmap" unmap m
	ok "$what: it goes" soon modprobe -r scsi_debug
}
medium 512
medium 4096

scsi_pulled() {
	local how n=0
	ok 'scsi disks' scsi 3 dev_size_mb=16 || return
	local -a disks=("${SDS[@]}")
	for how in busy suspended wiped; do
		pulled 'a scsi disk' "${disks[n]}" $how "/sys/block/${disks[n]##*/}/device/delete"
		n=$((n + 1))
	done
	ok 'scsi_debug unloads' soon modprobe -r scsi_debug
}
scsi_pulled

pci_of() { readlink -f "/sys/block/${1##*/}/device/.."; }
# It comes back under any name that is free; its place on the bus stays.
back() {
	local b
	for b in "$1"/virtio*/block/vd*; do
		BACK=/dev/${b##*/}
		[ ! -b "$BACK" ] || return 0
	done
	return 1
}
virtio_pulled() { # DISK HOW
	local pci
	pci=$(pci_of "$1")
	pulled 'a virtio disk' "$1" "$2" "$pci/remove"
	nok "a virtio disk, $2: it is gone" test -e "$pci"
	echo 1 >/sys/bus/pci/rescan
	ok "a virtio disk, $2: it is put in again" soon back "$pci" || return
	ok "a virtio disk, $2: map" map ksm m "$BACK" 512
	ok "a virtio disk, $2: read" ksm-units read $m 512 0 8192 $MIB
	is "a virtio disk, $2: all that was written is there" "$OUT" '0 failed: g7*8192'
	ok "a virtio disk, $2: unmap" unmap m
}
# Once, on a busy host, processor 0 of a guest (6.12) got no interrupts any more after the
# rescan of the bus: QEMU's TCG moves the device's memory while all processors run.
if [ -n "${KSM_DEEP:-}" ]; then
	virtio_pulled "$DISK2" busy
	virtio_pulled "$DISK3" suspended
fi

# ---- a storm ----
# Everything that may be done to a mapping in use, in any order, to two on each other.
half=16384
storm_table() { # NAME HOW: sets TABLE; three tables of the same data
	local key=$KEY1 dev=$DISK1 opts='2 sector_size:4096 iv_large_sectors'
	[ "$1" = a ] || key=$KEY2 dev=/dev/mapper/a
	sectors "$DISK1"
	case $2 in
	0) TABLE="0 $SECTORS ksm $CIPHER $key 0 $dev 0 $opts" ;;
	1) TABLE="0 $SECTORS ksm $CIPHER $key 0 $dev 0 4 ${opts#2 } same_cpu_crypt allow_discards" ;;
	2) TABLE="0 $half ksm $CIPHER $key 0 $dev 0 $opts"$'\n'"$half $((SECTORS - half)) ksm $CIPHER $key $half $dev $half $opts" ;;
	esac
}
declare -A down=() loaded=() split=() did=()
dm() { # COUNTED-AS ARGS...
	did[$1]=$((${did[$1]:-0} + 1))
	timeout 60 dmsetup "${@:2}" || { echo "dmsetup ${*:2} (status $?; suspended: ${!down[*]})"; return 1; }
}
storm_resume() {
	dm resume resume "$1" || return 1
	unset "down[$1]"
	[ -z "${loaded[$1]:-}" ] || split[$1]=$((loaded[$1] == 2))
	unset "loaded[$1]"
}
storm_step() {
	local d how key
	d=$((RANDOM % 2 ? 1 : 0)) how=$((RANDOM % 8))
	if [ $d = 1 ]; then d=a key=$KEY1; else d=b key=$KEY2; fi
	# The upper one's I/O does not end while the lower is suspended, and suspending
	# waits for it: docs/table.md.
	if [ $d = b ] && [ -n "${down[a]:-}" ]; then
		[ $how -lt 4 ] || return 0
		how=5
	fi
	case $how in
	0 | 1 | 2)
		if [ -n "${down[$d]:-}" ]; then
			storm_resume $d
		elif [ $how != 2 ]; then
			dm suspend suspend $d && down[$d]=1
		else
			dm noflush suspend --noflush $d && down[$d]=1
		fi
		;;
	3)
		# The new table at once, in place of the old.
		[ -z "${loaded[$d]:-}" ] || [ -n "${down[$d]:-}" ] || storm_resume $d
		;;
	4 | 5)
		loaded[$d]=$((RANDOM % 3))
		storm_table $d ${loaded[$d]}
		dm load load $d --table "$TABLE"
		;;
	*)
		if [ -z "${down[$d]:-}" ]; then
			dm noflush suspend --noflush $d && down[$d]=1 || return 1
		fi
		dm wipe message $d 0 key wipe && dm set message $d 0 key set "$key" || return 1
		[ "${split[$d]:-0}" = 0 ] ||
			{ dm wipe message $d $half key wipe && dm set message $d $half key set "$key"; }
		;;
	esac
}
storm() { # SECONDS
	local end=$((SECONDS + $1)) steps
	# On a slow machine there is little in that time.
	for ((steps = 0; SECONDS < end || steps < 50; steps++)); do
		storm_step || return 1
	done
	[ -z "${down[a]:-}" ] || storm_resume a || return 1
	[ -z "${down[b]:-}" ] || storm_resume b
}
storm_table a 0
ok 'storm: the lower mapping' dmsetup create a --table "$TABLE"
storm_table b 0
ok 'storm: the upper mapping' dmsetup create b --table "$TABLE"
ok 'storm: write' ksm-units write /dev/mapper/b 4096 0 2048 1 $MIB
# Little at a time, so that suspending is soon done.
ok 'storm: fio is busy' busy storm /dev/mapper/b --offset=$((8 * MIB)) --size=$((8 * MIB)) --iodepth=3 --bsrange=4k-16k
# Not by "ok", which would have it in no other shell, but whose words it needs.
if storm $((${KSM_DEEP:+60} + 10)) >/tmp/storm 2>&1; then
	pass 'storm: suspends, tables and keys in any order'
else
	fail 'storm: suspends, tables and keys in any order' "$(</tmp/storm)"
	for d in a b; do dmsetup resume $d; done
fi
diag "storm: $(for d in "${!did[@]}"; do echo -n "$d:${did[$d]} "; done)"
for d in suspend noflush load resume wipe; do isnt "storm: there was a $d" "${did[$d]:-0}" 0; done
ok 'storm: fio goes on after it' progress
ok 'storm: fio has found nothing wrong' stop storm
is 'storm: no bio failed' "$(status_of a errors | tr -d '0\n')$(status_of b errors | tr -d '0\n')" ''
ok 'storm: read' ksm-units read /dev/mapper/b 4096 0 2048 $MIB
is 'storm: all else is as it was' "$OUT" '0 failed: g1*2048'
ok 'storm: unmap' unmap b a
storm_table a 0
dmsetup create a --table "${TABLE/ ksm / crypt }"
storm_table b 0
dmsetup create b --table "${TABLE/ ksm / crypt }"
ok 'storm: read by two dm-crypts' ksm-units read /dev/mapper/b 4096 0 2048 $MIB
is 'storm: the same' "$OUT" '0 failed: g1*2048'
unmap b a

# ---- modules are unloaded while mappings come and go ----
OURS='dm_ksm crypto_fallback ksm_passthrough ksm_core'
loaded() {
	local name out=''
	while read -r name _; do [[ " $OURS " != *" $name "* ]] || out+="$name "; done </proc/modules
	echo "$out"
}
rm -f /tmp/stop /tmp/race.*
# To measure all ciphers each time that the modules are loaded would leave less races.
mkdir -p /etc/modprobe.d
echo 'options crypto_fallback engine=skcipher' >/etc/modprobe.d/ksm-test.conf
# A mapping that could be made is there and right until it is removed; that it cannot be
# made is for the moment only, when its module is just going.
mappings() { # NAME START
	local i made=0 refused=0 out t
	local -a files=()
	RANDOM=$2
	t="0 8192 ksm $CIPHER $KEY1 0 $DISK1 $2"
	for ((i = 0; i < 300; i++)); do
		files=(/tmp/race.ok.*)
		[ $i -lt $((${KSM_DEEP:+90} + 10)) ] || [ ${#files[@]} -lt 8 ] || break
		while ! out=$(dmsetup create "$1" --table "$t" 2>&1); do
			refused=$((refused + 1))
			[ $refused -lt 2000 ] || { echo "$1 cannot be made: $out"; return 1; }
			modprobe -q dm-ksm
		done
		made=$((made + 1))
		[[ $(dmsetup status "$1") == *' ksm software '* ]] || { echo "$1 is lost"; return 1; }
		out=$(ksm-units write "/dev/mapper/$1" 512 0 64 $i 32768 && ksm-units read "/dev/mapper/$1" 512 0 64 32768)
		[ "$out" = "1 writes, 0 failed"$'\n'"0 failed: g$i*64" ] || { echo "$1: $out"; return 1; }
		dmsetup remove "$1" || return 1
		# Now and then there is none.
		for ((out = RANDOM % 12; out > 0; out--)); do pause; done
	done
	echo "$made $refused" >"/tmp/race.made.$1"
}
unloads() { # SEED
	local gone=0 busy=0
	local -a names
	RANDOM=$1
	# The first must go before any other can.
	read -r -a names <<<"$OURS dm_ksm dm_ksm"
	until [ -e /tmp/stop ]; do
		if rmmod "${names[RANDOM % 6]}" 2>/dev/null; then
			gone=$((gone + 1))
			: >"/tmp/race.ok.$1.$gone"
		else
			busy=$((busy + 1))
		fi
		[ $((RANDOM % 8)) != 0 ] || modprobe -q dm-ksm
	done
	echo "$gone $busy" >"/tmp/race.gone.$1"
}
race() {
	local pid rc=0
	local -a makers=() unloaders=()
	mappings r0 0 & makers+=($!)
	mappings r1 8192 & makers+=($!)
	unloads $((SEED + 1)) & unloaders+=($!)
	unloads $((SEED + 2)) & unloaders+=($!)
	for pid in "${makers[@]}"; do wait "$pid" || rc=1; done
	touch /tmp/stop
	for pid in "${unloaders[@]}"; do wait "$pid" || rc=1; done
	return $rc
}
ok 'races: mappings come and go while modules are unloaded' race
diag "races: made, refused: $(cat /tmp/race.made.* | tr '\n' ';') unloaded, refused: $(cat /tmp/race.gone.* | tr '\n' ';')"
gone=0 refused=0
while read -r g r; do gone=$((gone + g)) refused=$((refused + r)); done < <(cat /tmp/race.gone.*)
rm /etc/modprobe.d/ksm-test.conf
isnt 'races: modules were really unloaded' $gone 0
isnt 'races: and refused to be' $refused 0
all_gone() {
	local name
	for name in $OURS; do rmmod "$name" 2>/dev/null; done
	[ -z "$(loaded)" ]
}
ok 'races: all modules can be unloaded' soon all_gone
ok 'races: and loaded again' modprobe dm-ksm
is 'races: all of them' "$(loaded | wc -w)" 4
