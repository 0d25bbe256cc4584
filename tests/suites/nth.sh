# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Every allocation fails in its turn: in loading, creating, resuming, messages and
# removing; and all of them, while there is I/O.
# vm: mem=1024 disks=64M,64M flavour=debug timeout=300

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

FAULTS=(/sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc)
MODULES=/lib/modules/$KVER/updates/dkms

# faults ATTRIBUTE VALUE
faults() {
	local dir
	for dir in "${FAULTS[@]}"; do echo "$2" >"$dir/$1" || return 1; done
}

faults_ready() {
	faults probability 0 && faults verbose 0 && faults ignore-gfp-wait N &&
		echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem &&
		echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}
ok 'the kernel can have allocations fail' faults_ready

# swept DESC MIN CMD...: CMD, a ksm-nth, comes to its end, and at least MIN of its
# allocations were noticed to fail.
swept() {
	local desc=$1 min=$2 failed
	shift 2
	ok "$desc: without a fault it succeeds in the end" "$@"
	failed=$(sed -n 's/ failed,.*//p' <<<"$OUT")
	diag "$desc: $(tail -n 1 <<<"$OUT"); $(grep '^errno' <<<"$OUT" | tr '\n' ';')"
	ok "$desc: at least $min allocations can fail" test "${failed:-0}" -ge "$min"
	# Nothing else may be said of an allocation that failed.
	is "$desc: the error is ENOMEM" "$(grep '^errno' <<<"$OUT" | grep -v '^errno 12 ')" ''
}
with_table() { ksm-nth "$1" "$2" <<<"$TABLE"; }

# ---- modules ----
# In their order, each on top of those before.
for m in ksm_core crypto_fallback ksm_passthrough dm-ksm; do
	modprobe -r dm-ksm ksm_passthrough crypto_fallback ksm_core 2>/dev/null
	for dep in $(modprobe -S "$KVER" --show-depends "$m" | sed 's/^insmod //; s/ *$//' | grep -v "/$m\.ko"); do
		name=$(basename "${dep%%.ko*}")
		grep -q "^${name//-/_} " /proc/modules || insmod "$dep"
	done
	swept "loading $m" 20 ksm-nth modprobe "$(echo "$MODULES/$m.ko"*)" ''
done
ok 'the modules load' modprobe dm-ksm

# ---- mappings ----
dd if=/dev/urandom of=/tmp/pat bs=64k count=4 status=none
put() { dd if=/tmp/pat of="/dev/mapper/$1" bs=64k oflag=direct status=none; }
got() { dd if="/dev/mapper/$1" bs=64k count=4 iflag=direct status=none | cmp - /tmp/pat; }
readable() { dd if="/dev/mapper/$1" of=/dev/null bs=4k count=1 iflag=direct status=none; }

# sweep NAME: of the mapping with $TABLE.
sweep() {
	local name=$1
	ok "$name: an empty device" dmsetup create m --notable
	swept "$name: load" 10 with_table load m
	is "$name: no table is left" "$(dmsetup table --inactive m)" ''
	ok "$name: a live one" eval 'dmsetup load m --table "$TABLE" && dmsetup resume m'
	ok "$name: is written to" put m
	swept "$name: load and resume" 0 with_table activate m
	ok "$name: has what was written" got m
	swept "$name: suspend" 0 ksm-nth suspend m
	ok "$name: has what was written before the suspension" got m
}

# keys NAME TEXT: of the live mapping m, whose message TEXT sets its key.
keys() {
	ok "$1: is suspended" dmsetup suspend m
	swept "$1: key wipe" 0 ksm-nth message m 'key wipe'
	swept "$1: key set" 1 ksm-nth message m "$2"
	ok "$1: is resumed" dmsetup resume m
	ok "$1: has what was written with that key" got m
	# One allocation that fails must not leave half a key: see the self-tests of
	# the cipher in the suite engines, and here that there is all of it or none.
	ok "$1: is suspended" dmsetup suspend m
	nok "$1: a key is refused" dmsetup message m 0 key set 00
	ok "$1: is resumed" dmsetup resume m
	ok "$1: and the one before is still there" got m
}

table_of ksm "$DISK1" 4096
sweep 'key in the table'
keys 'key in the table' "key set $KEY1"
swept 'key in the table: remove' 0 ksm-nth remove m

xxd -r -p <<<"$KEY1" | keyctl padd logon ksm:nth @u >/dev/null
KEY=:64:logon:ksm:nth
table_of ksm "$DISK1" 4096 allow_discards
sweep 'key in a keyring'
keys 'key in a keyring' "key set $KEY"
swept 'key in a keyring: remove' 0 ksm-nth remove m
KEY=$KEY1

CIPHER=capi:adiantum\(xchacha12,aes\)-plain64 KEY=${KEY1:0:64}
table_of ksm "$DISK1" 4096
sweep 'a cipher of three'
swept 'a cipher of three: remove' 0 ksm-nth remove m
CIPHER=aes-xts-plain64 KEY=$KEY1

if ok 'a simulated engine' sim size=64 slots=4; then
	table_of ksm /dev/ksmsim0 4096 hw:require
	sweep 'hardware'
	keys 'hardware' "key set $KEY1"
	swept 'hardware: remove' 0 ksm-nth remove m
fi

if ok 'ksm-linear loads' modprobe dm-ksm; then
	sectors "$DISK2"
	TABLE="0 $SECTORS ksm-linear $DISK2 0"
	sweep ksm-linear
	swept 'ksm-linear: remove' 0 ksm-nth remove m
fi
ok 'the engine goes' modprobe -r ksm_sim

# ---- I/O ----
# All that our modules allocate fails while fio writes, reads and compares: pools must do.
range() { awk -v m="$1" '$1 == m { print $6, $2 }' /proc/modules; }
# io_faults MODULE: on for what is called by it.
io_faults() {
	local start size
	read -r start size < <(range "$1")
	faults require-start $((start)) && faults require-end $((start + size)) &&
		faults stacktrace-depth 32 && faults times 100000000 && faults probability 100
}
io_faults_off() {
	faults probability 0
	faults require-start 0
	faults require-end -1
}
# io_faulted: how many did fail.
io_faulted() {
	local dir sum=0
	for dir in "${FAULTS[@]}"; do sum=$((sum + 100000000 - $(<"$dir/times"))); done
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
