# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016 # eval is meant
# Swap on a mapping when memory is far too small, with a busy file system on
# another mapping: nothing may hang, be killed, or come back wrong. With one mapping upon
# another and as few pages of their own as can be; with KSM_DEEP=1 also as a user
# would have it, and both for longer.
# vm: mem=320 disks=768M,128M timeout=600 unguarded check=6.1
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
swapped() { awk '$1 == "pswpout" { print $2 }' /proc/vmstat; }
killed() { awk '$1 == "oom_kill" { print $2 }' /proc/vmstat; }
rounds=1
[ -z "${KSM_DEEP:-}" ] || rounds=4
mkdir -p /mnt/f

# eats NAME: two processes need a third more memory than there is.
eats() {
	local mib=$((total * 2 / 3)) p1 p2
	ksm-mem $mib $rounds >/tmp/mem.1 2>&1 &
	p1=$!
	ksm-mem $mib $rounds >/tmp/mem.2 2>&1 &
	p2=$!
	ok "$1: a process with $mib MiB of $total reads what it wrote" wait $p1
	ok "$1: so does a second one beside it" wait $p2
	diag "$(cat /tmp/mem.1 /tmp/mem.2)"
}

# pressure NAME: swap on the mapping s, a file system on f.
pressure() {
	local name=$1 o k n w fio rc
	ok "$name: mkswap" mkswap /dev/mapper/s
	ok "$name: swapon" swapon /dev/mapper/s
	ok "$name: mkfs" mkfs.ext4 -q /dev/mapper/f
	ok "$name: mount" mount /dev/mapper/f /mnt/f
	o=$(swapped) k=$(killed)
	fio --name=busy --directory=/mnt/f --ioengine=psync --rw=randrw --bsrange=4k-256k --size=32M \
		--fsync=64 --verify=crc32c --verify_fatal=1 --verify_backlog=128 --time_based --runtime=3600 \
		--thread >/tmp/fio.busy 2>&1 &
	fio=$!
	eats "$name"
	n=$(($(swapped) - o))
	diag "$n pages went to swap; $(dmsetup status s)"
	ok "$name: a quarter of the memory and more has gone to swap" test $n -gt $((total * 256 / 4))
	ok "$name: writes had to take from the reserve of pages" test "$(status_of s reserve)" -gt 0
	is "$name: nobody was killed for memory" "$(killed)" "$k"
	w=$(status_of f writes)
	ok "$name: the file system was busy meanwhile" test "$w" -gt 100
	kill -INT $fio
	wait $fio
	rc=$?
	# 128: interrupted, as it was.
	like "$name: and its fio found nothing wrong" "$rc" '^(0|128)$'
	unlike "$name: nor says so" "$(cat /tmp/fio.busy)" 'verify: bad|verify failed|Input/output'
	is "$name: no bio failed" "$(status_of s errors)$(status_of f errors)" 00
	ok "$name: umount" umount /mnt/f
	ok "$name: the file system is in order" e2fsck -fn /dev/mapper/f
	ok "$name: swapoff" swapoff /dev/mapper/s
}
at_exit swapoff -a

ok 'the modules load, with as few pages as can be' modprobe crypto_fallback reserve_pages=16 cache_pages=0
modprobe dm-ksm || bail 'dm-ksm does not load'
ok 'stacked: below the swap' map ksm s0 "$DISK1" 4096
ok 'stacked: the swap' eval 'KEY=$KEY2 map ksm s /dev/mapper/s0 4096'
ok 'stacked: below the file system' map ksm f0 "$DISK2" 4096
ok 'stacked: the file system' eval 'KEY=$KEY2 map ksm f /dev/mapper/f0 4096'
pressure stacked
is 'stacked: nor one of the lower mappings' "$(status_of s0 errors)$(status_of f0 errors)" 00
unmap s f s0 f0
if [ -n "${KSM_DEEP:-}" ]; then
	ok 'the modules load anew' eval 'modprobe -r dm-ksm; modprobe -r crypto_fallback; modprobe dm-ksm'
	ok 'one each: for swap' map ksm s "$DISK1" 4096
	ok 'one each: for a file system' map ksm f "$DISK2" 4096
	pressure 'one each'
	unmap s f
fi
