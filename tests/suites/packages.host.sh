# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Debian packages, as a user has them: made, installed, upgraded, a new kernel beside the old one,
# signed modules, removed and purged. What goes into an initramfs. The packages of other distributions, as
# far as a Debian can make them.
# root: os
# vm: check=6.12

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
# dkms_lists: what there is of it; a dkms that fails is not one that knows nothing.
dkms_lists() {
	local all
	all=$(dkms status) || { echo 'dkms failed'; return; }
	grep '^ksm[/,]' <<<"$all"
}
# state KERNEL: of the newest version there.
state() { dkms status -m ksm -k "$1" 2>/dev/null | sed -n 's/.*: *//p' | tail -n 1; }
modules_of() { (cd "$KSM_ROOT/lib/modules/$1" && find . -name '*.ko*' | grep -E '/(dm-ksm|ksm_core|ksm_passthrough|crypto_fallback|ufs_shim)\.ko' | sed 's|.*/||; s/\.ko.*//' | sort | tr '\n' ' '); }
ALL='crypto_fallback dm-ksm ksm_core ksm_passthrough ufs_shim '

# ---- made ----
diag 'made'
ok 'make deb' in_root make -C /root/ksm deb || bail 'no packages'
is 'the log has no warning' "$(grep -n -i -E '(^|[^a-z_-])warning:' <<<"$OUT")" ''
debs() { (cd "$KSM_ROOT/root/ksm/build" && find . -name "*_${1}_*.deb" ! -name '*dbgsym*' | sed 's|^\./||; s/_.*//' | sort | tr '\n' ' '); }
is 'two packages' "$(debs "$KSM_VERSION")" 'ksm-dkms ksmsetup '
# lint CHANGES-OR-PACKAGE
lint() { in_root sh -c "lintian --pedantic --display-info --fail-on error,warning,info,pedantic $1 2>&1"; }
ok 'lintian has nothing to say' lint '/root/ksm/build/*.changes'
is 'nor in words' "$(grep -E '^[EWIP]:' <<<"$OUT")" ''
mkdir -p "$KSM_ROOT/root/bad/DEBIAN"
printf '%s\n' 'Package: bad' 'Version: 1' 'Architecture: all' 'Maintainer: nobody' 'Description: x' >"$KSM_ROOT/root/bad/DEBIAN/control"
in_root dpkg-deb --build /root/bad /root/bad.deb >/dev/null 2>&1
nok 'but of a package that is wrong' lint /root/bad.deb
like 'it does' "$OUT" 'E: bad: '

diag 'made for others'
ok 'make dist' in_root make -C /root/ksm dist
ok 'its checksum is in PKGBUILD' grep -q -x "sha256sums=($(sha256sum "$KSM_ROOT/root/ksm/build/ksm-$KSM_VERSION.tar.gz" | cut -d' ' -f1))" \
	"$KSM_ROOT/root/ksm/build/PKGBUILD"
# What they are built with has other names there.
ok 'rpmbuild' in_root rpmbuild -bb --nodeps --define 'debug_package %{nil}' --define '_topdir /root/rpm' --define '_sourcedir /root/ksm/build' /root/ksm/packaging/rpm/ksm.spec
is 'two packages' "$(cd "$KSM_ROOT/root/rpm/RPMS" && find . -name '*.rpm' | sed 's|.*/||; s/-[0-9].*//' | sort | xargs)" 'ksm-dkms ksmsetup'
rpm_lint() { in_root sh -c "rpmlint --config /root/ksm/packaging/rpm/rpmlint.toml $1 2>&1"; }
ok 'rpmlint has nothing to say' rpm_lint '/root/ksm/packaging/rpm/ksm.spec $(find /root/rpm -name "*.rpm")'
sed '/^License:/d' "$KSM_ROOT/root/ksm/packaging/rpm/ksm.spec" >"$KSM_ROOT/root/bad.spec"
nok 'but of a spec that is wrong' rpm_lint /root/bad.spec
# What it runs when it is installed, with a dkms that builds nothing.
mkdir -p "$KSM_ROOT/lib/modules/another/build/include/config" && : >"$KSM_ROOT/lib/modules/another/build/include/config/auto.conf"
post=$(in_root sh -c 'rpm -qp --scripts /root/rpm/RPMS/noarch/ksm-dkms-*.rpm' | sed -n '/^postinstall/,/^preuninstall/p' | sed '1d; $d')
ok 'a kernel without modules does not fail it' in_root sh -c "set -e; dkms() { echo \"dkms \$*.\"; [ \"\$1\" != install ]; }; $post"
for k in another "$KVER"; do
	like "for kernel $k: installs" "$OUT" "dkms install -m ksm -v $KSM_VERSION -k ${k//+/.}\."
	like "for kernel $k: warns" "$OUT" "warning: there are no modules for kernel ${k//+/.}"
done
rm -r "$KSM_ROOT/lib/modules/another"
rm -rf "$KSM_ROOT"/root/{rpm,bad,bad.deb,bad.spec}

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
# initrd_has KERNEL REGEX: how many files.
initrd_has() {
	local list
	list=$(in_root lsinitramfs "/boot/initrd.img-$1") || { echo 'no initramfs'; return; }
	grep -c "$2" <<<"$list"
}
like 'the initramfs has the module' "$(initrd_has "$KVER" '/dm-ksm\.ko')" '^[1-9]'
like 'and ksmsetup' "$(initrd_has "$KVER" 'sbin/ksmsetup$')" '^[1-9]'
in_root unmkinitramfs "/boot/initrd.img-$KVER" /root/initrd
is 'and the lines of ksmtab that it needs' "$(cat "$KSM_ROOT"/root/initrd/{,main/}etc/ksmtab 2>/dev/null | cut -d' ' -f1)" root
rm -rf "$KSM_ROOT/root/initrd"

# ---- what goes into an initramfs ----
# By the hook alone, which is quicker than all of it.
diag 'hook'
echo key >"$KSM_ROOT/etc/disk.key"
echo header >"$KSM_ROOT/etc/disk.header"
cat >>"$KSM_ROOT/etc/ksmtab" <<'END'
keyed /dev/vdc /etc/disk.key initramfs,discard
option /dev/vdc none initramfs,key-file=/etc/disk.key
headed /dev/vdc none initramfs,header=/etc/none,nofail
apart /dev/vdc none initramfs,header=/etc/disk.header
swap /dev/vdd /dev/urandom plain,swap
wrong
END
mkdir -p "$KSM_ROOT/etc/modules-load.d"
echo ufs_shim >"$KSM_ROOT/etc/modules-load.d/ufs.conf"
# hook UMASK
hook() {
	rm -rf "$KSM_ROOT/root/d"
	mkdir -p "$KSM_ROOT/root/d/conf/conf.d"
	echo RESUME=/dev/mapper/swap >"$KSM_ROOT/root/d/conf/conf.d/zz-resume-auto"
	in_root env DESTDIR=/root/d MODULESDIR="/lib/modules/$KVER" version="$KVER" __MODULES_TO_ADD=/root/modules verbose=n \
		sh -c "umask $1; exec sh /usr/share/initramfs-tools/hooks/ksmsetup" 2>&1
}
line() { sed -n "s/^$1 //p" "$KSM_ROOT/root/d/etc/ksmtab"; }
ok 'for an image that all can read' hook 022
like 'a key file is left out' "$OUT" 'keyed: the key file /etc/disk.key is left out'
like 'a header that is not there is a warning' "$OUT" 'headed: its header /etc/none cannot be copied'
like 'a header that anybody can read is a warning' "$OUT" 'apart: anybody can read its header /etc/disk.header'
like 'a wrong line, too' "$OUT" '/etc/ksmtab:8: a line is'
nok 'no key' test -e "$KSM_ROOT/root/d/etc/disk.key"
ok 'the header is there' test -e "$KSM_ROOT/root/d/etc/disk.header"
is 'the passphrase is asked for' "$(line keyed)" '/dev/vdc none initramfs,discard'
is 'of the other, too' "$(line option)" '/dev/vdc none initramfs'
is 'swap space with a new key is not resumed from' "$(<"$KSM_ROOT/root/d/conf/conf.d/zz-resume-auto")" RESUME=
is 'nor there' "$(line swap)" ''
ok 'the shim is loaded' grep -q -x 'ufs_shim *' "$KSM_ROOT/root/d/conf/modules"
ok 'for one of root alone' hook 077
is 'the key is there' "$(<"$KSM_ROOT/root/d/etc/disk.key")" key
is 'its line, too' "$(line keyed)" '/dev/vdc /etc/disk.key initramfs,discard'
rm -rf "$KSM_ROOT/root/d" "$KSM_ROOT/etc/modules-load.d/ufs.conf" "$KSM_ROOT"/etc/disk.{key,header}
sed -i '3,$d' "$KSM_ROOT/etc/ksmtab"

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
like 'its initramfs has the module' "$(initrd_has "$OTHER" '/dm-ksm\.ko')" '^[1-9]'
ok 'dkms without it' dkms uninstall -m ksm -v "$KSM_VERSION" -k "$OTHER"
in_root update-initramfs -u -k "$OTHER" >"$KSM_ROOT/root/out" 2>&1
like 'an initramfs without the module says so' "$(<"$KSM_ROOT/root/out")" "ksmsetup: kernel ${OTHER//+/.} has no module dm-ksm"
# What installing its headers later does.
ok 'headers after the kernel' in_root run-parts --exit-on-error --arg="$OTHER" /etc/kernel/header_postinst.d
like 'dkms has built it then' "$(state "$OTHER")" '^installed'
like 'and the initramfs has it' "$(initrd_has "$OTHER" '/dm-ksm\.ko')" '^[1-9]'

# ---- upgraded ----
diag 'upgraded'
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$NEW\"/" "$KSM_ROOT/root/ksm/dkms.conf"
sed -i "1s/($KSM_VERSION)/($NEW)/" "$KSM_ROOT/root/ksm/packaging/debian/changelog"
ok 'make deb of a newer version' in_root make -C /root/ksm deb
ok 'installed' install_debs "$NEW"
is 'ksmsetup is of this version' "$(in_root ksmsetup --version)" "ksmsetup $NEW"
is 'the module is' "$(in_root modinfo -k "$KVER" -F version dm-ksm)" "$NEW"
like 'dkms knows it' "$(dkms_lists)" "${NEW}[,:]"
unlike 'and no older one' "$(dkms_lists)" "${KSM_VERSION}[,:]"
# That of the newest kernel is made anew.
in_root unmkinitramfs "/boot/initrd.img-$OTHER" /root/initrd
m=$(cd "$KSM_ROOT" && find root/initrd -name 'dm-ksm.ko*' | head -n 1)
is 'the module in the initramfs is' "$(in_root modinfo -F version "/${m:-none}")" "$NEW"
rm -rf "$KSM_ROOT/root/initrd"
is 'nor has its sources' "$(cd "$KSM_ROOT/usr/src" && echo ksm-*)" "ksm-$NEW"

# ---- removed ----
diag 'removed'
ok 'removed' apt_get remove ksm-dkms ksmsetup
like 'with a warning, as ksmtab has a root file system' "$OUT" 'ksmsetup: warning: the system needs volumes of /etc/ksmtab'
is 'dkms knows nothing of it' "$(dkms_lists)" ''
is 'no module is left' "$(modules_of "$KVER")$(modules_of "$OTHER")" ''
# That of the newest kernel is made anew.
is 'nor in the initramfs' "$(initrd_has "$OTHER" 'dm-ksm\.ko\|ksmsetup\|ksmtab')" 0
ok 'purged' in_root dpkg --purge ksm-dkms ksmsetup
rm -f "$KSM_ROOT/etc/ksmtab"
is 'nothing is left' "$(cd "$KSM_ROOT" && find etc usr var lib boot -xdev \( -name '*ksm*' -o -path '*dkms/ksm*' \) ! -path '*/share/*doc*' ! -path 'var/log/*' ! -path 'var/cache/*' | grep -v -E '/lib/modules/.*/(kernel|build)/|linux-headers' | head)" ''
