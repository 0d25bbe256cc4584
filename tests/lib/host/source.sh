# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A snapshot of the checkout, so that one run sees one state of the files.

source_list() {
	local top=$KSM_TOP
	if git -C "$top" -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$top" -c safe.directory='*' ls-files -co --exclude-standard
	else
		(cd "$top" && find . -type f -not -path './.git/*' -not -name '*.o' -not -name '*.ko' -printf '%P\n')
	fi
}

# What dkms gets: all but the tests and the texts.
source_module_filter() {
	grep -E '^tests/modules/|^(tests|docs|tools|packaging|\.ci|\.github)/|^[^/]*\.md$|^\.git' -v | { cat; source_list | grep '^tests/modules/' || true; }
}

# source_snapshot DIR: DIR/src (module sources), and the rest beside it as in the checkout.
source_snapshot() {
	local dir=$1
	mkdir -p "$dir/src"
	source_copy "$dir/src" < <(source_list | source_module_filter | sort -u)
	source_copy "$dir" < <(source_list | grep -E '^(tests|tools|packaging|docs)/|^README\.md$' | sort -u)
	mkdir -p "$dir/tests"
	KSM_VERSION=$(sed -n 's/^PACKAGE_VERSION="\{0,1\}\([^"]*\)"\{0,1\}.*/\1/p' "$dir/src/dkms.conf")
	KSM_SRC_HASH=$(tree_hash "$dir/src")
	export KSM_VERSION KSM_SRC_HASH
}

# Files deleted but still in git's index are left out.
source_copy() {
	local dest=$1 f
	while IFS= read -r f; do
		[ -e "$KSM_TOP/$f" ] && printf '%s\n' "$f"
	done | tar -C "$KSM_TOP" -cf - --owner=0 --group=0 -T - | tar -C "$dest" -xf -
}

tree_hash() {
	(cd "$1" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum) | hash_text
}
