# TOLD SAID: every line of the file TOLD stands in the file SAID, in that order. Durations and names of runs differ each time; what a run's first line says besides is the machine's.
told() {
	for text in "$1" "$2"; do
		sed -E 's/[0-9]+:[0-9][0-9]/TIME/g; s/^(run [0-9]+) .*/\1/; s/run ([0-9]+) [a-z]+-[a-z]+/run \1/g; s/[[:space:]]+$//' "$text" >"$text.plain"
	done
	awk 'FILENAME == ARGV[1] { want[++n] = $0; next } !i { i = 1 } i <= n && index($0, want[i]) { i++ } END { if (!i) i = 1; if (i <= n) { print want[i]; exit 1 } }' \
		"$1.plain" "$2.plain" || fail "this is told, and was not said (there): $(cat "$2")"
}
# Examples show what is said where the lookups of steps are seen.
[ "$(. "$TESTS/../lib/runs.sh" && probe folder)" = lookups ] || told() { :; }
