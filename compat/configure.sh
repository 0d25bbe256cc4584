#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: compat/configure.sh KDIR
#
# Writes compat/generated.h for the kernel whose build folder is KDIR: one
# KSM_HAVE_* for each file in compat/probe that compiles for it. A file may
# also name an exported symbol that it needs ("needs-symbol: NAME"), which
# compiling does not show.
set -eu

kdir=$1
here=$(cd "$(dirname "$0")" && pwd)
probes=$here/probe
header=$here/generated.h

die() {
	echo "ksm: $*" >&2
	exit 1
}

if [ ! -e "$kdir/Makefile" ]; then
	die "no kernel headers in $kdir: install linux-headers for this kernel, or give make KDIR=<folder>"
fi

# Says which option of the kernel's configuration is missing, and for what.
require_config() {
	for conf in "$kdir/include/config/auto.conf" "$kdir/.config"; do
		[ -e "$conf" ] || continue
		grep -q "^$1=[ym]" "$conf" && return
		die "this kernel ($kdir) is built without $1, which $2 needs"
	done
	die "no configuration in $kdir: the kernel's build folder is not complete"
}

require_config CONFIG_MODULES "a loadable module"
require_config CONFIG_BLK_DEV_DM "dm-ksm"
require_config CONFIG_CRYPTO_SKCIPHER "crypto_fallback"
require_config CONFIG_KEYS "dm-ksm, for keys in keyrings,"

exported() {
	grep -q "[[:space:]]$1[[:space:]]" "$kdir/Module.symvers" 2>/dev/null
}

log=$probes/probe.log
rm -f "$probes"/*.o
# Most of the errors in here are answers. Extra checks that the caller wants are
# for the modules, not for these.
make -k -C "$kdir" "M=$probes" W= C=0 modules >"$log" 2>&1 || true
if [ ! -e "$probes/always.o" ]; then
	cat "$log" >&2
	die "not even the simplest module compiles for the kernel in $kdir, see above"
fi

{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* Made by compat/configure.sh. */"
	for file in "$probes"/*.c; do
		name=$(basename "$file" .c)
		symbol=$(sed -n 's/.*needs-symbol: \([a-z0-9_]*\).*/\1/p' "$file")
		[ "$name" != always ] || continue
		[ -e "$probes/$name.o" ] || continue
		[ -z "$symbol" ] || exported "$symbol" || continue
		echo "#define KSM_HAVE_$(echo "$name" | tr '[:lower:]' '[:upper:]') 1"
	done
} >"$header.new"

# An unchanged header must not look new, or everything would be built again.
if cmp -s "$header.new" "$header"; then
	rm "$header.new"
else
	mv "$header.new" "$header"
fi
