#!/bin/sh
# BUILD [WHAT…]: tests/cli/faults.py at every point, with no limit of time: WHAT is COMMAND:KIND (run:kill, resume:EIO, …), all when not given. What is wrong
# is told at once, a table of the points tried comes in the end. FAULTS_JOBS: so many at once. Not in the suite.
set -eu
build=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/jig-faults.XXXXXX")
${CC:-cc} -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -O1 -shared -fPIC -o "$work/faults.so" "$here/../lib/faults.c" -ldl
FAULTS_ALL=1 FAULTS="$*" LC_ALL=C.UTF-8 TZ=UTC python3 "$here/../cli/faults.py" "$build/jig" "$work/faults.so" "$work/work" || {
	echo "what is left is in $work" >&2
	exit 1
}
chmod -R u+w "$work" && rm -rf "$work"
