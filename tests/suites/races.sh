# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# On a kernel with KCSAN: it finds a data race that there is. What it finds in our modules is in
# the log of every other suite, and fails it.
# vm: mem=512 disks=64M flavour=kcsan timeout=60

found() { dmesg | grep -q 'BUG: KCSAN: data-race in .*\[race_probe\]'; }

nok 'nothing yet' found
ok 'two tasks that race' modprobe race_probe
ok 'it is found' soon found
ok 'they end' modprobe -r race_probe
