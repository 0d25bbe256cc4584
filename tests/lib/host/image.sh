# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the guest boots: vmlinuz, a tiny initramfs, and an ext4 image of the root
# without its toolchain. Made once per root; what changes from run to run
# (modules, suites, tools) travels in a second cpio appended to the initramfs.

IMAGE_RECIPE=1

# Enough to mount the root; the rest is loaded from it.
INITRD_MODULES=(virtio_pci virtio_blk crc32c_generic crc32c-intel ext4)

IMAGE_DROP=(boot usr/src usr/include usr/lib/gcc usr/libexec/gcc usr/lib/linux-kbuild-*
	usr/share/perl usr/share/perl5 usr/lib/x86_64-linux-gnu/perl
	usr/share/doc usr/share/zoneinfo usr/share/misc
	var/lib/apt var/lib/dpkg var/cache usr/lib/systemd usr/lib/udev
	usr/lib/firmware usr/lib/x86_64-linux-gnu/*.a
	usr/bin/*-linux-gnu-* usr/bin/*-linux-gnu*-gcc* usr/lib/bfd-plugins
	usr/lib/x86_64-linux-gnu/libLLVM* usr/lib/x86_64-linux-gnu/libclang*
	usr/lib/modules/*/build usr/lib/modules/*/source
	usr/lib/modules/*/kernel/sound
	usr/lib/modules/*/kernel/drivers/{gpu,net,media,staging,infiniband,iio,hid,input,usb,isdn,comedi,video,hwmon,mtd,platform,thunderbolt,accel,i2c,bluetooth,leds,ata}
	usr/lib/modules/*/kernel/net/{wireless,mac80211,bluetooth,netfilter,ipv4,ipv6,sched,openvswitch,batman-adv,sctp,mac802154,tipc,ceph,rxrpc,nfc,sunrpc}
	usr/lib/modules/*/kernel/fs/{ocfs2,gfs2,nfs,nfsd,ceph,smb,cifs,afs,ubifs,jfs,reiserfs,orangefs,bcachefs,9p,lockd,dlm})

# image_use: sets IMAGE_DIR with vmlinuz, initrd, root.ext4.
image_use() {
	local key
	key=$ROOT_ID-$({
		echo "$IMAGE_RECIPE" "${INITRD_MODULES[@]}" "${IMAGE_DROP[@]}"
		cat "$KSM_TOP"/tests/lib/{guest/initramfs-init,host/image-ext4.sh}
	} | hash_text)
	IMAGE_DIR=$KSM_CACHE/images/$key
	mkdir -p "$KSM_CACHE/images"
	with_lock "image-$key" image_make "$1"
}

image_make() {
	local work=$1/image tmp=$IMAGE_DIR.tmp
	if [ -e "$IMAGE_DIR/complete" ]; then
		touch "$IMAGE_DIR"
		return 0
	fi
	# Images of older recipes, unless used lately.
	find "$KSM_CACHE/images" -maxdepth 1 -name "$ROOT_ID-*" -mmin +120 -exec rm -rf {} +
	rm -rf "$IMAGE_DIR" "$tmp"
	mkdir -p "$tmp" "$work"
	cp "$ROOT_DIR/root/boot/vmlinuz-$KVER" "$tmp/vmlinuz" || return 1
	image_initrd "$tmp" "$work/initrd" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; return 1; }
	KSM_BARE=1 overlay_run "$ROOT_DIR/root" "$work/overlay" \
		bash "$KSM_TOP/tests/lib/host/image-ext4.sh" "$tmp/root.ext4" "${IMAGE_DROP[@]}" >>"$tmp/log" 2>&1 || { tail "$tmp/log" >&2; return 1; }
	rm -rf --one-file-system "$work"
	touch "$tmp/complete"
	mv "$tmp" "$IMAGE_DIR"
}

image_initrd() {
	local tmp=$1 dir=$2 m f n=10
	mkdir -p "$dir"/{bin,dev,proc,sys,newroot,modules} || return 1
	cp "$(command -v busybox)" "$dir/bin/busybox" || return 1
	cp "$KSM_TOP/tests/lib/guest/initramfs-init" "$dir/init" || return 1
	chmod 755 "$dir/init"
	# Numbered, so that the guest loads them in order of dependence.
	for m in "${INITRD_MODULES[@]}"; do
		# A driver which is built in, or gone from this kernel, is no error here.
		for f in $(chroot "$ROOT_DIR/root" modprobe -S "$KVER" --show-depends "$m" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'); do
			local name
			name=$(basename "$f")
			name=${name%%.ko*}
			compgen -G "$dir/modules/*-$name.ko" >/dev/null && continue
			case $f in
			*.xz) xz -dc "$ROOT_DIR/root$f" ;;
			*.zst) zstd -qdc "$ROOT_DIR/root$f" ;;
			*.gz) gzip -dc "$ROOT_DIR/root$f" ;;
			*) cat "$ROOT_DIR/root$f" ;;
			esac >"$dir/modules/$n-$name.ko" || return 1
			n=$((n + 1))
		done
	done
	cpio_tree "$dir" "$tmp/initrd"
}

# cpio_tree DIR FILE: uncompressed, for the guest's processor is an emulated one.
cpio_tree() {
	(cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$2.part" || return 1
	# The kernel wants archives which follow one another aligned.
	truncate -s %512 "$2.part"
	mv "$2.part" "$2"
}

# delta_make SNAPSHOT WORK FILE: modules, tools and suites of this run.
# Without a DKMS_DIR there are no modules (--self-test).
delta_make() {
	local dir=$2/delta
	mkdir -p "$dir/delta/ksm/bin" || return 1
	if [ -n "${DKMS_DIR:-}" ]; then
		# The guest's /lib is a link to usr/lib.
		mkdir -p "$dir/delta/usr"
		cp -a "$DKMS_DIR/tree/lib" "$dir/delta/usr/" || return 1
	fi
	[ -z "${TOOLS_DIR:-}" ] || cp -a "$TOOLS_DIR/bin/." "$dir/delta/ksm/bin/" || return 1
	mkdir -p "$dir/delta/ksm/tests"
	cp -a "$1/tests/." "$dir/delta/ksm/tests/" || return 1
	rm -rf "$dir/delta/ksm/tests/lib/host"
	cpio_tree "$dir" "$3" || return 1
	rm -rf "$dir"
}
