# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# ksm and dm-crypt read what the other wrote, take over from each other under I/O,
# and understand each other's table lines; LUKS2 volumes of cryptsetup too.
# vm: mem=1024 disks=128M,64M timeout=400 check=7.2
# shellcheck source=tests/lib/guest/ksm.sh
. /ksm/tests/lib/guest/ksm.sh

D=/run/compat
mkdir -p $D

# ---- every mapping, random I/O ----

# A mapping of each kind is there at the same time, and one fio works on them all:
# its start costs a second. The last one is the control: ksm is given another IV
# offset for it, so nothing in it can be verified.
SLOT=4096	# sectors of each

kinds() {
	local c ss large
	C_DESC=() C_LINE=() C_SS=()
	for ss in 512 1024 2048 4096; do
		for large in '' iv_large_sectors; do
			for c in "${CIPHERS[@]}"; do kind "$c" $ss "$large" 0; done
		done
	done
	kind aes-xts-plain64/512 512 '' 0
	CONTROL=$((${#C_DESC[@]} - 1))
}

kind() { # CIPHER/BITS SECTOR_SIZE iv_large_sectors|'' IV_OFFSET
	local opts="sector_size:$2${3:+ $3}"
	ksm_key "${1##*/}"
	C_DESC+=("$1, $opts")
	C_SS+=("$2")
	C_LINE+=("${1%/*} $KEY $4 $DISK1 $((${#C_LINE[@]} * SLOT)) $([ -n "$3" ] && echo 2 || echo 1) $opts")
}

# map_all TARGET: all of them by one program.
map_all() {
	local i line all=''
	for i in "${!C_LINE[@]}"; do
		line=${C_LINE[i]}
		[ "$i$1" != "${CONTROL}ksm" ] || line=${line/ 0 / 8 }
		all+="m$i,,,,0 $SLOT $1 ${line//,/\\,};"
	done
	MAPPED_BY=$1
	ok "$1 has ${#C_LINE[@]} mappings at a time" dmsetup create --concise "${all%;}"
}

unmap_all() {
	local i names=()
	for i in "${!C_LINE[@]}"; do names+=("m$i"); done
	ok "$MAPPED_BY lets go of them" dmsetup remove "${names[@]}"
}

# fio_jobs SEED OPTION: the random writes that belong to SEED, or their verification.
fio_jobs() {
	local i
	cat <<-END
		[global]
		ioengine=libaio
		direct=1
		thread
		rw=randwrite
		verify=crc32c
		verify_fatal=1
		verify_state_save=0
		# With verify, the data is made anyway.
		zero_buffers
		# Half of each: what is left over in the end would be small pieces only.
		size=2m
		io_size=1m
		randseed=$1
		$2
	END
	for i in "${!C_SS[@]}"; do
		echo "[m$i]"
		echo "filename=/dev/mapper/m$i"
		echo "iodepth=$((8 + i % 2 * 8))"
		echo "bssplit=${C_SS[i]}/10:4k/45:16k/25:64k/10:256k/10"
	done
}

# fio_all DESC SEED OPTION write|read: a test for each mapping. What is read must be
# as much as has been written.
fio_all() {
	local i line f column=46 start=$SECONDS
	local -a err=() kib=()
	[ "$4" = write ] || column=5
	fio_jobs "$2" "$3" >$D/jobs
	fio --output-format=terse --terse-version=3 $D/jobs >$D/fio.out 2>$D/fio.err
	diag "$1: $((SECONDS - start)) s"
	while read -r line; do
		[[ $line == 3\;* ]] || continue
		IFS=';' read -r -a f <<<"$line"
		err[${f[2]#m}]=${f[4]} kib[${f[2]#m}]=${f[$column]}
	done <$D/fio.out
	for i in "${!C_DESC[@]}"; do
		if [ "$4" = write ]; then
			WRITTEN[i]=${kib[i]-0}
			[ "${WRITTEN[i]}" -ge 1024 ] || WRITTEN[i]='1024 or more'
		fi
		if [ "$i$4" = "${CONTROL}read" ]; then
			# EILSEQ is what fio makes of data that is wrong.
			is "control: $1: another iv_offset is told apart" "error ${err[i]-none}" 'error 84'
		else
			is "${C_DESC[i]}: $1" "error ${err[i]-none}, ${kib[i]-no} KiB" "error 0, ${WRITTEN[i]} KiB" ||
				diag "$(grep -a "m$i\b" $D/fio.err | head -n 5)"
		fi
	done
}

exchange() {
	WRITTEN=()
	kinds
	map_all crypt || return
	fio_all 'crypt writes' 11 do_verify=0 write
	unmap_all
	map_all ksm || return
	fio_all 'ksm reads what crypt wrote' 11 verify_only read
	# Other data: what crypt wrote must not do for it.
	fio_all 'ksm writes' 22 do_verify=0 write
	unmap_all
	map_all crypt || return
	fio_all 'crypt reads what ksm wrote' 22 verify_only read
	unmap_all
}

# ---- one becomes the other under I/O ----

turn() { # NAME TABLE: as an administrator does it
	dmsetup suspend "$1" && dmsetup load "$1" --table "$2" && dmsetup resume "$1"
}

LIVE=(logon hex)

live_table() { # NAME TARGET
	ksm_key 512
	case $1 in
	logon) echo "0 16384 $2 aes-xts-plain64 :64:logon:ksm:compat 0 $DISK1 0 2 sector_size:4096 iv_large_sectors" ;;
	hex) echo "0 16384 $2 aes-cbc-essiv:sha256 ${KEY:0:64} 0 $DISK1 16384" ;;
	esac
}

# ksm_worked NAME: I/O has gone through ksm since it took over, or soon will.
ksm_worked() {
	local i
	for ((i = 0; i < 100; i++)); do
		[[ $(dmsetup status "$1") =~ \ reads:[1-9].*\ writes:[1-9] ]] && return
		# The end of fio is no fault of ksm's.
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# turn_under_load: under load until fio ends; adds to turns, and to what went wrong.
turn_under_load() {
	local name pid rc=0
	fio --ioengine=libaio --direct=1 --thread --rw=randwrite --bssplit=4k/60:16k/30:128k/10 --iodepth=8 \
		--verify=crc32c --verify_backlog=24 --verify_fatal=1 --verify_state_save=0 --time_based --runtime=$((KSM_TIMEOUT / 50)) \
		--size=8M --output-format=terse --terse-version=3 \
		--name=logon --filename=/dev/mapper/logon --name=hex --filename=/dev/mapper/hex \
		>$D/live.out 2>$D/live.err &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		[ $target = crypt ] && target=ksm || target=crypt
		for name in "${LIVE[@]}"; do
			[ $target = ksm ] || ksm_worked "$name" || idle+="$name "
			turn "$name" "$(live_table "$name" $target)" || failed+="$name to $target "
		done
		turns=$((turns + 1))
		sleep 0.2
	done
	wait $pid || rc=$?
	verified+="$rc $(cut -d';' -f3,5 $D/live.out | tr '\n' ' ')"
	[ $rc = 0 ] || diag "$(head -n 5 $D/live.err)"
}

takeover() {
	local name target=crypt turns=0 verified='' idle='' failed='' wanted='' n
	for name in "${LIVE[@]}"; do
		ok "a mapping of crypt, key by $name" dmsetup create "$name" --table "$(live_table "$name" crypt)" || return
	done
	# A slow machine takes more than one turn of fio for several.
	for ((n = 0; n < 5 && turns < 4; n++)); do
		turn_under_load
		wanted+='0 logon;0 hex;0 '
	done
	is 'fio verified all the time' "$verified" "$wanted"
	is 'every exchange of the table worked' "$failed" ''
	diag "$turns exchanges under I/O"
	ok 'there were several exchanges' test $turns -ge 4
	is 'ksm read and wrote between any two of them' "$idle" ''
	ok 'the mappings go' dmsetup remove "${LIVE[@]}"
}

# ---- table lines ----

# Both say the same about the same mapping: the line of one is a line of the other.
table_lines() {
	local opts high='' dev line t
	# dm-crypt has this one since Linux 6.10.
	[[ $KVER == 6.1.* ]] || high=high_priority
	dev=$(lsblk -dno MAJ:MIN "$DISK1")
	dev=${dev// /}
	for opts in '' ' 1 allow_discards' " $((7 + ${#high} / 13)) allow_discards same_cpu_crypt${high:+ $high} submit_from_crypt_cpus no_read_workqueue no_write_workqueue sector_size:4096 iv_large_sectors"; do
		for line in "aes-xts-plain64 :64:logon:ksm:compat 8 $dev 16" "capi:adiantum(xchacha12,aes)-plain64 :32:user:ksm-user 0 $dev 0"; do
			line="0 8192 ksm $line$opts"
			ok "ksm takes: $line" dmsetup create t --table "$line" || continue
			t=$(dmsetup table t)
			is 'and shows it so' "$t" "$line"
			t=${t/ ksm / crypt }
			ok 'crypt takes it when one word is changed' turn t "$t"
			is 'and shows it so' "$(dmsetup table t)" "$t"
			t=$(dmsetup table t)
			ok 'and back again' turn t "${t/ crypt / ksm }"
			is 'nothing is lost on the way' "$(dmsetup table t)" "$line"
			dmsetup remove t
		done
	done
}

# ---- LUKS2 ----

MNT=$D/mnt

# files NAME SEED: some files, which are then in the list of checksums.
files() {
	mkdir $MNT/"$1" && ksm-ref pattern --seed "$2" --bytes 1500000 >$MNT/"$1"/pattern &&
		cp -a /etc/passwd /usr/bin/bash $MNT/"$1" && : >$MNT/"$1"/empty &&
		(cd $MNT && sha256sum "$1"/*) >>$D/sums
}

with_mount() { # CMD...: with the volume mounted
	local rc=0
	mount /dev/mapper/vault $MNT || return
	"$@" || rc=$?
	umount $MNT && return $rc
}

sums_match() { (cd $MNT && sha256sum --quiet -c $D/sums); }

luks_open() { cryptsetup open --batch-mode --key-file $D/pass "$@" "$DISK2" vault; }

ksm_open() { # OPTIONS
	dmsetup create vault --table "0 $((SIZE - START)) ksm aes-xts-plain64 $KEY 0 $DISK2 $START$1"
}

luks() { # SECTOR_SIZE
	local opts='' name="LUKS2 with sectors of $1 bytes" t
	rm -f $D/sums $D/vk
	[ "$1" = 512 ] || opts=" 1 sector_size:$1"
	SIZE=$(blockdev --getsz "$DISK2")
	ok "$name: luksFormat" cryptsetup luksFormat --batch-mode --type luks2 --sector-size "$1" --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 --cipher aes-xts-plain64 --key-size 512 "$DISK2" $D/pass || return
	# Once the key from the header, once the one in use.
	ok "$name: opened by cryptsetup" luks_open --disable-keyring || return
	ok "$name: ext4" mkfs.ext4 -q /dev/mapper/vault
	ok "$name: files written with cryptsetup" with_mount files one 1
	t=$(dmsetup table --showkeys vault)
	ok "$name: closed" cryptsetup close vault
	# shellcheck disable=SC2086 # words wanted
	set -- $t
	like "$name: counts IVs from 0, in 512 bytes" "$6 $* " '^0 .* '
	unlike "$name: counts IVs in 512 bytes" "$*" iv_large_sectors
	START=$8
	if [ -z "$opts" ]; then
		KEY=$5
	else
		ok "$name: volume key dumped" cryptsetup luksDump --dump-volume-key --volume-key-file $D/vk \
			--batch-mode --key-file $D/pass "$DISK2" || return
		keyctl padd logon ksm:luks @u <$D/vk >/dev/null
		KEY=:64:logon:ksm:luks
	fi

	ok "$name: opened by ksm" ksm_open "$opts" || return
	ok "$name: ksm shows the same files" with_mount sums_match
	ok "$name: files written with ksm" with_mount files two 2
	ok "$name: the file system is whole" e2fsck -fn /dev/mapper/vault
	ok "$name: closed" dmsetup remove vault

	ok "$name: opened by cryptsetup" luks_open
	ok "$name: cryptsetup shows all files" with_mount sums_match
	is "$name: and none is missing" "$(wc -l <$D/sums)" 8
	ok "$name: closed" cryptsetup close vault

	# The check must be able to fail: no mount with another key.
	ksm_key 512
	ok "$name: opened by ksm with another key" ksm_open "$opts"
	nok "$name: control: then there is no file system" mount -t ext4 /dev/mapper/vault $MNT
	ok "$name: closed" dmsetup remove vault
}

ok 'modprobe dm-ksm' modprobe dm-ksm
ok 'modprobe dm-crypt' modprobe dm-crypt
CIPHERS=("${KSM_CIPHERS[@]}")
mkdir -p $MNT
head -c 64 /dev/urandom >$D/key
ok 'a logon key' bash -c "keyctl padd logon ksm:compat @u <$D/key"
ok 'a user key' bash -c "head -c 32 $D/key | keyctl padd user ksm-user @u"
head -c 32 /dev/urandom >$D/pass

clock() { # CMD...
	local start=$SECONDS
	"$@"
	diag "$1: $((SECONDS - start)) s"
}
clock exchange
clock takeover
clock table_lines
clock luks 512
clock luks 4096
