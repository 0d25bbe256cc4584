# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The disks that everything else lies on.

# Of which so much is used, and written in advance: null_blk has no page where
# nothing was written, and reading none is cheaper.
AREA=$((32 << 20))

# base_up BASE: sets BASE_DEV. The simulated engine ends requests where they are
# submitted and has no I/O scheduler, as null_blk: they would take most of the time.
base_up() {
	case $1 in
	null_blk) nullb nullb_bench size=64 irqmode=1 && BASE_DEV=$NULLB ;;
	null_blk-hardirq) nullb nullb_bench size=64 irqmode=2 && BASE_DEV=$NULLB ;;
	# Keeps nothing, so that nothing is copied, by one processor: only for times.
	null_blk-empty) nullb nullb_bench size=64 irqmode=1 memory_backed=0 && BASE_DEV=$NULLB ;;
	brd) modprobe brd rd_nr=1 rd_size=65536 && BASE_DEV=/dev/ram0 ;;
	sim) sim size=64 slots="${SLOTS:-8}" max_sectors=2048 complete=task && BASE_DEV=/dev/ksmsim0 && echo none >/sys/block/ksmsim0/queue/scheduler ;;
	ufs) ufs_load && modprobe ufs_shim && shim_ready 0 0 && BASE_DEV=$(ufs_disk 0 0) ;;
	esac || return 1
	dd if=/dev/zero of="$BASE_DEV" bs=1M count=$((AREA >> 20)) oflag=direct status=none
}

base_down() {
	other_keys_down
	case $1 in
	null_blk*) nullb_gone nullb_bench ;;
	brd) modprobe -r brd ;;
	sim) modprobe -r ksm_sim ;;
	ufs) ufs_unbind 0 && modprobe -r ufs_shim ;;
	esac
}

# other_keys_up: mappings with keys of their own, each of which has been in a keyslot
# since it was verified.
other_keys_up() {
	local i
	for ((i = 1; i < ${KEYS:-1}; i++)); do
		KEY=$(printf '%0128x' $i) map ksm "bench-key$i" "$BASE_DEV" 4096 hw:require || return 1
	done
}

other_keys_down() {
	local i
	for ((i = 1; i < ${KEYS:-1}; i++)); do
		[ ! -e "/dev/mapper/bench-key$i" ] || unmap "bench-key$i"
	done
}

# base_ready BASE: when all devices are there. The simulated engine is a cipher in
# software and had to be one until its users had verified it; it stops being one, so
# that what is left is what the way to it takes.
base_ready() {
	[ "$1" = sim ] || return 0
	other_keys_up
	knob 0 null 1
}
