# A step of a live run is retried from its screen; one that runs or succeeded is refused before anything is asked.
. "$TESTS/../lib/runs.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
cat >jig.yaml <<'E'
steps:
  bad: {run: '[ "$JIG_ATTEMPT" = 2 ]'}
  good: {run: "true"}
  slow: {run: 'until [ -e "$HOME/go" ]; do sleep 0.02; done'}
E
is() {
	[ "$(states 1)" = "$1" ]
}
expect 0 jig run -d -j 3
await is "running bad=failed good=success slow=running"
cat >keys <<'E'
Enter
:wait bad
g
r
:wait retry bad of run 1
Enter
:wait attempt 2 starts
:wait ✓ bad
G
r
:wait slow is running: only a failed or stopped step can be retried
E
expect 0 jig --script keys --size 100x30
is "running bad=success good=success slow=running" || fail "$(states 1)"
touch "$HOME/go"
await ended 1
