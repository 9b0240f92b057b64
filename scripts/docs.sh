#!/bin/sh
# JIG OUTDIR [check]: makes the manual pages of man/*.in into OUTDIR, the tables in them from the program JIG. With `check` each page must
# also pass mandoc's lint without a word.
set -eu
jig=$1
out=$2
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
pages=0
for source in "$here"/man/*.in; do
	page=$out/$(basename "$source" .in)
	"$jig" manual "$source" >"$page.new" || {
		rm -f "$page.new"
		exit 1
	}
	mv "$page.new" "$page"
	pages=$((pages + 1))
done
if [ "${3:-}" != check ]; then
	echo "docs: $pages pages in $out"
	exit 0
fi
if ! command -v mandoc >/dev/null 2>&1; then
	echo "docs: $pages pages, not checked: mandoc is missing"
	exit 0
fi
bad=0
for source in "$here"/man/*.in; do
	page=$out/$(basename "$source" .in)
	said=$(mandoc -Tlint -W warning "$page" 2>&1) || true
	[ -z "$said" ] || {
		echo "$said" >&2
		bad=1
	}
done
[ "$bad" = 1 ] || echo "docs: $pages pages, mandoc has no complaint"
exit $bad
