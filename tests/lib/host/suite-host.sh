#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs under overlay-run.sh: a suite's host part (NAME.host.sh). It finds
#   KSM_ROOT     a throw-away root of the kernel's Debian suite, with
#                /usr/src/ksm-VERSION in place but not yet given to dkms
#   KSM_SRC      the module sources, to copy from
#   KSM_VERSION KVER KSM_LABEL
# and the helpers of tests/lib/guest/tap.sh plus in_root CMD...
set -uo pipefail
mkdir -p "$KSM_ROOT/usr/src/ksm-$KSM_VERSION"
cp -a "$KSM_SRC/." "$KSM_ROOT/usr/src/ksm-$KSM_VERSION/"
in_root() { chroot "$KSM_ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }
TAP_DIR=$KSM_ROOT/tmp/.tap
mkdir -p "$TAP_DIR"
exec 3>&1
# shellcheck source=tests/lib/guest/tap.sh
. "$KSM_SNAP/tests/lib/guest/tap.sh"
tap_main "$KSM_SUITE"
[ "${TAP_ENDED:-}" != 1 ] || tap_plan
