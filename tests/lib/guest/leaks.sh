# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What kmemleak knows, on kernels that have it.

LEAKS=/sys/kernel/debug/kmemleak

# leaks_scan: look for leaks, so that $LEAKS has what was lost until now.
leaks_scan() {
	# What was allocated a moment ago does not count at the first look, since a
	# pointer to it may just be on its way.
	echo scan >$LEAKS
	sleep 6
	echo scan >$LEAKS
}
