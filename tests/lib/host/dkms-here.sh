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
# The same version again replaces it.
if [ -n "$(dkms status -m ksm -v "$version")" ]; then
	dkms remove -m ksm -v "$version" --all
fi
rm -rf "$dest"
mkdir -p "$dest"
cp -a "$top"/{Makefile,Kbuild,dkms.conf,LICENSE,compat,include,ksm_core,ksm_passthrough,crypto_fallback,dm-ksm-target,ufs_shim} "$dest/"
make -s -C "$dest" clean
dkms add -m ksm -v "$version"
dkms build -m ksm -v "$version" -k "$kver"
dkms install -m ksm -v "$version" -k "$kver"
