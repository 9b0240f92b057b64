#!/bin/sh
# Proves that the folders are a line: a file includes headers of its own folder and of those before it, and each library is named only where it may be.
set -eu
line="base store tracker
	runner/pipeline runner/log runner/process runner/code runner/env runner/trace runner/work runner/plan runner
	tui tui/log tui/chart tui/dag tui/runs tui/workbench
	cli"
bad=0
say() {
	echo "$1" >&2
	bad=1
}
files=
for d in $line; do
	[ -d "$d" ] || say "no folder $d"
	files="$files $(echo "$d"/*.[ch])"
done
strays=$(find base store tracker runner tui cli -name '*.[ch]' | while read -r f; do
	case " $files " in *" $f "*) ;; *) echo "$f" ;; esac
done)
[ -z "$strays" ] || say "in no folder of the line:
$strays"
# shellcheck disable=SC2086
upwards=$(awk -v line="$line" '
	BEGIN { n = split(line, folder); for (i = 1; i <= n; i++) place[folder[i]] = i }
	function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
	/^#include "/ {
		split($0, part, "\"")
		if (!(folder_of(part[2]) in place) || place[folder_of(part[2])] > place[folder_of(FILENAME)])
			print FILENAME ":" FNR ": " $0
	}' $files)
[ -z "$upwards" ] || say "upwards:
$upwards"
# library header, then the files that may name it
only() {
	header=$1
	shift
	# shellcheck disable=SC2086
	hits=$(grep -lE "#include <($header)>" $files || true)
	for f in $hits; do
		ok=
		for pattern in "$@"; do
			# shellcheck disable=SC2254
			case $f in $pattern) ok=1 ;; esac
		done
		[ -n "$ok" ] || say "$f names <$header>, which belongs in $*"
	done
}
only 'sqlite3.h' 'tracker/*'
only 'curl/curl.h' 'store/*'
only 'git2.h' 'runner/code/*'
only 'yaml.h' 'runner/pipeline/yaml.c'
only 'n?curses.*' 'tui/term.c'
only 'openssl/.*' 'base/sha256.c'
for f in $files; do
	case $f in runner/process/spawn*) continue ;; esac
	hits=$(grep -nE '\b(fork|vfork|posix_spawnp?|clone|clone3) *\(' "$f" || true)
	[ -z "$hits" ] || say "processes are spawned in runner/process/spawn*.c only:
$f:$hits"
done
[ "$bad" = 0 ] && echo "layers:" $line "- a line"
exit "$bad"
