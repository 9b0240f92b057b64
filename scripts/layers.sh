#!/bin/sh
# Proves that the folders are a line of layers: a file includes headers of its own folder and of those below, and each library is named only where it may be.
set -eu
layers="base store tracker runner tui cli"
bad=0
say() {
	echo "$1" >&2
	bad=1
}
above=
for l in cli tui runner tracker store base; do
	for up in $above; do
		hits=$(grep -nE "#include \"$up/" "$l"/*.c "$l"/*.h 2>/dev/null || true)
		[ -z "$hits" ] || say "$l includes $up, which stands above it:
$hits"
	done
	above="$above $l"
done
# library header, then the files that may name it
only() {
	header=$1
	shift
	hits=$(grep -lE "#include <($header)>" base/*.[ch] store/*.[ch] tracker/*.[ch] runner/*.[ch] tui/*.[ch] cli/*.[ch] 2>/dev/null || true)
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
only 'git2.h' 'runner/git2.*' 'runner/code*'
only 'yaml.h' 'runner/yaml.c'
only 'n?curses.*' 'tui/term.c'
only 'openssl/.*' 'base/sha256.c'
for l in $layers; do
	[ -d "$l" ] || say "no folder $l"
done
for f in base/*.[ch] store/*.[ch] tracker/*.[ch] runner/*.[ch] tui/*.[ch] cli/*.[ch]; do
	case $f in runner/spawn*) continue ;; esac
	hits=$(grep -nE '\b(fork|vfork|posix_spawnp?|clone|clone3) *\(' "$f" || true)
	[ -z "$hits" ] || say "processes are spawned in runner/spawn*.c only:
$f:$hits"
done
[ "$bad" = 0 ] && echo "layers: $layers: a line"
exit "$bad"
