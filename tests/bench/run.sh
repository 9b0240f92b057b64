#!/bin/sh
# FOLDER (a build with MODE=release): every bench, one after the other, on data made here. Takes half an hour and about 20 GB below ${BENCH_DIR:-/tmp}.
set -eu
build=$(cd "$1" && pwd)
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/jig-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

echo "== starting a command"
mkdir -p "$dir/small" "$dir/runs-100000/.jig"
printf 'steps:\n  a: {run: ":"}\n' | tee "$dir/small/jig.yaml" >"$dir/runs-100000/jig.yaml"
(cd "$dir/small" && "$build/jig" run >/dev/null)
"$build/tests/lib/gen_record" "$dir/runs-100000/.jig" 100000 20 10 >/dev/null
"$build/tests/bench/bench_start" "$build/jig" "$dir/small" "$dir/runs-100000"

echo "== runs"
"$build/tests/bench/bench_run" "$build/jig" 1000

echo "== nothing to do"
"$build/tests/bench/bench_noop" "$build/jig"

echo "== sandboxed steps"
"$build/tests/bench/bench_sandbox" "$build/jig"

echo "== lookups that are watched"
"$build/tests/bench/bench_observe"

echo "== the record"
"$build/tests/bench/bench_record"

echo "== outputs into the store"
"$build/tests/bench/bench_store"

echo "== layout of a DAG"
"$build/tests/bench/bench_dag"

echo "== charts"
"$build/tests/bench/bench_chart" 20

echo "== a log of 10 GB"
"$build/tests/bench/bench_log" "$dir"

echo "== a million runs and the workbench"
mkdir -p "$dir/million/.jig" "$dir/made"
printf 'steps:\n  a: {run: ":"}\n' >"$dir/million/jig.yaml"
"$build/tests/lib/gen_record" "$dir/million/.jig" 1000000 20 10 >/dev/null
"$build/tests/bench/bench_runs" "$dir/million/.jig"
"$build/tests/bench/bench_workbench" "$build/jig" "$dir/million" "$dir/made"
rm -rf "$dir/million" "$dir/made"

echo "== an environment of 150 packages and more"
make_environment() {
	printf '%s\n' scikit-learn jupyter pandas matplotlib seaborn statsmodels mlflow-skinny hydra-core sqlalchemy pytest black >"$dir/loose.txt"
	uv -q pip compile --generate-hashes "$dir/loose.txt" -o "$dir/requirements.lock" && uv -q venv "$dir/env" &&
		VIRTUAL_ENV=$dir/env uv -q pip sync --require-hashes --compile-bytecode "$dir/requirements.lock"
}
if ! command -v uv >/dev/null; then
	echo "skipped: uv is not here"
	exit
fi
UV_CACHE_DIR=$dir/uv-cache
export UV_CACHE_DIR
if ! make_environment >"$dir/uv.log" 2>&1; then
	echo "skipped: it cannot be made here: $(tail -n 1 "$dir/uv.log")"
else
	"$build/tests/bench/bench_env" "$dir/env"
	"$build/tests/bench/bench_ready" "$build/jig" "$dir/requirements.lock"
fi
