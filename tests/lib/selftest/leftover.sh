# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=60
# expect: T.fail.*leftover: end: no device-mapper device is left
modprobe dm-mod
ok 'a device is made' dmsetup create left --table '0 8 zero'
