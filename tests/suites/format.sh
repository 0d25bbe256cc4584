# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is on the disk, byte by byte, against ksm-ref: neither dm-crypt nor ksm is
# asked what the ciphertext should be. Every cipher, sector size and way to count.
# vm: mem=768 disks=64M timeout=300 check=7.3
# shellcheck source=tests/lib/guest/ksm.sh
. /ksm/tests/lib/guest/ksm.sh

# Starting a program costs more here than encrypting a megabyte. So there is one
# mapping for each sector size and way to count, of many targets: one for each
# cipher and IV offset. The disk holds them with gaps in between:
#	gap target gap target ... gap
# and the file "want" is what must be there, gaps included.
MIB=1048576
# Divides 512, so the marks are in step wherever a gap is.
MARK=$'not the mapping\n'
D=/run/format
DEV=/dev/mapper/fmt
mkdir -p $D

# ---- the targets ----

# target NAME CIPHER/BITS IV_OFFSET SECTORS main|small: one more target.
target() {
	ksm_key "${2##*/}"
	T_NAME+=("$1")
	T_CIPHER+=("${2%/*}")
	T_KEY+=("$KEY")
	T_IV+=("$3")
	T_LEN+=("$4")
	T_KIND+=("$5")
	T_BEGIN+=("$MAPPED")
	T_START+=("$((RAW + GAP))")
	MAPPED=$((MAPPED + $4))
	RAW=$((RAW + GAP + $4))
}

# layout SECTOR_SIZE 0|1: the targets of a mapping; 1 has iv_large_sectors.
layout() {
	local c shift=0
	SS=$1 LARGE=$2
	CONF="$SS bytes, IVs count $([ "$LARGE" = 0 ] && echo 512 bytes || echo sectors)"
	T_NAME=() T_CIPHER=() T_KEY=() T_IV=() T_LEN=() T_KIND=() T_BEGIN=() T_START=()
	MAPPED=0 RAW=0
	# Targets must start at a multiple of the sector size; let it be an odd one.
	GAP=$((7 * SS / 512))
	# The first sector, 1 MiB in one bio, five bios of seven sectors, the last.
	MAIN=$((MIB + 37 * SS))
	SMALL=32768
	for c in "${CIPHERS[@]}"; do target "$c" "$c" 0 $((MAIN / 512)) main; done
	# A 32-bit number of sectors must not wrap, nor a signed one: where units are
	# counted, it is their number that must pass 2^32.
	if [ "$LARGE" = 1 ]; then
		case $SS in 1024) shift=1 ;; 2048) shift=2 ;; 4096) shift=3 ;; esac
	fi
	for c in "${CIPHERS[@]}"; do
		target "$c past 2^32" "$c" $(((1 << 32 + shift) - 8)) $((SMALL / 512)) small
		target "$c at 2^40" "$c" $(((1 << 40) + 24)) $((SMALL / 512)) small
		target "$c past 2^63" "$c" 9223372036854775800 $((SMALL / 512)) small
	done
	if [ "$SS$LARGE" = 40961 ]; then
		# The last IVs that there are, and the other names of ciphers.
		target 'largest iv_offset' aes-xts-plain64/512 18446744073709551544 $((SMALL / 512)) small
		target 'adiantum by its old name' xchacha12,aes-adiantum-plain64/256 0 $((SMALL / 512)) small
		target 'xts by its capi name' 'capi:xts(aes)-plain64/256' 0 $((SMALL / 512)) small
		target 'sm4 by its old name' sm4-xts-plain64/256 0 $((SMALL / 512)) small
		target 'cbc-essiv by its capi name' 'capi:cbc(aes)-essiv:sha256/256' 0 $((SMALL / 512)) small
	fi
	# Written through the page cache.
	BUFFERED=${#T_NAME[@]}
	target buffered aes-xts-plain64/512 64 $((SMALL / 512)) small
	IMAGE=$((((RAW + GAP) * 512 + MIB - 1) / MIB * MIB))
}

table() {
	local i opts="1 sector_size:$SS"
	[ "$LARGE" = 0 ] || opts="2 iv_large_sectors sector_size:$SS"
	for i in "${!T_NAME[@]}"; do
		echo "${T_BEGIN[i]} ${T_LEN[i]} ksm ${T_CIPHER[i]} ${T_KEY[i]} ${T_IV[i]} $DISK1 ${T_START[i]} $opts"
	done
}

# ---- the reference ----

reference() { # CIPHER KEY IV_OFFSET
	local large=()
	[ "$LARGE" = 0 ] || large=(--iv-large-sectors)
	ksm-ref encrypt --cipher "$1" --key "$2" --iv-offset "$3" --sector-size "$SS" "${large[@]}"
}

# Makes the files "plain" and "want" of every mapping, in the background: says
# which one is ready, so that the tests use the other processor meanwhile.
make_references() {
	local i conf f gap
	for conf in "${CONFS[@]}"; do
		# shellcheck disable=SC2086 # two words
		layout $conf
		f=$D/want.$SS.$LARGE
		: >"$f"
		printf -v gap '%*s' $((GAP * 512 / ${#MARK})) ''
		gap=${gap// /$MARK}
		head -c $MAIN $D/pattern >$D/main
		for i in "${!T_NAME[@]}"; do
			printf '%s' "$gap" >>"$f"
			reference "${T_CIPHER[i]}" "${T_KEY[i]}" "${T_IV[i]}" <"$D/${T_KIND[i]}" >>"$f" || exit 1
		done
		tail -c +$((RAW * 512 + 1)) $D/empty | head -c $((IMAGE - RAW * 512)) >>"$f"
		cat "${T_KIND[@]/#/$D/}" >"$D/plain.$SS.$LARGE"
		echo "$conf"
	done
}

# ---- I/O ----

# All is direct, so nothing comes out of a cache. A failure is found by its data,
# too, but this says which program.
io() {
	"$@" || IO_FAILED+="$*"$'\n'
}

put() { # OFFSET BYTES PER_BIO [FLAGS]: a piece of "plain" to its place in the mapping
	io dd if="$PLAIN" of=$DEV status=none conv=notrunc bs="$3" iflag=skip_bytes,count_bytes \
		oflag="${4-direct,}seek_bytes" skip="$1" seek="$1" count="$2"
}

get() { # OFFSET BYTES PER_BIO [FLAGS]: a piece of the mapping to its place in "got"
	io dd if=$DEV of=$D/got status=none conv=notrunc bs="$3" iflag="${4-direct,}skip_bytes,count_bytes" \
		oflag=seek_bytes skip="$1" seek="$1" count="$2"
}

raw_put() { io dd if="$1" of="$DISK1" status=none bs=$MIB count=$((IMAGE / MIB)) oflag=direct; }
raw_get() { io dd if="$DISK1" of="$1" status=none bs=$MIB count=$((IMAGE / MIB)) iflag=direct; }

write_all() {
	local i at small=$((BUFFERED - ${#CIPHERS[@]})) end
	for i in "${!CIPHERS[@]}"; do
		at=$((T_BEGIN[i] * 512))
		end=$((at + MAIN))
		# Not in order: what is before must not matter.
		put $((end - SS)) "$SS" "$SS"
		put $((at + SS)) $MIB $MIB
		put $at "$SS" "$SS"
		put $((at + SS + MIB)) $((35 * SS)) $((7 * SS))
	done
	# Bios of seven pages do not end where a target ends.
	at=$((T_BEGIN[${#CIPHERS[@]}] * 512))
	put $at $((small * SMALL)) $SMALL
	# The page cache cuts its own pieces, and reads to write a part of a sector.
	at=$((T_BEGIN[BUFFERED] * 512))
	put $at $SMALL 1000 ''
	io dd if=/dev/zero of=$DEV status=none bs=777 count=3 seek=$((at + 12345)) oflag=seek_bytes conv=notrunc,fsync
	echo 1 >/proc/sys/vm/drop_caches
	put $((at + 12345)) 2331 333 ''
	io sync $DEV
}

read_large() { io dd if=$DEV of=$D/got status=none bs=$MIB iflag=direct; }

# Sizes and places which are multiples of the sector size and of nothing else.
read_odd() {
	local i at
	rm -f $D/got
	for i in "${!CIPHERS[@]}"; do
		at=$((T_BEGIN[i] * 512))
		get $at "$SS" "$SS"
		get $((at + SS)) $((33 * SS)) $((3 * SS))
		get $((at + 34 * SS)) $((MIB + 2 * SS)) $((MIB / 2 + SS))
		get $((at + MAIN - SS)) "$SS" "$SS"
	done
	at=$((T_BEGIN[${#CIPHERS[@]}] * 512))
	get $at $(((BUFFERED - ${#CIPHERS[@]}) * SMALL)) $((5 * SS))
	get $((T_BEGIN[BUFFERED] * 512)) $SMALL 1000 ''
}

# ---- verdicts ----

io_worked() {
	is "$CONF: $1: no I/O failed" "$IO_FAILED" ''
	IO_FAILED=''
}

differ() { # DESC CMP_ARGUMENT...: trouble with the files is no difference
	local rc=0
	cmp -s "${@:2}" || rc=$?
	is "$1" $rc 1
}

# same WHAT FILE WANTED raw|mapped: a test for each target, one cmp for all if it
# finds nothing.
same() {
	local i off equal='' failed=0 desc
	cmp -s "$2" "$3" && equal=1
	for i in "${!T_NAME[@]}"; do
		desc="$CONF: ${T_NAME[i]}: $1"
		if [ $equal ]; then pass "$desc"; continue; fi
		off=${T_BEGIN[i]}
		[ "$4" = mapped ] || off=${T_START[i]}
		ok "$desc" cmp -n $((T_LEN[i] * 512)) -i $((off * 512)) "$2" "$3" || failed=1
	done
	desc="$CONF: $1: nothing outside of the targets"
	if [ $equal ]; then
		[ "$4" = mapped ] || pass "$desc"
	elif [ "$4" = mapped ]; then
		[ $failed = 1 ] || ok "$CONF: $1: the whole mapping" cmp "$2" "$3"
	else
		for i in "${T_START[@]}"; do
			ok "$desc: sector $((i - GAP))" cmp -n $((GAP * 512)) -i $(((i - GAP) * 512)) "$2" "$3"
		done
		ok "$desc: after the end" cmp -i $((RAW * 512)) "$2" "$3"
	fi
}

# Reads the targets' statistics.
stats() {
	local line
	PARALLEL=() ERRORS=''
	while read -r line; do
		[[ $line =~ parallel:([0-9]+) ]] && PARALLEL+=("${BASH_REMATCH[1]}")
		[[ $line == *' errors:0 '* ]] || ERRORS+=$line$'\n'
	done < <(dmsetup status fmt)
}

parallel_grew() { # WHAT BEFORE...: of each large target
	local i all=1 before=("${@:2}")
	for i in "${!CIPHERS[@]}"; do
		[ $((PARALLEL[i])) -gt $((before[i])) ] || all="no, ${CIPHERS[i]}: ${PARALLEL[i]-none} after ${before[i]-none}"
	done
	is "$CONF: $1: 1 MiB was shared among processors" "$all" 1
	is "$CONF: $1: no errors are counted" "$ERRORS" ''
}

# Compare with what it must not be. $D/raw has been found to be right.
negative_control() {
	local i=${#CIPHERS[@]} n=$SMALL key
	reference "${T_CIPHER[i]}" "${T_KEY[i]}" $((T_IV[i] + 8)) <$D/small >$D/wrong
	differ "$CONF: control: another iv_offset is told apart" -n "$n" -i $((T_START[i] * 512)):0 $D/raw $D/wrong
	key=1${T_KEY[i]:1}
	reference "${T_CIPHER[i]}" "$key" "${T_IV[i]}" <$D/small >$D/wrong
	differ "$CONF: control: another key is told apart" -n "$n" -i $((T_START[i] * 512)):0 $D/raw $D/wrong
}

# Every small target holds its first half twice: equal plaintext at two places. All
# of them hold the same, so this compares ciphers and IV offsets with each other.
no_repetition() {
	local first=$((T_START[${#CIPHERS[@]}] - GAP)) twice
	# Of each sector its first 32 bytes; a gap is the same everywhere.
	twice=$(tail -c +$((first * 512 + 1)) $D/raw | head -c $(((T_START[BUFFERED] - first) * 512)) |
		xxd -p -c 512 | grep -v "^$MARK_HEX" | cut -c1-64 | sort | uniq -d | wc -l)
	is "$CONF: equal plaintext is not seen in the ciphertext" "$twice" 0
}

one_mapping() {
	local before
	PLAIN=$D/plain.$SS.$LARGE
	IO_FAILED=''
	raw_put $D/empty
	table >$D/table
	ok "$CONF: a mapping of ${#T_NAME[@]} targets" dmsetup create fmt $D/table || return
	write_all
	raw_get $D/raw
	io_worked writing
	stats
	same 'written as ksm-ref encrypts' $D/raw "$D/want.$SS.$LARGE" raw
	parallel_grew writing
	negative_control
	no_repetition

	before=("${PARALLEL[@]}")
	raw_put $D/empty
	raw_put "$D/want.$SS.$LARGE"
	read_large
	io_worked 'reading much at a time'
	same 'read what ksm-ref encrypted' $D/got "$PLAIN" mapped
	stats
	parallel_grew reading "${before[@]}"
	read_odd
	io_worked 'reading odd sizes'
	same 'read in odd pieces' $D/got "$PLAIN" mapped
	ok "$CONF: the mapping goes" dmsetup remove fmt
	rm -f "$PLAIN" "$D/want.$SS.$LARGE" $D/got $D/raw
}

ok 'ksm-ref proves itself' ksm-ref selftest
ok 'modprobe dm-ksm' modprobe dm-ksm
CIPHERS=("${KSM_CIPHERS[@]}")
CONFS=()
for ss in 512 1024 2048 4096; do CONFS+=("$ss 0" "$ss 1"); done

ksm-ref pattern --seed 1 --bytes $((MIB + 37 * 4096)) >$D/pattern
head -c 16384 $D/pattern >$D/small
cat $D/small $D/small >$D/small2
mv $D/small2 $D/small
yes "${MARK%$'\n'}" | head -c $((16 * MIB)) >$D/empty
MARK_HEX=$(printf '%s' "$MARK" | xxd -p)

exec {ready}< <(make_references)
for conf in "${CONFS[@]}"; do
	# shellcheck disable=SC2086 # two words
	layout $conf
	since=$SECONDS
	if ! read -r -u "$ready" got || [ "$got" != "$conf" ]; then
		fail "$CONF: ksm-ref made the reference"
		break
	fi
	one_mapping
	diag "$CONF: $((SECONDS - since)) s"
done
exec {ready}<&-
