# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What may not stand in a kernel log.

KMSG_BAD='WARNING:|\bWARN\b|BUG:|kernel BUG|Oops|general protection|Call Trace|possible circular locking|possible recursive locking|possible irq lock inversion|inconsistent lock state|suspicious RCU usage|blocked for more than|rcu.*(stall|detected stalls)|soft lockup|hard LOCKUP|scheduling while atomic|sleeping function called|kmemleak|[Mm]emory leak|Objects remaining|still has objects|KASAN|KFENCE: |UBSAN|refcount_t|(list_add|list_del) corruption|Kernel panic|Unable to handle|bad page state|Bad page|stack-protector|unregister_netdevice|Tainted: [A-Z ]*[WDLB]|use-after-free|out-of-bounds|page allocation failure|Out of memory: |invoked oom-killer'

# Noise of stock kernels which is there without our modules too. One extended
# regular expression per line, as narrow as can be, each with its reason.
KMSG_ALLOW_FILE=$KSM_TOP/tests/lib/kmsg-allow

# Functions of stock kernels that may fail to allocate memory and say so with a trace;
# what stands beside the report, and all else in it, is looked at as ever.
# swap_cluster_alloc_table: 7.2 and 7.3 allocate a page for their own book-keeping while they
# swap out, are refused the last pages, and go on without. Seen in the suite swap.
# The compiler may have split it (.part.0).
KMSG_MAY_LACK_MEMORY='swap_cluster_alloc_table([.][a-z]+[.][0-9]+)?[+]0x'

# What the kernel itself says, beside "page allocation failure", when allocations fail one by one;
# kmemleak, too. trace_events.c: kernels take it for a mistake of their own (WARN_ON) if a module's events cannot be
# made known.
KMSG_LACK='vmalloc error: |__kmem_cache_create_args\(.*failed with error -(12|22)|WARNING: (.* at )?kernel/trace/trace_events[.]c:'

# kmsg_without_lack [ALL] < LOG: leaves the two bad lines out of such a report; with ALL, the bad
# lines of any report of a lack of memory: a suite that has allocations fail (lack) asks for it.
kmsg_without_lack() {
	local may=$KMSG_MAY_LACK_MEMORY begin='page allocation failure' bad='Call Trace:'
	[ -z "${1:-}" ] || may='' begin+="|$KMSG_LACK" bad+='|Tainted: '
	bad="$begin|$bad"
	may=$may begin=$begin bad=$bad all=${1:-} awk '
		function flush(i) {
			for (i = 1; i <= n; i++)
				if (!allowed || held[i] !~ ENVIRON["bad"]) print held[i]
			n = allowed = 0
		}
		$0 ~ ENVIRON["begin"] { flush(); n = 0; holding = 1 }
		holding {
			held[++n] = $0
			if ($0 ~ ENVIRON["may"]) allowed = 1
			if (/<\/TASK>/) { flush(); holding = 0 }
			next
		}
		# The suspected are listed by a test of their own (end-check.sh).
		ENVIRON["all"] && /kmemleak: (Cannot allocate a scan area|[0-9]+ new suspected memory leaks)/ { next }
		{ print }
		END { flush() }'
}

# kmsg_without_foreign_races < LOG: KCSAN finds data races all over the kernel. One is ours if
# one of both functions is (the first line of a report names them), or if it was called by ours, which
# may have given it data of ours.
kmsg_without_foreign_races() {
	awk -v modules='\\[(dm_ksm|ksm_core|ksm_passthrough|crypto_fallback|ufs_shim)\\]' '
		function flush(i) {
			for (i = ours ? 1 : 2; i <= n; i++) print held[i]
			n = ours = 0
		}
		/BUG: KCSAN: / { flush(); ours = /\[((dm_)?ksm(_[a-z_]*)?|crypto_fallback|ufs_shim)\]/ }
		/BUG: KCSAN: / || n {
			held[++n] = $0
			# A stack begins after one of these, with the function itself.
			if (/ to 0x[0-9a-f]+ of [0-9]+ bytes by |^race at unknown origin/) depth = 0
			else if (++depth == 2 && $0 ~ modules) ours = 1
			if (/^Reported by Kernel Concurrency|^=====/ || n > 200) flush()
			next
		}
		{ print }
		END { flush() }'
}

# kmsg_without_expected LOCK < LOG: a suite may say in its head (report=LOCK) that one report of
# lockdep is what it looks for: a circle with that lock, while the log is between the
# lines KSM-REPORT-BEGIN and KSM-REPORT-END. Of that, the bad lines are left out; of a second one,
# of other locks and of other kinds, they are not.
kmsg_without_expected() {
	awk -v lock="${1:-}" '
		function flush(i) {
			for (i = 1; i <= n; i++)
				if (!wanted || held[i] !~ /possible circular locking dependency detected|Call Trace:/) print held[i]
			if (wanted) open = 0
			n = wanted = holding = asked = 0
		}
		/KSM-REPORT-BEGIN/ { open = (lock != "") }
		/KSM-REPORT-END/ { open = 0 }
		open && /WARNING: possible circular locking dependency detected/ { flush(); holding = 1 }
		holding {
			held[++n] = $0
			# The line after "is trying to acquire lock:" names it.
			if (asked && index($0, " (" lock "){")) wanted = 1
			asked = /is trying to acquire lock:/
			if (/<\/TASK>/) flush()
			next
		}
		{ print }
		END { flush() }'
}

# kmsg_without_probe NAME < LOG: with report=check_probe, the reports about that module, which a
# suite looks for, between the same two lines.
kmsg_without_probe() {
	if [ "${1:-}" != check_probe ]; then
		cat
		return
	fi
	awk '
		/KSM-REPORT-BEGIN/ { open = 1 }
		/KSM-REPORT-END/ { open = 0 }
		open && /BUG: KASAN: slab-out-of-bounds in .*\[check_probe\]/ { next }
		open && /UBSAN: shift-out-of-bounds in .*check_probe\.c|kmemleak: [0-9]+ new suspected memory leaks/ { next }
		open && /Call Trace:|Tainted: / { next }
		{ print }'
}

# kmsg_bad CONSOLE [ALL] [REPORT]: prints the bad lines (at most 40). ALL, REPORT: as above.
kmsg_bad() {
	local allow
	allow=$(grep -v -E '^(#|$)' "$KMSG_ALLOW_FILE" 2>/dev/null || true)
	tr -d '\r' <"$1" | kmsg_without_lack "${2:-}" | kmsg_without_expected "${3:-}" |
		kmsg_without_probe "${3:-}" |
		kmsg_without_foreign_races | grep -a -E "$KMSG_BAD" |
		if [ -n "$allow" ]; then grep -a -v -E -f <(echo "$allow"); else cat; fi |
		head -n 40 || true
}
