# Sourced by the shell tests of runs: `. "$TESTS/../lib/runs.sh"`. Comes with tests/cli/lib.sh. Steps tell the test something through files in $HOME,
# which is the test's own and the same in steps.
. "$TESTS/lib.sh"
needs python3
# libgit2's own pattern cache is left to the end of the process.
echo leak:libpcre2 >"$HOME/lsan"
LSAN_OPTIONS="suppressions=$HOME/lsan:print_suppressions=0"
export LSAN_OPTIONS

# RUN EXPRESSION: a Python expression over the run as `jig show --json` has it: r, its steps by name in s.
ask() {
	jig show --json "$1" >"$HOME/show.json"
	python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
s = {x["step"]: x for x in r["steps"]}
print(eval(sys.argv[2]))' "$HOME/show.json" "$2"
}

# RUN: "failed a=success b=failed", steps in the order of the run.
states() {
	ask "$1" '" ".join([r["state"]] + [x["step"] + "=" + x["state"] for x in r["steps"]])'
}

# RUN STEP: cause of its last attempt.
cause() {
	ask "$1" "s['$2']['attempts'][-1]['cause']"
}

# RUN STEP: the message of its last attempt.
message() {
	ask "$1" "(s['$2']['attempts'][-1]['error'] or {}).get('message')"
}

# TIER: how the lookups of steps are witnessed in it; fails where it cannot be had.
probe() (
	mkdir -p "$HOME/probe"
	cd "$HOME/probe"
	echo 'steps: {x: {run: ":"}}' >jig.yaml
	"$JIG" run --isolation "$1" >/dev/null 2>&1 && ask last 's["x"]["witness"]'
)

# What follows is decided by each single lookup.
needs_lookups() {
	[ "$(probe folder)" = lookups ] || {
		echo "lookups of steps cannot be seen here"
		exit 77
	}
}

# PID: it is no more, or only waits to be reaped.
gone() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# PID: it stands still.
stopped() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ "$state" = T ]
}

# FILE…: each names a process, and none of them lives.
all_gone() {
	for file; do
		gone "$(cat "$file")" || fail "process $(cat "$file") of $file still runs"
	done
}

# FILE…: each names a process that has left the process group of its step: it is found by a subreaper and by /proc alone.
leave() {
	! posix || kill -9 $(cat "$@")
}

# What runs wrote below /tmp is swept.
no_tmpdirs() {
	for link in .jig/runs/*/*/tmp; do
		[ -L "$link" ] || continue
		[ ! -e "$(dirname "$(readlink "$link")")" ] || fail "$(readlink "$link") is still there"
	done
}

# RUN: it has ended, and its supervisor with it.
ended() {
	case $(states "$1") in running* | queued*) return 1 ;; esac
}

# COMMAND…, in the background: it has the signals of a terminal's keys, which the background of a script ignores.
heeding() {
	exec python3 -c '
import os, signal, sys
for s in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$@"
}

# Its steps talk to the tests through files outside their work folders.
reach_out
