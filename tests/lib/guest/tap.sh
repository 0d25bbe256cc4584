# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for suites. TAP goes to file descriptor 3; what a suite or its commands
# print otherwise only goes to the log, as lines starting with "| ".
# The number of tests so far is in a file: subshells may test, too.
: "${TAP_DIR:=/run/tap}"
[ -e "$TAP_DIR/count" ] || echo 0 >"$TAP_DIR/count"

# Starting a program is dear on an emulated processor: builtins only, here and below.
tap_line() { # STATUS DESC
	local n
	read -r n <"$TAP_DIR/count"
	n=$((n + 1))
	echo $n >"$TAP_DIR/count"
	# A "#" would start a directive.
	printf '%s %d - %s\n' "$1" "$n" "${2//#/}${3:-}" >&3
}

# A pause without starting a program, for the few things which give no event.
exec {TAP_NEVER}<> <(:)
pause() { read -r -t 0.05 -u "$TAP_NEVER"; }
# soon CMD...: whether it becomes true, in a fifth of the suite's time at most.
soon() {
	local end=$((SECONDS + ${KSM_TIMEOUT:-300} / 5))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		pause
	done
	return 0
}

# diag TEXT...: shown at once, as a comment.
diag() {
	local l
	while IFS= read -r l; do printf '# %s\n' "$l" >&3; done <<<"$*"
}

pass() { tap_line ok "$1"; }
fail() { # DESC [EXPLANATION]
	tap_line 'not ok' "$1"
	[ -z "${2:-}" ] || diag "$2"
	return 1
}

# skip DESC REASON: reported and counted as skipped, never as passed.
skip() { tap_line ok "$1" " # SKIP $2"; }

# bail REASON: no use to go on; the suite fails.
bail() {
	printf 'Bail out! %s\n' "$*" >&3
	exit 255
}

# lockdep_was_told: a report was wanted, after which lockdep looks no more (end-check.sh).
lockdep_was_told() { : >"$TAP_DIR/lockdep-told"; }

# What the last command printed: to the log, and to $OUT (up to a NUL byte).
tap_output() {
	local l
	OUT=''
	[ -s "$TAP_DIR/out" ] || return 0
	IFS= read -r -d '' OUT <"$TAP_DIR/out" || true
	OUT=${OUT%$'\n'}
	while IFS= read -r l; do printf '| %s\n' "$l" >&3; done <<<"$OUT"
	return 0
}

tap_show() { # STATUS CMD...
	diag "status $1 of: ${*:2}"
	[ ! -s "$TAP_DIR/out" ] || diag "$(tail -n 20 "$TAP_DIR/out" | cut -c1-300)"
}

# ok DESC CMD...: passes if CMD succeeds. What it printed is shown if it fails,
# and is in $OUT after.
ok() {
	local desc=$1 rc=0
	shift
	"$@" >"$TAP_DIR/out" 2>&1 </dev/null || rc=$?
	tap_output
	if [ $rc = 0 ]; then tap_line ok "$desc"; return 0; fi
	tap_line 'not ok' "$desc"
	tap_show $rc "$@"
	return 1
}

# nok DESC CMD...: passes if CMD fails by itself (a signal's death is no refusal).
nok() {
	local desc=$1 rc=0
	shift
	"$@" >"$TAP_DIR/out" 2>&1 </dev/null || rc=$?
	tap_output
	if [ $rc != 0 ] && [ $rc -lt 126 ]; then tap_line ok "$desc"; return 0; fi
	tap_line 'not ok' "$desc"
	tap_show $rc "$@"
	return 1
}

# is DESC GOT EXPECTED
is() {
	if [ "$2" = "$3" ]; then tap_line ok "$1"; return 0; fi
	tap_line 'not ok' "$1"
	diag "     got: $2"
	diag "expected: $3"
	return 1
}

# isnt DESC GOT UNEXPECTED
isnt() {
	if [ "$2" != "$3" ]; then tap_line ok "$1"; return 0; fi
	tap_line 'not ok' "$1"
	diag "got what should not be: $2"
	return 1
}

# like DESC GOT REGEX; unlike DESC GOT REGEX (extended regular expressions)
like() {
	if [[ $2 =~ $3 ]]; then tap_line ok "$1"; return 0; fi
	tap_line 'not ok' "$1"
	diag "   got: $2"
	diag "wanted: $3"
	return 1
}

unlike() {
	if ! [[ $2 =~ $3 ]]; then tap_line ok "$1"; return 0; fi
	tap_line 'not ok' "$1"
	diag "     got: $2"
	diag "unwanted: $3"
	return 1
}

# at_exit CMD...: run when the suite ends, however it does; last first.
TAP_HOOKS=()
at_exit() { TAP_HOOKS+=("$(printf '%q ' "$@")"); }

tap_hooks() {
	local i
	for ((i = ${#TAP_HOOKS[@]} - 1; i >= 0; i--)); do
		eval "${TAP_HOOKS[i]}" || true
	done
	TAP_HOOKS=()
}

tap_exit() {
	local rc=$1
	trap - EXIT
	set +e
	tap_hooks
	[ "$rc" = 0 ] || [ "$rc" = 255 ] || diag "the suite ended early, status $rc"
	exit "$rc"
}

# tap_main FILE: runs a suite; returns only if it came to its end, so that the
# plan is never given by a suite which left early.
tap_main() {
	trap 'tap_exit $?' EXIT
	# shellcheck disable=SC1090
	. "$1"
	set +e
	tap_hooks
	trap - EXIT
	# Not implied by returning: bash may leave this function by an error.
	# shellcheck disable=SC2034 # for the caller
	TAP_ENDED=1
}

tap_plan() { echo "1..$(<"$TAP_DIR/count")" >&3; }
