# What changed between a run and its resume: edited steps, other params, another graph, other inputs and locks; checkpoints in all of it.
. "$TESTS/../lib/runs.sh"
needs git

say() {
	echo "- $*"
}

# Trains 6 epochs; begins with the newest checkpoint that it is handed, and tells which that is. Fails in the epoch that $HOME/fail names.
cat >train.sh <<'S2'
. ./lib.sh
last=$(ls "$JIG_CHECKPOINTS" | grep '^epoch-.$' | tail -n 1)
epoch=${last#epoch-}
epoch=${epoch:-0}
echo "from $epoch" >>"$HOME/from"
model=$(cat clean.txt)
[ "$epoch" -eq 0 ] || model=$(cat "$JIG_CHECKPOINTS/$last")
while [ "$epoch" -lt 6 ]; do
	epoch=$((epoch + 1))
	[ "$epoch" != "$(cat "$HOME/fail" 2>/dev/null)" ] || exit 1
	model=$(echo "$model $epoch $1" | digest)
	echo "$model" >"$JIG_CHECKPOINTS/epoch-$epoch"
done
echo "$model" >model.txt
S2
cat >lib.sh <<'S2'
digest() {
	cksum
}
S2
printf 'b\na\n' >raw.txt
pipeline() {
	cat >jig.yaml
}
first_graph() {
	pipeline <<'Y'
params: {lr: 0.1, top: 1}
steps:
  clean: {run: "sort raw.txt >clean.txt", inputs: [raw.txt], outputs: [clean.txt]}
  train: {run: "sh train.sh ${params.lr}", inputs: [clean.txt], outputs: [model.txt]}
  evaluate: {run: "head -n ${params.top} model.txt >score.txt", inputs: [model.txt], outputs: [score.txt]}
Y
}
first_graph
git init -q .
git config user.name t
git config user.email t@example.org
git add -A
git commit -qm first

# What the last run says of where train began.
from() {
	tail -n 1 "$HOME/from"
}
reason() {
	ask last "s['$1']['reason']"
}
digest() {
	ask "$1" '[o["digest"] for o in s["evaluate"]["outputs"]]'
}

expect 0 jig run
whole=$(digest last)
echo 4 >"$HOME/fail"
expect 1 jig run --fresh
failed=$(ask last 'r["run"]')
rm "$HOME/fail"

say "a result of an edited step is not kept: the step runs again, and says why"
sed -i 's/sort raw.txt/sort -r raw.txt/' jig.yaml
expect 0 jig resume "$failed" --dry-run
has "$out" "command changed"
expect 0 jig resume "$failed"
same "$(reason clean)" "run: command changed"
same "$(ask last 's["clean"]["state"]')" success
hasnt "$(digest last)" "${whole#[}"
git checkout -q jig.yaml
echo 'cat "$@" | sort' >clean.sh
sed -i 's/sort raw.txt >/sh clean.sh raw.txt >/' jig.yaml
expect 0 jig run
sed -i 's/sort/sort -u/' clean.sh
expect 0 jig resume last
same "$(reason clean)" "run: clean.sh changed (+1 −1)"
# A helper that the edited step calls counts as the step.
sed -i 's/cksum/cksum | tr 1 2/' lib.sh
expect 0 jig resume last
same "$(reason train)" "run: lib.sh changed (+1 −1)"
git checkout -q .
rm clean.sh

say "resume takes params, also one that the earlier run did not set"
expect 0 jig resume "$failed" -p top=2
same "$(ask last '(r["params"]["top"], r["params"]["lr"])')" "(2, 0.1)"
expect 0 jig resume last --dry-run
expect 2 jig resume "$failed" -p tpo=2
has "$err" 'did you mean "top"'

say "a step inserted upstream of the failure"
pipeline <<'Y'
params: {lr: 0.1, top: 1}
steps:
  fetch: {run: "cat raw.txt >fetched.txt", inputs: [raw.txt], outputs: [fetched.txt]}
  clean: {run: "sort fetched.txt >clean.txt", inputs: [fetched.txt], outputs: [clean.txt]}
  train: {run: "sh train.sh ${params.lr}", inputs: [clean.txt], outputs: [model.txt]}
  evaluate: {run: "head -n ${params.top} model.txt >score.txt", inputs: [model.txt], outputs: [score.txt]}
Y
echo "# edited" >>train.sh
expect 0 jig resume "$failed"
same "$(ask last '[x["step"] for x in r["steps"] if x["state"] == "success"]')" "['fetch', 'clean', 'train']"
same "$(digest last)" "$whole"
same "$(from)" "from 3"

say "a split step, a renamed one, one that is gone: train is found by what it gives, and goes on from its checkpoint"
pipeline <<'Y'
params: {lr: 0.1, top: 1}
steps:
  number: {run: "cat raw.txt >numbered.txt", inputs: [raw.txt], outputs: [numbered.txt]}
  order: {run: "sort numbered.txt >clean.txt", inputs: [numbered.txt], outputs: [clean.txt]}
  fit: {run: "sh train.sh ${params.lr}", inputs: [clean.txt], outputs: [model.txt]}
Y
echo "# edited again" >>train.sh
expect 0 jig resume "$failed"
same "$(states last)" "success number=success order=success fit=success"
same "$(from)" "from 3"
same "$(ask last '[s["fit"]["attempts"][0]["continued"][k] for k in ("run", "step", "attempt")]')" "[$failed, 'train', 1]"
first_graph

say "the record says so for ever, with the digest of the checkpoint; retried and resumed again it is a chain"
echo 5 >"$HOME/fail"
echo "# edited a third time" >>train.sh
expect 1 jig resume "$failed"
second=$(ask last 'r["run"]')
same "$(from)" "from 3"
same "$(ask last 's["train"]["attempts"][0]["continued"]["checkpoint"]["digest"]')" "$(sha256sum <".jig/runs/$failed/train.ckpt/epoch-3" | cut -d' ' -f1)"
jig show last --json | python3 "$TESTS/check_json.py" "$TESTS/schema/show.json"
rm "$HOME/fail"
printf '# edited\n# a fourth time\n' >>train.sh
expect 0 jig resume "$second"
third=$(ask last 'r["run"]')
same "$(from)" "from 4"
same "$(digest last)" "$whole"
expect 0 jig show last train
has "$out" "from a checkpoint of train@1 of run $second"
has "$out" "epoch-4"
expect 0 jig plan
has "$out" "same as train@1 of run $third, which continued from a checkpoint of run $second (train.sh +2 −0)"
expect 0 jig resume "$third"
same "$(reason train)" "reuse: same as train@1 of run $third, which continued from a checkpoint of run $second (train.sh +2 −0)"

say "another param: no checkpoint, and that is said; all the same with --keep-checkpoint, and then it stands in for nothing"
expect 0 jig resume "$failed" -p lr=0.3 --dry-run
has "$out" "! train begins anew, without its checkpoint of run $failed: param lr 0.1 → 0.3; --keep-checkpoint hands it on"
expect 0 jig resume "$failed" -p lr=0.3
has "$out" "! train begins anew, without its checkpoint of run $failed: param lr 0.1 → 0.3; --keep-checkpoint hands it on"
same "$(from)" "from 0"
same "$(ask last 's["train"]["attempts"][0]["continued"]')" None
expect 0 jig logs last train
has "$out" "begins anew, without its checkpoint of run $failed: param lr 0.1 → 0.3"
fresh=$(digest last)
expect 0 jig resume "$failed" -p lr=0.5 --keep-checkpoint --dry-run
hasnt "$out" "begins anew"
expect 0 jig resume "$failed" -p lr=0.5 --keep-checkpoint
same "$(from)" "from 3"
expect 0 jig logs last train
has "$out" "goes on from a checkpoint of run $failed, though param lr 0.1 → 0.5"
kept=$(ask last 'r["run"]')
expect 0 jig resume last
has "$(reason train)" "run: train@1 of run $kept continued from a checkpoint across more than a change of code"
same "$(from)" "from 0"
[ "$(digest last)" != "$(digest "$kept")" ] || fail "the mixed result is kept"

say "the same where only an attempt of the run itself stands between: a retry goes on from what it was handed"
rm -f "$HOME/twice"
pipeline <<'Y'
params: {lr: 0.1, top: 1}
steps:
  clean: {run: "sort raw.txt >clean.txt", inputs: [raw.txt], outputs: [clean.txt]}
  train: {run: "sh train.sh ${params.lr}; e=$?; [ -e $HOME/twice ] || { : >$HOME/twice; exit 3; }; exit $e", inputs: [clean.txt], outputs: [model.txt], retry: {limit: 1, on: [exit]}}
Y
echo 4 >"$HOME/fail"
: >"$HOME/twice"
expect 1 jig run
run=$(ask last 'r["run"]')
same "$(ask last '[(a["attempt"], (a["continued"] or {}).get("attempt")) for a in s["train"]["attempts"]]')" "[(1, None), (2, 1)]"
rm "$HOME/fail" "$HOME/twice"
expect 0 jig resume "$run" -p lr=0.7 --keep-checkpoint
same "$(ask last '[(a["attempt"], a["continued"]["run"], a["continued"]["attempt"]) for a in s["train"]["attempts"]]')" "[(1, $run, 2), (2, $((run + 1)), 1)]"
expect 0 jig resume last
has "$(reason train)" "continued from a checkpoint across more than a change of code"
first_graph

say "another input, another lock: said loudly, and no checkpoint"
echo c >>raw.txt
expect 0 jig resume "$failed" --dry-run
has "$out" "! input raw.txt changed since run $failed"
expect 0 jig resume "$failed"
has "$out" "! input raw.txt changed since run $failed"
same "$(from)" "from 0"
expect 0 jig logs last train
has "$out" "begins anew, without its checkpoint of run $failed: input clean.txt changed"
printf 'b\na\n' >raw.txt

say "--code same: the pipeline, params and inputs of the run, not those of the working tree; --code REV: those of the revision, with inputs as they are"
sed -i 's/lr: 0.1/lr: 9/; s/sort raw.txt/sort -r raw.txt/' jig.yaml
echo "exit 9" >train.sh
echo c >>raw.txt
expect 0 jig resume "$failed" --code same
same "$(ask last 'r["params"]["lr"]')" 0.1
same "$(digest last)" "$whole"
has "$out" "code: unchanged"
expect 0 jig resume "$failed" --code HEAD
same "$(ask last 'r["params"]["lr"]')" 0.1
has "$out" "! input raw.txt changed since run $failed"
[ "$(digest last)" != "$whole" ] || fail "the input did not count"
git checkout -q .

say "restart reuses nothing, and begins with an empty folder of checkpoints"
expect 0 jig restart "$failed"
same "$(states last)" "success clean=success train=success evaluate=success"
same "$(from)" "from 0"
same "$(ask last 's["train"]["attempts"][0]["continued"]')" None
expect 2 jig restart "$failed" --keep-checkpoint

needs_linux inotify # without which no checkpoint is proven while its step runs
say "from a stopped run"
pipeline <<'Y'
params: {lr: 0.1, top: 1}
steps:
  clean: {run: "sort raw.txt >clean.txt", inputs: [raw.txt], outputs: [clean.txt]}
  train: {run: "sh slow.sh", inputs: [clean.txt], outputs: [model.txt]}
Y
cat >slow.sh <<'S2'
cat "$JIG_CHECKPOINTS/one" >>"$HOME/slow" 2>/dev/null || echo none >>"$HOME/slow"
echo whole >"$JIG_CHECKPOINTS/new"
mv "$JIG_CHECKPOINTS/new" "$JIG_CHECKPOINTS/one"
: >"$HOME/begun"
while [ ! -e "$HOME/go" ]; do sleep 0.02; done
echo done >model.txt
S2
expect 0 jig run -d
run=$(ask last 'r["run"]')
await test -e "$HOME/begun"
expect 2 jig resume last
has "$err" "is live"
expect 0 jig stop last
await ended last
: >"$HOME/go"
expect 0 jig resume "$run"
same "$(cat "$HOME/slow" | tr '\n' ' ')" "none whole "
rm "$HOME/go" "$HOME/begun"

say "retry in a live run: the run's own code, the checkpoints of the attempt before"
rm "$HOME/slow"
pipeline <<'Y'
steps:
  other: {run: "while [ ! -e $HOME/end ]; do sleep 0.02; done"}
  train: {run: "sh slow.sh", outputs: [model.txt]}
Y
sed -i 's/^while.*/[ -e "$HOME\/go" ] || exit 1/' slow.sh
jig run -d -j 2 >/dev/null
broken() {
	case $(states last) in *train=failed*) ;; *) return 1 ;; esac
}
await broken
echo "exit 9" >slow.sh
: >"$HOME/go"
expect 0 jig retry last train
well() {
	case $(states last) in *train=success*) ;; *) return 1 ;; esac
}
await well
: >"$HOME/end"
await ended last
same "$(states last)" "success other=success train=success"
same "$(cat "$HOME/slow" | tr '\n' ' ')" "none whole "
same "$(ask last '[(a["attempt"], (a["continued"] or {}).get("attempt")) for a in s["train"]["attempts"]]')" "[(1, None), (2, 1)]"

say "matrix items come and go: those that stay are reused"
pipeline <<'Y'
steps:
  fold: {matrix: {k: [1, 2, 3]}, run: "echo ${matrix.k} >f${matrix.k}.txt; [ ${matrix.k} != 3 ] || [ -e $HOME/three ]", outputs: ["f${matrix.k}.txt"]}
  sum: {run: "cat f*.txt >sum.txt", inputs: ["f*.txt"], outputs: [sum.txt]}
Y
expect 1 jig run
sed -i 's/\[1, 2, 3\]/[2, 4, 1]/' jig.yaml
expect 0 jig resume last
same "$(states last)" "success fold[2]=reused fold[4]=success fold[1]=reused sum=success"
sed -i 's/\[2, 4, 1\]/[1, 2, 3, 4]/' jig.yaml
: >"$HOME/three"
expect 0 jig resume last
same "$(states last)" "success fold[1]=reused fold[2]=reused fold[3]=success fold[4]=reused sum=success"

say "a params file of the recorded code, which the working tree has no more"
mkdir "$HOME/files"
cd "$HOME/files"
echo 'lr: 0.1' >params.yaml
cat >jig.yaml <<'Y'
params: params.yaml
steps:
  train: {run: "cat params.yaml >seen.txt; grep -q 0.5 params.yaml", outputs: [seen.txt]}
Y
expect 1 jig run -p lr=0.3
rm params.yaml
expect 0 jig resume 1 --code same -p lr=0.5
rm -rf given
expect 0 jig get last -o given
has "$(cat given/seen.txt)" '"lr": 0.5'

finish
