# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# The supported kernels: label, Debian suite, further parts of it. The version is
# whatever the suite's linux-image-amd64 is that day; the label names the line.

ALL_KERNELS=(6.1 6.12 7.2 7.3)

# LABEL-FLAVOUR is that line's source with checks built in (debug-kernel.sh).
KERNEL_FLAVOURS=(debug kcsan cov)

# kernel_flavour LABEL: prints nothing for a stock kernel.
kernel_flavour() {
	local f
	for f in "${KERNEL_FLAVOURS[@]}"; do
		case $1 in *-"$f") echo "$f" ;; esac
	done
}

# kernel_base LABEL: without its flavour.
kernel_base() {
	local f
	f=$(kernel_flavour "$1")
	echo "${1%"${f:+-$f}"}"
}

kernel_suite() {
	case $(kernel_base "$1") in
	6.1) echo bookworm updates security ;;
	6.12) echo trixie updates security ;;
	7.2) echo forky ;;
	7.3) echo trixie updates security backports ;;
	*) return 1 ;;
	esac
}

# kernel_slowness LABEL: how many times as long as a stock kernel everything may take.
kernel_slowness() {
	case $(kernel_flavour "$1") in
	debug) echo 5 ;;
	kcsan) echo 8 ;;
	cov) echo 2 ;;
	*) echo 1 ;;
	esac
}

# kernel_memory LABEL MIB: what a guest needs where a stock kernel's needs MIB.
kernel_memory() {
	case $(kernel_flavour "$1") in
	debug) echo $(($2 * 3 / 2 + 384)) ;;
	kcsan) echo $(($2 * 3 / 2)) ;;
	*) echo "$2" ;;
	esac
}

# kernel_guards LABEL: options with which a stock kernel notices what is written behind or after
# the end of an object's life. For those of which there is no kernel with KASAN. And: 7.x keeps
# pointers to objects that it has given out, in memory that kmemleak reads (sheaves), so that what was
# lost passes for known; not if slabs are debugged.
kernel_guards() {
	case $1 in
	6.1 | 7.2) echo 'slub_debug=FZP page_poison=1 kfence.sample_interval=50' ;;
	7.3-debug) echo 'slub_debug=F' ;;
	esac
}
