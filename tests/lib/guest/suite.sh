#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite.sh FILE: runs one suite; leaves a mark if it came to its end. The plan is
# given by end-check.sh, whose tests belong to the suite.
set -u
. /ksm/tests/lib/guest/tap.sh
# What is printed outside of a test goes to the log only.
exec > >(exec sed -u 's/^/| /' >&3) 2>&1
printer=$!
cd /tmp || exit
tap_main "$1"
[ "${TAP_ENDED:-}" != 1 ] || touch "$TAP_DIR/finished"
# Have all of it before the plan; a child left running must not keep us.
exec >/dev/null 2>&1
timeout 2 tail --pid="$printer" -f /dev/null
exit 0
