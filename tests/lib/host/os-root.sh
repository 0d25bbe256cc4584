# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A whole Debian per stock kernel, as a user has it, with what packages are built by: for
# suites about packages and booting ("# root: os" in their head).

OS_RECIPE=1
OS_PACKAGES=(linux-image-amd64 linux-headers-amd64 dkms kmod systemd-sysv udev initramfs-tools dracut-core
	cryptsetup-bin cryptsetup-initramfs dmsetup keyutils e2fsprogs login passwd util-linux procps zstd)
OS_PACKAGES+=(build-essential debhelper dh-dkms lintian libcryptsetup-dev libdevmapper-dev libkeyutils-dev libjson-c-dev
	valgrind libc6-dbg rpm rpmlint)
OS_EXCLUDES=('/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*'
	'/usr/lib/udev/hwdb.d/*' '/lib/udev/hwdb.d/*')

# os_root_use LABEL: sets OS_DIR, whose root/ is never changed, making it if there is none. The
# kernel in it is the newest of the suite, whose version is in kver.
os_root_use() {
	local key
	key=$({ echo "$OS_RECIPE" && printf '%s\n' "${OS_PACKAGES[@]}" "${OS_EXCLUDES[@]}" && root_sources "$1"; } | hash_text)
	mkdir -p "$KSM_CACHE/os"
	OS_DIR=$KSM_CACHE/os/$1-$key
	with_lock "os-$1" os_root_make "$1"
}

os_root_make() {
	local label=$1 tmp=$KSM_CACHE/os/tmp.$1 log=$KSM_CACHE/os/$1.log start=$SECONDS
	# root_bootstrap reads it.
	# shellcheck disable=SC2034
	local -a ROOT_EXCLUDES=("${OS_EXCLUDES[@]}")
	[ ! -e "$OS_DIR/complete" ] || return 0
	rm -rf --one-file-system "$tmp" "$KSM_CACHE/os/$label"-*/
	mkdir -p "$tmp"
	if ! root_bootstrap "$label" "$tmp/root" "${OS_PACKAGES[@]}" >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		msg "[$label] making a whole Debian failed; log: $log"
		return 1
	fi
	basename "$(echo "$tmp"/root/lib/modules/*)" >"$tmp/kver"
	touch "$tmp/complete"
	mv "$tmp" "$OS_DIR"
	msg "[$label] a whole Debian: $((SECONDS - start)) s"
}
