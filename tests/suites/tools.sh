# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# ksmsetup: volumes that cryptsetup made are opened by one and the other, in turn, with a file
# system on them; a live mapping changes its target under load; keys go and come back.
# vm: mem=1024 disks=64M,64M,16M timeout=400 check=6.1,6.12
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

# status_of NAME COMMAND...: its exit status, and what it said in $OUT.
exits() { # DESC STATUS COMMAND...
	local desc=$1 want=$2 rc=0
	shift 2
	"$@" >"$TAP_DIR/out" 2>&1 </dev/null || rc=$?
	tap_output
	is "$desc" "$rc" "$want"
}
target_of() { dmsetup table "$1" | cut -d' ' -f3; }
keys_left() { grep -c 'ksmsetup:' /proc/keys; }

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
	KEY_FILE=$D/file turns "plain${options:+ $options}" "$DISK2" "${plain[@]}" --hash sha256 $options
done

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
dd if=/dev/urandom of=$D/data bs=64k count=4 status=none
dd if=$D/data of=/dev/mapper/vol bs=64k oflag=direct status=none
exits 'suspend' 0 ksmsetup suspend vol
like 'suspend: the key is gone' "$(dmsetup status vol)" 'key:none'
exits 'resume with a wrong passphrase' 2 ksmsetup resume --key-file $D/wrong vol
like 'stays suspended' "$(dmsetup info vol)" 'SUSPENDED'
exits 'resume' 0 ksmsetup resume --key-file $D/pass vol
dd if=/dev/mapper/vol bs=64k count=4 iflag=direct status=none | cmp - $D/data && pass 'data is there' || fail 'data is there'
ok 'close' ksmsetup close vol

ok 'plain: open' ksmsetup open "${plain[@]}" --hash sha256 --key-file $D/file "$DISK2" vol
exits 'plain: is not suspended' 1 ksmsetup suspend vol
like 'plain: is not suspended: says why' "$OUT" 'nothing that tells a wrong passphrase'
like 'plain: goes on' "$(dmsetup info vol)" 'ACTIVE'
head -c 3000 /dev/urandom >$D/file2
exits 'plain: convert with another key' 2 ksmsetup convert --back "${plain[@]}" --hash sha256 --key-file $D/file2 vol
like 'plain: convert with another key: says so' "$OUT" 'would not read what it does now'
is 'plain: is as before' "$(target_of vol)" ksm
exits 'plain: convert' 0 ksmsetup convert --back "${plain[@]}" --hash sha256 --key-file $D/file vol
is 'plain: a mapping of dm-crypt' "$(target_of vol)" crypt
exits 'plain: and back, its key is known' 0 ksmsetup convert vol
ok 'plain: close' ksmsetup close vol

# ---- what goes wrong ----

exits 'a wrong passphrase' 2 ksmsetup open --key-file $D/wrong "$DISK1" vol
like 'a wrong passphrase: says so' "$OUT" 'no key of any keyslot'
exits 'no such device' 4 ksmsetup open --key-file $D/pass /dev/none vol
exits 'no header' 1 ksmsetup open --key-file $D/pass "$DISK3" vol
like 'no header: says so' "$OUT" 'no valid luks header'
exits 'hardware where there is none' 1 ksmsetup open --hw require --key-file $D/pass "$DISK1" vol
like 'hardware where there is none: says so' "$OUT" 'hw:require'
is 'no mapping is left' "$(dmsetup ls | grep -v '^No devices')" ''
is 'no key is left' "$(keys_left)" 0

# Two mappings of a volume would each have a cache of their own.
ok 'cryptsetup opens it' by cryptsetup "$DISK1" other
exits 'what dm-crypt has is in use' 5 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'what dm-crypt has is in use: says so' "$OUT" 'is in use: mounted, or another mapping'
ok 'cryptsetup closes it' cryptsetup close other
exits 'a key slot that is empty' 1 ksmsetup open --key-slot 7 --key-file $D/pass "$DISK1" vol
like 'a key slot that is empty: says so' "$OUT" 'keyslot 7 has no key'
exits 'no key file' 4 ksmsetup open --key-file $D/nothing "$DISK1" vol
exits 'a name with a slash' 1 ksmsetup open --key-file $D/pass "$DISK1" a/b
exits 'not a device' 4 ksmsetup open --key-file $D/pass --header "$DISK1" $D/pass vol
exits 'close what is not there' 4 ksmsetup close vol

# Whatever ends it before anything was made.
for sig in INT TERM KILL; do
	timeout -s $sig 2 ksmsetup open --askpass 'sleep 1000; echo' "$DISK1" vol </dev/null >/dev/null 2>&1
	is "SIG$sig while it asks: no mapping" "$(dmsetup ls | grep -v '^No devices')" ''
	is "SIG$sig while it asks: no key" "$(keys_left)" 0
done
pkill -x sleep

# ---- passphrases from elsewhere ----

exits 'from the standard input' 0 sh -c "ksmsetup open '$DISK1' vol <$D/pass"
ok 'close' ksmsetup close vol
exits 'from a program' 0 ksmsetup open --askpass "cat $D/pass; :" "$DISK1" vol
ok 'close' ksmsetup close vol
exits 'from a program that says nothing' 2 ksmsetup open --askpass true "$DISK1" vol
ok 'a token' cryptsetup token add --key-description ksm:token "$DISK1"
keyctl add user ksm:token "$(cat $D/pass)" @u >/dev/null
exits 'by a token' 0 ksmsetup open --token-only "$DISK1" vol
ok 'close' ksmsetup close vol
keyctl purge user ksm:token >/dev/null
exits 'without what the token needs' 1 ksmsetup open --token-only "$DISK1" vol

# ---- discards, read-only, what is kept in the header ----

exits 'discards' 0 ksmsetup open --allow-discards --persistent --key-file $D/pass "$DISK1" vol
like 'discards: in the table' "$(dmsetup table vol)" 'allow_discards'
ok 'discards: close' ksmsetup close vol
exits 'discards are kept in the header' 0 ksmsetup open --readonly --key-file $D/pass "$DISK1" vol
like 'discards are kept: in the table' "$(dmsetup table vol)" 'allow_discards'
nok 'read-only' dd if=/dev/zero of=/dev/mapper/vol bs=4k count=1 oflag=direct status=none
ok 'close' ksmsetup close vol
like 'cryptsetup finds them there' "$(cryptsetup luksDump "$DISK1")" 'Flags: *allow-discards'

# ---- ksmtab ----

printf 'a %s %s nofail\nb %s none wrong-option\n' "$DISK1" $D/pass "$DISK2" >$D/tab
exits 'attach' 0 ksmsetup attach --tab $D/tab a
exits 'attach again' 0 ksmsetup attach --tab $D/tab a
exits 'attach a line that is wrong' 1 ksmsetup attach --tab $D/tab b
like 'attach a line that is wrong: says which' "$OUT" "$D/tab:2"
exits 'attach what has no line' 4 ksmsetup attach --tab $D/tab c
exits 'detach' 0 ksmsetup detach a
exits 'detach again' 0 ksmsetup detach a

# ---- without the module ----

modprobe -r dm-ksm
mv /lib/modules/"$KVER"/updates/dkms/dm-ksm.ko* $D/
exits 'no module' 4 ksmsetup open --key-file $D/pass "$DISK1" vol
like 'no module: says so' "$OUT" "this kernel, ${KVER//+/.}, has no target ksm"
exits 'no module: falls back' 0 ksmsetup open --fallback --key-file $D/pass "$DISK1" vol
is 'no module: a mapping of dm-crypt' "$(target_of vol)" crypt
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
ok 'cryptsetup closes it' cryptsetup close vol

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
is 'benchmark: leaves no mapping' "$(dmsetup ls | grep -v '^No devices')" ''
ok 'format' luks /dev/ksmsim0 --type luks2 --sector-size 512
exits 'open in hardware' 0 ksmsetup open --hw require --key-file $D/pass /dev/ksmsim0 vol
like 'says so' "$OUT" '^vol: hardware: '
ok 'close' ksmsetup close vol
ok 'format with large sectors' luks /dev/ksmsim0 --type luks2 --sector-size 4096
exits 'open' 0 ksmsetup open --key-file $D/pass /dev/ksmsim0 vol
like 'says why not' "$OUT" '^vol: software: IVs count 512-byte steps'
ok 'close' ksmsetup close vol
ok 'the engine goes' modprobe -r ksm_sim
