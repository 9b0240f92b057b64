#!/bin/sh
# JIG: the main job on examples/iris, in a folder that is thrown away: the pipeline as a drawing, a run, what is known of it, and where to go on.
set -eu
jig=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d /tmp/jig-demo.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cp -R "$here/examples/iris" "$dir/iris"
cd "$dir/iris"

say() { printf '\n$ jig %s\n' "$*"; "$jig" "$@"; }
say dag
say run
say show last
say metrics last loss --plot
say run train evaluate -p softmax.lr=0.5 -n faster
say ls
printf '\nGo on with it:\n  cp -R examples/iris ~/iris && cd ~/iris && %s run\n  %s --help\n' "$jig" "$jig"
