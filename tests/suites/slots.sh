# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Keyslots: ksm_core's own rules, looked at from inside the kernel.
# vm: mem=1024 disks=64M timeout=600 check=7.2

# ---- ksm_core by itself: tests/modules/ksm_selftest ----

# It loads if all its tests pass; what each of them says is in the kernel's log.
dmesg -C
ok 'self-test: it loads, so all its tests pass' modprobe ksm_selftest
dmesg >/tmp/selftest
selftest_count=0
while read -r line; do
	case $line in
	'ok '*) pass "self-test: ${line#ok }" ;;
	'not ok '*) fail "self-test: ${line#not ok }" ;;
	*' passed, '*' failed') selftest_end=$line ;;
	*) diag "$line" ;;
	esac
	[[ $line != *'ok '* ]] || selftest_count=$((selftest_count + 1))
done < <(sed -n 's/.*ksm_selftest: //p' /tmp/selftest)
is 'self-test: it has come to its end, and every test was seen' "${selftest_end:-}" \
	"$selftest_count passed, 0 failed"
ok 'self-test: unloads' modprobe -r ksm_selftest
nok 'self-test: a test that does not exist does not pass' modprobe ksm_selftest only=nothing

# ======== the target's hardware path, on simulated engines (ksm_sim) ========
#
# Referees: ksm-ref and dm-crypt, on the disk behind the engine.

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
# shellcheck source=tests/lib/guest/ksm.sh
. /ksm/tests/lib/guest/ksm.sh

ENGINE=/dev/ksmsim0
LARGE='3 sector_size:4096 iv_large_sectors' # and hw:
XTS='modes=AES-256-XTS' # an engine with one mode is made faster
TRACE=/sys/kernel/tracing
SLOTS_KEYS=$(new_key)

# ---- helpers ----

# own_key N: sets KEY to the key of mapping N, which differs in both halves.
own_key() { printf -v KEY '%08x%s%08x' $(($1 + 0x5a5ac3c3)) "${SLOTS_KEYS:8:112}" $(($1 + 0x3c3c9696)); }

# hw_table N START SECTORS HW [DEV]: sets TABLE, with key N.
hw_table() {
	own_key "$1"
	TABLE="0 $3 ksm $CIPHER $KEY 0 ${5:-$ENGINE} $2 $LARGE hw:$4"
}

# hw_map NAME N START SECTORS HW [DEV]
hw_map() {
	local name=$1
	shift
	hw_table "$@"
	dmsetup create "$name" --table "$TABLE"
}

# all_done PID...: wait for them all
all_done() {
	local pid rc=0
	for pid; do wait "$pid" || rc=1; done
	return $rc
}

# many COUNT SECTORS HW: mappings k0, k1, ... side by side, each with a key of its own.
# 16 at a time: it is mostly waiting.
many() {
	local i all=''
	local -a pids=()
	MANY=()
	for ((i = 0; i < $1; i++)); do
		hw_table "$i" $((i * $2)) "$2" "$3"
		all+="k$i,,,,$TABLE;"
		MANY+=("k$i")
		[ $((i % 16)) = 15 ] || [ $((i + 1)) = "$1" ] || continue
		dmsetup create --concise "${all%;}" &
		pids+=($!)
		all=''
	done
	all_done "${pids[@]}"
}

none() {
	local i
	local -a pids=()
	for ((i = 0; i < ${#MANY[@]}; i += 16)); do
		unmap "${MANY[@]:i:16}" &
		pids+=($!)
	done
	all_done "${pids[@]}"
}

# state NAME: sets STATUS to its status, WAY to "hardware ksmsim0", say, and WHY to the
# word after hw:
state() {
	local -a words
	STATUS=$(dmsetup status "$1")
	read -r -a words <<<"$STATUS"
	WAY="${words[3]-} ${words[4]-}"
	WHY=${STATUS##* hw:}
	WHY=${WHY%% *}
}

# path_is DESC NAME PATH WHY: "hardware active" or "software REASON"
path_is() {
	state "$2"
	is "$1" "${WAY% *} $WHY" "$3"
}

# again NAME: suspend and resume, so that the engine is tried again if it is not in use.
again() { dmsetup suspend "$1" && dmsetup resume "$1"; }

# pat SEED BYTES: a pattern in /tmp/pat.SEED
pat() {
	[ "$(stat -c %s "/tmp/pat.$1" 2>/dev/null)" = "$2" ] || ksm-ref pattern --seed "$1" --bytes "$2" >"/tmp/pat.$1"
}

# write_pat SEED DEV [BYTES [AT]]: a pattern, also left in /tmp/pat.SEED.
write_pat() {
	# Not a file by that name.
	[ -b "$2" ] && pat "$1" "${3:-65536}" &&
		dd if="/tmp/pat.$1" of="$2" bs=64k oflag=direct,seek_bytes seek="${4:-0}" status=none
}

# same SEED DEV [AT]: is what DEV has there the pattern?
same() {
	local bytes
	bytes=$(stat -c %s "/tmp/pat.$1")
	dd if="$2" bs=64k iflag=direct,skip_bytes,count_bytes skip="${3:-0}" count="$bytes" status=none | cmp - "/tmp/pat.$1"
}

# raw_same SEED START SECTOR_SIZE: is what lies from sector START of the engine's disk
# the ciphertext of the pattern, at the start of a mapping with $KEY and $CIPHER?
raw_same() {
	local iv=''
	[ "$3" = 512 ] || iv=--iv-large-sectors
	ksm-ref encrypt --cipher "$CIPHER" --key "$KEY" --sector-size "$3" $iv <"/tmp/pat.$1" >/tmp/pat.raw &&
		[ -s /tmp/pat.raw ] && dd if=$ENGINE bs=64k iflag=direct,skip_bytes,count_bytes skip=$(($2 * 512)) \
		count="$(stat -c %s /tmp/pat.raw)" status=none | cmp - /tmp/pat.raw
}

# key_ids DIR: numbers of the keys that the engine (ksm_sim) or ksm_core has in slots
key_ids() { sed -n 's/.*\(id\|key\):\([0-9]*\).*/\2/p' "/sys/kernel/debug/$1/ksmsim0/slots" | sort -n | tr '\n' ' '; }

# fio_on OPTION... -- NAME...: fio with a job for each mapping, which writes, reads back
# and compares. Each must have come to its end without an error.
fio_on() {
	local -a opts=() jobs=()
	local n rc=0
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	for n; do jobs+=(--name="$n" --filename="/dev/mapper/$n"); done
	timeout "${FIO_TIMEOUT:-$((KSM_TIMEOUT / 4))}" fio --ioengine=libaio --direct=1 --thread --rw=randwrite --bs=4k --iodepth=8 --size=512k \
		--verify=crc32c --verify_fatal=1 --do_verify=1 --verify_state_save=0 --randrepeat=0 \
		--output-format=terse --terse-version=3 "${opts[@]}" "${jobs[@]}" </dev/null >/tmp/fio.out 2>/tmp/fio.err || rc=$?
	# Terse fields: 5 error, 47 KiB written.
	[ $rc = 0 ] && [ "$(awk -F';' '$5 == 0 && $47 > 0' /tmp/fio.out | wc -l)" = $# ] && return
	echo "fio: status $rc"
	cut -d';' -f3,5,47 /tmp/fio.out | head -n 8
	head -n 8 /tmp/fio.err
	return 1
}

# busy NAME...: fio on these mappings until stop, in the background; sets FIO.
busy() {
	local -a jobs=()
	local n
	for n; do jobs+=(--name="$n" --filename="/dev/mapper/$n"); done
	fio --ioengine=libaio --direct=1 --thread --rw=randwrite --bssplit=4k/60:16k/30:64k/10 --iodepth=8 --size=1M \
		--verify=crc32c --verify_backlog=24 --verify_fatal=1 --verify_state_save=0 --randrepeat=0 \
		--time_based --runtime=3600 "${jobs[@]}" </dev/null >/tmp/fio.out 2>&1 &
	FIO=$!
	BUSY=("$@")
	progress
}

# bios_of NAME: sets BIOS to the number of its bios so far, of the mapping's queue.
bios_of() {
	local d name
	local -a f
	for d in /sys/block/dm-*; do
		read -r name <"$d/dm/name" || continue
		[ "$name" = "$1" ] || continue
		read -r -a f <"$d/stat"
		BIOS=$((f[0] + f[4]))
		return
	done
	return 1
}

more_than() { # NAME COUNT, or fio has ended
	bios_of "$1" && [ "$BIOS" -gt "$2" ] || ! kill -0 "$FIO" 2>/dev/null
}

# progress: wait until all of them have done something more.
progress() {
	local n
	local -a before=()
	for n in "${BUSY[@]}"; do
		bios_of "$n" && before+=("$BIOS") || return
	done
	for n in "${!BUSY[@]}"; do soon more_than "${BUSY[n]}" "${before[n]}" || return; done
	kill -0 "$FIO" 2>/dev/null
}

# stop: have it end; fails if it has found anything wrong.
stop() {
	local rc=0
	kill -INT "$FIO"
	wait "$FIO" || rc=$?
	# fio says 128 when it was interrupted; errors are in its words.
	if { [ $rc = 0 ] || [ $rc = 128 ]; } &&
		! grep -q -i -E 'verify: bad|verify failed|Input/output|error=[1-9]|err= *[1-9]' /tmp/fio.out; then return 0; fi
	echo "fio: status $rc"
	grep -a -i -E 'verify|error|err=' /tmp/fio.out | head -n 10
	return 1
}

# calm [N]: engine N has not met anything that should not be, and all mappings use it.
# shellcheck disable=SC2120 # given by way of "ok"
calm() {
	local bad
	bad=$(awk '$1 ~ /^(mixed|empty_slot_errors|rejected|unpowered)$/ && $2 != 0' "$SIM/ksmsim${1:-0}/stats"
		dmsetup status --target ksm | grep -v ' hw:active .* hw_failed:0 hw_lost:0$'
		dmsetup status --target ksm | grep -v ' errors:0 ')
	[ -z "$bad" ] || { head -n 8 <<<"$bad"; return 1; }
}

# empty: no slot has a key, neither in the engine nor as far as ksm_core knows.
empty() {
	cat $SIM/ksmsim0/slots $KSM/ksmsim0/slots
	[ "$(programmed 0)" = 0 ] && ! grep -q -v ' empty refs:0$' $KSM/ksmsim0/slots
}

# section CMD...: what one leaves because it has failed must not disturb the next.
section() {
	local start=$SECONDS left
	FIO=''
	"$@"
	diag "$*: $((SECONDS - start)) s"
	[ -z "$FIO" ] || ! kill -9 "$FIO" 2>/dev/null || wait "$FIO"
	left=$(dmsetup ls | grep -v '^No devices')
	is "$1: no mapping is left" "$left" '' || timeout 20 dmsetup remove_all --force
}

# ---- the option hw: ----

# refused DESC MESSAGE TABLE...
refused() {
	dmesg -C
	nok "$1: refused" dmsetup create r --table "$3" || { unmap r; return 1; }
	like "$1: the log says why" "$(dmesg)" "ksm: $2"
}

# unfit DESC WHY TABLE: this table, which ends in "hw:", cannot use the engine.
unfit() {
	refused "$1, hw:require" "hw:require: $2" "${3}require" || return
	like "$1, hw:require: as a sentence" "$(dmesg)" 'hw:require, but there is no engine that can do this'
	ok "$1, hw:auto: taken" dmsetup create r --table "${3}auto" || return
	like "$1, hw:auto: software, and the status says why" "$(dmsetup status r)" \
		"^[0-9 ]+ ksm software [^ ]+ .* errors:0 key:set hw:$2\$"
	ok "$1, hw:auto: works" write_pat 1 /dev/mapper/r
	ok "$1, hw:auto: reads" same 1 /dev/mapper/r
	unmap r
}

hw_option() {
	local word line t dev n
	ok 'an engine' sim slots=4 $XTS size=16 || return
	for word in auto require; do
		ok "hw:$word: taken" hw_map m 1 0 8192 $word || return
		like "hw:$word: hardware" "$(dmsetup status m)" \
			"^0 8192 ksm hardware ksmsim0 reads:[0-9]+ writes:0 .* key:set hw:active slots:4 hw_bios:[0-9]+ hw_waited:0 hw_failed:0 hw_lost:0\$"
		unmap m
	done
	hw_table 1 0 8192 x
	ok 'no hw: at all' dmsetup create m --table "$(sed 's/ 3 sector/ 2 sector/; s/ hw:x//' <<<"$TABLE")"
	path_is 'no hw: at all: hardware' m 'hardware active'
	unmap m
	n=$(sim_stat 0 crypt_requests)
	ok 'hw:off: taken' hw_map m 1 0 8192 off
	like 'hw:off: software' "$(dmsetup status m)" '^0 8192 ksm software [^ ]+ .* key:set hw:off$'
	is 'hw:off: the engine gets no key' "$(programmed 0)" 0
	ok 'hw:off: writes' write_pat 1 /dev/mapper/m
	like 'hw:off: counted by the software path' "$(dmsetup status m)" ' writes:[1-9]'
	is 'hw:off: the engine sees no context' "$(sim_stat 0 crypt_requests)" "$n"
	unmap m

	for word in '' on Auto 'require,' requires 0; do
		hw_table 1 0 8192 "$word"
		refused "hw:$word" 'hw is not auto, require or off' "$TABLE" || unmap m
	done
	like 'the option is not in the message, which might be a key' "$(dmesg)" 'option 3 of 3 is refused'
	hw_table 1 0 8192 auto
	refused 'HW:auto' 'Unknown option' "${TABLE/hw:/HW:}"

	# TABLE lines, with a key in a keyring so that they can be loaded again.
	dev=$(lsblk -dno MAJ:MIN $ENGINE)
	dev=${dev// /}
	xxd -r -p <<<"$KEY1" >/tmp/key
	ok 'a logon key' sh -c 'keyctl padd logon ksm:slots @u </tmp/key'
	for word in require off auto; do
		line="0 8192 ksm $CIPHER :64:logon:ksm:slots 0 $dev 0 $LARGE hw:$word"
		ok "TABLE, hw:$word: loaded" dmsetup create m --table "$line" || continue
		t=$(dmsetup table m)
		[ $word != auto ] || line="0 8192 ksm $CIPHER :64:logon:ksm:slots 0 $dev 0 2 sector_size:4096 iv_large_sectors"
		is "TABLE, hw:$word: shown" "$t" "$line"
		ok "TABLE, hw:$word: loaded again" sh -c "dmsetup suspend m && dmsetup load m --table '$t' && dmsetup resume m"
		is "TABLE, hw:$word: nothing is lost" "$(dmsetup table m)" "$line"
		unmap m
	done
	is 'no mapping, no key in the engine' "$(programmed 0)" 0
}

# partition START: ksmsim2 has one, of 16384 sectors.
partition() {
	{ printf '%0892d0000000083000000%02x00000000400000%096d55aa' 0 "$1" 0 | xxd -r -p; } |
		dd of=/dev/ksmsim2 bs=512 iflag=fullblock oflag=direct status=none &&
		blockdev --rereadpt /dev/ksmsim2 && soon test -b /dev/ksmsim2p1
}

unfit_engines() {
	hw_table 1 0 8192 '' "$DISK1"
	unfit 'no engine' no-keyslot-manager "$TABLE"
	ok 'engines that cannot do everything' sim devices=3 size=16,16,16 modes=AES-128-XTS,all,AES-256-XTS \
		units=7680,512,7680 dun_bytes=8,8,1 || return
	hw_table 1 0 8192 '' /dev/ksmsim0
	unfit 'another mode' engine-cannot "$TABLE"
	hw_table 1 0 8192 '' /dev/ksmsim1
	unfit 'another data unit size' engine-cannot "$TABLE"
	# 256 data units of 4096 bytes.
	hw_table 1 0 2048 require /dev/ksmsim2
	ok 'data unit numbers up to the last that fits' dmsetup create m --table "$TABLE"
	path_is 'are done in hardware' m 'hardware active'
	ok 'the last data unit' write_pat 1 /dev/mapper/m 4096 1044480
	ok 'and back' same 1 /dev/mapper/m 1044480
	unmap m
	hw_table 1 0 2056 '' /dev/ksmsim2
	unfit 'one data unit number too many' engine-cannot "$TABLE"
	unfit 'an iv_offset that is too large' engine-cannot "0 2048 ksm $CIPHER $KEY 8 /dev/ksmsim2 0 $LARGE hw:"
	unfit 'IVs that count 512 bytes' iv-counts-512-byte-sectors "0 8192 ksm $CIPHER $KEY 0 /dev/ksmsim2 0 2 sector_size:4096 hw:"
	hw_table 1 1 8192 require /dev/ksmsim2
	refused 'an unaligned start' 'hw:require: start-not-aligned' "$TABLE"
	# Device mapper itself refuses such a start, but knows nothing of partitions.
	hw_table 1 1 8192 auto /dev/ksmsim2
	nok 'an unaligned start, hw:auto' dmsetup create r --table "$TABLE"
	ok 'an unaligned partition' partition 1 || return
	hw_table 1 0 8192 '' /dev/ksmsim2p1
	unfit 'an unaligned partition' start-not-aligned "$TABLE"
	ok 'an aligned partition' partition 8 || return
	ok 'it can be used' hw_map m 1 0 2048 require /dev/ksmsim2p1 || return
	ok 'writes' write_pat 1 /dev/mapper/m
	ENGINE=/dev/ksmsim2
	ok 'the ciphertext is right' raw_same 1 8 4096
	ENGINE=/dev/ksmsim0
	unmap m
}

# ---- every mode and data unit size ----

mode_cipher() { # MODE: sets CIPHER_BITS
	case $1 in
	AES-128-XTS) CIPHER_BITS=aes-xts-plain64/256 ;;
	AES-256-XTS) CIPHER_BITS=aes-xts-plain64/512 ;;
	AES-128-CBC-ESSIV) CIPHER_BITS=aes-cbc-essiv:sha256/128 ;;
	AES-256-CBC-ESSIV) CIPHER_BITS=aes-cbc-essiv:sha256/256 ;;
	Adiantum) CIPHER_BITS='capi:adiantum(xchacha12,aes)-plain64/256' ;;
	SM4-XTS) CIPHER_BITS='capi:xts(sm4)-plain64/256' ;;
	*) return 1 ;;
	esac
}

# rows TARGET PREFIX OPTION: the concise table of all combinations, for one target
rows() {
	local i opts all=''
	for i in "${!ROW_KEY[@]}"; do
		opts="sector_size:${ROW_UNIT[i]}"
		[ "${ROW_UNIT[i]}" = 512 ] || opts+=' iv_large_sectors'
		opts+=${3:+ $3}
		# shellcheck disable=SC2086 # words wanted
		set -- "$1" "$2" "$3" $opts
		all+="$2$i,,,,0 128 $1 ${ROW_CIPHER[i]//,/\\,} ${ROW_KEY[i]} 0 $ENGINE $((i * 128)) $(($# - 3)) $opts;"
	done
	dmsetup create --concise "${all%;}"
}

# each DESC FILE...: for each combination, is FILE...'s checksum $WANTED?
each() {
	local desc=$1 i sum
	local -a sums=()
	shift
	while read -r sum _; do sums+=("$sum"); done < <(sha256sum "$@")
	for i in "${!ROW_KEY[@]}"; do is "${ROW_NAME[i]}: $desc" "${sums[i]-none}" "$WANTED"; done
}

# written_by PREFIX SEED: all that mappings have is overwritten through these.
written_by() {
	pat "$2" 65536
	read -r WANTED _ < <(sha256sum "/tmp/pat.$2")
	# Closing a device writes what is cached and forgets it.
	eval tee "/dev/mapper/$1{0..$((${#ROW_KEY[@]} - 1))}" <"/tmp/pat.$2" >/dev/null
}

read_by() { eval "each '$1' /dev/mapper/$2{0..$((${#ROW_KEY[@]} - 1))}"; }

modes() {
	local mode units unit i
	ROW_NAME=() ROW_KEY=() ROW_UNIT=() ROW_CIPHER=()
	ok 'modes: an engine that knows all' sim slots=3 size=16 || return
	while read -r mode units; do
		mode_cipher "$mode" || continue
		for unit in 512 1024 2048 4096; do
			[ $((units & unit)) != 0 ] || continue
			ksm_key "${CIPHER_BITS##*/}"
			ROW_NAME+=("$mode, data units of $unit") ROW_KEY+=("$KEY") ROW_UNIT+=("$unit") ROW_CIPHER+=("${CIPHER_BITS%/*}")
		done
	done <$KSM/ksmsim0/caps
	is 'modes: there are 6 modes with 4 sizes each' ${#ROW_KEY[@]} 24
	# The same places three times.
	ok 'modes: hardware' rows ksm h hw:require || return
	ok 'modes: software' rows ksm s hw:off
	ok 'modes: dm-crypt' rows crypt c ''
	i=$(sim_stat 0 crypt_requests)
	ok 'modes: written in hardware' written_by h 11
	ok 'modes: it was the engine' test "$(sim_stat 0 crypt_requests)" -ge $((i + 24))
	read_by 'software reads what hardware wrote' s
	read_by 'dm-crypt reads what hardware wrote' c
	dd if=$ENGINE of=/tmp/raw bs=1536k count=1 iflag=direct status=none
	split -d -b 65536 /tmp/raw /tmp/raw.
	for i in "${!ROW_KEY[@]}"; do
		unit=''
		[ "${ROW_UNIT[i]}" = 512 ] || unit=--iv-large-sectors
		ksm-ref decrypt --cipher "${ROW_CIPHER[i]}" --key "${ROW_KEY[i]}" --sector-size "${ROW_UNIT[i]}" $unit \
			<"/tmp/raw.$(printf %02d "$i")" >"/tmp/plain.$(printf %02d "$i")"
	done
	each 'ksm-ref reads what hardware wrote' /tmp/plain.*
	ok 'modes: written in software' written_by s 22
	i=$(sim_stat 0 crypt_requests)
	read_by 'hardware reads what software wrote' h
	ok 'modes: it was the engine' test "$(sim_stat 0 crypt_requests)" -ge $((i + 24))
	ok 'modes: written by dm-crypt' written_by c 33
	read_by 'hardware reads what dm-crypt wrote' h
	is 'modes: nothing out of order' "$(calm | grep -v ' hw:off$')" ''
	eval "unmap {h,s,c}{0..23}"
	ok 'modes: they have left no key' empty
	rm -f /tmp/raw* /tmp/plain*
	# The comparison can fail.
	ok 'modes: control: a mapping' hw_map m 1 0 1024 require
	write_pat 11 /dev/mapper/m
	own_key 2
	nok 'modes: control: another key makes another ciphertext' raw_same 11 0 4096
	unmap m
}

# ---- slots and keys ----

# side_by_side SECTORS: a table of all mappings in a row
side_by_side() {
	local i
	for i in "${!MANY[@]}"; do echo "$((i * $1)) $1 linear /dev/mapper/${MANY[i]} 0"; done
}

matrix_one() { # SLOTS KEYS SECTORS BLOCK
	local name="$2 keys in $1 slots" i n waits
	ok "$name: engine" sim slots="$1" $XTS size=64 || return
	ok "$name: mappings" many "$2" "$3" require || return
	# Else a request may be done before the next one comes, on a machine that is slow: a kernel with
	# checks, where time limits are longer, takes 40 ms of its processors for one.
	[ "$2" -le "$1" ] || knob 0 delay_us $((KSM_TIMEOUT > 1200 ? 300000 : 1000))
	# Jobs are dear: many mappings are given to fio as one device.
	if [ "$2" -le 8 ]; then
		ok "$name: all is verified" fio_on --bs="$4" --size=$(($3 * 512)) -- "${MANY[@]}"
	else
		ok "$name: in a row" dmsetup create row --table "$(side_by_side "$3")"
		ok "$name: all is verified" fio_on --bs="$4" --size=$(($2 * $3 * 512)) --iodepth=64 -- row
		unmap row
	fi
	ok "$name: nothing out of order" calm
	waits=$(ksm_stat ksmsim0 waits) n=$(sim_stat 0 programs)
	if [ "$2" -gt "$1" ]; then
		ok "$name: some had to wait" test "$waits" -gt 0
		ok "$name: slots changed hands" test "$n" -gt "$2"
	else
		is "$name: nobody had to wait, and each key was programmed once" "$waits $n" "0 $2"
	fi
	ok "$name: the engine's limits were used" test "$(programmed 0)" = $(($2 < $1 ? $2 : $1))
	diag "$name: waits $waits, programs $n, requests $(sim_stat 0 requests)"
	# The ciphertext of the last one, whose neighbours have other keys.
	i=$(($2 - 1))
	ok "$name: a pattern" write_pat 7 "/dev/mapper/k$i" 16384
	own_key $i
	ok "$name: its ciphertext is right" raw_same 7 $((i * $3)) 4096
	ok "$name: removed" none
	ok "$name: no key is left" empty
}

matrix() {
	section matrix_one 1 1 512 4k
	section matrix_one 1 4 512 4k
	section matrix_one 2 8 512 4k
	section matrix_one 4 64 128 8k
	section matrix_one 16 16 128 8k
	section matrix_one 8 256 64 16k
}

# written NAME: KiB that fio's job has written
written() { awk -F';' -v n="$1" '$3 == n { kib = $47 } END { print kib + 0 }' /tmp/fio.out; }

fair() {
	local n sum=0 counts='' low=''
	ok 'fair: one slot' sim slots=1 $XTS size=16 || return
	ok 'fair: four mappings' many 4 8192 require || return
	ok 'fair: equal load' fio_on --verify=0 --do_verify=0 --time_based --runtime=3 --size=4M -- "${MANY[@]}"
	for n in "${MANY[@]}"; do sum=$((sum + $(written "$n"))); counts+="$(written "$n") "; done
	for n in "${MANY[@]}"; do [ $(($(written "$n") * 16)) -ge "$sum" ] || low+="$n "; done
	is "fair: none has less than a quarter of the mean" "$low" ''
	diag "fair: KiB $counts, waits $(ksm_stat ksmsim0 waits)"
	# Slow requests of many who do not wait for each other: some are always under way,
	# and the slot is never idle by itself. It ends: else nobody could end who starves.
	knob 0 delay_us 20000
	fio --ioengine=libaio --direct=1 --thread --rw=randwrite --bsrange=4k-64k --iodepth=1 --numjobs=24 --time_based \
		--runtime=20 --size=4M --name=k0 --filename=/dev/mapper/k0 </dev/null >/tmp/hammer 2>&1 &
	n=$!
	FIO=$n
	soon more_than k0 100
	ok 'fair: depth 1 beside 24 others' fio_on --verify=0 --do_verify=0 --time_based --runtime=3 --size=4M --iodepth=1 -- k1
	kill -INT $n
	wait $n
	FIO=''
	counts=$(written k1)
	diag "fair: depth 1 wrote $counts KiB in 3 s beside 24 others"
	ok 'fair: depth 1 makes progress' test "${counts:-0}" -ge 40
	ok 'fair: nothing out of order' calm
	none
}

# ---- eviction ----

eviction() {
	local a b table
	ok 'evict: engine' sim slots=4 $XTS size=16 || return
	ok 'evict: two mappings' many 2 2048 require || return
	a=$(key_ids ksm_sim)
	is 'evict: both keys are in slots' "$(programmed 0)" 2
	is 'evict: ksm_core knows the same' "$(key_ids ksm_core)" "$a"
	dmsetup suspend k0
	is 'evict: suspended, its key stays' "$(key_ids ksm_sim)" "$a"
	ok 'evict: key wipe' dmsetup message k0 0 key wipe
	b=$(key_ids ksm_sim)
	is 'evict: after key wipe one key is left' "$(programmed 0)" 1
	like "evict: the other mapping's" "$a" "\\b${b% }\\b"
	is 'evict: ksm_core knows the same' "$(key_ids ksm_core)" "$b"
	like 'evict: the status says so' "$(dmsetup status k0)" 'key:none hw:not-verified-yet'
	nok 'evict: no resume without a key' dmsetup resume k0
	ok 'evict: the other mapping works' fio_on -- k1
	own_key 0
	ok 'evict: key set' dmsetup message k0 0 key set "$KEY"
	is 'evict: not in a slot before it is used' "$(key_ids ksm_sim)" "$b"
	ok 'evict: resume' dmsetup resume k0 || return
	is 'evict: now it is' "$(programmed 0)" 2
	a=${b% }
	b=$(key_ids ksm_sim | tr ' ' '\n' | grep -v "^$a\$" | tr -d '\n')
	own_key 9
	dmsetup suspend k0
	ok 'evict: key set, another one' dmsetup message k0 0 key set "$KEY"
	is 'evict: the old one is gone at once' "$(key_ids ksm_sim)" "$a "
	ok 'evict: resume' dmsetup resume k0 || return
	unlike 'evict: the old one is not back' "$(key_ids ksm_sim)" "\\b$b\\b"
	ok 'evict: a pattern with the other key' write_pat 3 /dev/mapper/k0
	ok 'evict: its ciphertext is right' raw_same 3 0 4096
	# Another table brings another copy of the key.
	b=$(key_ids ksm_sim | tr ' ' '\n' | grep -v "^$a\$" | tr -d '\n')
	table="0 2048 ksm $CIPHER $KEY 0 $ENGINE 0 $LARGE hw:require"
	ok 'evict: another table' sh -c "dmsetup suspend k0 && dmsetup load k0 --table '$table' && dmsetup resume k0"
	is 'evict: still two keys' "$(programmed 0)" 2
	unlike "evict: the old table's is gone" "$(key_ids ksm_sim)" "\\b$b\\b"
	ok 'evict: an inactive table brings no key' sh -c "dmsetup load k0 --table '$table'"
	is 'evict: still two' "$(programmed 0)" 2
	ok 'evict: clear' dmsetup clear k0
	ok 'evict: a removed mapping' unmap k0
	is 'evict: leaves no key' "$(key_ids ksm_sim)" "$a "

	# The hardware refuses.
	knob 0 refuse_evict 1
	dmesg -C
	dmsetup suspend k1
	nok 'evict refused: key wipe says so' dmsetup message k1 0 key wipe
	like 'evict refused: the log says so, too' "$(dmesg)" 'ksm: key wipe: .*key may still be in the engine'
	like 'evict refused: with the slot' "$(dmesg)" 'ksm_core: ksmsim0: evicting .*slot [0-3] failed: -5'
	is 'evict refused: it is counted' "$(ksm_stat ksmsim0 evict_errors)" 1
	is 'evict refused: no slot has it as far as ksm_core knows' "$(key_ids ksm_core)" ''
	like 'evict refused: the mapping has no key' "$(dmsetup status k1)" 'key:none'
	nok 'evict refused: it cannot be resumed' dmsetup resume k1
	own_key 1
	ok 'evict refused: key set' dmsetup message k1 0 key set "$KEY"
	ok 'evict refused: resume' dmsetup resume k1 || return
	ok 'evict refused: it works' fio_on -- k1
	own_key 8
	dmsetup suspend k1
	nok 'evict refused: another key is not taken' dmsetup message k1 0 key set "$KEY"
	like 'evict refused: no key then' "$(dmsetup status k1)" 'key:none'
	ok 'evict refused: but it is the second time' dmsetup message k1 0 key set "$KEY"
	ok 'evict refused: resume' dmsetup resume k1 || return
	ok 'evict refused: it works with that' write_pat 4 /dev/mapper/k1
	ok 'evict refused: the ciphertext is right' raw_same 4 2048 4096
	ok 'evict refused: the mapping can be removed' unmap k1
	is 'evict refused: no slot is in use' "$(grep -c ' empty refs:0$' $KSM/ksmsim0/slots)" 4
	knob 0 refuse_evict 0
	ok 'evict refused: all slots can be used again' many 4 2048 require
	ok 'evict refused: by I/O too' fio_on -- "${MANY[@]}"
	ok 'evict refused: nothing out of order' calm
	none
	ok 'evict refused: no key is left' empty
}

# ---- resets ----

resets() {
	local i n=0
	ok 'reset: two slots' sim slots=2 $XTS size=16 || return
	ok 'reset: three mappings' many 3 8192 require || return
	ok 'reset: busy' busy "${MANY[@]}"
	# The simulated driver has no request under way meanwhile: none may fail.
	for ((i = 0; i < 30; i++)); do
		knob 0 forget 1 && n=$((n + 1))
		[ $((i % 5)) != 0 ] || progress || break
	done
	is 'reset: 30 resets' $n 30
	is 'reset: the keys were programmed again' "$(ksm_stat ksmsim0 reprograms)" 30
	ok 'reset: it goes on' progress
	ok 'reset: nothing wrong was read, nothing has failed' stop
	ok 'reset: nothing out of order' calm
	none
	ok 'reset: no key is left' empty
}

# Keys are lost, and nobody knows.
key_loss() {
	local mark=PLAINTEXT-THAT-MUST-NOT-REACH-THE-DISK before
	ok 'loss: engine' sim slots=2 $XTS size=16 || return
	ok 'loss: a mapping' hw_map m 1 0 8192 require || return
	ok 'loss: a pattern' write_pat 5 /dev/mapper/m
	yes $mark | head -c 65536 >/tmp/mark
	before=$(sha256sum <$ENGINE)
	ok 'loss: of all keys' knob 0 forget 2
	nok 'loss: a write fails' dd if=/tmp/mark of=/dev/mapper/m bs=16k oflag=direct status=none
	nok 'loss: a read fails' dd if=/dev/mapper/m of=/tmp/read bs=16k count=1 iflag=direct status=none
	is 'loss: it gives no data' "$(stat -c %s /tmp/read)" 0
	ok 'loss: it was the engine that refused' test "$(sim_stat 0 empty_slot_errors)" -ge 2
	echo 3 >/proc/sys/vm/drop_caches
	is 'loss: the disk is as it was' "$(sha256sum <$ENGINE)" "$before"
	is 'loss: no plaintext on it' "$(ksm-io find $ENGINE $mark 1)" 0
	fio --name=x --filename=/dev/mapper/m --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=16 --size=1M \
		--buffer_pattern=\"PLAINTEXT-THAT-MUST-NOT-REACH\" --continue_on_error=all </dev/null >/dev/null 2>&1
	ok 'loss: many writes fail' test "$(sim_stat 0 empty_slot_errors)" -ge 50
	is 'loss: no plaintext on it' "$(ksm-io find $ENGINE PLAINTEXT-THAT-MUST 1)" 0
	# There were errors, so the engine is verified again, with the key anew.
	ok 'loss: suspend and resume' again m
	ok 'loss: help: the data is there' same 5 /dev/mapper/m
	knob 0 forget 2
	nok 'loss: again' same 5 /dev/mapper/m
	own_key 1
	ok 'loss: key wipe and key set' sh -c "dmsetup suspend m && dmsetup message m 0 key wipe && dmsetup message m 0 key set $KEY && dmsetup resume m"
	ok 'loss: help, too' same 5 /dev/mapper/m
	knob 0 forget 2
	nok 'loss: again' same 5 /dev/mapper/m
	hw_table 1 0 8192 require
	ok 'loss: the same table again' sh -c "dmsetup suspend m && dmsetup load m --table '$TABLE' && dmsetup resume m"
	ok 'loss: helps, too' same 5 /dev/mapper/m
	knob 0 forget 2
	nok 'loss: again' same 5 /dev/mapper/m
	ok 'loss: a reset which the driver knows of' knob 0 forget 1
	ok 'loss: helps, too' same 5 /dev/mapper/m
	ok 'loss: writes work' write_pat 6 /dev/mapper/m
	own_key 1
	ok 'loss: the ciphertext is right' raw_same 6 0 4096
	knob 0 forget 2
	ok 'loss: a mapping without its key in the engine can be removed' unmap m
	ok 'loss: no key is left' empty
}

# ---- slots that take no key ----

ALL_SLOTS=0xffffffffffffffff

in_software() { [[ $(dmsetup status "$1") =~ ' software '.*' writes:'[1-9] ]]; }

refuse_all() {
	ok 'refuse: one slot' sim slots=1 $XTS size=16 || return
	ok 'refuse: a, hw:require' hw_map a 1 0 2048 require || return
	ok 'refuse: b, hw:auto' hw_map b 2 2048 2048 auto || return
	ok 'refuse: patterns' write_pat 1 /dev/mapper/a
	ok 'refuse: patterns' write_pat 2 /dev/mapper/b
	knob 0 refuse_program $ALL_SLOTS
	dmesg -C
	# The slot has b's key; a wants it, gets nothing, and b's has gone.
	nok 'refuse: hw:require: a write fails' dd if=/tmp/pat.2 of=/dev/mapper/a bs=64k oflag=direct status=none
	nok 'refuse: hw:require: a read fails' dd if=/dev/mapper/a of=/dev/null bs=64k count=1 iflag=direct status=none
	like 'refuse: hw:require: status' "$(dmsetup status a)" ' software .* hw:cannot-be-programmed .* hw_failed:1 hw_lost:0'
	like 'refuse: hw:require: log' "$(dmesg)" 'cannot-be-programmed, stopping I/O'
	like 'refuse: ksm_core says which slot' "$(dmesg)" 'ksmsim0: programming slot 0 failed: -5'
	ok 'refuse: hw:auto: a read works' same 2 /dev/mapper/b
	like 'refuse: hw:auto: status' "$(dmsetup status b)" ' software .* hw:cannot-be-programmed .* hw_failed:1 hw_lost:0'
	like 'refuse: hw:auto: log' "$(dmesg)" 'cannot-be-programmed, going on in software'
	ok 'refuse: hw:auto: a write works' write_pat 3 /dev/mapper/b
	own_key 2
	ok 'refuse: hw:auto: the ciphertext is right' raw_same 3 2048 4096
	knob 0 refuse_program 0
	nok 'refuse: over, but hw:require stays stopped' same 1 /dev/mapper/a
	ok 'refuse: hw:require: suspend and resume' again a
	ok 'refuse: hw:require: works, and has the old data' same 1 /dev/mapper/a
	ok 'refuse: hw:auto: suspend and resume' again b
	path_is 'refuse: a is back in hardware' a 'hardware active'
	path_is 'refuse: b is back in hardware' b 'hardware active'
	ok 'refuse: hw:auto: reads in hardware what software wrote' same 3 /dev/mapper/b
	# Under load nobody notices that there is another path. Two of them, so that slots
	# have to be programmed.
	unmap a
	ok 'refuse: c, hw:auto' hw_map c 3 4096 2048 auto
	ok 'refuse: b and c are busy' busy b c
	knob 0 refuse_program $ALL_SLOTS
	ok 'refuse: b goes to software under load' soon in_software b
	ok 'refuse: c, too' soon in_software c
	knob 0 refuse_program 0
	ok 'refuse: and back' again b
	ok 'refuse: and back' again c
	path_is 'refuse: b in hardware' b 'hardware active'
	path_is 'refuse: c in hardware' c 'hardware active'
	ok 'refuse: they go on' progress
	ok 'refuse: nothing was wrong' stop
	unmap b c

	# At activation.
	knob 0 refuse_program $ALL_SLOTS
	hw_table 1 0 2048 require
	refused 'refuse at resume, hw:require' 'not resumed: hw:require, but cannot-be-programmed' "$TABLE"
	ok 'refuse at resume, hw:auto' hw_map b 2 2048 2048 auto
	path_is 'refuse at resume: software' b 'software cannot-be-programmed'
	ok 'refuse at resume: the data is there' fio_on -- b
	unmap b
	knob 0 refuse_program 0
	ok 'refuse: no key is left' empty
}

# One of three slots takes no key: two are left, for four mappings.
refuse_one() {
	ok 'one refuses: three slots' sim slots=3 $XTS size=16 || return
	knob 0 refuse_program 2
	ok 'one refuses: two mappings' many 2 2048 require || return
	ok 'one refuses: the other slots are used' fio_on -- "${MANY[@]}"
	is 'one refuses: it stays empty' "$(sed -n 2p $SIM/ksmsim0/slots)" '1 empty'
	is 'one refuses: the others do not' "$(programmed 0)" 2
	ok 'one refuses: nothing out of order' calm
	none
	ok 'one refuses: four mappings' many 4 2048 require || return
	ok 'one refuses: four mappings on two good slots' fio_on --iodepth=16 -- "${MANY[@]}"
	ok 'one refuses: nothing out of order' calm
	ok 'one refuses: it was tried' test "$(ksm_stat ksmsim0 program_errors)" -gt 0
	none
	knob 0 refuse_program 0
	ok 'one refuses: no key is left' empty
}

# What an engine does wrong is found before the first write.
verification() {
	local before writes knob why
	ok 'verify: engine' sim slots=2 $XTS size=16 || return
	ok 'verify: a mapping' hw_map m 1 0 8192 require
	ok 'verify: a pattern' write_pat 1 /dev/mapper/m
	unmap m
	before=$(sha256sum <$ENGINE) writes=$(counter ksmsim0 5)
	while read -r knob why; do
		knob 0 "$knob" 1
		hw_table 1 0 8192 require
		refused "$knob, hw:require" "not resumed: hw:require, but $why" "$TABLE"
		ok "$knob, hw:auto" hw_map m 1 0 8192 auto
		path_is "$knob: in software" m "software $why"
		ok "$knob: nothing was written" test "$(counter ksmsim0 5)" = "$writes" -a "$(sha256sum <$ENGINE)" = "$before"
		ok "$knob: the data is right" same 1 /dev/mapper/m
		knob 0 "$knob" 0
		ok "$knob: over: suspend and resume" again m
		path_is "$knob: over: in hardware" m 'hardware active'
		ok "$knob: over: the data is right" same 1 /dev/mapper/m
		unmap m
	done <<-END
		wrong_key wrong-data
		ignore_contexts does-not-see-the-data
	END
	ok 'verify: nothing is left' empty
}

# At run time a driver forgets to look at the contexts.
contexts_ignored() {
	ok 'ignored: engine' sim slots=2 $XTS size=16 || return
	ok 'ignored: a, hw:require' hw_map a 1 0 2048 require
	ok 'ignored: b, hw:auto' hw_map b 2 2048 2048 auto
	write_pat 1 /dev/mapper/a
	write_pat 2 /dev/mapper/b
	knob 0 ignore_contexts 1
	dmesg -C
	nok 'ignored: hw:require: a read is an error' dd if=/dev/mapper/a of=/tmp/read bs=64k count=1 iflag=direct status=none
	is 'ignored: hw:require: not ciphertext' "$(stat -c %s /tmp/read)" 0
	like 'ignored: hw:require: status' "$(dmsetup status a)" ' software .* hw:engine-missed-data .* hw_failed:0 hw_lost:1'
	like 'ignored: hw:require: log' "$(dmesg)" 'engine-missed-data, stopping I/O'
	nok 'ignored: hw:require: no write either' dd if=/tmp/pat.2 of=/dev/mapper/a bs=4k oflag=direct status=none
	nok 'ignored: hw:auto: a write is an error' dd if=/tmp/pat.1 of=/dev/mapper/b bs=4k count=1 oflag=direct status=none
	like 'ignored: hw:auto: status' "$(dmsetup status b)" ' software .* hw:engine-missed-data .* hw_failed:0 hw_lost:1'
	like 'ignored: hw:auto: log' "$(dmesg)" 'engine-missed-data, going on in software'
	ok 'ignored: hw:auto: goes on in software' write_pat 2 /dev/mapper/b
	own_key 2
	ok 'ignored: hw:auto: the ciphertext is right' raw_same 2 2048 4096
	nok 'ignored: hw:require: cannot be resumed' again a
	like 'ignored: hw:require: log' "$(dmesg)" 'not resumed: hw:require, but does-not-see-the-data'
	knob 0 ignore_contexts 0
	ok 'ignored: over: hw:require is resumed' dmsetup resume a
	ok 'ignored: over: its data was never overwritten' same 1 /dev/mapper/a
	ok 'ignored: over: hw:auto is resumed' again b
	path_is 'ignored: over: a in hardware' a 'hardware active'
	path_is 'ignored: over: b in hardware' b 'hardware active'
	ok 'ignored: over: all is well' fio_on -- a b
	unmap a b
	ok 'ignored: no key is left' empty
}

# ---- slow engines, engines that go ----

some_waited() { [ "$(ksm_stat "ksmsim$1" waits)" -gt 0 ]; }
fio_ended() { ! kill -0 "$FIO" 2>/dev/null; }

slow() {
	ok 'slow: one slot' sim slots=1 $XTS size=16 || return
	ok 'slow: three mappings' many 3 2048 require
	knob 0 delay_us 1000
	knob 0 program_delay_us 5000
	ok 'slow: all is verified' fio_on --size=256k -- "${MANY[@]}"
	ok 'slow: nothing out of order' calm
	ok 'slow: some had to wait' test "$(ksm_stat ksmsim0 waits)" -gt 0
	none
	ok 'slow: no key is left' empty
}

vanish() { # HW DELAY
	local n="vanish, hw:$1, delay $2 us" i
	ok "$n: two slots" sim slots=2 $XTS size=16 || return
	ok "$n: four mappings" many 4 4096 "$1"
	knob 0 delay_us "$2"
	ok "$n: busy" busy "${MANY[@]}"
	ok "$n: some wait" soon some_waited 0
	ok "$n" knob 0 vanish 1
	ok "$n: fio ends" soon fio_ended
	nok "$n: with an error" wait "$FIO"
	like "$n: an I/O error" "$(</tmp/fio.out)" 'Input/output error'
	unlike "$n: and no wrong data" "$(</tmp/fio.out)" 'verify: bad|verify failed'
	for i in "${MANY[@]}"; do
		nok "$n: nothing can be read" dd if="/dev/mapper/$i" of=/dev/null bs=4k count=1 iflag=direct status=none
	done
	if [ "$1" = require ]; then
		# What the verification has read is counted there, too.
		unlike "$n: nothing went to software" "$(dmsetup status --target ksm)" 'reads:[0-9]{2}|writes:[1-9]'
	fi
	ok "$n: the mappings can be removed" timeout 20 dmsetup remove "${MANY[@]}"
	ok "$n: the module can be unloaded" timeout 20 modprobe -r ksm_sim
}

# ---- everything at once ----

STORM_SEED=${STORM_SEED:-20240817}

storm_op() { # WHAT NAME N
	hw_table "$3" $(($3 * 8192)) 8192 require
	case $1 in
	resume) again "$2" ;;
	noflush) dmsetup suspend --noflush "$2" && dmsetup resume "$2" ;;
	reload) dmsetup suspend "$2" && dmsetup load "$2" --table "$TABLE" && dmsetup resume "$2" ;;
	rekey) dmsetup suspend "$2" && dmsetup message "$2" 0 key wipe && dmsetup message "$2" 0 key set "$KEY" && dmsetup resume "$2" ;;
	reset) knob 0 forget 1 ;;
	idle)
		hw_table 4 32768 8192 require
		unmap idle && dmsetup create idle --table "$TABLE" &&
			dd if=/tmp/pat.5 of=/dev/mapper/idle bs=16k count=2 oflag=direct status=none
		;;
	esac
}

storm() {
	local -a ops=(resume noflush reload rekey reset idle)
	local op n failed='' end round
	local -A count=()
	ok 'storm: two slots' sim slots=2 $XTS size=32 depth=32 || return
	ok 'storm: four mappings' many 4 8192 require
	ok 'storm: and an idle one' hw_map idle 4 32768 8192 require
	write_pat 5 /dev/mapper/idle
	ok 'storm: busy' busy "${MANY[@]}"
	diag "storm: seed $STORM_SEED"
	RANDOM=$STORM_SEED
	end=$((SECONDS + ${STORM_SECONDS:-20}))
	# All of it in another order each time, at least three times on a slow machine, too.
	for ((round = 0; round < 3 || SECONDS < end; round++)); do
		kill -0 "$FIO" 2>/dev/null || break
		for op in $(shuf -e --random-source=<(yes "$STORM_SEED $round" 2>/dev/null) "${ops[@]}"); do
			n=$((RANDOM % 4))
			storm_op "$op" "k$n" "$n" || failed+="$op k$n, "
			count[$op]=$((${count[$op]:-0} + 1))
		done
	done
	is 'storm: everything could be done' "$failed" ''
	n=''
	for op in "${ops[@]}"; do
		[ "${count[$op]:-0}" -ge 3 ] || n+="$op "
	done
	is 'storm: each of it several times' "$n" ''
	for op in "${!count[@]}"; do n+="$op ${count[$op]}, "; done
	diag "storm: ${n}requests $(sim_stat 0 requests), waits $(ksm_stat ksmsim0 waits)"
	ok 'storm: fio goes on' progress
	ok 'storm: it has found nothing wrong' stop
	ok 'storm: nothing out of order' calm
	unmap idle
	none
	ok 'storm: no key is left' empty
}

# ---- several mappings above one slot ----

# A bio that comes to several mappings is split inside submit_bio(), where the parts
# wait for each other. straddle: dm-linear in pieces which are smaller than bios.
straddle_table() { # PIECES SECTORS
	local i
	for ((i = 0; i < $1; i++)); do
		echo "$((i * $2)) $2 linear /dev/mapper/k$((i % 2)) $((i / 2 * $2))"
	done
}

above() { # DESC TABLE FIO_OPTION...
	local n="one slot: $1" table=$2
	shift 2
	ok "$n" dmsetup create top --table "$table" || return
	ok "$n: all is verified" fio_on "$@" -- top
	ok "$n: nothing out of order" calm
	# Also read once without those who waited, and written as one long bio.
	ok "$n: a pattern" write_pat 8 /dev/mapper/top 1048576
	ok "$n: and back" same 8 /dev/mapper/top
	# Removed by the caller, who looks at what is below.
}

one_slot() {
	local waits
	ok 'one slot: engine' sim slots=1 $XTS size=32 depth=32 || return
	ok 'one slot: four mappings' many 4 8192 require || return
	above 'dm-linear in pieces over two' "$(straddle_table 64 144)" --bs=256k --size=4608k --iodepth=32
	unmap top
	above 'dm-stripe over four' "0 16384 striped 4 8 /dev/mapper/k0 0 /dev/mapper/k1 0 /dev/mapper/k2 0 /dev/mapper/k3 0" \
		--bs=512k --size=6M --iodepth=16
	unmap top
	if modprobe dm-raid; then
		above 'dm-raid raid1 over two' "0 8192 raid raid1 2 0 nosync 2 - /dev/mapper/k0 - /dev/mapper/k1" \
			--bs=64k --size=2M --iodepth=32
		ok 'one slot: dm-raid: the first leg' same 8 /dev/mapper/k0
		ok 'one slot: dm-raid: the second leg' same 8 /dev/mapper/k1
		unmap top
	else
		skip 'one slot: dm-raid' 'not in this kernel'
	fi
	if modprobe dm-mirror; then
		above 'dm-mirror over two' "0 8192 mirror core 2 1024 nosync 2 /dev/mapper/k2 0 /dev/mapper/k3 0" \
			--bs=64k --size=2M --iodepth=32
		ok 'one slot: dm-mirror: the first leg' same 8 /dev/mapper/k2
		ok 'one slot: dm-mirror: the second leg' same 8 /dev/mapper/k3
		unmap top
	else
		skip 'one slot: dm-mirror' 'not in this kernel'
	fi
	waits=$(ksm_stat ksmsim0 waits)
	ok 'one slot: they had to wait for each other' test "$waits" -gt 100
	diag "one slot: waits $waits, programs $(sim_stat 0 programs)"
	none
	ok 'one slot: no key is left' empty
}

# ---- no slots, power, contexts of completion ----

no_slots() {
	ok 'no slots: engine' sim slots=0 $XTS size=16 || return
	ok 'no slots: three mappings' many 3 2048 require || return
	like 'no slots: status' "$(dmsetup status k0)" ' hardware ksmsim0 .* hw:active slots:0 '
	ok 'no slots: all is verified' fio_on -- "${MANY[@]}"
	ok 'no slots: nothing out of order' calm
	is 'no slots: nobody waited' "$(status_of k0 hw_waited) $(ksm_stat ksmsim0 waits)" '0 0'
	ok 'no slots: a pattern' write_pat 1 /dev/mapper/k2
	own_key 2
	ok 'no slots: its ciphertext is right' raw_same 1 4096 4096
	dmsetup suspend k2
	ok 'no slots: key wipe' dmsetup message k2 0 key wipe
	ok 'no slots: reaches the engine' test "$(sim_stat 0 evicts)" -gt 0
	knob 0 refuse_evict 1
	ok 'no slots: another key' dmsetup message k2 0 key set "$KEY"
	nok 'no slots: refused by the engine' dmsetup message k2 0 key wipe
	knob 0 refuse_evict 0
	none
}

power() {
	local dev=/sys/devices/platform/ksm_sim.0/power/runtime_status
	ok 'power: engine' sim slots=1 $XTS size=16 rpm=1 || return
	is 'power: off at first' "$(<$dev)" suspended
	ok 'power: three mappings' many 3 2048 require || return
	ok 'power: all is verified' fio_on -- "${MANY[@]}"
	ok 'power: no slot was used without power' calm
	ok 'power: off when it is not needed' soon grep -q suspended $dev
	ok 'power: on for a key to be evicted' none
	is 'power: no slot was used without power' "$(sim_stat 0 unpowered)" 0
	ok 'power: no key is left' empty
	ok 'power: off in the end' soon grep -q suspended $dev
}

# The device does not wake up, so no key gets into its slots or out of them.
no_power() {
	local dev=/sys/devices/platform/ksm_sim.0/power/runtime_status
	ok 'no power: engine' sim slots=1 $XTS size=16 rpm=1 || return
	ok 'no power: a, hw:require' hw_map a 1 0 2048 require || return
	ok 'no power: b, hw:auto' hw_map b 2 2048 2048 auto || return
	ok 'no power: patterns' write_pat 1 /dev/mapper/a
	ok 'no power: patterns' write_pat 2 /dev/mapper/b
	ok 'no power: off' soon grep -q suspended $dev
	ok 'no power: and it stays so' knob 0 power_fails 1
	dmesg -C
	# The slot has b's key.
	nok 'no power: hw:require: a write fails' dd if=/tmp/pat.2 of=/dev/mapper/a bs=64k oflag=direct status=none
	nok 'no power: hw:require: a read fails' dd if=/dev/mapper/a of=/dev/null bs=64k count=1 iflag=direct status=none
	like 'no power: hw:require: status' "$(dmsetup status a)" ' software .* hw:cannot-be-programmed .* hw_failed:1 hw_lost:0'
	own_key 1
	ok 'no power: hw:require: nothing was written' raw_same 1 0 4096
	ok 'no power: b, whose key is in the slot, goes on' same 2 /dev/mapper/b
	dmsetup suspend b
	nok 'no power: key wipe says that the engine may still have it' dmsetup message b 0 key wipe
	like 'no power: the log says so, too' "$(dmesg)" 'ksm: key wipe: .*key may still be in the engine'
	like 'no power: with the slot' "$(dmesg)" 'ksm_core: ksmsim0: evicting slot 0 failed: -'
	is 'no power: it is counted' "$(ksm_stat ksmsim0 evict_errors)" 1
	own_key 2
	ok 'no power: key set' dmsetup message b 0 key set "$KEY"
	ok 'no power: resume' dmsetup resume b
	path_is 'no power: in software' b 'software cannot-be-programmed'
	ok 'no power: which has the data' same 2 /dev/mapper/b

	ok 'no power: it wakes up again' knob 0 power_fails 0
	ok 'no power: a, suspended and resumed' again a
	path_is 'no power: a is back in hardware' a 'hardware active'
	ok 'no power: a has the old data' same 1 /dev/mapper/a
	ok 'no power: b, suspended and resumed' again b
	path_is 'no power: b is back in hardware' b 'hardware active'
	ok 'no power: both are verified' fio_on -- a b
	is 'no power: no slot was used without power' "$(sim_stat 0 unpowered)" 0
	unmap a

	# A mapping that goes takes its key along; if it cannot, that is said.
	ok 'no power: a pattern' write_pat 3 /dev/mapper/b
	is 'no power: the key of b is in the slot' "$(programmed 0)" 1
	ok 'no power: off' soon grep -q suspended $dev
	ok 'no power: and it stays so' knob 0 power_fails 1
	dmesg -C
	ok 'no power: a mapping is removed' unmap b
	like 'no power: the log says that its key may still be there' "$(dmesg)" 'ksm_core: ksmsim0: evicting slot 0 failed: -'
	is 'no power: it is counted' "$(ksm_stat ksmsim0 evict_errors)" 2
	ok 'no power: the disk goes, too' knob 0 vanish 1
	ok 'no power: all of it' soon test ! -e "$KSM/ksmsim0"
}

# A device that failed to suspend once is on, and says that error whenever it is to be woken up.
no_sleep() {
	local dev=/sys/devices/platform/ksm_sim.0/power/runtime_status
	ok 'no sleep: engine' sim slots=1 $XTS size=16 rpm=1 || return
	ok 'no sleep: it will not suspend' knob 0 suspend_fails 1
	ok 'no sleep: a' hw_map a 1 0 2048 require || return
	ok 'no sleep: a pattern' write_pat 1 /dev/mapper/a
	ok 'no sleep: it has failed' soon grep -q error $dev
	ok 'no sleep: another key, in the same slot' hw_map b 2 2048 2048 require
	path_is 'no sleep: is programmed' b 'hardware active'
	ok 'no sleep: both are verified' fio_on -- a b
	dmsetup suspend a
	ok 'no sleep: key wipe' dmsetup message a 0 key wipe
	ok 'no sleep: and b goes' unmap b
	ok 'no sleep: no key is left' empty
	own_key 1
	ok 'no sleep: key set' dmsetup message a 0 key set "$KEY"
	ok 'no sleep: resume' dmsetup resume a
	is 'no sleep: no slot was used without power' "$(sim_stat 0 unpowered)" 0
	ok 'no sleep: a goes' unmap a
}

completion() {
	local i=0 c
	local -a names=()
	ok 'completion: engines' sim devices=3 complete=hardirq,task,softirq slots=1,1,1 size=16,16,16 $XTS,AES-256-XTS,AES-256-XTS || return
	for c in hardirq task softirq; do
		ok "completion in $c: mapping 1" hw_map "$c-1" $((i * 3)) 0 4096 require /dev/ksmsim$i
		ok "completion in $c: mapping 2" hw_map "$c-2" $((i * 3 + 1)) 4096 4096 auto /dev/ksmsim$i
		ok "completion in $c: mapping 3" hw_map "$c-3" $((i * 3 + 2)) 8192 4096 auto /dev/ksmsim$i
		# So that there is always one who has to wait.
		knob $i delay_us 100
		names+=("$c-1" "$c-2" "$c-3")
		i=$((i + 1))
	done
	ok 'completion: all is verified' fio_on --bssplit=4k/60:64k/40 --size=1M --iodepth=16 -- "${names[@]}"
	for i in 0 1 2; do
		ok "completion: nothing out of order in engine $i" calm $i
		ok "completion: engine $i was contended" test "$(ksm_stat ksmsim$i waits)" -gt 0
	done
	unmap "${names[@]}"
}

# ---- what can be seen, and what cannot ----

# leaks FILE: does FILE have a part of $KEY, as hex digits of any style or as bytes?
leaks() {
	local i part text
	tr -d ' :,\n-' <"$1" | tr 'A-F' 'a-f' >/tmp/leak.text
	xxd -p "$1" | tr -d '\n' >/tmp/leak.hex
	for ((i = 0; i + 12 <= ${#KEY}; i += 2)); do
		part=${KEY:i:12}
		# Words of memory are printed the other way around.
		text=${part:10:2}${part:8:2}${part:6:2}${part:4:2}${part:2:2}${part:0:2}
		echo "$part"
		echo "$text"
	done >/tmp/leak.parts
	grep -q -F -f /tmp/leak.parts /tmp/leak.text || grep -q -F -f /tmp/leak.parts /tmp/leak.hex
}

observe() {
	local e f
	ok 'observe: engine' sim slots=1 $XTS size=16 || return
	mountpoint -q $TRACE || mount -t tracefs tracefs $TRACE
	: >$TRACE/trace
	ok 'observe: tracepoints' sh -c "echo 1 >$TRACE/events/ksm_core/enable && echo 1 >$TRACE/tracing_on"
	dmesg -C
	ok 'observe: two mappings' many 2 2048 auto || return
	own_key 0
	# So that they are in each other's way.
	knob 0 delay_us 300
	ok 'observe: I/O' fio_on --size=256k --iodepth=16 -- k0 k1
	knob 0 delay_us 0
	is 'observe: caps' "$(<$KSM/ksmsim0/caps)" $'slots 1\ndun_bytes 8\nAES-256-XTS 7680'
	like 'observe: slots' "$(<$KSM/ksmsim0/slots)" '^0 key:[0-9]+ AES-256-XTS 4096 refs:0$'
	is 'observe: it is the key that the engine has' "$(key_ids ksm_core)" "$(key_ids ksm_sim)"
	is 'observe: stats' "$(cut -d' ' -f1 $KSM/ksmsim0/stats | tr '\n' ' ')" \
		'programs program_errors evicts evict_errors waits reprograms '
	is 'observe: programs are what the engine has seen' "$(ksm_stat ksmsim0 programs)" "$(sim_stat 0 programs)"
	is 'observe: for root only' "$(stat -c %a $KSM/ksmsim0/caps $KSM/ksmsim0/slots $KSM/ksmsim0/stats | tr '\n' ' ')" '400 400 400 '
	knob 0 ignore_contexts 1
	dd if=/dev/mapper/k0 of=/dev/null bs=4k count=1 iflag=direct status=none
	dd if=/dev/mapper/k1 of=/dev/null bs=4k count=1 iflag=direct status=none
	knob 0 ignore_contexts 0
	again k0
	knob 0 refuse_program $ALL_SLOTS
	dd if=/dev/mapper/k1 of=/dev/null bs=4k count=1 iflag=direct status=none
	knob 0 refuse_program 0
	dmsetup suspend k0
	dmsetup message k0 0 key set "$KEY"
	dmsetup resume k0
	dmesg >/tmp/observe.dmesg
	{ dmsetup status; dmsetup table; dmsetup table --showkeys; dmsetup info -c; } >/tmp/observe.dmsetup 2>&1
	tail -n +1 $KSM/*/* >/tmp/observe.core 2>/dev/null
	tail -n +1 $SIM/*/s[tl]* >/tmp/observe.sim 2>/dev/null
	none
	echo 0 >$TRACE/events/ksm_core/enable
	cp $TRACE/trace /tmp/observe.trace
	for e in slot_get slot_wait slot_program slot_evict slot_close ctx_attach ctx_lost; do
		like "observe: tracepoint ksm_$e" "$(grep -m 1 "ksm_$e:" /tmp/observe.trace)" "ksm_$e: ksmsim0 key=[0-9]+"
	done
	ok 'observe: the format of ksm_ctx_mixed is known' grep -q 'print fmt' $TRACE/events/ksm_core/ksm_ctx_mixed/format
	: >$TRACE/trace
	for f in dmesg dmsetup core sim trace; do
		ok "observe: there is something in $f" test -s /tmp/observe.$f
		nok "observe: no part of the key in $f" leaks /tmp/observe.$f
	done
	# The search finds what there is to be found.
	echo "slot: $(sed 's/../& /g' <<<"${KEY:40:40}")" >/tmp/observe.control
	ok 'observe: control: digits are found' leaks /tmp/observe.control
	{ echo abc; xxd -r -p <<<"${KEY:80:40}"; } >/tmp/observe.control
	ok 'observe: control: bytes are found' leaks /tmp/observe.control
	rm -f /tmp/observe.*
}

# Each mapping has a reserve of its own: the smallest will do for 256 of them.
ok 'a small reserve for each mapping' modprobe crypto_fallback reserve_pages=16
ok 'dm-ksm' modprobe dm-ksm
ok 'dm-crypt' modprobe dm-crypt

section hw_option
section unfit_engines
section modes
matrix
section fair
section eviction
section resets
section key_loss
section refuse_all
section refuse_one
section verification
section contexts_ignored
section slow
section vanish require 0
section vanish auto 2000
section storm
section one_slot
section no_slots
section power
section no_power
section no_sleep
section completion
section observe
