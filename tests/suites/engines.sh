# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# crypto_fallback's parameters: every implementation of the cipher, and as few
# pages as it accepts, when there is no memory.
# vm: mem=640 disks=64M,64M,400M timeout=240 check=6.1,7.3
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

m=/dev/mapper/m
FALLBACK=/sys/kernel/debug/crypto_fallback
ksm-ref pattern --seed 6 --bytes 1048576 >/tmp/pat
ksm-ref pattern --seed 16 --bytes 524288 >/tmp/odd
reload() { # PARAMETER...
	modprobe -r dm-ksm 2>/dev/null
	! grep -q '^crypto_fallback ' /proc/modules || modprobe -r crypto_fallback || return 1
	modprobe crypto_fallback "$@" && modprobe dm-ksm
}

# odd NAME SIZES BYTES: a bio whose segments are no whole data units.
odd() {
	local what="engine=$1, segments of $2 bytes"
	ok "$what: written" odd_bio write $m /tmp/odd "$3" "$2" || return
	ok "$what: right on the disk" raw_is /tmp/odd "$DISK1" 4096 "$3"
	ok "$what: read" odd_bio read $m /tmp/back "$3" "$2"
	ok "$what: it is right" cmp -n "$3" /tmp/odd /tmp/back
	dd if=/tmp/pat of=$m bs=256k oflag=direct status=none
}
# crooked NAME SIZES: segments that do not even begin with a sector. Nothing is written.
crooked() {
	local what="engine=$1, segments of $2 bytes"
	nok "$what: writing is refused" odd_bio write $m /tmp/odd 65536 "$2"
	ok "$what: all is as it was" raw_is /tmp/pat "$DISK1" 4096 1048576
	nok "$what: reading is refused" odd_bio read $m /tmp/back 65536 "$2"
}

# ---- engines ----
engine() { # NAME
	ok "engine=$1: modules load" reload engine="$1" || return
	is "engine=$1: the parameter is kept" "$(cat /sys/module/crypto_fallback/parameters/engine)" "$1"
	if ! map ksm m "$DISK1" 4096 2>/dev/null; then
		if [ "$1" = library ] && ! grep -q ' aes_xts_encrypt$' /proc/kallsyms; then
			skip "engine=$1" 'not in this kernel'
		else
			fail "engine=$1: map"
		fi
		return
	fi
	pass "engine=$1: map"
	diag "engine=$1: $(dmsetup status m)"
	if [ "$1" = library ]; then
		like "engine=$1: is in use" "$(dmsetup status m)" 'software library '
	else
		like "engine=$1: is in use" "$(dmsetup status m)" 'software [^ ]*xts'
	fi
	ok "engine=$1: fio verify" verify engine $m --rw=randrw --bsrange=4k-512k --size=16M
	ok "engine=$1: write a pattern" dd if=/tmp/pat of=$m bs=256k oflag=direct status=none
	ok "engine=$1: it is right on the disk" raw_is /tmp/pat "$DISK1" 4096 1048576
	odd "$1" 512 4096
	odd "$1" 512 65536
	odd "$1" 1536,2560,3584,512 65536
	odd "$1" 4096,3584,512 524288
	is "engine=$1: nothing failed" "$(status_of m errors)" 0
	crooked "$1" 1280,2816
	crooked "$1" 4096,4096,3840,256
	unmap m
	ok "engine=$1: 512-byte sectors" map ksm m "$DISK1" 512
	ok "engine=$1: fio verify on them" verify engine $m --rw=randrw --bsrange=512-64k --size=4M
	is "engine=$1: nothing failed" "$(status_of m errors)" 0
	unmap m
}
engine skcipher-sync
engine skcipher
engine library
engine auto

# What measuring found: MODE KIND NAME NS [*]
ok 'a mapping for auto' map ksm m "$DISK1" 4096
diag "$(tr '\n' ';' <$FALLBACK/engines)"
is 'auto takes the fastest, by its own numbers' \
	"$(awk '$1 == "AES-256-XTS" { if (!n++ || $4 < best) best = $4; if ($5 == "*") { chosen = $4; stars++ } }
		END { print (n > 1 && stars == 1 && chosen <= best * 17 / 16) ? "yes" : "no" }' $FALLBACK/engines)" yes
like 'which is what it says' "$(dmsetup status m)" "software $(awk '$1 == "AES-256-XTS" && $5 == "*" { print $3 }' $FALLBACK/engines) "
like 'and the log has it' "$(dmesg | grep 'engine of choice' | tail -n 1)" 'AES-256-XTS: .* takes [0-9]+ ns for 4096 bytes, the engine of choice$'

# ---- pages that are kept for reuse ----
cached() { [ "$(<$FALLBACK/cached_pages)" -gt 0 ]; }
fill() { dd if=/tmp/pat of=$m bs=256k oflag=direct status=none; }
ok 'writes leave pages for reuse' eval 'fill && cached'
echo 2 >/proc/sys/vm/drop_caches
nok 'which reclaim gets' cached
ok 'and again' eval 'fill && cached'
for ((i = 0; i < 600; i++)); do
	cached || break
	sleep 0.05
done
diag "no page is left after $((i / 20)) s"
nok 'and what is idle is given back without that' cached
unmap m

# ---- bound of all pages ----
# More writes under way than may have pages at once: the others wait for the reserve.
pages() { awk '{ print $1 }' $FALLBACK/bounce_pages; }
limit() { sed 's/.*limit://' $FALLBACK/bounce_pages; }
reload engine=auto
sectors "$DISK3"
ok 'a disk that can be stopped' dmsetup create stop --table "0 $SECTORS linear $DISK3 0"
ok 'map it' map ksm m /dev/mapper/stop 4096
n=$(limit)
ok 'stop it' dmsetup suspend --noflush --nolockfs stop
fio --name=many --filename=$m --ioengine=libaio --iodepth=48 --rw=write --bs=1M --size=96M --direct=1 \
	--verify=crc32c --verify_fatal=1 >/tmp/fio.many 2>&1 &
fio=$!
for ((i = 0; i < 400; i++)); do
	[ "$(status_of m reserve)" = 0 ] || break
	sleep 0.05
done
ok 'a write has taken the reserve' test "$(status_of m reserve)" -gt 0
now=$(pages)
diag "$now of $n pages; $(dmsetup status m)"
# The counter is read without what each processor keeps to itself: up to 32 pages.
ok 'the bound was reached and kept' test "$now" -gt $((n - 256)) -a "$now" -le $((n + 128))
ok 'let it go on' dmsetup resume stop
wait $fio
is 'more than may have pages at once are written and verified' $? 0
unlike 'fio says so' "$(cat /tmp/fio.many)" 'verify: bad|verify failed|Input/output'
unmap m
dmsetup remove stop
echo 2 >/proc/sys/vm/drop_caches
is 'all pages have been given back' "$(pages)" 0

# ---- control groups ----
# A limit that a group has for the disk below holds back the pages of its writes, and with them what others
# write, as with dm-crypt. Without the limit all goes on. A limit for the mapping is nobody else's.
CG=/tmp/cg
limit_of() { echo "$(<"/sys/block/$(disk_name "$1")/dev") wbps=$2" >$CG/g/io.max; } # DISK BYTES_A_SECOND
in_group() { (echo "$BASHPID" >$CG/g/cgroup.procs && exec "$@"); }
held_back() { [ "$(status_of m reserve)" != 0 ]; }
groups() {
	local group root
	ok 'groups: map' map ksm m "$DISK1" 4096
	ok 'groups: a limit for the disk' limit_of "$DISK1" 2
	in_group fio --name=group --filename=$m --ioengine=libaio --iodepth=24 --rw=write --bs=1M --size=24M --direct=1 \
		--verify=crc32c --verify_fatal=1 --thread >/tmp/fio.group 2>&1 &
	group=$!
	ok 'groups: its writes have all pages' soon held_back
	dd if=/tmp/pat of=$m bs=1M seek=32 oflag=direct status=none &
	root=$!
	ok 'groups: no limit any more' limit_of "$DISK1" max
	ok 'groups: another one has written' wait $root
	ok 'groups: and it, and has verified that' wait $group
	ok 'groups: a limit for the mapping' limit_of m 2
	in_group dd if=/tmp/pat of=$m bs=1M oflag=direct status=none &
	group=$!
	ok 'groups: others write' dd if=/tmp/pat of=$m bs=64k seek=1M oflag=direct,seek_bytes status=none
	ok 'groups: who has the limit waits' kill -0 $group
	ok 'groups: no limit any more' limit_of m max
	ok 'groups: it does not' wait $group
	ok 'groups: unmap' unmap m
}
mkdir -p $CG && mount -t cgroup2 none $CG && echo +io >$CG/cgroup.subtree_control && mkdir $CG/g
if [ -e $CG/g/io.max ]; then groups; else skip 'limits of control groups' 'not in this kernel'; fi
rmdir $CG/g
umount $CG
modprobe -r dm-ksm crypto_fallback
nok 'an unknown engine is refused' modprobe crypto_fallback engine=none

# ---- few pages ----
nok 'reserve_pages=15 is refused' modprobe crypto_fallback reserve_pages=15
nok 'reserve_pages=257 is refused' modprobe crypto_fallback reserve_pages=257
ok 'reserve_pages=16 cache_pages=0' reload reserve_pages=16 cache_pages=0
ok 'map' map ksm m "$DISK1" 4096
w=$(status_of m writes)
ok 'a write of 1 MiB' dd if=/tmp/pat of=$m bs=1M oflag=direct status=none
[ $(($(status_of m writes) - w)) -ge 16 ]
is 'goes as writes of 64 KiB' $? 0
ok 'and is right on the disk' raw_is /tmp/pat "$DISK1" 4096 1048576

# The allocator is made to keep more than there is free while fio is at it. How
# often it then really refuses depends on when reclaim catches up, so that is shown
# and not judged: that the reserve is used is what the suite swap proves.
read -r min </proc/sys/vm/min_free_kbytes
at_exit sh -c "echo $min >/proc/sys/vm/min_free_kbytes"
free=$(awk '/^MemFree:/ { print $2 }' /proc/meminfo)
total=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
diag "free $free of $total kB"
reserve=$(status_of m reserve)
(while :; do cat "$DISK3" >/dev/null; done) &
eater=$!
fio --name=tight --filename=$m --ioengine=libaio --direct=1 --rw=randwrite --bsrange=1M-4M \
	--iodepth=64 --size=64M --io_size=256M --verify=crc32c --verify_fatal=1 --do_verify=1 --thread >/tmp/fio.tight 2>&1 &
fio=$!
# When fio is at it, pull the floor up.
for ((i = 0; i < 400; i++)); do
	[ "$(status_of m writes)" -gt $((w + 200)) ] && break
	sleep 0.05
done
echo $((total / 5)) >/proc/sys/vm/min_free_kbytes
for ((i = 0; i < 400; i++)); do
	[ "$(status_of m reserve)" -gt "$reserve" ] && break
	kill -0 $fio 2>/dev/null || break
	sleep 0.05
done
echo "$min" >/proc/sys/vm/min_free_kbytes
ok 'fio at depth 64 with 1 to 4 MiB gets through and reads what it wrote' wait $fio
kill $eater
wait $eater 2>/dev/null
diag "$(dmsetup status m)"
is 'nothing failed' "$(status_of m errors)" 0
ok 'unmap' unmap m

# ---- two mappings on each other, both without pages ----
map ksm a "$DISK1" 4096
KEY=$KEY2 map ksm m /dev/mapper/a 4096
echo $((total / 5)) >/proc/sys/vm/min_free_kbytes
ok 'fio on stacked mappings with nothing but their reserves' verify stacked $m --rw=randwrite --bsrange=4k-1M --iodepth=32 --size=16M
diag "$(dmsetup status m) / $(dmsetup status a)"
echo "$min" >/proc/sys/vm/min_free_kbytes
unmap m a
ok 'unload with parameters' modprobe -r dm-ksm
