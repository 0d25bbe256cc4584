#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's side of tests/bench/run. Prints, for bench_samples on the host,
#	I NAME VALUE			about this machine
#	C BYTES NS DRIVER		the cipher alone
#	R BASE DEVICE WORKLOAD ROUND NS	one measurement, per I/O
#	M DEVICE mapping KIB		memory of each of many mappings
#	M DEVICE WORKLOAD ROUND KIB	memory while all of a batch is under way
#	X WHAT WHY			left out
#	D TEXT
#	END				nothing is missing
# What else is printed is an error.
set -u
here=/ksm/tests/bench/guest
# shellcheck source=tests/lib/guest/blk.sh
. /ksm/tests/lib/guest/blk.sh
# shellcheck source=tests/lib/guest/sim.sh
. /ksm/tests/lib/guest/sim.sh
# shellcheck source=tests/lib/guest/ufs.sh
. /ksm/tests/lib/guest/ufs.sh
for part in matrix bases devices measure profile memory; do
	# shellcheck disable=SC1090
	. $here/$part.sh
done

# arg NAME: of the kernel's command line; lists are joined by commas.
arg() { sed -n "s/.* ksm\.bench\.$1=\([^ ]*\).*/\1/p" /proc/cmdline | tr , ' '; }
# shellcheck disable=SC2034 # for the other files
SLOTS=$(arg slots) KEYS=$(arg keys) ROUNDS=$(arg rounds)
# shellcheck disable=SC2034 # for the other files
METHOD=$(arg method) SCOPE=$(arg scope) ONLY_DEVICES=$(arg devices) ONLY_BASES=$(arg bases) ONLY_WORKLOADS=$(arg workloads)

echo "I release $KVER"
echo "I cpu $(sed -n '0,/^model name/s/^model name.*: //p' /proc/cpuinfo), $(nproc) processor(s)"
# With the model of a UFS controller the emulator can be asked what it executed.
COUNTER=''
if [ "$METHOD" != wall ] && ufs_pci 0 >/dev/null && qmp_open; then
	# shellcheck disable=SC2034 # for measure.sh
	COUNTER=1
fi
# Ciphers for this processor, as udev has them loaded everywhere else. 7.3's crypto API has
# xts(aes) without, which is several times slower, and does not look any further. Some of what
# is meant for a processor does not load everywhere.
modprobe -a -b -q "$(</sys/devices/system/cpu/modalias)" || true
# Booting leaves work behind that would be counted.
sleep 5
if [ "$METHOD" = profile ]; then
	# shellcheck disable=SC2046 # words wanted
	profile_base "$ONLY_BASES" $(arg workload) $(arg ios)
	exit
fi
if [ "$METHOD" = memory ]; then
	memory_all
	exit
fi
[ "$METHOD" != icount ] || measure_cipher
for base in $(bases); do
	measure_base "$base"
done
echo END
