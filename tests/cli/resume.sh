# A new run from an earlier one: what it reuses, where its code comes from, and what it says first.
. "$TESTS/../lib/runs.sh"
needs git

git init -q .
git config user.name t
git config user.email t@example.org
mkdir data lib
printf '1\n2\n3\n' >data/raw.csv
echo 'cat data/raw.csv >clean.csv' >lib/clean.sh
echo 'echo "no such column" >&2; exit 4' >lib/train.sh
cat >jig.yaml <<'Y'
params: {lr: 0.1, seed: 1}
steps:
  clean: {run: sh lib/clean.sh, inputs: [data/raw.csv], outputs: [clean.csv]}
  train: {run: "sh lib/train.sh ${params.lr}", inputs: [clean.csv], outputs: [model.txt]}
  evaluate: {run: "wc -c <model.txt >score.txt; echo rows=3 >>$JIG_METRICS", inputs: [model.txt], outputs: [score.txt]}
Y
git add -A
git commit -qm first

plan_of() {
	jig "$@" --json >"$HOME/plan.json"
	python3 "$TESTS/check_json.py" "$TESTS/schema/plan.json" <"$HOME/plan.json"
	python3 -c '
import json, sys
print(" ".join(x["step"] + "=" + x["action"] for x in json.load(open(sys.argv[1]))["steps"]))' "$HOME/plan.json"
}

# ---- a plan says it before: nothing was ever run

same "$(plan_of plan)" "clean=run train=run evaluate=run"
expect 0 jig plan
has "$out" "never finished"
has "$out" "3 run"
expect 1 jig run -p seed=5
has "$out" "go on:  jig resume 1"
same "$(states 1)" "failed clean=success train=failed evaluate=upstream_failed"

# ---- with the code as it is now

echo 'cat clean.csv >model.txt; echo "$1" >>model.txt' >lib/train.sh
same "$(plan_of resume 1 --dry-run)" "clean=reuse train=run evaluate=run"
expect 0 jig resume 1 --dry-run
has "$out" "from run 1"
has "$out" "failed, 1 of 3 steps done"
has "$out" "code: lib/train.sh +1 −1"
has "$out" "2 run, 1 reused"
expect 2 jig show 2
expect 0 jig resume 1
has "$out" "from run 1"
has "$out" "resumed from 1"
has "$out" "code: lib/train.sh +1 −1"
has "$out" "clean"
has "$out" "same as run 1"
has "$out" "2 ran, 1 reused"
same "$(states 2)" "success clean=reused train=success evaluate=success"
same "$(ask 2 '(r["kind"], r["origin"], s["clean"]["reused"], s["clean"]["attempts"], r["params"]["seed"])')" \
	"('resume', 1, {'run': 1, 'attempt': 1}, [], 5)"
same "$(ask 2 '[x["path"] for x in s["clean"]["outputs"]] + [s["clean"]["seconds"] >= 0]')" "['clean.csv', True]"
jig show 2 --json | python3 "$TESTS/check_json.py" "$TESTS/schema/show.json"
expect 0 jig show 2 clean
has "$out" "attempt 1 of run 1"
has "$out" "clean.csv"

# ---- nothing to do: a successful run, and one that was resumed itself

expect 0 jig resume 2
same "$(states last)" "success clean=reused train=reused evaluate=reused"
same "$(ask last 's["train"]["reused"], s["clean"]["reused"]["run"], r["params"]["seed"]')" "({'run': 2, 'attempt': 1}, 1, 5)"
same "$(ask last '[(m["key"], m["last"]) for m in r["metrics"]]')" "[('rows', 3.0)]"
needs_lookups
expect 0 jig run
same "$(states last)" "success clean=reused train=reused evaluate=reused"

# ---- asked for: --force, --from, --fresh; a step that gives the same again stops there

expect 0 jig run --force train
same "$(states last)" "success clean=reused train=success evaluate=reused"
same "$(ask last 's["train"]["reason"]')" "run: asked for"
same "$(plan_of plan --from train)" "clean=reuse train=run evaluate=run"
expect 0 jig run --from train
same "$(states last)" "success clean=reused train=success evaluate=success"
expect 0 jig resume last --from train --to train
same "$(states last)" "success clean=reused train=success"
expect 0 jig run --fresh
same "$(states last)" "success clean=success train=success evaluate=success"
expect 0 jig restart 2
same "$(states last)" "success clean=success train=success evaluate=success"
same "$(ask last 'r["kind"], r["origin"]')" "('restart', 2)"
same "$(plan_of restart 2 --dry-run)" "clean=run train=run evaluate=run"

# ---- the code as the run had it, and of a revision

expect 1 jig resume 1 --code same
same "$(states last)" "failed clean=reused train=failed evaluate=upstream_failed"
has "$out" "code: unchanged"
echo '9' >>data/raw.csv
expect 1 jig resume 1 --code same
same "$(states last)" "failed clean=reused train=failed evaluate=upstream_failed"
expect 1 jig resume 2 --code HEAD
same "$(states last)" "failed clean=success train=failed evaluate=upstream_failed"
has "$out" "! input data/raw.csv changed since run 2"
has "$out" "code: lib/train.sh +1 −1"
same "$(ask last 'r["code"]["dirty"], r["code"]["commit"] is not None')" "(False, True)"
expect 0 jig resume 2 --dry-run
has "$out" "! input data/raw.csv changed since run 2"
printf '1\n2\n3\n' >data/raw.csv

# ---- other params, and a pipeline that is not what it was

expect 0 jig resume 1 -p lr=0.3
same "$(ask last '(r["params"]["lr"], r["params"]["seed"], s["train"]["reason"])')" "(0.3, 5, 'run: param lr 0.1 → 0.3')"
cat >jig.yaml <<'Y'
params: {lr: 0.1}
steps:
  tidy: {run: sh lib/clean.sh, inputs: [data/raw.csv], outputs: [clean.csv]}
  look: {run: "head -n 1 clean.csv >head.txt", inputs: [clean.csv], outputs: [head.txt]}
  train: {run: "sh lib/train.sh ${params.lr}", inputs: [clean.csv], outputs: [model.txt]}
Y
expect 0 jig resume 1
has "$out" "-p seed=5 of run 1 is left out: the pipeline does not know it any more"
same "$(states last)" "success tidy=reused look=success train=reused"
same "$(ask last 's["tidy"]["reused"]["attempt"]')" 1

# ---- without the terminal

expect 0 jig resume 1 -p lr=0.7 -d
has "$out" "goes on without this terminal"
await ended last
same "$(states last)" "success tidy=reused look=reused train=success"

# ---- what is refused; nothing is recorded

before=$(jig ls --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')
expect 2 jig resume 99
has "$err" "99"
expect 2 jig resume
expect 2 jig resume 1 --from evaluate
has "$err" 'there is no step "evaluate"'
has "$err" "its steps are tidy, look and train"
expect 2 jig resume 1 --from tran
has "$err" 'did you mean "train"'
expect 2 jig resume 1 --code no-such-revision
has "$err" no-such-revision
expect 2 jig resume 1 -p lrr=1
has "$err" 'did you mean "lr"'
expect 2 jig resume 1 --json
has "$err" "--dry-run"
expect 2 jig resume 1 --sweep lr=1,2
expect 2 jig resume 1 --force train --to look
has "$err" "not among those"
same "$(jig ls --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')" "$before"

cat >jig.yaml <<'Y'
steps:
  slow: {run: "touch $HOME/begun; sleep 600"}
Y
expect 0 jig run -d -n slow
await test -e "$HOME/begun"
expect 2 jig resume slow
has "$err" "is live: \`jig retry"
has "$err" "jig stop"
expect 0 jig stop slow
await ended slow
rm "$HOME/begun"
sed -i 's/sleep 600/true/' jig.yaml
expect 0 jig resume slow
same "$(ask last 'r["state"]')" success

# ---- its code was collected

run=$(ask last 'r["run"]')
rm -rf .jig/code.git
expect 2 jig resume "$run" --code same
has "$err" "the code of run"
has "$err" "is no longer in"
