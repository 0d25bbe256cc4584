# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completions in every context that lower devices have: hard irq (null_blk with a
# timer), softirq, and the submitter's own (brd, null_blk without irqs).
# vm: mem=1024 disks=64M timeout=240 check=7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m
ksm-ref pattern --seed 4 --bytes 1048576 >/tmp/pat

# on WHAT DEV SECTOR_SIZE
on() {
	local what=$1 dev=$2 size=$3
	ok "$what: map" map ksm m "$dev" "$size" || return
	ok "$what: fio verify, 4k, depth 32" verify small $m --rw=randrw --bs=4k
	is "$what: reads are decrypted" "$([ "$(status_of m reads)" -gt 0 ] && echo yes)" yes
	DEFERRED=$(status_of m deferred) SOFTIRQ=$(status_of m softirq) READS=$(status_of m reads)
	ok "$what: fio verify, 512 to 1M" verify mixed $m --rw=randrw --bsrange="$size"-1M --size=24M --iodepth=32
	is "$what: nothing failed" "$(status_of m errors)" 0
	ok "$what: write a pattern" dd if=/tmp/pat of=$m bs=64k oflag=direct status=none
	ok "$what: it is right on the device" raw_is /tmp/pat "$dev" "$size" 1048576
	ok "$what: unmap" unmap m
}

if nullb nullb0 size=64 blocksize=512 irqmode=2 completion_nsec=5000 queue_mode=2 hw_queue_depth=64; then
	on 'hard irq' "$NULLB" 512
	is 'hard irq: no read is decrypted there' "$((DEFERRED + SOFTIRQ))" "$READS"
	is 'hard irq: a softirq takes them' "$([ "$SOFTIRQ" -gt 0 ] && echo yes)" yes
	on 'hard irq, 4096' "$NULLB" 4096
	is 'hard irq, 4096: no read is decrypted there' "$((DEFERRED + SOFTIRQ))" "$READS"
	is 'hard irq, 4096: a softirq takes them' "$([ "$SOFTIRQ" -gt 0 ] && echo yes)" yes
	nullb_gone nullb0
else
	fail 'null_blk with a timer'
fi
if nullb nullb1 size=64 blocksize=4096 irqmode=1 queue_mode=2 submit_queues=2; then
	on 'softirq' "$NULLB" 4096
	is 'softirq: another one would be no use' "$SOFTIRQ" 0
	nullb_gone nullb1
else
	fail 'null_blk with softirq'
fi
if nullb nullb2 size=64 blocksize=512 irqmode=0 queue_mode=0; then
	on 'bio-based, in the submitter' "$NULLB" 512
	nullb_gone nullb2
else
	# queue_mode 0 has gone from newer kernels.
	skip 'bio-based null_blk' 'not in this kernel'
fi
if modprobe brd rd_nr=1 rd_size=65536; then
	on 'brd' /dev/ram0 4096
	modprobe -r brd
else
	fail 'brd loads'
fi
modprobe -r null_blk
