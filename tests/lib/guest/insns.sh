# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Instructions that the processor spends per I/O, in a guest whose emulator counts them
# ("# vm: icount", or VM_ICOUNT=1, with a UFS host). To be sourced after ufs.sh, and
# qmp_open to be called before.

# insns_run DEV RW IOS SIZE: fio, of which only the number matters
insns_run() {
	fio --name=i --filename="$1" --rw="$2" --bs="$4" --iodepth=1 --ioengine=psync --direct=1 \
		--number_ios="$3" --norandommap --randseed=1 --thread --output-format=terse >/dev/null
}

# insns DEV RW SIZE: sets INSNS, per I/O. Two runs of different length, so that what it
# takes to start the program and to ask the emulator cancels out.
insns() {
	local a b c few=100 many=1100
	insns_run "$1" "$2" $few "$3"
	ufs_get 0 x-instructions
	a=$VALUE
	insns_run "$1" "$2" $few "$3"
	ufs_get 0 x-instructions
	b=$VALUE
	insns_run "$1" "$2" $many "$3"
	ufs_get 0 x-instructions
	c=$VALUE
	# shellcheck disable=SC2034 # for who called
	INSNS=$(((c - b - (b - a)) / (many - few)))
}
