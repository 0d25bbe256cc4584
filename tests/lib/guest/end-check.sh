#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# After every suite: nothing may be left, and our modules must go.
. /ksm/tests/lib/guest/tap.sh
. /ksm/tests/lib/guest/leaks.sh

ours() {
	local f
	for f in /lib/modules/"$KVER"/updates/*/*.ko*; do
		[ -e "$f" ] || continue
		f=${f##*/}
		f=${f%%.ko*}
		echo "${f//-/_}"
	done
}
loaded() {
	local m
	for m in $(ours); do
		grep -q "^$m " /proc/modules && echo "$m"
	done
}

left=$(dmsetup ls 2>/dev/null | grep -v '^No devices found' || true)
is 'end: no device-mapper device is left' "$left" ''
[ -z "$left" ] || timeout 20 dmsetup remove_all --force >/dev/null 2>&1
# unreferenced: but for what 6.12 itself loses when kmem_cache_create() fails: the name of
# the folder in /sys. No function of ours runs there but as its caller.
unreferenced() {
	awk '
		function flush() { if (!theirs) printf "%s", object; object = ""; theirs = 0 }
		/^unreferenced object/ { flush() }
		/ sysfs_slab_add\+/ { theirs = 1 }
		{ object = object $0 "\n" }
		END { flush() }' "$LEAKS"
}
# What a pointer still leads to, now that nothing of ours is in use, is none of ours;
# before the modules go, so that their functions have names.
if [ -e "$LEAKS" ]; then
	leaks_scan
	is 'end: no memory has leaked' "$(unreferenced)" ''
fi
# After a report of its own, or of KASAN, lockdep looks no more; who expects one has said so.
if [ -e /proc/lockdep_stats ] && [ ! -e "$TAP_DIR/lockdep-told" ]; then
	is 'end: lockdep has been at work' "$(sed -n 's/^ *debug_locks: *//p' /proc/lockdep_stats)" 1
fi
# Under lockdown (policy) nobody is told.
if cat /sys/kernel/debug/kcsan >/dev/null 2>&1; then
	watched=$(sed -n 's/^setup_watchpoints: //p' /sys/kernel/debug/kcsan)
	diag "KCSAN: $watched accesses watched, $(sed -n 's/^data_races: //p' /sys/kernel/debug/kcsan) races, of all of the kernel"
	ok 'end: data races were looked for' test "$watched" -gt 0
fi
if [ -n "$(ours)" ]; then
	# In an order which lets go of users first: try each, again, until no
	# more of them goes. Files of the test modules count as ours, too.
	for _ in 1 2 3 4 5 6; do
		mods=$(loaded)
		[ -n "$mods" ] || break
		for m in $mods; do rmmod "$m" 2>/dev/null; done
		# A last user may be let go of late (RCU, work queues).
		[ -z "$(loaded)" ] || sleep 0.3
	done
	is 'end: all our modules can be unloaded' "$(loaded | tr '\n' ' ')" ''
	[ -z "$(loaded)" ] || diag "$(grep -E "^($(ours | tr '\n' '|')none) " /proc/modules)"
fi
# Where slabs are guarded (kernel_guards), have all of them looked at: what was written to a free
# object is only noticed when that is used again. What is wrong is in the kernel's log then.
if [ "$(cat /sys/kernel/slab/kmalloc-64/poison 2>/dev/null)" = 1 ]; then
	for f in /sys/kernel/slab/*/validate; do echo 1 >"$f" || diag "$f cannot be looked at"; done
fi
# Which lines ran, for tests/coverage, as lines of the log. Modules that are gone still count.
if [ -d /sys/kernel/debug/gcov ]; then
	(
		# Copied first, since their size is not known before they are read. One process
		# for all: a kernel with checks is slow to start them.
		mkdir /tmp/gcov && cd /sys/kernel/debug/gcov &&
			find . -path '*/ksm-*' -name '*.gcda' -exec cp --parents -t /tmp/gcov {} +
		cd /tmp/gcov && tar -c . | gzip | base64 | sed 's/^/| gcov /' >&3
	)
fi
[ ! -e "$TAP_DIR/finished" ] || tap_plan
