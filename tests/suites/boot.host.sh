# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A whole Debian with its root file system on a mapping of ksm, of a LUKS2 volume: from the
# prompt for the passphrase to a login, by initramfs-tools and by dracut; and what happens
# with wrong passphrases, without cryptsetup's own part of the initramfs and its askpass, and with
# kernels that have no module.
# root: os
# vm: check=6.12

: "${KSM_ROOT:?}" "${KSM_SRC:?}" "${KSM_SNAP:?}" "${KSM_VERSION:?}" "${KVER:?}" "${KSM_TOOLS:?}" "${KSM_WORK:?}"
# shellcheck source=tests/lib/host/os-vm.sh
. "$KSM_TOP/tests/lib/host/os-vm.sh"

PASS='a passphrase'
DISK=$KSM_WORK/disk DATA=$KSM_WORK/data WRONG=$KSM_WORK/wrong
mkdir -p "$KSM_ROOT/root/ksm"
cp -a "$KSM_SRC/." "$KSM_SNAP"/{tools,packaging,docs,README.md} "$KSM_ROOT/root/ksm/"
cp -a "$KSM_TOOLS/ksm-ref" "$KSM_ROOT/root/"

# ---- the system ----
diag 'the system'
arch=$(in_root dpkg --print-architecture)
ok 'make deb' in_root make -C /root/ksm deb || bail 'no packages'
cat >"$KSM_ROOT/etc/fstab" <<'END'
/dev/mapper/root / ext4 defaults 0 1
/dev/mapper/data /data ext4 nofail 0 2
END
mkdir -p "$KSM_ROOT/data"
cat >"$KSM_ROOT/etc/ksmtab" <<'END'
root /dev/vda none luks,initramfs,discard
data /dev/vdb /etc/data.key nofail
wrong /dev/vdc /etc/data.key noauto
gone /dev/disk/by-uuid/gone none nofail,x-systemd.device-timeout=infinity
END
head -c 64 /dev/urandom >"$KSM_ROOT/etc/data.key"
chmod 600 "$KSM_ROOT/etc/data.key"
echo machine >"$KSM_ROOT/etc/hostname"
# Newer ones of systemd have the shell write escape sequences around its prompt.
rm -f "$KSM_ROOT"/etc/profile.d/*osc-context* "$KSM_ROOT"/usr/lib/tmpfiles.d/*osc-context*
ok 'no password for root' in_root passwd -d root
ok 'the packages' in_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
	"/root/ksm/build/ksm-dkms_${KSM_VERSION}_all.deb" "/root/ksm/build/ksmsetup_${KSM_VERSION}_$arch.deb"
cp "$KSM_ROOT/boot/vmlinuz-$KVER" "$KSM_WORK/vmlinuz"
keep_initrd() { cp "$KSM_ROOT/boot/initrd.img-$KVER" "$KSM_WORK/$1"; }
ok 'initramfs-tools made an initramfs' keep_initrd initrd
ok 'dracut makes one' in_root dracut --force --no-hostonly --add 'ksmsetup crypt' /root/initrd.dracut "$KVER"
mv "$KSM_ROOT/root/initrd.dracut" "$KSM_WORK/initrd.dracut"
ok 'without cryptsetup-initramfs' in_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y remove cryptsetup-initramfs
# As with the package cryptsetup-bin alone: ksmsetup asks by itself, on the console.
askpasses() {
	in_root lsinitramfs "/boot/initrd.img-$KVER" >"$KSM_WORK/list" || { echo 'no initramfs'; return; }
	grep -c 'lib/cryptsetup/askpass$' "$KSM_WORK/list"
}
is "cryptsetup's askpass is in the initramfs, where there is one" "$(askpasses)" 1
in_root mv /lib/cryptsetup/askpass /root/askpass
ok 'an initramfs' in_root update-initramfs -u -k "$KVER"
is 'has no askpass' "$(askpasses)" 0
ok 'one without both' keep_initrd initrd.bare
in_root mv /root/askpass /lib/cryptsetup/askpass
# As after an update of the kernel for which DKMS could build nothing.
in_root dkms uninstall -m ksm -v "$KSM_VERSION" -k "$KVER" >/dev/null 2>&1
in_root update-initramfs -u -k "$KVER" >/dev/null 2>&1
ok 'one without the module' keep_initrd initrd.without
cp "$KSM_ROOT/etc/ksmtab" "$KSM_WORK/ksmtab"
sed -i 's|^root .*|root /dev/vda /dev/disk/by-label/stick luks,initramfs,discard,fallback|' "$KSM_ROOT/etc/ksmtab"
in_root update-initramfs -u -k "$KVER" >/dev/null 2>&1
ok 'one without the module, with the fallback, and its key on a device' keep_initrd initrd.fallback
cp "$KSM_WORK/ksmtab" "$KSM_ROOT/etc/ksmtab"
in_root dkms install -m ksm -v "$KSM_VERSION" -k "$KVER" >/dev/null 2>&1

# ---- its disk ----
# The header by cryptsetup, the data encrypted by OpenSSL.
diag 'its disks'
format() { # FILE MIB KEY-FILE OPTION...
	truncate -s "$(($2 + 16))M" "$1"
	mv "$1" "$KSM_ROOT/root/volume"
	in_root cryptsetup luksFormat --batch-mode --type luks2 --sector-size 512 --key-size 512 --volume-key-file /root/vk \
		"${@:4}" /root/volume "$3"
	local rc=$?
	mv "$KSM_ROOT/root/volume" "$1"
	return $rc
}
fill() { # FILE IMAGE
	in_root /root/ksm-ref encrypt --cipher aes-xts-plain64 --key "$(od -An -v -tx1 "$KSM_ROOT/root/vk" | tr -d ' \n')" \
		--sector-size 512 --start-sector 0 <"$2" | dd of="$1" bs=1M seek=16 conv=notrunc status=none
}
head -c 64 /dev/urandom >"$KSM_ROOT/root/vk"
printf '%s' "$PASS" >"$KSM_ROOT/root/pass"
pbkdf=(--pbkdf pbkdf2 --pbkdf-force-iterations 1000)
argon=(--pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4 --pbkdf-parallel 1)
/sbin/mke2fs -q -F -t ext4 "$KSM_WORK/fs" 32M
ok 'data: header' format "$DATA" 32 /etc/data.key "${pbkdf[@]}"
ok 'data: a file system' fill "$DATA" "$KSM_WORK/fs"
ok 'wrong: header with another key' format "$WRONG" 32 /root/pass "${pbkdf[@]}"
tree_mib() { du -sxm --apparent-size "$KSM_ROOT" | cut -f1; }
rm -rf "$KSM_ROOT"/usr/{src,include,lib/gcc,share/doc,share/lintian,share/perl5} "$KSM_ROOT"/root/ksm "$KSM_ROOT"/var/lib/dkms \
	"$KSM_ROOT"/var/cache/apt "$KSM_ROOT"/var/lib/apt/lists "$KSM_ROOT"/usr/lib/*/*.a
size=$(($(tree_mib) * 5 / 4 + 200))
ok 'root: header, with argon2id' format "$DISK" $size /root/pass "${argon[@]}"
image() {
	# Without what is mounted in it.
	mkdir "$KSM_WORK/tree" && mount --bind "$KSM_ROOT" "$KSM_WORK/tree" &&
		/sbin/mke2fs -q -F -t ext4 -m 0 -d "$KSM_WORK/tree" "$KSM_WORK/fs" "${size}M" &&
		umount "$KSM_WORK/tree"
}
ok 'root: a file system' image
ok 'root: encrypted' fill "$DISK" "$KSM_WORK/fs"
rm "$KSM_WORK/fs"

# ---- boots ----
# on NAME INITRD: the machine, each time with the disks as they were made.
on() {
	cp --reflink=auto --sparse=always "$DISK" "$KSM_WORK/now"
	vm_on "$1" "$KSM_WORK/vmlinuz" "$KSM_WORK/$2" 'root=/dev/mapper/root rw' "$KSM_WORK/now" "$DATA" "$WRONG"
}
# What is typed before a shell asks for it may be read by the one before it, and lost.
login() { says 'login: ' && enter root && says 'root@machine:[^ ]*# ' && enter 'exec sh' && says '2004l.?# ' && enter 'PS1=; stty -echo; dmesg -n 1' && shell true; }
# target DESC MAPPING TARGET
target() {
	shell "dmsetup table $2 | cut -d' ' -f3"
	is "$1" "$VM_OUT" "$3"
}
# driver DESC: which one of AES-XTS something uses; that for the processor has to be in the initramfs.
driver() {
	shell 'grep -q -w aes /proc/cpuinfo' || { skip "$1" 'this processor has no such instructions'; return; }
	shell "awk -v RS= '/name +: xts.aes./ && /refcnt +: ([2-9]|[0-9][0-9])/' /proc/crypto"
	like "$1" "$VM_OUT" 'driver +: xts-aes-'
}
off() { enter 'systemctl poweroff' && says 'reboot: Power down' && vm_off; }

diag 'initramfs-tools'
on initramfs-tools initrd
ok 'the initramfs asks for the passphrase' says 'assphrase for /dev/vda'
enter "$PASS"
if ok 'to the login' login; then
	target 'the root file system is on a mapping of ksm' root ksm
	driver 'encrypted by instructions of the processor'
	shell 'findmnt -no SOURCE /'
	like 'and that is what is mounted' "$VM_OUT" '/dev/mapper/root'
	ok 'its status' shell 'ksmsetup status root'
	like 'says LUKS2' "$VM_OUT" 'LUKS2'
	# With "gone", whose device nobody waits for, there would be no login otherwise.
	ok 'volumes have been opened' shell 'systemctl is-active cryptsetup.target'
	ok 'data, too' shell 'systemctl start ksmsetup@data data.mount'
	target 'it is a mapping of ksm, by systemd' data ksm
	ok 'and mounted' shell 'findmnt /data'
	enter 'systemctl start ksmsetup@wrong; echo started=$?.'
	ok 'one with another key: asks for a passphrase' says 'assphrase for /dev/vdc'
	enter "$PASS"
	ok 'one with another key: opened by that' says 'started=0\.'
	target 'one with another key: a mapping of ksm' wrong ksm
	shell 'journalctl -q --no-pager -u ksmsetup@wrong'
	like 'and its log says why' "$VM_OUT" 'no key of any keyslot.*/dev/vdc: not opened by /etc/data.key'
	ok 'a file on it' shell 'dd if=/dev/urandom of=/data/file bs=64k count=16 && sync'
	ok 'closed and opened by systemctl' shell 'umount /data && systemctl stop ksmsetup@data && ! test -e /dev/mapper/data && systemctl start ksmsetup@data && mount /data && test -s /data/file'
	# Who makes an initramfs need not say on what the root file system is.
	shell "sed -i 's/initramfs,//' /etc/ksmtab; mkdir /run/d"
	ok 'the hook by itself' shell "export DESTDIR=/run/d version=$KVER MODULESDIR=/lib/modules/$KVER verbose=n __MODULES_TO_ADD=/run/modules; sh /usr/share/initramfs-tools/hooks/ksmsetup"
	shell 'cat /run/d/etc/ksmtab'
	like 'the hook finds what it is on' "$VM_OUT" '^root /dev/vda'
	unlike 'and leaves the rest out' "$VM_OUT" '(data|wrong|gone) /dev'
	ok 'off' off
else
	vm_kill
fi

diag 'wrong passphrases, without cryptsetup-initramfs and askpass'
on wrong initrd.bare
for i in 1 2 3; do
	ok "asked, $i" says 'assphrase for /dev/vda'
	enter 'something else'
	ok "refused, $i" says 'no key of any keyslot'
done
ok 'it gives up with a message' says 'ksmsetup: root could not be opened; in the shell that comes: ksmsetup attach root'
ok 'and a shell' says '\(initramfs\)'
enter 'ksmsetup attach --tab /etc/ksmtab root'
ok 'that asks' says 'assphrase for /dev/vda'
enter "$PASS"
ok 'opens it' says 'root: software'
enter exit
ok 'goes on to the login' login && off || vm_kill

diag 'a kernel without the module'
on without initrd.without
ok 'is said to have none' says "this kernel, ${KVER//+/.}, has no target ksm: is the module dm-ksm built for it"
ok 'and there is a shell' says '\(initramfs\)'
vm_kill
on fallback initrd.fallback
ok 'with the fallback: does not wait for ever for the device with the key' says '/dev/vda: not opened by /dev/disk/by-label/stick, so a passphrase is asked for'
ok 'with the fallback: asked' says 'assphrase for /dev/vda'
enter "$PASS"
ok 'with the fallback: dm-crypt opened it' says 'root: dm-crypt opened it instead of ksm'
if ok 'with the fallback: to the login' login; then
	target 'with the fallback: a mapping of dm-crypt' root crypt
	ok 'with the fallback: off' off
else
	vm_kill
fi

diag dracut
on dracut initrd.dracut
ok 'dracut: asked' says 'assphrase for /dev/vda'
enter "$PASS"
if ok 'dracut: to the login' login; then
	target 'dracut: a mapping of ksm' root ksm
	driver 'dracut: encrypted by instructions of the processor'
	ok 'dracut: off' off
else
	vm_kill
fi
