#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside a root. Debian's fio is linked to all that can store anything over a network, some
# sixty libraries, which a guest on an emulated processor takes longer to load (10 s on a kernel
# with checks) than most tests do I/O for. Those of its libraries that are for no disk are
# replaced by ones that have the same symbols and nothing behind them.
set -euo pipefail
fio=$(command -v fio)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
path_of() { ldconfig -p | sed -n "s/^\t$1 (.*x86-64) => //p" | head -n 1; }
# What zlib has is not for us to stand in for; nothing else in fio has no version.
readelf -W --dyn-syms "$(path_of libz.so.1)" | awk '$4 == "FUNC" && $7 != "UND" { sub(/@.*/, "", $8); print $8 }' >"$work/zlib"
readelf -W --dyn-syms "$fio" | awk '$4 == "FUNC" && $7 == "UND" { print $8 }' | grep -v -x -F -f "$work/zlib" >"$work/symbols"
# Lines "LIBRARY VERSION": which versions of symbols come from which.
readelf -W -V "$fio" | sed -n 's/.* File: \([^ ]*\) .*/lib \1/p; s/.* Name: \([^ ]*\)  Flags.*/\1/p' |
	awk '$1 == "lib" { lib = $2; next } { print lib, $1 }' >"$work/versions"

# stand_in LIBRARY VERSION...: symbols without a version could be of any of them.
stand_in() {
	local lib=$1 version symbol
	shift
	: >"$work/map"
	{
		grep -v @ "$work/symbols" || true
		for version; do
			sed -n "s/@$version\$//p" "$work/symbols" >"$work/of"
			{
				echo "$version { global:"
				sed 's/$/;/' "$work/of"
				echo '};'
			} >>"$work/map"
			cat "$work/of"
		done
	} | while read -r symbol; do echo ".globl $symbol; .type $symbol, @function; $symbol: ud2"; done >"$work/lib.s"
	gcc -shared -nostdlib -Wl,-soname,"$lib" ${1+-Wl,--version-script,"$work/map"} -o "$work/lib.so" "$work/lib.s"
	cp --remove-destination "$work/lib.so" "$(path_of "$lib")"
}

readelf -W -d "$fio" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r lib; do
	case $lib in
	libc.* | libm.* | libz.* | libaio.* | libnuma.*) ;;
	*)
		# shellcheck disable=SC2046 # one word each
		stand_in "$lib" $(sed -n "s/^$lib //p" "$work/versions")
		;;
	esac
done
"$fio" --version
