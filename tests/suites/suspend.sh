# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Suspending, resuming, replacing tables and keys while the mapping is busy.
# vm: mem=768 disks=64M timeout=240 check=6.12,7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m

# in_flight: bios that fio has under way at the mapping
in_flight() {
	local r w
	read -r r w <"/sys/block/$(dm_name m)/inflight"
	echo $((r + w))
}

# busy NAME: fio, verifying without end, in the background; sets FIO.
busy() {
	rm -f "/tmp/fio.$1"
	fio --name="$1" --filename=$m --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-256k \
		--iodepth=16 --size=32M --verify=crc32c --verify_fatal=1 --verify_backlog=256 \
		--time_based --runtime=3600 --thread >"/tmp/fio.$1" 2>&1 &
	FIO=$!
	progress busy
}

# progress DESC: wait until both reads and writes have gone through anew.
progress() {
	local r w i
	r=$(status_of m reads) w=$(status_of m writes)
	for ((i = 0; i < 600; i++)); do
		if [ "$(status_of m reads)" -gt "$r" ] && [ "$(status_of m writes)" -gt "$w" ]; then return 0; fi
		kill -0 "$FIO" 2>/dev/null || break
		sleep 0.05
	done
	return 1
}

# stop: end fio by its own doing; fails if it met an error.
stop() {
	local rc=0
	kill -INT "$FIO"
	wait "$FIO" || rc=$?
	# fio says 128 when it was interrupted; verify errors are in its words.
	! grep -q -i -E 'verify: bad|verify failed|Input/output|error=[1-9]|err= *[1-9]' /tmp/fio."$1" || { cat /tmp/fio."$1"; return 1; }
	[ $rc = 0 ] || [ $rc = 128 ] || { cat /tmp/fio."$1"; echo "fio: status $rc"; return 1; }
}

ok 'map' map ksm m "$DISK1" 4096 || bail 'no mapping'
ok 'fio is busy' busy cycles
cycles() {
	local i
	for ((i = 0; i < 30; i++)); do
		if [ $((i % 2)) = 0 ]; then dmsetup suspend m; else dmsetup suspend --noflush m; fi || return 1
		dmsetup resume m || return 1
	done
}
ok '30 times suspend and resume, half of them without flush' cycles
ok 'fio goes on after them' progress
is 'no bio failed' "$(status_of m errors)" 0

# ---- keys ----
ok 'suspend' dmsetup suspend m
ok 'nothing is in flight below' test "$(awk '{ print $1 + $2 }' "/sys/block/${DISK1##*/}/inflight")" = 0
dmesg -C
ok 'key wipe' dmsetup message m 0 key wipe
like 'the status says so' "$(dmsetup status m)" 'key:none'
nok 'resume without a key is refused' dmsetup resume m
like 'with a clear message' "$(dmesg)" 'ksm: .*no key'
w=$(status_of m writes)
nok 'a key of another size is refused' dmsetup message m 0 key set "${KEY1:0:64}"
like 'still no key' "$(dmsetup status m)" 'key:none'
is 'nothing was written meanwhile' "$(status_of m writes)" "$w"
ok 'key set' dmsetup message m 0 key set "$KEY1"
ok 'resume with the key' dmsetup resume m
ok 'fio goes on after the key was back' progress
nok 'key wipe without suspend is refused' dmsetup message m 0 key wipe
ok 'fio has found nothing wrong' stop cycles

# ---- the same table anew, as for hibernation ----
ok 'fio is busy again' busy reload
table_of ksm "$DISK1" 4096
reload() {
	local i
	for ((i = 0; i < 5; i++)); do
		dmsetup suspend m && dmsetup load m --table "$TABLE" && dmsetup resume m && progress || return 1
	done
}
ok 'five times suspend, load the same table, resume' reload
ok 'a frozen mapping stays quiet' dmsetup suspend m
stat1=$(<"/sys/block/${DISK1##*/}/stat")
# This is about time: nothing may happen in it.
sleep 1
is 'no I/O below while suspended' "$(cut -c1-60 <"/sys/block/${DISK1##*/}/stat")" "${stat1:0:60}"
ok 'resume' dmsetup resume m
ok 'fio goes on' progress
ok 'fio has found nothing wrong after reloads' stop reload

# What is on the disk is what dm-crypt reads there.
ksm-ref pattern --seed 3 --bytes 1048576 >/tmp/pat
ok 'a pattern' dd if=/tmp/pat of=$m bs=1M oflag=direct status=none
ok 'is right on the disk' raw_is /tmp/pat "$DISK1" 4096 1048576
ok 'unmap' unmap m

# ---- a key message that waits is nobody else's matter ----
# An engine that is being given a key, which takes seconds, forgets no other one meanwhile: who
# wipes a key in it waits.
SLOW=6
half() { echo "$1 8192 ksm $CIPHER $KEY1 0 $2 0 1 hw:${3:-auto}"; }
ok 'an engine' sim devices=2 size=8,8 slots=4,4
printf '%s\n' "$(half 0 "$DISK1" off)" "$(half 8192 /dev/ksmsim0 require)" >/tmp/table
ok 'map the disk and the engine as one' dmsetup create m /tmp/table
ok 'and the engine once more' dmsetup create n --table "$(half 0 /dev/ksmsim0 require)"
ok 'suspend' dmsetup suspend m
ok 'wipe the key of the first part' dmsetup message m 0 key wipe
ok 'suspend the other mapping' dmsetup suspend n
ok 'with another key' dmsetup message n 0 key set "$KEY2"
knob 0 program_delay_us $((SLOW * 1000000))
t=$SECONDS
dmsetup resume n &
slow=$!
sleep 0.5
dmsetup message m 8192 key wipe &
waits=$!
sleep 0.5
ok 'a key message waits for the engine' kill -0 $waits
dmsetup resume m &
refused=$!
sleep 0.5
ok 'and another mapping is made' timeout $SLOW dmsetup create o --table "$(half 0 /dev/ksmsim1 off)"
ok 'and removed' timeout $SLOW dmsetup remove o
ok 'while the message still waits' kill -0 $waits
knob 0 program_delay_us 0
wait $refused
isnt 'resuming was refused meanwhile' $? 0
wait $waits
is 'the message ends well' $? 0
wait $slow
is 'so does resuming the mapping that was slow' $? 0
diag "$((SECONDS - t)) s"
dmsetup remove m
dmsetup remove n
modprobe -r ksm_sim
