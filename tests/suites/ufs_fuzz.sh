# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Random contents of the registers that describe a UFS host's engine: it is used rightly or
# refused with a reason. No plaintext reaches the medium, and nothing else is touched.
# 24 hosts, or 240 with KSM_DEEP=1, from another seed each time; KSM_FUZZ_SEED=N does the same again. Then random bytes in the
# descriptors that the device shows, for 8 hosts, or 80.
# vm: mem=640 disks=16M ufs=8/16M,8m/16M timeout=300 check=7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh

seed=${KSM_FUZZ_SEED:-20261127}
rounds=24
if [ -n "${KSM_DEEP:-}" ]; then
	rounds=240
	seed=${KSM_FUZZ_SEED:-$((SRANDOM & 0x7fffffff))}
fi
diag "KSM_FUZZ_SEED=$seed"
TEXT='KSM-FUZZ: this sentence is plain text'

qmp_open || bail 'no monitor'
modprobe dm-ksm || bail 'dm-ksm does not load'
ok 'the kernel binds its own driver' ufs_load || bail 'no UFS'
at_exit ufs_end
ok 'ufs_shim loads' modprobe ufs_shim
for h in 0 1; do shim_ready $h 0 || bail "host $h has no keyslot manager"; done

# random: 32 bits into $R, by xorshift (Marsaglia), for bash has no generator of 32 bits
# that takes a seed.
R=$((seed % 0xffffffff + 1))
random() { R=$((R ^ (R << 13 & 0xffffffff))) R=$((R ^ R >> 17)) R=$((R ^ (R << 5 & 0xffffffff))); }

# near VALUE: sets VALUE to it but for up to two bits, or to anything now and then, for
# what is random altogether is hardly ever believed; as it is, with EXACT.
EXACT=''
near() {
	local bits
	if [ -n "$EXACT" ]; then
		VALUE=$1
		return
	fi
	random
	VALUE=$1 bits=$((R >> 3 & 3))
	if ((R & 7)); then
		for ((; bits > 1; bits--)); do
			random
			VALUE=$((VALUE ^ 1 << (R & 31)))
		done
	else
		random
		VALUE=$R
	fi
}

put() { dd if=/tmp/text of=/dev/mapper/m bs=16k oflag=direct status=none; }
no_text() { [ "$(ksm-io find "$1" 'KSM-FUZZ: this sentence' 5)" = 0 ]; }
by_crypt() {
	local rc
	drop_caches
	table_of crypt "$1" 4096
	dmsetup create c --readonly --table "$TABLE" || return 1
	cmp -n 65536 /tmp/text /dev/mapper/c
	rc=$?
	unmap c
	return $rc
}

declare -A refusals=()
used=0 hardware=0
# try HOST N: with random registers, or with EXACT those of the model.
try() {
	local h=$1 name="host $2" registers='' disk i refused
	# Not what the round before has left there.
	yes "$TEXT $2" | head -c 65536 >/tmp/text
	ok "$name: unbound" ufs_unbind "$h"
	near $((0x20000702))
	ufs_set "$h" x-ccap "$VALUE" || { fail "$name: x-ccap is set"; return; }
	registers=$(printf 'x-ccap=%#x' "$VALUE")
	for i in 0 1 2; do
		near $((0x00017f00 | (i & 1) << 17))
		ufs_set "$h" x-cryptocap$i "$VALUE" || { fail "$name: x-cryptocap$i is set"; return; }
		registers+=$(printf ' x-cryptocap%d=%#x' $i "$VALUE")
	done
	printf '| %s: %s\n' "$name" "$registers" >&3
	ufs_bind "$h"
	disk=$(ufs_disk "$h" 0) || { fail "$name: the disk is there ($registers)"; return; }
	refused=$(shim_stat "$h" refused)
	if [ -n "$refused" ]; then
		refusals[$refused]=$((${refusals[$refused]:-0} + 1))
	else
		used=$((used + 1))
		shim_ready "$h" 0
	fi
	round_trip "$disk"
	[ -z "$refused" ] || is "$name: in software" "$path" software
}

# round_trip DISK: for try and try_desc.
round_trip() {
	table_of ksm "$1" 4096 hw:auto
	ok "$name: a mapping" dmsetup create m --table "$TABLE" || { diag "$registers"; return; }
	path=$(dmsetup status m | cut -d' ' -f4)
	[ "$path" != hardware ] || hardware=$((hardware + 1))
	ok "$name: takes a write" put || diag "$registers"
	unmap m
	ok "$name: no plaintext" no_text "$1" || diag "$registers"
	ok "$name: dm-crypt reads it" by_crypt "$1" || diag "$registers"
}

for ((round = 0; round < rounds; round++)); do
	try $((round % 2)) "$round"
done
# After all that both are what they were: with registers that are right, hardware.
EXACT=1
for h in 0 1; do
	n=$hardware
	try $h "$((rounds + h))"
	is "host $((rounds + h)): in hardware, with the registers as they were" $((hardware - n)) 1
done
diag "$used believed, $hardware mappings in hardware"
for why in "${!refusals[@]}"; do diag "${refusals[$why]} times: $why"; done
ok 'some were refused' test ${#refusals[@]} -gt 0
ok 'and some believed' test $used -gt 0
for h in 0 1; do
	ufs_get $h crypto-inflight-changes
	is "host $h: no slot was changed while it was in use" "$VALUE" 0
	ufs_get $h crypto-enabled-accesses
	is "host $h: no key was written into an enabled slot" "$VALUE" 0
done

# Our modules read no descriptor, but get the disks that the kernel makes of them.
# desc: sets VALUE to a byte of one, not its length or kind: no driver goes on without those.
desc() {
	local kinds=(0x00 0x02 0x07 0x08)
	random
	VALUE=$((kinds[R >> 8 & 3] << 24 | (2 + (R >> 16) % 88) << 16 | (R & 0xff) << 8 | 1))
}
ufs_set 0 x-desc0 $((0x00055a01))
is 'descriptors: the kernel reads what is set' "$(cat "$(ufs_pci 0)"/device_descriptor/protocol)" 0x5A
disks=0 hardware=0
# try_desc HOST N
try_desc() {
	local h=$1 name="descriptors $2" registers='' disk i
	yes "$TEXT $2" | head -c 65536 >/tmp/text
	ok "$name: unbound" ufs_unbind "$h"
	for i in 0 1 2 3; do
		desc
		ufs_set "$h" x-desc$i "$VALUE" || { fail "$name: x-desc$i is set"; return; }
		registers+=$(printf ' x-desc%d=%#x' $i "$VALUE")
	done
	printf '| %s:%s\n' "$name" "$registers" >&3
	ufs_bind "$h"
	# The kernel may do without such a device.
	if disk=$(ufs_disk "$h" 0); then
		disks=$((disks + 1))
		ok "$name: the engine is found" shim_ready "$h" 0
		round_trip "$disk"
	else
		diag "$name: no disk"
	fi
}
for ((round = 0; round < rounds / 3; round++)); do
	try_desc $((round % 2)) "$round"
done
isnt 'descriptors: there were disks' $disks 0
is 'descriptors: all of them in hardware' $hardware $disks
for h in 0 1; do
	ok "descriptors: host $h: unbound" ufs_unbind $h
	for i in 0 1 2 3; do ufs_set $h x-desc$i 0 || fail "descriptors: host $h: x-desc$i is right again"; done
	ufs_bind $h
	ok "descriptors: host $h: with right ones the disk is there" ufs_disk $h 0
done
