# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# File systems with a real tree on a mapping: in order by their own checker, under
# ksm and under dm-crypt, and unreadable on the disk itself.
# vm: mem=1024 disks=384M,64M timeout=300 check=6.12
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh

modprobe dm-ksm || bail 'dm-ksm does not load'
m=/dev/mapper/m
mnt=/mnt/fs
mkdir -p $mnt
text='KSM-TEST: this sentence must not be readable'
yes "$text" | head -c 1048576 >/tmp/text

# Positive control: it would be found where nothing encrypts.
dd if=/tmp/text of="$DISK2" bs=1M conv=fsync status=none
is 'the text is found on a disk without encryption' "$(ksm-io find "$DISK2" "$text" 999999)" $((1048576 / (${#text} + 1)))

make() {
	case $1 in
	ext4) mkfs.ext4 -q -F $m ;;
	# Below 300 MB mkfs.xfs refuses; the log is small, or zeroing it takes long.
	xfs) mkfs.xfs -q -f $m ;;
	btrfs) mkfs.btrfs -q -f $m ;;
	f2fs) mkfs.f2fs -q -f $m ;;
	esac
}
check() {
	case $1 in
	ext4) e2fsck -fn $m ;;
	xfs) xfs_repair -n $m ;;
	btrfs) btrfs check --readonly $m ;;
	f2fs)
		fsck.f2fs --dry-run -f $m >/tmp/fsck 2>&1 || { cat /tmp/fsck; return 1; }
		# Its status does not tell everything.
		! grep -E '\[Fail\]|ASSERT|FIX' /tmp/fsck
		;;
	esac
}
sums_right() { (cd $mnt && md5sum --quiet -c /tmp/sums); }

# one FS SECTOR_SIZE
one() {
	local fs=$1 size=$2 what="$1, $2" options=defaults
	# f2fs discards by itself, which would leave nothing to fstrim.
	[ "$fs" != f2fs ] || options=nodiscard
	modprobe "$fs" 2>/dev/null
	if ! grep -q -w "$fs" /proc/filesystems; then
		skip "$what" 'not in this kernel'
		return
	fi
	ok "$what: map" map ksm m "$DISK1" "$size" allow_discards || return
	ok "$what: discard all" blkdiscard $m
	ok "$what: mkfs" make "$fs"
	ok "$what: mount" mount -o "$options" $m $mnt || { unmap m; return; }
	mkdir $mnt/bin
	ok "$what: copy a tree" cp -a /usr/sbin /ksm/tests $mnt/
	cp /tmp/text $mnt/
	ok "$what: direct and mapped I/O" ksm-io file $mnt/file
	(cd $mnt && find . -type f -exec md5sum {} +) >/tmp/sums
	[ "$(wc -l </tmp/sums)" -gt 100 ]
	is "$what: the tree has many files" $? 0
	dd if=/dev/zero of=$mnt/gone bs=1M count=4 status=none
	sync
	rm $mnt/gone
	sync
	ok "$what: fstrim with allow_discards" fstrim -v $mnt
	unlike "$what: it trims something" "$OUT" ' 0 B '
	ok "$what: umount" umount $mnt
	ok "$what: checker finds it in order" check "$fs"

	ok "$what: unmap" unmap m
	ok "$what: map again, without discards" map ksm m "$DISK1" "$size"
	is "$what: the text is on the mapping" "$([ "$(ksm-io find $m "$text" 1000)" -ge 1000 ] && echo yes)" yes
	is "$what: the text is not on the disk" "$(ksm-io find "$DISK1" "$text" 999999)" 0
	ok "$what: mount again" mount $m $mnt
	ok "$what: every file is as it was" sums_right
	nok "$what: fstrim without allow_discards is refused" fstrim $mnt
	ok "$what: umount again" umount $mnt
	ok "$what: unmap again" unmap m

	ok "$what: dm-crypt maps it" map crypt m "$DISK1" "$size"
	ok "$what: checker finds it in order under dm-crypt" check "$fs"
	ok "$what: mount under dm-crypt" mount -o ro $m $mnt
	ok "$what: every file is as it was under dm-crypt" sums_right
	ok "$what: umount from dm-crypt" umount $mnt
	ok "$what: unmap dm-crypt" unmap m
}
for fs in ext4 xfs btrfs f2fs; do one $fs 4096; done
one ext4 512
