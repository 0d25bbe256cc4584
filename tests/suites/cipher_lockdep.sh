# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# C10 of docs/cipher-allocation.md: what lockdep says of a cipher that is allocated where
# memory is reclaimed. It must say it: its report is what this suite looks for.
# vm: mem=512 disks=64M flavour=debug report=crypto_alg_sem timeout=60

# shellcheck source=tests/lib/guest/alloc.sh
. /ksm/tests/lib/guest/alloc.sh
probe_load || bail 'there is nothing to test with'

# After its first report lockdep looks no more.
looks() { sed -n 's/^ *debug_locks: *//p' /proc/lockdep_stats; }
is 'C10: lockdep is at work' "$(looks)" 1

# fine DESC LINE: under reclaim that is without an error and without a report.
fine() {
	act "$2 reclaim" || return
	is "C10: $1: no error" "$ERR" 0
	is "C10: $1: lockdep finds nothing" "$(looks)" 1
}
register 'prepare 1'
ok 'C10: an algorithm is registered' register go
register finish
fine 'a key for AES-XTS' 'setkey xts(aes) 64'
fine 'a key for Adiantum, without I/O' 'setkey adiantum(xchacha12,aes) 32 noio'
[ -z "$LIBRARY" ] || fine 'a key of the library' 'library - 64 noio'

echo '<5>KSM-REPORT-BEGIN' >/dev/kmsg
act 'alloc xts(aes) 64 reclaim noio hold noload'
echo '<5>KSM-REPORT-END' >/dev/kmsg
lockdep_was_told
is 'C10: a cipher, without I/O, in use already, without modules: no error' "$ERR" 0
is 'C10: lockdep has found something' "$(looks)" 0
report=$(dmesg | sed -n '/KSM-REPORT-BEGIN/,/KSM-REPORT-END/p')
like 'C10: a circle' "$report" 'possible circular locking dependency detected'
like 'C10: one wants the lock of all algorithms' "$(grep -A 1 'is trying to acquire lock' <<<"$report")" '\(crypto_alg_sem\)'
like 'C10: and is in reclaim' "$(grep -A 1 'already holding lock' <<<"$report")" '\(fs_reclaim\)'
# It may have it directly or, in 7.3, by one more lock (crypto_chain).
like 'C10: another one reclaims and has that lock' "$(sed -n '/-> #[1-9] (fs_reclaim)/,/-> #0/p' <<<"$report")" 'crypto_register_alg'
