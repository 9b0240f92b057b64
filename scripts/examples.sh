#!/bin/sh
# JIG: runs every folder of examples/ for real, in a copy, and proves the record afterwards. One with a requirements.lock is
# skipped, and this is said, where its packages cannot be had.
set -eu
jig=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d /tmp/jig-examples.XXXXXX)
trap 'rm -rf "$dir"' EXIT

index_answers() {
	timeout 30 python3 -m pip download -q --no-deps --retries 0 --timeout 10 -d "$dir/probe" six==1.16.0 ||
		echo six==1.16.0 | timeout 30 uv pip compile -q --no-cache -
}

passed=0
skipped=0
for example in "$here"/examples/*/; do
	name=$(basename "$example")
	if [ -f "$example/requirements.lock" ]; then
		index_answers >/dev/null 2>&1 || {
			echo "example $name skipped: the Python package index does not answer"
			skipped=$((skipped + 1))
			continue
		}
	fi
	cp -R "$example" "$dir/$name"
	(cd "$dir/$name" && "$jig" run && "$jig" fsck && "$jig" verify) || {
		echo "example $name failed"
		exit 1
	}
	passed=$((passed + 1))
done
echo "examples: $passed passed, $skipped skipped, 0 failed"
