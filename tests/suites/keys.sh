# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Where keys are: the guest has QEMU write its memory to a disk and searches it for keys that
# no process knows any more (ksm-secret). A key is to be found while it is in use, or the search
# could not find any, and nowhere after it was wiped, replaced, removed or refused.
# vm: mem=384 disks=64M,384M ufs=4/64M timeout=420
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

BYTES=$((384 << 20))
qmp_open || bail 'no monitor'
# The disk is known to the emulator by its file, which it does not mind writing.
qmp '{"execute":"query-block"}' || bail 'no list of disks'
IMAGE=$(grep -o '"filename": "[^"]*/disk001"' <<<"$QMP_REPLY" | head -n 1)
IMAGE=${IMAGE#*: \"}
IMAGE=${IMAGE%\"}
[ -n "$IMAGE" ] || bail 'the disk for the image is not known'

new() { ksm-secret new "/tmp/$1" "$1" "${2:-64}"; }
gone() { # KEY...: from the keyring
	local k
	for k; do keyctl invalidate "$(keyctl search @u logon "ksm:$k")" || return; done
}
search() { # KEY...: prints what was found, as ksm-secret
	qmp "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":$BYTES,\"filename\":\"$IMAGE\"}}" || return 2
	(cd /tmp && ksm-secret find "$DISK2" "$@" 2>/dev/null)
}
# What was freed is wiped a moment later: by RCU, by the collector of keyrings.
nowhere() { # KEY...
	local i out
	for i in 1 2 3 4; do
		out=$(search "$@") && return 0
		sleep 1
	done
	echo "$out"
	return 1
}
# somewhere KEY WHAT: raw or round
somewhere() {
	local out
	out=$(search "$1")
	echo "$out"
	[[ $out =~ \ $2\ [1-9] ]]
}
modprobe dm-ksm || bail 'dm-ksm does not load'
key_of() { KEY=":${2:-64}:logon:ksm:$1"; } # NAME [BYTES]
begin() { diag "$1 ($SECONDS s)"; }

begin 'control'
new a
ok 'a key in a keyring is found' somewhere a raw
gone a
ok 'and nowhere when that has forgotten it' nowhere a

# with WHAT: one kind of engine of crypto_fallback, as it is loaded.
with() {
	begin "$1"
	new a && new b && new c && new d || fail "$1: keys"
	key_of a
	ok "$1: map" map ksm m "$DISK1" 4096
	USED=$(engine_of)
	gone a
	ok "$1: a key in use is found" somewhere a round
	ok "$1: I/O" verify io /dev/mapper/m --size=4M
	dmsetup suspend m
	ok "$1: wipe" dmsetup message m 0 key wipe
	ok "$1: nowhere after a wipe" nowhere a
	ok "$1: set b" dmsetup message m 0 key set :64:logon:ksm:b
	ok "$1: set c" dmsetup message m 0 key set :64:logon:ksm:c
	dmsetup resume m
	gone b c
	ok "$1: I/O" verify io /dev/mapper/m --size=4M
	ok "$1: a key that was replaced is nowhere" nowhere b
	ok "$1: the one in its place is" somewhere c round
	key_of d
	table_of ksm "$DISK1" 4096
	ok "$1: load a table with another key" dmsetup load m --table "$TABLE"
	ok "$1: and clear it" dmsetup clear m
	gone d
	ok "$1: nowhere is that" nowhere d
	ok "$1: unmap" unmap m
	ok "$1: nowhere after removal" nowhere a b c d
}
# engine_of: the cipher of the mapping m.
engine_of() { dmsetup status m | cut -d' ' -f5; }
with 'engine=auto'
for engine in skcipher library; do
	modprobe -r dm-ksm && modprobe -r crypto_fallback
	modprobe crypto_fallback engine=$engine && modprobe dm-ksm || { fail "engine=$engine: load"; continue; }
	key_of a
	new a
	# Which of them there are, the suite engines sees to.
	if map ksm m "$DISK1" 4096 2>/dev/null; then
		name=$(engine_of)
		unmap m
	else
		name=none
	fi
	gone a
	case $name in
	none | "$USED") diag "engine=$engine: $name, not another one" ;;
	*) with "engine=$engine" ;;
	esac
done
modprobe -r dm-ksm && modprobe -r crypto_fallback && modprobe dm-ksm || fail 'load as by default'

begin 'refused'
new a && new b && new c && new d && new e 32 && new f && new g || fail 'keys'
sectors "$DISK1"
refused() { # WHAT KEY TABLE
	nok "$1" dmsetup create r --table "0 $SECTORS ksm aes-xts-plain64 :64:logon:ksm:$2 $3"
}
refused 'no such device' a '0 /dev/none 0'
refused 'no such option' b "0 $DISK1 0 1 nonsense"
refused 'hardware where there is none' c "0 $DISK1 0 1 hw:require"
refused 'beyond the end' d "0 $DISK1 8"
nok 'a mode that there is not' dmsetup create r --table "0 $SECTORS ksm aes-lrw-plain64 :64:logon:ksm:f 0 $DISK1 0"
key_of g
ok 'map' map ksm m "$DISK1" 4096
dmsetup suspend m
nok 'a key of another size' dmsetup message m 0 key set :32:logon:ksm:e
nok 'a key whose size is another' dmsetup message m 0 key set :64:logon:ksm:e
dmsetup resume m
gone a b c d e f g
ok 'they are nowhere' nowhere a b c d e f
ok 'unmap' unmap m
ok 'nor is the one that was good' nowhere g

# The old key stays in the engine, that is in this memory; the new one must not stay anywhere.
begin 'an engine that does not forget'
ok 'the engine' sim slots=4 modes=AES-256-XTS size=16
new a && new b || fail 'keys'
key_of a
ok 'map' map ksm m /dev/ksmsim0 4096 hw:require
dmsetup suspend m
knob 0 refuse_evict 1
nok 'another key is refused' dmsetup message m 0 key set :64:logon:ksm:b
gone a b
ok 'and is nowhere' nowhere b
knob 0 refuse_evict 0
ok 'unmap' unmap m
modprobe -r ksm_sim

begin 'hardware'
ok 'the kernel binds its own driver' ufs_load || bail 'no UFS'
at_exit ufs_end
ok 'the shim' modprobe ufs_shim
ok 'uses the host' shim_ready 0 0 || bail 'no engine'
U=$(ufs_disk 0 0)
new a && new b && new c && new d && new e && new f || fail 'keys'
key_of a
ok 'map' map ksm m "$U" 4096 hw:require
gone a
ok 'a key in use is found' somewhere a raw
ok 'I/O' verify io /dev/mapper/m --size=4M
dmsetup suspend m
ok 'wipe' dmsetup message m 0 key wipe
ok 'nowhere after a wipe' nowhere a
ok 'set b' dmsetup message m 0 key set :64:logon:ksm:b
ok 'set c' dmsetup message m 0 key set :64:logon:ksm:c
dmsetup resume m
gone b c
ok 'I/O' verify io /dev/mapper/m --size=4M
ok 'a key that was replaced is nowhere' nowhere b
# The engine loses its keys, and has them again: one more time out of memory.
ok 'a host reset' ufs_reset 0
ok 'I/O' verify io /dev/mapper/m --size=4M
ok 'unmap' unmap m
ok 'nowhere after removal' nowhere a b c
ok 'an engine that encrypts wrongly' ufs_set 0 crypto-wrong-dun 1
key_of d
nok 'is refused' map ksm r "$U" 4096 hw:require
ok 'unset' ufs_set 0 crypto-wrong-dun 0
for slot in 0 1 2; do ufs_set 0 crypto-fault-slot $slot && key_of e && map ksm r "$U" 4096 hw:require 2>/dev/null && unmap r; done
ok 'all slots take keys again' ufs_set 0 crypto-fault-slot -1
key_of f
ok 'map' map ksm m "$U" 4096 hw:require
gone d e f
ok 'the host is unbound under it' ufs_unbind 0
nok 'no I/O' dd if=/dev/mapper/m of=/dev/null bs=4k count=1 iflag=direct status=none
ok 'unmap' unmap m
ok 'nowhere are all of them' nowhere d e f
