# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the suites
# What suites of tests/modules/ksm_alloc_probe have in common. Not loaded by itself.

T=/sys/kernel/tracing
P=/sys/kernel/debug/ksm_alloc_probe
TRACE=/tmp/trace
# Of gfp_flags=: reclaim for this may write to disks.
MAY_IO='gfp_flags=[^ ]*\(GFP_KERNEL\|GFP_USER\|GFP_HIGHUSER\|GFP_NOFS\|__GFP_IO\|__GFP_FS\)'
LIBRARY=$(grep -o -m 1 ' aes_xts_preparekey$' /proc/kallsyms)

probe_load() {
	ok 'the probe is there' modprobe ksm_alloc_probe || return
	at_exit probe_unload
}
probe_unload() {
	if [ -e $T/events ]; then
		echo 0 >$T/events/enable
		echo >$T/kprobe_events
	fi
	rmmod ksm_alloc_probe
}

# result: sets ERR, NS, WAITED, DRIVER to what came of the last thing that the probe did.
result() { read -r ERR NS WAITED DRIVER <$P/do; }

# act LINE: has the probe do something, with its result.
act() {
	ERR='' NS='' WAITED='' DRIVER=''
	echo "$1" >$P/do && result
}

# register COMMAND: of the algorithms ksm-probe-0 ..., whose self-tests last.
register() { echo "$1" >$P/register; }

EVENTS="ksm kmem/kmalloc kmem/kmem_cache_alloc kmem/mm_page_alloc module/module_request"

# trace_ready: locks by name, allocations with their flags, modules asked for.
trace_ready() {
	local mutex_lock=mutex_lock
	# What it is called with lockdep.
	! grep -q ' mutex_lock_nested$' /proc/kallsyms || mutex_lock=mutex_lock_nested
	[ -e $T/trace ] || mount -t tracefs tracefs $T || return 1
	[ ! -e $T/events/kmem/kmalloc_node ] || EVENTS+=' kmem/kmalloc_node kmem/kmem_cache_alloc_node'
	echo 8192 >$T/buffer_size_kb
	cat >$T/kprobe_events <<-END || return 1
		p:ksm/begin ksm_alloc_probe:ksm_probe_begin
		p:ksm/end ksm_alloc_probe:ksm_probe_end
		p:ksm/down_read down_read lock=%di:symbol
		p:ksm/down_write down_write lock=%di:symbol
		p:ksm/up_write up_write lock=%di:symbol
		p:ksm/mutex_lock $mutex_lock lock=%di:symbol
	END
	echo 0 >$T/tracing_on
	trace_events 1
}

# trace_events 0|1: switching them takes an emulated processor a second, so they stay
# on between traces.
trace_events() {
	local e
	for e in $EVENTS; do echo "$1" >$T/events/$e/enable; done
}

# trace_on; trace_off: $TRACE.all has all there was. LOST is how many events were not kept.
LOST=0
trace_on() {
	: >$T/trace
	echo 1 >$T/tracing_on
}
trace_off() {
	local f n
	echo 0 >$T/tracing_on
	for f in $T/per_cpu/cpu*/stats; do
		n=$(sed -n 's/^overrun: //p' $f)
		LOST=$((LOST + n))
	done
	grep -v '^#' $T/trace >$TRACE.all
}

# traced LINE: act, with $TRACE what the thread that did it reached, and $TRACE.all
# what anybody did meanwhile. Counts of nothing mean nothing if it was not done, or not seen.
traced() {
	trace_on
	act "$1"
	trace_off
	sed -i '/ begin: /,/ end: /!d' $TRACE.all
	grep -E "^ *[^ ]+-$$ " $TRACE.all >$TRACE
	grep 'lock=' $TRACE >$TRACE.locks
	[ "$ERR $(grep -c ': \(begin\|end\): ' $TRACE)" = '0 2' ] || fail "$1: is done and traced" "error '$ERR'"
}

# bytes: of what was allocated in $TRACE.
bytes() { sed -n 's/.* bytes_alloc=\([0-9]*\) .*/\1/p' $TRACE | awk '{ n += $1 } END { print n + 0 }'; }

# graph FUNCTION LINE: act, with $TRACE.graph the graph of what is called below FUNCTION.
graph() {
	echo 0 >$T/tracing_on
	echo $$ >$T/set_ftrace_pid
	echo "$1" >$T/set_graph_function
	echo 6 >$T/max_graph_depth
	# Tracing all functions takes an emulated processor half a minute.
	echo '*crypto_* *setkey* down_* up_* mutex_* *kmalloc* kmem_cache_alloc* __alloc_pages*' >$T/set_ftrace_filter
	echo nop >$T/current_tracer
	echo function_graph >$T/current_tracer || return 1
	echo 1 >$T/tracing_on
	act "$2"
	echo 0 >$T/tracing_on
	grep -v '^#' $T/trace | sed 's/.*| //' >$TRACE.graph
	echo nop >$T/current_tracer
	echo >$T/set_graph_function
	echo >$T/set_ftrace_filter
	echo >$T/set_ftrace_pid
	echo 0 >$T/max_graph_depth
}
