#!/bin/sh
# BUILD: runs every test program of a build folder and every shell test of tests/cli with its jig, a line for each; what failed shows its
# output. As many run at once as there are cores. The last line is "N passed, N failed", with ", N skipped" where some could not run here. Further arguments: only tests whose name
# holds one of them.
set -u
build=$(cd "$1" && pwd) || exit 2
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/jig-tests.XXXXXX") || exit 2
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT
trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM

# As many at once as there are cores (TEST_JOBS: so many): whoever runs holds a line of the pipe.
jobs=${TEST_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
mkfifo "$work/slots" || exit 2
exec 9<>"$work/slots"
for _ in $(seq "$jobs"); do echo >&9; done
tests=0

chosen() {
	name=$1
	shift
	[ $# -gt 0 ] || return 0
	for word; do
		case $name in *"$word"*) return 0 ;; esac
	done
	return 1
}

# NAME COMMAND…: 0 passed, 77 skipped, else failed.
try() {
	name=$1
	report=$work/$2
	shift 2
	limit=
	command -v timeout >/dev/null 2>&1 && limit="timeout -k 10 900"
	began=$(date +%s)
	$limit "$@" >"$report.output" 2>&1 </dev/null 9>&-
	status=$?
	took=$(($(date +%s) - began))
	case $status in
	0) echo "ok      $name ${took}s" ;;
	77) echo "skipped $name: $(tail -n 1 "$report.output")" ;;
	*)
		echo "FAILED  $name (status $status, ${took}s)"
		sed 's/^/        /' "$report.output" | tail -n 100
		;;
	esac >"$report.report"
	rm -f "$report.output"
	cat "$report.report"
	echo >&9
}
one() {
	name=$1
	shift
	tests=$((tests + 1))
	read -r _ <&9
	try "$name" "$tests" "$@" &
}

# The long ones are among the scripts.
JIG=$build/jig
export JIG
n=0
for script in "$here"/cli/*.sh; do
	name=cli/$(basename "$script")
	[ "$name" = cli/lib.sh ] && continue
	chosen "$name" "$@" || continue
	n=$((n + 1))
	mkdir -p "$work/$n/home" "$work/$n/project"
	one "$name" env -u JIG_DIR -u NO_COLOR -u XDG_CACHE_HOME HOME="$work/$n/home" LC_ALL=C.UTF-8 TZ=UTC TESTS="$here/cli" \
		sh -c 'cd "$1" && exec sh "$2"' sh "$work/$n/project" "$script"
done

for program in "$build"/tests/*/test_*; do
	case $program in *.o | *.d) continue ;; esac
	[ -x "$program" ] || continue
	name=${program#"$build"/tests/}
	chosen "$name" "$@" && one "$name" "$program"
done

wait
count() {
	grep -l "^$1" "$work"/*.report 2>/dev/null | wc -l | tr -d ' '
}
failed=$(count FAILED) skipped=$(count skipped)
summary="$(count 'ok ') passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$tests" -gt 0 ]
