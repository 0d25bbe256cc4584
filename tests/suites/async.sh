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

# on_disk DEV OFFSET BYTES FILE [OFFSET]: is that on the disk? Not from a cache.
on_disk() {
	dd if="$1" bs=4k skip="$2" count="$3" iflag=direct,skip_bytes,count_bytes status=none |
		cmp -s -n "$3" -i "0:${5:-0}" - "$4"
}
for dev in "$DISK1" /dev/ram0 "$NULLB"; do
	ok "$dev: mapping" dmsetup create late --table \
		"0 131072 ksm aes-xts-plain64 $KEY 0 $dev 0 2 sector_size:4096 iv_large_sectors"
	like "$dev: the late cipher is in use" "$(dmsetup status late)" 'xts-aes-ksm-async'
	ok "$dev: write in large pieces" dd if=/tmp/plain of=/dev/mapper/late bs=1M oflag=direct
	ok "$dev: ciphertext is right" on_disk "$dev" 0 4194304 /tmp/cipher
	ok "$dev: read in small pieces" dd if=/dev/mapper/late of=/tmp/back bs=4k count=256 iflag=direct
	ok "$dev: and it is right" cmp -n 1048576 /tmp/plain /tmp/back
	ok "$dev: read in large pieces" dd if=/dev/mapper/late of=/tmp/back bs=1M count=4 iflag=direct
	ok "$dev: and it is right" cmp /tmp/plain /tmp/back
	for sizes in 512 3584,512 1536,2560,4096; do
		dd if=/dev/zero of=/dev/mapper/late bs=128k count=1 oflag=direct status=none
		ok "$dev: a bio in segments of $sizes bytes is written" odd_bio write /dev/mapper/late /tmp/plain 131072 $sizes || continue
		ok "$dev: ciphertext is right" on_disk "$dev" 0 131072 /tmp/cipher
		ok "$dev: read in segments of $sizes bytes" odd_bio read /dev/mapper/late /tmp/back 131072 $sizes
		ok "$dev: and it is right" cmp -n 131072 /tmp/plain /tmp/back
	done
	ok "$dev: fio verifies mixed sizes at depth" fio --name=v --filename=/dev/mapper/late --direct=1 \
		--ioengine=libaio --iodepth=16 --rw=randrw --bsrange=4k-256k --bs_unaligned=0 --blockalign=4k \
		--size=32M --io_size=24M --verify=crc32c --verify_backlog=64 --randseed=5
	like "$dev: some reads were deferred" "$(dmsetup status late)" 'deferred:[1-9].* errors:0 '
	ok "$dev: mapping goes" dmsetup remove late
done

# ---- a cipher that fails ----
# Some requests fail, when they are made or later: those bios fail, and what is on the disk is what
# was there before (zeroes here) or ciphertext.
P=/sys/module/ksm_async_xts/parameters
head -c 4096 /dev/zero >/tmp/zero
unit() { on_disk "$DEV" $(($1 * 4096)) 4096 "$3" "$2"; } # UNIT OFFSET FILE
fails() { # DESC
	local i n=0 wrong=0
	for ((i = 0; i < 24; i++)); do
		if dd if=/tmp/plain of=$m bs=4k count=1 skip=$i seek=$i oflag=direct status=none 2>/dev/null; then
			unit $i $((i * 4096)) /tmp/cipher || wrong=$((wrong + 1))
		else
			n=$((n + 1))
			unit $i 0 /tmp/zero || wrong=$((wrong + 1))
		fi
	done
	diag "$1: $n of 24 writes failed"
	ok "$1: some writes fail, others do not" test $n -gt 0 -a $n -lt 24
	is "$1: what failed wrote nothing, what did not is right" $wrong 0
	nok "$1: a large write fails" dd if=/tmp/plain of=$m bs=1M count=1 seek=1 oflag=direct
	wrong=0
	dd if="$DEV" of=/tmp/raw bs=1M skip=1 count=1 iflag=direct status=none
	for ((i = 0; i < 256; i++)); do
		cmp -s -n 4096 -i $((i * 4096)):0 /tmp/raw /tmp/zero || cmp -s -n 4096 -i $((i * 4096)) /tmp/raw /tmp/other ||
			wrong=$((wrong + 1))
	done
	is "$1: and leaves no plaintext" $wrong 0
	echo 0 >$P/fail
	ok "$1: without errors all is written" dd if=/tmp/plain of=$m bs=1M count=1 oflag=direct
	echo 5 >$P/fail
	nok "$1: a large read fails" dd if=$m of=/dev/null bs=1M count=1 iflag=direct
	n=0 wrong=0
	for ((i = 0; i < 24; i++)); do
		if dd if=$m of=/tmp/back bs=4k count=1 skip=$i iflag=direct status=none 2>/dev/null; then
			cmp -s -n 4096 -i 0:$((i * 4096)) /tmp/back /tmp/plain || wrong=$((wrong + 1))
		else
			n=$((n + 1))
		fi
	done
	ok "$1: some reads fail, others do not" test $n -gt 0 -a $n -lt 24
	is "$1: and those are right" $wrong 0
	like "$1: they are counted" "$(dmsetup status late)" ' errors:[1-9]'
}
m=/dev/mapper/late
# The same data at 1 MiB.
head -c 1048576 /tmp/plain | ksm-ref encrypt --cipher aes-xts-plain64 --key "$KEY" --sector-size 4096 \
	--iv-large-sectors --start-sector 2048 >/tmp/other
for DEV in "$DISK1" /dev/ram0; do
	for once in N Y; do
		dd if=/dev/zero of="$DEV" bs=1M count=4 oflag=direct status=none
		ok "$DEV: mapping" dmsetup create late --table \
			"0 131072 ksm aes-xts-plain64 $KEY 0 $DEV 0 2 sector_size:4096 iv_large_sectors"
		echo $once >$P/fail_at_once
		echo 5 >$P/fail
		fails "$DEV, fail_at_once=$once"
		echo 0 >$P/fail
		ok "$DEV: it works again" dd if=/tmp/plain of=$m bs=1M count=2 oflag=direct status=none
		ok "$DEV: right on the disk" on_disk "$DEV" 0 2097152 /tmp/cipher
		ok "$DEV: read" dd if=$m of=/tmp/back bs=1M count=2 iflag=direct status=none
		ok "$DEV: it is right" cmp -n 2097152 /tmp/plain /tmp/back
		ok "$DEV: mapping goes" dmsetup remove late
	done
done

# ---- a cipher that takes no key ----
table="0 131072 ksm aes-xts-plain64 $KEY 0 $DISK1 0 2 sector_size:4096 iv_large_sectors"
echo Y >$P/fail_setkey
dmesg -C
nok 'no key is taken: no mapping' dmsetup create late --table "$table"
like 'no key is taken: the log says so' "$(dmesg)" 'ksm: Cipher refuses the key \(-(EIO|5)\)'
echo N >$P/fail_setkey
ok 'a mapping with a key' dmsetup create late --table "$table"
ok 'suspend it' dmsetup suspend late
echo Y >$P/fail_setkey
dmesg -C
nok 'key wipe: the cipher does not take another one in its place' dmsetup message late 0 key wipe
like 'key wipe: the log says what that means' "$(dmesg)" 'key wipe: cipher error -5, key may still be in memory'
nok 'key wipe: the mapping does not resume with it' dmsetup resume late
nok 'key set: refused' dmsetup message late 0 key set "$KEY"
unlike 'the log has no key' "$(dmesg)" "${KEY:0:16}"
like 'the status says there is none' "$(dmsetup status late)" 'key:none'
nok 'key set: the mapping does not resume' dmsetup resume late
echo N >$P/fail_setkey
ok 'key set' dmsetup message late 0 key set "$KEY"
ok 'resume' dmsetup resume late
ok 'it works' dd if=/tmp/plain of=$m bs=1M count=2 oflag=direct status=none
ok 'right on the disk' on_disk "$DISK1" 0 2097152 /tmp/cipher
ok 'mapping goes' dmsetup remove late

ok 'modules go' modprobe -r dm-ksm
ok 'the late cipher goes, nothing holds it' modprobe -r ksm_async_xts
