# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# All the work for one kernel, as events on stdout.

# kernel_prepare LABEL WORK: root, image, accelerator. Sets ROOT_*, KVER,
# IMAGE_DIR, ACCEL.
kernel_prepare() {
	local start=$SECONDS
	emulator_use || return 1
	root_use "$1" "${REFRESH:-0}" || return 1
	image_use "$2" || return 1
	accel_probe
	ev_diag "[$1] kernel $KVER (linux-image-amd64 $(<"$ROOT_DIR/package-version")), $ACCEL, root ready after $((SECONDS - start)) s"
}

# kernel_build LABEL SNAPSHOT WORK: modules and tools, as tests.
kernel_build() {
	local label=$1 snap=$2 work=$3 bad
	if dkms_use "$snap" "$work"; then
		ev_test ok "$label dkms: build and install for $KVER"
	else
		ev_test fail "$label dkms: build and install for $KVER"
		tail -n 30 "$DKMS_DIR/dkms.log" | ev_lines "[$label dkms]"
		[ ! -s "$DKMS_DIR/make.log" ] || grep -E -A3 'error|Error|warning:' "$DKMS_DIR/make.log" | head -n 60 | ev_lines "[$label dkms] make.log:"
		ev_diag "[$label dkms] logs: $DKMS_DIR"
		return 1
	fi
	bad=$(dkms_warnings "$DKMS_DIR/make.log")
	if [ -s "$DKMS_DIR/make.log" ] && [ -z "$bad" ]; then
		ev_test ok "$label dkms: build without warnings"
	else
		ev_test fail "$label dkms: build without warnings"
		ev_lines "[$label dkms]" <<<"${bad:-no make.log was found}"
	fi
	if tools_use "$snap" "$work"; then
		# Nothing to say where there are no tools.
		! compgen -G "$snap/tests/tools/*" >/dev/null || ev_test ok "$label tools: build"
	else
		ev_test fail "$label tools: build"
		tail -n 40 "$TOOLS_DIR/log" | ev_lines "[$label tools]"
		return 1
	fi
}

# kernel_run LABEL SNAPSHOT WORK LOGS SUITE...
kernel_run() {
	local label=$1 snap=$2 work=$3/$1 logs=$4 suite
	shift 4
	mkdir -p "$work"
	ev_diag "[$label] preparing"
	kernel_prepare "$label" "$work" 2> >(ev_lines "[$label]") || { ev_test fail "$label: the root could be made"; return; }
	kernel_build "$label" "$snap" "$work" || return 0
	kernel_delta "$snap" "$work" || { ev_test fail "$label: the guest's files could be packed"; return; }
	for suite; do
		if ! suite_wanted "$label" "$snap/tests/suites/$suite.sh"; then
			ev_diag "[$label $suite] not on this kernel (see its vm line)"
			continue
		fi
		while [ "$(jobs -rp | wc -l)" -ge "${SUITE_JOBS:-1}" ]; do wait -n || true; done
		suite_run "$label" "$suite" suites "$snap" "$work/initrd" "$work" "$logs" &
	done
	wait
}

# kernel_delta SNAPSHOT WORK: WORK/initrd, initramfs and delta in one file.
kernel_delta() {
	delta_make "$1" "$2" "$2/delta.cpio" || return 1
	cat "$IMAGE_DIR/initrd" "$2/delta.cpio" >"$2/initrd" || return 1
	rm "$2/delta.cpio"
}
