# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Forward progress: all that our modules allocate fails while fio writes, reads and compares, so
# that nothing but what was set aside before is there.
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
# io_faults MODULE: on for what is called by it.
io_faults() {
	local first last
	read -r first last < <(text_of "$1")
	diag "$1 is at $first to $last"
	# The last function has some length, too.
	faults require-start "$first" && faults require-end "0x${last%???}fff" &&
		faults stacktrace-depth 32 && faults times $TIMES && faults probability 100
}
io_faults_off() { faults probability 0 && faults require-start 0 && faults require-end 0xffffffffffffffff; }
# io_faulted: how many did fail.
TIMES=100000000
io_faulted() {
	local dir sum=0
	for dir in "${FAULTS[@]}"; do sum=$((sum + TIMES - $(<"$dir/times"))); done
	echo $sum
}

# without MODULE DEVICE SECTOR_SIZE [OPTION...]: sets COUNT to how many of its allocations failed.
without() {
	local m=$1 what="$1 has no memory, $2 with $3 bytes" bs
	shift
	ok "$what: a mapping" map ksm io "$@"
	ok "$what: faults" io_faults "$m"
	for bs in 4k 64k 1m; do ok "$what: verified I/O of $bs" verify io /dev/mapper/io --bs=$bs --size=8M; done
	COUNT=$(io_faulted)
	nok "$what: another mapping is not made" map ksm io2 "$@"
	ok "$what: faults off" io_faults_off
	diag "$what: $COUNT allocations failed"
	ok "$what: the mapping goes" unmap io
}
for size in 512 4096; do
	without crypto_fallback "$DISK1" $size
	ok 'there were some' test "$COUNT" -gt 0
done
without dm_ksm "$DISK1" 4096

# With an engine, whose own allocations may succeed: a disk's driver has pools, too.
ok 'a simulated engine' sim size=64 slots=2
read -r first last < <(text_of ksm_sim)
ok 'its allocations do not fail' eval 'faults reject-start "$first" && faults reject-end "0x${last%???}fff"'
for m in ksm_core dm_ksm; do
	without $m /dev/ksmsim0 4096 hw:require
	is 'none was needed' "$COUNT" 0
done
ok 'the engine goes' modprobe -r ksm_sim
