#!/bin/sh
# BUILD [N] [SEED]: kill -9 of a run of 20 steps, or of a process of its tree, at N random moments (2000): what the record says after it, and whether a resume comes to the same outputs.
# Not in the suite.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/jig-kill.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 "$here/../lib/kill_random.py" "$build/jig" "$work" "${2:-2000}" "${3:-1}"
