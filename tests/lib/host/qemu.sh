# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the other files
# Starting the guest.

# vm_defaults; vm_header FILE: read "# vm: key=value ..." from a suite's head.
vm_defaults() {
	VM_MEM=1024 VM_SMP=2 VM_DISKS=256M,256M,256M,256M VM_TIMEOUT=300 VM_CMDLINE=''
	VM_UFS='' VM_FLAVOUR='' VM_CHECK='' VM_LACK='' VM_REPORT='' VM_BOOTS=1 VM_UNGUARDED='' VM_ICOUNT='' VM_ICOUNT_SLEEP=on
}

vm_header() {
	local line word k
	line=$(sed -n '1,30s/^# vm: *//p' "$1" | tr '\n' ' ')
	case $line in
	*cmdline=*)
		VM_CMDLINE=${line#*cmdline=}
		line=${line%%cmdline=*}
		;;
	esac
	for word in $line; do
		case $word in
		mem=*) VM_MEM=${word#*=} ;;
		smp=*) VM_SMP=${word#*=} ;;
		disks=*) VM_DISKS=${word#*=} ;;
		timeout=*) VM_TIMEOUT=${word#*=} ;;
		ufs=*) VM_UFS=${word#*=} ;;
		flavour=*) VM_FLAVOUR=${word#*=} ;;
		report=*) VM_REPORT=${word#*=} ;;
		# Allocations are made to fail: the kernel may say so.
		lack) VM_LACK=1 ;;
		# It looks for what is in memory, or how much of it: not with kernel_guards.
		unguarded) VM_UNGUARDED=1 ;;
		check=*)
			VM_CHECK=${word#*=}
			# A wrong name would leave the suite out of every run.
			for k in ${VM_CHECK//,/ }; do
				[[ " ${ALL_KERNELS[*]} " == *" $k "* ]] || { msg "$1: unknown kernel $k"; return 1; }
			done
			;;
		boots=*)
			# boots=5/14: 14 with KSM_DEEP=1
			VM_BOOTS=${word#*=}
			if [ -n "${KSM_DEEP:-}" ]; then VM_BOOTS=${VM_BOOTS#*/}; else VM_BOOTS=${VM_BOOTS%/*}; fi
			;;
		icount) VM_ICOUNT=1 VM_SMP=1 ;;
		*) msg "$1: unknown vm setting $word"; return 1 ;;
		esac
	done
}

# vm_args DIR INITRD CMDLINE: fills VM_ARGS; scratch disks are made in DIR.
# Consoles are added by the caller.
vm_args() {
	local dir=$1 n=0 spec size opts c slow=''
	local -a qemu=("${QEMU[@]}")
	# After the caller's consoles.
	VM_ARGS_LATE=()
	if [ -n "$VM_UFS" ]; then
		emulator_ufs_use || return 1
		qemu=("${QEMU_UFS[@]}")
	fi
	# shellcheck disable=SC2054 # commas are QEMU's
	VM_ARGS=("${qemu[@]}" -nodefaults -no-user-config -display none -monitor none
		-machine pc -m "$VM_MEM" -smp "$VM_SMP" -no-reboot)
	if [ -n "$VM_ICOUNT" ]; then
		# One nanosecond of the guest is one instruction, on one processor. Without
		# erms and fsrm, since a whole "rep movsb" would count as one.
		VM_ARGS+=(-accel "tcg,thread=single,tb-size=512" -icount "shift=0,sleep=$VM_ICOUNT_SLEEP" -cpu "max,la57=off,-erms,-fsrm"
			-rtc clock=vm -seed 1)
		slow='nokaslr norandmaps tsc=reliable clocksource=tsc nowatchdog'
	elif [ "$ACCEL" = kvm ]; then
		VM_ARGS+=(-accel kvm -cpu host)
	else
		# An emulator keeps translated code by address: five-level page tables and
		# randomised addresses make every program start several times slower.
		# shellcheck disable=SC2054
		VM_ARGS+=(-accel tcg,thread=multi,tb-size=512 -cpu max,la57=off)
		# On a busy host the kernel finds the TSC too far from the HPET, and from then on
		# asks the HPET for the time: slow, and by one processor at a time.
		slow='norandmaps tsc=reliable'
	fi
	# shellcheck disable=SC2054
	VM_ARGS+=(-kernel "$IMAGE_DIR/vmlinuz" -initrd "$2"
		-append "console=ttyS0 loglevel=7 oops=panic panic=-1 hung_task_panic=0 mitigations=off random.trust_cpu=on $slow $3"
		-drive "if=none,id=root,format=raw,file=$IMAGE_DIR/root.ext4,snapshot=on,cache=unsafe"
		-device virtio-blk-pci,drive=root,serial=root)
	for spec in ${VM_DISKS//,/ }; do
		size=${spec%%:*} opts=''
		# 64M:4096 is a disk with 4096-byte logical blocks; mem has room for the memory.
		[ "$size" != mem ] || size=${VM_MEM}M
		case $spec in *:*) opts=,logical_block_size=${spec#*:},physical_block_size=${spec#*:} ;; esac
		c=$(printf '%03d' $n)
		truncate -s "$size" "$dir/disk$c" || return 1
		VM_ARGS+=(-drive "if=none,id=d$c,format=raw,file=$dir/disk$c,cache=unsafe,discard=unmap,detect-zeroes=off"
			-device "virtio-blk-pci,drive=d$c,serial=scratch$n$opts")
		n=$((n + 1))
	done
	[ -z "$VM_UFS" ] || vm_args_ufs "$dir"
}

# vm_args_ufs DIR: UFS host controllers with keyslots. VM_UFS is a list of
# <slots>[m][/<size of a logical unit>]...; 0 slots is no engine, m is MCQ mode.
# The guest has QEMU's monitor (QMP) on its third serial line: that line and the
# monitor are two ends of one socket.
vm_args_ufs() {
	local dir=$1 n=0 lun host mcq
	local -a part
	for host in ${VM_UFS//,/ }; do
		IFS=/ read -r -a part <<<"$host"
		mcq=''
		case ${part[0]} in *m) mcq=,mcq=true,mcq-maxq=4 ;; esac
		VM_ARGS+=(-device "ufs,id=ufs$n,serial=ufs$n,crypto-slots=${part[0]%m}$mcq")
		for ((lun = 0; lun < ${#part[@]} - 1; lun++)); do
			truncate -s "${part[lun + 1]}" "$dir/ufs$n-$lun" || return 1
			# By -blockdev it stays when the device is unplugged.
			VM_ARGS+=(-blockdev "driver=raw,node-name=ufs$n-$lun,discard=unmap,cache.no-flush=on,file.driver=file,file.filename=$dir/ufs$n-$lun"
				-device "ufs-lu,id=ufs$n-lu$lun,drive=ufs$n-$lun,bus=ufs$n,lun=$lun")
		done
		n=$((n + 1))
	done
	# shellcheck disable=SC2054
	VM_ARGS_LATE=(-chardev "socket,id=line,path=$dir/qmp,server=on,wait=off" -serial chardev:line
		-chardev "socket,id=qmp,path=$dir/qmp,server=off,reconnect=1" -mon chardev=qmp,mode=control)
}

# vm_slot: waits until fewer guests run than this machine has processors (two at
# least), over all runs with this cache, in the order of asking. More would not be faster, and
# a time limit would measure the other runs. vm_slot_done ends it.
vm_slot() {
	local i n queue
	n=$(nproc)
	mkdir -p "$KSM_CACHE/locks"
	exec {queue}>"$KSM_CACHE/locks/vm.queue"
	flock "$queue"
	while :; do
		for ((i = 0; i < (n > 2 ? n : 2); i++)); do
			exec {VM_SLOT}>"$KSM_CACHE/locks/vm.$i"
			if flock -n "$VM_SLOT"; then
				exec {queue}>&-
				return 0
			fi
			exec {VM_SLOT}>&-
		done
		sleep 0.05
	done
}

vm_slot_done() { exec {VM_SLOT}>&-; }

# accel_probe: sets ACCEL to kvm only where a stock kernel really boots with it;
# a /dev/kvm which exists proves nothing. The verdict holds until the host boots.
accel_probe() {
	ACCEL=${KSM_ACCEL:-}
	[ -z "$ACCEL" ] || return 0
	ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	with_lock accel accel_probe_locked
}

accel_probe_locked() {
	local boot verdict=$KSM_CACHE/accel dir rc=0
	boot=$(</proc/sys/kernel/random/boot_id)
	if [ "$(cut -d' ' -f1 "$verdict" 2>/dev/null)" = "$boot" ]; then
		ACCEL=$(cut -d' ' -f2 "$verdict")
		return 0
	fi
	dir=$(mktemp -d "$KSM_CACHE/work/accel.XXXXXX")
	# In a shell of its own, whose report of a QEMU which aborts nobody needs.
	(ulimit -c 0; timeout -k 2 10 "${QEMU[@]}" -nodefaults -display none -monitor none -machine pc \
		-accel kvm -cpu host -m 512 -smp 2 -no-reboot -kernel "$IMAGE_DIR/vmlinuz" -initrd "$IMAGE_DIR/initrd" \
		-append 'console=ttyS0 panic=-1 ksm.mode=probe' -serial "file:$dir/console"; exit $?) </dev/null >/dev/null 2>&1 || rc=$?
	if [ "$rc" = 0 ] && grep -q KSM-PROBE-OK "$dir/console"; then ACCEL=kvm; fi
	rm -rf "$dir"
	echo "$boot $ACCEL" >"$verdict"
}
