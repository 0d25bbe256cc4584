#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds what tests/qemu/fidelity boots, inside a root made for it.
# fidelity-build.sh IN OUT: IN has fidelity.config and the tools, OUT gets the rest.
set -euo pipefail
in=$1 out=$2
cd /build
# Static: one runs in the guest, and one on the host, whose libraries may be older.
gcc -O2 -Wall -static -o "$out/ksm-fscrypt" "$in/ksm-fscrypt.c"
gcc -O2 -Wall -static -o "$out/ksm-ref" "$in/ksm-ref"/*.c -lcrypto -lzstd -lz
tar -xJf /usr/src/linux-source-*.tar.xz
cd linux-source-*
KCONFIG_ALLCONFIG=$in/fidelity.config make -s allnoconfig
# It takes what it is told; what a dependency refused, it only drops.
while IFS= read -r line; do
	case $line in
	CONFIG_*) grep -qx "$line" .config || { echo "KSM-FAILED the kernel's configuration lacks $line"; exit 1; } ;;
	esac
done <"$in/fidelity.config"
make -j"$(nproc)" bzImage
cp arch/x86/boot/bzImage "$out/"
make -s kernelrelease >"$out/release"
# UFS disks have 4096-byte blocks.
truncate -s 192M "$out/ext4" "$out/f2fs"
mke2fs -q -t ext4 -b 4096 -O encrypt "$out/ext4"
mkfs.f2fs -q -w 4096 -O encrypt "$out/f2fs"
