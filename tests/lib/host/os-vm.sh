# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A machine with a Debian of its own on its disk, and somebody at its serial console: for host
# parts of suites.

# shellcheck disable=SC1090,SC2154 # QEMU and ACCEL are in the file
. "$KSM_QEMU_ENV"
# shellcheck source=tests/lib/host/qemu.sh
. "$KSM_TOP/tests/lib/host/qemu.sh"

# What is typed to a machine that is off is lost, and the suite goes on.
trap '' PIPE

# With "panic=", an initramfs would restart instead of giving a shell.
# vm_on NAME KERNEL INITRD CMDLINE DISK...: its console is in $VM_LOG.
vm_on() {
	local name=$1 disk n=0
	# shellcheck disable=SC2054 # commas are QEMU's
	local -a args accel=(-accel tcg,thread=multi,tb-size=512 -cpu max,la57=off)
	[ "$ACCEL" != kvm ] || accel=(-accel kvm -cpu host)
	# shellcheck disable=SC2054 # commas are QEMU's
	args=("${QEMU[@]}" -nodefaults -no-user-config -display none -monitor none -machine pc -m 1536 -smp 2 -no-reboot
		"${accel[@]}" -kernel "$2" -initrd "$3" -append "console=ttyS0 mitigations=off norandmaps $4"
		-device virtio-rng-pci)
	for disk in "${@:5}"; do
		args+=(-drive "if=none,id=d$n,format=raw,file=$disk,cache=unsafe" -device "virtio-blk-pci,drive=d$n")
		n=$((n + 1))
	done
	VM_LOG=$KSM_LOGS/$KSM_LABEL-boot-$name.console VM_AT=1
	: >"$VM_LOG"
	exec {VM_IN}> >(exec setpriv --pdeathsig TERM timeout -k 5 "$((600 * ${KSM_TIMEOUT_SCALE:-1}))" "${args[@]}" -serial stdio >"$VM_LOG" 2>&1)
	VM_PID=$!
}

# says REGEX: the console does, behind what was found before. Gives up when the machine is off.
says() {
	local at
	while :; do
		at=$(tail -c "+$VM_AT" "$VM_LOG" | grep -a -b -o -E -m 1 -- "$1" | head -n 1)
		[ -z "$at" ] || break
		kill -0 "$VM_PID" 2>/dev/null || return 1
		sleep 0.2
	done
	VM_AT=$((VM_AT + ${at%%:*} + 1))
}

# enter TEXT: and the return key.
enter() { printf '%s\r' "$1" >&"$VM_IN"; }

# shell COMMAND: of a plain sh there that shows nothing of what is typed; its output is in
# $VM_OUT, its status is returned. Not in a subshell, which would lose where the console is.
VM_COUNT=0
shell() {
	local from=$(($(stat -c %s "$VM_LOG") + 1)) n status
	VM_OUT=''
	VM_COUNT=$((VM_COUNT + 1))
	n=$VM_COUNT
	enter "echo; echo b-'$n'; { $1; } 2>&1; echo e-'$n'=\$?."
	says "e-$n=[0-9]+\." || return 255
	# shellcheck disable=SC2034 # for the caller
	VM_OUT=$(tail -c "+$from" "$VM_LOG" | tr -d '\r' | sed -n "/^b-$n\$/,/^e-$n=/p" | sed '1d; $d')
	status=$(tail -c "+$from" "$VM_LOG" | tr -d '\r' | sed -n "s/^e-$n=\([0-9]*\)\..*/\1/p" | tail -n 1)
	return "${status:-255}"
}

# vm_off: waits for it.
vm_off() {
	local rc=0
	wait "$VM_PID" || rc=$?
	exec {VM_IN}>&-
	return "$rc"
}
vm_kill() {
	kill "$VM_PID"
	vm_off || true
}
