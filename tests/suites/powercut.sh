# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Power cuts: QEMU is killed while the guest writes to mappings on plain disks, which
# the software path encrypts. What was fsynced must be there at the next boot; 2 cuts
# per kernel, or 100 with KSM_DEEP=1. Those of "power" are at more moments, and on disks
# that forget what was not flushed; here all of a machine stops in the middle.
# vm: mem=512 disks=1M,1M,96M,64M timeout=180 boots=3/101 check=6.1
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/powercut.sh
. /ksm/tests/lib/guest/powercut.sh

# The same at each boot.
KEY1=$(printf '%0128d' 27182818284590452353602874713526 | tr 0 d)

modprobe dm-ksm || bail 'dm-ksm does not load'
ok "boot $KSM_BOOT: map a disk with sector_size:4096" map ksm p0 "$DISK3" 4096 || bail 'no mapping'
ok "boot $KSM_BOOT: map a disk with sector_size:512" map ksm p1 "$DISK4" 512 || bail 'no mapping'
like "boot $KSM_BOOT: both in software" "$(dmsetup status p0) $(dmsetup status p1)" ' ksm software .* ksm software '
power_boot
