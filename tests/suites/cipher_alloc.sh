# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Can ciphers be allocated on the data path? One claim of docs/cipher-allocation.md after
# the other, C1 to C9.
# vm: mem=512 disks=64M,256M timeout=240 unguarded check=6.1,7.3

# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/alloc.sh
. /ksm/tests/lib/guest/alloc.sh
XTS='xts(aes) 64'

probe_load || bail 'there is nothing to test with'
act "alloc $XTS"
diag "xts(aes) is $DRIVER; $([ -n "$LIBRARY" ] && echo a || echo no) library"

# ---- C1: the lock of all algorithms ----
# waits WHAT; waits_not WHAT: for who has the lock for writing.
waits() {
	act "$1 locked"
	is "C1: $1: no error" "$ERR" 0
	is "C1: $1: waits for crypto_alg_sem" "$WAITED" waited
}
waits_not() {
	act "$1 locked"
	is "C1: $1: no error" "$ERR" 0
	is "C1: $1: does not wait for crypto_alg_sem" "$WAITED" -
}
waits "alloc $XTS"
# All that could be done to spare it: an instance is in use, no module is asked for, no I/O.
waits "alloc $XTS hold noload noio"
waits 'alloc adiantum(xchacha12,aes) 32 hold noload noio'
waits_not "setkey $XTS"
waits_not 'setkey adiantum(xchacha12,aes) 32'
[ -z "$LIBRARY" ] || waits_not 'library - 64'

# ---- C2: what is called ----
trace_ready || bail 'the kernel cannot trace'
traced "alloc $XTS hold"
locks=$(sed -n 's/.* \(down_read\|down_write\|mutex_lock\): .*lock=\([^ ]*\).*/\1 \2/p' $TRACE | sed 's/+.*//' | sort | uniq -c)
diag "C2: locks: $(tr -s ' \n' ' ' <<<"$locks")"
like 'C2: it takes crypto_alg_sem for reading, though an instance is in use' "$locks" 'down_read crypto_alg_sem'
unlike 'C2: and not for writing' "$locks" 'down_write crypto_alg_sem'
trace_events 0
graphed() { # FUNCTION LINE
	graph "$1" "$2"
	while IFS= read -r line; do echo "C2: $line"; done <$TRACE.graph
}
graphed crypto_alloc_tfm_node "alloc $XTS hold"
like 'C2: the graph has the lock' "$(<$TRACE.graph)" 'down_read\(\)'
like 'C2: and memory' "$(<$TRACE.graph)" '__kmalloc[a-z_]*\(\)'
graphed crypto_skcipher_setkey "setkey $XTS"
like 'C2: there is a graph of setkey' "$(<$TRACE.graph)" 'crypto_skcipher_setkey\(\)'
unlike 'C2: without a lock or memory' "$(<$TRACE.graph)" '(down|mutex)_|alloc'
graphed crypto_skcipher_setkey 'setkey adiantum(xchacha12,aes) 32'
like 'C2: the graph of Adiantum has its memory' "$(<$TRACE.graph)" 'kmalloc[a-z_]*\(\)'
unlike 'C2: and no lock' "$(<$TRACE.graph)" '(down|mutex)_'
trace_events 1
for c in "$XTS" 'adiantum(xchacha12,aes) 32' 'essiv(cbc(aes),sha256) 32'; do
	traced "setkey $c"
	is "C2: setkey ${c% *} takes no lock of the crypto API" "$(grep -c crypto_ $TRACE.locks)" 0
done

# ---- C3: memory, and what memalloc_noio_save() does to it ----
# So many that slab has to get pages.
traced "alloc $XTS count=200"
isnt 'C3: slab gets pages' "$(grep -c mm_page_alloc: $TRACE)" 0
isnt 'C3: crypto allocates' "$(grep -c call_site=crypto_ $TRACE)" 0
is 'C3: all that is allocated may wait for I/O' "$(grep 'call_site=crypto_' $TRACE | grep -c GFP_KERNEL)" "$(grep -c call_site=crypto_ $TRACE)"
isnt 'C3: pages, too' "$(grep mm_page_alloc: $TRACE | grep -c "$MAY_IO")" 0
traced "alloc $XTS count=200 noio"
isnt 'C3: noio: slab gets pages' "$(grep -c mm_page_alloc: $TRACE)" 0
is 'C3: noio: and none of them by I/O' "$(grep mm_page_alloc: $TRACE | grep -c "$MAY_IO")" 0
traced "setkey $XTS"
is 'C3: setkey of AES-XTS allocates nothing' "$(grep -c gfp_flags= $TRACE)" 0
traced 'setkey adiantum(xchacha12,aes) 32'
like 'C3: setkey of Adiantum does, and would wait for I/O' "$(grep kmalloc $TRACE)" 'adiantum_setkey.*GFP_KERNEL'
if [ -n "$LIBRARY" ]; then
	traced 'library - 64'
	is 'C3: a key of the library needs one allocation, which is ours' "$(grep gfp_flags= $TRACE | grep -c '\[ksm_alloc_probe\]')" 1
	# kmemleak has one for each.
	is 'C3: and no other' "$(grep gfp_flags= $TRACE | grep -v -e '\[ksm_alloc_probe\]' -e call_site=__alloc_object -e call_site=mem_pool_alloc)" ''
	diag "C3: of $(bytes) bytes"
	is 'C3: and no lock' "$(grep -c lock= $TRACE)" 0
fi

# ---- C4: work that others do for it ----
# An instance that is not there yet is made by threads; the scope is not theirs.
modprobe ctr 2>/dev/null
traced 'alloc rfc3686(ctr(aes)) 20 noio'
diag "C4: $DRIVER; allocations by $(sed -n 's/^ *\(.*\)-[0-9]* .*gfp_flags=.*/\1/p' $TRACE.all | sort | uniq -c | tr -s ' \n' ' ')"
is 'C4: a cipher of which there was no instance' "$ERR" 0
like 'C4: it is made by a thread' "$(<$TRACE.all)" 'cryptomgr_probe-[0-9]+ '
# may_io COMM: how many allocations of it may wait for I/O
may_io() { grep -E "^ *$1-[0-9]+ " $TRACE.all | grep -c "$MAY_IO"; }
isnt 'C4: whose memory may wait for I/O' "$(may_io cryptomgr_probe)" 0
isnt 'C4: that of the one which starts it, too' "$(may_io kthreadd)" 0
like 'C4: it registers the instance, with the lock for writing' "$(grep cryptomgr_probe- $TRACE.all)" 'down_write: .*lock=crypto_alg_sem'

# ---- C5: modules ----
# under_lock COMM: where memory is allocated with the lock held for writing, with what flags
under_lock() {
	grep -E "^ *$1-[0-9]+ " $TRACE.all | awk '
		/down_write: .*lock=crypto_alg_sem/ { held[$1] = 1 }
		/up_write: .*lock=crypto_alg_sem/ { held[$1] = 0 }
		!held[$1] || !/gfp_flags=/ { next }
		/mm_page_alloc:/ { sub(/.*gfp_flags=/, "page "); print $1, $2; next }
		{ sub(/.*call_site=/, ""); sub(/[+].*gfp_flags=/, " "); print $1, $2 }' | sort | uniq -c | tr -s ' \n' ' '
}
asked() { sed -n 's/^ *\([^ ]*\)-[0-9]* .*module_request: \([^ ]*\) .*/\1 \2/p' $TRACE.all; }
traced 'alloc xts(camellia) 64 noio'
diag "C5: $(asked | grep -v cryptomgr_test | tr '\n' ';')"
locked=$(under_lock modprobe)
like 'C5: a cipher that is not there is asked for, by who wants it' "$(grep module_request: $TRACE)" 'crypto-xts\(camellia\) '
isnt 'C5: by a program, whose memory may wait for I/O' "$(may_io modprobe)" 0
traced 'alloc xts(serpent) 64 noio noload'
diag "C5: noload: $(asked | grep -v cryptomgr_test | tr '\n' ';')"
is 'C5: noload: not by who wants it' "$(grep -c module_request: $TRACE)" 0
like 'C5: noload: but all the same by the thread that makes the instance' "$(asked)" 'cryptomgr_probe crypto-.*serpent'

# ---- C6: an algorithm whose self-test has not ended ----
# larval: begins an allocation of one; sets PID when it waits.
larval() {
	local i
	(echo 'alloc ksm-probe-0 64 noio' >$P/do) &
	PID=$!
	for ((i = 0; i < 200; i++)); do
		grep -q crypto_alg_mod_lookup /proc/$PID/stack && return
		sleep 0.05
	done
	return 1
}
ok 'C6: an algorithm is registered' eval 'register "prepare 1" && register go'
ok 'C6: an allocation waits' larval
diag "C6: $(sed 's/.*\] //; s/+.*//' /proc/$PID/stack | tr '\n' ' ')"
like 'C6: for the self-test' "$(head -n 1 /proc/$PID/stack)" 'crypto_larval_wait'
kill -KILL $PID
wait $PID
result
is 'C6: a signal that kills ends that: EINTR, which would be an I/O error' "$ERR" -4
ok 'C6: another one waits' larval
ok 'C6: the self-test ends' register tested
wait $PID
is 'C6: and with it the waiting' $? 0
result
is 'C6: without an error' "$ERR $DRIVER" '0 ksm-probe-driver-0'
ok 'C6: the algorithm goes' register finish

# ---- C7: who has the lock for writing ----
ok 'C7: a registration' register 'prepare 1'
trace_on
ok 'C7: is done' register go
trace_off
sites=$(under_lock ksm_reg/0)
diag "C7: with the lock: $sites"
like 'C7: it allocates with the lock held for writing, and may wait for I/O' "$sites" 'GFP_KERNEL'
ok 'C7: the algorithm goes' register finish
diag "C7: with the lock, modprobe for C5: $locked"
like 'C7: so does a module that brings ciphers' "$locked" 'crypto_larval_alloc GFP_KERNEL'
case $KSM_LABEL in
6.12*) like 'C7: it has threads started, too, for self-tests' "$locked" 'kthread_create_on_node GFP_KERNEL' ;;
*) unlike 'C7: and has no threads started for self-tests' "$locked" 'kthread' ;;
esac
trace_events 0

# ---- C9: what the suite does ----
COUNT=400
# Checks take memory for each allocation: there is not enough to reclaim for so many.
[ ! -e /sys/kernel/debug/kmemleak ] || COUNT=80
# squeeze NAME COUNT: the mapping is swap space, and so many algorithms are registered with so
# little memory that all allocations of pages have to reclaim some. Sets GONE, and SWAPPED to the
# pages that were written meanwhile, and REGISTERED to how many there are. CLAIM is what it is for.
squeeze() {
	local free min before f
	mkswap "/dev/mapper/$1" && swapon "/dev/mapper/$1" || return 1
	echo 200 >/proc/sys/vm/swappiness
	# The zone for DMA is for DMA only, or all of them would get their pages there.
	echo 1 >/proc/sys/vm/lowmem_reserve_ratio
	mount -t tmpfs -o size=128M fill /mnt || return 1
	register "prepare $2" || return 1
	drop_caches
	# Room for larvals that earlier ones have left.
	for f in /sys/kernel/slab/kmalloc-[0-9]*/shrink; do echo 1 >"$f"; done
	# Pages of zeros would not be written (since 6.12).
	for _ in {1..8}; do cat /bin/bash; done >/mnt/1
	for _ in {1..8}; do cat /mnt/1; done >/mnt/all
	free=$(awk '/^MemFree:/ { print $2 }' /proc/meminfo)
	read -r min </proc/sys/vm/min_free_kbytes
	before=$(swapped)
	echo $((free + 32768)) >/proc/sys/vm/min_free_kbytes
	register go
	GONE=$?
	REGISTERED=$(grep '^driver  *: ksm-probe-driver-' /proc/crypto | sort -u | wc -l)
	echo "$min" >/proc/sys/vm/min_free_kbytes
	SWAPPED=$(($(swapped) - before))
	diag "$CLAIM: $free kB were free; $REGISTERED registrations; $SWAPPED pages were written meanwhile"
	register finish
	rm /mnt/1 /mnt/all
	umount /mnt
	swapoff "/dev/mapper/$1"
}
swapped() { awk '/^pswpout / { print $2 }' /proc/vmstat; }
# called FUNCTION [FIELD]: how often, or with 3 how often without I/O
called() { awk -v f="$1" -v n="${2:-2}" '$1 == f { print $n }' $P/watch; }
nok 'C9: alloc=lazy is refused' modprobe crypto_fallback alloc=lazy
like 'C9: and the log says why' "$(dmesg | tail -n 5)" 'crypto_fallback: alloc=lazy is refused: .*crypto_alg_sem.*docs/cipher-allocation.md'
ok 'C9: engine=skcipher' modprobe crypto_fallback engine=skcipher
modprobe dm-ksm
before=$(called crypto_alloc_tfm_node)
ok 'C9: a mapping' map ksm m "$DISK2" 4096
isnt 'C9: allocates when its table is loaded' "$(called crypto_alloc_tfm_node)" "$before"
CLAIM=C9
looked=$(called crypto_alg_mod_lookup) encrypted=$(called crypto_skcipher_encrypt)
ok 'C9: the same as swap' squeeze m $COUNT
is 'C9: all registrations are done' "$GONE $REGISTERED" "0 $COUNT"
ok 'C9: while pages are written to the mapping' test "$SWAPPED" -gt 0
ok 'C9: and encrypted' test "$(called crypto_skcipher_encrypt)" -ge $((encrypted + SWAPPED))
is 'C9: for which no algorithm is looked for' "$(called crypto_alg_mod_lookup)" "$looked"
before="$(called crypto_alloc_tfm_node) $looked"
ok 'C9: I/O' verify io /dev/mapper/m --rw=randrw --bsrange=4k-256k --size=4M
is 'C9: allocates no cipher and looks for none' "$(called crypto_alloc_tfm_node) $(called crypto_alg_mod_lookup)" "$before"
unmap m
KEY=${KEY1:0:64} CIPHER='capi:adiantum(xchacha12,aes)-plain64' map ksm m "$DISK2" 4096
ok 'C9: a mapping with Adiantum, suspended' dmsetup suspend m
before=$(called crypto_skcipher_setkey) noio=$(called crypto_skcipher_setkey 3)
ok 'C9: its key is wiped' dmsetup message m 0 key wipe
set_=$(($(called crypto_skcipher_setkey) - before)) noio=$(($(called crypto_skcipher_setkey 3) - noio))
ok 'C9: a key is set for that' test $set_ -gt 0
is 'C9: and nothing of it waits for I/O' $noio $set_
unmap m
trace_events 1
traced "alloc $XTS"
trace_events 0
diag "C9: a cipher is $(bytes) bytes; $(free -k | awk '/^Mem/ { print $2 }') kB of memory"
ok 'C9: a cipher is less than a hundredth of the memory that a mapping has for its writes' test "$(bytes)" -lt $((256 * 4096 / 100))
ok 'C9: the modules unload' modprobe -r dm-ksm crypto_fallback
# ---- C8: a write that waits for a cipher, and who it waits for waits for the write ----
# After C9's, since registering ends with the first write that is stuck.
sectors "$DISK2"
ok 'C8: a mapping whose cipher is made at the first write' dmsetup create lazy --table "0 $SECTORS ksm-lazy $DISK2"
CLAIM=C8
ok 'C8: swap, no memory, registrations' squeeze lazy 400
is 'C8: the registrations end, once the write has given up' "$GONE" 0
lazy=$(<$P/lazy)
diag "C8: ${lazy//$'\n'/$'\n'C8: }"
like 'C8: a registration has to write to the mapping' "$lazy" 'by: ksm_reg/'
like 'C8: while it registers' "$lazy" 'crypto_register_alg'
like 'C8: and reclaims memory' "$lazy" 'try_to_free_pages'
like 'C8: there is time to set a key' "$lazy" 'setkey: error 0 after [0-9]+ us, in time'
[ -z "$LIBRARY" ] || like 'C8: and to make one of the library' "$lazy" 'library: error 0 after [0-9]+ us, in time'
like 'C8: but no cipher can be allocated' "$lazy" 'alloc: error 0 after [0-9]+ us, only when its waiter had given up'
like 'C8: since who holds crypto_alg_sem waits for the write' "$lazy" 'waits for crypto_alg_sem: yes'
ok 'C8: the mapping goes' dmsetup remove lazy

is 'all that was traced was kept' "$LOST" 0
