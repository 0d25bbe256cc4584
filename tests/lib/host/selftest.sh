# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Proof that the harness can fail: each suite of tests/lib/selftest misbehaves
# in one way, and its run must be reported as failed, for that reason.
# The first lines of each say "# expect: REGEX", matched against the events.

selftest_run() {
	local label=$1 snap=$2 work=$3/$1 logs=$4 suite
	mkdir -p "$work"
	kernel_prepare "$label" "$work" || { ev_test fail "$label self-test: the root could be made"; return; }
	DKMS_DIR='' TOOLS_DIR=''
	kernel_delta "$snap" "$work" || { ev_test fail "$label self-test: packing"; return; }
	for suite in $(suite_list "$snap/tests/lib/selftest"); do
		# Two at a time: most of it is booting.
		while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
		selftest_one "$label" "$suite" "$snap" "$work" "$logs" &
	done
	wait
}

selftest_one() {
	local label=$1 suite=$2 snap=$3 work=$4 logs=$5 expect out closing rc=0
	expect=$(sed -n '1,10s/^# expect: *//p' "$snap/tests/lib/selftest/$suite.sh")
	out=$logs/selftest-$suite.events
	suite_run "$label" "$suite" lib/selftest "$snap" "$work/initrd" "$work" "$logs" >"$out"
	closing=$(report_events <"$out" | tail -n 1) || rc=1
	if [ "$suite" = good ]; then
		[ "$rc" = 0 ] && grep -q -E "$expect" "$out" && ev_test ok "$label self-test: $suite suite passes ($closing)" && return
	elif [ "$rc" = 1 ] && grep -q -E "$expect" "$out"; then
		ev_test ok "$label self-test: $suite suite is reported as failed ($closing)"
		return
	fi
	ev_test fail "$label self-test: $suite suite is told as it was ($closing)"
	sed 's/\t/ /g' "$out" | ev_lines "[self-test $suite]"
}
