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
find . -name '*.gcno' | sort | while read -r f; do
	# Objects that no guest loaded have counts of zero by their notes alone.
	gcov -t -o "${f%/*}" "${f%.gcno}.gcda" || true
done
