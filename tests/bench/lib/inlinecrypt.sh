# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Mainline's dm-inlinecrypt, which Debian does not build: its one file is taken from
# the source package of the kernel at hand and built as a module for the stock
# kernel. It is only measured; nothing of it is kept outside of the cache.

INLINECRYPT_FILE=drivers/md/dm-inlinecrypt.c
INLINECRYPT_RECIPE=1

# inlinecrypt_wanted: the kernel can do it and was built without it.
inlinecrypt_wanted() {
	grep -q '^# CONFIG_DM_INLINECRYPT is not set' "$ROOT_DIR/root/boot/config-$KVER"
}

# inlinecrypt_use LABEL WORK: sets INLINECRYPT_KO, for the kernel of the root in use.
inlinecrypt_use() {
	local dir=$KSM_CACHE/inlinecrypt/$ROOT_ID-$INLINECRYPT_RECIPE
	INLINECRYPT_KO=$dir/dm-inlinecrypt.ko
	mkdir -p "$dir"
	with_lock "inlinecrypt-$1" inlinecrypt_make "$1" "$dir" "$2"
}

inlinecrypt_make() {
	local label=$1 dir=$2 work=$3/inlinecrypt rc=0
	[ ! -e "$INLINECRYPT_KO" ] || return 0
	inlinecrypt_source "$label" "$dir" >"$dir/log" 2>&1 &&
		inlinecrypt_build "$dir" "$work" >>"$dir/log" 2>&1 || rc=$?
	rm -rf --one-file-system "$work"
	[ "$rc" = 0 ] || tail -n 15 "$dir/log" >&2
	return "$rc"
}

# The host's apt may not know the release, so it gets lists of its own for this.
inlinecrypt_source() {
	local label=$1 dir=$2 apt=$2/apt pkg=linux-source-$1
	local -a get=(apt-get -q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=-
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache")
	local opt
	[ ! -s "$dir/dm-inlinecrypt.c" ] || return 0
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	# shellcheck disable=SC2046 # words wanted
	mirror_sources $(kernel_suite "$label") >"$apt/sources.list"
	while IFS= read -r opt; do get+=(-o "$opt"); done < <(mirror_aptopts | sed 's/ "/=/; s/"$//')
	"${get[@]}" update || return 1
	(cd "$apt" && "${get[@]}" download "$pkg") || return 1
	dpkg-deb --fsys-tarfile "$apt/$pkg"_*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJO --wildcards "*/$INLINECRYPT_FILE" >"$dir/dm-inlinecrypt.c" || return 1
	# It is a whole kernel.
	rm -rf "$apt"
	[ -s "$dir/dm-inlinecrypt.c" ]
}

inlinecrypt_build() {
	# shellcheck disable=SC2016 # expanded inside
	overlay_run "$ROOT_DIR/root" "$2" bash -c '
		set -euo pipefail
		mkdir "$KSM_ROOT/tmp/m"
		cp "$1/dm-inlinecrypt.c" "$KSM_ROOT/tmp/m/"
		echo "obj-m := dm-inlinecrypt.o" >"$KSM_ROOT/tmp/m/Kbuild"
		chroot "$KSM_ROOT" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 make -C "/lib/modules/$KVER/build" M=/tmp/m modules
		cp "$KSM_ROOT/tmp/m/dm-inlinecrypt.ko" "$1/"
	' - "$1" "$2"
}
