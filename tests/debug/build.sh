#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a kernel with checks, inside a root made for it.
# build.sh IN OUT: IN has guest.config and flavour.config, OUT gets Debian packages.
set -euo pipefail
in=$1 out=$2
cd /build
echo 'KSM-STEP unpacking the source'
# Not what this configuration never compiles, which is most of it: Kconfig and make files are
# enough of that. Files right in these folders may be needed (drivers/net/loopback.c).
tar -xJf /usr/src/linux-source-*.tar.xz --wildcards --wildcards-match-slash \
	--exclude='*/arch/'{alpha,arc,arm,arm64,loongarch,m68k,mips,parisc,powerpc,riscv,s390,sh,sparc,xtensa}'/*.[chS]' \
	--exclude='*.dts' --exclude='*.dtsi' --exclude='*/sound/*/*.[ch]' \
	--exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/drivers/'{net,media,staging,infiniband,iio}'/*/*.[ch]' \
	--exclude='*/tools/testing/*' --exclude='*/tools/perf/*' --exclude='*/Documentation/*.rst' \
	--exclude='*/Documentation/devicetree/*'
cd linux-source-*
# wanted: one line per option, with the name that this kernel has for it.
wanted() {
	local option or
	sed '/^CONFIG_/!d; s/# or //' "$in/guest.config" "$in/flavour.config" | while read -r option or; do
		if [ -n "$or" ] && ! kconfig_has "${option%%=*}"; then option=$or=${option#*=}; fi
		echo "$option"
	done
}
kconfig_has() { grep -rqsx --include='Kconfig*' "\(menu\)\?config ${1#CONFIG_}" .; }
wanted >/build/all.config
KCONFIG_ALLCONFIG=/build/all.config make -s allnoconfig
# It takes what it is told; what a dependency refused, it only drops.
missing=$(grep -v -x -F -f .config /build/all.config || true)
[ -z "$missing" ] || { echo "KSM-FAILED the configuration lacks ${missing//$'\n'/ }"; exit 1; }
# A build that was stopped goes on where it was. The compiler says itself what it read, so that
# nothing need be preprocessed to find out.
export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/mnt/kept CCACHE_MAXSIZE=5G CCACHE_DEPEND=1 CCACHE_NOCOMPRESS=1
echo "KSM-STEP building $(make -s kernelrelease)"
make -j"$(nproc)" bindeb-pkg DPKG_FLAGS=-d KDEB_COMPRESS=none KDEB_PKGVERSION=1
mv /build/linux-image-*.deb /build/linux-headers-*.deb "$out/"
