#!/bin/sh
# BUILD: runs every test program of a build folder and every shell test of tests/cli with its jig, a line for each; what failed shows its
# output. The last line is "N passed, N failed", with ", N skipped" where some could not run here. Further arguments: only tests whose name
# holds one of them.
set -u
build=$(cd "$1" && pwd) || exit 2
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/jig-tests.XXXXXX") || exit 2
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0

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
one() {
	name=$1
	shift
	limit=
	command -v timeout >/dev/null 2>&1 && limit="timeout -k 10 900"
	began=$(date +%s)
	$limit "$@" >"$work/output" 2>&1
	status=$?
	took=$(($(date +%s) - began))
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok      $name ${took}s"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skipped $name: $(tail -n 1 "$work/output")"
		;;
	*)
		failed=$((failed + 1))
		echo "FAILED  $name (status $status, ${took}s)"
		sed 's/^/        /' "$work/output" | tail -n 100
		;;
	esac
}

for program in "$build"/tests/*/test_*; do
	case $program in *.o | *.d) continue ;; esac
	[ -x "$program" ] || continue
	name=${program#"$build"/tests/}
	chosen "$name" "$@" && one "$name" "$program"
done

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

summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ]
