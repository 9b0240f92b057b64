#!/bin/sh
# FOLDER SECONDS NAME…: runs each fuzz target on its corpus for so long (0: no limit), or FUZZ_RUNS times if that comes first (0: no limit).
# New inputs go to FOLDER, not into the sources; tests/fuzz/dict/NAME.dict holds the words of a language, where it has any.
set -eu
dir=$1
seconds=$2
runs=${FUZZ_RUNS:-0}
shift 2
[ "$runs" -gt 0 ] || runs=-1
for name in "$@"; do
	mkdir -p "$dir/corpus/$name"
	dict=
	[ ! -f "tests/fuzz/dict/$name.dict" ] || dict="-dict=tests/fuzz/dict/$name.dict"
	began=$(date +%s)
	"$dir/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -runs="$runs" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		$dict -artifact_prefix="$dir/crash-$name-" "$dir/corpus/$name" "tests/fuzz/corpus/$name" 2>"$dir/$name.log" || {
		tail -40 "$dir/$name.log"
		exit 1
	}
	done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$name.log")
	echo "$name: $done executions in $(($(date +%s) - began)) s"
done
