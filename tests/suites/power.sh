# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts, without any: all that mappings write is logged below them (the target
# log-writes, which has a write only when it has been flushed), each fsync that has ended
# is marked in the log, and the log is played to another disk up to many moments. At each
# a file system must be sound and all be there that had been fsynced by then.
# 30 moments for each of two mappings, 100 with KSM_DEEP=1.
# vm: mem=768 disks=48M,256M,48M,32M,32M,256M,32M timeout=300 check=7.2
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
modprobe dm-log-writes && modprobe dm-snapshot || bail 'no log-writes or snapshot'
ROUNDS=$((${KSM_DEEP:+70} + 30))
# Small, so that records are written over.
FILE_SIZE=524288 RAW_SIZE=1048576
RANDOM=${KSM_FUZZ_SEED:-4711}

# The file system's disk, its log, where it is played to, and what e2fsck changes there;
# and the same for the mapping without one.
F=$DISK1 F_LOG=$DISK2 F_AGAIN=$DISK3 COW=$DISK4
R=$DISK5 R_LOG=$DISK6 R_AGAIN=$DISK7
# map_on KEY NAME DEV SECTOR_SIZE
map_on() { KEY=$1 map ksm "${@:2}"; }
logged() { # NAME DEV LOG
	sectors "$2"
	dmsetup create "$1" --table "0 $SECTORS log-writes $2 $3"
}

# ---- writing ----
ok 'a log of all writes below the file system' logged lf "$F" "$F_LOG" || bail 'no log'
ok 'a log of all writes below the other mapping' logged lr "$R" "$R_LOG" || bail 'no log'
ok 'map with sector_size:4096' map_on "$KEY1" f /dev/mapper/lf 4096 || bail 'no mapping'
ok 'map with sector_size:512' map_on "$KEY2" r /dev/mapper/lr 512 || bail 'no mapping'
is 'a write cache is announced, or nobody would flush' "$(queue f write_cache) $(queue r write_cache)" 'write back write back'
ok 'a file system' mkfs.ext4 -q -J size=4 -E lazy_itable_init=0 /dev/mapper/f || bail 'no file system'
mkdir -p /tmp/fs
mount /dev/mapper/f /tmp/fs || bail 'no mount'

# Names, sizes and links change all the time beside what is fsynced.
churn() {
	local n=0
	until [ -e /tmp/stop ]; do
		n=$((n + 1))
		printf '%*d' $((n * 977 % 20000)) $n >"/tmp/fs/c.$((n % 50))"
		[ $((n % 10)) != 0 ] || { rm -rf /tmp/fs/d.*; mkdir "/tmp/fs/d.$n"; ln "/tmp/fs/c.$((n % 50))" "/tmp/fs/d.$n/l"; }
	done
}
churn &
CHURN=$!
ksm-fsync mark /dev/mapper/r $RAW_SIZE lr $ROUNDS &
RAW=$!
ok "$ROUNDS records are fsynced to a file" ksm-fsync mark /tmp/fs/log $FILE_SIZE lf $ROUNDS
wait $RAW
is "$ROUNDS records are fsynced to the mapping" $? 0
touch /tmp/stop
wait $CHURN
umount /tmp/fs
is 'no error was ours' "$(status_of f errors) $(status_of r errors)" '0 0'
ok 'the mappings close' unmap f r lf lr

# ---- what the logs have ----
# marks LOG NAME: NAME_LIST is a file with all entries, NAME_MARKS where the marks are
marks() {
	local n what text
	local -n to=$2_MARKS
	ksm-replay list "$1" >"/tmp/$2.list" || return 1
	to=()
	while read -r n what text; do
		case $what-$text in mark-ack-*) to[${text#ack-}]=$n ;; esac
	done <"/tmp/$2.list"
	to[ROUNDS + 1]=$(wc -l <"/tmp/$2.list")
	[ ${#to[@]} = $((ROUNDS + 1)) ]
}
ok "the file system's log has all marks" marks "$F_LOG" F || bail 'no marks'
ok "the other mapping's log has all marks" marks "$R_LOG" R || bail 'no marks'
diag "$(wc -l </tmp/F.list) and $(wc -l </tmp/R.list) entries"

# moment NAME K: sets MOMENT, the entry before which the power is cut: right after fsync K
# had ended if K is even, else any later before the next had.
moment() {
	local -n at=$1_MARKS
	MOMENT=${at[$2]}
	[ $(($2 % 2)) = 0 ] || MOMENT=$((MOMENT + RANDOM % (at[$2 + 1] - MOMENT)))
}
# largest NAME FROM TO: sets WRITE, the largest write among these entries
largest() {
	WRITE=$(awk -v from="$2" -v to="$3" '$2 == "write" && $1 >= from && $1 < to && $4 > most { most = $4; n = $1 } END { print n }' "/tmp/$1.list")
	[ -n "$WRITE" ]
}

# ---- the mapping ----
ok 'the other disk is mapped with the same key' map_on "$KEY2" again "$R_AGAIN" 512
raw_check() { ksm-fsync check /dev/mapper/again $RAW_SIZE "=$1"; }
at=0 left_out=0 raw_left_out=0
for ((k = 1; k <= ROUNDS; k++)); do
	moment R $k
	# Can this fail? Without one write of what had been fsynced. The last cut, with an
	# even number, was before all of them.
	if [ $((k % 10)) = 5 ] && largest R "${R_MARKS[k - 1]}" "${R_MARKS[k]}"; then
		ksm-replay apply "$R_LOG" "$R_AGAIN" $at "${R_MARKS[k]}" "$WRITE" >/dev/null
		nok "mapping, cut $k: a write that is left out is missed" raw_check $k
		like "mapping, cut $k: and found to be" "$OUT" "record $k .*is not there"
		at=$WRITE
		raw_left_out=$((raw_left_out + 1))
	fi
	ok "mapping, cut $k: play to entry $MOMENT" ksm-replay apply "$R_LOG" "$R_AGAIN" $at "$MOMENT" || break
	at=$MOMENT
	ok "mapping, cut $k: all that was fsynced is there" raw_check $k
done
like 'mapping: many records were looked at' "$OUT" "$ROUNDS acknowledged, [0-9]{2,}"
isnt 'mapping: writes were left out' $raw_left_out 0
ok 'mapping: unmap' unmap again

# ---- the file system ----
sectors "$F_AGAIN"
# fs_check ACKS [FROM TO EXCEPT]: what e2fsck makes of it, and then what is in it; on a
# snapshot, so that the disk stays as the power cut left it. With FROM, the log is played
# to the snapshot.
fs_check() {
	local rc=0
	dmsetup create snap --table "0 $SECTORS snapshot $F_AGAIN $COW N 8" || return 2
	[ $# = 1 ] || ksm-replay apply "$F_LOG" /dev/mapper/snap "${@:2}" || rc=2
	map_on "$KEY1" again /dev/mapper/snap 4096 || rc=2
	[ $rc != 0 ] || fs_sound "$1" || rc=1
	mountpoint -q /tmp/fs && umount /tmp/fs
	unmap again snap || rc=2
	sectors "$F_AGAIN"
	return $rc
}
fs_sound() {
	e2fsck -p /dev/mapper/again || { echo "the journal: $?"; return 1; }
	e2fsck -fn /dev/mapper/again || { echo "not clean: $?"; return 1; }
	mount -o ro /dev/mapper/again /tmp/fs || return 1
	ksm-fsync check /tmp/fs/log $FILE_SIZE "=$1"
}
at=0
for ((k = 1; k <= ROUNDS; k++)); do
	moment F $k
	if [ $((k % 10)) = 5 ] && largest F "${F_MARKS[k - 1]}" "${F_MARKS[k]}"; then
		fs_check $k $at "${F_MARKS[k]}" "$WRITE" >/tmp/left.out 2>&1
		rc=$?
		[ $rc != 1 ] || left_out=$((left_out + 1))
		diag "file system, cut $k, without write $WRITE: status $rc, $(tail -n 1 /tmp/left.out)"
	fi
	ok "file system, cut $k: play to entry $MOMENT" ksm-replay apply "$F_LOG" "$F_AGAIN" $at "$MOMENT" || break
	at=$MOMENT
	ok "file system, cut $k: sound, and all that was fsynced is there" fs_check $k
done
like 'file system: many records were looked at' "$OUT" "$ROUNDS acknowledged, [0-9]{1,} checked"
# Not each must be: a write may have been made again.
isnt 'file system: a write that is left out is missed' $left_out 0
