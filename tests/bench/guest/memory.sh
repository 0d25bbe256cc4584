# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Memory of a mapping, and of I/O under way. Below everything is a disk so slow that all
# of a batch is under way when it is looked at.

MAPPINGS=32
MEMORY_ROUNDS=3

# free_kib: what the page allocator has, with what it keeps ready for each processor.
free_kib() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_free_pages" || $1 == "count:" { n += $2 } END { print n * 4 }' /proc/zoneinfo
}

# settle: gives back what can be given back; twice, since the first frees slabs' users.
settle() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
}

memory_base() {
	nullb nullb_bench size=64 irqmode=1 && modprobe dm-delay || return 1
	dd if=/dev/zero of="$NULLB" bs=1M count=$((AREA >> 20)) oflag=direct status=none || return 1
	sectors "$NULLB"
	dmsetup create slow --table "0 $SECTORS delay $NULLB 0 400" && BASE_DEV=/dev/mapper/slow
}

# mappings DEVICE: KiB of each of many.
mappings() {
	local i before after
	# Modules and first uses are not a mapping's.
	device_up "$1" && device_down "$1" || return 1
	settle
	before=$(free_kib)
	for ((i = 1; i <= MAPPINGS; i++)); do
		device_up "$1" && dmsetup rename "bench-$1" "many$i" || return 1
	done
	after=$(free_kib)
	for ((i = 1; i <= MAPPINGS; i++)); do unmap "many$i"; done
	echo "M $1 mapping $(((before - after) / MAPPINGS))"
}

# in_flight DEVICE WORKLOAD ROUND: the most KiB while a batch is under way, or as much of
# it as the device lets be, beyond what there was before; with what the load itself
# takes, which is the same for all devices.
in_flight() {
	local path before now most=0 pid
	path=$(device_path "$1")
	settle
	before=$(free_kib)
	ksm-load "$path" "$AREA" "$2" "${2##*-qd}" >/run/load &
	pid=$!
	while [ -d /proc/$pid ]; do
		now=$((before - $(free_kib)))
		[ $now -le $most ] || most=$now
		sleep 0.02
	done
	wait $pid && echo "M $1 $2 $3 $most"
}

memory_all() {
	local dev load round
	memory_base || return 1
	for dev in linear crypt-4096 crypt-4096-nowq ksm; do
		mappings "$dev" || return 1
	done
	for dev in linear crypt-4096 crypt-4096-nowq ksm; do
		device_up "$dev" || return 1
		for load in randread-4k-qd256 randwrite-4k-qd256 seqread-1m-qd32 seqwrite-1m-qd32; do
			for ((round = 1; round <= MEMORY_ROUNDS; round++)); do
				in_flight "$dev" $load "$round" || return 1
			done
		done
		device_down "$dev"
	done
	echo END
}
