#!/bin/sh
# JIG: runs every folder of examples/ for real, in a copy, and proves the record afterwards.
set -eu
jig=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d /tmp/jig-examples.XXXXXX)
trap 'rm -rf "$dir"' EXIT
passed=0
for example in "$here"/examples/*/; do
	name=$(basename "$example")
	cp -R "$example" "$dir/$name"
	(cd "$dir/$name" && "$jig" run && "$jig" fsck && "$jig" verify) || {
		echo "example $name failed"
		exit 1
	}
	passed=$((passed + 1))
done
echo "examples: $passed passed, 0 failed"
