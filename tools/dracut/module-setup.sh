#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # dracut's variables
# dracut module: what opens the volumes of ksmtab(5) that are needed before the root file
# system is there. systemd's generator does it, as later.

# In the image if the host's root needs it, or if asked for.
check() {
	require_binaries ksmsetup || return 1
	[ -r "${dracutsysrootdir:-}/etc/ksmtab" ] || return 255
	[[ ! $hostonly && ! $mount_needs ]] || [ -n "$(ksmtab_lines)" ] || return 255
}

depends() { echo dm rootfs-block systemd systemd-ask-password; }

# The lines of mappings below the root file system, and those that are marked.
ksmtab_lines() {
	local needed
	needed=$(lsblk --noheadings --raw --inverse --output NAME "$(findmnt --noheadings --output SOURCE / | sed 's/\[.*//')" 2>/dev/null)
	awk -v needed="$needed" '
		BEGIN { n = split(needed, list, "\n"); for (i = 1; i <= n; i++) want[list[i]] = 1 }
		/^[ \t]*(#|$)/ { next }
		($1 in want) || ("," $4 ",") ~ /,(initramfs|x-initrd\.attach),/ { print }
	' "${dracutsysrootdir:-}/etc/ksmtab"
}

installkernel() {
	hostonly='' instmods dm-ksm ksm_passthrough crypto_fallback ksm_core ufs_shim dm-crypt =crypto
}

install() {
	local key options header
	inst_multiple ksmsetup systemd-ask-password
	inst_libdir_file 'libgcc_s.so*'
	inst_simple /usr/lib/systemd/system-generators/ksmsetup-generator
	mkdir -p "$initdir/etc"
	(umask 0077 && ksmtab_lines >"$initdir/etc/ksmtab")
	while read -r _ _ key options; do
		case $key in
		'' | none | - | /dev/*) ;;
		*) inst_simple "$key" ;;
		esac
		header=$(tr , '\n' <<<"$options" | sed -n 's/^header=//p')
		case $header in
		'' | /dev/*) ;;
		*) inst_simple "$header" ;;
		esac
	done <"$initdir/etc/ksmtab"
}
