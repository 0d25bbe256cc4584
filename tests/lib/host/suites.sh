# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Running one suite on one kernel: the host-side part, a fresh guest, the scan.

# suite_list DIR
suite_list() {
	local f
	for f in "$1"/*.sh; do
		[ -e "$f" ] || continue
		f=$(basename "$f" .sh)
		echo "${f%.host}"
	done | sort -u
}

# suite_wanted LABEL FILE: if everything is run, a suite runs on the stock kernels that it
# names (check=), with KSM_DEEP=1 on all, and on all kernels built with checks; one that is
# for those only (flavour=), nowhere else. Asked for by name, it always runs.
suite_wanted() {
	local flavour file=$2
	flavour=$(kernel_flavour "$1")
	# Without a guest, a kernel built with checks is not even started.
	[ -e "$file" ] || [ -z "$flavour" ] || return 1
	[ -z "${SUITES_ASKED_FOR:-}" ] || return 0
	[ -e "$file" ] || file=${2%.sh}.host.sh
	vm_defaults
	vm_header "$file" || return 0
	[ -z "$VM_FLAVOUR" ] || [[ ,$VM_FLAVOUR, == *",$flavour,"* ]] || return 1
	[ -n "${KSM_DEEP:-}$flavour" ] || [ -z "$VM_CHECK" ] || [[ ,$VM_CHECK, == *",$1,"* ]]
}

# suite_run LABEL SUITE SUITEDIR SNAPSHOT DELTA WORK LOGS: prints events.
# SUITEDIR is the path below tests/ (suites, lib/selftest).
suite_run() {
	local label=$1 suite=$2 sdir=$3 snap=$4 delta=$5 work=$6/$2 logs=$7 start=$SECONDS
	mkdir -p "$work"
	ev_diag "[$label $suite] start"
	if [ -e "$snap/tests/$sdir/$suite.host.sh" ]; then
		suite_host "$label" "$suite" "$sdir" "$snap" "$work" "$logs"
	fi
	if [ -e "$snap/tests/$sdir/$suite.sh" ]; then
		suite_guest "$label" "$suite" "$sdir" "$snap" "$delta" "$work" "$logs"
	fi
	ev_diag "[$label $suite] $((SECONDS - start)) s"
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$work"
}

# tap_events NAME: guest or host TAP on stdin to events; fails the suite if the
# plan is missing or wrong. Leaves what it saw in TAP_PLAN, TAP_SEEN.
tap_events() {
	# Output of tests may be no text: a broken character must not swallow a newline.
	local name=$1 l desc LC_ALL=C
	TAP_SEEN=0 TAP_PLAN=''
	while IFS= read -r l; do
		l=${l%$'\r'}
		case $l in
		'ok '* | 'not ok '*)
			TAP_SEEN=$((TAP_SEEN + 1))
			desc=${l#*' - '}
			case $l in
			'not ok '*) ev_test fail "$name: $desc" ;;
			*' # SKIP'*) ev_test skip "$name: ${desc%% # SKIP*}" "${l#*# SKIP }" ;;
			*) ev_test ok "$name: $desc" ;;
			esac
			;;
		'1..'*) TAP_PLAN=${l#1..} ;;
		'# KSM-CUT '*) suite_cut "${l#\# KSM-CUT }" ;;
		'Bail out!'*) ev_test fail "$name: $l" ;;
		'# '*) ev_diag "[$name] ${l#\# }" ;;
		'| '*)
			# After these, bash leaves out the rest of a function or loop
			# and goes on as if nothing were missing.
			if [[ $l =~ \.sh:\ line\ [0-9]+:\ .*(syntax\ error|bad\ substitution|unbound\ variable|command\ not\ found|bad\ array\ subscript|division\ by\ 0) ]]; then
				ev_test fail "$name: no mistake in the suite itself: ${l#| }"
			fi
			;;
		esac
	done
}

suite_host() {
	local label=$1 suite=$2 sdir=$3 snap=$4 work=$5 logs=$6 rc=0 start pid
	local tap=$logs/$label-$suite.host.tap root=$ROOT_DIR kver=$KVER os=''
	if grep -q '^# root: os$' "$snap/tests/$sdir/$suite.host.sh"; then
		if [ -n "$(kernel_flavour "$label")" ]; then
			ev_diag "[$label $suite] the host's part is for distributions' kernels"
			return
		fi
		os_root_use "$label" || { ev_test fail "$label $suite: a whole Debian is made"; return; }
		root=$OS_DIR kver=$(<"$OS_DIR/kver") os=1
	fi
	# It keeps a processor as busy as a guest, and has one guest of its own at most.
	vm_slot
	start=$SECONDS
	exec {tapfd}< <(
		# What goes on there in the background must not keep it.
		exec {VM_SLOT}>&-
		export KSM_LABEL=$label KSM_SNAP=$snap KSM_SUITE=$snap/tests/$sdir/$suite.host.sh
		export KVER=$kver KSM_OS=$os KSM_SRC=$snap/src KSM_TOOLS=$TOOLS_DIR/bin KSM_LOGS=$logs KSM_WORK=$work/vm KSM_QEMU_ENV=$work/qemu.env
		mkdir -p "$KSM_WORK"
		declare -p QEMU ACCEL >"$KSM_QEMU_ENV"
		OVERLAY_TIMEOUT=1800 overlay_run "$root/root" "$work/host" \
			bash "$KSM_TOP/tests/lib/host/suite-host.sh" 2>&1 </dev/null | tee "$tap"
		exit "${PIPESTATUS[0]}"
	)
	pid=$!
	tap_events "$label $suite" <&"$tapfd"
	exec {tapfd}<&-
	wait "$pid" || rc=$?
	vm_slot_done
	ev_diag "[$label $suite] the host's part took $((SECONDS - start)) s"
	if [ "$TAP_PLAN" != "$TAP_SEEN" ]; then
		ev_test fail "$label $suite: host part ended without its plan (status $rc; log: $tap)"
	fi
	rm -rf --one-file-system "$work/host" "$work/vm"
}

suite_guest() {
	local label=$1 suite=$2 sdir=$3 snap=$4 delta=$5 work=$6 logs=$7 timeout boot
	local name="$label $suite"
	local con=$logs/$label-$suite.console tap=$logs/$label-$suite.tap
	vm_defaults
	vm_header "$snap/tests/$sdir/$suite.sh" || { ev_test fail "$name: bad '# vm:' line"; return; }
	if [ -n "$VM_FLAVOUR" ] && [[ ,$VM_FLAVOUR, != *",$(kernel_flavour "$label"),"* ]]; then
		ev_test skip "$name" "for kernels built with checks: --kernel $(kernel_base "$label")-${VM_FLAVOUR%%,*}"
		return
	fi
	timeout=$((VM_TIMEOUT * ${KSM_TIMEOUT_SCALE:-1} * $(kernel_slowness "$label")))
	VM_MEM=$(kernel_memory "$label" "$VM_MEM")
	[ -n "$VM_UNGUARDED" ] || VM_CMDLINE="$(kernel_guards "$label") $VM_CMDLINE"
	GUEST_SECONDS=0
	# With the same disks each time: a suite may end a boot by cutting the power.
	for ((boot = 0; boot < VM_BOOTS; boot++)); do
		vm_args "$work" "$delta" "ksm.mode=suite ksm.suite=$sdir/$suite ksm.timeout=$timeout ksm.label=$label ksm.boot=$boot/$VM_BOOTS ksm.deep=${KSM_DEEP:-} ksm.seed=${KSM_FUZZ_SEED:-} $VM_CMDLINE" ||
			{ ev_test fail "$name: the guest's disks could not be made"; return; }
		if [ "$VM_BOOTS" -gt 1 ]; then con=$logs/$label-$suite.$boot.console tap=$logs/$label-$suite.$boot.tap; fi
		suite_boot_judged "$name" "$con" "$tap" "$timeout" "$work" || break
	done
	ev_diag "[$name] took $GUEST_SECONDS s"
	if [ -n "${KEEP:-}" ]; then
		vm_boot_script "$work" "$delta" "$label"
		ev_diag "[$name] kept; for a shell in this guest: $work/boot (poweroff -f ends it)"
	fi
}

# suite_boot_judged NAME CONSOLE TAP TIMEOUT WORK: boots VM_ARGS and fails what is
# wrong about it as a whole; then it returns 1.
suite_boot_judged() {
	local name=$1 con=$2 tap=$3 timeout=$4 work=$5 rc bad
	suite_boot "$name" "$con" "$tap" "$timeout" "$work"
	if ! grep -a -q 'KSM-GUEST-UP' "$con"; then
		# None of our code was there yet: the emulator, or the host's load.
		ev_diag "[$name] the guest died while booting (log: $con.first); booting it again"
		mv "$con" "$con.first"
		suite_boot "$name" "$con" "$tap" "$timeout" "$work"
	fi
	rc=$BOOT_STATUS
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		ev_test fail "$name: ended within $timeout s (hung, killed)"
		tail -n 5 "$con" | tr -d '\r' | ev_lines "[$name] console:"
	elif [ -z "$TAP_PLAN" ]; then
		ev_test fail "$name: suite reached its end and gave its plan (it did not; status $rc)"
		tail -n 5 "$con" | tr -d '\r' | ev_lines "[$name] console:"
		head -n 5 "$work/qemu.err" | ev_lines "[$name] qemu:"
		rc=1
	elif [ "$TAP_PLAN" != "$TAP_SEEN" ]; then
		ev_test fail "$name: plan says $TAP_PLAN tests, $TAP_SEEN seen"
		rc=1
	fi
	bad=$(kmsg_bad "$con" "$VM_LACK" "$VM_REPORT")
	if [ -n "$bad" ]; then
		ev_test fail "$name: kernel log is clean"
		ev_lines "[$name] kernel log:" <<<"$bad"
	elif ! grep -a -q 'KSM-GUEST-UP' "$con"; then
		ev_test fail "$name: guest booted"
	else
		ev_test ok "$name: kernel log is clean"
	fi
	[ "$rc" = 0 ] && [ -z "$bad" ] && return 0
	ev_diag "[$name] logs: $con $tap"
	return 1
}

# suite_cut SECONDS: the guest wants its power cut, after so long.
suite_cut() {
	CUT=1
	(
		sleep "$1"
		kill -KILL "$(<"$PID_FILE")"
	) </dev/null >/dev/null 2>&1 &
}

# suite_boot NAME CONSOLE TAP TIMEOUT WORK: boots VM_ARGS, passes the tests on, and
# sets BOOT_STATUS, TAP_PLAN and TAP_SEEN, and adds to GUEST_SECONDS.
suite_boot() {
	local name=$1 con=$2 tap=$3 timeout=$4 work=$5 pid start
	CUT='' PID_FILE=$work/qemu.pid
	: >"$con"
	vm_slot
	start=$SECONDS
	# Two serial lines: the kernel's log to a file, TAP to us as it comes. If
	# this shell dies, timeout is told (pdeathsig) and ends QEMU.
	exec {tapfd}< <(
		TMPDIR=$work exec setpriv --pdeathsig TERM timeout -k 5 "$timeout" \
			"${VM_ARGS[@]}" -pidfile "$PID_FILE" -serial "file:$con" -serial stdio \
			${VM_ARGS_LATE[@]+"${VM_ARGS_LATE[@]}"} \
			</dev/null 2>"$work/qemu.err"
	)
	pid=$!
	tap_events "$name" < <(tee "$tap" <&"$tapfd")
	exec {tapfd}<&-
	BOOT_STATUS=0
	wait "$pid" || BOOT_STATUS=$?
	[ -z "$CUT" ] || [ "$BOOT_STATUS" != 137 ] || BOOT_STATUS=0
	GUEST_SECONDS=$((GUEST_SECONDS + SECONDS - start))
	vm_slot_done
}

# A script which boots the same guest with a shell on the terminal.
vm_boot_script() {
	local work=$1
	cp "$2" "$work/initrd"
	vm_args "$work" "$work/initrd" "ksm.mode=shell ksm.label=$3"
	{
		echo '#!/bin/sh'
		printf 'exec'
		printf ' %q' "${VM_ARGS[@]}" -serial mon:stdio -serial null ${VM_ARGS_LATE[@]+"${VM_ARGS_LATE[@]}"}
		echo
	} >"$work/boot"
	chmod 755 "$work/boot"
}
