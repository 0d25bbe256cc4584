# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# From single measurements to medians, as JSON.

# bench_json < samples: lines are
#	KERNEL METHOD I NAME VALUE
#	KERNEL METHOD C BYTES NS DRIVER
#	KERNEL METHOD R BASE DEVICE WORKLOAD ROUND NS
# The first device of a base is what its others are compared with. Counted
# instructions are the median of the rounds. Time is the median of the rounds'
# ratios to that device, times its own median: what changes from round to round
# cancels out, and a division by it gives the ratio again.
# The spread is that of the same values, (largest - smallest) / median.
# One result is one line.
bench_json() {
	awk '
	function quote(s) { gsub(/["\\]/, "\\\\&", s); return "\"" s "\"" }
	# sorted(LIST): its numbers in v[1..n], ascending
	function sorted(list, n, i, j, x) {
		n = split(list, v, " ")
		for (i = 2; i <= n; i++) {
			x = v[i] + 0
			for (j = i - 1; j > 0 && v[j] + 0 > x; j--) v[j + 1] = v[j]
			v[j + 1] = x
		}
		return n
	}
	function median(list, n) {
		n = sorted(list)
		spread = (v[n] - v[1]) / (n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2)
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	$3 == "I" {
		name = $4
		line = $0
		sub(/^[^ ]+ [^ ]+ I [^ ]+ /, "", line)
		about[++abouts] = sprintf("{\"kernel\":%s,\"method\":%s,\"name\":%s,\"value\":%s}",
			quote($1), quote($2), quote(name), quote(line))
	}
	$3 == "C" { cipher[++ciphers] = sprintf("{\"kernel\":%s,\"bytes\":%d,\"insns\":%d}", quote($1), $4, $5) }
	$3 == "R" {
		place = $1 " " $2 " " $4
		if (!(place in first)) first[place] = $5
		key = place " " $5 " " $6
		if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
		value[key, $7] = $8
		rounds[key] = rounds[key] " " $7
	}
	END {
		for (i = 1; i <= keys; i++) {
			split(order[i], f, " ")
			raw = f[1] " " f[2] " " f[3] " " first[f[1] " " f[2] " " f[3]] " " f[5]
			n = split(rounds[order[i]], r, " ")
			list = ""; base = ""; scale = 1
			for (j = 1; j <= n; j++) {
				x = value[order[i], r[j]]
				if (f[2] == "wall" && raw != order[i]) {
					if (!((raw, r[j]) in value)) continue
					base = base " " value[raw, r[j]]
					x = x / value[raw, r[j]]
				}
				list = list " " x
			}
			if (base != "") scale = median(base)
			m = median(list) * scale
			result[i] = sprintf("{\"kernel\":%s,\"method\":%s,\"base\":%s,\"device\":%s,\"workload\":%s,\"median\":%.1f,\"spread\":%.4f}",
				quote(f[1]), quote(f[2]), quote(f[3]), quote(f[4]), quote(f[5]), m, spread)
		}
		print "{\"about\":["
		for (i = 1; i <= abouts; i++) print about[i] (i < abouts ? "," : "")
		print "],\"cipher\":["
		for (i = 1; i <= ciphers; i++) print cipher[i] (i < ciphers ? "," : "")
		print "],\"results\":["
		for (i = 1; i <= keys; i++) print result[i] (i < keys ? "," : "")
		print "]}"
	}'
}
