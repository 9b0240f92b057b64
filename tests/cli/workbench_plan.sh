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
:save-screen ../again.txt
r
:wait restart 1
:wait 2 run, 0 reused
:save-screen ../restart.txt
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
:wait params n 1 → 2
:wait 1 reused
:save-screen ../plan.txt
Enter
:wait-gone resume 1
:wait goes on without
:wait ▌ 2
:save-screen ../runs.txt
E
expect 0 jig --script keys --size 100x30
has "$(cat ../plan.txt)" "⟲ first"
has "$(cat ../again.txt)" "params n 1"
has "$(cat ../again.txt)" "never finished; failed in run 1: exited with status 1"
hasnt "$(cat ../restart.txt)" "⟲"
has "$(cat ../runs.txt)" "run 2 "
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
:wait params n 1 → 2
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
:save-screen ../run.txt
Esc
:wait ▌ 5
E
expect 0 jig --script keys --size 100x30
has "$(cat ../run.txt)" "▸ 5 "

# Without a plan there is nothing to start, and that is said.
echo 'steps: {first: {run: [' >jig.yaml
cat >keys <<'E'
:wait ▌ 5
R
:wait jig.yaml
Enter
:wait no plan
:save-screen ../broken.txt
E
expect 0 jig --script keys --size 100x30
has "$(cat ../broken.txt)" "jig.yaml:2:1"

# A new run as another: the params that were set for that one, by -p or a sweep, and for the rest what the file says now. What the screen shows is what runs.
mkdir "$HOME/params" && cd "$HOME/params"
cat >jig.yaml <<'E'
params: {alpha: {first: 1, second: 2, third: 3}, beta: some-longer-text, gamma: another-longer-text, old: 1, seed: 7, train: {lr: 0.5}}
steps: {train: {run: "echo ${params.train.lr} ${params.seed}"}}
E
expect 0 jig run -p old=2 --sweep train.lr=0.6,0.9
sed -i 's/ old: 1,//; s/third: 3/third: 4/' jig.yaml
cat >keys <<'E'
:wait sweep
z
Down
:wait ▌ 2
+
:wait now, as 2 
:wait left out
:wait alpha.third 3 → 4  train.lr 0.9  alpha.first 1
:save-screen narrow.txt
p
:wait another
:type lr
Enter
Backspace 8 Enter
:wait train.lr 0.9 → 0.8
p
:wait another
Up Enter
:type trian.lr=1
Enter
:wait unknown param "trian.lr"
:wait "train.lr"?
:wait adds it
:save-screen refused.txt
Esc
:wait-gone trian
:wait train.lr 0.9 → 0.8
p
:wait another
Up Enter
:type ~gamma
Enter
:wait ~gamma
Enter
:wait-gone a new run
:wait ▌ 3
E
expect 0 jig --script keys --size 80x24
has "$(cat narrow.txt)" "-p old=2 of run 2 is left out"
has "$(cat narrow.txt)" "…"
has "$(cat refused.txt)" "train.lr 0.9 → 0.8"
has "$(tail -n 1 refused.txt)" "trian.lr=1"
over 3
same "$(ask 3 '[r["params"][k] for k in ("train", "seed", "alpha")], sorted(r["params"])')" \
	"([{'lr': 0.8}, 7, {'first': 1, 'second': 2, 'third': 4}], ['alpha', 'beta', 'seed', 'train'])"

# Another pipeline file than jig.yaml is taken over, too.
sed 's/seed: 7/seed: 8/' jig.yaml >b.yaml
expect 0 jig run -f b.yaml -n elsewhere
cat >keys <<'E'
:wait ▌ 4
+
:wait now, as 4 
:wait 1 reused
Enter
:wait-gone a new run
:wait ▌ 5
E
expect 0 jig --script keys --size 100x24
over 5
same "$(ask 5 'r["params"]["seed"]')" 8

# Where the code has changed since the plan was made, Enter shows the new one first.
mkdir "$HOME/changed" && cd "$HOME/changed"
echo 'steps: {work: {run: sh work.sh}}' >jig.yaml
echo 'echo one' >work.sh
expect 0 jig run
cat >../keys <<'E'
R
:wait code: unchanged
:wait 1 reused
:save-screen ../shown.txt
:wait mended it
Enter
:wait something has changed since
:wait work.sh +1 −1
:wait 1 run, 0 reused
Enter
:wait-gone resume 1
:wait ▌ 2
E
jig --script ../keys --size 100x30 2>../script.err &
await test -s ../shown.txt
echo 'echo two' >work.sh
jig note 1 "mended it"
wait $! || fail "$(cat ../script.err)"
over 2
same "$(ask 2 's["work"]["state"]')" success
