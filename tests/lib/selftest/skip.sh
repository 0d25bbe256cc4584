# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=60
# expect: T.skip.*skip: not today
# (a "good" one in that nothing fails; that a skip is no pass is what is looked at)
skip 'not today' 'no reason'
ok 'and a failure' false
