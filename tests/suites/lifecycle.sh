# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016 # eval is meant
# Modules and mappings come and go: many times, at once, in use, under errors.
# vm: mem=768 disks=64M,64M timeout=600 check=6.1

XTS=aes-xts-plain64
KEY=00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f
KEY+=2031425364758697a8b9cadbecfd0e1f30415263748596a7b8c9daebfc0d1e2f
OTHER=${KEY:64}${KEY::64}
OURS='dm_ksm ksm_passthrough crypto_fallback ksm_core'
SZ=$(blockdev --getsz "$DISK1")

users() { # module reference count; empty if it is not there
	local name n
	while read -r name _ n _; do
		[ "$name" != "$1" ] || echo "$n"
	done </proc/modules
}
loaded() {
	local m out=''
	for m in $OURS; do
		[ -z "$(users "$m")" ] || out+="$m "
	done
	echo "${out% }"
}
# Some versions of modprobe -r leave a module that two others have used.
unload() {
	local m
	modprobe -r dm-ksm || return 1
	for m in $OURS; do
		[ -z "$(users "$m")" ] || rmmod "$m" || return 1
	done
}
devices() { compgen -G '/sys/block/dm-*'; }
LINE="0 $SZ ksm $XTS $KEY 0 $DISK1 0"

openssl enc -aes-128-ctr -nosalt -K "${KEY::32}" -iv "${KEY::32}" -in /dev/zero 2>/dev/null | head -c 8388608 >/tmp/pattern
put() { dd if=/tmp/pattern of="$1" bs=1M count="${2:-8}" oflag=direct status=none; }
right() { timeout 60 dd if="$1" bs=1M count="${2:-8}" iflag=direct status=none | cmp -n $((${2:-8} << 20)) - /tmp/pattern; }

# ---- modules ----
diag modules
is 'nothing is loaded at first' "$(loaded)" ''
ok 'modprobe dm-ksm' modprobe dm-ksm || bail 'no module'
is 'brings what it needs' "$(loaded)" "$OURS"
is 'and ksm_core has three users' "$(users ksm_core)" 3
is 'crypto_fallback one' "$(users crypto_fallback)" 1
is 'ksm_passthrough one' "$(users ksm_passthrough)" 1
is 'dm_ksm none' "$(users dm_ksm)" 0
for m in ksm_core ksm_passthrough crypto_fallback; do
	nok "rmmod $m is refused" rmmod $m
	like 'since it is in use' "$OUT" 'in use by'
done
again() {
	local i
	for ((i = 0; i < 6; i++)); do
		unload || return 1
		modprobe dm-ksm || return 1
		[ "$(loaded)" = "$OURS" ] || { echo "only: $(loaded)"; return 1; }
	done
}
ok 'six times unloaded and loaded' again
unload
by_hand() {
	modprobe ksm_core && modprobe crypto_fallback && modprobe ksm_passthrough &&
		modprobe dm-ksm && modprobe dm-ksm &&
		rmmod dm_ksm && rmmod ksm_passthrough && rmmod crypto_fallback && rmmod ksm_core
}
ok 'one by one, up and down' by_hand
is 'nothing is left' "$(loaded)" ''

version=$(modinfo -F version dm-ksm)
like 'modinfo: a version' "$version" '^[0-9]+\.[0-9]'
for m in dm-ksm ksm_passthrough crypto_fallback ksm_core; do
	is "modinfo: $m has the same version" "$(modinfo -F version $m)" "$version"
	is "modinfo: $m is GPL" "$(modinfo -F license $m)" GPL
	like "modinfo: $m is described" "$(modinfo -F description $m)" '^Inline '
	case $m in
	ksm_core) is "modinfo: $m imports no namespace" "$(modinfo -F import_ns $m)" '' ;;
	*) is "modinfo: $m imports our namespace" "$(modinfo -F import_ns $m)" KSM ;;
	esac
	case $m in
	dm-ksm) is "modinfo: $m depends" "$(modinfo -F depends $m | tr , '\n' | grep -E 'ksm|fallback' | sort | tr '\n' ' ')" 'crypto_fallback ksm_core ksm_passthrough ' ;;
	ksm_passthrough | crypto_fallback) like "modinfo: $m depends" "$(modinfo -F depends $m)" '(^|,)ksm_core(,|$)' ;;
	ksm_core) is "modinfo: $m depends" "$(modinfo -F depends $m)" '' ;;
	esac
done
is 'modinfo: the parameters' "$(modinfo -F parm crypto_fallback | cut -d: -f1 | sort | tr '\n' ' ')" 'alloc cache_pages engine reserve_pages share_ns '

P=/sys/module/crypto_fallback/parameters
values() { echo "$(<$P/alloc) $(<$P/engine) $(<$P/cache_pages) $(<$P/reserve_pages)"; }
modprobe dm-ksm
is 'parameters: what there is by default' "$(values)" 'prealloc auto 256 256'
is 'parameters: nobody can write them' "$(stat -c %a $P/alloc $P/engine $P/cache_pages $P/reserve_pages | sort -u)" 444
unload
modprobe crypto_fallback engine=skcipher cache_pages=7 reserve_pages=33
modprobe dm-ksm
is 'parameters: as given to modprobe' "$(values)" 'prealloc skcipher 7 33'
ok 'parameters: a mapping with them' dmsetup create p --table "$LINE"
ok 'parameters: write' put /dev/mapper/p
ok 'parameters: read' right /dev/mapper/p
dmsetup remove p
unload
modprobe dm-ksm

ok 'a mapping' dmsetup create u --table "$LINE"
is 'holds dm_ksm' "$(users dm_ksm)" 1
for m in $OURS; do
	nok "rmmod $m is refused while there is a mapping" rmmod "$m"
	like 'since it is in use' "$OUT" 'in use'
done
nok 'modprobe -r dm-ksm, too' modprobe -r dm-ksm
ok 'nothing has happened to the data' right /dev/mapper/u
dmsetup load u --table "$LINE"
is 'a second table holds it, too' "$(users dm_ksm)" 2
dmsetup clear u
dmsetup suspend u
nok 'rmmod is refused while the mapping is suspended' rmmod dm_ksm
dmsetup resume u
dmsetup remove u
is 'nothing holds it after' "$(users dm_ksm)" 0

# ---- 200 mappings one after the other ----
diag 'many mappings'
# kB in use which do not come back by themselves
used() {
	local name n avail=0 total=0
	echo 3 >/proc/sys/vm/drop_caches
	while read -r name n _; do
		case $name in
		MemTotal:) total=$n ;;
		MemAvailable:) avail=$n ;;
		esac
	done </proc/meminfo
	echo $((total - avail))
}
unreclaimable() {
	local name n
	while read -r name n _; do
		[ "$name" != SUnreclaim: ] || echo "$n"
	done </proc/meminfo
}
# Ten at a time, since it is starting programs that takes the time.
ten() {
	local i spec='' names=''
	for i in 0 1 2 3 4 5 6 7 8 9; do
		spec+="t$i,,,rw,0 4096 ksm $XTS $KEY 0 $DISK1 $((i * 4096));"
		names+=" t$i"
	done
	dmsetup create --concise "${spec%;}" || return 1
	# A little I/O in some.
	dd if=/tmp/pattern of=/dev/mapper/t3 bs=64k count=1 oflag=direct status=none &&
		dd if=/dev/mapper/t3 bs=64k count=1 iflag=direct status=none | cmp -n 65536 - /tmp/pattern || return 1
	# shellcheck disable=SC2086 # words wanted
	dmsetup remove $names || return 1
	[ -z "$(devices)" ]
}
tens() { # N
	local i
	for ((i = 0; i < $1; i++)); do
		ten || { echo "round $i"; return 1; }
	done
}
ok '50 mappings come and go' tens 5
# One mapping has a reserve of 1 MiB and some kB of state. A leak shows in every
# hundred of them, the rest of the kernel's comings and goings do not: so it is
# enough that one hundred leaves the memory as it was. LIMITS are kB of a hundred.
LIMIT=400 SLAB_LIMIT=100
flat='' slab_flat='' history=''
u=$(used) s=$(unreclaimable)
for ((n = 1; n <= 5; n++)); do
	ok "the ${n}th 100" tens 10
	last_u=$u last_s=$s
	u=$(used) s=$(unreclaimable)
	history+=" $((u - last_u))/$((s - last_s))"
	[ $((u - last_u)) -gt $LIMIT ] || flat=$n
	[ $((s - last_s)) -gt $SLAB_LIMIT ] || slab_flat=$n
	[ $n -lt 2 ] || [ -z "$flat" ] || [ -z "$slab_flat" ] || break
done
diag "growth in kB, memory/slab, of each 100:$history"
isnt 'memory does not grow' "$flat" ''
isnt 'nor slabs' "$slab_flat" ''
is 'nothing holds the module' "$(users dm_ksm)" 0

# ---- at the same time ----
diag 'at the same time'
churn() { # NAME START
	local i t="0 4096 ksm $XTS $KEY 0 $DISK1 $2"
	for ((i = 0; i < 8; i++)); do
		dmsetup create "$1" --table "$t" || return 1
		if ((i % 4 == 0)); then
			dd if=/tmp/pattern of="/dev/mapper/$1" bs=256k count=1 oflag=direct status=none || return 1
		fi
		dd if="/dev/mapper/$1" bs=256k count=1 iflag=direct status=none | cmp -n 262144 - /tmp/pattern || return 1
		dmsetup remove "$1" || return 1
	done
}
# all CMD...: runs the given commands, each a string, side by side
all() {
	local cmd pid rc=0
	local -a pids=()
	for cmd; do
		eval "$cmd" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || rc=1; done
	return $rc
}
ok 'four processes make and remove mappings' all 'churn a 0' 'churn b 4096' 'churn c 8192' 'churn d 12288'
is 'no device is left' "$(devices)" ''

# One name, many who want it: one wins each time, nothing breaks.
fight() {
	local i
	for ((i = 0; i < 6; i++)); do
		dmsetup create x --table "$LINE"
		dmsetup remove x
	done >/dev/null 2>&1
	return 0
}
ok 'four processes fight over one name' all fight fight fight fight
[ -z "$(devices)" ] || dmsetup remove x
is 'no device is left' "$(devices)" ''
is 'nothing holds the module' "$(users dm_ksm)" 0

# Unloading against making: whoever comes first, the other fails or waits.
unloads() {
	local i
	for ((i = 0; i < 6; i++)); do
		modprobe -r dm-ksm 2>/dev/null
		modprobe dm-ksm || return 1
	done
}
ok 'making mappings while the modules are unloaded' all unloads fight fight
[ -z "$(devices)" ] || dmsetup remove x
ok 'then all is as ever' eval 'modprobe dm-ksm && dmsetup create x --table "$LINE" && put /dev/mapper/x && right /dev/mapper/x && dmsetup remove x'

# ---- a table is exchanged under a file system ----
diag 'exchanging tables'
ok 'a mapping' dmsetup create fs --table "$LINE"
mkfs.ext4 -q -F /dev/mapper/fs && mount /dev/mapper/fs /mnt
writes() { # until told to stop, to a file on the file system
	local n=0
	until [ -e /tmp/stop ]; do
		n=$((n + 1))
		dd if=/tmp/pattern of=/mnt/file.$((n % 4)) bs=256k count=8 conv=fsync status=none || return 1
	done
	[ $n -ge 4 ] || { echo "only $n files written"; return 1; }
}
# The write must be going on while the table is exchanged.
exchanges() {
	local i rc=0 opts=('' 'same_cpu_crypt no_read_workqueue')
	for ((i = 0; i < 8; i++)); do
		# shellcheck disable=SC2015 # as meant
		dmsetup load fs --table "$LINE $((i % 2 ? 2 : 0)) ${opts[i % 2]}" && dmsetup resume fs || { rc=1; break; }
	done
	soon compgen -G '/mnt/file.3' >/dev/null
	touch /tmp/stop
	return $rc
}
ok 'tables are exchanged under a file system in use' all writes exchanges
rm -f /tmp/stop
sync
echo 3 >/proc/sys/vm/drop_caches
files_right() {
	local i
	for i in 0 1 2 3; do
		cmp -n 2097152 /mnt/file.$i /tmp/pattern || return 1
	done
}
ok 'its files are right' files_right
umount /mnt
ok 'it is sound' e2fsck -f -n /dev/mapper/fs
like 'the last table is in use' "$(dmsetup table fs)" ' 2 same_cpu_crypt no_read_workqueue$'
ok 'a table of another size' eval 'dmsetup load fs --table "${LINE/$SZ/8192}" && dmsetup resume fs'
is 'has its size' "$(blockdev --getsz /dev/mapper/fs)" 8192
dmsetup remove fs

# ---- key messages against suspending ----
diag 'key messages'
bytes() { xxd -r -p <<<"$1"; }
bytes "$KEY" | keyctl padd logon t:race @u >/dev/null
ok 'a mapping' dmsetup create r --table "$LINE"
put /dev/mapper/r
# message N WORD...: sent N times; how often it was taken goes to a file
message() {
	local i n=0
	for ((i = 0; i < $1; i++)); do
		if dmsetup message r 0 "${*:2}" 2>/dev/null; then n=$((n + 1)); fi
	done
	echo $n >"/tmp/taken.$BASHPID"
}
suspends() {
	local i n=0
	for ((i = 0; i < $1; i++)); do
		dmsetup suspend "${@:2}" r
		if dmsetup resume r 2>/dev/null; then n=$((n + 1)); fi
	done
	echo $n >/tmp/resumed
}
taken() { # all counts
	local n sum=0
	for n in /tmp/taken.*; do sum=$((sum + $(<"$n"))); done
	rm -f /tmp/taken.*
	echo $sum
}
# Always the same key, in two ways: whatever wins, what is written is right.
rewrites() {
	local i
	for ((i = 0; i < 12; i++)); do
		put /dev/mapper/r 4 || return 1
	done
}
ok 'the same key is set again and again under writes' all 'suspends 15' "message 15 key set $KEY" 'message 15 key set :64:logon:t:race' rewrites
is 'every resume worked' "$(</tmp/resumed)" 15
isnt 'some messages were taken' "$(taken)" 0
echo 3 >/proc/sys/vm/drop_caches
ok 'the data is right' right /dev/mapper/r

# Any key and none: the data may read wrong or not at all meanwhile, no more.
reads() {
	local i
	for ((i = 0; i < 10; i++)); do
		dd if=/dev/mapper/r of=/dev/null bs=1M count=2 iflag=direct status=none 2>/dev/null
	done
	return 0
}
# Who reads waits for a resume, which only a key makes possible.
storm() {
	local readers
	reads &
	readers=$!
	all 'suspends 15 --nolockfs' 'suspends 10 --noflush' "message 15 key set $OTHER" "message 15 key set $KEY" 'message 15 key wipe' || return 1
	dmsetup suspend r && dmsetup message r 0 key set "$KEY" && dmsetup resume r || return 1
	wait $readers
}
ok 'keys come and go while the mapping is suspended and resumed' storm
isnt 'some messages were taken' "$(taken)" 0
like 'there is a key' "$(dmsetup status r)" ' key:set'
echo 3 >/proc/sys/vm/drop_caches
ok 'the data is right' right /dev/mapper/r
dmsetup suspend r
dmsetup message r 0 key set "$OTHER"
dmsetup resume r
nok 'and wrong under another key' right /dev/mapper/r
dmsetup remove r

# ---- removal in use ----
diag 'removal'
ok 'a mapping of a device which fails' eval 'dmsetup create below --table "0 16384 error" && dmsetup create k --table "0 16384 ksm $XTS $KEY 0 /dev/mapper/below 0"'
failing() {
	local n=0
	while [ -e /dev/mapper/k ]; do
		if dd if=/dev/mapper/k of=/dev/null bs=64k count=4 iflag=direct status=none 2>/dev/null; then
			[ ! -e /dev/mapper/k ] || return 1
		fi
		if dd if=/tmp/pattern of=/dev/mapper/k bs=64k count=4 oflag=direct,nocreat conv=nocreat,notrunc status=none 2>/dev/null; then
			[ ! -e /dev/mapper/k ] || return 1
		fi
		n=$((n + 1))
		: >/tmp/failed
	done
	[ $n -gt 0 ]
}
removes() {
	soon test -e /tmp/failed && soon dmsetup remove k 2>/dev/null
}
ok 'is removed while reads and writes fail' timeout 100 bash -c "$(declare -f all failing removes soon pause); exec {TAP_NEVER}<> <(:); all failing failing removes"
[ ! -e /dev/mapper/k ] || dmsetup remove k
dmsetup remove below

ok 'a mapping which is open' dmsetup create o --table "$LINE"
exec {fd}</dev/mapper/o
nok 'is not removed' dmsetup remove o
like 'since it is busy' "$OUT" 'busy'
nok 'nor by force' dmsetup remove --force --noudevsync o
like 'which leaves a table of errors' "$(dmsetup table o)" ' error'
is 'and lets the module go' "$(users dm_ksm)" 0
nok 'reads now fail' dd if=/dev/mapper/o of=/dev/null bs=4k count=1 iflag=direct status=none
like 'as an I/O error' "$OUT" 'Input/output error'
exec {fd}<&-
ok 'when closed it is removed' dmsetup remove o

ok 'a mapping which is open' dmsetup create o --table "$LINE"
exec {fd}</dev/mapper/o
ok 'is to be removed later' dmsetup remove --deferred o
like 'and says so' "$(dmsetup info o)" 'DEFERRED REMOVE'
# Its name is gone, the device is not.
ok 'it still works' right /dev/fd/$fd
exec {fd}<&-
gone() { [ -z "$(devices)" ]; }
ok 'when closed it goes by itself' soon gone

# By force under writes: they fail or end, nothing hangs.
ok 'a mapping' dmsetup create f --table "$LINE"
force() {
	local writer
	(while dd if=/tmp/pattern of=/dev/mapper/f bs=1M count=8 oflag=direct conv=nocreat,notrunc status=none 2>/dev/null; do : >/tmp/wrote; done) &
	writer=$!
	soon test -e /tmp/wrote || return 1
	dmsetup remove --force f 2>/dev/null
	wait $writer
	[ ! -e /dev/mapper/f ] || soon dmsetup remove f 2>/dev/null
}
ok 'is removed by force under writes' force
ok 'no device is left' soon gone
is 'nothing holds the module' "$(users dm_ksm)" 0
ok 'modules unload' unload
is 'nothing is left' "$(loaded)" ''
