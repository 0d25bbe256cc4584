#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's side of tests/demo; what it prints is what the user reads.
set -euo pipefail
# The pipeline's PID 1 passes the rest; the target's name may be exchanged.
target=$(sed -n 's/.*ksm\.demo=\([a-z-]*\).*/\1/p' /proc/cmdline)
case $target in ksm) module=dm-ksm ;; *) module=dm-$target ;; esac
map=/dev/mapper/demo
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh
# shellcheck source=tests/lib/guest/insns.sh
. /ksm/tests/lib/guest/insns.sh
say() { printf '\n-- %s\n' "$*"; }
show() { printf '   $ %s\n' "$*"; "$@" 2>&1 | sed 's/^/   /'; }
trap 'echo "   the step above failed (line $LINENO)"' ERR

say "The machine has a UFS disk whose controller can encrypt; the kernel's own driver binds it"
ufs_load
disk=$(ufs_disk 0 0)
show cat "/sys/block/${disk##*/}/device/model"

say "Load the modules by their names"
if [ "$target" = ksm ]; then
	show modprobe ufs_shim
	shim_ready 0 0
	dmesg | sed -n 's/.*\(ufs_shim: .*\)/   \1/p'
fi
show modprobe "$module"
dmsetup targets | grep -q "^$target " || { echo "   no target $target"; exit 1; }

say "A random 64-byte key (AES-256-XTS) into the kernel's keyring; it appears on no command line"
head -c 64 /dev/urandom >/run/key
keyctl padd logon ksm:demo @u </run/key >/dev/null
rm /run/key
show keyctl show @u

sectors=$(blockdev --getsz "$disk")
# table TARGET [OPTION...]: dm-crypt's own syntax, but for the target's name and hw:
table() {
	echo "0 $sectors $1 aes-xts-plain64 :64:logon:ksm:demo 0 $disk 0 $(($# + 1)) sector_size:4096 iv_large_sectors${2:+ ${*:2}}"
}
hw=''
[ "$target" != ksm ] || hw=hw:require
say "Map the disk through target $target"
show dmsetup create demo --table "$(table "$target" $hw)"
show dmsetup table demo
if [ "$target" = ksm ]; then
	show dmsetup status demo
	dmsetup status demo | grep -q ' ksm hardware '
fi

say "A file system with a real tree: programs of this Debian, and a text we know"
show mkfs.ext4 -q "$map"
mkdir -p /mnt/demo
mount "$map" /mnt/demo
cp -a /usr/sbin /usr/lib/x86_64-linux-gnu/lib[a-d]* /mnt/demo/
mkdir /mnt/demo/known
yes 'KSM-DEMO: this sentence is plain text' | head -c 262144 >/mnt/demo/known/text || true
(cd /mnt/demo && find . -type f -print0 | sort -z | xargs -0 sha256sum >/run/sums)
umount /mnt/demo
echo "   $(wc -l </run/sums) files written and unmounted"
if [ "$target" = ksm ]; then
	echo '   The keyslots of the controller, and what went through them:'
	show cat "$KSM/ufs-$(ufs_name 0)/slots"
	tagged=$(shim_stat 0 tagged)
	echo "   $tagged commands were encrypted or decrypted by the controller, $(shim_stat 0 plain) were not"
	grep -q 'key:' "$KSM/ufs-$(ufs_name 0)/slots"
	[ "$tagged" -gt 0 ]
fi

say "Look for the text: through the mapping, then on the raw disk"
echo 3 >/proc/sys/vm/drop_caches
count() { (grep -a -o 'KSM-DEMO: this sentence is plain text' "$1" || true) | wc -l; }
clear=$(count $map)
raw=$(count "$disk")
echo "   through the mapping: found $clear times"
echo "   on the raw disk:     found $raw times"
[ "$clear" -gt 0 ]
[ "$raw" = 0 ]
at=$( (grep -a -b -o -m1 'KSM-DEMO: this sentence is plain text' $map || true) | sed -n '1s/:.*//p')
at=$((at / 4096 * 4096 + 4096))
echo "   the same place, byte $at, mapping above and raw disk below:"
xxd -s $at -l 48 $map | sed 's/^/   /'
xxd -s $at -l 48 "$disk" | sed 's/^/   /'
packed() { dd if="$1" bs=4096 skip=$((at / 4096)) count=32 status=none | gzip -9 | wc -c; }
echo "   128 KiB from there under gzip: $(packed $map) bytes through the mapping, $(packed "$disk") bytes raw (random data does not shrink)"
[ "$(packed "$disk")" -gt 131072 ]

say "Close it; open the same disk with the kernel's own dm-crypt and the same key"
dmsetup remove demo
show dmsetup create demo --readonly --table "$(table crypt)"
mount -o ro $map /mnt/demo
(cd /mnt/demo && sha256sum --quiet -c /run/sums)
echo "   all $(wc -l </run/sums) files read through dm-crypt have the checksum they were written with"
umount /mnt/demo
dmsetup remove demo

say "What the processor does for it: instructions per I/O beyond those of the bare disk"
echo '   The emulator counts them. It has AES instructions; 4 KiB of AES-256-XTS are about 8400.'
echo '   Interrupts come when it finds time, so a few thousand more or less mean nothing:'
echo '   each number is the median of three rounds.'
qmp_open
cells=(randread/4k randwrite/4k randread/64k randwrite/64k)
declare -A samples=()
measure() { # NAME DEVICE
	local cell
	for cell in "${cells[@]}"; do
		insns "$2" "${cell%/*}" "${cell#*/}"
		samples[$1/$cell]+="$INSNS "
	done
}
measure_mapping() { # NAME TARGET [OPTION...]
	dmsetup create demo --table "$(table "${@:2}")"
	measure "$1" $map
	dmsetup remove --retry demo
}
measure_all() {
	measure bare "$disk"
	measure_mapping crypt crypt
	measure_mapping crypt-nowq crypt no_read_workqueue no_write_workqueue
	[ "$target" = ksm ] || return 0
	measure_mapping ksm ksm hw:off
	measure_mapping ksm-ufs ksm hw:require
}
median() { tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -n | sed -n 2p; }
row() { # NAME TEXT [NAME OF WHAT IS SUBTRACTED]
	local cell value
	printf '   %-34s' "$2"
	for cell in "${cells[@]}"; do
		value=$(median "${samples[$1/$cell]}")
		[ -z "${3:-}" ] || value=$((value - $(median "${samples[$3/$cell]}")))
		printf ' %11s' "$value"
	done
	echo
}
for _ in 1 2 3; do measure_all; done
printf '   %-34s %11s %11s %11s %11s\n' '' '4k read' '4k write' '64k read' '64k write'
row bare 'the bare disk, in all'
row crypt 'beyond that: dm-crypt' bare
row crypt-nowq '   dm-crypt without work queues' bare
if [ "$target" = ksm ]; then
	row ksm '   ksm, by the processor' bare
	row ksm-ufs '   ksm, by the UFS controller' bare
fi

say "Unload"
show modprobe -r "$module"
if [ "$target" = ksm ]; then
	# The shim stays while a host is used: docs/ufs.md says why.
	ufs_unbind 0
	show modprobe -r ufs_shim
fi
