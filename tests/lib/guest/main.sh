#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# PID 1 of the guest: set up, run one suite (or the demo, a benchmark, a shell), check that
# nothing is left behind, power off. ttyS0 is the kernel's, ttyS1 is TAP.
export PATH=/ksm/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 TERM=dumb
here=/ksm/tests/lib/guest
mode=shell suite='' timeout=300 label=''
# shellcheck disable=SC2013 # words wanted
for word in $(</proc/cmdline); do
	case $word in
	ksm.mode=*) mode=${word#*=} ;;
	ksm.suite=*) suite=${word#*=} ;;
	ksm.timeout=*) timeout=${word#*=} ;;
	ksm.label=*) label=${word#*=} ;;
	ksm.boot=*)
		word=${word#*=}
		export KSM_BOOT=${word%/*} KSM_BOOTS=${word#*/}
		;;
	ksm.deep=?*) export KSM_DEEP=${word#*=} ;;
	ksm.seed=?*) export KSM_FUZZ_SEED=${word#*=} ;;
	esac
done
export KSM_LABEL=$label KSM_TIMEOUT=$timeout
KVER=$(uname -r)
export KVER
# Without udev, libdevmapper makes the nodes itself.
export DM_DISABLE_UDEV=1
# Scratch disks in order: DISK1 is /dev/vdb and so on; DISKS has them all.
DISKS='' n=0
for d in /sys/block/vd[b-z]; do
	[ -e "$d" ] || continue
	n=$((n + 1))
	export "DISK$n=/dev/${d##*/}"
	DISKS+="/dev/${d##*/} "
done
export DISKS=${DISKS% }
# An emulated processor is slow, and a suite's own bound must come later.
hung=$((timeout / 2 < 120 ? timeout / 2 : 120))
[ ! -e /proc/sys/kernel/hung_task_timeout_secs ] || echo $hung >/proc/sys/kernel/hung_task_timeout_secs
echo 1 >/proc/sys/kernel/sysrq
# It does not look for data races before it is told to.
if [ -e /sys/kernel/debug/kcsan ]; then
	# In 80 us, as it comes, an emulated processor does too little to meet another one.
	echo 300 >/sys/module/kcsan/parameters/udelay_task
	echo 100 >/sys/module/kcsan/parameters/udelay_interrupt
	echo on >/sys/kernel/debug/kcsan
fi

echo "<6>KSM-GUEST-UP" >/dev/kmsg

# The network, the log daemon and udev are not there; nothing else runs.
case $mode in
suite)
	stty -F /dev/ttyS1 raw -echo 2>/dev/null
	exec 3>/dev/ttyS1
	export TAP_DIR=/run/tap
	mkdir -p $TAP_DIR
	# Shortly before the host ends a hung guest, have the kernel say who waits.
	(
		sleep $((timeout > 20 ? timeout - 8 : timeout - 3))
		echo '# guest: about to be ended as hung; blocked tasks are in the console log' >&3
		echo w >/proc/sysrq-trigger
	) </dev/null >/dev/null 2>&1 &
	# In a session of its own: the suite's end must not take PID 1 along.
	setsid bash $here/suite.sh "/ksm/tests/$suite.sh" </dev/null >/dev/null 2>&1
	setsid bash $here/end-check.sh </dev/null >/dev/null 2>&1
	;;
demo)
	stty -F /dev/ttyS1 raw -echo 2>/dev/null
	setsid bash /ksm/tests/lib/guest/demo.sh </dev/null >/dev/ttyS1 2>&1
	echo "DEMO-STATUS $?" >/dev/ttyS1
	;;
bench)
	stty -F /dev/ttyS1 raw -echo 2>/dev/null
	setsid bash /ksm/tests/bench/guest/main.sh </dev/null >/dev/ttyS1 2>&1
	;;
*)
	stty -F /dev/ttyS0 sane 2>/dev/null
	echo 'A shell in the guest; the modules are loaded by name (modprobe dm-ksm); poweroff -f ends it.' >/dev/ttyS0
	setsid -c bash -c 'cd /ksm/tests && exec bash -i' </dev/ttyS0 >/dev/ttyS0 2>&1
	;;
esac
# Let the serial lines drain; nothing needs writing back, the disks are scratch.
sleep 0.1
echo 1 >/proc/sys/kernel/sysrq
echo o >/proc/sysrq-trigger
sleep 30
