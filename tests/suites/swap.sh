# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Swap on a mapping when memory is far too small, with a busy file system on
# another mapping: nothing may hang, be killed, or come back wrong.
# vm: mem=320 disks=768M,128M timeout=300
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
swapped() { awk '$1 == "pswpout" { print $2 }' /proc/vmstat; }
killed() { awk '$1 == "oom_kill" { print $2 }' /proc/vmstat; }

ok 'map for swap' map ksm s "$DISK1" 4096
ok 'mkswap' mkswap /dev/mapper/s
ok 'swapon' swapon /dev/mapper/s
at_exit swapoff -a
ok 'map for a file system' map ksm f "$DISK2" 4096
ok 'mkfs' mkfs.ext4 -q /dev/mapper/f
mkdir -p /mnt/f
ok 'mount' mount /dev/mapper/f /mnt/f
o=$(swapped) k=$(killed)

fio --name=busy --directory=/mnt/f --ioengine=psync --rw=randrw --bsrange=4k-256k --size=32M \
	--fsync=64 --verify=crc32c --verify_fatal=1 --verify_backlog=128 --time_based --runtime=3600 \
	--thread >/tmp/fio.busy 2>&1 &
fio=$!
# A third more than there is, in two processes.
mib=$((total * 2 / 3))
ksm-mem $mib 1 >/tmp/mem.1 2>&1 &
p1=$!
ksm-mem $mib 1 >/tmp/mem.2 2>&1 &
p2=$!
ok "a process with $mib MiB of $total reads what it wrote" wait $p1
ok 'so does a second one beside it' wait $p2
diag "$(cat /tmp/mem.1 /tmp/mem.2)"
n=$(($(swapped) - o))
diag "$n pages went to swap; $(dmsetup status s)"
[ $n -gt $((total * 256 / 4)) ]
is 'a quarter of the memory and more has gone to swap' $? 0
[ "$(status_of s reserve)" -gt 0 ]
is 'writes had to take from the reserve of pages' $? 0
is 'nobody was killed for memory' "$(killed)" "$k"
w=$(status_of f writes)
ok 'the file system was busy meanwhile' test "$w" -gt 100
kill -INT $fio
wait $fio
rc=$?
# 128: interrupted, as it was.
like 'and its fio found nothing wrong' "$rc" '^(0|128)$'
unlike 'nor says so' "$(cat /tmp/fio.busy)" 'verify: bad|verify failed|Input/output'
is 'no bio failed' "$(status_of s errors)$(status_of f errors)" 00
ok 'umount' umount /mnt/f
ok 'the file system is in order' e2fsck -fn /dev/mapper/f
ok 'swapoff' swapoff /dev/mapper/s
unmap f s
