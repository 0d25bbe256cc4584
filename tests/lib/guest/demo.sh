#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's side of tests/demo; what it prints is what the user reads.
set -euo pipefail
# The pipeline's PID 1 passes the rest; the target's name may be exchanged.
target=$(sed -n 's/.*ksm\.demo=\([a-z-]*\).*/\1/p' /proc/cmdline)
case $target in ksm) module=dm-ksm ;; *) module=dm-$target ;; esac
disk=$DISK1
map=/dev/mapper/demo
say() { printf '\n-- %s\n' "$*"; }
show() { printf '   $ %s\n' "$*"; "$@" 2>&1 | sed 's/^/   /'; }
trap 'echo "   the step above failed (line $LINENO)"' ERR

say "Load the module by its name"
show modprobe "$module"
show dmsetup targets
dmsetup targets | grep -q "^$target " || { echo "   no target $target"; exit 1; }

say "A random 64-byte key (AES-256-XTS) into the kernel's keyring; it appears on no command line"
head -c 64 /dev/urandom >/run/key
keyctl padd logon ksm:demo @u </run/key >/dev/null
rm /run/key
show keyctl show @u

sectors=$(blockdev --getsz "$disk")
# dm-crypt's own table syntax; only the target's name differs.
table() { echo "0 $sectors $1 aes-xts-plain64 :64:logon:ksm:demo 0 $disk 0 2 sector_size:4096 iv_large_sectors"; }
say "Map the disk through target $target"
show dmsetup create demo --table "$(table "$target")"
show dmsetup table demo

say "A file system with a real tree: all programs of this Debian, and a text we know"
show mkfs.ext4 -q "$map"
mkdir -p /mnt/demo
mount "$map" /mnt/demo
cp -a /usr/bin /usr/sbin /mnt/demo/
mkdir /mnt/demo/known
yes 'KSM-DEMO: this sentence is plain text' | head -c 262144 >/mnt/demo/known/text || true
(cd /mnt/demo && find . -type f -print0 | sort -z | xargs -0 sha256sum >/run/sums)
umount /mnt/demo
echo "   $(wc -l </run/sums) files written and unmounted"

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

say "A short comparison of speed"
echo '   This machine is an emulator or a virtual one: only the ratios mean anything, and they'
echo '   include the cost of emulating the processor. Raw disk = 1.00; higher is faster.'
printf '   %-10s %14s %14s\n' '' '4k rand. read' '64k seq. write'
bench() { # DEVICE
	local r w
	r=$(fio --name=r --filename="$1" --rw=randread --bs=4k --iodepth=8 --ioengine=libaio --direct=1 \
		--time_based --runtime=4 --output-format=terse --terse-version=3 | grep -a '^3;' | cut -d';' -f7)
	w=$(fio --name=w --filename="$1" --rw=write --bs=64k --iodepth=8 --ioengine=libaio --direct=1 \
		--time_based --runtime=4 --output-format=terse --terse-version=3 | grep -a '^3;' | cut -d';' -f48)
	echo "$r $w"
}
ratio() { awk -v n="$1" -v a="$2" -v b="$3" -v c="$4" -v d="$5" 'BEGIN { printf "   %-10s %14.2f %14.2f\n", n, a / c, b / d }'; }
read -r rr rw < <(bench "$disk")
ratio raw "$rr" "$rw" "$rr" "$rw"
dmsetup create demo --table "$(table crypt)"
read -r cr cw < <(bench $map)
dmsetup remove demo
ratio dm-crypt "$cr" "$cw" "$rr" "$rw"
if [ "$target" != crypt ]; then
	dmsetup create demo --table "$(table "$target")"
	read -r kr kw < <(bench $map)
	dmsetup remove demo
	ratio "$target" "$kr" "$kw" "$rr" "$rw"
fi

say "Unload"
show modprobe -r "$module"
