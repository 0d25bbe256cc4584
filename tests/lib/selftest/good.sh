# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=60
# expect: T.ok.*good: true is true
ok 'true is true' true
