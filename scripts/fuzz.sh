#!/bin/sh
# FOLDER SECONDS NAME…: runs each fuzz target on its corpus for so long (0: no limit), or FUZZ_RUNS times if that comes first (0: no limit).
# New inputs go to FOLDER, not into the sources; tests/fuzz/dict/NAME.dict holds the words of a language, where it has any, and a line of
# tests/fuzz/options that begins with the name its options.
set -eu
dir=$1
seconds=$2
runs=${FUZZ_RUNS:-0}
shift 2
[ "$runs" -gt 0 ] || runs=-1
# What one execution frees is far less than the 256 MB that would be kept back; their pages take longer than most targets; so do the
# stacks of allocations, and the weighing of inputs, which finds no more here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=16:malloc_context_size=1}"
for name in "$@"; do
	mkdir -p "$dir/corpus/$name"
	dict=
	[ ! -f "tests/fuzz/dict/$name.dict" ] || dict="-dict=tests/fuzz/dict/$name.dict"
	options=$(sed -n "s/^$name //p" tests/fuzz/options)
	began=$(date +%s)
	# shellcheck disable=SC2086 # several words
	"$dir/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -runs="$runs" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -print_funcs=0 -entropic=0 $options \
		$dict -artifact_prefix="$dir/crash-$name-" "$dir/corpus/$name" "tests/fuzz/corpus/$name" 2>"$dir/$name.log" || {
		tail -40 "$dir/$name.log"
		exit 1
	}
	done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$name.log")
	echo "$name: $done executions in $(($(date +%s) - began)) s"
done
