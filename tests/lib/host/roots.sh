# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One small Debian root per kernel, made by mmdebstrap and never changed after.

# Raise to have every root made anew.
ROOT_RECIPE=1

# kernel + the suite's own way to build modules
ROOT_PACKAGES=(linux-image-amd64 linux-headers-amd64 dkms make gcc kmod sparse
	libc6-dev libssl-dev libkeyutils-dev libcryptsetup-dev libdevmapper-dev libjson-c-dev)
# what suites use in the guest
ROOT_PACKAGES+=(bash mount util-linux procps coreutils xxd openssl keyutils
	dmsetup cryptsetup-bin fio e2fsprogs xfsprogs btrfs-progs f2fs-tools)

# Never unpacked: documentation, translations, and the hooks which would make an
# initramfs or a boot menu for a root that boots with ours.
ROOT_EXCLUDES=('/usr/share/man/*' '/usr/share/doc/*' '/usr/share/info/*'
	'/usr/share/locale/*' '/usr/share/lintian/*' '/usr/share/bug/*'
	'/usr/lib/udev/hwdb.d/*' '/lib/udev/hwdb.d/*'
	'/etc/kernel/postinst.d/initramfs-tools' '/usr/share/kernel/postinst.d/initramfs-tools'
	'/usr/lib/debug/*')

root_sources() {
	# shellcheck disable=SC2046 # words wanted
	mirror_sources $(kernel_suite "$1")
}

root_generation() { cat "$KSM_CACHE/roots/$1.generation" 2>/dev/null || echo 0; }

# root_key LABEL [GENERATION]
root_key() {
	{
		echo "$ROOT_RECIPE"
		cat "$KSM_TOP/tests/lib/host/fio-in-root.sh"
		printf '%s\n' "${ROOT_PACKAGES[@]}" "${ROOT_EXCLUDES[@]}"
		root_sources "$1"
		[ -z "$(kernel_flavour "$1")" ] || debug_key "$(kernel_base "$1")" "$(kernel_flavour "$1")"
		echo "${2:-$(root_generation "$1")}"
	} | hash_text
}

# root_use LABEL REFRESH(0|1): sets ROOT_ID, ROOT_DIR (the entry; the tree is
# ROOT_DIR/root) and KVER, making the root if there is none. A shared lock is
# held as long as the process lives, so that no other run removes it.
root_use() {
	local label=$1 refresh=${2:-0}
	mkdir -p "$KSM_CACHE/roots"
	with_lock "root-$label" root_make "$label" "$refresh" || return 1
	ROOT_ID=$label-$(root_key "$label")
	ROOT_DIR=$KSM_CACHE/roots/$ROOT_ID
	exec {ROOT_FD}<"$ROOT_DIR"
	flock -s "$ROOT_FD"
	[ -d "$ROOT_DIR/root" ] || return 1
	KVER=$(<"$ROOT_DIR/kver")
	export ROOT_ID ROOT_DIR KVER
}

root_make() {
	local label=$1 refresh=$2 gen dir tmp log
	gen=$(root_generation "$label")
	[ "$refresh" = 0 ] || gen=$(date +%s)
	dir=$KSM_CACHE/roots/$label-$(root_key "$label" "$gen")
	[ -e "$dir/complete" ] && return 0
	tmp=$KSM_CACHE/roots/tmp.$label
	log=$KSM_CACHE/roots/$label.log
	# The lock is ours, so this is what a killed run left.
	rm -rf --one-file-system "$tmp" "$dir"
	mkdir -p "$tmp"
	[ -z "$(kernel_flavour "$label")" ] || debug_kernel_use "$label" || return 1
	if ! { root_fill "$label" "$tmp/root" && root_light_fio "$tmp/root"; } >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		msg "[$label] making the root failed; log: $log"
		return 1
	fi
	# Exactly one kernel was installed: the one the metapackage depends on.
	basename "$(echo "$tmp"/root/lib/modules/*)" >"$tmp/kver"
	# The version of the image package, for the report.
	case $(kernel_flavour "$label") in
	'') chroot "$tmp/root" dpkg-query -W -f '${Version}' linux-image-amd64 >"$tmp/package-version" || return 1 ;;
	*) echo 'its source, built here' >"$tmp/package-version" ;;
	esac
	[ -e "$tmp/root/boot/vmlinuz-$(<"$tmp/kver")" ] || {
		msg "[$label] no vmlinuz for $(<"$tmp/kver") in the new root"
		return 1
	}
	touch "$tmp/complete"
	mv "$tmp" "$dir"
	[ "$refresh" = 0 ] || echo "$gen" >"$KSM_CACHE/roots/$label.generation"
	root_prune "$label" "$dir"
}

# Remove older roots of the label unless some run still uses them.
root_prune() {
	local old
	for old in "$KSM_CACHE"/roots/"$1"-*/; do
		old=${old%/}
		[ "$old" = "$2" ] && continue
		flock -n "$old" rm -rf --one-file-system "$old" "$KSM_CACHE/images/$(basename "$old")"-* || true
	done
}

# root_fill LABEL DEST
root_fill() {
	case $(kernel_flavour "$1") in
	'') root_bootstrap "$1" "$2" "${ROOT_PACKAGES[@]}" ;;
	*) debug_root_fill "$1" "$2" ;;
	esac
}

# The file says why.
root_light_fio() { chroot "$1" bash -s <"$KSM_TOP/tests/lib/host/fio-in-root.sh"; }

# root_bootstrap LABEL DEST PACKAGE...
root_bootstrap() {
	local label=$1 dest=$2 opt suite pool=$KSM_CACHE/debs
	local -a args=()
	shift 2
	suite=$(kernel_suite "$label")
	mkdir -p "$pool"
	while IFS= read -r opt; do args+=("--aptopt=$opt"); done < <(mirror_aptopts)
	for opt in "${ROOT_EXCLUDES[@]}"; do args+=("--dpkgopt=path-exclude=$opt"); done
	case $suite in
	*backports*)
		# Only the kernel comes from backports.
		args+=(--setup-hook='mkdir -p "$1/etc/apt/preferences.d" && printf "Package: linux-*\nPin: release n=*-backports\nPin-Priority: 600\n" >"$1/etc/apt/preferences.d/ksm"')
		;;
	esac
	# The four roots share most of their packages two by two, and a refreshed
	# root most with the one before: keep every package, by hard link.
	export KSM_POOL=$pool
	args+=(--skip=download/empty --skip=essential/unlink
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && find "$KSM_POOL" -name "*.deb" -exec cp -l -t "$1/var/cache/apt/archives" {} +'
		--customize-hook='cd "$1/var/cache/apt/archives" && for d in *.deb; do [ -e "$KSM_POOL/$d" ] || { ln "$d" "$KSM_POOL/.$d.$$" && mv "$KSM_POOL/.$d.$$" "$KSM_POOL/$d"; }; done')
	DEBIAN_FRONTEND=noninteractive mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$(IFS=,; echo "$*")" "${args[@]}" \
		"${suite%% *}" "$dest" - < <(root_sources "$label")
}
