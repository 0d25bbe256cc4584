# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A cipher whose requests complete later, in every context that data comes from.
# vm: mem=768 disks=64M timeout=240 check=6.1,7.2

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
KEY=$(ksm-ref pattern --seed 7 --bytes 64 | xxd -p -c 64)

ok 'the late cipher loads' modprobe ksm_async_xts
ok 'crypto_fallback takes the best of all' modprobe crypto_fallback engine=skcipher
ok 'dm-ksm loads' modprobe dm-ksm
# brd completes in the submitter, null_blk's timer in a hard irq, virtio-blk in
# between.
modprobe brd rd_nr=1 rd_size=65536 || bail 'no brd'
nullb nullb_late size=64 irqmode=2 completion_nsec=1000 || bail 'no null_blk'
at_exit nullb_gone nullb_late

ksm-ref pattern --seed 8 --bytes 4194304 >/tmp/plain
ksm-ref encrypt --cipher aes-xts-plain64 --key "$KEY" --sector-size 4096 --iv-large-sectors \
	</tmp/plain >/tmp/cipher

for dev in "$DISK1" /dev/ram0 "$NULLB"; do
	ok "$dev: mapping" dmsetup create late --table \
		"0 131072 ksm aes-xts-plain64 $KEY 0 $dev 0 2 sector_size:4096 iv_large_sectors"
	like "$dev: the late cipher is in use" "$(dmsetup status late)" 'xts-aes-ksm-async'
	ok "$dev: write in large pieces" dd if=/tmp/plain of=/dev/mapper/late bs=1M oflag=direct
	ok "$dev: ciphertext is right" cmp -n 4194304 /tmp/cipher "$dev"
	ok "$dev: read in small pieces" dd if=/dev/mapper/late of=/tmp/back bs=4k count=256 iflag=direct
	ok "$dev: and it is right" cmp -n 1048576 /tmp/plain /tmp/back
	ok "$dev: read in large pieces" dd if=/dev/mapper/late of=/tmp/back bs=1M count=4 iflag=direct
	ok "$dev: and it is right" cmp /tmp/plain /tmp/back
	ok "$dev: fio verifies mixed sizes at depth" fio --name=v --filename=/dev/mapper/late --direct=1 \
		--ioengine=libaio --iodepth=16 --rw=randrw --bsrange=4k-256k --bs_unaligned=0 --blockalign=4k \
		--size=32M --io_size=24M --verify=crc32c --verify_backlog=64 --randseed=5
	like "$dev: some reads were deferred" "$(dmsetup status late)" 'deferred:[1-9].* errors:0 '
	ok "$dev: mapping goes" dmsetup remove late
done
ok 'modules go' modprobe -r dm-ksm
ok 'the late cipher goes, nothing holds it' modprobe -r ksm_async_xts
