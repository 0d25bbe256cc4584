# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Measuring: every round takes every device in turn, so that whatever changes with
# time is the same for all.

# measure_cipher: one data unit, nothing around it.
measure_cipher() {
	local p=/sys/module/ksm_cipher_cost/parameters
	modprobe ksm_cipher_cost bytes=4096 || return
	echo "C 4096 $(<$p/cost_ns) $(<$p/driver)"
	modprobe -r ksm_cipher_cost
}

# counted DEVICE WORKLOAD IOS: prints instructions per I/O as the emulator counts them:
# two runs of different length, so that what is not I/O cancels out.
counted() {
	local few=$(($3 / 10)) at=()
	for ios in "$few" $((few + $3)); do
		ufs_get 0 x-instructions || return 1
		at+=("$VALUE")
		ksm-load "$(device_path "$1")" "$AREA" "$2" "$ios" >/run/load || return 1
	done
	ufs_get 0 x-instructions || return 1
	echo $(((VALUE - at[1] - (at[1] - at[0])) / $3))
}

# on_one_cpu CMD...: with the other processors switched off.
on_one_cpu() {
	local cpu rc=0
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 0 >"$cpu" || return; done
	"$@" || rc=$?
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 1 >"$cpu" || return; done
	return $rc
}

# measure_one BASE DEVICE WORKLOAD ROUND
measure_one() {
	local out elapsed idle how=''
	if [ -n "$COUNTER" ]; then
		if out=$(counted "$2" "$3" "$(ios "$1" "$3")"); then
			echo "R $1 $2 $3 $4 $out"
		else
			echo "X $1/$2/$3 $out"
		fi
		return
	fi
	case $2 in *-1cpu) how=on_one_cpu ;; esac
	if ! out=$($how ksm-load "$(device_path "$2")" "$AREA" "$3" "$(ios "$1" "$3")" 2>&1); then
		echo "X $1/$2/$3 $out"
		return
	fi
	read -r elapsed idle <<<"$out"
	# What the processor idles is no instruction.
	[ "$METHOD" = wall ] || elapsed=$(awk "BEGIN { printf \"%.1f\", $elapsed - $idle }")
	echo "R $1 $2 $3 $4 $elapsed"
}

# measure_base BASE
measure_base() {
	local base=$1 dev load round why
	local -a up=()
	BASE_DEV=''
	if ! base_up "$base" >/run/why 2>&1; then
		echo "X $base $(tr '\n' ' ' </run/why)"
		return
	fi
	for dev in $(devices "$base"); do
		if why=$(device_up "$dev" 2>&1); then
			up+=("$dev")
		else
			echo "X $base/$dev $(tr '\n' ' ' <<<"$why")"
		fi
	done
	base_ready "$base"
	echo "D $base: ${up[*]}"
	for ((round = 1; round <= $(rounds); round++)); do
		for load in $(workloads "$base"); do
			for dev in "${up[@]}"; do
				measure_one "$base" "$dev" "$load" "$round"
			done
		done
	done
	for dev in "${up[@]}"; do device_down "$dev"; done
	base_down "$base"
}
