# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A throw-away writable copy of a root, in a mount namespace of its own.

# overlay_run LOWER WORK CMD...; CMD finds the tree at $KSM_ROOT.
overlay_run() {
	# A build that waits for input would hang.
	timeout -k 10 "$((${OVERLAY_TIMEOUT:-900} * ${KSM_TIMEOUT_SCALE:-1}))" unshare --mount --propagation private bash "$KSM_TOP/tests/lib/host/overlay-run.sh" "$@"
}
