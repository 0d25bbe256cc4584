# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernels with checks (KASAN, lockdep, fault injection ...; KCSAN; gcov), built from
# the linux-source package of the same Debian suite, once, in a root of their own.

# Raise to have them built anew.
DEBUG_RECIPE=1
DEBUG_PACKAGES=(linux-source ccache gcc libc6-dev make flex bison bc libelf-dev libssl-dev libdw-dev zlib1g-dev
	lz4 zstd xz-utils openssl perl python3-minimal dpkg-dev debhelper rsync kmod cpio gawk)

# debug_files BASE FLAVOUR
debug_files() {
	echo "$KSM_TOP"/tests/debug/{guest.config,"$2.config",build.sh}
	# What only this kernel has.
	[ ! -e "$KSM_TOP/tests/debug/$1.config" ] || echo "$KSM_TOP/tests/debug/$1.config"
}

# debug_kernel_built LABEL: a stock kernel always is.
debug_kernel_built() {
	local flavour
	flavour=$(kernel_flavour "$1")
	[ -z "$flavour" ] || [ -e "$KSM_CACHE/debug-kernels/$1-$(debug_key "$(kernel_base "$1")" "$flavour")/complete" ]
}

# debug_kernel_use LABEL: sets DEBUG_DIR, which has the kernel's Debian packages.
debug_kernel_use() {
	local base flavour
	base=$(kernel_base "$1")
	flavour=$(kernel_flavour "$1")
	DEBUG_DIR=$KSM_CACHE/debug-kernels/$1-$(debug_key "$base" "$flavour")
	with_lock "debug-kernel-$1" debug_kernel_make "$1" "$base" "$flavour"
}

# debug_key BASE FLAVOUR
debug_key() {
	{
		echo "$DEBUG_RECIPE" "${DEBUG_PACKAGES[@]}"
		# What its source comes from. What else is in that root does not matter.
		root_sources "$1"
		root_generation "$1"
		# shellcheck disable=SC2046 # no blanks in them
		cat $(debug_files "$1" "$2")
	} | hash_text
}

debug_kernel_make() {
	local label=$1 base=$2 flavour=$3 start=$SECONDS
	local top=$KSM_CACHE/debug-kernels what="[$label] building the kernel"
	local tmp=$top/tmp.$label old
	[ -e "$DEBUG_DIR/complete" ] && return 0
	# The lock is ours, so this is what a killed run left.
	rm -rf --one-file-system "$tmp" "$DEBUG_DIR"
	mkdir -p "$tmp/in" "$tmp/out"
	# shellcheck disable=SC2046 # no blanks in them
	cp $(debug_files "$base" "$flavour") "$tmp/in/" && mv "$tmp/in/$flavour.config" "$tmp/in/flavour.config" || return 1
	[ ! -e "$tmp/in/$base.config" ] || cat "$tmp/in/$base.config" >>"$tmp/in/flavour.config"
	msg "$what: making a root to build in"
	if ! root_bootstrap "$base" "$tmp/root" "${DEBUG_PACKAGES[@]}" >"$top/$label.root.log" 2>&1; then
		tail -n 15 "$top/$label.root.log" >&2
		msg "$what failed: no root to build in; log: $top/$label.root.log"
		return 1
	fi
	build_run "$tmp" "$top/$label.log" "$what" build.sh "$top/$label.ccache" || return 1
	# What was compiled is only kept for a build that is stopped.
	rm -rf --one-file-system "$top/$label.ccache"
	touch "$tmp/out/complete"
	for old in "$top/$label"-*/; do rm -rf --one-file-system "$old"; done
	mv "$tmp/out" "$DEBUG_DIR"
	rm -rf --one-file-system "$tmp"
	msg "$what: done in $((SECONDS - start)) s"
}

# debug_root_fill LABEL DEST: the stock kernel's root with the other kernel in it.
# Not by root_use, whose lock a process holds for one root only.
debug_root_fill() {
	local base stock
	base=$(kernel_base "$1")
	with_lock "root-$base" root_make "$base" 0 || return 1
	stock=$KSM_CACHE/roots/$base-$(root_key "$base")
	cp -a "$stock/root" "$2" || return 1
	rm -rf --one-file-system "${2:?}"/{lib/modules,boot}/* "$2"/usr/src/linux-* || return 1
	mkdir -p "$2/tmp/debs" || return 1
	cp "$DEBUG_DIR"/*.deb "$2/tmp/debs/" || return 1
	chroot "$2" env DEBIAN_FRONTEND=noninteractive dpkg --force-depends --install --recursive /tmp/debs || return 1
	rm -rf "$2/tmp/debs"
	# They are built without it, and 7.3's makefile warns if it is there then.
	rm -f "$2/usr/bin/pahole"
}
