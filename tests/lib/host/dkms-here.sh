#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dkms-here.sh KVER: what `make dkms-install` runs on the machine itself.
set -euo pipefail
kver=${1:?usage: dkms-here.sh KVER}
top=$(cd "$(dirname "$0")/../../.." && pwd -P)
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
dest=/usr/src/ksm-$version

if [ "$(id -u)" != 0 ]; then
	echo "ksm: make dkms-install must be run as root" >&2
	exit 1
fi
if ! command -v dkms >/dev/null; then
	echo "ksm: dkms is not installed: apt-get install dkms linux-headers-$kver" >&2
	exit 1
fi

# copy DIR: the sources, without what was built of them here.
copy() {
	cp -a "$top"/{Makefile,Kbuild,dkms.conf,LICENSE,compat,include,ksm_core,ksm_passthrough,crypto_fallback,dm-ksm-target,ufs_shim} "$1/" &&
		make -s -C "$1" clean
}
# builds: whether they would, for the kernel that is wanted.
builds() (
	try=$(mktemp -d "$dest.XXXXXX")
	trap 'rm -rf "$try"' EXIT
	copy "$try" && make -s -C "$try" -j "$(nproc)" KVER="$kver" modules
)
# The same version again replaces it. dkms can only take away all of it, from all kernels: so
# not before it is known to build, and all that had it get it anew.
others=''
status=$(dkms status -m ksm -v "$version")
if [ -n "$status" ]; then
	if ! builds; then
		echo "ksm: does not build for kernel $kver; what is installed stays as it is" >&2
		exit 1
	fi
	# Older ones of dkms write "ksm, VERSION, KERNEL", newer ones "ksm/VERSION, KERNEL".
	others=$(sed -nE 's|^ksm[/,] ?[^,]+, ([^,]+), [^,:]+: installed( .*)?$|\1|p' <<<"$status" | grep -v -x -F -e "$kver" || true)
	dkms remove -m ksm -v "$version" --all
fi
rm -rf "$dest"
mkdir -p "$dest"
copy "$dest"
dkms add -m ksm -v "$version"
dkms build -m ksm -v "$version" -k "$kver"
dkms install -m ksm -v "$version" -k "$kver"
for kernel in $others; do
	dkms install -m ksm -v "$version" -k "$kernel" ||
		echo "ksm: warning: kernel $kernel had the modules, and has none now" >&2
done
