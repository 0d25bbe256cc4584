# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of other files
# A guest that measures.

# bench_guest LABEL METHOD clock|asked WORK: appends to $work/samples; status 1 if it
# did not come to its end or its kernel complained.
bench_guest() {
	local label=$1 method=$2 kind=$3 dir=$4 con=$LOGS/bench-$1-$2-$3.console
	local log=$LOGS/bench-$1-$2-$3.log line bad more=''
	vm_defaults
	VM_DISKS='' VM_TIMEOUT=$((3600 * ${KSM_TIMEOUT_SCALE:-1}))
	[ "$method" = wall ] || VM_ICOUNT=1 VM_SMP=1
	# A guest that waits for nothing outside does not have to wait in real time.
	if [ "$kind" = asked ]; then VM_UFS=8/64M; else VM_ICOUNT_SLEEP=off; fi
	[ -z "$devices" ] || more+=" ksm.bench.devices=${devices#,}"
	[ -z "$bases" ] || more+=" ksm.bench.bases=${bases#,}"
	[ -z "${workloads:-}" ] || more+=" ksm.bench.workloads=${workloads#,}"
	[ -z "${rounds:-}" ] || more+=" ksm.bench.rounds=$rounds"
	more+=" ksm.bench.slots=$slots ksm.bench.keys=$keys"
	vm_args "$dir" "$dir/initrd" \
		"ksm.mode=bench ksm.label=$label ksm.timeout=$VM_TIMEOUT ksm.bench.method=$method ksm.bench.scope=$scope$more" || return 1
	vm_slot
	while IFS= read -r line; do
		bench_line "$label" "$method" "${line%$'\r'}"
	done < <(TMPDIR=$dir exec setpriv --pdeathsig TERM timeout -k 5 "$VM_TIMEOUT" \
		"${VM_ARGS[@]}" -serial "file:$con" -serial stdio ${VM_ARGS_LATE[@]+"${VM_ARGS_LATE[@]}"} \
		</dev/null 2>"$log.qemu" | tee "$log")
	vm_slot_done
	bad=$(kmsg_bad "$con")
	[ -z "$bad" ] || printf '%s\n' "$bad" >&2
	[ -z "$bad" ] && grep -q '^END' "$log"
}

# bench_line LABEL METHOD LINE: of the guest's, see guest/main.sh.
bench_line() {
	case $3 in
	'I '* | 'C '* | 'R '*) printf '%s %s %s\n' "$1" "$2" "$3" >>"$work/samples" ;;
	END) ;;
	'X '*) msg "[$1] left out: ${3#X }" ;;
	*) msg "[$1] ${3#D }" ;;
	esac
}
