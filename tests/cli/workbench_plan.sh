# The screen before a run goes on: what it shows is what is started, however often it is turned round.
. "$TESTS/../lib/runs.sh"
needs_lookups
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
cat >jig.yaml <<'E'
params: {n: 1}
steps:
  first: {run: "echo one > one.txt", outputs: [one.txt]}
  second: {inputs: [one.txt], run: "test ${params.n} = 2"}
E
expect 1 jig run

# A resume becomes a restart and a resume again; other keys do nothing to it.
cat >keys <<'E'
R
:wait resume 1
:wait 1 reused
:save-screen again.txt
r
:wait restart 1
:wait 2 run, 0 reused
:save-screen restart.txt
r
:wait resume 1
:wait 1 reused
Up Down G g z x
r r r r r r
:wait resume 1
:wait 1 reused
p
:wait another
Enter
:type 2
Backspace Backspace 2 Enter
:wait params n 2
:wait 1 reused
:save-screen plan.txt
Enter
:wait-gone resume 1
:wait goes on without
:wait ▌ 2
:save-screen runs.txt
E
expect 0 jig --script keys --size 100x30
has "$(cat plan.txt)" "⟲ first"
has "$(cat again.txt)" "params n 1"
has "$(cat again.txt)" "never finished; failed in run 1: exited with status 1"
hasnt "$(cat restart.txt)" "⟲"
has "$(cat runs.txt)" "run 2 "
ended() { jig show 2 --json | grep -q '"state": *"success"'; }
await ended

# The cursor goes to what was started from the list: a restart, a new run.
cat >keys <<'E'
:wait ▌ 2
Down
:wait ▌ 1
X
:wait restart 1
:wait 2 run, 0 reused
p
:wait another
Enter
:type 2
Backspace Backspace 2 Enter
:wait params n 2
Enter
:wait-gone restart 1
:wait ▌ 3
Down Down
:wait ▌ 1
+
:wait a new run
:wait reused
Enter
:wait-gone a new run
:wait ▌ 4
E
expect 0 jig --script keys --size 100x30
over() { jig show "$1" --json | grep -q '"ended": *"'; }
await over 3
await over 4

# From the screen of a run its place is taken by the new one.
cat >keys <<'E'
G k
:wait ▌ 2
Enter
:wait ▸ 2 
R
:wait resume 2
:wait 2 reused
Enter
:wait resumed from 2
:save-screen run.txt
Esc
:wait ▌ 5
E
expect 0 jig --script keys --size 100x30
has "$(cat run.txt)" "▸ 5 "

# Without a plan there is nothing to start, and that is said.
echo 'steps: {first: {run: [' >jig.yaml
cat >keys <<'E'
:wait ▌ 5
R
:wait jig.yaml
Enter
:wait no plan
:save-screen broken.txt
E
expect 0 jig --script keys --size 100x30
has "$(cat broken.txt)" "jig.yaml:2:1"
