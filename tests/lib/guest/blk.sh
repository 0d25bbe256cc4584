# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Mappings, lower devices and load for the suites about block devices and file
# systems. To be sourced by a suite.

new_key() { head -c 64 /dev/urandom | xxd -p -c 64; }
KEY1=$(new_key)
# shellcheck disable=SC2034 # for suites
KEY2=$(new_key) KEY3=$(new_key)
CIPHER=aes-xts-plain64

# sectors DEV: sets SECTORS.
sectors() { SECTORS=$(blockdev --getsz "$1"); }

# table_of TARGET DEV SECTOR_SIZE [OPTION...]: sets TABLE, for all of DEV and
# with $KEY (default: KEY1).
table_of() {
	local target=$1 dev=$2 size=$3
	shift 3
	[ "$size" = 512 ] || set -- "sector_size:$size" iv_large_sectors "$@"
	sectors "$dev"
	TABLE="0 $SECTORS $target $CIPHER ${KEY:-$KEY1} 0 $dev 0"
	[ $# = 0 ] || TABLE+=" $# $*"
}

# map TARGET NAME DEV SECTOR_SIZE [OPTION...]
map() {
	local target=$1 name=$2
	shift 2
	table_of "$target" "$@"
	dmsetup create "$name" --table "$TABLE"
}

# unmap NAME...: something may have the device open for a moment (a closing fio).
unmap() { dmsetup remove --retry "$@"; }

# dm_name NAME: dm-N
dm_name() { echo "dm-$(dmsetup info -c --noheadings -o minor "$1")"; }

# disk_name NAME|DEV: its name in /sys/block, of a mapping or of a disk's path.
disk_name() {
	local disk=${1##*/}
	[ -e "/sys/block/$disk" ] || disk=$(dm_name "$disk")
	echo "$disk"
}

# queue NAME|DEV ATTRIBUTE: what /sys says of the queue of a mapping or of a
# disk's path; - if this kernel has no such attribute.
queue() {
	local disk value=-
	disk=$(disk_name "$1")
	[ ! -e "/sys/block/$disk/queue/$2" ] || read -r value <"/sys/block/$disk/queue/$2"
	echo "$value"
}

# counter DISK FIELD: of /sys/block/DISK/stat, counted from 1. 12 discards, 16 flushes.
counter() {
	local -a fields
	read -r -a fields <"/sys/block/${1##*/}/stat"
	echo "${fields[$2 - 1]}"
}

# status_of NAME COUNTER: one of the numbers of the INFO status.
status_of() { dmsetup status "$1" | sed -n "s/.* $2:\([0-9]*\).*/\1/p"; }

# verify NAME DEV ARGS...: fio which writes, reads back and compares.
verify() {
	local name=$1 dev=$2
	shift 2
	# Every block must prove what it is: crc32c in it, and its place.
	fio --name="$name" --filename="$dev" --ioengine=libaio --direct=1 --rw=randwrite \
		--bs=4k --iodepth=32 --size=8M --verify=crc32c --verify_fatal=1 --do_verify=1 \
		--randrepeat=0 --thread --output-format=terse "$@" >"/tmp/fio.$name" 2>&1 || {
		grep -v '^3;' "/tmp/fio.$name"
		return 1
	}
}

# nullb NAME ATTRIBUTE=VALUE...: a null_blk device that keeps what is written.
# Sets NULLB. It goes when the suite ends.
nullb() {
	local dir=/sys/kernel/config/nullb/$1 a before
	shift
	modprobe null_blk nr_devices=0 || return 1
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config || return 1
	before=$(echo /sys/block/nullb*)
	mkdir "$dir" || return 1
	for a in memory_backed=1 "$@"; do
		echo "${a#*=}" >"$dir/${a%%=*}" || { rmdir "$dir"; return 1; }
	done
	echo 1 >"$dir/power" || { rmdir "$dir"; return 1; }
	for a in /sys/block/nullb*; do
		[[ " $before " == *" $a "* ]] || NULLB=/dev/${a##*/}
	done
	# devtmpfs has its node before the write above returns.
	[ -b "$NULLB" ]
}

nullb_gone() {
	local dir=/sys/kernel/config/nullb/$1
	[ -d "$dir" ] || return 0
	echo 0 >"$dir/power"
	rmdir "$dir"
}

# trace_start NAME|DEV: note all bios for it.
trace_start() {
	local t=/sys/kernel/tracing major minor
	[ -e $t/trace ] || mount -t tracefs tracefs $t || return 1
	IFS=: read -r major minor <"/sys/block/$(disk_name "$1")/dev"
	echo 0 >$t/tracing_on
	: >$t/trace
	echo "dev == $((major << 20 | minor))" >$t/events/block/block_bio_queue/filter
	echo 1 >$t/events/block/block_bio_queue/enable
	echo 1 >$t/tracing_on
}

# trace_stop: prints one line per bio: "RWBS SECTOR SECTORS".
trace_stop() {
	local t=/sys/kernel/tracing
	echo 0 >$t/tracing_on
	echo 0 >$t/events/block/block_bio_queue/enable
	sed -n 's/.*block_bio_queue: [0-9]*,[0-9]* \([A-Z]*\) \([0-9]*\) + \([0-9]*\) .*/\1 \2 \3/p' $t/trace
}

drop_caches() { sync; echo 3 >/proc/sys/vm/drop_caches; }

# odd_bio write|read DEV FILE BYTES SIZES: all in one bio, its segments of SIZES (1536,2560) bytes
# in turn. Fails if that does.
odd_bio() {
	local write=N
	[ "$1" = read ] || write=Y
	modprobe ksm_odd_bio write=$write device="$2" file="$3" bytes="$4" sizes="$5" && modprobe -r ksm_odd_bio
}

# raw_is PLAIN RAW SECTOR_SIZE BYTES [SECTOR]: is RAW from SECTOR on what
# ksm-ref says the ciphertext of the file PLAIN is?
raw_is() {
	local at=${5:-0}
	local -a large=()
	[ "$3" = 512 ] || large=(--iv-large-sectors)
	head -c "$4" "$1" | ksm-ref encrypt --cipher $CIPHER --key "${KEY:-$KEY1}" --sector-size "$3" \
		${large[@]+"${large[@]}"} --start-sector "$at" >/tmp/ksm-ref.out &&
		[ "$(stat -c %s /tmp/ksm-ref.out)" = "$4" ] &&
		dd if="$2" bs=64k skip=$((at * 512)) count="$4" iflag=direct,skip_bytes,count_bytes status=none |
		cmp - /tmp/ksm-ref.out
}
