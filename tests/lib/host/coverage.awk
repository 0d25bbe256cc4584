# SPDX-License-Identifier: GPL-2.0-only
# Listings of gcov to a table; -v missing=1: and the lines that did not run. A line of a
# header counts as run if it was in one of those that include it.
function percent(a, b) { return b ? sprintf("%.1f", 100 * a / b) : "-" }
/^ *-: *0:Source:/ {
	file = $0
	sub(/^ *-: *0:Source:/, "", file)
	sub(/^\/usr\/src\/ksm-[^\/]*\//, "", file)
	# The kernel's own headers.
	if (file ~ /^\//) file = ""
	next
}
file != "" && match($0, /^ *[^:]+: *[0-9]+:/) {
	split($0, part, ":")
	count = part[1]
	line = part[2] + 0
	gsub(/[ *]/, "", count)
	if (count == "-" || !line) next
	if (!((file, line) in text)) {
		lines[file]++
		text[file, line] = substr($0, RLENGTH + 1)
		if (!(file in last) || last[file] < line) last[file] = line
	}
	if (count !~ /^[#=]+$/ && count != "0" && !ran[file, line]) {
		ran[file, line] = 1
		hit[file]++
	}
}
END {
	print "| file | lines | run | % |"
	print "|---|---|---|---|"
	order = "sort"
	for (file in lines) {
		printf "| `%s` | %d | %d | %s |\n", file, lines[file], hit[file], percent(hit[file], lines[file]) | order
		all += lines[file]
		allhit += hit[file]
	}
	close(order)
	printf "| all | %d | %d | %s |\n", all, allhit, percent(allhit, all)
	if (!missing) exit
	for (file in lines) {
		printf "\n%s\n", file
		for (i = 1; i <= last[file]; i++)
			if ((file, i) in text && !ran[file, i]) printf "%5d %s\n", i, text[file, i]
	}
}
