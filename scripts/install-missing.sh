#!/bin/sh
# Installs what is missing to build jig (`build`), to run its tests too (`check`), or to fuzz it (`fuzz`), with the system's own package manager, and says so.
# Quiet and quick when nothing is missing: each need is a file that a compiler or shell would find.
set -eu
what=${1:-build}
CC=${CC:-cc}

have_header() { printf '#include <%s>\n' "$1" | $CC -E -x c - >/dev/null 2>&1; }
have() { command -v "$1" >/dev/null 2>&1; }

missing=
need() { # name on: apt dnf pacman brew
	missing="$missing $1:$2:$3:$4"
}
have "$CC" || need gcc gcc gcc gcc
have python3 || need python3 python3 python python
if have "$CC"; then
	have_header sqlite3.h || need libsqlite3-dev sqlite-devel sqlite sqlite
	have_header jansson.h || need libjansson-dev jansson-devel jansson jansson
	have_header yaml.h || need libyaml-dev libyaml-devel libyaml libyaml
	have_header openssl/evp.h || need libssl-dev openssl-devel openssl openssl
	have_header git2.h || need libgit2-dev libgit2-devel libgit2 libgit2
	have_header ncursesw/curses.h || have_header curses.h || need libncurses-dev ncurses-devel ncurses ncurses
else
	need libsqlite3-dev sqlite-devel sqlite sqlite
	need libjansson-dev jansson-devel jansson jansson
	need libyaml-dev libyaml-devel libyaml libyaml
	need libssl-dev openssl-devel openssl openssl
	need libgit2-dev libgit2-devel libgit2 libgit2
	need libncurses-dev ncurses-devel ncurses ncurses
fi
if [ "$what" = check ]; then
	have_header setjmp.h || need libc6-dev glibc-devel glibc -
	printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\n' | $CC -E -x c - >/dev/null 2>&1 ||
		need libcmocka-dev libcmocka-devel cmocka cmocka
	have_header vterm.h || need libvterm-dev libvterm-devel libvterm libvterm
	have dot || need graphviz graphviz graphviz graphviz
	have git || need git git git git
	have mandoc || need mandoc mandoc mandoc mandoc
	have tmux || need tmux tmux tmux tmux
	[ "$(uname)" != Linux ] || have bwrap || need bubblewrap bubblewrap bubblewrap -
fi
if [ "$what" = fuzz ]; then
	# The package of clang brings the libFuzzer of its own version along.
	if ! have clang; then
		need clang clang clang llvm
	elif ! echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return 0; }' | clang -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null; then
		need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" compiler-rt compiler-rt -
	fi
fi
[ -n "$missing" ] || exit 0

pick() { # field
	for m in $missing; do
		echo "$m" | cut -d: -f"$1"
	done | grep -v '^-$' | tr '\n' ' '
}
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if have apt-get; then
	list=$(pick 1)
	echo "installing with apt-get: $list"
	$as_root apt-get update -q >/dev/null
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q $list >/dev/null
elif have dnf; then
	list=$(pick 2)
	echo "installing with dnf: $list"
	# shellcheck disable=SC2086
	$as_root dnf install -y -q $list
elif have pacman; then
	list=$(pick 3)
	echo "installing with pacman: $list"
	# shellcheck disable=SC2086
	$as_root pacman -S --noconfirm --needed $list
elif have brew; then
	list=$(pick 4)
	echo "installing with brew: $list"
	# shellcheck disable=SC2086
	brew install $list
else
	echo "missing, and no apt-get, dnf, pacman or brew to install it: $(pick 1)" >&2
	exit 3
fi
