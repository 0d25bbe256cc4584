#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# coverage-in-root.sh SOURCES: within the root, adds up the counts of /mnt/counts/N and
# prints gcov's listing of every file.
set -euo pipefail
src=$1
cd /mnt/counts
sum=0
for n in *; do
	[ "$n" != 0 ] || continue
	gcov-tool merge -o "sum.$n" "$sum" "$n" >&2
	rm -rf "$sum"
	sum=sum.$n
done
cp -a "$sum$src/." "$src/"
cd "$src"
# Neither what only probes for a kernel's features nor what kbuild makes has code that runs.
find . -name '*.gcno' ! -path './compat/probe/*' ! -name '*.mod.gcno' ! -name '.*' | sort | while read -r f; do
	# Objects that no guest loaded have counts of zero by their notes alone. It says so, and
	# that it does not find the kernel's own headers.
	gcov -t -o "${f%/*}" "${f%.gcno}.gcda" 2>/dev/null || true
done
