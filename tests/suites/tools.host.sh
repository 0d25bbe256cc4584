# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# ksmsetup under valgrind, as far as that goes without its kernel; units for systemd; what goes into
# an initramfs; what the manuals and the completion know.
# root: os

: "${KSM_ROOT:?}" "${KSM_SNAP:?}" "${KSM_VERSION:?}"
D=$KSM_ROOT/root/w
mkdir -p "$D"
cp -a "$KSM_SNAP/tools" "$D/"
ok 'build' in_root make -C /root/w/tools/ksmsetup CFLAGS='-O1 -g' VERSION="$KSM_VERSION"
K=/root/w/tools/ksmsetup/ksmsetup

# ---- valgrind ----

printf 'a passphrase' >"$D/pass"
printf 'another one' >"$D/wrong"
truncate -s 20M "$D/luks1" "$D/luks2"
for v in 1 2; do
	ok "LUKS$v: format" in_root cryptsetup luksFormat --batch-mode --type luks$v --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		/root/w/luks$v /root/w/pass
done
printf 'a /dev/none /root/w/pass nofail\nbad\n' >"$D/tab"
# under DESC STATUS ARGUMENT...: ends so, and valgrind finds nothing, neither leaks.
under() {
	local desc=$1 want=$2 rc=0
	shift 2
	in_root valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible --error-exitcode=99 --child-silent-after-fork=yes \
		"$K" "$@" >"$TAP_DIR/out" 2>&1 </dev/null || rc=$?
	tap_output
	is "valgrind: $desc" "$rc" "$want"
	unlike "valgrind: $desc: says nothing" "$OUT" $'(^|\n)=='
}
for v in 1 2; do
	under "LUKS$v: right" 0 open --test-passphrase --key-file /root/w/pass /root/w/luks$v
	under "LUKS$v: wrong" 2 open --test-passphrase --key-file /root/w/wrong /root/w/luks$v
	under "LUKS$v: by a program" 0 open --test-passphrase --askpass 'cat /root/w/pass; :' /root/w/luks$v
	under "LUKS$v: empty key slot" 1 open --test-passphrase --key-slot 3 --key-file /root/w/pass /root/w/luks$v
done
in_root cryptsetup luksAddKey --batch-mode --unbound --key-size 512 --key-slot 5 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
	/root/w/luks2 /root/w/wrong
under 'unbound key slot' 1 open --test-passphrase --key-slot 5 --key-file /root/w/wrong /root/w/luks2
under 'by the passphrase of an unbound key slot' 2 open --test-passphrase --key-file /root/w/wrong /root/w/luks2
under 'sectors of 511 bytes' 1 open --test-passphrase --sector-size 511 /root/w/luks2
under 'a name with a slash' 1 close a/b
under 'a detached header' 0 open --test-passphrase --header /root/w/luks2 --key-file /root/w/pass /root/w/luks1
under 'no header' 1 open --test-passphrase --key-file /root/w/pass /root/w/tools/ksmsetup/ksmsetup
under 'no key file' 1 open --test-passphrase --key-file /root/w/none /root/w/luks2
under 'no option' 1 open --nothing
under 'no command' 1 nothing
under 'help' 0 --help
under 'attach, a line that is wrong' 1 attach --tab /root/w/tab b

# What somebody writes to a pipe may never come.
in_root mkfifo /root/w/fifo
for sig in INT TERM; do
	in_root timeout --preserve-status -k 20 -s $sig 1 "$K" open --test-passphrase --key-file /root/w/fifo /root/w/luks2
	is "SIG$sig ends it while it waits for a pipe" $? $((128 + $(kill -l $sig)))
done
in_root timeout --preserve-status -k 20 -s TERM 1 "$K" open --test-passphrase --key-file - /root/w/luks2 < <(printf x && exec sleep 20)
is 'SIGTERM ends it while it waits for more of a pipe' $? 143

# ---- units ----

mkdir "$D"/{units,early,late}
cat >"$D/ksmtab" <<'END'
# a comment

root UUID=12-ab none luks,initramfs,timeout=30
data-1 /dev/vdb /etc/a%key nofail,hw=require,auto,x-other,no-read-workqueue,x-systemd.device-timeout=5s
a=b LABEL=x/y none noauto,_netdev
sw /dev/vdc /dev/urandom plain,swap,cipher=aes-xts-plain64,size=512
far /dev//vdd /dev/disk/by-label/keys _netdev,header=/srv/header
behind /root/w/behind /dev/urandom plain,swap,offset=2048,cipher=aes-xts-plain64,size=512
header /dev/vdc none luks,swap
all /root/w/all /dev/urandom plain,swap,cipher=aes-xts-plain64,size=512
END
generator() { in_root env KSMTAB=/root/w/ksmtab /root/w/tools/ksmsetup/ksmsetup-generator /root/w/units /root/w/early /root/w/late; }
ok 'generator' generator
(cd "$D/units" && find . ! -type d -printf '%P\n' | sort) >"$D/list"
for want in 'ksmsetup@root.service' 'cryptsetup.target.requires/ksmsetup@root.service' 'dev-mapper-root.device.requires/ksmsetup@root.service' \
	'ksmsetup@data\x2d1.service' 'cryptsetup.target.wants/ksmsetup@data\x2d1.service' 'ksmsetup@a\x3db.service' 'ksmsetup@sw.service' \
	'remote-cryptsetup.target.requires/ksmsetup@far.service' 'dev-mapper-root.device.d/40-device-timeout.conf'; do
	ok "generator: $want" grep -q -x -F "$want" "$D/list"
done
nok 'generator: noauto is started by nobody' grep -q 'target.*a.x3db' "$D/list"
nok 'generator: nobody waits for nofail' grep -q 'dev-mapper-data.*timeout' "$D/list"
# has UNIT LINE..., hasnt UNIT LINE...
has() {
	local unit=$1 line
	shift
	for line; do ok "generator: $unit: $line" grep -q -x -F -e "$line" "$D/units/$unit"; done
}
hasnt() { nok "generator: $1: not $2" grep -q -x -F -e "$2" "$D/units/$1"; }
has ksmsetup@root.service Before=cryptsetup.target 'BindsTo=dev-disk-by\x2duuid-12\x2dab.device' 'After=dev-disk-by\x2duuid-12\x2dab.device' \
	'ExecStart=/usr/sbin/ksmsetup attach --askpass "systemd-ask-password --icon=drive-harddisk --timeout=30 --id=ksmsetup" --tab "/root/w/ksmtab" "root"'
hasnt ksmsetup@root.service Conflicts=umount.target
nok 'generator: root is not closed' grep -q ExecStop "$D/units/ksmsetup@root.service"
has 'ksmsetup@data\x2d1.service' 'RequiresMountsFor="/etc/a%%key"' Conflicts=umount.target 'ExecStop=/usr/sbin/ksmsetup detach "data-1"'
hasnt 'ksmsetup@data\x2d1.service' Before=cryptsetup.target
has dev-vdb.device.d/50-ksmsetup-timeout.conf JobRunningTimeoutSec=5s
has dev-mapper-root.device.d/40-device-timeout.conf JobTimeoutSec=infinity
has ksmsetup@sw.service After=systemd-random-seed.service \
	"ExecStartPre=/bin/sh -c 'test ! -e \"\$\$1\" || { echo \"\$\$1 is there already, and may have data\" >&2; exit 1; }' sh \"/dev/mapper/sw\"" \
	"ExecStartPost=/bin/sh -c 'mkswap \"\$\$1\" || { /usr/sbin/ksmsetup detach \"\$\$2\"; exit 1; }' sh \"/dev/mapper/sw\" \"sw\""
# looks UNIT FILE [PATH]: what the unit does before it maps its device, which is FILE for once.
looks() {
	ln -sf "$2" "$D/$1"
	in_root env PATH="${3:-/usr/sbin:/usr/bin:/sbin:/bin}" /bin/sh -c "$(sed -n 's/\$\$/$/g; s/^ExecStartPre=\(.*found.*\)/\1/p' "$D/units/ksmsetup@$1.service")"
}
head -c 8M /dev/urandom >"$D/random"
for f in ext2 moved two; do cp "$D/random" "$D/$f"; done
in_root mke2fs -q -F -t ext2 -L swap /root/w/ext2 1M
in_root mke2fs -q -F -t ext2 -E offset=1048576 /root/w/moved 4M
cp "$D/ext2" "$D/two"
# The beginning of a squashfs, 4.0: blkid says of these two what it says of nothing, or has a status of its own.
{ printf hsqs && head -c 24 /dev/zero && printf '\4\0\0\0'; } | dd of="$D/two" conv=notrunc status=none
says='has something that is no swap space of ours'
for u in all behind; do ok "swap: $u: a device with nothing that is known" looks $u random; done
nok 'swap: not one with a file system' looks all ext2
like 'swap: says what it found' "$OUT" "/root/w/all $says.*ext2"
nok 'swap: nor one with two things' looks all two
like 'swap: says so' "$OUT" "/root/w/all $says.*squashfs"
nok 'swap: nor one with a file system from the offset on' looks behind moved
like 'swap: says what it found there' "$OUT" "/root/w/behind $says.*TYPE=\"ext2\""
ok 'swap: what lies before the offset does not count' looks behind ext2
for u in all behind; do ok "swap: $u: goes on where nothing can look" looks $u moved /nowhere; done
nok 'swap: of LUKS, its header is no reason' grep -q found "$D/units/ksmsetup@header.service"
has ksmsetup@far.service Before=remote-cryptsetup.target BindsTo=dev-vdd.device 'RequiresMountsFor="/srv/header"' \
	'Requires=dev-disk-by\x2dlabel-keys.device' 'After=dev-disk-by\x2dlabel-keys.device'
# Those that systemd has in a package that need not be there.
for want in cryptsetup.target remote-cryptsetup.target sysinit.target.wants/cryptsetup.target multi-user.target.wants/remote-cryptsetup.target; do
	ok "generator: $want" test -e "$D/late/$want"
done
# systemd's own words about them; the program is not where it will be.
install -D -m 755 "$D/tools/ksmsetup/ksmsetup" "$KSM_ROOT/usr/sbin/ksmsetup"
verified() { in_root env SYSTEMD_UNIT_PATH=/root/w/units:/root/w/late: systemd-analyze verify --man=no "/root/w/units/$1" 2>&1 | grep -F ksmsetup@; }
for u in root 'data\x2d1' 'a\x3db' sw far behind header all; do
	is "generator: systemd likes $u" "$(verified "ksmsetup@$u.service")" ''
done
sed 's/^Type=.*/Type=nothing/; s/^ExecStart=.*/ExecStart=nothing/' "$D/units/ksmsetup@root.service" >"$D/units/ksmsetup@broken.service"
isnt 'generator: systemd does not like all that there is' "$(verified ksmsetup@broken.service)" ''
printf 'bad\nlate /dev/vde none x-systemd.device-timeout=5%%\nroot /dev/vdf\na%%b /dev/vdg\n' >>"$D/ksmtab"
rm -rf "$D"/{units,early,late} && mkdir "$D"/{units,early,late}
nok 'generator: a wrong line' generator
like 'generator: says which' "$OUT" '/root/w/ksmtab:11: a line is'
like 'generator: a time that is none' "$OUT" 'late: x-systemd.device-timeout=5%: not a time'
like 'generator: a name that was there' "$OUT" '/root/w/ksmtab:13: a line before has the name root'
like 'generator: a name that is another one in /dev/mapper' "$OUT" '/root/w/ksmtab:14: a%b: a name may have'
ok 'generator: makes the others' test -e "$D/units/ksmsetup@root.service"

# ---- what goes into an initramfs ----

needs() { in_root env KSMTAB=/root/w/ksmtab sh /root/w/tools/boot-needs "$@"; }
is 'initramfs: marked lines' "$(needs lines | cut -d' ' -f1)" root
is 'initramfs: new at each boot' "$(needs temporary | xargs)" 'sw behind header all'
sed -i '/^late/d; s/^sw .*/&,initramfs/' "$D/ksmtab"
is 'initramfs: never those' "$(needs lines | cut -d' ' -f1)" root
install -D -m 755 "$D/tools/ksmsetup/ksmsetup-generator" "$KSM_ROOT/usr/lib/systemd/system-generators/ksmsetup-generator"
ok 'initramfs: the table is looked at' needs check
like 'initramfs: wrong lines are found' "$OUT" '/root/w/ksmtab:11: a line is'
mkdir -p "$KSM_ROOT/etc/modules-load.d"
nok 'initramfs: no shim' needs shim
echo ufs_shim >"$KSM_ROOT/etc/modules-load.d/ufs.conf"
ok 'initramfs: a shim, where the host loads it' needs shim
rm "$KSM_ROOT/etc/modules-load.d/ufs.conf"

# dracut's module, with dracut's functions replaced: dm-crypt leaves our volumes alone, and others not.
cat >"$D/dracut" <<'END'
uuid=$(blkid -p -s UUID -o value /root/w/luks2)
mkdir -p /root/w/image/etc/cmdline.d /usr/lib/ksmsetup
cp /root/w/tools/boot-needs /usr/lib/ksmsetup/
echo key >/root/w/key
printf '%s\n' 'root /root/w/luks2 none initramfs' "data UUID=12-ab /root/w/key initramfs" >/etc/ksmtab
echo " rd.luks.uuid=luks-$uuid rd.luks.uuid=luks-other rd.luks.uuid=luks-12-ab" >/root/w/image/etc/cmdline.d/90crypt.conf
initdir=/root/w/image srcmods=/lib/modules/none/ kernel=none
inst_multiple() { :; }
inst_libdir_file() { :; }
inst_simple() { [ -e "$1" ]; }
instmods() { :; }
dwarn() { echo "warning: $*"; }
. /root/w/tools/dracut/module-setup.sh
install && installkernel
END
ok 'dracut: the module' in_root bash /root/w/dracut
like 'dracut: a key file in the image is said' "$OUT" 'warning: ksmsetup: data: the key file /root/w/key is in the image'
like 'dracut: and a kernel without the module' "$OUT" 'warning: ksmsetup: kernel none has no module dm-ksm'
is 'dracut: dm-crypt opens the others only' "$(xargs <"$D/image/etc/cmdline.d/90crypt.conf")" rd.luks.uuid=luks-other
is 'dracut: the lines' "$(cut -d' ' -f1 "$D/image/etc/ksmtab" | xargs)" 'root data'
rm "$KSM_ROOT/etc/ksmtab"

# ---- words ----

options=$(sed -n 's/^	{ "\([a-z-]*\)", .*/\1/p' "$D/tools/ksmsetup/options.c")
isnt 'there are options' "$options" ''
for o in $options; do
	ok "completion: --$o" grep -q -e "--$o\b" "$D/tools/ksmsetup/completion.bash"
	case $o in help | version) continue ;; esac
	ok "manual: --$o" grep -q -e "$(printf '%s' "--$o" | sed 's/-/\\\\-/g')" "$D/tools/ksmsetup/ksmsetup.8"
done
for c in $(in_root "$K" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	ok "completion: $c" grep -q "commands=.*\b$c\b" "$D/tools/ksmsetup/completion.bash"
	ok "manual: $c" grep -q -E "^\.(BI|BR) \"?$c " "$D/tools/ksmsetup/ksmsetup.8"
done
