#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs under overlay-run.sh: a suite's host part (NAME.host.sh). It finds
#   KSM_ROOT     a throw-away root of the kernel's Debian suite, with
#                /usr/src/ksm-VERSION in place but not yet given to dkms; or, if there is a
#                line "# root: os" in its head, of a whole Debian without it
#   KSM_SRC      the module sources, to copy from
#   KSM_VERSION KVER KSM_LABEL
#   KSM_TOOLS    programs of tests/tools, for a root of the suite
#   KSM_LOGS KSM_WORK KSM_QEMU_ENV  for machines of its own (os-vm.sh)
# and the helpers of tests/lib/guest/tap.sh plus in_root CMD...
set -uo pipefail
if [ -z "$KSM_OS" ]; then
	mkdir -p "$KSM_ROOT/usr/src/ksm-$KSM_VERSION"
	cp -a "$KSM_SRC/." "$KSM_ROOT/usr/src/ksm-$KSM_VERSION/"
fi
in_root() { chroot "$KSM_ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }
TAP_DIR=$KSM_ROOT/tmp/.tap
mkdir -p "$TAP_DIR"
exec 3>&1
# shellcheck source=tests/lib/guest/tap.sh
. "$KSM_SNAP/tests/lib/guest/tap.sh"
tap_main "$KSM_SUITE"
[ "${TAP_ENDED:-}" != 1 ] || tap_plan
