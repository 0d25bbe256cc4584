# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Instructions that the processor spends per I/O, in a guest that counts them
# ("# vm: icount", or VM_ICOUNT=1): its clock goes on by a nanosecond with each, and
# what it idles the kernel counts apart.

# busy_ns: sets BUSY to the nanoseconds in which the one processor was not idle.
busy_ns() {
	local now idle
	read -r now idle < <(awk '/^now at/ { now = $3 } /\.idle_sleeptime/ { idle = $3 } END { print now, idle }' /proc/timer_list)
	BUSY=$((now - idle))
}

# insns_run DEV RW IOS SIZE: fio, of which only the number matters
insns_run() {
	fio --name=i --filename="$1" --rw="$2" --bs="$4" --iodepth=1 --ioengine=psync --direct=1 \
		--number_ios="$3" --norandommap --randseed=1 --thread --output-format=terse >/dev/null
}

# insns DEV RW SIZE: sets INSNS, per I/O. Two runs of different length, so that what it
# takes to start the program cancels out.
insns() {
	local a b c few=200 many=1200
	insns_run "$1" "$2" 50 "$3"
	busy_ns
	a=$BUSY
	insns_run "$1" "$2" $few "$3"
	busy_ns
	b=$BUSY
	insns_run "$1" "$2" $many "$3"
	busy_ns
	c=$BUSY
	# shellcheck disable=SC2034 # for who called
	INSNS=$(((c - b - (b - a)) / (many - few)))
}
