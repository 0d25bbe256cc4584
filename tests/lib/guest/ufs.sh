# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# UFS hosts with keyslots (QEMU's model) for suites. To be sourced after blk.sh.
# A suite asks for the hosts in its "# vm:" line: ufs=8/64M/64M,32m/64M is host 0
# with 8 keyslots and two logical units, and host 1 with 32, in MCQ mode.

UFS_SHIM=/sys/kernel/debug/ufs_shim
# shellcheck disable=SC2034 # for suites
KSM=/sys/kernel/debug/ksm_core

# ---- QEMU's monitor, on the third serial line ----

# qmp_line: set up the line; again after a suspend.
qmp_line() { stty -F /dev/ttyS2 115200 raw -echo; }

# qmp_open: once, before the others.
qmp_open() {
	qmp_line || return 1
	exec 9<>/dev/ttyS2
	# The monitor's greeting came before the line was raw, and some of it may have been
	# echoed. This byte makes the monitor forget what it has got (QMP specification).
	printf '\377' >&9
	qmp '{"execute":"qmp_capabilities"}'
}

# qmp JSON: execute a command; sets QMP_REPLY. Events and what answers no command of
# ours are passed over, by a number that the answer has, too.
QMP_NUMBER=0
qmp() {
	QMP_NUMBER=$((QMP_NUMBER + 1))
	printf '%s,"id":%d}\r\n' "${1%\}}" $QMP_NUMBER >&9
	while IFS= read -r -t 20 QMP_REPLY <&9; do
		[[ $QMP_REPLY =~ \"id\":\ ${QMP_NUMBER}[^0-9] ]] || continue
		case $QMP_REPLY in *'"return"'*) return 0 ;; esac
		echo "$1: $QMP_REPLY"
		return 1
	done
	echo "$1: no answer"
	return 1
}

# ufs_set HOST PROPERTY VALUE: of QEMU's device; VALUE is JSON.
ufs_set() {
	qmp "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/ufs$1\",\"property\":\"$2\",\"value\":$3}}"
}

# ufs_get HOST PROPERTY: sets VALUE.
ufs_get() {
	VALUE=none
	qmp "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/ufs$1\",\"property\":\"$2\"}}" || return 1
	VALUE=${QMP_REPLY#*'"return": '}
	VALUE=${VALUE%%[,\}]*}
}

# ---- the hosts as Linux has them ----

# ufs_load: the kernel's own drivers. Until 6.7 none of them knows QEMU's controller.
ufs_load() {
	modprobe ufshcd-pci || return 1
	[ -e /sys/bus/pci/drivers/ufshcd/new_id ] || return 1
	if [ ! -e "$(ufs_pci 0)/driver" ]; then
		echo 1b36 0013 >/sys/bus/pci/drivers/ufshcd/new_id || return 1
	fi
	modprobe sd_mod
}

# ufs_pci HOST: its folder in /sys. Hosts are numbered as their PCI devices are.
ufs_pci() {
	local d n=0
	for d in /sys/bus/pci/devices/*; do
		[ "$(<"$d/vendor")$(<"$d/device")" = 0x1b360x0013 ] || continue
		if [ $n = "$1" ]; then
			echo "$d"
			return 0
		fi
		n=$((n + 1))
	done
	return 1
}

# ufs_name HOST: its name, as 0000:00:04.0
ufs_name() {
	local d
	d=$(ufs_pci "$1") && echo "${d##*/}"
}

# ufs_disk HOST LUN: /dev/sdX, once it is there; waits for it.
ufs_disk() {
	local d end=$((SECONDS + 30))
	until d=$(ufs_disk_now "$@"); do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
	echo "$d"
}

# There is a node a moment before there is a disk that can be opened.
ufs_disk_now() {
	local d
	for d in "$(ufs_pci "$1")"/host*/target*/*:"$2"/block/sd*; do
		[ -b "/dev/${d##*/}" ] && { : <"/dev/${d##*/}"; } 2>/dev/null && echo "/dev/${d##*/}" && return 0
	done
	return 1
}

# shim_stat HOST NAME: from the shim's status file.
shim_stat() { sed -n "s/^$2 //p" "$UFS_SHIM/$(ufs_name "$1")/status"; }

# shim_ready HOST LUN: wait until the disk has a keyslot manager.
shim_ready() {
	local end=$((SECONDS + 30)) disk
	until disk=$(ufs_disk_now "$@") && grep -qsx "disk ${disk##*/}" "$UFS_SHIM/$(ufs_name "$1")/status"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# ufs_may_sleep HOST: it is suspended, its link switched off, when nobody uses it;
# ufs_stays_awake HOST ends that.
ufs_may_sleep() {
	local d
	echo 5 >"$(ufs_pci "$1")/rpm_lvl"
	for d in "$(ufs_pci "$1")"/host*/target*/*:*; do
		[ -e "$d/power/control" ] || continue
		echo 100 >"$d/power/autosuspend_delay_ms" 2>/dev/null
		echo auto >"$d/power/control"
	done
}
ufs_stays_awake() {
	local d
	for d in "$(ufs_pci "$1")"/host*/target*/*:*; do
		[ ! -e "$d/power/control" ] || echo on >"$d/power/control"
	done
	echo 3 >"$(ufs_pci "$1")/rpm_lvl"
}
# ufs_wlun HOST: its well-known unit, which sleeps after the disks and before the controller.
ufs_wlun() { echo "$(ufs_pci "$1")"/host*/target*/*:49488; }

# until_is FILE WORD: for 20 s
until_is() {
	local i
	for ((i = 0; i < 400; i++)); do
		[ "$(<"$1")" != "$2" ] || return 0
		sleep 0.05
	done
	echo "$1: $(<"$1")"
	return 1
}

# ufs_unbind HOST; ufs_bind HOST: its driver, as a person does it.
ufs_unbind() { ufs_name "$1" >/sys/bus/pci/drivers/ufshcd/unbind; }
ufs_bind() { ufs_name "$1" >/sys/bus/pci/drivers/ufshcd/bind; }

# ufs_reset HOST: the host is reset, as ufshcd does it after a fatal error; it is over
# when this returns.
ufs_reset() {
	local before i
	before=$(shim_stat "$1" resets)
	echo 0x20000 >"/sys/kernel/debug/ufshcd/$(ufs_name "$1")/saved_err"
	for ((i = 0; i < 200; i++)); do
		[ "$(shim_stat "$1" resets)" -lt $((before + 2)) ] || return 0
		sleep 0.05
	done
	return 1
}

# ufs_unplug HOST: the controller is pulled out. Hosts with higher numbers get others
# by that, so it is for the last one.
ufs_unplug() {
	local pci end=$((SECONDS + 60))
	pci=$(ufs_pci "$1") && qmp "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"ufs$1\"}}" || return 1
	while [ -e "$pci" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# ufs_plug HOST SLOTS LUNS: and put in again. ufshcd looks for logical units once, so
# it must not see the controller before these are there.
ufs_plug() {
	local lun end=$((SECONDS + 60)) ok=0
	echo 0 >/sys/bus/pci/drivers_autoprobe
	ufs_qmp_add "\"driver\":\"ufs\",\"id\":\"ufs$1\",\"serial\":\"ufs$1\",\"crypto-slots\":$2" || ok=1
	for ((lun = 0; lun < $3; lun++)); do
		ufs_qmp_add "\"driver\":\"ufs-lu\",\"id\":\"ufs$1-lu$lun\",\"drive\":\"ufs$1-$lun\",\"bus\":\"ufs$1\",\"lun\":$lun" || ok=1
	done
	until ufs_pci "$1" >/dev/null || [ $SECONDS -ge $end ]; do sleep 0.05; done
	echo 1 >/sys/bus/pci/drivers_autoprobe
	[ $ok = 0 ] && ufs_name "$1" >/sys/bus/pci/drivers_probe
}

ufs_qmp_add() {
	local end=$((SECONDS + 60))
	# A name is free when the device that had it has gone altogether.
	until qmp "{\"execute\":\"device_add\",\"arguments\":{$1}}"; do
		case $QMP_REPLY in *uplicate*) ;; *) return 1 ;; esac
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# ufs_end: so that the shim can be unloaded. For at_exit.
ufs_end() {
	local n
	for n in 0 1 2 3 4 5; do
		! ufs_pci $n >/dev/null || [ ! -e "$(ufs_pci $n)/driver" ] || ufs_unbind $n
	done
}
