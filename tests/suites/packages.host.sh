# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Debian packages, as a user has them: made, installed, upgraded, a new kernel beside the old one,
# signed modules, removed and purged.
# root: os
# vm: check=6.1

# KSM_*, KVER and in_root come from tests/lib/host/suite-host.sh.
: "${KSM_ROOT:?}" "${KSM_SRC:?}" "${KSM_SNAP:?}" "${KSM_VERSION:?}" "${KVER:?}"
export DEBIAN_FRONTEND=noninteractive
NEW=$KSM_VERSION.1
# A checkout is the sources of the modules and what is beside them.
mkdir -p "$KSM_ROOT/root/ksm"
cp -a "$KSM_SRC/." "$KSM_SNAP"/{tools,packaging,docs,README.md} "$KSM_ROOT/root/ksm/"
rm -rf "$KSM_ROOT/root/ksm/tests"

apt_get() { in_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null; }
dkms() { in_root dkms "$@"; }
# state KERNEL: of the newest version there.
state() { dkms status -m ksm -k "$1" 2>/dev/null | sed -n 's/.*: *//p' | tail -n 1; }
modules_of() { (cd "$KSM_ROOT/lib/modules/$1" && find . -name '*.ko*' | grep -E '/(dm-ksm|ksm_core|ksm_passthrough|crypto_fallback|ufs_shim)\.ko' | sed 's|.*/||; s/\.ko.*//' | sort | tr '\n' ' '); }
ALL='crypto_fallback dm-ksm ksm_core ksm_passthrough ufs_shim '

# ---- made ----
diag 'made'
ok 'make deb' in_root make -C /root/ksm deb || bail 'no packages'
nok 'the log has no warning' grep -n -i -E '(^|[^a-z_-])warning:' <<<"$OUT"
debs() { (cd "$KSM_ROOT/root/ksm/build" && find . -name "*_${1}_*.deb" ! -name '*dbgsym*' | sed 's|^\./||; s/_.*//' | sort | tr '\n' ' '); }
is 'two packages' "$(debs "$KSM_VERSION")" 'ksm-dkms ksmsetup '
is 'lintian has nothing to say' "$(in_root sh -c 'lintian --pedantic --display-info /root/ksm/build/*.changes 2>&1' | grep -E '^[EWIP]:')" ''

# ---- installed ----
diag 'installed'
install_debs() { apt_get install "/root/ksm/build/ksm-dkms_$1_all.deb" "/root/ksm/build/ksmsetup_$1_$(in_root dpkg --print-architecture).deb"; }
cat >"$KSM_ROOT/etc/ksmtab" <<'END'
root UUID=01234567-89ab-cdef-0123-456789abcdef none initramfs,discard
data /dev/vdb none nofail
END
ok 'installed' install_debs "$KSM_VERSION"
like 'dkms has built it' "$(state "$KVER")" '^installed'
is 'the five modules are there' "$(modules_of "$KVER")" "$ALL"
is 'ksmsetup is of this version' "$(in_root ksmsetup --version)" "ksmsetup $KSM_VERSION"
ok 'its libraries are all there' in_root ksmsetup --help
initrd_has() { in_root lsinitramfs "/boot/initrd.img-$1" | grep -c "$2"; }
isnt 'the initramfs has the module' "$(initrd_has "$KVER" '/dm-ksm\.ko')" 0
isnt 'and ksmsetup' "$(initrd_has "$KVER" 'sbin/ksmsetup$')" 0
in_root unmkinitramfs "/boot/initrd.img-$KVER" /root/initrd
is 'and the lines of ksmtab that it needs' "$(cat "$KSM_ROOT"/root/initrd/{,main/}etc/ksmtab 2>/dev/null | cut -d' ' -f1)" root
rm -rf "$KSM_ROOT/root/initrd"

# ---- signed, as for Secure Boot ----
diag 'signed'
m=$(find "$KSM_ROOT/lib/modules/$KVER" -name 'dm-ksm.ko*')
like 'dkms has signed it' "$(in_root modinfo -k "$KVER" -F signer dm-ksm)" .
# What the kernel checks: the signature is appended, with its length before a magic text.
signature() {
	local file=$KSM_ROOT/root/m.ko size len
	case $m in
	*.xz) xz -dc "$m" ;;
	*.zst) zstd -qdc "$m" ;;
	*) cat "$m" ;;
	esac >"$file"
	[ "$(tail -c 28 "$file")" = '~Module signature appended~' ] || return 1
	size=$(stat -c %s "$file")
	len=$((16#$(tail -c 32 "$file" | head -c 4 | od -An -tx1 | tr -d ' ')))
	tail -c $((len + 40)) "$file" | head -c "$len" >"$KSM_ROOT/root/m.p7s"
	head -c $((size - len - 40)) "$file" >"$KSM_ROOT/root/m.bare"
}
verified() {
	in_root openssl cms -verify -binary -inform DER -in /root/m.p7s -content /root/m.bare -certfile /root/mok.pem \
		-nointern -noverify -out /dev/null
}
if ok 'a signature is at the end of it' signature &&
	ok 'the key to enroll' in_root openssl x509 -inform DER -in /var/lib/dkms/mok.pub -out /root/mok.pem; then
	ok 'the signature is right' verified
	printf 'X' | dd of="$KSM_ROOT/root/m.bare" bs=1 seek=4096 conv=notrunc status=none
	nok 'not that of a module that was changed' verified
fi

# ---- a new kernel beside it ----
diag 'a new kernel'
cp /etc/resolv.conf "$KSM_ROOT/etc/resolv.conf" 2>/dev/null
ok 'apt-get update' apt_get update
ok 'another kernel and its headers' apt_get install linux-image-cloud-amd64 linux-headers-cloud-amd64
OTHER=$(cd "$KSM_ROOT/lib/modules" && find . -maxdepth 1 -name '*cloud*' | sed 's|^\./||' | head -n 1)
like 'dkms has built it by itself' "$(state "$OTHER")" '^installed'
# Debian's kernels for clouds have no UFS.
is 'its modules are there' "$(modules_of "$OTHER")" "${ALL%ufs_shim }"
isnt 'its initramfs has the module' "$(initrd_has "$OTHER" '/dm-ksm\.ko')" 0
ok 'dkms without it' dkms uninstall -m ksm -v "$KSM_VERSION" -k "$OTHER"
in_root update-initramfs -u -k "$OTHER" >"$KSM_ROOT/root/out" 2>&1
like 'an initramfs without the module says so' "$(<"$KSM_ROOT/root/out")" "ksmsetup: kernel ${OTHER//+/.} has no module dm-ksm"
ok 'dkms with it' dkms install -m ksm -v "$KSM_VERSION" -k "$OTHER"

# ---- upgraded ----
diag 'upgraded'
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$NEW\"/" "$KSM_ROOT/root/ksm/dkms.conf"
sed -i "1s/($KSM_VERSION)/($NEW)/" "$KSM_ROOT/root/ksm/packaging/debian/changelog"
ok 'make deb of a newer version' in_root make -C /root/ksm deb
ok 'installed' install_debs "$NEW"
is 'ksmsetup is of this version' "$(in_root ksmsetup --version)" "ksmsetup $NEW"
is 'the module is' "$(in_root modinfo -k "$KVER" -F version dm-ksm)" "$NEW"
unlike 'dkms knows no older one' "$(dkms status -m ksm)" "${KSM_VERSION}[,:]"
is 'nor has its sources' "$(cd "$KSM_ROOT/usr/src" && echo ksm-*)" "ksm-$NEW"

# ---- removed ----
diag 'removed'
ok 'removed' apt_get remove ksm-dkms ksmsetup
is 'dkms knows nothing of it' "$(dkms status -m ksm)" ''
is 'no module is left' "$(modules_of "$KVER")$(modules_of "$OTHER")" ''
# That of the newest kernel is made anew.
is 'nor in the initramfs' "$(initrd_has "$OTHER" 'dm-ksm\.ko\|ksmsetup\|ksmtab')" 0
ok 'purged' in_root dpkg --purge ksm-dkms ksmsetup
rm -f "$KSM_ROOT/etc/ksmtab"
is 'nothing is left' "$(cd "$KSM_ROOT" && find etc usr var lib boot -xdev \( -name '*ksm*' -o -path '*dkms/ksm*' \) ! -path '*/share/*doc*' ! -path 'var/log/*' ! -path 'var/cache/*' | grep -v -E '/lib/modules/.*/(kernel|build)/|linux-headers' | head)" ''
