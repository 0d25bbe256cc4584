# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=60
# expect: T.fail.*early: suite reached its end
ok 'true is true' true
exit 0
ok 'never reached' true
