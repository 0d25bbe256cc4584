# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An error in an expansion leaves the function, and bash goes on behind its call.
# vm: mem=512 disks=16M timeout=60
# expect: T.fail.*expansion: no mistake in the suite itself
ok 'true is true' true
word=/x
f() {
	: $((word))
	ok 'never reached' true
}
f
