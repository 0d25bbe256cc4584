# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Where keys are: the guest has QEMU write its memory to a disk and searches it for keys that
# no process knows any more (ksm-secret). A key is to be found while it is in use, or the search
# could not find any, and nowhere after it was wiped, replaced, removed or refused. Each way of
# losing a key has a key of its own, so that one image judges many.
# vm: smp=4 mem=192 disks=32M,mem ufs=4/32M timeout=300 unguarded check=6.1,7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
# shellcheck source=tests/lib/guest/secret.sh
. /ksm/tests/lib/guest/secret.sh

begin() { diag "$1 ($SECONDS s)"; }

# What a processor has freed, it gives out again first. So each command for device mapper is run
# by another one than those before it, and all else by the first: what is looked for would often
# be overwritten otherwise, and not wiping it go unseen.
CPU=0
elsewhere() {
	CPU=$((CPU % 3 + 1))
	taskset -c $CPU "$@"
}
dmsetup() { elsewhere dmsetup "$@"; }
taskset -pc 0 $$ || bail 'not on the first processor'
image_ready "$DISK2" || bail 'no image of the memory'

head -c 1M /dev/urandom >/tmp/data
# use MAPPING: write and read.
use() {
	dd if=/tmp/data of="/dev/mapper/$1" bs=256k oflag=direct status=none &&
		dd if="/dev/mapper/$1" bs=64k count=16 iflag=direct status=none | cmp - /tmp/data
}

# ---- without any of our modules: what is left by this suite's own tools or the kernel ----

begin 'control'
new a b c d
key_of c
ok 'control: dm-crypt' map crypt m "$DISK1" 4096
ok 'control: I/O' use m
gone b c
ksm-secret hex /tmp/d >/tmp/digits
ok 'control: image' look a b c d
ok 'control: a key in a keyring is found' seen a raw
ok 'control: and nowhere when that has forgotten it' nowhere b
ok "control: a cipher's key is found" seen c round
ok 'control: digits are found' seen d hex
rm /tmp/digits
unmap m
gone a
# The search has made round keys of all of them by now.
ok 'control: image' look a b c
ok 'control: all are nowhere' nowhere a b c
gone d

# ---- in software ----

modprobe dm-ksm || bail 'dm-ksm does not load'
# engine_of: the cipher of the mapping m.
engine_of() { command dmsetup status m | cut -d' ' -f5; }

# changes WHAT DEV OPTION...: m has its key replaced, n has it wiped and stays so. The image is
# searched for the keys in $MORE, too.
MORE=''
changes() {
	local what=$1 dev=$2 k
	shift
	new a b c d e || fail "$what: keys"
	key_of a
	ok "$what: map" map ksm m "$dev" 4096 "${@:2}"
	USED=$(engine_of)
	key_of e
	ok "$what: map another" map ksm n "$dev" 4096 "${@:2}"
	ok "$what: I/O" use m
	ok "$what: I/O" use n
	dmsetup suspend m
	dmsetup suspend n
	ok "$what: wipe" dmsetup message n 0 key wipe
	for k in b c; do ok "$what: set $k" dmsetup message m 0 key set ":${KEY_SIZE:-64}:logon:ksm:$k"; done
	dmsetup resume m
	ok "$what: I/O" use m
	key_of d
	table_of ksm "$dev" 4096 "${@:2}"
	ok "$what: load a table with another key" dmsetup load m --table "$TABLE"
	ok "$what: and clear it" dmsetup clear m
	gone a b c d e
	ok "$what: image" look a b c d e $MORE
	ok "$what: a key in use is found" seen c "$KIND"
	ok "$what: a key that was wiped is nowhere" nowhere e
	ok "$what: nor are those that were replaced" nowhere a b
	ok "$what: nor is that of the table" nowhere d
}
# with WHAT [KIND]: one kind of engine of crypto_fallback, as it is loaded; what is found of a key in use.
with() {
	begin "$1"
	KIND=${2:-round} changes "$1" "$DISK1"
	ok "$1: unmap" unmap m n
	ok "$1: image" look a b c d e
	ok "$1: nowhere after removal" nowhere a b c d e
}
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
KEY_SIZE=32 with 'AES-128-XTS'
CIPHER=aes-cbc-essiv:sha256 KEY_SIZE=32 with 'AES-CBC-ESSIV'
CIPHER=capi:adiantum\(xchacha12,aes\)-plain64 KEY_SIZE=32 with 'Adiantum' raw

# Ciphers leave a key on the stack of who sets it or uses it. He is still in the kernel here, where
# nothing that deep has been called since; and no other key is used, by whoever decrypts what is read.
stack_of() { # WHAT set|read|write
	local end=$((SECONDS + 20)) pid command
	new a b || fail "$1: keys"
	key_of a
	ok "$1: map" map ksm m "$DISK1" 4096
	case $2 in
	set)
		dmsetup suspend m
		command=(message m /tmp/a "key set $KEY" stay)
		;;
	*) command=("$2" /dev/mapper/m stay) ;;
	esac
	mkfifo /tmp/stay
	taskset -c 2 ksm-secret "${command[@]}" </tmp/stay &
	pid=$!
	exec 8>/tmp/stay
	# The number of read() is 0.
	until grep -qs '^0 0x0 ' /proc/$pid/syscall || [ $SECONDS -ge $end ]; do sleep 0.05; done
	like "$1: is done" "$(</proc/$pid/comm) $(</proc/$pid/syscall)" '^ksm-secret 0 0x0 '
	[ "$2" = set ] || dmsetup suspend m
	ok "$1: another one is set" dmsetup message m 0 key set ":${KEY_SIZE:-64}:logon:ksm:b"
	gone a b
	ok "$1: image" look a
	ok "$1: the first is nowhere" nowhere a
	exec 8>&-
	ok "$1: it was without an error" wait $pid
	rm /tmp/stay
	dmsetup resume m
	unmap m
}
begin 'stack'
stack_of 'stack, AES-256-XTS' set
CIPHER=capi:adiantum\(xchacha12,aes\)-plain64 KEY_SIZE=32 stack_of 'stack, Adiantum' set
for how in read write; do
	stack_of "stack of a $how, AES-256-XTS" $how
	CIPHER=capi:adiantum\(xchacha12,aes\)-plain64 KEY_SIZE=32 stack_of "stack of a $how, Adiantum" $how
done

# What device mapper copies from user space, it wipes if it is asked for it; if not, the digits
# of a key are wiped by the target, whatever comes of them.
begin 'refused, and digits'
new a b c d f g i j k l o p q r s t u && KEY_SIZE=32 new e || fail 'keys'
sectors "$DISK1"
refused() { # WHAT KEY TABLE
	nok "$1" dmsetup create r --table "0 $SECTORS ksm aes-xts-plain64 :64:logon:ksm:$2 $3"
}
digits() { # MAPPING KEY TARGET PARAMETERS [secure]
	elsewhere ksm-secret table "$1" "/tmp/$2" "$SECTORS" "${@:3}"
}
key_of g
ok 'map' map ksm m "$DISK1" 4096
ok 'another' dmsetup create n --notable
ok 'with a table of digits' digits n i ksm "aes-xts-plain64 @ 0 $DISK1 0"
dmsetup resume n
ok 'I/O' use n
refused 'no such device' a '0 /dev/none 0'
refused 'no such option' b "0 $DISK1 0 1 nonsense"
refused 'hardware where there is none' c "0 $DISK1 0 1 hw:require"
refused 'beyond the end' d "0 $DISK1 8"
nok 'a mode that there is not' dmsetup create r --table "0 $SECTORS ksm aes-lrw-plain64 :64:logon:ksm:f 0 $DISK1 0"
nok 'digits: no such option' digits n j ksm "aes-xts-plain64 @ 0 $DISK1 0 1 nonsense"
nok 'digits: too few words' digits n k ksm 'aes-xts-plain64 @'
nok 'digits: in the place of the cipher' digits n q ksm "@ aes-xts-plain64 0 $DISK1 0"
nok 'digits: in the place of the start' digits n r ksm "aes-xts-plain64 :64:logon:ksm:g 0 $DISK1 @"
nok 'digits: in the place of the device' digits n t ksm "aes-xts-plain64 :64:logon:ksm:g 0 @ 0"
nok 'digits: in that of ksm-linear' digits n u ksm-linear '@ 0'
nok 'digits: in the place of a description' digits n s ksm "aes-xts-plain64 :64:logon:@ 0 $DISK1 0"
nok 'digits: no such target' digits n l nonsense "aes-xts-plain64 @ 0 $DISK1 0" secure
dmsetup suspend m
dmsetup suspend n
nok 'a key of another size' dmsetup message m 0 key set :32:logon:ksm:e
nok 'a key whose size is another' dmsetup message m 0 key set :64:logon:ksm:e
ok 'digits: message' elsewhere ksm-secret message n /tmp/p 'key set @'
nok 'digits: no such message' elsewhere ksm-secret message n /tmp/o 'key sett @'
dmsetup resume m
dmsetup resume n
ok 'I/O' use n
gone a b c d e f g i j k l o p q r s t u
ok 'image' look a b c d e f g i j k l o p q r s t u
ok 'the refused are nowhere' nowhere a b c d e f
ok 'the good one is found' seen g round
ok 'digits: the key in use is found' seen p round
ok 'digits: but not as digits' unseen p hex
ok 'digits: the one before is nowhere' nowhere i
ok 'digits: nor are those in tables that were refused' nowhere j k l
ok 'digits: nor are those in a wrong place' nowhere q r s t u
ok 'digits: nor that in a message' nowhere o
ok 'unmap' unmap m n

# The old key stays in the engine, that is in this memory; the new one must not stay anywhere.
# The next image shows that.
begin 'an engine that does not forget'
ok 'the engine' sim slots=4 modes=AES-256-XTS size=16
new x y || fail 'keys'
key_of x
ok 'map' map ksm s /dev/ksmsim0 4096 hw:require
dmsetup suspend s
knob 0 refuse_evict 1
nok 'another key is refused' dmsetup message s 0 key set :64:logon:ksm:y
knob 0 refuse_evict 0

# ---- in hardware ----

begin 'hardware'
ok 'the kernel binds its own driver' ufs_load || bail 'no UFS'
at_exit ufs_end
ok 'the shim' modprobe ufs_shim
ok 'uses the host' shim_ready 0 0 || bail 'no engine'
U=$(ufs_disk 0 0)
gone x y
KIND=raw MORE='g p y' changes 'hardware' "$U" hw:require
ok 'the key that the other engine made impossible is nowhere' nowhere y
ok 'nor are those of the mappings in software' nowhere g p
ok 'unmap' unmap s
modprobe -r ksm_sim
# The engine loses its keys, and has them again: one more time out of memory.
ok 'a host reset' ufs_reset 0
ok 'I/O' use m
ok 'unmap' unmap m n
new f g h || fail 'keys'
ok 'an engine that encrypts wrongly' ufs_set 0 crypto-wrong-dun 1
key_of f
nok 'is refused' map ksm r "$U" 4096 hw:require
ok 'unset' ufs_set 0 crypto-wrong-dun 0
key_of g
for slot in 0 1 2; do ufs_set 0 crypto-fault-slot $slot && map ksm r "$U" 4096 hw:require 2>/dev/null && unmap r; done
ok 'all slots take keys again' ufs_set 0 crypto-fault-slot -1
key_of h
ok 'map' map ksm m "$U" 4096 hw:require
gone f g h
ok 'the host is unbound under it' ufs_unbind 0
nok 'no I/O' dd if=/dev/mapper/m of=/dev/null bs=4k count=1 iflag=direct status=none
ok 'unmap' unmap m
ok 'image' look a b c d e f g h
ok 'nowhere after removal' nowhere a b c d e
ok 'nor are those the engine failed with' nowhere f g
ok 'nor that which was in it when it went' nowhere h
