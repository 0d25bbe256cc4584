# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Forward progress: all that our modules allocate fails while fio writes, reads and compares, so
# that nothing but what was set aside before is there; then all that is allocated on behalf of who
# does I/O. And bios that the block layer refuses.
# vm: mem=768 disks=64M flavour=debug,cov lack timeout=300

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
# shellcheck source=tests/lib/guest/inject.sh
. /ksm/tests/lib/guest/inject.sh

ok 'the kernel can have allocations fail' faults_ready
ok 'dm-ksm loads' modprobe dm-ksm

# text_of MODULE: where its functions begin and where the last one does. Symbols that are
# addresses of a processor's own (per_cpu) are far from there.
text_of() {
	local first
	first=$(<"/sys/module/$1/sections/.text")
	echo "$first $(awk -v m="[$1]" -v first="${first#0x}" '$4 == m && $2 ~ /[tT]/ && $1 "" >= first { print $1 }' /proc/kallsyms | sort | tail -n 1)"
}
# io_faults MODULE [INTERVAL]: on for what is called by it, each one or each INTERVAL-th.
io_faults() {
	local first last
	read -r first last < <(text_of "$1")
	diag "$1 is at $first to $last"
	# The last function has some length, too.
	faults require-start "$first" && faults require-end "0x${last%???}fff" &&
		faults stacktrace-depth 32 && faults times $TIMES && faults interval "${2:-1}" && faults probability 100
}
io_faults_off() { faults probability 0 && faults require-start 0 && faults require-end 0xffffffffffffffff; }
# io_faulted: how many did fail.
TIMES=100000000
io_faulted() {
	local dir sum=0
	for dir in "${FAULTS[@]}"; do sum=$((sum + TIMES - $(<"$dir/times"))); done
	echo $sum
}

# without MODULE DEVICE SECTOR_SIZE [OPTION...]: all of its allocations fail, and each second,
# third and seventh one. Sets COUNT to how many did.
without() {
	local m=$1 what="$1 has no memory, $2 with $3 bytes" bs interval
	shift
	ok "$what: a mapping" map ksm io "$@"
	ok "$what: faults" io_faults "$m"
	for bs in 4k 64k 1m; do ok "$what: verified I/O of $bs" verify io /dev/mapper/io --bs=$bs --size=8M; done
	COUNT=$(io_faulted)
	nok "$what: another mapping is not made" map ksm io2 "$@"
	diag "$what: $COUNT allocations failed"
	for interval in 2 3 7; do
		ok "$what, now and then: faults" io_faults "$m" $interval
		ok "$what, each $interval-th time: verified I/O" verify io /dev/mapper/io --bsrange=4k-256k --size=8M
	done
	ok "$what: faults off" io_faults_off
	ok "$what: the mapping goes" unmap io
}

# starved WHAT: the mapping io is written and read by who gets no memory from the kernel meanwhile, be
# it in our modules, device mapper, the block layer or the disk's driver. In sizes for which direct I/O
# itself has pools.
starved() {
	local what="$1: who does I/O gets no memory" bio gen=1
	ok "$what: faults" faults_of_task Y
	for bio in 4096 16384 2097152; do
		gen=$((gen + 1))
		ok "$what: write by $bio" env KSM_UNITS_STARVE=1 ksm-units write /dev/mapper/io 4096 0 2048 $gen $bio
		is "$what: all was written" "$OUT" "$((8388608 / bio)) writes, 0 failed"
		ok "$what: read by $bio" env KSM_UNITS_STARVE=1 ksm-units read /dev/mapper/io 4096 0 2048 $bio
		is "$what: all of it is right" "$OUT" "0 failed: g$gen*2048"
	done
	COUNT=$(io_faulted)
	diag "$what: $COUNT allocations failed"
	ok "$what: some did fail" test "$COUNT" -gt 0
	ok "$what: faults off" faults_of_task N
}
faults_of_task() { # Y or N
	# Nothing may fail for others, be it for a moment.
	faults probability 0 && faults interval 1 && faults times $TIMES && faults task-filter "$1" || return 1
	[ "$1" = N ] || faults probability 100
}

fail_bios() { # DISK 1|0
	local dir=/sys/kernel/debug/fail_make_request
	echo 0 >$dir/verbose && echo 3 >$dir/interval && echo -1 >$dir/times && echo $(($2 * 100)) >$dir/probability &&
		echo "$2" >"/sys/block/${1##*/}/make-it-fail"
}
# refused WHAT DISK: the block layer refuses each third bio to the disk below the mapping io.
refused() {
	local what="$1: each third bio is refused"
	ok "$what: written before" ksm-units write /dev/mapper/io 4096 0 2048 1 65536
	ok "$what: faults" fail_bios "$2" 1
	ok "$what: write" ksm-units write /dev/mapper/io 4096 0 2048 2 65536
	like "$what: some of it fails" "$OUT" '^128 writes, [1-9][0-9]* failed$'
	ok "$what: read" ksm-units read /dev/mapper/io 4096 0 2048 65536
	unlike "$what: what is read is right, or an error" "$OUT" 'garbage|torn'
	# Single units are asked for again, two thirds of which can be had.
	like "$what: and there are errors" "$OUT" '^[1-9][0-9]* failed:'
	ok "$what: faults off" fail_bios "$2" 0
	ok "$what: read again" ksm-units read /dev/mapper/io 4096 0 2048 65536
	like "$what: all is old or new" "$OUT" '^0 failed:( g[12]\*[0-9]+)+$'
	ok "$what: verified I/O after it" verify io /dev/mapper/io --bsrange=4k-256k --size=8M
}

for size in 512 4096; do
	without crypto_fallback "$DISK1" $size
	ok 'there were some' test "$COUNT" -gt 0
done
without dm_ksm "$DISK1" 4096
ok 'a mapping' map ksm io "$DISK1" 4096
starved software
refused software "$DISK1"
ok 'a mapping upon it' eval 'dmsetup rename io low && KEY=$KEY2 map ksm io /dev/mapper/low 4096'
starved 'ksm on ksm'
ok 'both go' unmap io low

# With an engine, whose own allocations may succeed: a disk's driver has pools, too.
ok 'a simulated engine' sim size=64 slots=2
read -r first last < <(text_of ksm_sim)
ok 'its allocations do not fail' eval 'faults reject-start "$first" && faults reject-end "0x${last%???}fff"'
for m in ksm_core dm_ksm; do
	without $m /dev/ksmsim0 4096 hw:require
	is 'none was needed' "$COUNT" 0
done
ok 'a mapping' map ksm io /dev/ksmsim0 4096 hw:require
refused 'an engine' /dev/ksmsim0
ok 'it goes' unmap io
ok 'the engine goes' modprobe -r ksm_sim
