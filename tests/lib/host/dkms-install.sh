#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs under overlay-run.sh: dkms add, build and install in KSM_ROOT, then take
# what the guest needs to KSM_OUT/tree. Environment: KVER KSM_VERSION KSM_SNAP.
set -euo pipefail
src=$KSM_ROOT/usr/src/ksm-$KSM_VERSION
mods=$KSM_ROOT/lib/modules/$KVER
mkdir -p "$src"
cp -a "$KSM_SNAP/src/." "$src/"
keep_log() {
	cat "$KSM_ROOT/var/lib/dkms/ksm/$KSM_VERSION"/{build/make.log,*/*/log/make.log} >"$KSM_OUT/make.log" 2>/dev/null || true
}
trap keep_log EXIT
in_root() { chroot "$KSM_ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }
# counting_modules: the guest gets those that count which lines ran (tests/coverage); what
# gcov needs beside the counts goes to KSM_OUT/gcov.
counting_modules() {
	rm -f "$mods"/updates/dkms/*.ko*
	find "$src" -name '*.ko' ! -path '*/tests/*' -exec cp -t "$mods/updates/dkms" {} +
	mkdir -p "$KSM_OUT/gcov"
	(cd "$src" && find . -name '*.gcno' ! -path './tests/*' -exec cp --parents -t "$KSM_OUT/gcov" {} +)
}
# --no-depmod is not used: this is what a user's `dkms install` does.
in_root dkms add -m ksm -v "$KSM_VERSION"
in_root dkms build -m ksm -v "$KSM_VERSION" -k "$KVER"
in_root dkms install -m ksm -v "$KSM_VERSION" -k "$KVER"
in_root dkms status | tee "$KSM_OUT/status"
out=$KSM_OUT/tree/lib/modules/$KVER
mkdir -p "$out"
# Modules only the tests use, if there are any; never part of a user's install.
if [ -e "$src/tests/modules/Kbuild" ] || [ -e "$src/tests/modules/Makefile" ]; then
	gcov=''
	! grep -q '^CONFIG_GCOV_KERNEL=y' "$KSM_ROOT/boot/config-$KVER" || gcov=GCOV_PROFILE=y
	# shellcheck disable=SC2086 # nothing or a word
	in_root make -C "/usr/src/ksm-$KSM_VERSION" KVER="$KVER" KDIR="/lib/modules/$KVER/build" $gcov modules >"$KSM_OUT/main-again.log" 2>&1
	[ -z "$gcov" ] || counting_modules
	in_root make -C "/lib/modules/$KVER/build" M="/usr/src/ksm-$KSM_VERSION/tests/modules" \
		KBUILD_EXTRA_SYMBOLS="/usr/src/ksm-$KSM_VERSION/Module.symvers" modules >"$KSM_OUT/test-modules.log" 2>&1 || {
		cat "$KSM_OUT/test-modules.log"
		exit 1
	}
	mkdir -p "$mods/updates/ksm-tests"
	find "$src/tests/modules" -name '*.ko' -exec strip -g -o /dev/null {} \; -exec cp -t "$mods/updates/ksm-tests" {} +
	in_root depmod "$KVER"
fi
cp -a "$mods/updates" "$out/"
cp -a "$mods"/modules.{dep,dep.bin,alias.bin,symbols.bin,softdep,builtin.bin,builtin.alias.bin} "$out/" 2>/dev/null || true
[ -e "$out/modules.dep.bin" ]
