# A plan of a sweep is that of each of its runs, and says before what `jig run --sweep` refuses.
. "$TESTS/../lib/runs.sh"
needs_lookups

printf 'params: {train: {lr: 0.1}, seed: 7}\nsteps:\n  a: {run: "echo ${params.seed} >s", outputs: [s]}\n  b: {inputs: [s], run: "echo ${params.train.lr} >>$JIG_METRICS"}\n' >jig.yaml
sed -i 's/echo \${params.train.lr}/echo x=${params.train.lr}/' jig.yaml

# Before there is a record, too.
expect 0 jig plan --sweep train.lr=0.3,0.61
same "$(printf "%s" "$out" | tr -s " ")" "train.lr=0.3
 ▶ a run never finished
 ▶ b run never finished
2 run
train.lr=0.61
 ▶ a run never finished
 ▶ b run never finished
2 run
a sweep of 2 runs, each planned alone: what one runs, those after it may reuse"
[ ! -e .jig/jig.db ] || fail "a plan makes a record"
expect 0 jig run -p train.lr=0.3
expect 0 jig plan --sweep train.lr=0.3,0.61 --sweep 'seed=choice(7)' b
same "$(printf "%s" "$out" | tr -s " ")" "train.lr=0.3 seed=7
 ⟲ a reuse same as a@1 of run 1
 ⟲ b reuse same as b@1 of run 1
2 reused
train.lr=0.61 seed=7
 ⟲ a reuse same as a@1 of run 1
 ▶ b run param train.lr 0.3 → 0.61
1 run, 1 reused
a sweep of 2 runs, each planned alone: what one runs, those after it may reuse"
expect 0 jig plan --sweep train.lr=0.3,0.61 --json
same "$(printf '%s' "$out" | python3 -c '
import json, sys
for r in json.load(sys.stdin)["runs"]: print(r["overrides"], [s["action"] for s in r["steps"]], r["notes"])')" \
	"['train.lr=0.3'] ['reuse', 'reuse'] []
['train.lr=0.61'] ['reuse', 'run'] []"

# What `jig run` refuses.
for words in "--sweep nope=1,2" "--sweep seed=1,2 -p seed=3" "--sweep seed=range(0,1" "--sweep seed=1 nostep"; do
	expect 2 jig plan $words
	plan=$err
	same "$out" ""
	expect 2 jig run $words
	same "$plan" "$err"
done
has "$(jig plan --sweep nope=1,2 2>&1 || true)" 'unknown param "nope"'
same "$(ask last 'r["run"]')" 1
finish
