# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# ksmsetup under valgrind, as far as that goes without its kernel; units for systemd; what the manuals
# and the completion know.
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
	unlike "valgrind: $desc: says nothing" "$OUT" '^=='
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

# ---- units ----

mkdir "$D/units"
cat >"$D/ksmtab" <<'END'
# a comment

root UUID=12-ab none luks,initramfs
data-1 /dev/vdb /etc/key nofail,hw=require
a%b LABEL=x/y none noauto,_netdev
sw /dev/vdc /dev/urandom plain,swap,cipher=aes-xts-plain64,size=512
END
ok 'generator' in_root env KSMTAB=/root/w/ksmtab /root/w/tools/ksmsetup/ksmsetup-generator /root/w/units
units=$(cd "$D/units" && find . ! -type d -printf '%P\n' | sort)
for want in 'ksmsetup@root.service' 'cryptsetup.target.requires/ksmsetup@root.service' 'dev-mapper-root.device.requires/ksmsetup@root.service' \
	'ksmsetup@data\x2d1.service' 'cryptsetup.target.wants/ksmsetup@data\x2d1.service' 'ksmsetup@a\x25b.service' 'ksmsetup@sw.service'; do
	ok "generator: $want" grep -q -x -F "$want" <<<"$units"
done
nok 'generator: noauto is started by nobody' grep -q 'target.*a.x25b' <<<"$units"
# systemd's own words about them; the program is not where it will be.
install -D -m 755 "$D/tools/ksmsetup/ksmsetup" "$KSM_ROOT/usr/sbin/ksmsetup"
verified() { in_root env SYSTEMD_UNIT_PATH=/root/w/units: systemd-analyze verify --man=no "/root/w/units/$1" 2>&1 | grep -F ksmsetup@; }
for u in root 'data\x2d1' 'a\x25b' sw; do
	is "generator: systemd likes $u" "$(verified "ksmsetup@$u.service")" ''
done
printf 'bad\n' >>"$D/ksmtab"
rm -rf "$D/units" && mkdir "$D/units"
nok 'generator: a wrong line' in_root env KSMTAB=/root/w/ksmtab /root/w/tools/ksmsetup/ksmsetup-generator /root/w/units
like 'generator: says which' "$OUT" '/root/w/ksmtab:7: a line is'
ok 'generator: makes the others' test -e "$D/units/ksmsetup@root.service"

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
