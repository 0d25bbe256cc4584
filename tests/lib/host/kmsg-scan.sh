# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What may not stand in a kernel log.

KMSG_BAD='WARNING:|\bWARN\b|BUG:|kernel BUG|Oops|general protection|Call Trace|possible circular locking|possible recursive locking|possible irq lock inversion|inconsistent lock state|suspicious RCU usage|blocked for more than|rcu.*(stall|detected stalls)|soft lockup|hard LOCKUP|scheduling while atomic|sleeping function called|kmemleak|[Mm]emory leak|Objects remaining|still has objects|KASAN|KFENCE: |UBSAN|refcount_t|(list_add|list_del) corruption|Kernel panic|Unable to handle|bad page state|Bad page|stack-protector|unregister_netdevice|Tainted: [A-Z ]*[WDLB]|use-after-free|out-of-bounds|page allocation failure|Out of memory|invoked oom-killer'

# Noise of stock kernels which is there without our modules too. One extended
# regular expression per line, as narrow as can be, each with its reason.
KMSG_ALLOW_FILE=$KSM_TOP/tests/lib/kmsg-allow

# kmsg_bad CONSOLE: prints the bad lines (at most 40).
kmsg_bad() {
	local allow
	allow=$(grep -v -E '^(#|$)' "$KMSG_ALLOW_FILE" 2>/dev/null || true)
	tr -d '\r' <"$1" | grep -a -E "$KMSG_BAD" |
		if [ -n "$allow" ]; then grep -a -v -E -f <(echo "$allow"); else cat; fi |
		head -n 40 || true
}
