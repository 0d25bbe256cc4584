# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An error in an expansion leaves the file, and bash goes on behind its call.
# vm: mem=512 disks=16M timeout=60
# expect: T.fail.*expansion: suite reached its end
ok 'true is true' true
word=/x
: $((word))
ok 'never reached' true
