#!/bin/sh
# FOLDER SECONDS NAME…: runs each fuzz target on its corpus for so long. New inputs go to FOLDER, not into the sources.
set -eu
dir=$1
seconds=$2
shift 2
for name in "$@"; do
	mkdir -p "$dir/corpus/$name"
	echo "fuzz $name, $seconds s"
	"$dir/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$dir/crash-$name-" "$dir/corpus/$name" "tests/fuzz/corpus/$name" 2>"$dir/$name.log" || {
		tail -40 "$dir/$name.log"
		exit 1
	}
	grep -E 'number_of_executed_units|average_exec_per_sec' "$dir/$name.log"
done
