#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds QEMU with UFS keyslots; runs inside the build root made for it
# (tests/lib/host/emulator-ufs.sh). build.sh IN OUT: IN has Debian's source package,
# the patches and inline.mak, OUT gets qemu-system-x86_64 and "version".
set -euo pipefail
in=$1 out=$2
cd /build

dsc=$(echo "$in"/qemu_*.dsc)
version=$(basename "$dsc" .dsc)
version=${version#qemu_}
case $version in
10.0.*) ;;
*)
	echo "KSM-FAILED the source package is QEMU $version; tests/qemu has patches for 10.0.x, which need porting"
	exit 1
	;;
esac
dpkg-source --no-check -x "$dsc" qemu
for p in "$in"/[0-9]*.patch; do
	# No fuzz: code put near the right place may build and be wrong.
	if ! patch -d qemu -p1 -F0 --no-backup-if-mismatch <"$p"; then
		echo "KSM-FAILED $(basename "$p") does not apply to QEMU $version as it is; tests/qemu's patches need porting"
		exit 1
	fi
done
cp "$in/inline.mak" qemu/configs/devices/x86_64-softmmu/inline.mak
mkdir b
cd b
../qemu/configure --target-list=x86_64-softmmu --without-default-features \
	--without-default-devices --with-devices-x86_64=inline --enable-system --disable-user \
	--enable-tcg --enable-kvm --enable-nettle --disable-docs --disable-tools --disable-werror \
	--disable-download --disable-install-blobs --disable-guest-agent
ninja qemu-system-x86_64 tests/qtest/qos-test

data=qemu-bundle/usr/local/share/qemu
mkdir -p "$data"
ln -sf /usr/share/seabios/*.bin /usr/share/qemu/*.bin "$data/"
echo "KSM-STEP its own tests"
export QTEST_QEMU_BINARY=./qemu-system-x86_64
# All of the UFS device's tests, ours among them.
ufs=/x86_64/pc/i440FX-pcihost/pci-bus-pc/pci-bus/ufs
tests/qtest/qos-test -l | sed -n "s|^# \($ufs/.*\)|\1|p" >tests.list
for t in {legacy,mcq}-{crypto,faults,delay,unplug}; do
	grep -q "/$t\$" tests.list || { echo "KSM-FAILED the qtest $t is not there"; exit 1; }
done
while IFS= read -r t; do
	if ! timeout 300 tests/qtest/qos-test -p "$t" </dev/null; then
		echo "KSM-FAILED the qtest ${t##*/} of QEMU with UFS keyslots failed"
		exit 1
	fi
done <tests.list
echo "$version" >"$out/version"
strip -o "$out/qemu-system-x86_64" qemu-system-x86_64
