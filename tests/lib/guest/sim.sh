# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Simulated engines (tests/modules/ksm_sim) for suites. To be sourced after
# blk.sh.

SIM=/sys/kernel/debug/ksm_sim
KSM=/sys/kernel/debug/ksm_core

# sim PARAMETER...: load ksm_sim, anew if it is there.
sim() {
	! grep -q '^ksm_sim ' /proc/modules || modprobe -r ksm_sim || return 1
	modprobe ksm_sim "$@"
}

# number FILE NAME: what stands behind NAME in FILE. Without a program: often asked.
number() {
	local name value
	while read -r name value; do
		[ "$name" != "$2" ] || echo "$value"
	done <"$1"
}

# sim_stat N NAME: a counter of engine N.
sim_stat() { number "$SIM/ksmsim$1/stats" "$2"; }

# ksm_stat NAME COUNTER: of a keyslot manager.
ksm_stat() { number "$KSM/$1/stats" "$2"; }

# programmed N: number of slots of engine N that have a key.
programmed() { grep -c -v ' empty$' "$SIM/ksmsim$1/slots"; }

# knob N FILE VALUE: of engine N.
knob() { echo "$3" >"$SIM/ksmsim$1/$2"; }
