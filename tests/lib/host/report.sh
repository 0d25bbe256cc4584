# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Workers speak in events, one line each, so that kernels can run side by side;
# one reader turns them into numbered TAP.
#   T<TAB>ok|fail|skip<TAB>name<TAB>reason      D<TAB>text

ev_test() { printf 'T\t%s\t%s\t%s\n' "$1" "${2//$'\t'/ }" "${3:-}"; }
# Short enough for lines of several workers not to mix in the pipe.
ev_diag() { printf 'D\t%.1000s\n' "${1//$'\t'/ }"; }
# ev_lines PREFIX < text
ev_lines() {
	local l
	while IFS= read -r l || [ -n "$l" ]; do ev_diag "$1 $l"; done
}

# report_events < events: prints TAP and the closing line; status 1 unless
# something passed and nothing failed. What failed is said once more at the end,
# with what its suite said after it: of a long log people keep the last lines.
report_events() {
	local line kind a b c n=0 passed=0 failed=0 skipped=0 tag
	local -a again=()
	local -A more=()
	while IFS= read -r line; do
		IFS=$'\t' read -r kind a b c <<<"$line"
		case $kind in
		T)
			n=$((n + 1))
			case $a in
			ok) passed=$((passed + 1)); printf 'ok %d - %s\n' "$n" "$b" ;;
			skip) skipped=$((skipped + 1)); printf 'ok %d - %s # SKIP %s\n' "$n" "$b" "$c" ;;
			*)
				failed=$((failed + 1)); printf 'not ok %d - %s\n' "$n" "$b"
				again+=("not ok $n - $b")
				more[${b%%:*}]=12
				;;
			esac
			;;
		D)
			line=${line#D$'\t'}
			printf '# %s\n' "$line"
			tag=${line%%]*}
			tag=${tag#[}
			if [ -n "$tag" ] && [ "${more[$tag]:-0}" -gt 0 ]; then
				more[$tag]=$((more[$tag] - 1))
				again+=("$line")
			fi
			;;
		*) printf '# %s\n' "$line" ;;
		esac
	done
	printf '1..%d\n' "$n"
	if [ "$failed" != 0 ]; then
		printf '# what failed, and what its suite said then:\n'
		printf '#   %.300s\n' "${again[@]:0:60}"
	fi
	if [ "$skipped" -gt 0 ]; then
		printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	else
		printf '%d passed, %d failed\n' "$passed" "$failed"
	fi
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
