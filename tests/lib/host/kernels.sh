# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# The supported kernels: label, Debian suite, further parts of it. The version is
# whatever the suite's linux-image-amd64 is that day; the label names the line.

ALL_KERNELS=(6.1 6.12 7.2 7.3)

kernel_suite() {
	case $1 in
	6.1) echo bookworm updates security ;;
	6.12) echo trixie updates security ;;
	7.2) echo forky ;;
	7.3) echo trixie updates security backports ;;
	*) return 1 ;;
	esac
}
