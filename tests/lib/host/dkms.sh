# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The modules, built and installed by the suite's own dkms in its own root.

# dkms_use SNAPSHOT WORK: sets DKMS_DIR with log, seconds and tree/ (what an
# install added below /). Status 1: failed, DKMS_DIR/make.log says why.
dkms_use() {
	local key
	key=$ROOT_ID-$(echo "$KSM_SRC_HASH $(cat "$KSM_TOP"/tests/lib/host/dkms*.sh | hash_text)" | hash_text)
	DKMS_DIR=$KSM_CACHE/dkms/$key
	mkdir -p "$KSM_CACHE/dkms"
	with_lock "dkms-$key" dkms_make "$1" "$2"
}

dkms_make() {
	local snap=$1 work=$2/dkms tmp=$DKMS_DIR.tmp start=$SECONDS rc=0
	if [ -e "$DKMS_DIR/complete" ]; then
		touch "$DKMS_DIR"
		return 0
	fi
	rm -rf "$DKMS_DIR" "$tmp"
	mkdir -p "$tmp" "$work"
	KSM_SNAP=$snap KSM_OUT=$tmp overlay_run "$ROOT_DIR/root" "$work" \
		bash "$KSM_TOP/tests/lib/host/dkms-install.sh" >"$tmp/dkms.log" 2>&1 || rc=$?
	rm -rf --one-file-system "$work"
	echo $((SECONDS - start)) >"$tmp/seconds"
	[ "$rc" != 0 ] || touch "$tmp/complete"
	# A failed build is kept for its log but made again by the next run.
	mv "$tmp" "$DKMS_DIR"
	# Builds of older sources: keep the newest few per root.
	find "$KSM_CACHE/dkms" -maxdepth 1 -name "${ROOT_ID%-*}-*" -mmin +120 ! -path "$DKMS_DIR" -exec rm -rf {} +
	return "$rc"
}

# Compiler, modpost and make warnings. The remark that module and kernel compiler
# differ by a Debian revision is about the root, not about our code.
dkms_warnings() {
	grep -n -i -E '(^|[^a-z_])warning:' "$1" |
		grep -v -E 'warning: the compiler differs from the one used to build the kernel' || true
}
