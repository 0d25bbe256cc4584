# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# QEMU with a UFS controller that has inline encryption: Debian 13's source package
# with the patches in tests/qemu, built once, in a root of its own, and run with the
# libraries of the unpacked Debian 13 (emulator.sh), as it is built against those.

EMULATOR_UFS_SUITE=(trixie updates security)
# Raise to have it built anew.
EMULATOR_UFS_RECIPE=1
EMULATOR_UFS_PACKAGES=(gcc libc6-dev ninja-build meson python3-venv libglib2.0-dev
	libfdt-dev zlib1g-dev nettle-dev pkgconf patch xz-utils dpkg-dev seabios qemu-system-data)

# emulator_ufs_use: sets QEMU_UFS (an array), building it first if need be.
# KSM_QEMU_UFS names another binary, which is run as it is.
emulator_ufs_use() {
	local key dir i
	local -a QEMU
	if [ -n "${KSM_QEMU_UFS:-}" ]; then
		QEMU_UFS=("$KSM_QEMU_UFS")
		return 0
	fi
	# The runtime, whichever QEMU the other suites use.
	KSM_QEMU='' emulator_use || return 1
	key=$({
		echo "$EMULATOR_UFS_RECIPE" "${EMULATOR_UFS_PACKAGES[@]}"
		cat "$KSM_TOP"/tests/qemu/{[0-9]*.patch,inline.mak,build.sh}
	} | hash_text)
	dir=$KSM_CACHE/emulator-ufs/$key
	with_lock emulator-ufs emulator_ufs_make "$dir" || return 1
	# The same command with the other program.
	QEMU_UFS=("${QEMU[@]}")
	for i in "${!QEMU_UFS[@]}"; do
		case ${QEMU_UFS[i]} in */bin/qemu-system-x86_64) QEMU_UFS[i]=$dir/qemu-system-x86_64 ;; esac
	done
}

emulator_ufs_make() {
	local dir=$1 top=$KSM_CACHE/emulator-ufs tmp=$KSM_CACHE/emulator-ufs/tmp start=$SECONDS
	local what='building QEMU with UFS keyslots'
	if [ -e "$dir/complete" ]; then
		touch "$dir/complete"
		return 0
	fi
	# The lock is ours, so this is what a killed run left.
	rm -rf --one-file-system "$tmp" "$dir"
	mkdir -p "$tmp/in" "$tmp/out" "$tmp/source"
	# A rebuild with other patches takes the source package of the first build, also
	# when the mirror has gone on to a newer version.
	KSM_SOURCE=''
	[ -e "$top/source" ] || KSM_SOURCE=$tmp/source
	build_root "$tmp" "$top/root.log" "$what" "${EMULATOR_UFS_PACKAGES[@]}" || return 1
	[ -e "$top/source" ] || mv "$tmp/source" "$top/source" || return 1
	cp "$top/source/"* "$KSM_TOP"/tests/qemu/{[0-9]*.patch,inline.mak,build.sh} "$tmp/in/" || return 1
	if ! build_run "$tmp" "$top/build.log" "$what" build.sh; then
		msg "the source package is kept; to fetch the mirror's present one, delete $top/source"
		return 1
	fi
	mv "$top/build.log" "$top/root.log" "$tmp/out/"
	touch "$tmp/out/complete"
	mv "$tmp/out" "$dir"
	rm -rf --one-file-system "$tmp"
	# Those of other branches may still be in use, so only old ones go.
	find "$top" -mindepth 2 -maxdepth 2 -name complete -mtime +14 -printf '%h\0' | xargs -0 -r rm -rf
	msg "built QEMU $(<"$dir/version") with UFS keyslots in $((SECONDS - start)) s"
}

# build_root TMP LOG WHAT PACKAGE...: TMP/root, a Debian 13 with these packages, and
# QEMU's source package in $KSM_SOURCE unless that is empty. Packages are kept as
# those of the other roots are (roots.sh).
build_root() {
	local tmp=$1 log=$2 what=$3 opt
	local -a args=()
	shift 3
	msg "$what: making a root to build in"
	mkdir -p "$KSM_CACHE/debs"
	export KSM_POOL=$KSM_CACHE/debs KSM_SOURCE
	while IFS= read -r opt; do args+=("--aptopt=$opt"); done < <(mirror_aptopts)
	for opt in "${ROOT_EXCLUDES[@]}"; do args+=("--dpkgopt=path-exclude=$opt"); done
	args+=(--skip=download/empty --skip=essential/unlink
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && find "$KSM_POOL" -name "*.deb" -exec cp -l -t "$1/var/cache/apt/archives" {} +'
		--customize-hook='cd "$1/var/cache/apt/archives" && for d in *.deb; do [ -e "$KSM_POOL/$d" ] || { ln "$d" "$KSM_POOL/.$d.$$" && mv "$KSM_POOL/.$d.$$" "$KSM_POOL/$d"; }; done')
	# With the root's lists and keys; the host's apt knows nothing of it.
	[ -z "$KSM_SOURCE" ] ||
		args+=(--customize-hook='cd "$KSM_SOURCE" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q source --download-only qemu')
	DEBIAN_FRONTEND=noninteractive setpriv --pdeathsig TERM timeout 1800 \
		mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$(IFS=,; echo "$*")" "${args[@]}" \
		"${EMULATOR_UFS_SUITE[0]}" "$tmp/root" - >"$log" 2>&1 < <(
			mirror_sources "${EMULATOR_UFS_SUITE[@]}"
			[ -z "$KSM_SOURCE" ] || mirror_sources "${EMULATOR_UFS_SUITE[@]}" | sed 's/^deb /deb-src /'
		) && return 0
	tail -n 15 "$log" >&2
	rm -rf --one-file-system "$tmp"
	msg "$what failed: no root to build in or no source package; log: $log"
	return 1
}

# build_run TMP LOG WHAT SCRIPT [KEPT]: runs TMP/in/SCRIPT in TMP/root with the folders TMP/in
# and TMP/out as arguments, in namespaces of its own, so that mounts and processes go
# away with this one. The folder KEPT, for caches, is /mnt/kept there.
# If it fails, a line "KSM-FAILED why" of its output says why.
build_run() {
	local tmp=$1 log=$2 what=$3 kept=${5:-} rc=0 why
	mkdir -p "$tmp/root/build" "$tmp/overlay" ${kept:+"$kept"}
	# shellcheck disable=SC2016 # expanded inside
	setpriv --pdeathsig TERM timeout -k 10 "$((7200 * ${KSM_TIMEOUT_SCALE:-1}))" \
		unshare --mount --propagation private --pid --kill-child \
		bash "$KSM_TOP/tests/lib/host/overlay-run.sh" "$tmp/root" "$tmp/overlay" sh -c '
			mkdir -p "$KSM_ROOT/mnt/in" "$KSM_ROOT/mnt/out"
			mount --bind "$1/in" "$KSM_ROOT/mnt/in"
			mount --bind "$1/out" "$KSM_ROOT/mnt/out"
			if [ -n "$3" ]; then
				mkdir -p "$KSM_ROOT/mnt/kept"
				mount --bind "$3" "$KSM_ROOT/mnt/kept"
			fi
			exec chroot "$KSM_ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
				nice bash "/mnt/in/$2" /mnt/in /mnt/out' - "$tmp" "$4" "$kept" </dev/null 2>&1 |
		tee "$log" | build_progress "$what"
	rc=${PIPESTATUS[0]}
	[ "$rc" != 0 ] || return 0
	tail -n 25 "$log" >&2
	why=$(sed -n 's/^KSM-FAILED //p' "$log" | tail -n 1)
	rm -rf --one-file-system "$tmp"
	msg "$what failed: ${why:-the build stopped}; log: $log"
	return 1
}

# build_progress WHAT < LOG: a line every now and then. ninja says how far it is, make
# does not.
build_progress() {
	local line next=0 n=0
	while IFS= read -r line; do
		n=$((n + 1))
		case $line in
		KSM-STEP*) msg "$1:${line#KSM-STEP}"; continue ;;
		'['[0-9]*/[0-9]*']'*)
			line=${line%%]*}
			line=${line#[}
			line="${line%/*} of ${line#*/}"
			;;
		*) line="$n lines of log" ;;
		esac
		[ "$SECONDS" -ge "$next" ] || continue
		next=$((SECONDS + 15))
		msg "$1: $line"
	done
}
