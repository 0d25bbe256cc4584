# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=512 disks=16M timeout=60
# expect: T.fail.*warn: kernel log is clean
ok 'true is true' true
echo '<4>WARNING: CPU: 0 PID: 1 at self-test, not a real one' >/dev/kmsg
