# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=15
# expect: T.fail.*hang: ended within
ok 'true is true' true
sleep 1000
