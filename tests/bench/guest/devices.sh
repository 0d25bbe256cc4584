# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What lies on a base, by the names in the results.

# Not built by Debian; the host put it here if this kernel can have it.
INLINECRYPT_KO=/ksm/tests/bench/ko/$KSM_LABEL/dm-inlinecrypt.ko

# device_path DEVICE
device_path() {
	case $1 in
	raw | sim-raw) echo "$BASE_DEV" ;;
	*) echo "/dev/mapper/bench-$1" ;;
	esac
}

# device_up DEVICE: says why it cannot be.
device_up() {
	local name=bench-$1 dev=$BASE_DEV
	case $1 in
	raw | sim-raw) ;;
	linear) sectors "$dev" && dmsetup create "$name" --table "0 $SECTORS linear $dev 0" ;;
	crypt-512) map crypt "$name" "$dev" 512 ;;
	crypt-4096) map crypt "$name" "$dev" 4096 ;;
	crypt-4096-nowq) map crypt "$name" "$dev" 4096 no_read_workqueue no_write_workqueue ;;
	crypt-4096-same) map crypt "$name" "$dev" 4096 same_cpu_crypt submit_from_crypt_cpus ;;
	crypt-4096-hipri) map crypt "$name" "$dev" 4096 high_priority ;;
	inlinecrypt)
		[ -e "$INLINECRYPT_KO" ] || { echo "not for this kernel"; return 1; }
		grep -q '^dm_inlinecrypt ' /proc/modules || insmod "$INLINECRYPT_KO" || return 1
		map inlinecrypt "$name" "$dev" 4096
		;;
	ksm | ksm-1cpu) map ksm "$name" "$dev" 4096 hw:off ;;
	ksm-hw-null | ksm-ufs) map ksm "$name" "$dev" 4096 hw:require ;;
	*) echo "no such device"; return 1 ;;
	esac
}

device_down() {
	case $1 in
	raw | sim-raw) ;;
	*) unmap "bench-$1" ;;
	esac
}
