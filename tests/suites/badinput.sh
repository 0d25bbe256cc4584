# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Wrong tables, messages, parameters and devices: each refused with a text which
# says what is wrong, nothing left behind, no key ever shown.
# vm: mem=768 disks=64M,64M timeout=600 check=6.12
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

# ---- the kernel log since the last look ----
# One reader for the whole suite; a mark of our own says where to stop, so there
# is neither waiting nor a process per look.
echo on >/proc/sys/kernel/printk_devkmsg
exec {kmsg}< <(exec cat /dev/kmsg 2>/dev/null)
marks=0
look() { # sets LOG
	local l
	marks=$((marks + 1))
	echo "<7>badinput: mark $marks" >/dev/kmsg
	LOG=''
	while IFS= read -r -t 20 -u "$kmsg" l; do
		l=${l#*;}
		[ "$l" != "badinput: mark $marks" ] || return 0
		LOG+=$l$'\n'
	done
	bail 'the kernel log could not be read'
}

# ---- keys ----
# 64 bytes; any aligned 8 bytes of it in a wrong place give it away.
KEY=c0ffee0011deadbe5ca1ab1e77d15ea5e0f1d2c3b4a5968778695a4b3c2d1e0f
KEY+=13579bdf02468ace8badf00dfeedface0102030405060708f9e8d7c6b5a49382
K16=${KEY::32} K32=${KEY::64} K48=${KEY::96}
leaks() { # TEXT
	local i
	for ((i = 0; i < 128; i += 16)); do
		[[ ${1,,} != *"${KEY:i:16}"* ]] || return 0
	done
	return 1
}
bytes() { xxd -r -p <<<"$1"; }

devices() { compgen -G '/sys/block/dm-*'; }
users() { # module reference count
	local name n
	while read -r name _ n _; do
		[ "$name" != "$1" ] || echo "$n"
	done </proc/modules
}

# verdict DESC TEXT STATUS OUTPUT: one test: the action failed by itself, the
# log has TEXT, nothing is left, no key is shown. TEXT is what the target says,
# or with a leading * any part of the log.
verdict() {
	local desc=$1 text=$2 rc=$3 out=$4 why=''
	look
	if [ "$rc" = 0 ]; then why+='it was accepted; '; fi
	[ "$rc" -lt 124 ] || why+="it ended with status $rc; "
	case $text in
	'*'*) [[ $LOG == *"${text#'*'}"* ]] || why+='the text is missing; ' ;;
	*) [[ $LOG == *"ksm: $text (-"* ]] || why+='the text is missing; ' ;;
	esac
	if leaks "$LOG"; then why+='the key is in the log; '; fi
	if leaks "$out"; then why+='the key is in the output; '; fi
	if [ -z "$why" ]; then
		pass "$desc: $text"
	else
		fail "$desc: $text" "${why}log: ${LOG:0:600}"
		return 1
	fi
}

# refused DESC TEXT LINE [LENGTH]: a table line which must not load.
refused() {
	local out rc=0
	out=$(timeout 60 dmsetup create bad --table "0 ${4:-$SZ} ksm $3" 2>&1) || rc=$?
	if [ $rc = 0 ]; then dmsetup remove bad; fi
	verdict "$1" "$2" $rc "${out//"$3"/}"
	[ -z "$(devices)" ] && return
	fail "$1: no device is left" "$(dmsetup ls)"
	dmsetup remove_all --force
}

# refused_all < DESC|TEXT|LINE[|LENGTH]
refused_all() {
	local desc text line len
	while IFS='|' read -r desc text line len; do
		[ -n "$desc" ] || continue
		refused "$desc" "$text" "$line" "$len"
	done
}

# sane DESC: after all that, a good table works as it should.
XTS=aes-xts-plain64
sane() {
	ok "$1: then a good table still loads" dmsetup create good --table "0 $SZ ksm $XTS $KEY 0 $DISK1 0"
	ok "$1: and its data is right" cmp -n 65536 /tmp/pattern /dev/mapper/good
	dmsetup remove good
	is "$1: and nothing holds the module" "$(users dm_ksm)" 0
}

SZ=$(blockdev --getsz "$DISK1")
ok 'modprobe dm-ksm' modprobe dm-ksm || bail 'no module'
openssl enc -aes-128-ctr -nosalt -K "$K16" -iv "$K16" -in /dev/zero 2>/dev/null | head -c 8388608 >/tmp/pattern
cmp -s -n 4096 /tmp/pattern /dev/zero && bail 'the pattern is all zeroes'
ok 'a good table loads' dmsetup create good --table "0 $SZ ksm $XTS $KEY 0 $DISK1 0"
ok 'data is written' dd if=/tmp/pattern of=/dev/mapper/good bs=1M oflag=direct
dmsetup remove good
look

# ---- table lines ----
D=$DISK1
FEW='Fewer arguments than <cipher> <key> <iv_offset> <device> <start>'
CIPHER='Cipher is not supported'
SIZE='Key size does not fit the cipher'
REF='Key reference is not :<size>:<type>:<description>'
TYPE='Key type is not one of logon, user, encrypted, trusted'
# The kernel does not tell an expired key from none.
NOKEY='Key not found in the keyrings, or it has expired'
KILO=$(printf '%0*d' 2048 0)
HUGE=$(printf '%0*d' 131000 0)

diag 'table lines: cipher and key'
refused_all <<END
no arguments|$FEW|
cipher only|$FEW|$XTS
no start|$FEW|$XTS $KEY 0 $D
device left out|$FEW|$XTS $KEY 0  0
unknown cipher|$CIPHER|rot13-xts-plain64 $KEY 0 $D 0
cipher in capitals|$CIPHER|AES-XTS-PLAIN64 $KEY 0 $D 0
no IV mode|$CIPHER|aes-xts $KEY 0 $D 0
only "aes"|$CIPHER|aes $K32 0 $D 0
plain instead of plain64|$CIPHER|aes-xts-plain $KEY 0 $D 0
plain64be|$CIPHER|aes-xts-plain64be $KEY 0 $D 0
aes-cbc-plain|$CIPHER|aes-cbc-plain $K32 0 $D 0
ESSIV with another hash|$CIPHER|aes-cbc-essiv:sha1 $K32 0 $D 0
ESSIV without its hash|$CIPHER|aes-cbc-essiv $K32 0 $D 0
loop-AES|$CIPHER|aes:64-cbc-lmk $K16 0 $D 0
TrueCrypt|$CIPHER|aes-cbc-tcw $KEY 0 $D 0
no encryption|$CIPHER|cipher_null-ecb - 0 $D 0
null IV|$CIPHER|aes-xts-null $KEY 0 $D 0
random IV|$CIPHER|aes-xts-random $KEY 0 $D 0
eboiv|$CIPHER|aes-cbc-eboiv $K32 0 $D 0
LRW|$CIPHER|aes-lrw-benbi $K48 0 $D 0
authenticated|$CIPHER|capi:authenc(hmac(sha256),xts(aes))-random $KEY$K32 0 $D 0
GCM|$CIPHER|capi:gcm(aes)-random $K32 0 $D 0
capi with a bracket too few|$CIPHER|capi:xts(aes-plain64 $KEY 0 $D 0
capi alone|$CIPHER|capi: $KEY 0 $D 0
a driver's name|$CIPHER|capi:xts-aes-aesni-plain64 $KEY 0 $D 0
2 KiB of cipher|$CIPHER|$KILO $KEY 0 $D 0
a format as cipher|$CIPHER|%s%n%p-xts-plain64 $KEY 0 $D 0
AES-192 key|$SIZE|$XTS $K48 0 $D 0
XTS key too short|$SIZE|$XTS $K16 0 $D 0
one byte too short|$SIZE|$XTS ${KEY::126} 0 $D 0
one byte too long|$SIZE|$XTS ${KEY}ab 0 $D 0
1 KiB of key|$SIZE|$XTS $KILO 0 $D 0
64 KiB of key|$SIZE|$XTS $HUGE 0 $D 0
ESSIV with an XTS key|$SIZE|aes-cbc-essiv:sha256 $KEY 0 $D 0
Adiantum with 64 bytes|$SIZE|xchacha12,aes-adiantum-plain64 $KEY 0 $D 0
Adiantum with 16 bytes|$SIZE|xchacha12,aes-adiantum-plain64 $K16 0 $D 0
SM4 with 64 bytes|$SIZE|sm4-xts-plain64 $KEY 0 $D 0
odd number of digits|Key has an odd number of hex digits|$XTS ${KEY}a 0 $D 0
a digit missing|Key has an odd number of hex digits|$XTS ${KEY::127} 0 $D 0
not hex at the end|Key has characters that are not hex digits|$XTS ${KEY::127}g 0 $D 0
not hex at the start|Key has characters that are not hex digits|$XTS z${KEY:1} 0 $D 0
0x in front|Key has characters that are not hex digits|$XTS 0x${KEY:2} 0 $D 0
empty key|No key given|$XTS - 0 $D 0
redacted key|Key is redacted in this table line, put the real key in its place|$XTS :redacted: 0 $D 0
END
sane 'cipher and key'

# ---- keyrings ----
diag 'table lines: keys in keyrings'
keys_add() {
	bytes $KEY | keyctl padd logon t:logon @u && bytes $KEY | keyctl padd user t-user @u &&
		bytes "$K32" | keyctl padd logon t:short @u &&
		bytes $KEY | keyctl padd logon t:revoked @u && bytes $KEY | keyctl padd logon t:expired @u &&
		bytes $KEY | keyctl padd user 't-back\slash' @u
}
ok 'keys are put into the keyring' keys_add
# keyctl prints the numbers of the keys, one on each line.
# shellcheck disable=SC2086 # words wanted
set -- $OUT
revoked=$4 expired=$5
keyctl revoke "$revoked"
keyctl timeout "$expired" 1
is_expired() { [[ $(keyctl describe "$expired" 2>&1) == *'has expired'* ]]; }
ok 'the key with a timeout expires' soon is_expired

refused_all <<END
colon alone|$REF|$XTS : 0 $D 0
two colons|$REF|$XTS :: 0 $D 0
three colons|$REF|$XTS ::: 0 $D 0
size only|$REF|$XTS :64 0 $D 0
size and colon|$REF|$XTS :64: 0 $D 0
no description|$REF|$XTS :64:logon 0 $D 0
empty description|$REF|$XTS :64:logon: 0 $D 0
size is text|$REF|$XTS :x:logon:t:logon 0 $D 0
no size|$REF|$XTS ::logon:t:logon 0 $D 0
size in hex|$REF|$XTS :0x40:logon:t:logon 0 $D 0
size of eleven digits|$REF|$XTS :99999999999:logon:t:logon 0 $D 0
size wraps at 32 bits|$REF|$XTS :4294967360:logon:t:logon 0 $D 0
size is negative|$REF|$XTS :-1:logon:t:logon 0 $D 0
size -64|$REF|$XTS :-64:logon:t:logon 0 $D 0
unknown key type|$TYPE|$XTS :64:keyring:t:logon 0 $D 0
empty key type|$REF|$XTS :64::t:logon 0 $D 0
key type in capitals|$TYPE|$XTS :64:LOGON:t:logon 0 $D 0
size 0|$SIZE|$XTS :0:logon:t:logon 0 $D 0
size of another cipher|$SIZE|$XTS :48:logon:t:logon 0 $D 0
largest size|$SIZE|$XTS :9999999:logon:t:logon 0 $D 0
no such logon key|$NOKEY|$XTS :64:logon:t:none 0 $D 0
no such user key|$NOKEY|$XTS :64:user:none 0 $D 0
no such encrypted key|$NOKEY|$XTS :64:encrypted:none 0 $D 0
key of another type|$NOKEY|$XTS :64:user:t:logon 0 $D 0
2 KiB of description|$NOKEY|$XTS :64:user:$KILO 0 $D 0
revoked key|Key has been revoked|$XTS :64:logon:t:revoked 0 $D 0
expired key|$NOKEY|$XTS :64:logon:t:expired 0 $D 0
key shorter than it says|Key in the keyring has another size than given|$XTS :64:logon:t:short 0 $D 0
key longer than it says|Key in the keyring has another size than given|$XTS :32:logon:t:logon 0 $D 0
trusted keys|Key type is not available to modules in this kernel|$XTS :64:trusted:any 0 $D 0
END
keys=$(keyctl show @u 2>&1)
unlike 'asking for keys made none' "$keys" 'none'

# same_data NAME KEY: KEY opens what the hex key wrote, and its line loads again.
same_data() {
	local line
	ok "$1: mapping" dmsetup create k1 --table "0 $SZ ksm $XTS $2 0 $D 0" || return
	ok "$1: it is the same key" cmp -n 65536 /tmp/pattern /dev/mapper/k1
	line=$(dmsetup table k1)
	is "$1: TABLE names the key" "$(cut -d' ' -f5 <<<"$line")" "$2"
	dmsetup remove k1
	ok "$1: TABLE's line loads as it is" dmsetup create k2 --table "$line" || return
	is "$1: and is shown the same" "$(dmsetup table k2)" "$line"
	ok "$1: and opens the same data" cmp -n 65536 /tmp/pattern /dev/mapper/k2
	dmsetup remove k2
}
same_data 'logon key' :64:logon:t:logon
same_data 'user key' :64:user:t-user
same_data 'backslash in the description' ':64:user:t-back\slash'

# Nobody knows what is in an encrypted key, but dm-crypt reads the same.
enc=0
head -c 32 /dev/urandom | keyctl padd user t-master @u >/dev/null
keyctl add encrypted t-enc 'new user:t-master 64' @u >/dev/null 2>/tmp/err || enc=$?
if [ $enc = 0 ]; then
	ok 'encrypted key: mapping' dmsetup create k1 --table "0 $SZ ksm $XTS :64:encrypted:t-enc 0 $DISK2 0"
	ok 'encrypted key: write' dd if=/tmp/pattern of=/dev/mapper/k1 bs=64k count=1 oflag=direct
	line=$(dmsetup table k1)
	dmsetup remove k1
	if ok 'encrypted key: dm-crypt opens it' dmsetup create k1 --table "${line/ ksm / crypt }"; then
		ok 'encrypted key: the same data' cmp -n 65536 /tmp/pattern /dev/mapper/k1
		dmsetup remove k1
	fi
	look
	refused 'encrypted key of another size' 'Key in the keyring has another size than given' "$XTS :32:encrypted:t-enc 0 $D 0"
else
	skip 'encrypted key' "this kernel makes none: $(</tmp/err)"
fi
look
sane keyrings

# ---- numbers and devices ----
diag 'table lines: numbers, device, options'
OFF='iv_offset is not a number of sectors'
START='Start is not a number of sectors'
COUNT='Number of options is wrong'
SECTOR='sector_size is not 512, 1024, 2048 or 4096'
B4="2 iv_large_sectors sector_size:4096"
refused_all <<END
iv_offset is text|$OFF|$XTS $KEY x $D 0
iv_offset is negative|$OFF|$XTS $KEY -1 $D 0
iv_offset is hex|$OFF|$XTS $KEY 0x10 $D 0
iv_offset has a tail|$OFF|$XTS $KEY 8k $D 0
iv_offset is a fraction|$OFF|$XTS $KEY 1.5 $D 0
iv_offset is 2^64|$OFF|$XTS $KEY 18446744073709551616 $D 0
iv_offset within a sector of 4096|iv_offset is not a multiple of sector_size|$XTS $KEY 4 $D 0 $B4
the same without large IVs|iv_offset is not a multiple of sector_size|$XTS $KEY 1 $D 0 1 sector_size:1024
iv_offset is 2^64 - 1|iv_offset is so large that IVs would wrap|$XTS $KEY 18446744073709551615 $D 0
iv_offset and length overflow|iv_offset is so large that IVs would wrap|$XTS $KEY $(printf %u $((1 - SZ))) $D 0
start is text|$START|$XTS $KEY 0 $D x
start is negative|$START|$XTS $KEY 0 $D -8
start is 2^64|$START|$XTS $KEY 0 $D 18446744073709551616
start is 2^64 - 1|Start is beyond the end of any device|$XTS $KEY 0 $D 18446744073709551615
start is 2^63|*too small for target|$XTS $KEY 0 $D 9223372036854775808
start is the device's end|*too small for target|$XTS $KEY 0 $D $SZ
start leaves too little|*too small for target|$XTS $KEY 0 $D 8
length beyond the device|*too small for target|$XTS $KEY 0 $D 0|$((SZ + 8))
length of 8 EiB|*too small for target|$XTS $KEY 0 $D 0|18014398509481976
length not whole sectors of 4096|Length is not a multiple of sector_size|$XTS $KEY 0 $D 0 $B4|9
length of one sector, sectors of 1024|Length is not a multiple of sector_size|$XTS $KEY 0 $D 0 1 sector_size:1024|1
no such device|Device cannot be opened|$XTS $KEY 0 /dev/no-such-device 0
device is a folder|Device cannot be opened|$XTS $KEY 0 /tmp 0
device is a file|Device cannot be opened|$XTS $KEY 0 /tmp/pattern 0
device is a character device|Device cannot be opened|$XTS $KEY 0 /dev/null 0
device is a number of nobody|Device cannot be opened|$XTS $KEY 0 259:4242 0
device is a relative path|Device cannot be opened|$XTS $KEY 0 nothing 0
device and start exchanged|$START|$XTS $KEY 0 0 $D
count too large|$COUNT|$XTS $KEY 0 $D 0 2 allow_discards
count too small|$COUNT|$XTS $KEY 0 $D 0 1 allow_discards sector_size:512
count without options|$COUNT|$XTS $KEY 0 $D 0 1
options without a count|$COUNT|$XTS $KEY 0 $D 0 allow_discards
count is text|$COUNT|$XTS $KEY 0 $D 0 one allow_discards
count is negative|$COUNT|$XTS $KEY 0 $D 0 -1 allow_discards
count is 2^32 + 1|$COUNT|$XTS $KEY 0 $D 0 4294967297 allow_discards
count is 2^64 + 1|$COUNT|$XTS $KEY 0 $D 0 18446744073709551617 allow_discards
unknown option|Unknown option|$XTS $KEY 0 $D 0 1 nonsense
known and unknown option|Unknown option|$XTS $KEY 0 $D 0 2 allow_discards nonsense
which one is said|*option 2 of 3 is refused|$XTS $KEY 0 $D 0 3 allow_discards nonsense same_cpu_crypt
an option with a tail|Unknown option|$XTS $KEY 0 $D 0 1 allow_discards:1
integrity|Integrity protection is not supported|$XTS $KEY 0 $D 0 1 integrity:28:aead
integrity key|Integrity protection is not supported|$XTS $KEY 0 $D 0 1 integrity_key_size:32
sector_size 0|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:0
sector_size 256|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:256
sector_size 513|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:513
sector_size 1536|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:1536
sector_size 8192|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:8192
sector_size -512|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:-512
sector_size 2^32 + 512|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:4294967808
sector_size is text|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:x
sector_size is empty|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:
sector_size has a tail|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:4096k
sector_size without a number|Unknown option|$XTS $KEY 0 $D 0 1 sector_size
END
# Where a key has got to in a line by mistake is not known: nothing may show it.
refused_all <<END
key in the place of the cipher|$CIPHER|$KEY $XTS 0 $D 0
key in the place of iv_offset|$OFF|$XTS 0 $KEY $D 0
key in the place of the device|Device cannot be opened|$XTS $KEY 0 $KEY 0
key in the place of start|$START|$XTS $KEY 0 $D $KEY
key in the place of the count|$COUNT|$XTS $KEY 0 $D 0 $KEY
key in the place of an option|Unknown option|$XTS $KEY 0 $D 0 1 $KEY
key as sector_size|$SECTOR|$XTS $KEY 0 $D 0 1 sector_size:$KEY
key as size in a reference|$REF|$XTS :$KEY:logon:t:logon 0 $D 0
key as type in a reference|$TYPE|$XTS :64:$KEY:t 0 $D 0
key as description|$NOKEY|$XTS :64:logon:$KEY 0 $D 0
key twice|$OFF|$XTS $KEY $KEY 0 $D 0
END

# The table's second line is bad: the first one's mapping must go again.
two() { printf '0 1024 ksm %s %s 0 %s 0\n1024 1024 ksm %s\n' $XTS $KEY "$D" "$1" | timeout 60 dmsetup create bad; }
out=$(two "$XTS $KEY 0 $D 0 1 nonsense" 2>&1)
verdict 'second of two lines' 'Unknown option' $? "$out"
out=$(two "$XTS $KEY 0 $D $SZ" 2>&1)
verdict 'second of two lines beyond the device' '*too small for target' $? "$out"
is 'no device is left' "$(devices)" ''

# A device which has a user already.
mkfs.ext4 -q -F "$DISK2" 2048k
mount "$DISK2" /mnt
refused 'device is mounted' 'Device cannot be opened' "$XTS $KEY 0 $DISK2 0"
umount /mnt
sane 'numbers, device, options'

# ---- messages ----
diag messages
LINE="0 $SZ ksm $XTS $KEY 0 $D 0"
ok 'a mapping for messages' dmsetup create m --table "$LINE"
message() { # DESC TEXT WORD...
	local out rc=0
	out=$(timeout 60 dmsetup message m 0 "${*:3}" 2>&1) || rc=$?
	verdict "message $1" "$2" $rc "$out"
}
# messages < DESC|TEXT|MESSAGE
messages() {
	local desc text msg
	while IFS='|' read -r desc text msg; do
		[ -n "$desc" ] || continue
		message "$desc" "$text" "$msg"
	done
}
WORDS='*ksm: messages are: key set <key>, key wipe'
look
messages <<END
set while not suspended|*ksm: key set: device is not suspended|key set $KEY
wipe while not suspended|*ksm: key wipe: device is not suspended|key wipe
bad key while not suspended|*ksm: key set: device is not suspended|key set x
that is empty|*Empty message|
of other words|$WORDS|hello
of one word|$WORDS|key
of two words|$WORDS|key set
unknown verb|$WORDS|key get
key without verb|$WORDS|key $KEY
set without key|$WORDS|set $KEY
key alone|$WORDS|$KEY
one word too many|$WORDS|key set $KEY $KEY
wipe with a key|$WORDS|key wipe $KEY
END
ok 'after refused messages the data is right' cmp -n 65536 /tmp/pattern /dev/mapper/m
ok 'suspend' dmsetup suspend m
look
messages <<END
key too short|*ksm: key set: Key has another size than the table's|key set $K32
key too long|*ksm: key set: Key has another size than the table's|key set ${KEY}00
huge key|*ksm: key set: Key has another size than the table's|key set $HUGE
odd digits|*ksm: key set: Key has an odd number of hex digits|key set ${KEY}0
not hex|*ksm: key set: Key has characters that are not hex digits|key set ${KEY::120}nothex00
empty key|*ksm: key set: No key given|key set -
redacted key|*ksm: key set: Key is redacted|key set :redacted:
malformed reference|*ksm: key set: $REF|key set :64
unknown type|*ksm: key set: $TYPE|key set :64:disk:t
not in the keyring|*ksm: key set: $NOKEY|key set :64:logon:t:none
revoked|*ksm: key set: Key has been revoked|key set :64:logon:t:revoked
expired|*ksm: key set: $NOKEY|key set :64:logon:t:expired
key shorter than it says|*ksm: key set: Key in the keyring has another size|key set :64:logon:t:short
reference of another size|*ksm: key set: Key has another size than the table's|key set :32:logon:t:short
white space|*ksm: key set: Key description contains white space|key set :64:user:a\\ b
wrong words|$WORDS|key reset $KEY
END
out=$(dmsetup message m $((SZ + 8)) key wipe 2>&1)
verdict 'message beyond the end' '*outside device' $? "$out"
like 'TABLE is as before refused messages' "$(dmsetup table m)" ' :redacted: '
ok 'resume' dmsetup resume m
echo 3 >/proc/sys/vm/drop_caches
ok 'a refused key leaves the old one in place' cmp -n 65536 /tmp/pattern /dev/mapper/m

ok 'suspend' dmsetup suspend m
ok 'key wipe' dmsetup message m 0 key wipe
ok 'key wipe twice' dmsetup message m 0 key wipe
like 'STATUS says that there is no key' "$(dmsetup status m)" ' key:none'
look
out=$(timeout 60 dmsetup resume m 2>&1)
verdict 'resume without key' '*ksm: not resumed: no key is set' $? "$out"
message 'with a bad key after wipe' "*ksm: key set: Key has another size than the table's" key set 00
out=$(timeout 60 dmsetup resume m 2>&1)
verdict 'resume without key, again' '*ksm: not resumed: no key is set' $? "$out"
ok 'key set, from the keyring' dmsetup message m 0 key set :64:logon:t:logon
like 'TABLE names the new key' "$(dmsetup table m)" ' :64:logon:t:logon '
like 'STATUS says that there is one' "$(dmsetup status m)" ' key:set'
ok 'resume' dmsetup resume m
echo 3 >/proc/sys/vm/drop_caches
ok 'the data is there again' cmp -n 65536 /tmp/pattern /dev/mapper/m
ok 'KEY SET in capitals' eval "dmsetup suspend m && dmsetup message m 0 KEY SET $KEY && dmsetup resume m"
like 'TABLE hides the hex key' "$(dmsetup table m)" ' :redacted: '

# ---- nothing shows the key ----
for view in 'table m' 'table --showkeys m' 'status m' 'info m' 'deps m' 'table' 'ls --tree'; do
	# shellcheck disable=SC2086 # words wanted
	out=$(dmsetup $view 2>&1)
	if [ -n "$out" ] && ! leaks "$out"; then pass "dmsetup $view shows no key"; else fail "dmsetup $view shows no key" "$out"; fi
done
out=$(cat /sys/block/dm-*/dm/* /sys/block/dm-*/uevent /sys/module/{dm_ksm,ksm_core,ksm_passthrough,crypto_fallback}/parameters/* /proc/keys /proc/crypto 2>/dev/null | tr -d '\0')
if [ ${#out} -gt 500 ] && ! leaks "$out"; then pass '/sys and /proc show no key'; else fail '/sys and /proc show no key' "${out:0:500}"; fi
line=$(dmsetup table --showkeys m)
ok 'wiped and suspended mappings can be removed' eval 'dmsetup suspend m && dmsetup message m 0 key wipe && dmsetup remove m'
look
out=$(dmsetup create bad --table "$line" 2>&1)
verdict "TABLE's line of a hex key" 'Key is redacted in this table line, put the real key in its place' $? "$out"
ok 'with the key put in it loads' dmsetup create m --table "${line/:redacted:/$KEY}"
dmsetup remove m
sane messages

# ---- messages after a resume that was refused: the device is suspended ----
both() { printf '0 1024 ksm %s %s 0 %s 0\n1024 1024 ksm %s %s 0 %s 1024\n' $XTS $KEY "$D" $XTS $KEY "$D" | dmsetup create m; }
ok 'a mapping of two targets' both
ok 'suspend' dmsetup suspend m
ok 'the key of the second is wiped' dmsetup message m 1024 key wipe
look
out=$(timeout 60 dmsetup resume m 2>&1)
verdict 'resume with one key of two' '*ksm: not resumed: no key is set' $? "$out"
# The first one had agreed to it already.
ok 'then the first one takes a key' dmsetup message m 0 key set $KEY
ok 'and has it wiped' dmsetup message m 0 key wipe
is 'STATUS says that there is none' "$(dmsetup status m | grep -c ' key:none')" 2
ok 'keys for both' eval "dmsetup message m 0 key set $KEY && dmsetup message m 1024 key set $KEY"
ok 'resume' dmsetup resume m
ok 'the data is right' cmp -n 65536 /tmp/pattern /dev/mapper/m
look
message 'now that it is resumed' '*ksm: key wipe: device is not suspended' key wipe
dmsetup remove m

ok 'an engine that takes no keys' eval "sim size=16 && knob 0 refuse_program 0xffffffffffffffff"
dmsetup create m --notable
ok 'a table for it' dmsetup load m --table "0 16384 ksm $XTS $KEY 0 /dev/ksmsim0 0 1 hw:require"
look
out=$(timeout 60 dmsetup resume m 2>&1)
verdict 'resume without its engine' '*ksm: not resumed: hw:require, but cannot-be-programmed' $? "$out"
ok 'then it takes a key' dmsetup message m 0 key set $KEY
ok 'and has it wiped' dmsetup message m 0 key wipe
ok 'key set' dmsetup message m 0 key set $KEY
knob 0 refuse_program 0
ok 'resume, when the engine works' dmsetup resume m
dmsetup remove m
modprobe -r ksm_sim

# ---- lines of ksm-linear ----
diag 'table lines: ksm-linear'
# not_linear DESC TEXT ARGUMENTS [LENGTH]
not_linear() {
	local out rc=0
	out=$(timeout 60 dmsetup create bad --table "0 ${4:-8} ksm-linear $3" 2>&1) || rc=$?
	if [ $rc = 0 ]; then dmsetup remove bad; fi
	verdict "ksm-linear: $1" "*ksm-linear: $2 (-" $rc "$out"
}
look
ARGS='Arguments are not <device> <start>'
BEYOND='Start is beyond the end of any device'
not_linear 'no arguments' "$ARGS" ''
not_linear 'no start' "$ARGS" "$D"
not_linear 'an argument too many' "$ARGS" "$D 0 0"
not_linear 'a key' "$ARGS" "$XTS $KEY 0 $D 0"
not_linear 'start is text' "$START" "$D x"
not_linear 'start is negative' "$START" "$D -8"
not_linear 'start is 2^64' "$START" "$D 18446744073709551616"
not_linear 'start is 2^64 - 1' "$BEYOND" "$D 18446744073709551615"
not_linear 'start and length are 2^64' "$BEYOND" "$D 18446744073709551608"
not_linear 'no such device' 'Device cannot be opened' '/dev/no-such-device 0'
# At the length device mapper looks itself.
out=$(timeout 60 dmsetup create bad --table "0 18446744073709551608 ksm-linear $D 16" 2>&1)
verdict 'ksm-linear: a length that wraps around' '*device-mapper: table: ' $? "$out"
is 'no device is left' "$(devices)" ''

# ---- I/O which does not fit ----
diag 'I/O out of place'
dio() { timeout 60 dd bs=512 count=1 status=none "$@"; }
ok 'a mapping of sectors of 4096' dmsetup create s --table "0 4096 ksm $XTS $KEY 0 $DISK2 0 $B4"
is 'its blocks are as large' "$(</sys/block/dm-0/queue/logical_block_size)" 4096
ok 'it takes whole blocks' dd if=/tmp/pattern of=/dev/mapper/s bs=4096 count=16 oflag=direct status=none
nok 'a direct write of 512 bytes is refused' dio if=/tmp/pattern of=/dev/mapper/s oflag=direct
like 'as invalid' "$OUT" 'Invalid argument'
nok 'a direct read of 512 bytes is refused' dio if=/dev/mapper/s of=/dev/null iflag=direct
nok 'a direct read at byte 512 is refused' dio if=/dev/mapper/s of=/dev/null bs=4096 skip=512 iflag=direct,skip_bytes
nok 'a write beyond the end is refused' dio if=/tmp/pattern of=/dev/mapper/s bs=4096 seek=512 oflag=direct
like 'as no space' "$OUT" 'No space left'
is 'a read beyond the end gives nothing' "$(dio if=/dev/mapper/s bs=4096 skip=512 iflag=direct 2>/dev/null | wc -c)" 0
is 'a read across the end gives what there is' "$(dd if=/dev/mapper/s bs=65536 skip=2093056 iflag=skip_bytes status=none | wc -c)" 4096
ok 'buffered bytes at odd places are written' dd if=/tmp/pattern of=/dev/mapper/s bs=77 count=1 seek=1001 oflag=seek_bytes conv=notrunc,fsync status=none
echo 3 >/proc/sys/vm/drop_caches
ok 'and read' cmp -n 77 -i 0:1001 /tmp/pattern /dev/mapper/s
dmsetup remove s
ok 'a mapping of one sector' dmsetup create s --table "0 1 ksm $XTS $KEY 0 $DISK2 0"
ok 'is written' dio if=/tmp/pattern of=/dev/mapper/s oflag=direct
ok 'and read' eval 'dio if=/dev/mapper/s iflag=direct | cmp -n 512 - /tmp/pattern'
dmsetup remove s
ok 'a read-only mapping' dmsetup create s --readonly --table "$LINE"
nok 'refuses writes' dio if=/tmp/pattern of=/dev/mapper/s oflag=direct
ok 'and reads' cmp -n 4096 /tmp/pattern /dev/mapper/s
dmsetup remove s

# ---- devices which shrink ----
diag 'failing devices'
modprobe loop
truncate -s 8M /tmp/backing
loop=$(losetup -f --show /tmp/backing)
ok 'a mapping of a file' dmsetup create l --table "0 16384 ksm $XTS $KEY 0 $loop 0"
ok 'is written' dd if=/tmp/pattern of=/dev/mapper/l bs=1M oflag=direct status=none
truncate -s 4M /tmp/backing
losetup -c "$loop"
is 'the device below has shrunk' "$(blockdev --getsz "$loop")" 8192
# part IN SKIP COUNT: MiB read without the cache
part() { timeout 60 dd if="$1" bs=1M skip="$2" count="$3" iflag=direct status=none; }
part_is_right() { part "$1" "$2" "$3" | cmp -n $(($3 << 20)) -i 0:$(($2 << 20)) - /tmp/pattern; }
ok 'what is left reads right' part_is_right /dev/mapper/l 0 4
nok 'a read of what is gone fails' part /dev/mapper/l 6 1
like 'as an I/O error' "$OUT" 'Input/output error'
nok 'a write there fails' dd if=/tmp/pattern of=/dev/mapper/l bs=64k count=1 seek=96 oflag=direct status=none
like 'as an I/O error' "$OUT" 'Input/output error'
nok 'a buffered write there fails at the latest in fsync' dd if=/tmp/pattern of=/dev/mapper/l bs=64k count=1 seek=96 conv=fsync,notrunc status=none
like 'as an I/O error' "$OUT" 'Input/output error'
look
# Device mapper looks at the size when a first table is loaded or another resumed.
out=$(dmsetup load l --table "0 16384 ksm $XTS $KEY 0 $loop 0" 2>&1 && timeout 60 dmsetup resume l 2>&1)
verdict 'the old table cannot be loaded again' '*too small for target' $? "$out"
ok 'the mapping can be removed' timeout 60 dmsetup remove l
look
refused 'device too short by one sector' '*too small for target' "$XTS $KEY 0 $loop 0" 8193
ok 'a mapping which just fits' dmsetup create l --table "0 8192 ksm $XTS $KEY 0 $loop 0"
ok 'reads right' part_is_right /dev/mapper/l 0 4
dmsetup remove l
losetup -d "$loop"

# ---- devices which fail ----
hole() { printf '%s\n' "0 4096 linear $D 0" '4096 8 error' "4104 12280 linear $D 4104" | dmsetup create below; }
ok 'a device with a bad place' hole
ok 'a mapping of it' dmsetup create k --table "0 16384 ksm $XTS $KEY 0 /dev/mapper/below 0"
ok 'before the bad place all is right' part_is_right /dev/mapper/k 0 2
ok 'after it, too' part_is_right /dev/mapper/k 3 5
nok 'a read of it fails' dd if=/dev/mapper/k of=/dev/null bs=4k count=1 skip=512 iflag=direct status=none
like 'as an I/O error' "$OUT" 'Input/output error'
nok 'a large read which has it in the middle fails' dd if=/dev/mapper/k of=/tmp/got bs=2M count=1 skip=1 iflag=direct,fullblock status=none
# Whatever a failing read returns before the place must be right, after it nothing may come.
got=$(stat -c %s /tmp/got)
is 'and returns nothing behind it' "$((got > 2097152))" 0
[ "$got" = 0 ] || ok 'and nothing wrong before it' cmp -n "$got" -i 0:2097152 /tmp/got /tmp/pattern
nok 'a write to it fails' dd if=/tmp/pattern of=/dev/mapper/k bs=4k count=1 seek=512 oflag=direct status=none
like 'as an I/O error' "$OUT" 'Input/output error'
nok 'a buffered write fails at the latest in fsync' dd if=/tmp/pattern of=/dev/mapper/k bs=4k count=3 seek=511 skip=511 conv=fsync,notrunc status=none
like 'as an I/O error' "$OUT" 'Input/output error'
echo 3 >/proc/sys/vm/drop_caches
ok 'its neighbours are right' part_is_right /dev/mapper/k 0 2
ok 'the mapping can be removed' timeout 60 dmsetup remove k
dmsetup remove below

# flakey NAME UP DOWN [FEATURE...]: a mapping of a device which fails, as "k"
flakey() {
	dmsetup create below --table "0 16384 flakey $D 0 $1 $2 ${*:3}" || return
	dmsetup create k --table "0 16384 ksm $XTS $KEY 0 /dev/mapper/below 0" && return
	dmsetup remove below
	return 1
}
unflakey() {
	ok "$1: the mapping can be removed" timeout 60 dmsetup remove k
	dmsetup remove below
}
modprobe dm-flakey 2>/dev/null
ok 'failing writes: a mapping' flakey 0 1000 1 error_writes
nok 'failing writes: a write fails' dd if=/dev/zero of=/dev/mapper/k bs=1M count=2 oflag=direct status=none
like 'failing writes: as an I/O error' "$OUT" 'Input/output error'
nok 'failing writes: fsync fails' dd if=/dev/zero of=/dev/mapper/k bs=1M count=2 conv=fsync,notrunc status=none
ok 'failing writes: reads are right' part_is_right /dev/mapper/k 0 8
unflakey 'failing writes'
if dmsetup create below --table "0 16384 flakey $D 0 0 1000 1 error_reads" 2>/dev/null; then
	dmsetup remove below
	reads='1 error_reads'
else
	# Before Linux 6.5 there is only "everything fails".
	reads=''
fi
ok 'failing reads: a mapping' flakey 0 1000 "$reads"
nok 'failing reads: a read fails' part /dev/mapper/k 0 1
like 'failing reads: as an I/O error' "$OUT" 'Input/output error'
nok 'failing reads: a small one, too' dd if=/dev/mapper/k of=/dev/null bs=512 count=1 iflag=direct status=none
nok 'failing reads: a buffered one, too' dd if=/dev/mapper/k of=/dev/null bs=4k count=1 status=none
unflakey 'failing reads'

# A second good, a second bad: until both were seen, and what was read was right.
intervals() {
	local good=0 bad=0 i
	for ((i = 0; i < 400 && (good == 0 || bad == 0); i++)); do
		if timeout 60 dd if=/dev/mapper/k of=/tmp/got bs=64k count=1 skip=$((i % 128)) iflag=direct status=none 2>/dev/null; then
			good=$((good + 1))
			cmp -n 65536 -i 0:$(((i % 128) * 65536)) /tmp/got /tmp/pattern || return 1
		else
			bad=$((bad + 1))
		fi
	done
	echo "$good good, $bad bad"
	[ $good -gt 0 ] && [ $bad -gt 0 ]
}
ok 'failing now and then: a mapping' flakey 1 1
ok 'failing now and then: a read fails or is right' intervals
unflakey 'failing now and then'

# ---- garbled data ----
# units_bad FILE UNIT: the numbers of the units which are not the pattern's
units_bad() {
	cmp -l -n 65536 "$1" /tmp/pattern | awk -v u="$2" '{ n[int(($1 - 1) / u)] = 1 } END { for (i = 0; i < 65536 / u; i++) if (i in n) printf "%d ", i }'
}
garble() { # NAME CIPHER KEY UNIT OPTIONS: byte 20000 of the disk is changed
	local name=$1 line="0 16384 ksm $2 $3 0 $DISK2 0 $5"
	ok "$name: mapping" dmsetup create g --table "$line" || return
	dd if=/tmp/pattern of=/dev/mapper/g bs=64k count=1 oflag=direct status=none
	dmsetup remove g
	dd if="$DISK2" of=/tmp/raw bs=4k count=1 skip=4 iflag=direct status=none
	# Any other value will do.
	printf '%b' "\\x$(printf '%02x' $((0x$(xxd -s 3616 -l 1 -p /tmp/raw) ^ 0x41)))" |
		dd of=/tmp/raw bs=1 seek=3616 conv=notrunc status=none
	dd if=/tmp/raw of="$DISK2" bs=4k count=1 seek=4 oflag=direct status=none
	dmsetup create g --table "$line"
	dd if=/dev/mapper/g of=/tmp/got bs=64k count=1 iflag=direct status=none
	dmsetup remove g
	is "$name: only the data unit of the changed byte is garbled" "$(units_bad /tmp/got "$4")" "$((20000 / $4)) "
}
ADIANTUM=xchacha12,aes-adiantum-plain64
garble 'XTS, 512' $XTS $KEY 512 ''
is 'of which XTS garbles 16 bytes' "$(units_bad /tmp/got 16)" "$((20000 / 16)) "
garble 'XTS, 4096' $XTS $KEY 4096 "$B4"
garble 'Adiantum, 512' $ADIANTUM "$K32" 512 ''
garble 'Adiantum, 4096' $ADIANTUM "$K32" 4096 "$B4"
like 'of which Adiantum garbles all' "$(units_bad /tmp/got 64 | wc -w)" '^6[34]$'
garble 'CBC-ESSIV, 512' aes-cbc-essiv:sha256 "$K32" 512 ''

# The same by a device which changes a byte of each read: not all kernels' does.
dmsetup create below --table "0 16384 flakey $D 0 0 1000 5 corrupt_bio_byte 1000 r 65 0"
raw=$(dd if=/dev/mapper/below bs=4k count=1 iflag=direct status=none | cmp -l - <(dd if="$D" bs=4k count=1 iflag=direct status=none) | wc -l)
dmsetup remove below
if [ "$raw" = 1 ]; then
	ok 'corrupt_bio_byte: a mapping' flakey 0 1000 5 corrupt_bio_byte 1000 r 65 0
	ok 'corrupt_bio_byte: read' dd if=/dev/mapper/k of=/tmp/got bs=64k count=1 iflag=direct status=none
	is 'corrupt_bio_byte: only one data unit is garbled' "$(units_bad /tmp/got 512)" '1 '
	unflakey corrupt_bio_byte
else
	skip 'corrupt_bio_byte: only one data unit is garbled' "this kernel's dm-flakey changes $raw bytes of a read"
fi
is 'no device is left' "$(devices)" ''
sane 'failing devices'

# ---- random lines ----
# Good lines of which up to three pieces are exchanged for any other: nothing is
# known about the outcome but that the kernel survives it, shows no key, and that
# what is made can be removed.
SEED=${KSM_FUZZ_SEED:-20240607} ROUNDS=200
diag "random lines: seed $SEED, $ROUNDS rounds"
RANDOM=$SEED
GOOD_C=("$XTS $KEY" "$XTS $K32" "$ADIANTUM $K32" "aes-cbc-essiv:sha256 $K16" "capi:xts(aes)-plain64 :64:logon:t:logon" "$XTS :64:user:t-user")
GOOD_X=('' 0 '1 allow_discards' "$B4" '1 sector_size:512' '3 same_cpu_crypt no_read_workqueue no_write_workqueue')
ANY=("$XTS" aes-xts-plain "$ADIANTUM" aes-cbc-essiv:sha256 capi: - x "$KEY" "$K32" "${KEY}0" : :64 :64:logon :64:logon:t:none
	:64:logon:t:revoked :32:logon:t:short :redacted: %s%n "\\" 0 1 2 8 -1 18446744073709551615 9223372036854775808 "$SZ"
	"$D" /dev/null /tmp 259:9 allow_discards sector_size:4096 sector_size:3 iv_large_sectors integrity:1:x '')
LEN=(8 8 8 2048 "$SZ" 1 0 7 -8 18446744073709551615)
good=0 bad=0 stuck=0 shown=0
for ((r = 0; r < ROUNDS; r++)); do
	# shellcheck disable=SC2206 # words wanted
	word=(${GOOD_C[RANDOM % ${#GOOD_C[@]}]} $((RANDOM % 3 * 8)) $D $((RANDOM % 3 * 8)) ${GOOD_X[RANDOM % ${#GOOD_X[@]}]})
	for ((n = RANDOM % 4; n > 0; n--)); do
		word[RANDOM % ${#word[@]}]=${ANY[RANDOM % ${#ANY[@]}]}
	done
	line="0 ${LEN[RANDOM % ${#LEN[@]}]} ksm ${word[*]}"
	# One in eight lines is cut off, whatever is there.
	if ((RANDOM % 8 == 0)); then line=${line::RANDOM % ${#line}}; fi
	if timeout 60 dmsetup create fuzz --table "$line" >/dev/null 2>&1; then
		good=$((good + 1))
		timeout 60 dmsetup remove fuzz >/dev/null 2>&1 || { stuck=$((stuck + 1)); diag "cannot be removed: $line"; }
	else
		bad=$((bad + 1))
	fi
	if [ -n "$(devices)" ]; then
		stuck=$((stuck + 1))
		diag "left a device: $line"
		dmsetup remove_all --force
	fi
	# The pipe of the log is not endless.
	if ((r % 20 == 19)); then
		look
		if leaks "$LOG"; then shown=$((shown + 1)); fi
		# Whose a data race is is looked at with the whole log.
		LOG=${LOG//BUG: KCSAN:/}
		[[ $LOG != *WARNING:* && $LOG != *BUG:* ]] || fail "random lines before $r: kernel warning" "$LOG"
	fi
done
diag "$good accepted, $bad refused"
is 'random lines: all went again' $stuck 0
is 'random lines: the log shows no key' $shown 0
isnt 'random lines: some are accepted' $good 0
isnt 'random lines: most are refused' "$((bad > good))" 0
sane 'random lines'

# ---- module parameters ----
diag 'module parameters'
unload() { modprobe -r dm-ksm 2>/dev/null; modprobe -r ksm_passthrough 2>/dev/null; modprobe -r crypto_fallback 2>/dev/null; modprobe -r ksm_core 2>/dev/null; ! loaded; }
loaded() { grep -E '^(dm_ksm|ksm_passthrough|crypto_fallback|ksm_core) ' /proc/modules; }
ok 'modules unload' unload
look
param() { # TEXT PARAMETER...: does not load
	local text=$1 out rc=0
	shift
	out=$(timeout 60 modprobe crypto_fallback "$@" 2>&1) || rc=$?
	verdict "parameter $*" "*crypto_fallback: $text" $rc "$out"
	nok "parameter $*: nothing is loaded" grep -q '^crypto_fallback ' /proc/modules || unload
}
ENGINES='is not one of auto, skcipher, skcipher-sync, library'
param "engine=nonsense $ENGINES" engine=nonsense
param "engine= $ENGINES" engine=
param "engine=AUTO $ENGINES" engine=AUTO
param 'cache_pages=99999 is not from 0 to 2048' cache_pages=99999
param 'cache_pages=2049 is not from 0 to 2048' cache_pages=2049
param "\`-1' invalid for parameter \`cache_pages'" cache_pages=-1
param "\`4294967296' invalid for parameter \`cache_pages'" cache_pages=4294967296
param 'reserve_pages=0 is not from 16 to 256' reserve_pages=0
param 'reserve_pages=15 is not from 16 to 256' reserve_pages=15
param 'reserve_pages=257 is not from 16 to 256' reserve_pages=257
param "\`many' invalid for parameter \`reserve_pages'" reserve_pages=many
param "\`' invalid for parameter \`reserve_pages'" reserve_pages=
ALLOCS='is not one of prealloc, lazy'
param "alloc=later $ALLOCS" alloc=later
param "alloc= $ALLOCS" alloc=
param "alloc=LAZY $ALLOCS" alloc=LAZY
param 'alloc=lazy is refused: I/O would wait for crypto_alg_sem, whose holder may wait for that I/O (docs/cipher-allocation.md)' alloc=lazy
param "engine=x $ENGINES" reserve_pages=16 cache_pages=0 engine=x
# As an administrator would give it; dm-ksm must then not load, either.
mkdir -p /etc/modprobe.d
echo 'options crypto_fallback engine=nonsense' >/etc/modprobe.d/ksm-test.conf
nok 'dm-ksm does not load without crypto_fallback' modprobe dm-ksm
rm /etc/modprobe.d/ksm-test.conf
nok 'and is not there' grep -q '^dm_ksm ' /proc/modules
unload

# limits OPTION...: the ends of the ranges work, with data
limits() {
	ok "parameters $*: load" modprobe crypto_fallback "$@" && modprobe dm-ksm
	ok "parameters $*: mapping" dmsetup create p --table "0 16384 ksm $XTS $KEY 0 $D 0 $B4" || return
	ok "parameters $*: write" dd if=/tmp/pattern of=/dev/mapper/p bs=4M oflag=direct status=none
	ok "parameters $*: read" part_is_right /dev/mapper/p 0 8
	dmsetup remove p
	ok "parameters $*: unload" unload
}
limits reserve_pages=16 cache_pages=0
limits reserve_pages=256 cache_pages=2048 engine=skcipher-sync alloc=prealloc

ok 'engine=library loads everywhere' modprobe crypto_fallback engine=library
modprobe dm-ksm
look
refused 'the library has no Adiantum' 'Cipher is not available in this kernel' "$ADIANTUM $K32 0 $D 0"
like 'and the log says which engine' "$LOG" 'crypto_fallback: no implementation of Adiantum \(engine=library\)'
if dmsetup create p --table "0 16384 ksm $XTS $KEY 0 $D 0 $B4" >/dev/null 2>&1; then
	like 'the library has AES-XTS here' "$(dmsetup status p)" 'software library '
	ok 'and reads right' part_is_right /dev/mapper/p 0 8
	dmsetup remove p
else
	refused 'the library lacks AES-XTS here' 'Cipher is not available in this kernel' "$XTS $KEY 0 $D 0"
	like 'and the log says which engine' "$LOG" 'crypto_fallback: no implementation of AES-256-XTS \(engine=library\)'
fi
ok 'modules unload' unload

# ---- and at last the whole log ----
exec {kmsg}<&-
log=$(dmesg)
if [[ $log == *'ksm: Unknown option'* ]] && ! leaks "$log"; then pass 'the whole log shows no key'; else fail 'the whole log shows no key'; fi
