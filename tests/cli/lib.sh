# Sourced by the shell tests: `. "$TESTS/lib.sh"`. The current folder is fresh, $JIG is the program, a failing command ends the test.
set -eu
PATH=$(dirname "$JIG"):$PATH

fail() {
	echo "$*" >&2
	exit 1
}

# STATUS COMMAND…: the exit status has to be this one. What the command said is in $out and $err.
expect() {
	want=$1
	shift
	status=0
	"$@" >"$HOME/out" 2>"$HOME/err" || status=$?
	out=$(cat "$HOME/out")
	err=$(cat "$HOME/err")
	[ "$status" -eq "$want" ] || fail "$*: exit status $status, not $want
$out
$err"
}

# TEXT PART: TEXT has to hold PART.
has() {
	case $1 in
	*"$2"*) ;;
	*) fail "\"$2\" is not in:
$1" ;;
	esac
}

hasnt() {
	case $1 in
	*"$2"*) fail "\"$2\" is in:
$1" ;;
	esac
}

# HAVE WANT
same() {
	[ "$1" = "$2" ] || fail "have: $1
want: $2"
}

# COMMAND…: waits until it succeeds.
await() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "never came true: $*"
		sleep 0.05
	done
}

needs() {
	command -v "$1" >/dev/null 2>&1 || {
		echo "$1 is missing"
		exit 77
	}
}

# The program does without what only Linux has (PLATFORM=posix).
posix() {
	grep -q "this system has no inotify" "$JIG"
}

# WHAT: what follows is about it.
needs_linux() {
	posix || return 0
	echo "there is no $1 with PLATFORM=posix"
	exit 77
}

# COMMAND…: its output when it is a terminal of 100 columns that it writes to.
on_terminal() {
	python3 "$TESTS/terminal.py" "$@"
}

# Every test that leaves a record ends with this.
finish() {
	jig fsck
	jig verify
}

# For tests whose steps reach files outside their work folder to talk to the test: `jig run` in the folder tier.
reach_out() {
	jig() {
		if [ "${1:-}" = run ]; then
			shift
			command jig run --isolation folder "$@"
		else
			command jig "$@"
		fi
	}
}
