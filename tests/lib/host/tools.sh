# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# User-space programs, compiled in the suite's root: helpers, each tests/tools/NAME.c, and the
# files of each folder tests/tools/NAME together; and what users get, by its own Makefile.

# tools_use SNAPSHOT WORK: sets TOOLS_DIR (its bin/ goes on the guest's PATH).
tools_use() {
	local key
	mkdir -p "$1/tests/tools" "$KSM_CACHE/tools"
	key=$ROOT_ID-$(echo "$(tree_hash "$1/tests/tools") $(tree_hash "$1/tools") $(hash_text <"$KSM_TOP/tests/lib/host/tools.sh")" | hash_text)
	TOOLS_DIR=$KSM_CACHE/tools/$key
	with_lock "tools-$key" tools_make "$1" "$2"
}

tools_make() {
	local snap=$1 work=$2/tools tmp=$TOOLS_DIR.tmp rc=0
	[ -e "$TOOLS_DIR/complete" ] && return 0
	rm -rf "$TOOLS_DIR" "$tmp"
	mkdir -p "$tmp/bin" "$work"
	# shellcheck disable=SC2016 # expanded inside
	overlay_run "$ROOT_DIR/root" "$work" bash -c '
		set -euo pipefail
		cp -a "$1/tests/tools" "$KSM_ROOT/tmp/src"
		mkdir "$KSM_ROOT/tmp/bin"
		cd "$KSM_ROOT/tmp/src"
		for tool in *.c */; do
			[ -e "$tool" ] || continue
			case $tool in
			*/) main=${tool}main.c all=${tool}*.c ;;
			*) main=$tool all=$tool ;;
			esac
			name=${tool%/} name=${name%.c}
			libs=$(sed -n "1,5s|^// LDLIBS: *||p" "$main")
			flags=$(sed -n "1,5s|^// CFLAGS: *||p" "$main")
			chroot "$KSM_ROOT" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 sh -c "cd /tmp/src && exec cc -O2 -Wall $flags -o ../bin/$name $all ${libs:--lcrypto}"
		done
		cp -a "$1/tools" "$KSM_ROOT/tmp/tools"
		chroot "$KSM_ROOT" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 make -C /tmp/tools/ksmsetup CFLAGS="-O2 -Werror" VERSION="$3"
		cp "$KSM_ROOT"/tmp/tools/ksmsetup/ksmsetup{,-generator} ../bin/
		# The suite uses one that looks for errors in its memory.
		chroot "$KSM_ROOT" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 make -B -C /tmp/tools/ksmsetup ksmsetup VERSION="$3" \
			CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" LDFLAGS=-static-libasan
		cp "$KSM_ROOT/tmp/tools/ksmsetup/ksmsetup" ../bin/ksmsetup-checked
		cp -a ../bin/. "$2/bin/"
	' - "$snap" "$tmp" "$KSM_VERSION" >"$tmp/log" 2>&1 || rc=$?
	rm -rf --one-file-system "$work"
	[ "$rc" != 0 ] || touch "$tmp/complete"
	mv "$tmp" "$TOOLS_DIR"
	return "$rc"
}
