# SPDX-License-Identifier: GPL-2.0-only
# Tables of results, and for each of them the data of a plot in the folder "plots".
# Files, numbered by "file", by tabs: about (kernel method name value), cipher (kernel
# bytes insns), results (kernel method base device workload median spread).
#
# What is counted is shown per 4 KiB and without what the bare device takes; time is
# shown as a multiple of the bare device's.

file == 1 { about[$1, $2, $3] = $4 }
file == 2 { cipher[$1] = $3 * 4096 / $2 }
file == 3 {
	group = $1 FS $2 FS $3
	if (!(group in devices)) groups[++n_groups] = group
	if (!((group, $4) in has_device)) {
		has_device[group, $4] = 1
		devices[group] = devices[group] " " $4
	}
	if (!((group, $5) in has_load)) {
		has_load[group, $5] = 1
		loads[group] = loads[group] " " $5
	}
	median[group, $4, $5] = $6
	spread[group, $4, $5] = $7
	if ($7 > worst[group]) worst[group] = $7
}

# units(WORKLOAD): of 4 KiB, per I/O
function units(load, p, size) {
	split(load, p, "-")
	size = p[2] + 0
	if (p[2] ~ /m$/) size *= 1024
	return size / 4
}

# cell(DEVICE, WORKLOAD): sets VALUE, or returns 0.
function cell(dev, load) {
	if (!((g, dev, load) in median) || !((g, bare, load) in median)) return 0
	if (method == "wall")
		VALUE = median[g, dev, load] / median[g, bare, load]
	else if (dev == bare)
		VALUE = median[g, dev, load] / units(load)
	else
		VALUE = (median[g, dev, load] - median[g, bare, load]) / units(load)
	return 1
}

function number(x) { return sprintf(method == "wall" ? "%.2f" : "%.0f", x) }

# The best of dm-crypt's variants: sets VALUE and BEST, or returns 0.
function best_crypt(load, i, v) {
	BEST = ""
	for (i = 1; i <= n_dev; i++) {
		if (dev[i] !~ /^crypt-/ || !cell(dev[i], load)) continue
		if (BEST == "" || VALUE < v) {
			v = VALUE
			BEST = dev[i]
		}
	}
	VALUE = v
	return BEST != ""
}

# What nobody can do without: the device mapper, and the cipher.
function floor_of(load) {
	if (method == "wall" || !(kernel in cipher) || !cell("linear", load)) return 0
	VALUE += cipher[kernel]
	return 1
}

function row(name, values, i, line) {
	line = "| " name
	for (i = 1; i <= n_load; i++) line = line " | " values[i]
	print line " |"
}

function row_of_device(d, i, v) {
	for (i = 1; i <= n_load; i++) v[i] = cell(d, load[i]) ? number(VALUE) : ""
	row(d == bare && method != "wall" ? d ", all of it" : d, v)
}

function row_floor(i, v) {
	for (i = 1; i <= n_load; i++) v[i] = floor_of(load[i]) ? number(VALUE) : ""
	row("*floor: linear + cipher*", v)
}

function row_best(i, v, any) {
	for (i = 1; i <= n_load; i++) {
		v[i] = best_crypt(load[i]) ? substr(BEST, 7) : ""
		any = any || v[i] != ""
	}
	if (any) row("*best of crypt-*", v)
}

# row_ratio(DEVICE, WHAT): what is worse than 1 in bold type, to the floor always plain
function row_ratio(d, what, i, v, x, any) {
	for (i = 1; i <= n_load; i++) {
		v[i] = ""
		if (!cell(d, load[i])) continue
		x = VALUE
		if (what == "floor" ? !floor_of(load[i]) : what == "best" ? !best_crypt(load[i]) : !cell(what, load[i])) continue
		if (VALUE <= 0) continue
		any = 1
		v[i] = sprintf("%.3f", x / VALUE)
		if (what != "floor" && x > VALUE) v[i] = "**" v[i] "**"
	}
	if (any) row("*" d " / " (what == "best" ? "best of crypt-" : what) "*", v)
}

function table(i, line) {
	print "\n## " kernel ", " base ", " (method == "wall" ? "time" : "instructions") "\n"
	print headline(1) "\n"
	row("", load)
	line = "|---|"
	for (i = 1; i <= n_load; i++) line = line "---|"
	print line
	for (i = 1; i <= n_dev; i++) row_of_device(dev[i])
	if ((g, "ksm", load[1]) in median) {
		if (floor_of(load[1])) {
			row_floor()
			row_ratio("ksm", "floor")
		}
		row_best()
		row_ratio("ksm", "best")
		row_ratio("ksm", "inlinecrypt")
	}
}

function headline(long, text) {
	text = "Kernel " ((kernel, method, "release") in about ? about[kernel, method, "release"] : kernel)
	text = text ", " about[kernel, method, "cpu"] ", on " base (long ? "; " : "\\n")
	if (method == "wall")
		text = text "time, as a multiple of " bare "'s"
	else
		text = text "instructions per 4 KiB" (long ? " beyond " bare "'s" : ", " bare "'s subtracted")
	text = text sprintf("; spread of the rounds up to %.1f %%", 100 * worst[g])
	if (long && method != "wall" && kernel in cipher)
		text = text sprintf("; the cipher alone takes %d", cipher[kernel])
	return text "."
}

# The data of a plot: a line for each workload, a column for each device.
function plot(i, j, name, line) {
	name = plots "/" method "-" kernel "-" base
	line = "workload"
	for (i = 2; i <= n_dev; i++) line = line "\t" dev[i]
	print line >name
	for (j = 1; j <= n_load; j++) {
		line = load[j]
		for (i = 2; i <= n_dev; i++) line = line "\t" (cell(dev[i], load[j]) ? number(VALUE) : "NaN")
		print line >name
	}
	close(name)
	print headline(0) >(name ".title")
	close(name ".title")
}

END {
	for (k = 1; k <= n_groups; k++) {
		g = groups[k]
		split(g, part, FS)
		kernel = part[1]
		method = part[2]
		base = part[3]
		n_dev = split(devices[g], dev, " ")
		n_load = split(loads[g], load, " ")
		bare = dev[1]
		table()
		plot()
	}
}
