# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Allocations that fail (fault injection), for kernels that are built with it.

FAULTS=(/sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc)

# faults ATTRIBUTE VALUE
faults() {
	local dir
	for dir in "${FAULTS[@]}"; do echo "$2" >"$dir/$1" || return 1; done
}

faults_ready() {
	faults probability 0 && faults verbose 0 && faults ignore-gfp-wait N &&
		echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem &&
		echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}
