# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Plots of results. gnuplot without X is the smallest thing that draws both SVG and PNG.

# plot_all DATA OUT: one plot for each file in DATA; its title is in FILE.title.
plot_all() {
	local data name
	# shellcheck disable=SC2034 # for deps_install
	local HOST_DEPS='gnuplot:gnuplot-nox:draws the plots'
	deps_install
	for data in "$1"/*.title; do
		data=${data%.title}
		name=$2/$(basename "$data")
		plot_one "$data" svg "$name.svg"
		plot_one "$data" pngcairo "$name.png"
		# After the line that says it is XML.
		sed -i '1a <!-- SPDX-License-Identifier: GPL-2.0-only -->' "$name.svg"
	done
}

# plot_one DATA TERMINAL OUT
plot_one() {
	local columns what
	columns=$(head -n 1 "$1" | wc -w)
	case $1 in
	*/wall-*) what='time / time of the bare device' ;;
	*) what='instructions per 4 KiB' ;;
	esac
	gnuplot <<-END
		set terminal $2 size 1200,520
		set output "$3"
		set datafile separator "\t"
		set datafile missing "NaN"
		set title "$(tr -d '"$`' <"$1.title")" noenhanced
		set ylabel "$what"
		set style data histograms
		set style histogram clustered gap 1.5
		set style fill solid 0.8 border -1
		set yrange [0:*]
		set grid ytics
		set key outside right top noenhanced
		set xtics noenhanced rotate by -20
		plot for [c=2:$columns] "$1" using c:xtic(1) title columnheader(c)
	END
}
