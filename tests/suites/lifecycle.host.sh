# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Building, installing and upgrading, as a user does it: by make and by DKMS.

# KSM_*, KVER and in_root come from tests/lib/host/suite-host.sh.
: "${KSM_ROOT:?}" "${KSM_SRC:?}" "${KSM_VERSION:?}" "${KVER:?}"
OLD=$KSM_VERSION NEW=$KSM_VERSION+test1
KDIR=/lib/modules/$KVER/build
MODS=$KSM_ROOT/lib/modules/$KVER

# A copy of the sources to make in; /tmp of the root is in memory.
cp -a "$KSM_SRC" "$KSM_ROOT/tmp/src"
make_in() { in_root make -C /tmp/src KVER="$KVER" "$@"; }
cp "$MODS/modules.dep" "$KSM_ROOT/tmp/dep.before"

# ---- kernels which lack something ----
diag 'kernels which lack something'
# A build folder with a configuration of its own; FILE is where kbuild keeps it.
fake_kdir() { # FILE [OPTION LEFT OUT]
	rm -rf "$KSM_ROOT/tmp/kdir"
	mkdir -p "$KSM_ROOT/tmp/kdir/include/config"
	echo 'all:' >"$KSM_ROOT/tmp/kdir/Makefile"
	[ -z "$1" ] || grep -v "^${2:-none}=" "$KSM_ROOT$(in_root readlink -f "$KDIR")/include/config/auto.conf" >"$KSM_ROOT/tmp/kdir/$1"
}
# told DESC REGEX KDIR: make fails and says one sentence, which is not make's own.
told() {
	nok "$1" make_in KDIR="$3" modules
	local said
	said=$(grep -v '^make' <<<"$OUT")
	like 'says what is missing' "$said" "$2"
	is 'in one sentence' "$(grep -c . <<<"$said")" 1
}
auto=include/config/auto.conf
for option in CONFIG_MODULES CONFIG_BLK_DEV_DM CONFIG_CRYPTO_SKCIPHER CONFIG_KEYS; do
	fake_kdir $auto $option
	told "a kernel without $option" "^ksm: .* is built without $option, which .* needs\$" /tmp/kdir
done
fake_kdir .config CONFIG_KEYS
told 'the same in .config' '^ksm: .* is built without CONFIG_KEYS, which .* needs$' /tmp/kdir
fake_kdir $auto
sed -i 's/^CONFIG_BLK_DEV_DM=.*/CONFIG_BLK_DEV_DM_BUILTIN=y/' "$KSM_ROOT/tmp/kdir/$auto"
told 'an option of a similar name is not enough' '^ksm: .* is built without CONFIG_BLK_DEV_DM, which .* needs$' /tmp/kdir
fake_kdir ''
told 'headers without a configuration' '^ksm: no configuration in /tmp/kdir: ' /tmp/kdir
told 'no headers' '^ksm: no kernel headers in /tmp/nothing: install linux-headers' /tmp/nothing
fake_kdir $auto
nok 'headers which compile nothing' make_in KDIR=/tmp/kdir modules
like 'are said to do so' "$OUT" 'ksm: not even the simplest module compiles for the kernel in /tmp/kdir'

# Which kernels DKMS is to build for.
built_for() (
	# dkms sets these before it reads the file.
	# shellcheck disable=SC2034
	kernelver=$1 kernel_source_dir=/tmp/kdir
	# shellcheck disable=SC1091
	. "$KSM_SRC/dkms.conf" || exit 2
	[[ $1 =~ ${BUILD_EXCLUSIVE_KERNEL:-.} ]]
)
ok 'dkms.conf takes this kernel' built_for "$KVER"
for v in 6.1.0-1-amd64 6.2.1 6.12.9+deb13-amd64 6.19.0 7.0.0 7.12.1 10.0.1; do
	ok "dkms.conf takes $v" built_for $v
done
for v in 4.19.0-27-amd64 5.10.0-30-amd64 5.15.1 6.0.0-6-amd64; do
	nok "dkms.conf leaves $v alone" built_for $v
done

# ---- make ----
diag make
dest=$KSM_ROOT/tmp/dest/lib/modules/$KVER
mkdir -p "$dest"
cp "$MODS"/modules.{order,builtin,builtin.modinfo} "$dest/"
ok 'make W=1 install INSTALL_MOD_PATH=' make_in -j2 W=1 install INSTALL_MOD_PATH=/tmp/dest
# The root's compiler may be a revision newer than the kernel's, and kbuild runs no
# depmod without a System.map: neither is about our code.
is 'makes no warnings' "$(grep -i -E '(^|[^a-z_])warning:' <<<"$OUT" | grep -v -E 'the compiler differs|modules_install: missing')" ''
names() { (cd "$1" && find . -name '*.ko*' -printf '%f\n' | sed 's/\.ko.*/.ko/' | sort | tr '\n' ' '); }
ALL='crypto_fallback.ko dm-ksm.ko ksm_core.ko ksm_passthrough.ko ufs_shim.ko '
is 'installs the five modules' "$(names "$dest")" "$ALL"
like 'modules.dep there knows them' "$(<"$dest/modules.dep")" 'dm-ksm\.ko[.a-z]*: .*crypto_fallback\.ko.*ksm_core\.ko'
is 'nothing is installed anywhere else' "$(find "$MODS" -name 'dm-ksm*' -o -name 'ksm_core*')" ''
ok "the kernel's own modules.dep is untouched" cmp "$MODS/modules.dep" "$KSM_ROOT/tmp/dep.before"
stamps() { find "$KSM_ROOT/tmp/src" -name '*.ko' -printf '%P %T@\n' | sort; }
before=$(stamps)
ok 'make again' make_in W=1 modules
is 'builds nothing anew' "$(stamps)" "$before"
isnt 'though there was something to build' "$before" ''
ok 'make clean' make_in clean
is 'leaves nothing built' "$(diff -rq "$KSM_SRC" "$KSM_ROOT/tmp/src" 2>&1)" ''

# ---- DKMS ----
diag DKMS
dkms() { in_root dkms "$@"; }
# state VERSION: added, built or installed; empty if it is not there.
state() {
	local s
	s=$(dkms status -m ksm -v "$1" 2>/dev/null | grep "^ksm[/, ]* *$1[,:]" | sed 's/.*: *//')
	echo "${s%% *}"
}
version() { in_root modinfo -k "$KVER" -F version "$1" 2>&1; }
# installed VERSION: all five modules are that version's, where and as they should be.
installed() {
	local m
	is "$1: dkms says installed" "$(state "$1")" installed
	for m in ksm_core ksm_passthrough crypto_fallback dm-ksm ufs_shim; do
		is "$1: $m is of this version" "$(version $m)" "$1"
	done
	is "$1: just five modules are there" "$(find "$MODS" -name '*.ko*' | grep -E '/(dm-ksm|ksm_core|ksm_passthrough|crypto_fallback|ufs_shim)\.ko' | sed "s|^$MODS/||; s/\.ko.*/.ko/" | sort | tr '\n' ' ')" \
		'updates/dkms/crypto_fallback.ko updates/dkms/dm-ksm.ko updates/dkms/ksm_core.ko updates/dkms/ksm_passthrough.ko updates/dkms/ufs_shim.ko '
	for m in crypto_fallback ksm_passthrough; do
		like "$1: modules.dep is right about $m" "$(grep '^updates/dkms/dm-ksm\.ko' "$MODS/modules.dep")" " updates/dkms/$m\.ko.* updates/dkms/ksm_core\.ko"
	done
	like "$1: modprobe finds all" "$(in_root modprobe -S "$KVER" --show-depends dm-ksm 2>&1 | sed 's|.*/||' | tr '\n' ' ')" 'ksm_core\.ko.*crypto_fallback\.ko.*dm-ksm\.ko'
}

ok 'dkms install of the first version' dkms install -m ksm -v "$OLD" -k "$KVER"
installed "$OLD"

cp -a "$KSM_SRC" "$KSM_ROOT/usr/src/ksm-$NEW"
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$NEW\"/" "$KSM_ROOT/usr/src/ksm-$NEW/dkms.conf"
ok 'dkms add of a newer version' dkms add -m ksm -v "$NEW"
is 'it is added' "$(state "$NEW")" added
is 'the old one is installed' "$(state "$OLD")" installed
ok 'dkms build' dkms build -m ksm -v "$NEW" -k "$KVER"
is 'it is built' "$(state "$NEW")" built
is 'the modules are the old ones' "$(version dm-ksm)" "$OLD"
ok 'dkms install over the old version' dkms install -m ksm -v "$NEW" -k "$KVER"
installed "$NEW"
is 'the old one is only built' "$(state "$OLD")" built
ok 'dkms remove of the old version' dkms remove -m ksm -v "$OLD" --all
is 'it is gone' "$(state "$OLD")" ''
installed "$NEW"
ok 'dkms uninstall' dkms uninstall -m ksm -v "$NEW" -k "$KVER"
is 'it is only built' "$(state "$NEW")" built
is 'no module is left, old or new' "$(find "$MODS" \( -name 'dm-ksm*' -o -name 'ksm_core*' -o -name 'ksm_passthrough*' -o -name 'crypto_fallback*' -o -name 'ufs_shim*' \))" ''
unlike 'nor in modules.dep' "$(<"$MODS/modules.dep")" 'dm-ksm|ksm_core|ksm_passthrough|crypto_fallback|ufs_shim'
ok 'which is as it was before' cmp "$MODS/modules.dep" "$KSM_ROOT/tmp/dep.before"
nok 'modprobe does not find it' in_root modprobe -S "$KVER" --show-depends dm-ksm
ok 'dkms remove' dkms remove -m ksm -v "$NEW" --all
is 'dkms knows nothing of us' "$(dkms status 2>/dev/null | grep -c ksm)" 0
is 'and keeps nothing' "$(find "$KSM_ROOT/var/lib/dkms" -mindepth 2)" ''

# ---- make dkms-install ----
diag 'make dkms-install'
# Two more kernels, as far as dkms can tell, and modules that are built in no time.
for k in "$KVER-other" "$KVER-gone"; do
	mkdir "$KSM_ROOT/lib/modules/$k"
	cp -a "$MODS"/{build,modules.order,modules.builtin,modules.builtin.modinfo} "$KSM_ROOT/lib/modules/$k/"
done
quick=$KSM_ROOT/tmp/quick
mkdir -p "$quick/tests/lib/host"
cp -a "$KSM_SRC"/{Kbuild,dkms.conf,LICENSE,compat,include,ksm_core,ksm_passthrough,crypto_fallback,dm-ksm-target,ufs_shim} "$quick/"
cp "$KSM_SNAP/tests/lib/host/dkms-here.sh" "$quick/tests/lib/host/"
cat >"$quick/Makefile" <<'END'
ALL = ksm_core/ksm_core ksm_passthrough/ksm_passthrough crypto_fallback/crypto_fallback dm-ksm-target/dm-ksm ufs_shim/ufs_shim
modules: $(ALL:=.ko)
%.ko:
	test ! -e /tmp/quick/broken
	echo 'const char x[] __attribute__((section(".modinfo"), used)) = "license=GPL";' | gcc -x c -c -o $@ -
clean:
	rm -f $(ALL:=.ko)
END
dkms_here() { in_root /tmp/quick/tests/lib/host/dkms-here.sh "$KVER"; }
# have: which kernels have the module; and dkms says so.
have() {
	local k
	for k in "$KVER" "$KVER-other" "$KVER-gone"; do
		[ -z "$(find "$KSM_ROOT/lib/modules/$k" -name 'dm-ksm.ko*')" ] || echo "${k#"$KVER"}."
		dkms status -m ksm -v "$OLD" -k "$k" | grep installed >/dev/null && echo "dkms${k#"$KVER"}."
	done | xargs
}
ok 'installs' dkms_here
is 'for one kernel' "$(have)" '. dkms.'
for k in "$KVER-other" "$KVER-gone"; do ok 'dkms install for another' dkms install -m ksm -v "$OLD" -k "$k"; done
all='. dkms. -other. dkms-other. -gone. dkms-gone.'
is 'three kernels have it' "$(have)" "$all"
: >"$quick/broken"
nok 'sources that do not build' dkms_here
like 'are said not to' "$OUT" "ksm: does not build for kernel ${KVER//+/.}; what is installed stays as it is"
is 'it does' "$(have)" "$all"
rm "$quick/broken" "$KSM_ROOT/lib/modules/$KVER-gone/build"
ok 'again' dkms_here
is 'installs for all that had it' "$(have)" '. dkms. -other. dkms-other.'
like 'and warns of those for which it cannot' "$OUT" "ksm: warning: kernel ${KVER//+/.}-gone had the modules, and has none now"
is 'what was tried is not left' "$(find "$KSM_ROOT/usr/src" -maxdepth 1 -name "ksm-$OLD.*")" ''
