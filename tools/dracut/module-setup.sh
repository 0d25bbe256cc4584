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

depends() { echo dm rootfs-block systemd systemd-ask-password systemd-modules-load; }

ksmtab_needs() { KSMTAB="${dracutsysrootdir:-}/etc/ksmtab" "${dracutsysrootdir:-}/usr/lib/ksmsetup/boot-needs" "$@"; }

# Of the devices that dracut has found out to be needed, too: swap space, further file systems. It
# looks for swap space in an image for this host only; to be resumed from is what the kernel is told.
ksmtab_lines() {
	local dev devs=()
	for dev in $(sed -n 's/^\(.* \)\{0,1\}resume=\([^ ]*\).*/\2/p' /proc/cmdline /etc/kernel/cmdline 2>/dev/null); do
		devs+=("$(readlink -f "$(findfs "$dev" 2>/dev/null || echo "$dev")")")
	done
	for dev in "${host_devs[@]}"; do
		[ -b "$dev" ] || dev=/dev/block/$dev
		devs+=("$(readlink -f "$dev")")
	done
	ksmtab_needs lines "${devs[@]}"
}

installkernel() {
	local dir
	hostonly='' instmods dm-ksm ksm_passthrough crypto_fallback ksm_core ufs_shim dm-crypt algif_skcipher =crypto
	# Those for the processor's instructions.
	for dir in "$srcmods"/kernel/arch/*/crypto; do
		[ ! -d "$dir" ] || hostonly='' instmods "=${dir#"$srcmods"/kernel/}"
	done
	modinfo -k "$kernel" dm-ksm &>/dev/null ||
		dwarn "ksmsetup: kernel $kernel has no module dm-ksm; only volumes with \"fallback\" will open with it"
}

# dracut's module crypt makes the image open all LUKS volumes below the root file system
# with dm-crypt. Of ours, that would be a second question, and one of both would fail.
ksmtab_leave_to_us() {
	local name device uuid
	while read -r name device _; do
		case $device in
		UUID=*) uuid=${device#UUID=} ;;
		*=*) uuid=$(blkid -l -t "$device" -s UUID -o value) ;;
		*) uuid=$(blkid -p -s UUID -o value "$device") ;;
		esac
		[ -n "$uuid" ] || continue
		sed -i "s/ *rd\.luks\.uuid=\(luks-\)\?$uuid\( \|\$\)/\2/g" "$initdir"/etc/cmdline.d/*.conf 2>/dev/null
		grep -q -s "rd\.luks\.uuid=\(luks-\)\?$uuid" /proc/cmdline /etc/kernel/cmdline /etc/default/grub &&
			dwarn "ksmsetup: $name: remove rd.luks.uuid=$uuid from the kernel's command line, or dm-crypt will open it, too"
	done <"$initdir/etc/ksmtab"
	return 0
}

install() {
	local name key options file
	inst_multiple ksmsetup systemd-ask-password
	inst_libdir_file 'libgcc_s.so*' 'ossl-modules/legacy.so'
	# It makes the targets as well, if nobody has put those of systemd here.
	inst_simple /usr/lib/systemd/system-generators/ksmsetup-generator
	ksmtab_needs check | while read -r file; do dwarn "ksmsetup: ${file#ksmsetup: }"; done
	mkdir -p "$initdir/etc"
	(umask 0077 && ksmtab_lines >"$initdir/etc/ksmtab")
	while read -r name _ key options; do
		for file in "$key" $(tr , '\n' <<<"$options" | sed -n 's/^\(key-file\|header\)=//p'); do
			case $file in '' | none | - | /dev/*) continue ;; esac
			inst_simple "$file" || dwarn "ksmsetup: $name: $file cannot be copied"
			[[ $options == *header="$file"* ]] ||
				dwarn "ksmsetup: $name: the key file $file is in the image, which lies on the disk as it is"
		done
	done <"$initdir/etc/ksmtab"
	ksmtab_leave_to_us
	# Nothing else would load it: the hardware has a driver of its own.
	if ksmtab_needs shim; then
		mkdir -p "$initdir/etc/modules-load.d"
		echo ufs_shim >"$initdir/etc/modules-load.d/ksmsetup.conf"
	fi
}
