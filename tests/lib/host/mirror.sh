# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which Debian mirror this machine uses. No mirror is named in this project: the
# URIs are those of the machine's own apt configuration, and other suites are
# looked for in the same place. Third-party repositories are ignored (Origin).

# mirror_find sets MIRROR_MAIN and MIRROR_SECURITY (the latter may be empty).
mirror_find() {
	[ -n "${MIRROR_MAIN:-}" ] && return 0
	mirror_scan
	if [ -z "$MIRROR_MAIN" ]; then
		# An image without package lists: Origin and Codename are only known
		# after an update.
		apt-get -q update >&2 || true
		mirror_scan
	fi
	[ -n "$MIRROR_MAIN" ] || die "apt knows no Debian mirror on this machine (see apt-get indextargets)"
	export MIRROR_MAIN MIRROR_SECURITY
}

mirror_scan() {
	local uri origin codename
	MIRROR_MAIN='' MIRROR_SECURITY=''
	while IFS='|' read -r uri origin codename; do
		[ "$origin" = Debian ] || continue
		case $codename in
		*-security) MIRROR_SECURITY=${MIRROR_SECURITY:-${uri%/}} ;;
		*-updates | *-backports* | *-debug) ;;
		*) MIRROR_MAIN=${MIRROR_MAIN:-${uri%/}} ;;
		esac
	done < <(apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(CODENAME)' 'Created-By: Packages' 2>/dev/null | sort -u)
}

# mirror_sources SUITE EXTRA...: sources.list lines; EXTRA is any of
# updates, security, backports.
mirror_sources() {
	local suite=$1 extra opt='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
	shift
	echo "deb $opt $MIRROR_MAIN $suite main"
	for extra; do
		case $extra in
		security)
			[ -z "$MIRROR_SECURITY" ] || echo "deb $opt $MIRROR_SECURITY $suite-security main" ;;
		*) echo "deb $opt $MIRROR_MAIN $suite-$extra main" ;;
		esac
	done
}

# Options for apt that mmdebstrap would not take over from the machine.
mirror_aptopts() {
	# A mirror may be a frozen copy and testing's Release file is often past its
	# date; the signatures are checked all the same.
	echo 'Acquire::Check-Valid-Until "false"'
	echo 'Acquire::Languages "none"'
	echo 'Acquire::Retries "5"'
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(http|https|ftp)::(Proxy|CaInfo|Verify)|^Acquire::(http|https)::Proxy-Auto-Detect' |
		grep -v '""' | sed 's/;$//' || true
}
