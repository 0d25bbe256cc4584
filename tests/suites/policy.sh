# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the kernel's policies allow: FIPS mode, capabilities and keyrings, lockdown. Where the
# kernel decides about ciphers and keys, dm-crypt is asked the same.
# vm: mem=768 disks=64M,64M timeout=300 check=6.1,7.3 cmdline=fips=1 ima_policy=critical_data
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

XTS=$CIPHER
K32=${KEY1:0:64}
KEY256=$KEY1
# Its two halves are the same.
SAME=${KEY1:0:64}${KEY1:0:64}
SAME32=${KEY1:0:32}${KEY1:0:32}
begin() { diag "$1 ($SECONDS s)"; }
ksm-ref pattern --seed 11 --bytes 262144 >/tmp/pat
fill() { dd if=/tmp/pat of="/dev/mapper/$1" bs=64k oflag=direct status=none; }
same_data() { dd if="/dev/mapper/$1" bs=64k count=4 iflag=direct status=none | cmp - /tmp/pat; }
MODULES=(dm_ksm ksm_core ksm_passthrough crypto_fallback)

# try TARGET CIPHER KEY [OPTION...]: sets ANSWER, and LOG to what the kernel said.
try() {
	local options=${*:4}
	dmesg -C
	ANSWER=refused
	if dmsetup create t --table "0 8192 $1 $2 $3 0 $DISK2 0${options:+ $# $options}" >/tmp/err 2>&1; then
		ANSWER=accepted
		dmsetup remove t
	fi
	LOG=$(dmesg)
}

# both DESC ANSWER CIPHER KEY [TEXT...]: ksm and dm-crypt give the same answer, and ksm says why.
both() {
	local desc=$1 wanted=$2 cipher=$3 key=$4 text
	shift 4
	try crypt "$cipher" "$key"
	is "$desc: $wanted by dm-crypt" $ANSWER "$wanted"
	try ksm "$cipher" "$key"
	is "$desc: $wanted by ksm" $ANSWER "$wanted"
	for text; do like "$desc: the log says so" "$LOG" "$text"; done
	unlike "$desc: and not the key" "$LOG" "${key:0:32}"
}

# ---- FIPS mode ----

begin 'FIPS mode'
ok 'the modules load' modprobe dm-ksm || bail 'no module'
# A kernel with checks has been built without signing, so neither its modules nor ours are signed.
SIGNED=$(modinfo -F signer dm-flakey)
# DKMS signs them with a key of its own, which a kernel does not know before it is enrolled.
like 'as what they are: out of tree, with a signature of nobody known here' "$(</sys/module/dm_ksm/taint)" '^OE$'
[ -z "$SIGNED" ] || like 'which dkms has made' "$(modinfo -F signer dm-ksm)" 'DKMS'

FIPS=0
[ ! -e /proc/sys/crypto/fips_enabled ] || FIPS=$(</proc/sys/crypto/fips_enabled)
TWO='Cipher refuses the key: in FIPS mode the halves of an XTS key must differ \(-(EINVAL|22)\)'
case $KSM_LABEL in
6.1 | 6.12) is 'FIPS mode is on' "$FIPS" 1 ;;
esac
both 'AES-256-XTS' accepted $XTS "$KEY256"
both 'AES-128-XTS' accepted $XTS "$K32"
both 'AES-256-CBC-ESSIV' accepted aes-cbc-essiv:sha256 "$K32"
if [ "$FIPS" = 1 ]; then
	both 'Adiantum' refused 'capi:adiantum(xchacha12,aes)-plain64' "$K32" \
		'crypto_fallback: no implementation of Adiantum' 'ksm: Cipher is not available in this kernel in FIPS mode \(-(ENOENT|2)\)'
	# No test about the key: Serpent is none of ours.
	try crypt serpent-xts-plain64 "$KEY256"
	is 'Serpent: refused by dm-crypt' $ANSWER refused
	try ksm serpent-xts-plain64 "$KEY256"
	is 'Serpent: refused by ksm' $ANSWER refused
	like 'Serpent: the log says so' "$LOG" 'ksm: Cipher is not supported'
	both 'two halves that are the same' refused $XTS "$SAME" "ksm: $TWO"
	both 'two short halves that are the same' refused $XTS "$SAME32" "ksm: $TWO"
	for engine in skcipher-sync skcipher; do
		modprobe -r dm-ksm && modprobe -r crypto_fallback && modprobe crypto_fallback engine=$engine && modprobe dm-ksm
		try ksm $XTS "$SAME"
		like "engine=$engine: refused, too" "$ANSWER $LOG" "^refused .*ksm: $TWO"
	done
	modprobe -r dm-ksm && modprobe -r crypto_fallback && modprobe dm-ksm
else
	begin 'this kernel has no FIPS mode'
	both 'fips=1 changes nothing: Adiantum' accepted 'capi:adiantum(xchacha12,aes)-plain64' "$K32"
	both 'fips=1 changes nothing: two halves that are the same' accepted $XTS "$SAME"
fi

# ciphertext DESC CIPHER KEY
ciphertext() {
	local CIPHER=$2 KEY=$3
	ok "$1: map" map ksm m "$DISK1" 4096 || return
	ok "$1: write" fill m
	unmap m
	ok "$1: it is on the disk what OpenSSL makes of it" raw_is /tmp/pat "$DISK1" 4096 262144
	ok "$1: map by dm-crypt" map crypt m "$DISK1" 4096
	ok "$1: the same data" same_data m
	unmap m
}
ciphertext 'AES-256-XTS' $XTS "$KEY256"
ciphertext 'AES-256-CBC-ESSIV' aes-cbc-essiv:sha256 "$K32"
like 'an implementation has been chosen by measuring' "$(</sys/kernel/debug/crypto_fallback/engines)" 'AES-256-XTS [^ ]* [^ ]* [0-9]+ \*'

# The key that is refused is nowhere, nor is the one before it.
# Of its other modes one has a cipher of the tests, which FIPS mode would not survive.
ok 'an engine' sim slots=4 size=16 modes=AES-256-XTS || bail 'no engine'
E=/dev/ksmsim0
ok 'a mapping in hardware' map ksm h $E 4096 hw:require
ok 'is written' fill h
dmsetup suspend h
if [ "$FIPS" = 1 ]; then
	n=$(ksm_stat ksmsim0 programs)
	dmesg -C
	nok 'key set: two halves that are the same' dmsetup message h 0 key set "$SAME"
	like 'the log says so' "$(dmesg)" "ksm: key set: ${TWO% *}"
	like 'then there is no key' "$(dmsetup status h)" ' key:none'
	nok 'and no resuming' dmsetup resume h
	is 'and the engine has never seen it' "$(ksm_stat ksmsim0 programs)" "$n"
	ok 'another key is taken' dmsetup message h 0 key set "$KEY1"
else
	ok 'key set: fips=1 changes nothing' dmsetup message h 0 key set "$SAME"
	ok 'nor for another key' dmsetup message h 0 key set "$KEY1"
fi
ok 'resume' dmsetup resume h
ok 'the data is there' same_data h

# ---- who may do what ----

begin 'privileges'
ok 'a mapping' map ksm s "$DISK1" 4096
ok 'is written' fill s
plain() { setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"; }
# A user who may do all that device mapper asks for.
user() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@"; }
mapper() {
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps +sys_admin,+dac_override,+mknod,+chown \
		--ambient-caps +sys_admin,+dac_override,+mknod,+chown "$@"
}
denied() { # DESC COMMAND...
	nok "$1" "${@:2}"
	like "$1: for want of permission" "$OUT" 'Permission denied|Operation not permitted'
}
dmsetup suspend s
denied 'without CAP_SYS_ADMIN there is no mapping' plain dmsetup create t --table "0 8192 ksm $XTS $KEY1 0 $DISK2 0"
denied 'nor a key set' plain dmsetup message s 0 key set "$KEY2"
denied 'nor a key wiped' plain dmsetup message s 0 key wipe
denied 'nor a table shown' plain dmsetup table s
like 'the key is still there' "$(dmsetup status s)" ' key:set'
dmsetup resume s
ok 'and it is the same' same_data s
mapfile -t FILES < <(find /sys/kernel/debug/ksm_core /sys/kernel/debug/crypto_fallback -type f)
diag "${FILES[*]}"
ok 'there are files in debugfs' test ${#FILES[@]} -ge 6
is 'all of them are only for root, to read' "$(stat -c %a "${FILES[@]}" | sort -u)" 400
# The folder they are in is root's; without that their own modes must do.
mode=$(stat -c %a /sys/kernel/debug)
chmod 755 /sys/kernel/debug
shown=0
for f in "${FILES[@]}"; do
	! user cat "$f" >/dev/null 2>&1 || shown=$((shown + 1))
done
is 'no other user reads any' $shown 0
ok 'root does' cat "${FILES[@]}"
unlike 'and sees no key' "$OUT" "${KEY1:0:16}|${KEY1:64:16}"
chmod "$mode" /sys/kernel/debug
parameters() { find "${MODULES[@]/%//parameters}" -type f 2>/dev/null; }
cd /sys/module || bail 'no /sys/module'
mapfile -t FILES < <(parameters)
is 'all parameters are there to read only' "$(stat -c %a "${FILES[@]}" | sort -u)" 444
unlike 'and show no key' "$(cat "${FILES[@]}")" "${KEY1:0:16}"
cd /tmp || bail 'no /tmp'

# Whose keys a table may name. dm-crypt does as we do.
begin 'keyrings'
bytes() { xxd -r -p <<<"$KEY1"; }
bytes | keyctl padd logon ksm:mine @u >/dev/null
closed=$(bytes | keyctl padd logon ksm:closed @u)
# The possessor may look at it, and that is all.
keyctl setperm "$closed" 0x01000000
bytes >/tmp/key
user keyctl padd logon ksm:theirs @u </tmp/key >/dev/null
rm /tmp/key
# names DESC ANSWER KEY [COMMAND...]
names() {
	local t answer
	for t in ksm crypt; do
		answer=refused
		dmesg -C
		if "${@:4}" dmsetup create t --table "0 8192 $t $XTS :64:logon:$3 0 $DISK2 0" >/tmp/err 2>&1; then
			answer=accepted
			dmsetup remove t
		fi
		LOG=$(dmesg)
		is "$1: $2 by $t" $answer "$2"
		[ "$t$2" != ksmrefused ] || like "$1: the log says so" "$LOG" 'ksm: Key not found in the keyrings'
	done
}
names 'a key of our own' accepted ksm:mine
names 'a key that we may not search for' refused ksm:closed
names "another user's key" refused ksm:theirs
names 'that user names his own' accepted ksm:theirs mapper
names "that user names root's" refused ksm:mine mapper
names 'root in a session without its own keyring' refused ksm:mine keyctl session -

# ---- what IMA measures ----
# Device mapper has tables measured as they describe themselves for that.

begin 'measurements'
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
IMA=/sys/kernel/security/ima/ascii_runtime_measurements
# measured EVENT: all that was measured by this name, one in a line.
measured() {
	awk -v event="$1" '$5 == event { print $6 }' $IMA | while read -r hex; do
		xxd -r -p <<<"$hex"
		echo
	done
}
if [ -e $IMA ]; then
	ok 'a mapping to be measured' map ksm i "$DISK2" 4096 hw:off
	unmap i
	ok 'one of ksm-linear' dmsetup create i --table "0 8192 ksm-linear $DISK2 8"
	unmap i
	dm_tables=$(measured dm_table_load)
	options='allow_discards=n,iv_large_sectors=y,sector_size=4096,cipher_string=aes-xts-plain64,key_size=64,hw=off'
	like 'the table of ksm is there, with what it does to data' "$dm_tables" \
		"target_name=ksm,target_version=[0-9.]+,$options;"
	like 'and that of ksm-linear' "$dm_tables" 'target_name=ksm-linear,target_version=[0-9.]+,device_name=[0-9]+:[0-9]+,start=8;'
	unlike 'and no key' "$(for event in $(awk '{ print $5 }' $IMA | sort -u); do measured "$event"; done)" "${KEY1:0:16}"
else
	skip 'measurements' 'no IMA in this kernel'
fi

# ---- lockdown; it cannot be taken back, so it comes last ----

begin 'lockdown'
LOCK=/sys/kernel/security/lockdown
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
ok 'there is lockdown' cat $LOCK || bail 'no lockdown'
like 'which is off' "$OUT" '\[none\]'
[ -e /sys/kernel/tracing/trace ] || mount -t tracefs tracefs /sys/kernel/tracing
TRACE=/sys/kernel/tracing/events/ksm_core/ksm_slot_get/enable
put() { echo "$1" 2>/dev/null >"$2"; }
# One of our modules that nobody needs, and one of the kernel's.
ok 'without it a module of ours loads' modprobe ufs_shim
modprobe -r ufs_shim
modprobe -r dm-flakey 2>/dev/null

# cycle DESC DEV [OPTION...]: a mapping from its beginning to its end.
cycle() {
	local desc=$1 dev=$2
	shift
	ok "$desc: map" map ksm t "$dev" 4096 "${@:2}" || return
	ok "$desc: write" fill t
	ok "$desc: read" same_data t
	like "$desc: status" "$(dmsetup status t)" ' key:set hw:'
	dmsetup suspend t
	ok "$desc: key wipe" dmsetup message t 0 key wipe
	nok "$desc: no resuming without a key" dmsetup resume t
	ok "$desc: key set" dmsetup message t 0 key set :64:logon:ksm:mine
	ok "$desc: resume" dmsetup resume t
	ok "$desc: read again" same_data t
	ok "$desc: unmap" unmap t
}
for level in integrity confidentiality; do
	begin "lockdown: $level"
	ok "$level: raised" put $level $LOCK
	like "$level: it is in force" "$(<$LOCK)" "\\[$level\\]"
	ok "$level: a mapping from before, in software" same_data s
	ok "$level: a mapping from before, in hardware" same_data h
	cycle "$level: software" "$DISK2"
	unmap h
	cycle "$level: hardware" $E hw:require
	map ksm h $E 4096 hw:require
	# Lockdown leaves files in debugfs alone that can only be read.
	ok "$level: debugfs shows our files" cat /sys/kernel/debug/crypto_fallback/engines $KSM/ksmsim0/slots
	unlike "$level: and no key" "$OUT" "${KEY1:0:16}"
	nok "$level: which can be written does not open" cat $SIM/ksmsim0/delay_us
	like "$level: as the kernel's policy" "$OUT" 'Operation not permitted'
	if [ $level = integrity ]; then
		ok "$level: our tracepoints can be switched on" put 1 $TRACE
		put 0 $TRACE
	else
		nok "$level: our tracepoints cannot be switched on" put 1 $TRACE
	fi
	dmesg -C
	nok "$level: a module that no key known to the kernel has signed does not load" modprobe ufs_shim
	like "$level: for want of permission" "$OUT" 'Operation not permitted'
	like "$level: the log says so" "$(dmesg)" 'Lockdown: modprobe: unsigned module loading is restricted'
	if [ -n "$SIGNED" ]; then
		ok "$level: one of the kernel's does" modprobe dm-flakey
		modprobe -r dm-flakey
	else
		nok "$level: nor does one of the kernel's without a signature" modprobe dm-flakey
	fi
done
nok 'it cannot be taken back' put none $LOCK
ok 'unmap' unmap s h
