# A step of a live run is retried from its screen, and the cursor stays on it; one that runs or succeeded is refused before anything is asked. The foot line offers
# what can be done.
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
2
:wait 2 does nothing here; ? shows the keys of this screen
Enter
:wait bad @1
:save-screen failed.txt
r
:wait retry bad of run 1
Enter
:wait attempt 2 starts
:wait ✓ bad
:wait bad @2
Up
:save-screen retried.txt
Right Right
:wait slow @1
r
:wait slow is running: only a failed or stopped step can be retried
E
expect 0 jig --script keys --size 100x30
has "$(tail -n 1 failed.txt)" "r retry   s stop   p pause"
hasnt "$(tail -n 1 failed.txt)" "R resume"
has "$(tail -n 1 retried.txt)" "s stop   p pause"
hasnt "$(tail -n 1 retried.txt)" "r retry"
is "running bad=success good=success slow=running" || fail "$(states 1)"
touch "$HOME/go"
await ended 1

# One that has ended can be resumed, and nothing of it can be stopped.
cat >keys <<'E'
Enter
:wait success
:save-screen ended.txt
E
expect 0 jig --script keys --size 100x30
has "$(tail -n 1 ended.txt)" "R resume"
hasnt "$(tail -n 1 ended.txt)" "stop"
