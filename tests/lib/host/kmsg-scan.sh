# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What may not stand in a kernel log.

KMSG_BAD='WARNING:|\bWARN\b|BUG:|kernel BUG|Oops|general protection|Call Trace|possible circular locking|possible recursive locking|possible irq lock inversion|inconsistent lock state|suspicious RCU usage|blocked for more than|rcu.*(stall|detected stalls)|soft lockup|hard LOCKUP|scheduling while atomic|sleeping function called|kmemleak|[Mm]emory leak|Objects remaining|still has objects|KASAN|KFENCE: |UBSAN|refcount_t|(list_add|list_del) corruption|Kernel panic|Unable to handle|bad page state|Bad page|stack-protector|unregister_netdevice|Tainted: [A-Z ]*[WDLB]|use-after-free|out-of-bounds|page allocation failure|Out of memory|invoked oom-killer'

# Noise of stock kernels which is there without our modules too. One extended
# regular expression per line, as narrow as can be, each with its reason.
KMSG_ALLOW_FILE=$KSM_TOP/tests/lib/kmsg-allow

# Functions of stock kernels that may fail to allocate memory and say so with a trace;
# what stands beside the report, and all else in it, is looked at as ever.
# swap_cluster_alloc_table: 7.2 and 7.3 allocate a page for their own book-keeping while they
# swap out, are refused the last pages, and go on without. Seen in the suite swap.
# The compiler may have split it (.part.0).
KMSG_MAY_LACK_MEMORY='swap_cluster_alloc_table([.][a-z]+[.][0-9]+)?[+]0x'

# kmsg_without_lack < LOG: leaves the two bad lines out of such a report.
kmsg_without_lack() {
	awk -v may="$KMSG_MAY_LACK_MEMORY" '
		function flush(i) {
			for (i = 1; i <= n; i++)
				if (!allowed || held[i] !~ /page allocation failure|Call Trace:/) print held[i]
			n = allowed = 0
		}
		/page allocation failure/ { flush(); n = 0; holding = 1 }
		holding {
			held[++n] = $0
			if ($0 ~ may) allowed = 1
			if (/<\/TASK>/) { flush(); holding = 0 }
			next
		}
		{ print }
		END { flush() }'
}

# kmsg_without_foreign_races < LOG: KCSAN finds data races all over the kernel; the
# first line of a report names both functions, and one must be of our modules.
kmsg_without_foreign_races() { sed '/BUG: KCSAN: /{/\[\(dm_\)\?ksm\(_[a-z_]*\)\?\]\|\[crypto_fallback\]\|\[ufs_shim\]/!d}'; }

# kmsg_bad CONSOLE: prints the bad lines (at most 40).
kmsg_bad() {
	local allow
	allow=$(grep -v -E '^(#|$)' "$KMSG_ALLOW_FILE" 2>/dev/null || true)
	tr -d '\r' <"$1" | kmsg_without_lack | kmsg_without_foreign_races | grep -a -E "$KMSG_BAD" |
		if [ -n "$allow" ]; then grep -a -v -E -f <(echo "$allow"); else cat; fi |
		head -n 40 || true
}
