# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Forward progress: all that our modules allocate fails while fio writes, reads and compares, so
# that nothing but what was set aside before is there.
# vm: mem=768 disks=64M flavour=debug lack timeout=300

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/inject.sh
. /ksm/tests/lib/guest/inject.sh

ok 'the kernel can have allocations fail' faults_ready
ok 'dm-ksm loads' modprobe dm-ksm

# text_of MODULE: where its functions begin and where the last one does. Symbols that are
# addresses of a processor's own (per_cpu) are far from there.
text_of() {
	local first
	first=$(<"/sys/module/$1/sections/.text")
	echo "$first $(awk -v m="[$1]" -v first="${first#0x}" '$4 == m && $3 ~ /[tT]/ && $1 "" >= first { print $1 }' /proc/kallsyms | sort | tail -n 1)"
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
for m in crypto_fallback dm_ksm; do
	for size in 512 4096; do
		ok "I/O, $size: a mapping" map ksm io "$DISK1" $size
		ok "$m, $size: faults" io_faults $m
		for bs in 4k 64k 1m; do
			ok "$m fails to allocate, $size: verified I/O of $bs" \
				verify io /dev/mapper/io --bs=$bs --size=8M
		done
		count=$(io_faulted)
		ok "$m, $size: faults off" io_faults_off
		diag "$m, $size: $count allocations failed"
		[ $m = dm_ksm ] || ok "$m, $size: there were some" test "$count" -gt 0
		ok "I/O, $size: the mapping goes" unmap io
	done
done
