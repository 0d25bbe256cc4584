# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is measured where, how often and with how many I/Os.

# wanted LIST ITEM...: the items which are in LIST; all if that is empty.
wanted() {
	local list=" $1 " item
	shift
	for item; do
		if [ "$list" = '  ' ] || [[ $list == *" $item "* ]]; then echo "$item"; fi
	done
}

# The host has a guest of its own for what has to be waited for: COUNTER is set there.
bases() {
	local -a all=(null_blk sim)
	[ "$SCOPE" != full ] || all+=(brd)
	if [ "$METHOD" = wall ]; then
		all=(null_blk)
		case " $SCOPE $ONLY_BASES " in *' full '* | *' null_blk-empty '*) all+=(null_blk-empty) ;; esac
	fi
	if [ -n "$COUNTER" ]; then
		all=(null_blk-hardirq)
		case " $SCOPE $ONLY_BASES " in *' full '* | *' ufs '*) all+=(ufs) ;; esac
	fi
	wanted "$ONLY_BASES" "${all[@]}"
}

# devices BASE: the first is what the others are compared with.
devices() {
	local -a all=(raw linear crypt-512 crypt-4096 crypt-4096-nowq crypt-4096-same crypt-4096-hipri inlinecrypt ksm)
	case $1 in
	sim) set -- sim-raw linear ksm-hw-null ;;
	ufs) set -- raw linear crypt-4096-nowq ksm ksm-ufs ;;
	null_blk-empty) set -- raw ksm ksm-1cpu ;;
	null_blk) set -- "${all[@]}" ;;
	*) set -- raw linear crypt-4096 crypt-4096-nowq inlinecrypt ksm ;;
	esac
	echo "$1"
	shift
	wanted "$ONLY_DEVICES" "$@"
}

# workloads BASE
workloads() {
	# shellcheck disable=SC2046 # words wanted
	wanted "$ONLY_WORKLOADS" $(all_workloads "$1")
}
all_workloads() {
	case $1-$SCOPE in
	sim-quick) echo randread-4k-qd1 randwrite-4k-qd1 randread-4k-qd32 randwrite-4k-qd32 ;;
	ufs-*) echo randread-4k-qd1 randwrite-4k-qd1 seqread-128k-qd1 seqwrite-128k-qd1 ;;
	null_blk-empty-*) echo seqread-1m-qd1 seqwrite-1m-qd1 ;;
	*-quick)
		echo randread-4k-qd1 randwrite-4k-qd1 randread-4k-qd32 randwrite-4k-qd32 \
			seqread-1m-qd8 seqwrite-1m-qd8
		;;
	*)
		echo randread-4k-qd1 randwrite-4k-qd1 randread-4k-qd32 randwrite-4k-qd32 \
			randrw-4k-qd32 fsync-4k-qd1 seqread-128k-qd1 seqwrite-128k-qd1 \
			seqread-1m-qd1 seqwrite-1m-qd1 seqread-1m-qd8 seqwrite-1m-qd8
		;;
	esac
}

# rounds: counted instructions hardly differ, time does.
rounds() {
	case $ROUNDS$METHOD-$SCOPE in
	[0-9]*) echo "$ROUNDS" ;;
	icount-quick) echo 3 ;;
	icount-*) echo 5 ;;
	wall-quick) echo 5 ;;
	*) echo 11 ;;
	esac
}

# ios BASE WORKLOAD: more where time is measured, which the host disturbs.
ios() {
	local n
	case $1-$2 in
	*-1m-*) n=32 ;;
	*-128k-*) n=200 ;;
	ufs-*) n=500 ;;
	*) n=1000 ;;
	esac
	[ "$METHOD" != wall ] || n=$((n * 3))
	echo $n
}
