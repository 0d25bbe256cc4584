# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The host's own packages. A fresh Debian 12 with only git and make is enough:
# what is missing is named, with the reason, and installed by apt-get.

# command-or-file : package : why
HOST_DEPS='
mmdebstrap:mmdebstrap:makes the small Debian roots
busybox:busybox-static:is the first program of the guest
cpio:cpio:packs the guest initramfs
mke2fs:e2fsprogs:makes the guest disk image
xz:xz-utils:unpacks kernel modules
zstd:zstd:unpacks kernel modules
flock:util-linux:locks the cache
unshare:util-linux:keeps mounts private to the run
sha256sum:coreutils:names cache entries
git:git:lists the source files
gpgv:gpgv:checks the archive signatures
/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring:holds the archive keys
'

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

deps_missing() {
	local what pkg why
	while IFS=: read -r what pkg why; do
		[ -n "$what" ] || continue
		case $what in
		/*) [ -e "$what" ] && continue ;;
		*) PATH=$PATH:/usr/sbin:/sbin command -v "$what" >/dev/null 2>&1 && continue ;;
		esac
		printf '%s:%s\n' "$pkg" "$why"
	done <<<"$HOST_DEPS"
}

deps_install() {
	local missing pkg why
	local -a pkgs=()
	missing=$(deps_missing)
	[ -n "$missing" ] || return 0
	while IFS=: read -r pkg why; do
		msg "host set-up: $pkg is missing ($why)"
		pkgs+=("$pkg")
	done <<<"$missing"
	# Debian's busybox and busybox-static are one or the other; -static also
	# satisfies the first, and the guest needs a static one.
	if ! command -v apt-get >/dev/null; then
		die "no apt-get here; install by hand: ${pkgs[*]}"
	fi
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		die "root rights are needed; run as root: apt-get install --no-install-recommends ${pkgs[*]}"
	fi
	msg "host set-up: apt-get install ${pkgs[*]}"
	local -a get=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y
		-o DPkg::Lock::Timeout=300 install --no-install-recommends "${pkgs[@]}")
	# The lists may be missing or older than the mirror: update and try once more.
	if ! as_root "${get[@]}" >&2; then
		as_root apt-get -q update >&2 || true
		as_root "${get[@]}" >&2 ||
			die "apt-get failed; run as root: apt-get update && apt-get install --no-install-recommends ${pkgs[*]}"
	fi
	missing=$(deps_missing)
	[ -z "$missing" ] || die "still missing after apt-get: $missing"
}

# The guest's first program must not need a C library.
deps_busybox_static() {
	local b
	b=$(command -v busybox)
	if busybox ldd "$b" >/dev/null 2>&1 || { command -v ldd >/dev/null && ldd "$b" >/dev/null 2>&1; }; then
		msg "host set-up: busybox is not static, installing busybox-static"
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
			--no-install-recommends busybox-static >&2 ||
			die "run as root: apt-get install busybox-static"
	fi
}

# need_root ARGS...: run the calling script again as root if it is not.
need_root() {
	[ "$(id -u)" = 0 ] && return 0
	command -v sudo >/dev/null ||
		die "root rights are needed (chroot, mount); run it as root"
	msg "root rights are needed (chroot, mount): using sudo"
	exec sudo KSM_CACHE="$KSM_CACHE" KSM_ACCEL="${KSM_ACCEL:-}" KSM_DEEP="${KSM_DEEP:-}" KSM_FUZZ_SEED="${KSM_FUZZ_SEED:-}" bash "$0" "$@"
}
