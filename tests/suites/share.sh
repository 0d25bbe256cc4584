# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bios that are left to another CPU as a whole: only while there are several at a time, and
# no writes where their order matters.
# vm: mem=1024 disks=64M timeout=240 check=6.1
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

m=/dev/mapper/m
ksm-ref pattern --seed 9 --bytes 4194304 >/tmp/pat
ksm-ref pattern --seed 10 --bytes 33554432 >/tmp/big
reload() { # PARAMETER...
	modprobe -r dm-ksm 2>/dev/null
	! grep -q '^crypto_fallback ' /proc/modules || modprobe -r crypto_fallback || return 1
	modprobe crypto_fallback "$@" && modprobe dm-ksm
}
one_by_one() { # READ|WRITE
	if [ "$1" = write ]; then
		dd if=/tmp/pat of=$m bs=4k oflag=direct status=none
	else
		dd if=$m of=/dev/null bs=4k count=1024 iflag=direct status=none
	fi
}
# How many are is a matter of timing; what is right is not.
until_shared() { # SHARED DEFERRED FIO-OPTION...
	local i
	for ((i = 0; i < 10; i++)); do
		verify deep $m "${@:3}" || return
		(($(status_of m shared) < $1 || $(status_of m deferred) < $2)) || return 0
	done
	dmsetup status m
	return 1
}
# Whoever writes the page cache back makes nothing in between, as fio does.
until_written() { # SHARED
	local i
	for ((i = 0; i < 10; i++)); do
		dd if=/tmp/big of=$m bs=1M conv=fsync status=none || return
		(($(status_of m shared) < $1)) || return 0
	done
	dmsetup status m
	return 1
}

on() { # WHAT DEV SECTOR_SIZE
	local what=$1 dev=$2 size=$3
	ok "$what: map" map ksm m "$dev" "$size" || return
	ok "$what: 1024 writes, one by one" one_by_one write
	ok "$what: they are right on the device" raw_is /tmp/pat "$dev" "$size" 4194304
	n=$(status_of m shared)
	# 32, 64, 128, ... 1024 bios between two attempts.
	ok "$what: hardly one was left to somebody else ($n)" test "$n" -le 12
	n=$(status_of m deferred)
	ok "$what: 1024 reads, one by one" one_by_one read
	n=$(($(status_of m deferred) - n))
	ok "$what: hardly one was left to somebody else ($n)" test $n -le 12
	n=$(status_of m shared) d=$(status_of m deferred)
	ok "$what: fio verify, 4k, depth 32, until reads and writes have been shared" \
		until_shared $((n + 100)) $((d + 100)) --rw=randrw --bs=4k --size=16M --iodepth=32
	diag "$what: $(dmsetup status m)"
	n=$(status_of m shared)
	ok "$what: the page cache is written back, until large writes have been shared" \
		until_written $((n + 16))
	ok "$what: what was written is right on the device" raw_is /tmp/big "$dev" "$size" 33554432
	ok "$what: fio verify, 512 to 64k, fsync" verify mixed $m --rw=randrw --bsrange="$size"-64k --size=16M --iodepth=16 --fsync=32
	is "$what: nothing failed" "$(status_of m errors)" 0
	# The pattern is overwritten only where fio was.
	ok "$what: unmap" unmap m
}

ok 'load, to share whatever the cipher takes' reload share_ns=0
is 'the parameter is kept' "$(</sys/module/crypto_fallback/parameters/share_ns)" 0
ok 'null_blk' nullb nullb0 size=64 blocksize=512 irqmode=1 queue_mode=2 submit_queues=2
on 'softirq' "$NULLB" 512
nullb_gone nullb0
ok 'null_blk with a timer' nullb nullb1 size=64 blocksize=4096 irqmode=2 completion_nsec=20000 queue_mode=2
on 'hard irq' "$NULLB" 4096
nullb_gone nullb1
q=/sys/block/${DISK1#/dev/}/queue/rotational
is 'a disk says that it rotates' "$(<"$q")" 1
ok 'a disk that rotates: map' map ksm m "$DISK1" 4096
d=$(status_of m deferred)
ok 'a disk that rotates: fio verify, until reads have been shared' \
	until_shared 0 $((d + 100)) --rw=randrw --bs=4k --size=16M --iodepth=32
is 'a disk that rotates: no writes were shared' "$(status_of m shared)" 0
ok 'a disk that rotates: unmap' unmap m
echo 0 >"$q"
on 'a disk' "$DISK1" 4096

ok 'load, with an engine that is not measured' eval 'modprobe -r dm-ksm && modprobe -r crypto_fallback && modprobe crypto_fallback share_ns=0 engine=skcipher && modprobe dm-ksm'
on 'engine=skcipher' "$DISK1" 4096

ok 'load, to share nothing' reload share_ns=4294967295
map ksm m "$DISK1" 4096
ok 'fio verify, depth 32' verify deep $m --rw=randrw --bs=4k --size=8M --iodepth=32
is 'no write was shared' "$(status_of m shared)" 0
unmap m

ok 'load, to share whatever the cipher takes' reload share_ns=0
if nullb nullb2 size=64 blocksize=4096 zoned=1 zone_size=4 zone_nr_conv=0; then
	ok 'zoned: map' map ksm m "$NULLB" 4096
	ok 'zoned: writes at depth' fio --name=z --filename=$m --ioengine=libaio --iodepth=8 --rw=write --bs=4k \
		--zonemode=zbd --size=32M --direct=1 --verify=crc32c --output=/tmp/z
	is 'zoned: none was shared' "$(status_of m shared)" 0
	unmap m
	nullb_gone nullb2
else
	fail 'a zoned null_blk'
fi
modprobe -r null_blk

# As it is loaded by default: an emulated cipher is slow enough for large writes at least.
ok 'load' reload
ok 'default: map' map ksm m "$DISK1" 4096
ok 'default: the page cache is written back, until large writes have been shared' until_written 16
ok 'default: what was written is right on the device' raw_is /tmp/big "$DISK1" 4096 33554432
ok 'default: unmap' unmap m
nok 'share_ns=-1 is refused' reload share_ns=-1
