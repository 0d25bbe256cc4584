# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Which QEMU. Debian 12 has 7.2, whose multi-threaded emulation now and then runs
# stale code when the kernel patches itself on one processor while the other
# translates the same page (a stock kernel then dies of a left-over int3; mended
# in 8.1, which locks a page before it is translated). So Debian 13's QEMU is
# unpacked, not installed, into the cache and run by its own dynamic linker; the
# host's libraries are left alone.

EMULATOR_SUITE=(trixie updates security)
EMULATOR_PACKAGES=(qemu-system-x86 seabios)
EMULATOR_RECIPE=1

# emulator_use: sets QEMU (an array). KSM_QEMU names another binary.
emulator_use() {
	local key dir lib
	if [ -n "${KSM_QEMU:-}" ]; then
		QEMU=("$KSM_QEMU")
		return 0
	fi
	key=$({ echo "$EMULATOR_RECIPE" "${EMULATOR_PACKAGES[@]}"; mirror_sources "${EMULATOR_SUITE[@]}"; } | hash_text)
	dir=$KSM_CACHE/emulator/$key
	with_lock emulator emulator_make "$dir" || return 1
	lib=$dir/root/usr/lib/x86_64-linux-gnu
	# Modules of a QEMU the host may have are of another version.
	QEMU=(env "QEMU_MODULE_DIR=$lib/qemu" "$lib/ld-linux-x86-64.so.2" --library-path "$lib"
		"$dir/root/usr/bin/qemu-system-x86_64"
		-L "$dir/root/usr/share/qemu" -L "$dir/root/usr/share/seabios")
}

emulator_make() {
	local dir=$1 tmp=$KSM_CACHE/emulator/tmp opt log=$KSM_CACHE/emulator/log
	local -a args=()
	[ -e "$dir/complete" ] && return 0
	rm -rf "$KSM_CACHE/emulator"
	mkdir -p "$tmp"
	while IFS= read -r opt; do args+=("--aptopt=$opt"); done < <(mirror_aptopts)
	msg "unpacking Debian 13's QEMU"
	if ! timeout 900 mmdebstrap --mode=root --variant=extract --format=directory \
		--dpkgopt='path-exclude=/usr/share/doc/*' "${args[@]}" \
		--include="$(IFS=,; echo "${EMULATOR_PACKAGES[*]}")" \
		"${EMULATOR_SUITE[0]}" "$tmp/root" - < <(mirror_sources "${EMULATOR_SUITE[@]}") >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		return 1
	fi
	touch "$tmp/complete"
	mv "$tmp" "$dir"
}
