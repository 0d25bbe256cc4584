# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# ksmsetup: volumes that cryptsetup made are opened by one and the other, in turn, with a file
# system on them; a live mapping changes its target under load; keys go and come back.
# vm: mem=1024 disks=64M,64M,16M timeout=500 check=6.12
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

D=/run/tools
mkdir -p $D/mnt $D/bin
# Leaks are looked for by the host's part: a program that nobody may trace cannot trace itself.
ln -s "$(command -v ksmsetup-checked)" $D/bin/ksmsetup
export PATH=$D/bin:$PATH ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
printf 'a passphrase' >$D/pass
printf 'another one' >$D/wrong
head -c 3000 /dev/urandom >$D/file

mappings() { dmsetup ls | grep -v '^No devices'; }
# comes_true CONDITION...: within half a minute.
comes_true() {
	local i
	for ((i = 0; i < 300; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}
# Its exit status, and what it said in $OUT.
exits() { # DESC STATUS COMMAND...
	local desc=$1 want=$2 rc=0
	shift 2
	"$@" >"$TAP_DIR/out" 2>&1 </dev/null || rc=$?
	tap_output
	is "$desc" "$rc" "$want" || diag "$OUT"
}
target_of() { dmsetup table "$1" | cut -d' ' -f3; }
keys_left() { grep -c 'ksmsetup:' /proc/keys; }
# The kernel collects those of programs that have ended in its own time.
no_key_of_cryptsetup() { ! grep -q 'cryptsetup:' /proc/keys; }

luks() { # DEVICE OPTION...
	cryptsetup luksFormat --batch-mode --pbkdf-force-iterations 1000 --pbkdf pbkdf2 "${@:2}" "$1" $D/pass
}
by() { # PROGRAM DEVICE NAME OPTION...
	"$1" open --key-file "${KEY_FILE:-$D/pass}" "${@:4}" "$2" "$3"
}

# ---- one volume, two programs ----

# turns WHAT DEVICE OPTION...: a file system made by way of the one is read by way of the other.
turns() {
	local what=$1 dev=$2 i program
	shift 2
	for i in 1 2 3 4; do
		program=ksmsetup
		[ $((i % 2)) = 1 ] || program=cryptsetup
		ok "$what: $program opens it" by $program "$dev" vol "$@" || return
		[ $program = cryptsetup ] || is "$what: a mapping of ksm" "$(target_of vol)" ksm
		if [ $i = 1 ]; then
			ok "$what: a file system" mkfs.ext4 -q /dev/mapper/vol
		else
			ok "$what: fsck" e2fsck -fn /dev/mapper/vol
		fi
		ok "$what: mount" mount /dev/mapper/vol $D/mnt
		[ $i = 1 ] || ok "$what: files are as they were" sh -c "cd $D/mnt && sha256sum -c --quiet sums"
		dd if=/dev/urandom of=$D/mnt/$i bs=64k count=20 status=none
		(cd $D/mnt && sha256sum [0-9]* >sums)
		umount $D/mnt
		if [ $program = ksmsetup ]; then
			ok "$what: ksmsetup closes it" ksmsetup close vol
		else
			ok "$what: cryptsetup closes it" cryptsetup close vol
		fi
	done
	is "$what: no key is left" "$(keys_left)" 0
}
for ss in 512 4096; do
	ok "LUKS2, $ss: format" luks "$DISK1" --type luks2 --sector-size $ss
	turns "LUKS2, $ss" "$DISK1"
done
ok 'LUKS1: format' luks "$DISK1" --type luks1
turns LUKS1 "$DISK1"
ok 'argon2id: format' cryptsetup luksFormat --batch-mode --type luks2 --pbkdf argon2id --pbkdf-memory 32 \
	--pbkdf-force-iterations 4 --pbkdf-parallel 1 "$DISK1" $D/pass
ok 'argon2id: another key slot, by a file' cryptsetup luksAddKey --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file $D/pass "$DISK1" $D/file
turns argon2id "$DISK1"
exits 'key slot 1: not by the passphrase' 2 ksmsetup open --test-passphrase --key-slot 1 --key-file $D/pass "$DISK1"
exits 'key slot 1: by its file' 0 ksmsetup open --test-passphrase --key-slot 1 --key-file $D/file "$DISK1"
ok 'a header of its own: format' luks "$DISK2" --type luks2 --header $D/header
turns 'a header of its own' "$DISK2" --header $D/header
exits 'plain: needs to be told' 1 ksmsetup open --type plain --key-file $D/file "$DISK2" vol
like 'plain: and says of what' "$OUT" '--cipher'
plain=(--type plain --cipher aes-xts-plain64 --key-size 512)
for options in '' '--sector-size 4096' '--sector-size 4096 --iv-large-sectors' '--offset 2048 --skip 64 --size 65536'; do
	# shellcheck disable=SC2086 # words wanted
	KEY_FILE=$D/file turns "plain${options:+ $options}" "$DISK2" "${plain[@]}" $options
done

# same_data WHAT INPUT OPTION...: what cryptsetup wrote with a passphrase on its standard input is read.
same_data() {
	local what=$1 input=$2
	shift 2
	set -- --batch-mode "${plain[@]}" "$@" "$DISK2" vol
	ok "$what: cryptsetup opens it" bash -c 'printf "$1" | cryptsetup open "${@:2}"' sh "$input" "$@" || return
	dd if=$D/file2 of=/dev/mapper/vol bs=4096 count=1 oflag=direct conv=sync status=none
	dd if=/dev/mapper/vol of=$D/was bs=4096 count=1 iflag=direct status=none
	ok "$what: cryptsetup closes it" cryptsetup close vol
	ok "$what: ksmsetup opens it" bash -c 'printf "$1" | ksmsetup open "${@:2}"' sh "$input" "$@" || return
	dd if=/dev/mapper/vol of=$D/is bs=4096 count=1 iflag=direct status=none
	ok "$what: data is the same" cmp $D/was $D/is
	ok "$what: ksmsetup closes it" ksmsetup close vol
}
head -c 4000 /dev/urandom >$D/file2
long=$(printf 'x%.0s' {1..70})
same_data 'hash plain' abc --hash plain
same_data 'hash plain, longer than the key' "$long" --hash plain
same_data 'hash plain, as a file' "$long" --hash plain --key-file -
same_data 'a line' 'abc\ndef' --hash sha256
same_data 'as a file' 'abc\ndef' --hash sha256 --key-file -
same_data 'a part of a line' abcdef --hash sha256 --keyfile-offset 1 --keyfile-size 3
# systemd would take the hash of the file, cryptsetup the file.
exits 'a hash of a key file' 1 ksmsetup open "${plain[@]}" --hash sha256 --key-file $D/file "$DISK2" vol
like 'a hash of a key file: says why not' "$OUT" '--hash sha256: would do nothing, as the bytes of the key file are the key'
is 'a hash of a key file: nothing is opened' "$(mappings)" ''
exits 'hash plain of a key file' 0 ksmsetup open "${plain[@]}" --hash plain --key-file $D/file "$DISK2" vol
ok 'close' ksmsetup close vol
exits 'a hash of what is random' 0 ksmsetup open "${plain[@]}" --hash sha256 --key-file /dev/urandom "$DISK2" vol
ok 'close' ksmsetup close vol
KEY_FILE=$D/file turns 'plain, more of a file than the key' "$DISK2" "${plain[@]}" --keyfile-size 2000 --keyfile-offset 7
exits 'plain: nothing tells a wrong passphrase' 1 ksmsetup open --test-passphrase "${plain[@]}" --key-file $D/file "$DISK2"

# ---- status, suspend, resume ----

ok 'LUKS2 again' luks "$DISK1" --type luks2 --sector-size 512
ok 'open' by ksmsetup "$DISK1" vol
like 'it says by which path' "$OUT" '^vol: software: the device has no inline encryption engine'
exits 'a name that is there already' 5 ksmsetup open --key-file $D/pass "$DISK1" vol
exits 'status' 0 ksmsetup status vol
like 'status: the type' "$OUT" 'type: *LUKS2'
exits 'status in JSON' 0 ksmsetup status --json vol
like 'status in JSON: path' "$OUT" '"path": *"software"'
exits 'status of nothing' 4 ksmsetup status nothing
exits 'status of nothing in JSON' 4 ksmsetup status --json nothing
like 'status of nothing in JSON: says so' "$OUT" '"active": *false'
dd if=/dev/urandom of=$D/data bs=64k count=4 status=none
dd if=$D/data of=/dev/mapper/vol bs=64k oflag=direct status=none
exits 'suspend' 0 ksmsetup suspend vol
like 'suspend: the key is gone' "$(dmsetup status vol)" 'key:none'
exits 'resume with a wrong passphrase' 2 ksmsetup resume --key-file $D/wrong vol
like 'stays suspended' "$(dmsetup info vol)" 'SUSPENDED'
exits 'resume' 0 ksmsetup resume --key-file $D/pass vol
dd if=/dev/mapper/vol bs=64k count=4 iflag=direct status=none | cmp - $D/data && pass 'data is there' || fail 'data is there'
ok 'close' ksmsetup close vol

ok 'plain: open' ksmsetup open "${plain[@]}" --key-file $D/file "$DISK2" vol
exits 'plain: is not suspended' 1 ksmsetup suspend vol
like 'plain: is not suspended: says why' "$OUT" 'nothing tells a wrong passphrase'
like 'plain: goes on' "$(dmsetup info vol)" 'ACTIVE'
ok 'a mapping of nobody' map ksm raw "$DISK3" 512
exits 'a mapping of nobody: is not suspended' 1 ksmsetup suspend raw
like 'a mapping of nobody: goes on' "$(dmsetup info raw)" 'ACTIVE'
ok 'a mapping of nobody: has its key' dd if=/dev/mapper/raw of=/dev/null bs=4k count=1 iflag=direct status=none
unmap raw
exits 'plain: convert with another key' 2 ksmsetup convert --back "${plain[@]}" --key-file $D/file2 vol
like 'plain: convert with another key: says so' "$OUT" 'would not read what it does now'
is 'plain: is as before' "$(target_of vol)" ksm
exits 'plain: convert' 0 ksmsetup convert --back "${plain[@]}" --key-file $D/file vol
is 'plain: a mapping of dm-crypt' "$(target_of vol)" crypt
exits 'plain: convert back, with an engine' 1 ksmsetup convert --back --hw off vol
like 'plain: convert back, with an engine: says so' "$OUT" '--hw: not an option of convert --back'
exits 'plain: and back' 0 ksmsetup convert "${plain[@]}" --key-file $D/file vol
ok 'plain: close' ksmsetup close vol
ok 'plain: cryptsetup opens it' cryptsetup open "${plain[@]}" --key-file $D/file "$DISK2" vol
exits 'plain: convert, its key is in the table of dm-crypt: not with another' 1 ksmsetup convert --key-file $D/file2 vol
like 'plain: convert, its key is in the table of dm-crypt: says so' "$OUT" '--key-file: not an option of a mapping whose key is in its table'
exits 'plain: convert, its key is in the table of dm-crypt: not of a device' 1 ksmsetup convert vol "$DISK3"
like 'plain: convert, its key is in the table of dm-crypt: says so of a device' "$OUT" 'nothing to unlock on'
exits 'plain: convert, its key is in the table of dm-crypt' 0 ksmsetup convert vol
is 'plain: a mapping of ksm' "$(target_of vol)" ksm
ok 'plain: close' ksmsetup close vol

# ---- what goes wrong ----

exits 'a wrong passphrase' 2 ksmsetup open --key-file $D/wrong "$DISK1" vol
like 'a wrong passphrase: says so' "$OUT" 'no key of any keyslot'
exits 'no such device' 4 ksmsetup open --key-file $D/pass /dev/none vol
exits 'no header' 1 ksmsetup open --key-file $D/pass "$DISK3" vol
like 'no header: says so' "$OUT" 'no valid luks header'
exits 'hardware where there is none' 1 ksmsetup open --hw require --key-file $D/pass "$DISK1" vol
like 'hardware where there is none: says so' "$OUT" 'hw:require'
is 'no mapping is left' "$(mappings)" ''
is 'no key is left' "$(keys_left)" 0

# Two mappings of a volume would each have a cache of their own.
ok 'cryptsetup opens it' by cryptsetup "$DISK1" other
exits 'what dm-crypt has is in use' 5 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'what dm-crypt has is in use: says so' "$OUT" 'is in use: mounted, or another mapping'
ok 'cryptsetup closes it' cryptsetup close other
exits 'a key slot that is empty' 1 ksmsetup open --key-slot 7 --key-file $D/pass "$DISK1" vol
like 'a key slot that is empty: says so' "$OUT" 'keyslot 7 has no key'
exits 'no key file' 1 ksmsetup open --key-file $D/nothing "$DISK1" vol
like 'no key file: says so' "$OUT" "$D/nothing: No such file"
exits 'a key file that is a directory' 1 ksmsetup open --key-file $D/mnt "$DISK1" vol
exits 'a key file that is too short' 1 ksmsetup open --key-file $D/pass --keyfile-size 100 "$DISK1" vol
like "a key file that is too short: libcryptsetup's words" "$OUT" 'Cannot read requested amount of data'
exits 'a name with a slash' 1 ksmsetup open --key-file $D/pass "$DISK1" a/b
for c in close status suspend resume convert attach detach; do
	exits "$c: a name with a slash" 1 ksmsetup $c a/b
	like "$c: a name with a slash: says so" "$OUT" 'a/b: not a name for a mapping'
done
exits 'no option of LUKS' 1 ksmsetup open --key-file $D/pass --offset 8 "$DISK1" vol
like 'no option of LUKS: says which' "$OUT" '--offset: not an option of a LUKS volume'
exits 'no option of plain volumes' 1 ksmsetup open "${plain[@]}" --key-file $D/file --key-slot 1 "$DISK2" vol
like 'no option of plain volumes: says which' "$OUT" '--key-slot: not an option of a plain volume'
exits 'no option of attach' 1 ksmsetup attach --hw off a
like 'no option of attach: says which' "$OUT" '--hw: not an option of attach'
for n in 0 511 513 8192; do
	exits "sectors of $n bytes" 1 ksmsetup open "${plain[@]}" --key-file $D/file --sector-size $n "$DISK2" vol
done

# A key that is not the volume's.
ok 'a key slot of nothing' cryptsetup luksAddKey --batch-mode --unbound --key-size 512 --key-slot 5 \
	--pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$DISK1" $D/file2
exits 'a key slot of nothing: opens nothing' 1 ksmsetup open --key-slot 5 --key-file $D/file2 "$DISK1" vol
like 'a key slot of nothing: says so' "$OUT" 'keyslot 5 has no key of the volume'
exits 'a key slot of nothing: is not found' 2 ksmsetup open --key-file $D/file2 "$DISK1" vol
exits 'a key slot of nothing: others are' 0 ksmsetup open --test-passphrase --key-file $D/pass "$DISK1"
cryptsetup open --key-file $D/pass --header "$DISK1" $D/pass vol >/dev/null 2>&1
exits 'not a device, as cryptsetup' $? ksmsetup open --key-file $D/pass --header "$DISK1" $D/pass vol
like 'not a device: says what is wrong' "$OUT" "$D/pass is too small"
exits 'close what is not there' 4 ksmsetup close vol

# What happens while a passphrase is asked for.
cat >$D/bin/ask <<END
#!/bin/sh
: >$D/asked.\$\$
until [ -e $D/go ]; do sleep 0.1; done
cat $D/pass
END
chmod +x $D/bin/ask
# later NAME DEVICE OPTION...: open it when $D/go is there; $D/rc.NAME has its exit status.
later() {
	local rc=0
	ksmsetup open --askpass ask "${@:3}" "$2" "$1" >"$D/out.$1" 2>&1 </dev/null || rc=$?
	echo $rc >"$D/rc.$1"
}
are_asked() { [ "$(find $D -name 'asked.*' | wc -l)" = "$1" ]; }
is_asked_for() { pgrep -f '^sleep 4321'; }
rm -f $D/go $D/asked.*
later one "$DISK1" &
ONE=$!
ok 'two open a volume: one asks' comes_true are_asked 1
later two "$DISK1" &
TWO=$!
ok 'two open a volume: both ask' comes_true are_asked 2
: >$D/go
wait $ONE $TWO
is 'two open a volume: one does' "$(cat $D/rc.one $D/rc.two | sort | xargs)" '0 5'
like 'two open a volume: the other says why' "$(cat $D/out.one $D/out.two)" 'is in use: mounted, or another mapping'
is 'two open a volume: there is one mapping' "$(mappings | wc -l)" 1
ok 'close' ksmsetup close "$(mappings | cut -f1)"

# Another disk in the same place, with a header of its own that does not tell one from the other.
ok 'a disk' dmsetup create below --table "0 65536 linear $DISK2 0"
ok 'format' luks /dev/mapper/below --type luks2 --header $D/header2
rm -f $D/go $D/asked.*
later vol /dev/mapper/below --header $D/header2 &
ONE=$!
ok 'another disk comes: it asks' comes_true are_asked 1
dmsetup reload below --table "0 32768 linear $DISK2 65536"
dmsetup suspend below
dmsetup resume below
: >$D/go
wait $ONE
is 'another disk comes: refused' "$(cat $D/rc.vol)" 4
like 'another disk comes: says so' "$(cat $D/out.vol)" 'is not what it was when it was unlocked'
dmsetup remove --retry below
is 'no mapping is left' "$(mappings)" ''
is 'no key is left' "$(keys_left)" 0

# Whatever ends it before anything was made.
for sig in INT TERM KILL; do
	timeout -s $sig 2 ksmsetup open --askpass 'sleep 1000; echo' "$DISK1" vol </dev/null >/dev/null 2>&1
	is "SIG$sig while it asks: no mapping" "$(mappings)" ''
	is "SIG$sig while it asks: no key" "$(keys_left)" 0
done
pkill -f '^sleep 1000'
ksmsetup open --askpass 'sleep 4321; :' "$DISK1" vol </dev/null >/dev/null 2>&1 &
ONE=$!
ok 'it asks by a program' comes_true is_asked_for
kill -TERM $ONE
wait $ONE
is 'SIGTERM ends it' $? 143
nok 'SIGTERM ends the program that asks' is_asked_for
# A keyslot takes its time.
ok 'a slow key slot' cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --iter-time 4000 "$DISK2" $D/pass
timeout --preserve-status -s INT 1 ksmsetup open --key-file $D/pass "$DISK2" vol </dev/null >/dev/null 2>&1
is 'SIGINT while it unlocks: ends it' $? 130
is 'SIGINT while it unlocks: no mapping' "$(mappings)" ''
is 'SIGINT while it unlocks: no key' "$(keys_left)" 0
ok 'its key slots are erased' cryptsetup luksErase --batch-mode "$DISK2"
exits 'no key slot' 1 ksmsetup open --key-file $D/pass "$DISK2" vol
like 'no key slot: says so' "$OUT" 'no keyslot with a key of the volume'

# ---- passphrases from elsewhere ----

exits 'from the standard input' 0 sh -c "ksmsetup open '$DISK1' vol <$D/pass"
ok 'close' ksmsetup close vol
# A terminal that can only be read from, and is not that of the session: as an initramfs has a console.
# script reads to its end what is typed, and ends with that of the terminal.
typed() {
	comes_true grep -q 'Passphrase for' $D/said
	echo "$(<$D/pass)"
	comes_true test -s $D/rc
}
rm -f $D/said $D/rc
typed | script -q -c "{ setsid -w ksmsetup open --tries 1 '$DISK1' vol <\$(tty) 2>$D/said; echo \$? >$D/rc; }" $D/typescript >/dev/null
is 'from a terminal that is only read from' "$(<$D/rc)" 0
like 'from a terminal that is only read from: there is a question' "$(<$D/said)" "Passphrase for $DISK1"
unlike 'from a terminal that is only read from: without an echo' "$(<$D/typescript)" "$(<$D/pass)"
ok 'close' ksmsetup close vol
exits 'from a program' 0 ksmsetup open --askpass "cat $D/pass; :" "$DISK1" vol
ok 'close' ksmsetup close vol
exits 'from a program that says nothing' 2 ksmsetup open --askpass true "$DISK1" vol
ok 'a token' cryptsetup token add --key-description ksm:token "$DISK1"
keyctl add user ksm:token "$(cat $D/pass)" @u >/dev/null
exits 'by a token' 0 ksmsetup open --token-only "$DISK1" vol
ok 'close' ksmsetup close vol
keyctl purge user ksm:token >/dev/null
cryptsetup open --token-only "$DISK1" vol >/dev/null 2>&1
exits 'without what the token needs, as cryptsetup' $? ksmsetup open --token-only "$DISK1" vol

# ---- discards, read-only, what is kept in the header ----

exits 'discards' 0 ksmsetup open --allow-discards --persistent --key-file $D/pass "$DISK1" vol
like 'discards: in the table' "$(dmsetup table vol)" 'allow_discards'
ok 'discards: close' ksmsetup close vol
exits 'discards are kept in the header' 0 ksmsetup open --readonly --key-file $D/pass "$DISK1" vol
like 'discards are kept: in the table' "$(dmsetup table vol)" 'allow_discards'
nok 'read-only' dd if=/dev/zero of=/dev/mapper/vol bs=4k count=1 oflag=direct status=none
ok 'close' ksmsetup close vol
flags_kept() { cryptsetup luksDump "$DISK1" | sed -n 's/^Flags:[[:space:]]*//p' | xargs; }
is 'cryptsetup finds them there' "$(flags_kept)" 'allow-discards'
ok 'cryptsetup keeps another flag' by cryptsetup "$DISK1" vol --allow-discards --perf-no_read_workqueue --persistent
ok 'close' cryptsetup close vol
exits 'a flag of dm-crypt' 0 ksmsetup open --persistent --key-file $D/pass "$DISK1" vol
like 'a flag of dm-crypt: in the table' "$(dmsetup table vol)" ' no_read_workqueue'
like 'persistent: discards are still kept' "$(flags_kept)" 'allow-discards'
like 'persistent: and so is the other flag' "$(flags_kept)" 'no-read-workqueue'
exits 'persistent: not an option of resume' 1 ksmsetup resume --persistent --key-file $D/pass vol
exits 'persistent: not an option of convert' 1 ksmsetup convert --back --persistent --key-file $D/pass vol
is 'persistent: nothing was converted' "$(target_of vol)" ksm
ok 'close' ksmsetup close vol
exits 'persistent: not without a mapping' 1 ksmsetup open --test-passphrase --persistent --key-file $D/pass "$DISK1"
exits 'persistent: not with a wrong passphrase' 2 ksmsetup open --persistent --key-file $D/wrong "$DISK1" vol
blockdev --setro "$DISK1"
exits 'a read-only device' 0 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'a read-only device: says so' "$OUT" "$DISK1: is read-only, and so is the mapping"
is 'a read-only device: the mapping is, too' "$(blockdev --getro /dev/mapper/vol)" 1
ok 'close' ksmsetup close vol
blockdev --setrw "$DISK1"

# ---- ksmtab ----

cat >$D/tab <<END
a $DISK1 $D/pass nofail
b $DISK2 none wrong-option
asked $DISK1 none tries=2
missing $DISK1 $D/nothing
wrong $DISK1 $D/wrong keyfile-offset=1
token $DISK1 $D/wrong token-only
elsewhere $DISK2 $D/pass header=$DISK1
plain $DISK2 $D/nothing plain,cipher=aes-xts-plain64,size=512
hashed $DISK2 $D/file plain,cipher=aes-xts-plain64,size=512,hash=sha256
END
exits 'attach' 0 ksmsetup attach --tab $D/tab a
exits 'attach again' 0 ksmsetup attach --tab $D/tab a
like 'attach again: by ksm' "$(target_of a)" ksm
exits 'attach: by another name it is in use' 5 ksmsetup attach --tab $D/tab --askpass "cat $D/pass; :" asked
exits 'attach a line that is wrong' 1 ksmsetup attach --tab $D/tab b
like 'attach a line that is wrong: says which' "$OUT" "$D/tab:2"
exits 'attach what has no line' 1 ksmsetup attach --tab $D/tab c
exits 'attach a line with a hash of its key file' 1 ksmsetup attach --tab $D/tab hashed
like 'attach a line with a hash of its key file: says why not' "$OUT" '--hash sha256: would do nothing'
exits 'detach' 0 ksmsetup detach a
exits 'detach again' 0 ksmsetup detach a
# Who finds a mapping takes it for the volume of the line.
taken() { # DESC NAME
	exits "$1: not attached" 5 ksmsetup attach --tab $D/tab "$2"
	like "$1: says so" "$OUT" "$2: exists already, and is not a mapping of /dev/"
}
ok 'dm-crypt has it' by cryptsetup "$DISK1" a
exits 'dm-crypt has it: attached' 0 ksmsetup attach --tab $D/tab a
ok 'dm-crypt has it: close' cryptsetup close a
ok 'another type of mapping' dmsetup create a --table "0 2048 linear $DISK1 0"
taken 'another type of mapping' a
ok 'another type of mapping: is removed' dmsetup remove --retry a
ok 'another volume' luks "$DISK2" --type luks2
ok 'another volume: is opened' by ksmsetup "$DISK2" a
taken 'another volume' a
ok 'another volume: close' ksmsetup close a
ok 'another device with the same header' ksmsetup open --key-file $D/pass "$DISK1" elsewhere
taken 'another device with the same header' elsewhere
ok 'another device with the same header: close' ksmsetup close elsewhere
KEY_FILE=$D/file ok 'another part of a plain volume' by ksmsetup "$DISK2" plain "${plain[@]}" --offset 8
taken 'another part of a plain volume' plain
ok 'another part of a plain volume: close' ksmsetup close plain
# Instead of a key file, as crypttab's.
for n in missing wrong; do
	exits "a key file that is $n: a passphrase instead" 0 ksmsetup attach --tab $D/tab --askpass "cat $D/pass; :" $n
	like "a key file that is $n: says so" "$OUT" "$DISK1: not opened by $D/[a-z]+, so a passphrase is asked for"
	[ $n = missing ] || like 'a key file that is wrong: says so first' "$OUT" 'no key of any keyslot'
	ok "a key file that is $n: detach" ksmsetup detach $n
done
exits 'a key file that is missing, and a wrong passphrase' 2 ksmsetup attach --tab $D/tab --askpass "cat $D/wrong; :" missing
exits 'a key file that is missing, and no passphrase' 1 ksmsetup attach --tab $D/tab --askpass false missing
exits 'a key file that is missing, and nobody to ask' 1 ksmsetup attach --tab $D/tab missing
exits 'a key file that is wrong, and nobody to ask' 2 ksmsetup attach --tab $D/tab wrong
exits 'a key file that is wrong: no passphrase if only tokens are wanted' 2 \
	ksmsetup attach --tab $D/tab --askpass "cat $D/pass; :" token
exits 'a key file that is wrong: open does not ask' 2 ksmsetup open --key-file $D/wrong --askpass "cat $D/pass; :" "$DISK1" vol
# Nothing would tell that it is not what is in the file.
exits 'a key file that is missing: not of a plain volume' 1 ksmsetup attach --tab $D/tab --askpass "cat $D/pass; :" plain
is 'no mapping is left' "$(mappings)" ''
# Who boots tells a wrong passphrase, after which it gives up, from all else.
exits 'attach with a wrong passphrase' 2 ksmsetup attach --tab $D/tab --askpass "cat $D/wrong; :" asked
is 'attach with a wrong passphrase: as often as the line says' "$(grep -c 'no key of any keyslot' <<<"$OUT")" 2
exits 'attach as nobody: not as a wrong passphrase' 1 \
	setpriv --bounding-set -sys_admin --inh-caps -sys_admin ksmsetup attach --tab $D/tab a
# EPERM, of the kernel: it may be read, which ksmsetup does, but not written, which device mapper wants.
without_writing() { (echo "$BASHPID" >$D/devices/ro/cgroup.procs && exec "$@"); }
mkdir -p $D/devices
if mount -t cgroup -o devices none $D/devices && mkdir $D/devices/ro; then
	echo "b $(lsblk -dno MAJ:MIN "$DISK1" | xargs) w" >$D/devices/ro/devices.deny
	exits 'open what may not be written to: as cryptsetup' 2 without_writing ksmsetup open --key-file $D/pass "$DISK1" a
	like 'open what may not be written to: says so' "$OUT" 'a: cannot be made: Operation not permitted'
	exits 'attach what may not be written to: not as a wrong passphrase' 1 without_writing ksmsetup attach --tab $D/tab a
	like 'attach what may not be written to: says so' "$OUT" 'a: cannot be made: Operation not permitted'
	rmdir $D/devices/ro
	umount $D/devices
else
	skip 'attach what may not be written to' 'no cgroup of devices'
fi

# ---- without the module ----

modprobe -r dm-ksm
mv /lib/modules/"$KVER"/updates/dkms/dm-ksm.ko* $D/
exits 'no module' 4 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'no module: says so' "$OUT" "this kernel, ${KVER//+/.}, has no target ksm"
exits 'no module: falls back' 0 ksmsetup open --fallback --key-file $D/pass "$DISK1" vol
is 'no module: a mapping of dm-crypt' "$(target_of vol)" crypt
like 'no module: flags of the header' "$(dmsetup table vol)" 'no_read_workqueue'
like 'no module: the key has the name that cryptsetup gives it' "$(dmsetup table --showkeys vol)" \
	":64:logon:cryptsetup:$(cryptsetup luksUUID "$DISK1")-d0"
ok 'no module: cryptsetup refreshes it' cryptsetup refresh --key-file $D/pass vol
exits 'no module: ksmsetup closes it' 0 ksmsetup close vol
mv $D/dm-ksm.ko* /lib/modules/"$KVER"/updates/dkms/
ok 'the module is back' modprobe dm-ksm

# ---- convert ----

ok 'cryptsetup opens it' by cryptsetup "$DISK1" vol
ok 'a file system' mkfs.ext4 -q /dev/mapper/vol
ok 'mounted' mount /dev/mapper/vol $D/mnt
fio --name=convert --filename=$D/mnt/fio --size=8M --bs=16k --rw=randwrite --verify=crc32c --verify_fatal=1 \
	--verify_backlog=16 --loops=1000 --time_based --runtime=1000 --thread >$D/fio 2>&1 &
FIO=$!
for i in 1 2 3; do
	exits "convert, $i" 0 ksmsetup convert --key-file $D/pass vol
	is "convert, $i: a mapping of ksm" "$(target_of vol)" ksm
	exits "convert back, $i" 0 ksmsetup convert --back --key-file $D/pass vol
	is "convert back, $i: a mapping of dm-crypt" "$(target_of vol)" crypt
done
exits 'convert with a wrong passphrase' 2 ksmsetup convert --key-file $D/wrong vol
is 'it is as before' "$(target_of vol)" crypt
ok 'fio goes on' kill -INT $FIO
wait $FIO
nok 'and has found nothing wrong' grep -i 'verify:\|error=' $D/fio
umount $D/mnt
ok 'cryptsetup refreshes it' cryptsetup refresh --key-file $D/pass vol
ok 'cryptsetup resizes it' cryptsetup resize --key-file $D/pass --size 40000 vol
is 'it has that size' "$(blockdev --getsz /dev/mapper/vol)" 40000
# What somebody else does while a passphrase is asked for is not undone.
# meanwhile COMMAND: ksmsetup asks; $D/rc.vol has its exit status, $D/out.vol what it said.
meanwhile() {
	local rc=0
	ksmsetup "$1" --askpass ask vol >$D/out.vol 2>&1 </dev/null || rc=$?
	echo $rc >$D/rc.vol
}
# begins DESC COMMAND: in the background, up to the question; ends DESC STATUS [REGEX]
begins() {
	rm -f $D/go $D/asked.*
	meanwhile "$2" &
	ONE=$!
	ok "$1: it asks" comes_true are_asked 1
}
ends() {
	: >$D/go
	wait $ONE
	is "$1: status" "$(<$D/rc.vol)" "$2" || diag "$(<$D/out.vol)"
	[ -z "${3:-}" ] || like "$1: says so" "$(<$D/out.vol)" "$3"
}
begins 'convert, resized meanwhile' convert
ok 'convert, resized meanwhile: resized' cryptsetup resize --key-file $D/pass --size 48000 vol
ends 'convert, resized meanwhile' 5 'vol: was changed by somebody meanwhile'
is 'convert, resized meanwhile: has that size' "$(blockdev --getsz /dev/mapper/vol)" 48000
is 'convert, resized meanwhile: not converted' "$(target_of vol)" crypt
begins 'convert, suspended meanwhile' convert
dmsetup suspend vol
ends 'convert, suspended meanwhile' 5 'vol: was changed by somebody meanwhile'
like 'convert, suspended meanwhile: stays so' "$(dmsetup info vol)" SUSPENDED
dmsetup resume vol
is 'convert, suspended meanwhile: no table is left' "$(dmsetup table --inactive vol)" ''
ok 'cryptsetup closes it' cryptsetup close vol
ok 'no key with its name is left' comes_true no_key_of_cryptsetup
exits 'a name with a blank' 0 ksmsetup open --key-file $D/pass "$DISK1" 'a b'
exits 'a name with a blank: convert' 0 ksmsetup convert --back --key-file $D/pass 'a b'
exits 'a name with a blank: and back' 0 ksmsetup convert --key-file $D/pass 'a b'
exits 'a name with a blank: close' 0 ksmsetup close 'a b'

suspended() {
	ok "$1: open" by ksmsetup "$2" vol
	ok "$1: suspend" ksmsetup suspend vol
}
suspended 'resume, another one meanwhile' "$DISK1"
begins 'resume, another one meanwhile' resume
ok 'resume, another one meanwhile: closed' ksmsetup close vol
ok 'resume, another one meanwhile: format' luks "$DISK2" --type luks2
suspended 'resume, another one meanwhile' "$DISK2"
ends 'resume, another one meanwhile' 5 'vol: was changed by somebody meanwhile'
like 'resume, another one meanwhile: has no key' "$(dmsetup status vol)" 'key:none'
like 'resume, another one meanwhile: stays suspended' "$(dmsetup info vol)" SUSPENDED
ok 'resume, another one meanwhile: close' ksmsetup close vol
suspended 'resume, resumed meanwhile' "$DISK1"
begins 'resume, resumed meanwhile' resume
ok 'resume, resumed meanwhile: by another' ksmsetup resume --key-file $D/pass vol
ends 'resume, resumed meanwhile' 5 'vol: was changed by somebody meanwhile'
unlike 'resume, resumed meanwhile: is not said to be suspended' "$(<$D/out.vol)" suspended
like 'resume, resumed meanwhile: goes on' "$(dmsetup info vol)" ACTIVE
ok 'resume, resumed meanwhile: close' ksmsetup close vol
# Another ksmsetup has the device, and hangs.
exec {lock}>"/run/ksmsetup/$(lsblk -dno MAJ:MIN "$DISK1" | xargs)"
flock $lock
timeout --preserve-status -k 60 -s TERM 3 ksmsetup open --key-file $D/pass "$DISK1" vol </dev/null >/dev/null 2>&1
is 'SIGTERM ends it while it waits for another ksmsetup' $? 143
exec {lock}>&-
is 'and no mapping is left' "$(mappings)" ''

# ---- hardware ----

ok 'a simulated engine' sim size=64 slots=4 modes=AES-256-XTS
exits 'probe' 0 ksmsetup probe /dev/ksmsim0
like 'probe: finds it' "$OUT" 'AES-256-XTS +hardware \(ksmsim0\), sectors of 512'
exits 'probe a disk without' 4 ksmsetup probe "$DISK3"
ok 'a file system on it' mkfs.ext4 -q /dev/ksmsim0
ok 'mounted' mount /dev/ksmsim0 $D/mnt
exits 'probe a disk in use' 0 ksmsetup probe /dev/ksmsim0
like 'probe a disk in use: says so' "$OUT" 'is in use, so this is what the engine of ksmsim0 says'
like 'probe a disk in use: finds it' "$OUT" 'AES-256-XTS +declared .ksmsim0., sectors of 512'
umount $D/mnt
exits 'benchmark' 0 ksmsetup benchmark /dev/ksmsim0
like 'benchmark: a line of seven numbers' "$OUT" 'AES-256-XTS( +[0-9]+\.[0-9]){7}'
like 'benchmark: what there is not' "$OUT" 'SM4-XTS( +(-|[0-9.]+)){6} +-'
is 'benchmark: leaves no mapping' "$(mappings)" ''
timeout --preserve-status -s INT 2 ksmsetup benchmark /dev/ksmsim0 </dev/null >/dev/null 2>&1
is 'benchmark: SIGINT ends it' $? 130
is 'benchmark: SIGINT leaves no mapping' "$(mappings)" ''
ok 'format' luks /dev/ksmsim0 --type luks2 --sector-size 512
exits 'open in hardware' 0 ksmsetup open --hw require --key-file $D/pass /dev/ksmsim0 vol
like 'says so' "$OUT" '^vol: hardware: '
exits 'suspend' 0 ksmsetup suspend vol
knob 0 wrong_key 1
exits 'resume is refused' 1 ksmsetup resume --key-file $D/pass vol
like 'resume is refused: says so' "$OUT" 'vol: is still suspended, without a key'
like "resume is refused: the kernel's reason" "$OUT" 'cannot be resumed: .*hw:require'
like 'resume is refused: the key is gone' "$(dmsetup status vol)" 'key:none'
knob 0 wrong_key 0
exits 'resume' 0 ksmsetup resume --key-file $D/pass vol
knob 0 refuse_evict 1
nok 'suspend: the engine keeps the key' ksmsetup suspend vol
like 'suspend: the engine keeps the key: says so' "$OUT" 'vol: is suspended, but its key may still be in memory'
like 'suspend: the engine keeps the key: I/O waits' "$(dmsetup info vol)" 'SUSPENDED'
knob 0 refuse_evict 0
ok 'close' ksmsetup close vol
ok 'format with large sectors' luks /dev/ksmsim0 --type luks2 --sector-size 4096
exits 'open' 0 ksmsetup open --key-file $D/pass /dev/ksmsim0 vol
like 'says why not' "$OUT" '^vol: software: IVs count 512-byte steps'
ok 'close' ksmsetup close vol
ok 'the engine goes' modprobe -r ksm_sim

# ---- without device mapper ----

modprobe -r dm-ksm
for m in /sys/module/dm_mod/holders/*; do modprobe -r "${m##*/}"; done
ok 'device mapper goes' modprobe -r dm-mod
DM=$(modinfo -n dm_mod)
mv "$DM" $D/
exits 'no device mapper' 1 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'no device mapper: says so' "$OUT" 'is the module dm_mod loaded'
exits 'no device mapper: detach' 1 ksmsetup detach vol
like 'no device mapper: detach says so' "$OUT" 'is the module dm_mod loaded'
mv $D/"${DM##*/}" "$DM"
ok 'the module is back' modprobe dm-ksm
