# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Engines below stacked devices: ksm-linear passes contexts and evictions on,
# has what all devices below have in common, and keeps what is in use.
# vm: mem=768 disks=64M timeout=420 check=7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
at_exit modprobe -r ksm_sim
dm=/dev/mapper
ksm-ref pattern --seed 5 --bytes 2097152 >/tmp/pat
mib=2048 # sectors

# lin NAME LINE...: a ksm-linear device, "LENGTH DEVICE START" per segment.
lin_table() {
	local at=0 len dev start line
	TABLE=
	for line; do
		read -r len dev start <<<"$line"
		TABLE+="$at $len ksm-linear $dev $start"$'\n'
		at=$((at + len))
	done
}
lin() {
	local name=$1
	shift
	lin_table "$@"
	dmsetup create "$name" --table "$TABLE"
}
reload() {
	local name=$1
	shift
	lin_table "$@"
	dmsetup load "$name" --table "$TABLE"
}
turn() { dmsetup suspend "$@" && dmsetup resume "${!#}"; }
path_of() { dmsetup status "$1" | awk '{ print $4 }'; }
why_of() { dmsetup status "$1" | sed -n 's/.* hw:\([^ ]*\).*/\1/p'; }
caps() { cat "$KSM/$(dm_name "$1")/caps"; }
# patterned DEV SECTOR: write the pattern through DEV.
patterned() { dd if=/tmp/pat of="$1" bs=512k seek=$(($2 * 512)) oflag=direct,seek_bytes status=none; }
# raw_at PLAIN RAW SECTOR BYTES: RAW has there what begins at sector 0 of the mapping.
raw_at() {
	head -c "$4" "$1" | ksm-ref encrypt --cipher $CIPHER --key "$KEY1" --sector-size 4096 --iv-large-sectors \
		--start-sector 0 >/tmp/ref &&
		dd if="$2" bs=64k skip=$(($3 * 512)) count="$4" iflag=direct,skip_bytes,count_bytes status=none | cmp - /tmp/ref
}

# ---- one level ----
ok 'two engines' sim devices=2 slots=2,3 size=64,64 || bail 'no engine'
ok 'a linear device on both' lin l "$((16 * mib)) /dev/ksmsim0 $((4 * mib))" "$((16 * mib)) /dev/ksmsim1 0" || bail 'no ksm-linear'
like 'its table is that of linear' "$(dmsetup table l)" '^0 32768 ksm-linear [0-9]+:[0-9]+ 8192'
like 'it has no slots' "$(caps l)" '^slots 0'
ok 'a mapping on it needs an engine' map ksm m $dm/l 4096 hw:require || bail 'no mapping'
is 'it uses it' "$(path_of m)" hardware
ok 'a pattern across the seam' patterned $dm/m $((15 * mib))
head -c 1048576 /tmp/pat >/tmp/pat1
tail -c 1048576 /tmp/pat >/tmp/pat2
# Sectors count in the mapping, not on the disks.
seam() {
	ksm-ref encrypt --cipher $CIPHER --key "$KEY1" --sector-size 4096 --iv-large-sectors \
		--start-sector $((15 * mib)) </tmp/pat >/tmp/ref || return 1
	cmp -n 1048576 /tmp/ref <(dd if=/dev/ksmsim0 bs=1M skip=19 count=1 iflag=direct status=none) &&
		cmp -i 1048576:0 -n 1048576 /tmp/ref <(dd if=/dev/ksmsim1 bs=1M count=1 iflag=direct status=none)
}
ok 'ciphertext on both disks' seam
ok 'fio verify across the seam' verify seam $dm/m --rw=randrw --offset=12M --size=8M --bsrange=4k-1M
# Buffered, so that small bios have to be merged.
ok 'buffered fio verify across the seam' verify seambuf $dm/m --rw=randwrite --offset=12M --size=8M --bs=4k --direct=0 --end_fsync=1
is 'requests were not mixed' "$(sim_stat 0 mixed) $(sim_stat 1 mixed)" '0 0'
is 'nothing was lost' "$(status_of m hw_lost)" 0
is 'both engines have the key' "$(programmed 0) $(programmed 1)" '1 1'
unmap m
is 'neither has it when the mapping has gone' "$(programmed 0) $(programmed 1)" '0 0'
ok 'mapped again' map ksm m $dm/l 4096 hw:require
ok 'used again' verify again $dm/m --rw=randrw --size=32M --offset=0 --io_size=4M --bs=64k
ok 'suspend' dmsetup suspend m
ok 'key wipe' dmsetup message m 0 key wipe
is 'evicts it from both' "$(programmed 0) $(programmed 1)" '0 0'
ok 'key set' dmsetup message m 0 key set "$KEY1"
ok 'resume' dmsetup resume m
knob 1 refuse_evict 1
unmap m
is 'an eviction that one refuses reaches the other' "$(programmed 0)" 0
knob 1 refuse_evict 0
dmesg | grep -q 'evicting' && pass 'and is in the log' || fail 'and is in the log'

# ---- the same by others ----
map ksm m $dm/l 4096 hw:require
ok 'a pattern across the seam again' patterned $dm/m $((15 * mib))
unmap m
KEY=$KEY1 ok 'dm-crypt on the linear device' map crypt c $dm/l 4096
ok 'dm-crypt reads what the engines wrote' cmp <(dd if=$dm/c bs=1M skip=15 count=2 iflag=direct status=none) /tmp/pat
unmap c
ok 'without an engine' map ksm m $dm/l 4096 hw:off
ok 'so does the software path' cmp <(dd if=$dm/m bs=1M skip=15 count=2 iflag=direct status=none) /tmp/pat
unmap m

# ---- an engine that takes the key no more, and another engine ----
as_written() { cmp <(dd if=$dm/m bs=1M skip=15 count=2 iflag=direct status=none) /tmp/pat; }
ok 'with an engine if it can be' map ksm m $dm/l 4096 hw:auto
is 'it can' "$(path_of m)" hardware
knob 0 refuse_program 0xff
knob 0 forget 1
nok 'it takes no key after a reset: what is under way fails' dd if=$dm/m of=/dev/null bs=4k count=1 iflag=direct status=none
like 'with an I/O error' "$OUT" 'Input/output error'
is 'and the mapping goes on in software' "$(path_of m) $(why_of m)" 'software cannot-be-programmed'
ok 'which has the data' as_written
knob 0 refuse_program 0
ok 'suspended and resumed' turn m
is 'it uses the engine again' "$(path_of m)" hardware
ok 'which has the data, too' as_written
ok 'suspended' dmsetup suspend m
knob 1 wrong_key 1
ok 'another engine comes below it' eval 'reload l "$((16 * mib)) /dev/ksmsim1 $((16 * mib))" "$((16 * mib)) /dev/ksmsim1 0" && turn l'
ok 'resumed' dmsetup resume m
is 'the engine was looked at first' "$(path_of m) $(why_of m)" 'software wrong-data'
knob 1 wrong_key 0
ok 'suspended and resumed, with a good engine' turn m
is 'which is used' "$(path_of m)" hardware
unmap m
ok 'the devices from before' eval 'reload l "$((16 * mib)) /dev/ksmsim0 $((4 * mib))" "$((16 * mib)) /dev/ksmsim1 0" && turn l'

# ---- reloading ----
busy() {
	rm -f /tmp/fio.busy
	fio --name=busy --filename=$dm/m --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-128k --iodepth=8 \
		--offset=2M --size=8M --verify=crc32c --verify_fatal=1 --verify_backlog=128 --time_based --runtime=3600 \
		--thread >/tmp/fio.busy 2>&1 &
	FIO=$!
	progress
}
progress() {
	local n i
	n=$(status_of m hw_bios)
	for ((i = 0; i < 600; i++)); do
		[ "$(status_of m hw_bios)" -le $((n + 20)) ] || return 0
		kill -0 $FIO 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
quiet_end() {
	local rc=0
	kill -INT $FIO
	wait $FIO || rc=$?
	! grep -q -i -E 'verify: bad|verify failed|Input/output|error=[1-9]|err= *[1-9]' /tmp/fio.busy || { cat /tmp/fio.busy; return 1; }
	[ $rc = 0 ] || [ $rc = 128 ] || { cat /tmp/fio.busy; return 1; }
}
l1="$((16 * mib)) /dev/ksmsim0 $((4 * mib))" l2="$((16 * mib)) /dev/ksmsim1 0"
ok 'a mapping' map ksm m $dm/l 4096 hw:require
ok 'fio is busy on it' busy
storm() {
	local i
	for ((i = 0; i < 20; i++)); do
		if [ $((i % 3)) = 0 ]; then
			reload l "$l1" "$l2" || return 1
		fi
		if [ $((i % 2)) = 0 ]; then turn l || return 1; else turn --noflush l || return 1; fi
		if [ $((i % 4)) = 1 ]; then turn m || return 1; fi
	done
}
ok 'the linear device is suspended, reloaded and resumed under it' storm
ok 'it goes on' progress
# Moves the first segment elsewhere while nobody does I/O: the slot must not keep the key.
ok 'fio ends without an error' quiet_end
is 'in hardware all the time' "$(path_of m) $(status_of m hw_lost)" 'hardware 0'
nok 'another target is not taken in its place' dmsetup load l --table "0 $((32 * mib)) linear /dev/ksmsim0 0"
like 'device mapper says why' "$(dmesg | tail -n 5)" 'immutable'
nok 'nor beside it' dmsetup load l --table "0 2048 ksm-linear /dev/ksmsim0 0
2048 2048 linear /dev/ksmsim0 2048"
dmesg -C
nok 'a table with a disk that has no engine is refused' reload l "$l1" "$((16 * mib)) $DISK1 0"
like 'with the reason' "$(dmesg)" 'cannot do what mappings above use'
nok 'a seam inside a data unit too' reload l "$((16 * mib - 1)) /dev/ksmsim0 $((4 * mib))" "$((16 * mib + 1)) /dev/ksmsim1 0"
ok 'the one there goes on' verify after $dm/m --rw=randrw --size=4M --bs=16k
unmap m
ok 'with nobody above it is taken' reload l "$l1" "$((16 * mib)) $DISK1 0"
ok 'and resumed' turn l
unlike 'the device can do nothing now' "$(caps l)" XTS
nok 'hw:require is refused' map ksm m $dm/l 4096 hw:require
ok 'hw:auto works in software' map ksm m $dm/l 4096
is 'and says why' "$(path_of m) $(why_of m)" 'software engine-cannot'
ok 'fio verify' verify soft $dm/m --rw=randrw --size=32M --io_size=4M --bs=64k
unmap m
ok 'back to the engines' reload l "$l1" "$l2"
turn l
# Who may have come since a table was loaded is seen when it is resumed.
ok 'a table with that disk, which nobody minds yet' reload l "$l1" "$((16 * mib)) $DISK1 0"
ok 'a mapping that needs the engines comes' map ksm m $dm/l 4096 hw:require
ok 'it is written' patterned $dm/m 0
dmesg -C
nok 'now the table is not resumed' turn l
like 'with the reason' "$(dmesg)" 'ksm-linear: .*: not resumed: devices below cannot do what mappings above use'
nok 'and not a second time' dmsetup resume l
ok 'the engines again' reload l "$l1" "$l2"
ok 'are resumed' dmsetup resume l
ok 'the mapping goes on' verify minded $dm/m --rw=randrw --offset=4M --size=28M --io_size=4M --bs=64k
ok 'and has what was written' cmp -n 2097152 /tmp/pat $dm/m
is 'in hardware' "$(path_of m) $(status_of m hw_lost)" 'hardware 0'
unmap m

# ---- a bio never waits in a suspended device for a table that knows no contexts ----
ok 'a mapping that may use software' map ksm m $dm/l 4096
ok 'something to write' patterned $dm/m 0
ok 'the device below is suspended' dmsetup suspend l
dd if=/tmp/pat of=$dm/m bs=64k count=8 oflag=direct status=none 2>/tmp/dd.err &
writer=$!
waits() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(awk '{ print $1 + $2 }' "/sys/block/$(dm_name m)/inflight")" = 0 ] || return 0
		sleep 0.05
	done
	return 1
}
ok 'a write waits' waits
# "error" among the targets is what device mapper lets pass.
ok 'a table of others that has an error target' dmsetup load l --table "0 $((31 * mib)) linear /dev/ksmsim0 $((4 * mib))
$((31 * mib)) $mib error"
ok 'is resumed' dmsetup resume l
wait $writer
diag "dd: $? $(cat /tmp/dd.err)"
is 'the mapping goes on in software' "$(path_of m) $(why_of m)" 'software engine-has-gone'
ok 'what waited was encrypted' raw_at /tmp/pat /dev/ksmsim0 $((4 * mib)) 524288
unmap m l

# ---- several levels, engines that differ ----
ok 'engines that differ' sim devices=3 slots=1,2,0 modes=AES-256-XTS+AES-128-XTS,AES-256-XTS+Adiantum,all units=4608,7680,7680 dun_bytes=4,8,8
ok 'three segments on three engines' lin l1 "$((8 * mib)) /dev/ksmsim0 0" "$((8 * mib)) /dev/ksmsim1 0" "$((8 * mib)) /dev/ksmsim2 0"
is 'what they have in common' "$(caps l1 | tr '\n' ' ')" 'slots 0 dun_bytes 4 AES-256-XTS 4608 '
ok 'a second level, turned around' lin l2 "$((12 * mib)) $dm/l1 $((12 * mib))" "$((12 * mib)) $dm/l1 0"
is 'has the same' "$(caps l2 | tr '\n' ' ')" 'slots 0 dun_bytes 4 AES-256-XTS 4608 '
ok 'a mapping on top' map ksm m $dm/l2 4096 hw:require
is 'uses the engines' "$(path_of m)" hardware
ok 'fio verify over everything' verify nested $dm/m --rw=randrw --size=24M --io_size=16M --bsrange=4k-1M
ok 'buffered' verify nestedbuf $dm/m --rw=randwrite --size=24M --io_size=8M --bs=4k --direct=0 --end_fsync=1
is 'no request was mixed' "$(sim_stat 0 mixed) $(sim_stat 1 mixed) $(sim_stat 2 mixed)" '0 0 0'
ok 'a pattern over a seam of the second level' patterned $dm/m $((11 * mib))
is 'the key is in two engines' "$(programmed 0) $(programmed 1)" '1 1'
ok 'the second level moves away from the first' reload l2 "$((24 * mib)) /dev/ksmsim2 $((8 * mib))"
ok 'which stays' turn l2
is 'no key is left there, where no eviction would reach it' "$(programmed 0) $(programmed 1)" '0 0'
ok 'it works where it is' verify moved $dm/m --rw=randrw --size=8M --io_size=2M --bs=16k
ok 'it moves back' reload l2 "$((12 * mib)) $dm/l1 $((12 * mib))" "$((12 * mib)) $dm/l1 0"
ok 'and goes on' turn l2
ok 'with what was written there' cmp <(dd if=$dm/m bs=1M skip=11 count=2 iflag=direct status=none) /tmp/pat
unmap m
is 'no key is left' "$(programmed 0) $(programmed 1)" '0 0'
KEY=$KEY1 ok 'dm-crypt on top of the same' map crypt c $dm/l2 4096
ok 'reads it' cmp <(dd if=$dm/c bs=1M skip=11 count=2 iflag=direct status=none) /tmp/pat
unmap c
nok 'a size that one engine lacks' map ksm m $dm/l2 1024 hw:require
nok 'a data unit number that one cannot count to' dmsetup create m --table "0 2048 ksm $CIPHER $KEY1 17179869184 $dm/l2 0 2 hw:require sector_size:512"
CIPHER='capi:adiantum(xchacha12,aes)-plain64' KEY=${KEY1:0:64} nok 'a mode that one lacks' map ksm m $dm/l2 4096 hw:require
CIPHER='capi:adiantum(xchacha12,aes)-plain64' KEY=${KEY1:0:64} ok 'is there in software' map ksm m $dm/l2 4096
unmap m

# ---- more mappings than slots, through one device ----
many() {
	local i
	for i in 0 1 2 3 4 5; do
		dmsetup create "k$i" --table "0 $((4 * mib)) ksm $CIPHER $(new_key) 0 $dm/l2 $((i * 4 * mib)) 3 sector_size:4096 iv_large_sectors hw:require" || return 1
	done
}
ok 'six mappings over one and two slots' many
all_verify() {
	local i pids='' rc=0
	for i in 0 1 2 3 4 5; do
		verify "k$i" "$dm/k$i" --rw=randrw --size=2M --bsrange=4k-64k --iodepth=8 &
		pids+=" $!"
	done
	for i in $pids; do wait "$i" || rc=1; done
	return $rc
}
resets() {
	local pid
	while sleep 0.1; do for i in 0 1; do knob $i forget 1; done; done 2>/dev/null &
	pid=$!
	all_verify
	set -- $?
	kill $pid
	wait $pid
	return "$1"
}
ok 'fio verify on all at once' all_verify
# One has the only slot of its engine all the time, when another comes.
waited() {
	local rc=0 before
	before=$(ksm_stat ksmsim0 waits)
	fio --name=busy --filename=$dm/k3 --ioengine=libaio --direct=1 --rw=randread --bs=4k --iodepth=8 --size=2M \
		--time_based --runtime=3600 --thread >/dev/null 2>&1 </dev/null &
	set -- $!
	soon holds_slot || rc=1
	verify k4 $dm/k4 --rw=randrw --size=512k --bsrange=4k-64k --iodepth=8 || rc=1
	kill -INT "$1"
	wait "$1"
	[ $rc = 0 ] && [ "$(ksm_stat ksmsim0 waits)" -gt "$before" ]
}
holds_slot() { [ "$(programmed 0)" = 1 ] && [ "$(sim_stat 0 requests)" -gt "$requests" ]; }
requests=$(sim_stat 0 requests)
knob 0 delay_us 20000
ok 'one has to wait for the other' waited
knob 0 delay_us 0
ok 'again, with the engines reset all the time' resets
unmap k0 k1 k2 k3 k4 k5
is 'all keys are gone' "$(programmed 0) $(programmed 1)" '0 0'

# ---- too many levels, and tables that form a loop ----
unmap l2 l1
tower() {
	local i
	dmsetup create t0 --table "0 $mib ksm-linear /dev/ksmsim2 0" || return 1
	for ((i = 1; i < 12; i++)); do
		dmsetup create t$i --table "0 $mib ksm-linear $dm/t$((i - 1)) 0" || return 1
	done
}
ok 'twelve levels' tower
like 'the eighth passes encryption on' "$(caps t7)" XTS
unlike 'the ninth does not' "$(caps t8)" XTS
ok 'a mapping on the eighth uses the engine' map ksm m $dm/t7 4096 hw:require
ok 'fio verify' verify tower $dm/m --rw=randrw --size=1M --bs=16k
unmap m
ok 'a mapping on the last one works in software' map ksm m $dm/t11 4096
is 'and says why' "$(path_of m) $(why_of m)" 'software engine-cannot'
ok 'fio verify' verify tower $dm/m --rw=randrw --size=1M --bs=16k
unmap m t11 t10 t9 t8 t7 t6 t5 t4 t3 t2
# A level that is put in below counts for all that are above.
ok 'another device' dmsetup create u --table "0 $mib ksm-linear /dev/ksmsim2 0"
ok 'the lowest level now is on it' dmsetup load t0 --table "0 $mib ksm-linear $dm/u 0"
turn t0
like 'the third passes encryption on' "$(caps t1)" XTS
for i in 2 3 4 5 6 7; do dmsetup create t$i --table "0 $mib ksm-linear $dm/t$((i - 1)) 0"; done
like 'the eighth does' "$(caps t6)" XTS
unlike 'the ninth does not' "$(caps t7)" XTS
ok 'a mapping on the eighth uses the engine' map ksm m $dm/t6 4096 hw:require
ok 'fio verify' verify tower $dm/m --rw=randrw --size=1M --bs=16k
unmap m t7 t6 t5 t4 t3 t2
# Whatever device mapper makes of it, we do not run in circles.
dmsetup load t0 --table "0 $mib ksm-linear $dm/t1 0" 2>/dev/null
pass 'a loop is survived'
dmsetup clear t0
unmap t1 t0 u

# ---- read-only, vanishing ----
blockdev --setro /dev/ksmsim1
ok 'a read-only table on a read-only device' dmsetup create l --readonly --table "0 $((8 * mib)) ksm-linear /dev/ksmsim1 0"
ok 'a read-only mapping on it' dmsetup create m --readonly --table "0 $((8 * mib)) ksm $CIPHER $KEY1 0 $dm/l 0 3 sector_size:4096 iv_large_sectors hw:require"
is 'uses the engine' "$(path_of m)" hardware
ok 'to read' dd if=$dm/m of=/dev/null bs=1M count=4 iflag=direct status=none
nok 'not to write' dd if=/tmp/pat of=$dm/m bs=4k count=1 oflag=direct status=none
unmap m l
blockdev --setrw /dev/ksmsim1
ok 'two engines below' lin l "$((8 * mib)) /dev/ksmsim0 0" "$((8 * mib)) /dev/ksmsim1 0"
ok 'a mapping' map ksm m $dm/l 4096 hw:require
fio --name=gone --filename=$dm/m --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=8 --time_based \
	--runtime=3600 --continue_on_error=all --thread >/tmp/fio.gone 2>&1 &
FIO=$!
ok 'busy' progress
ok 'one of the engines vanishes' knob 1 vanish 1
gone() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ -e /sys/block/ksmsim1 ] || return 0
		sleep 0.05
	done
	return 1
}
ok 'its disk goes' gone
kill -INT $FIO
wait $FIO
nok 'I/O to it fails' dd if=$dm/m of=/dev/null bs=4k skip=2048 count=1 iflag=direct status=none
unmap m l
is 'no key is left in the other' "$(programmed 0)" 0
