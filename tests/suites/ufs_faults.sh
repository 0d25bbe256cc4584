# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# UFS engines that fail, and registers that lie. Whatever happens: no plaintext on
# the medium, and no wrong data as long as the engine itself is not wrong.
# vm: mem=768 disks=16M ufs=8/64M,8m/64M timeout=300 check=6.12
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh

TEXT='KSM-FAULT: this sentence is plain text'
qmp_open || bail 'no monitor'
modprobe dm-ksm || bail 'dm-ksm does not load'
ok 'the kernel binds its own driver' ufs_load || bail 'no UFS'
at_exit ufs_end
ok 'ufs_shim loads' modprobe ufs_shim
shim_ready 0 0 && shim_ready 1 0 || bail 'no keyslot manager'
MCQ=0
[ "$(shim_stat 1 mode)" = doorbell ] || MCQ=1
yes "$TEXT" | head -c 1048576 >/tmp/text
head -c 1048576 /dev/urandom >/tmp/before

hw() { table_of ksm "$2" 4096 hw:"$3" && dmsetup create "$1" --table "$TABLE"; }
path() { dmsetup status "$1" | cut -d' ' -f4; }
why() { dmsetup status "$1" | sed -n 's/.* hw:\([^ ]*\).*/\1/p'; }
put() { dd if="$1" of="$2" bs="${3:-64k}" oflag=direct conv=notrunc status=none; }
get() { dd if="$1" bs="${2:-64k}" iflag=direct,count_bytes count=1048576 status=none; }
# What comes of it is no text for the log.
reads() { get "$1" >/dev/null; }
no_text() { [ "$(ksm-io find "$1" 'KSM-FAULT: this sentence' 5)" = 0 ]; }
# by_crypt FILE DISK: does dm-crypt read FILE there?
by_crypt() {
	local rc
	drop_caches
	table_of crypt "$2" 4096
	dmsetup create c --readonly --table "$TABLE" || return 1
	cmp -n 1048576 "$1" /dev/mapper/c
	rc=$?
	unmap c
	return $rc
}

faults() { # HOST DISK NAME
	local h=$1 d=$2 n=$3

	# -- wrong from the start: the verification when the mapping is made --
	for fault in crypto-wrong-dun crypto-wrong-key crypto-skip crypto-general-error crypto-lose-every; do
		ok "$n, $fault always: set" ufs_set "$h" $fault 1
		nok "$n, $fault always: hw:require refuses" hw m "$d" require
		unmap m 2>/dev/null
		ok "$n, $fault always: hw:auto" hw m "$d" auto
		is "$n, $fault always: takes software" "$(path m)" software
		diag "because of $(why m)"
		ok "$n, $fault always: which works" put /tmp/before /dev/mapper/m
		unmap m
		ok "$n, $fault always: unset" ufs_set "$h" $fault 0
		ok "$n, $fault always: the data is right" by_crypt /tmp/before "$d"
	done

	# -- a slot that takes no keys --
	ok "$n, bad slot: set" ufs_set "$h" crypto-fault-slot 0
	ok "$n, bad slot: hw:auto" hw m "$d" auto
	diag "path $(path m), $(why m)"
	ok "$n, bad slot: writes" put /tmp/text /dev/mapper/m
	unmap m
	ok "$n, bad slot: no plaintext" no_text "$d"
	ok "$n, bad slot: the data is right" by_crypt /tmp/text "$d"
	ok "$n, bad slot: unset" ufs_set "$h" crypto-fault-slot -1

	# -- keys that get lost --
	ok "$n, lost keys: a mapping" hw m "$d" require || return
	ok "$n, lost keys: written" put /tmp/before /dev/mapper/m
	ok "$n, lost keys: lose them" ufs_set "$h" crypto-lose-keys true
	nok "$n, lost keys: writing is an error" put /tmp/text /dev/mapper/m
	nok "$n, lost keys: reading is an error" reads /dev/mapper/m
	ok "$n, lost keys: no plaintext" no_text "$d"
	ok "$n, lost keys: nothing was changed" by_crypt_under "$d"
	ok "$n, lost keys: a reset" ufs_reset "$h"
	again_in_hardware "$n, lost keys" "$d"

	# -- faults now and then --
	for fault in crypto-general-error crypto-lose-every; do
		ok "$n, $fault now and then: a mapping" hw m "$d" require
		ufs_set "$h" $fault 5
		for ((i = 0; i < 4; i++)); do put /tmp/text /dev/mapper/m 4k 2>/dev/null || true; done
		get /dev/mapper/m 4k 2>/dev/null | tr -d '\0' >/tmp/got || true
		ufs_get "$h" crypto-faults
		[ "$VALUE" -gt 0 ] || fail "$n, $fault now and then: it happened"
		ok "$n, $fault now and then: unset" ufs_set "$h" $fault 0
		ok "$n, $fault now and then: no plaintext" no_text "$d"
		ok "$n, $fault now and then: what was read is right" cmp -n "$(stat -c %s /tmp/got)" /tmp/got /tmp/text
		ok "$n, $fault now and then: a reset" ufs_reset "$h"
		again_in_hardware "$n, $fault now and then" "$d"
	done
	# Nobody can tell: but it is not plaintext.
	for fault in crypto-wrong-dun crypto-wrong-key; do
		ok "$n, $fault now and then: a mapping" hw m "$d" require
		ufs_set "$h" $fault 3
		put /tmp/text /dev/mapper/m 4k 2>/dev/null || true
		ufs_set "$h" $fault 0
		unmap m
		ok "$n, $fault now and then: no plaintext" no_text "$d"
	done

	# -- slow --
	ok "$n, slow: a mapping" hw m "$d" require
	ufs_set "$h" crypto-delay-us 20000
	ok "$n, slow: verify" verify slow /dev/mapper/m --size=1M --bs=64k
	put /tmp/before /dev/mapper/m 4k 2>/dev/null 3>&- 9>&- &
	pid=$!
	ok "$n, slow: a reset while it works" ufs_reset "$h"
	wait $pid
	ufs_set "$h" crypto-delay-us 0
	again_in_hardware "$n, slow" "$d"

	# -- an engine that stays off after a reset, and lets everything pass --
	ok "$n, engine off: a mapping" hw m "$d" require
	ok "$n, engine off: written" put /tmp/before /dev/mapper/m
	ufs_set "$h" crypto-stuck-off 1
	ok "$n, engine off: a reset" ufs_reset "$h"
	is "$n, engine off: it is" "$(shim_stat "$h" engine)" off
	ufs_get "$h" crypto-plain-requests
	plain=$VALUE
	nok "$n, engine off: writing is an error" put /tmp/text /dev/mapper/m
	nok "$n, engine off: reading is an error" reads /dev/mapper/m
	ufs_get "$h" crypto-plain-requests
	is "$n, engine off: nothing got as far as the disk" "$VALUE" "$plain"
	like "$n, engine off: that was counted" "$(shim_stat "$h" unexplained)" '^[1-9]'
	ok "$n, engine off: no plaintext" no_text "$d"
	ok "$n, engine off: nothing was changed" by_crypt_under "$d"
	ufs_set "$h" crypto-stuck-off 0
	ok "$n, engine off: another reset" ufs_reset "$h"
	is "$n, engine off: it is on" "$(shim_stat "$h" engine)" on
	again_in_hardware "$n, engine off" "$d"

	ufs_get "$h" crypto-inflight-changes
	is "$n: no slot was changed while it was in use" "$VALUE" 0
	ufs_get "$h" crypto-enabled-accesses
	is "$n: no key was written into an enabled slot" "$VALUE" 0
}
# The mapping is not in use by others, so that dm-crypt may be put beside it.
by_crypt_under() { by_crypt /tmp/before "$1"; }
# After a fault the mapping m may have gone to software or stopped; loaded again it
# takes the hardware, which works.
again_in_hardware() {
	unmap m
	ok "$1: mapped again" hw m "$2" require
	is "$1: in hardware" "$(path m)" hardware
	ok "$1: writes" put /tmp/before /dev/mapper/m
	unmap m
	ok "$1: the data is right" by_crypt /tmp/before "$2"
}
faults 0 "$(ufs_disk 0 0)" doorbell
faults 1 "$(ufs_disk 1 0)" MCQ

# ---- registers that lie ----

# lie DESC REGISTER VALUE REASON [HOST]: at the next attach
lie() {
	local h=${5:-0} programs
	ok "$1: unbound" ufs_unbind "$h"
	ufs_get "$h" crypto-programs
	programs=$VALUE
	ok "$1: set" ufs_set "$h" "$2" $(($3))
	ufs_bind "$h"
	ufs_disk "$h" 0 >/dev/null
	like "$1: refused" "$(shim_stat "$h" refused)" "$4"
	ufs_get "$h" crypto-programs
	is "$1: nothing was programmed" "$VALUE" "$programs"
	table_of ksm "$(ufs_disk "$h" 0)" 4096 hw:auto
	ok "$1: a mapping" dmsetup create m --table "$TABLE"
	is "$1: in software" "$(path m)" software
	unmap m
}
lie 'an engine that stays off' crypto-stuck-off 1 'cannot be switched on'
ufs_set 0 crypto-stuck-off 0
# Where the model has the registers of queues, and what ufshcd sets up queues with.
if [ "$MCQ" = 1 ]; then
	lie 'slots over the queues' x-ccap 0x04000002 'over those of its queues' 1
	lie 'slots over what configures queues' x-ccap 0x03000002 'over those of its queues' 1
fi
lie 'slots beyond the end' x-ccap 0xff000702 'do not fit into its registers'
lie '256 slots near the end' x-ccap 0x3f00ff02 'do not fit into its registers'
lie 'slots over the standard registers' x-ccap 0x00000702 'over other registers'
lie 'slots over the list of algorithms' x-ccap 0x01000702 'over other registers'
lie 'no algorithms' x-ccap 0x20000700 'none of the algorithms'
ufs_set 0 x-cryptocap0 $((0x00047fff))
lie 'algorithms from nowhere' x-cryptocap1 0x00ff7f77 'none of the algorithms' # and x-ccap has none
ufs_unbind 0
