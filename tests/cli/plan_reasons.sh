# Which earlier attempt a reason compares with: the nearest success, or the failure in the run that is resumed.
. "$TESTS/../lib/runs.sh"
needs_lookups

# LINE: `jig plan OPTIONS…` has it, spaces aside.
plans() {
	line=$1
	shift
	has "$(jig plan "$@" | tr -s ' ')" "$line"
}

cat >jig.yaml <<'Y'
params: {lr: 0.1, epochs: 3, seed: 7}
steps:
  t: {run: 'echo ${params.lr} ${params.epochs} ${params.seed} >m', outputs: [m]}
  all: {run: 'cat "$JIG_PARAMS" >p', outputs: [p]}
Y
expect 0 jig run
expect 0 jig run -p epochs=0
expect 0 jig run -p seed=1 -p epochs=9
# Only what was touched is named, whatever runs came between; of a step that reads all params, too.
plans "▶ t run param lr 0.1 → 0.2" -p lr=0.2
plans "▶ all run param lr 0.1 → 0.2" -p lr=0.2
plans "▶ t run param lr 0.1 → 0.2" -p lr=0.2 -p epochs=0
plans "▶ all run param lr 0.1 → 0.2" -p lr=0.2 -p epochs=0
plans "▶ t run param epochs 9 → 5" -p epochs=5 -p seed=1
expect 0 jig run -p lr=0.2
same "$(ask last 's["t"]["reason"]')" "run: param lr 0.1 → 0.2"
same "$(ask last 's["all"]["reason"]')" "run: param lr 0.1 → 0.2"
# Among those that are equally near the newest counts.
plans "▶ t run param lr 0.2 → 0.3" -p lr=0.3

# ---- a step that failed, and nothing has changed

cat >jig.yaml <<'Y'
params: {n: 1}
steps:
  make: {run: 'echo 1 >m', outputs: [m]}
  check: {inputs: [m], run: 'sh check.sh ${params.n}'}
  never: {run: 'false'}
Y
echo 'true' >check.sh
expect 0 jig run check
succeeded=$(ask last 'r["run"]')
echo 'exit 3' >check.sh
expect 1 jig run
failed=$(ask last 'r["run"]')
same "$(ask last 's["check"]["reason"]')" "run: check.sh changed (+1 −1)"
goes_on() {
	line=$1
	shift
	has "$(jig resume "$failed" --dry-run "$@" | tr -s ' ')" "$line"
}
goes_on "▶ check run failed in run $failed" --code same
goes_on "▶ check run failed in run $failed"
goes_on "▶ never run never finished"
expect 1 jig resume "$failed" --code same
same "$(ask last 's["check"]["reason"]')" "run: failed in run $failed"
# What changed since is named.
goes_on "▶ check run param n 1 → 2" --code same -p n=2
echo 'exit 0' >check.sh
goes_on "▶ check run check.sh changed (+1 −1)"
goes_on "▶ check run failed in run $failed" --code same
# A run from nothing compares with what succeeded.
echo 'exit 3' >check.sh
plans "▶ check run check.sh changed (+1 −1)"
finish
