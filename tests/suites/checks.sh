# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# On a kernel with KASAN, UBSAN and kmemleak: they find what there is to be found. What they find
# in our modules is in the log of every other suite, and fails it.
# vm: mem=512 disks=64M flavour=debug report=check_probe timeout=120

# shellcheck source=tests/lib/guest/leaks.sh
. /ksm/tests/lib/guest/leaks.sh

# probe WHAT: LOG is what the kernel says of it.
probe() {
	local mark="KSM-PROBE-$1"
	echo "<5>$mark" >/dev/kmsg
	ok "$1: is done" modprobe check_probe what="$1"
	[ "$1" != leak ] || leaked
	ok "$1: the module goes" modprobe -r check_probe
	LOG=$(dmesg | sed -n "/$mark/,\$p")
}
# While the module is there: its function has a name then.
leaked() {
	leaks_scan
	ok 'leak: kmemleak finds it' grep check_probe "$LEAKS"
}

echo '<5>KSM-REPORT-BEGIN' >/dev/kmsg
probe leak
probe shift
like 'shift: UBSAN finds it' "$LOG" 'UBSAN: shift-out-of-bounds in .*check_probe\.c'
# The last: KASAN reports once.
probe behind
like 'behind: KASAN finds it' "$LOG" 'BUG: KASAN: slab-out-of-bounds in .*\[check_probe\]'
echo '<5>KSM-REPORT-END' >/dev/kmsg
lockdep_was_told
