# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Every allocation fails in its turn: in loading, creating, resuming, I/O, messages
# and removing. No key may be left in memory after that.
# vm: mem=512 disks=64M,mem,64M ufs=0/16M,2/16M flavour=debug,cov lack timeout=600

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh
# shellcheck source=tests/lib/guest/secret.sh
. /ksm/tests/lib/guest/secret.sh
# shellcheck source=tests/lib/guest/inject.sh
. /ksm/tests/lib/guest/inject.sh

image_ready "$DISK2" || bail 'no image of the memory'
MODULES=/lib/modules/$KVER/updates/dkms

ok 'the kernel can have allocations fail' faults_ready

# What a processor has freed it gives out again first, and a key there would be overwritten: so each
# sweep is done by another one than the last.
CPU=0
elsewhere() {
	CPU=$(((CPU + 1) % $(nproc --all)))
	taskset -pc $CPU $$ >/dev/null
}

# swept DESC MIN CMD...: CMD, a ksm-nth, comes to its end, and at least MIN of its
# allocations were noticed to fail. SWEPT is its last line.
swept() {
	local desc=$1 min=$2 failed errnos
	shift 2
	elsewhere
	ok "$desc: without a fault it succeeds in the end" "$@"
	failed=$(sed -n 's/ failed,.*//p' <<<"$OUT")
	errnos=$(grep '^errno' <<<"$OUT")
	SWEPT=$(tail -n 1 <<<"$OUT")
	diag "$desc: $SWEPT; ${errnos//$'\n'/; }"
	ok "$desc: at least $min allocations can fail" test "${failed:-0}" -ge "$min"
	# Nothing else may be said of an allocation that failed.
	is "$desc: the error is ENOMEM" "$(grep -v '^errno 12 ' <<<"$errnos")" ''
}
with_table() { ksm-nth "$@" <<<"$TABLE"; }
# removed NAME: the mapping m, made anew as long as there are allocations to fail.
removed() {
	echo "$TABLE" >/tmp/table
	swept "$1: remove" 0 ksm-nth remove m 'dmsetup create m /tmp/table'
	like "$1: there are allocations to fail" "$SWEPT" '[1-9][0-9]* in spite of it$'
	is "$1: it has gone" "$(dmsetup ls)" 'No devices found'
}

# ---- modules ----
# In their order, each on top of those before.
for m in ksm_core crypto_fallback ksm_passthrough dm-ksm; do
	modprobe -r dm-ksm ksm_passthrough crypto_fallback ksm_core 2>/dev/null
	for dep in $(modprobe -S "$KVER" --show-depends "$m" | sed 's/^insmod //; s/ *$//' | grep -v "/$m\.ko"); do
		name=$(basename "${dep%%.ko*}")
		grep -q "^${name//-/_} " /proc/modules || insmod "$dep"
	done
	swept "loading $m" 20 ksm-nth modprobe "$(echo "$MODULES/$m.ko"*)" ''
done
ok 'the modules load' modprobe dm-ksm

# Without an engine no host is used, so that the module can go.
ok 'ufs: the kernel binds its own driver' ufs_load
HOST=$(ufs_name 1)
ok 'ufs: the host with an engine is set aside' ufs_unbind 1
swept 'loading ufs_shim' 20 ksm-nth modprobe "$(echo "$MODULES/ufs_shim.ko"*)" ''
read -r failed _ spite _ <<<"$SWEPT"
ok 'ufs: and is back' ufs_bind 1
ok 'ufs: with its disk' ufs_disk 1 0
# A host that is used has to be unbound before the module can go, which takes long: begin
# with what the host without an engine did not need.
cat >/tmp/undo <<-END
	grep -q '^refused' $UFS_SHIM/$HOST/status || {
		used=y
		echo $HOST >/sys/bus/pci/drivers/ufshcd/unbind
	}
	rmmod ufs_shim || exit
	[ "\$used" ] || exit 0
	echo $HOST >/sys/bus/pci/drivers/ufshcd/bind
	until ls -d /sys/bus/pci/devices/$HOST/host*/target*/*:0/block/sd*; do sleep 0.05; done
END
swept 'ufs: loading ufs_shim with an engine' 0 ksm-nth modprobe "$(echo "$MODULES/ufs_shim.ko"*)" '' 'sh /tmp/undo >/dev/null' $((failed + spite - 10))
like 'ufs: that had several' "$SWEPT" '^[0-9]* failed, [1-9][0-9]+ in spite of it$'
ok 'ufs: with all memory' modprobe ufs_shim
ok 'ufs: it is used' shim_ready 1 0
ok 'ufs: it goes' ufs_unbind 1
ok 'ufs: and the module' modprobe -r ufs_shim ufshcd-pci

# ---- mappings ----
dd if=/dev/urandom of=/tmp/pat bs=64k count=4 status=none
put() { dd if=/tmp/pat of="/dev/mapper/$1" bs=64k oflag=direct status=none; }
got() { dd if="/dev/mapper/$1" bs=64k count=4 iflag=direct status=none | cmp - /tmp/pat; }
readable() { dd if="/dev/mapper/$1" of=/dev/null bs=4k count=1 iflag=direct status=none; }

# sweep NAME [MIN]: of the mapping with $TABLE; so many allocations at least are needed to resume it.
sweep() {
	local name=$1
	ok "$name: an empty device" dmsetup create m --notable
	swept "$name: load" 10 with_table load m
	is "$name: no table is left" "$(dmsetup table --inactive m)" ''
	ok "$name: a live one" eval 'dmsetup load m --table "$TABLE" && dmsetup resume m'
	ok "$name: is written to" put m
	swept "$name: load and resume" "${2:-0}" with_table activate m
	ok "$name: has what was written" got m
	swept "$name: suspend" 0 ksm-nth suspend m
	ok "$name: has what was written before the suspension" got m
	# All of that comes from pools.
	swept "$name: I/O" 0 ksm-nth io /dev/mapper/m
	like "$name: no I/O fails, and there were allocations to fail" "$SWEPT" '^0 failed, [1-9][0-9]* in spite of it$'
	ok "$name: is written to" put m
}

# keys NAME TEXT: of the live mapping m, whose message TEXT sets its key.
keys() {
	ok "$1: is suspended" dmsetup suspend m
	swept "$1: key wipe" 1 ksm-nth message m 'key wipe'
	swept "$1: key set" 1 ksm-nth message m "$2"
	ok "$1: is resumed" dmsetup resume m
	ok "$1: has what was written with that key" got m
	# One allocation that fails must not leave half a key: see the self-tests of
	# the cipher in the suite engines, and here that there is all of it or none.
	ok "$1: is suspended" dmsetup suspend m
	nok "$1: a key is refused" dmsetup message m 0 key set 00
	ok "$1: is resumed" dmsetup resume m
	ok "$1: and the one before is still there" got m
}

table_of ksm "$DISK1" 4096
sweep 'key in the table'
keys 'key in the table' "key set $KEY1"
removed 'key in the table'

# Keys that only the kernel knows: k1 and k2 by name, k3 in a table that is never live.
new k1 k2 k3
key_of k1
KEYRING=$KEY
table_of ksm "$DISK1" 4096 allow_discards
sweep 'key in a keyring'
keys 'key in a keyring' "key set $KEY"
key_of k3
table_of ksm "$DISK1" 4096
swept 'a table that is cleared: load' 10 with_table load m
ok 'a table that is cleared: key wipe' eval 'dmsetup suspend m && dmsetup message m 0 key wipe'
swept 'another key: set' 1 ksm-nth message m 'key set :64:logon:ksm:k2'
swept 'another key: and wipe' 1 ksm-nth message m 'key wipe'
ok 'another key: the first again' dmsetup message m 0 "key set $KEYRING"
dmsetup resume m
gone k2 k3
ok 'key in a keyring: image' look k1 k2 k3
ok 'key in a keyring: the key in use is found' seen k1 round
ok 'key in a keyring: one that was wiped is nowhere' nowhere k2
ok 'key in a keyring: nor is that of the table' nowhere k3
KEY=$KEYRING
table_of ksm "$DISK1" 4096 allow_discards
removed 'key in a keyring'
KEY=$KEY1

CIPHER=capi:adiantum\(xchacha12,aes\)-plain64 KEY_SIZE=32
new a1 a2 a3
key_of a1
table_of ksm "$DISK1" 4096
sweep 'a cipher of three'
keys 'a cipher of three' "key set $KEY"
key_of a3
OLD=$TABLE
table_of ksm "$DISK1" 4096
swept 'a cipher of three, another table: load' 10 with_table load m
TABLE=$OLD
ok 'a cipher of three: is suspended' dmsetup suspend m
swept 'a cipher of three, another key: set' 1 ksm-nth message m 'key set :32:logon:ksm:a2'
swept 'a cipher of three, another key: and wipe' 1 ksm-nth message m 'key wipe'
ok 'a cipher of three: the first again' dmsetup message m 0 'key set :32:logon:ksm:a1'
ok 'a cipher of three: is resumed' dmsetup resume m
gone a2 a3
ok 'a cipher of three: image' look a1 a2 a3
ok 'a cipher of three: the key in use is found' seen a1 raw
ok 'a cipher of three: one that was wiped is nowhere' nowhere a2
ok 'a cipher of three: nor is that of the table' nowhere a3
removed 'a cipher of three'
gone a1
CIPHER=aes-xts-plain64 KEY=$KEY1 KEY_SIZE=64

if ok 'a simulated engine' sim size=64 slots=4; then
	new k4
	key_of k4
	table_of ksm /dev/ksmsim0 4096 hw:require
	# Its verification allocates, and with "require" must be.
	sweep 'hardware' 1
	keys 'hardware' "key set $KEY"
	removed 'hardware'
	table_of ksm /dev/ksmsim0 4096
	ok 'hardware if it can be: an empty device' dmsetup create m --notable
	# One that is taken has not silently given up the engine; resuming will verify that.
	swept 'hardware if it can be: load' 10 with_table load m ' hw:not-verified-yet '
	swept 'hardware if it can be: load and resume' 0 with_table activate m
	is 'hardware if it can be: it is' "$(dmsetup status m | awk '{ print $4 }')" hardware
	ok 'hardware if it can be: remove' dmsetup remove m
	gone k1 k4
	KEY=$KEY1
	ok 'after removal: image' look k1 k2 k3 k4 a1 a2 a3
	ok 'after removal: no key is anywhere' nowhere k1 k2 k3 k4 a1 a2 a3
fi

if ok 'ksm-linear loads' modprobe dm-ksm; then
	sectors "$DISK3"
	TABLE="0 $SECTORS ksm-linear $DISK3 0"
	sweep ksm-linear
	removed ksm-linear
fi
ok 'the engine goes' modprobe -r ksm_sim
