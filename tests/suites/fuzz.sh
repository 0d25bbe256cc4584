# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Random tables and messages, in random order on a few mapped devices, with I/O in
# between: what the kernel says and shows is what docs/table.md promises, and no key
# and no plaintext gets anywhere. 10000 with KSM_DEEP=1, from a new seed each time;
# KSM_FUZZ_SEED=N does the same again.
# vm: mem=1024 disks=32M,32M:4096 timeout=1200 check=6.12
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh

COUNT=1500 SEED=${KSM_FUZZ_SEED:-20261125}
if [ -n "${KSM_DEEP:-}" ]; then
	COUNT=10000
	SEED=${KSM_FUZZ_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
fi

echo on >/proc/sys/kernel/printk_devkmsg
ok 'modprobe dm-ksm' modprobe dm-ksm || bail 'no module'
ok 'an engine' sim size=16 slots=2 || bail 'no engine'
diag "KSM_FUZZ_SEED=$SEED, $COUNT tables and messages"
start=$EPOCHREALTIME
ok 'the fuzzer comes to its end' ksm-fuzz "$SEED" "$COUNT" "$DISK1" "$DISK2" /dev/ksmsim0
result=$OUT took=$((${EPOCHREALTIME/./} - ${start/./}))
diag "$((took / 1000)) ms, $((took / COUNT)) us for each"

# number_of KIND NAME: what the fuzzer counted.
number_of() {
	local kind name value
	while read -r kind name value; do
		[ "$kind $name" != "$1 $2" ] || echo "$value"
	done <<<"$result"
}
while IFS= read -r line; do
	case $line in
	'!'* | stat* | text*) diag "$line" ;;
	esac
done <<<"$result"

# none < NAME|DESC
none() {
	local name desc
	while IFS='|' read -r name desc; do
		is "$desc" "$(number_of flaw "$name")" 0
	done
}
none <<'END'
accepted|nothing is accepted that is wrong
refused|nothing is refused that is right
silent|whatever is refused, the log says what is wrong with it
errno|the errno is one that goes with that
table|TABLE shows what was accepted, and it can be loaded again
info|STATUS says which path it is and whether there is a key
state|devices, tables and suspension are what they should be
key-logged|no key is in the kernel's log
key-shown|no key is in TABLE and STATUS
data|what was written can be read
io|reading and writing work
plaintext|there is no plaintext on the disks
left|all mappings can be removed
END

# A fuzzer of which nothing is accepted, or everything for one reason refused, is none.
# percent DESC PART REST MIN MAX
percent() {
	local part rest
	part=$(number_of stat "$2") rest=$(number_of stat "$3")
	part=$((part * 100 / (part + rest + 1)))
	ok "$1: $part %, $4 to $5 wanted" test $part -ge "$4" -a $part -le "$5"
}
at_least() { ok "$1: $2, at least $3 wanted" test "$2" -ge "$3"; }
percent 'ksm tables are accepted' ksm-accepted ksm-refused 20 80
percent 'ksm-linear tables are accepted' linear-accepted linear-refused 20 90
percent 'messages are accepted' message-accepted message-refused 10 80
percent 'devices are resumed' resume-accepted resume-refused 20 98
at_least 'distinct error texts' "$(number_of stat texts)" 35
at_least 'I/O' "$(number_of stat io)" $((COUNT / 60))
at_least 'I/O to an engine' "$(number_of stat io-engine)" $((COUNT / 400))
at_least 'lines that were shown were loaded again' "$(number_of stat shown-and-loaded-again)" $((COUNT / 10))
is 'no device is left' "$(compgen -G '/sys/block/dm-*')" ''
ok 'the modules unload' eval 'modprobe -r ksm_sim && modprobe -r dm-ksm'
