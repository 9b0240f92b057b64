#!/bin/sh
# JIG [FILE.svg]: makes docs/picture.svg from what the program really writes to a terminal: the pipeline of examples/iris, a run, and a run that fails.
set -eu
jig=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
picture=${2:-$here/docs/picture.svg}
dir=$(mktemp -d /tmp/jig-picture.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cp -R "$here/examples/iris" "$dir/iris"
(
	cd "$dir/iris"
	say() {
		printf '\033[1m$ jig %s\033[0m\n' "$*"
		python3 "$here/tests/cli/terminal.py" "$jig" "$@" || true
	}
	say dag
	say run -n first
	say run -p neighbours=five -n typo
	say metrics 1 loss --plot
	say ls --columns number,state,name,steps,params.neighbours,metrics.loss,metrics.best_acc
) >"$dir/screen"
python3 "$here/scripts/ansi_svg.py" 100 <"$dir/screen" >"$picture"
