# ls, show, dag, logs and metrics over a run that succeeded and one that failed.
. "$TESTS/lib.sh"
needs python3
cp "$TESTS/demo.yaml" jig.yaml

expect 0 jig ls
has "$out" "no run yet"
expect 0 jig ls --json
same "$out" "[]"
expect 2 jig show 1
has "$err" "jig run"
expect 2 jig show last

expect 0 jig run -n first
expect 1 jig run -p status=3 -p train.lr=0.2

# ls
expect 0 jig ls
same "$(printf "%s\n" "$out" | sed -n 2,3p | awk '{ print $1, $3 }')" "2 failed
1 success"
has "$out" "train.lr"
hasnt "$out" "seed"
expect 0 jig ls --filter "params.train.lr < 0.15" --columns name,params.train.lr,metrics.acc,state
same "$(printf "%s\n" "$out" | sed -n 2p | tr -s ' ')" "first 0.1 0.3 ✓ success"
expect 0 jig ls --sort "params.train.lr" --columns number -n 1
same "$(printf "%s\n" "$out" | tr -d ' ')" "#
1"
expect 0 jig ls --filter "state = 'lost'"
same "$out" "no run matches"
expect 0 jig ls --filter "state = 'lost' OR (metrics.ac > 0 AND params.sede = 7)"
same "$out" "no run matches: none has metrics.ac (did you mean metrics.acc?)"
expect 0 jig ls --filter "metrics.acc > 1e9 AND tags.whose = 'mine'"
same "$out" "no run matches: none has tags.whose"
expect 2 jig ls --filter "stat = 'lost'"
has "$err" "filter, column 1"
# The same of an order and of columns, beside the list.
expect 0 jig ls --sort "metrics.ac DESC" --columns number,params.train.l,metrics.acc,tags.whose
same "$err" "jig: --sort: no run has metrics.ac (did you mean metrics.acc?)
jig: --columns: no run has params.train.l (did you mean params.train.lr?)
jig: --columns: no run has tags.whose"
same "$(printf "%s\n" "$out" | wc -l | tr -d ' ')" 3
expect 0 jig ls --sort metrics.ac --json
has "$err" "metrics.acc?"
expect 0 jig ls --sort 'metrics.acc DESC, params."train.lr"' --columns number,params.seed
same "$err" ""
expect 2 jig ls --columns nam
has "$err" '"name"'
expect 0 jig ls --json
printf "%s\n" "$out" | python3 "$TESTS/check_json.py" "$TESTS/schema/ls.json"

# show
expect 0 jig show 2
has "$out" "last@1 failed"
has "$out" "exit 3"
hasnt "$out" "  try  "
expect 0 jig show last~1
has "$out" "run 1 first"
expect 0 jig show first 'train[lr]'
has "$out" "plots/lr/"
hasnt "$out" "again, as it ran"
has "$out" "data.csv"
# What failed says what to type next, and that works.
expect 0 jig show 2 last
next=$(printf "%s\n" "$out" | tail -n 1)
has "$next" "  log:  jig logs 2 last        again, as it ran:  sh /"
expect 3 sh -c "${next##*as it ran:  }"
has "$err" "one two"
expect 2 jig show 1 train
has "$err" 'train[lr]'
expect 2 jig show 1 'train[lr]@2'
has "$err" "\`jig show 1 'train[lr]'\`"
expect 2 jig show 9
for run in 1 2; do
	expect 0 jig show $run --json
	printf "%s\n" "$out" | python3 "$TESTS/check_json.py" "$TESTS/schema/show.json"
done
jig show 2 --json | python3 -c '
import json, sys
r = json.load(sys.stdin)
assert r["state"] == "failed" and r["params"]["train"]["lr"] == 0.2, r
steps = {s["step"]: s for s in r["steps"]}
assert list(steps) == ["clean", "train[lr]", "train[tree]", "last"], list(steps)
a = steps["last"]["attempts"][0]
assert a["cause"] == "exit" and a["exit"] == 3 and a["signal"] is None, a
assert steps["last"]["needs"] == ["train[lr]", "train[tree]"]
assert [f["path"] for f in steps["train[lr]"]["inputs"]] == ["data.csv"]
odd = [m for m in r["metrics"] if m["key"] == "odd"]
assert len(odd) == 2 and odd[0]["last"] == "NaN", odd
acc = [m for m in r["metrics"] if m["key"] == "acc"][0]
assert (acc["last"], acc["last_step"], acc["min"], acc["max"], acc["count"]) == (0.3, 3, 0.1, 0.3, 3), acc
'
expect 0 jig show 1 'train[lr]' --json

# On a terminal what is side by side goes on below itself.
cp jig.yaml "$HOME/demo.yaml"
cat >jig.yaml <<'Y'
steps:
  many: {run: 'for i in 1 2 3 4 5 6 7 8 9; do echo "a-rather-long-key-$i=0.$i" >>"$JIG_METRICS"; done'}
Y
expect 0 jig run
cp "$HOME/demo.yaml" jig.yaml
NO_COLOR=1 on_terminal jig show last >shown
python3 - <<'P'
lines = open("shown", encoding="utf-8").read().split("\n")
at = next(i for i, x in enumerate(lines) if x.startswith("  metrics"))
assert [x[:13] for x in lines[at:at + 4]] == ["  metrics    ", " " * 13, " " * 13, "  uid        "], lines
assert all(len(x) <= 100 for x in lines[at:at + 3]), lines
assert sum(x.count("a-rather-long-key-") for x in lines[at:at + 3]) == 9, lines
P
expect 0 jig show last
has "$out" "key-8 0.8 · a-rather-long-key-9 0.9"
expect 0 jig rm last

# What comes from outside is one line wherever it goes, and nothing in it acts on a terminal; a note is contents.
python3 - <<'P'
import json
open("jig.yaml", "w").write(json.dumps({"params": {"evil": "one\ntwo\x1b[31mred é", "k\x1b[1m": 3}, "steps": {"a": {"run": ":"}}}))
P
expect 0 jig run
cp "$HOME/demo.yaml" jig.yaml
expect 0 jig tag last "t=$(printf 'v\n\033[31mw')"
expect 0 jig note last "$(printf 'n1\n\033[31mn2')"
expect 0 jig tag last
same "$out" "t=v··[31mw"
expect 0 jig show last
has "$out" "evil one·two·[31mred é · k·[1m 3
"
has "$out" "t=v··[31mw
"
has "$out" "$(printf '\033[31mn2')"
expect 0 jig ls --columns number,params.evil,tags.t -n 1
same "$(printf '%s\n' "$out" | sed -n '2,$p' | tr -s ' ' | cut -d ' ' -f 2-)" "one·two·[31mred é v··[31mw"
expect 2 jig show last "$(printf 'x\033[31my')"
has "$err" 'no step "x·[31my"'
expect 0 jig rm last

# A step whose name is written with escapes is found by what they stand for.
cat >jig.yaml <<'Y'
steps:
  m: {matrix: {p: [a/b, "c d"]}, run: ":"}
Y
expect 0 jig run
cp "$HOME/demo.yaml" jig.yaml
expect 2 jig show last 'm[a/b]'
has "$err" '(did you mean "m[a%2Fb]"?)'
expect 2 jig logs last 'm[c d]@1'
has "$err" '(did you mean "m[c%20d]"?)'
expect 0 jig rm last

# plan
expect 0 jig plan --json
printf "%s\n" "$out" | python3 "$TESTS/check_json.py" "$TESTS/schema/plan.json"

# dag
expect 0 jig dag
has "$out" "train[tree]"
expect 0 jig dag 2
has "$out" "✗ last"
expect 0 env LC_ALL=C jig dag 2
[ -z "$(printf "%s\n" "$out" | LC_ALL=C tr -d '\000-\177')" ] || fail "not ASCII: $out"

# logs: exact where no terminal is, harmless on one
expect 0 jig logs 2
has "$out" "one two"
expect 0 jig logs 1 clean
same "$out" "cleaned"
jig logs 1 'train[lr]' >log
printf '\033[31mred\033[0m \033]0;title\007 \302\233 end\n10%%\r20%%\r30%%\n' | cmp - log
on_terminal jig logs 1 'train[lr]' >log
printf '\033[31mred\033[0m ·]0;title· · end\n30%%\n\033[0m' | cmp - log
# Which step it is: on a terminal, when none was named.
expect 0 jig logs 1
hasnt "$out" "──"
same "$(NO_COLOR=1 on_terminal jig logs 2)" "── last
one two"
same "$(NO_COLOR=1 on_terminal jig logs 2 last)" "one two"
expect 2 jig logs 1 nothing
expect 0 jig logs 1 'train[lr]@1'

# What failed without a word is not what is read; asked for, it says how it failed.
cat >jig.yaml <<'Y'
steps:
  silent: {run: ":", outputs: [x.txt]}
  loud: {run: "echo told; exit 3"}
Y
expect 1 jig run
cp "$HOME/demo.yaml" jig.yaml
expect 0 jig logs last
same "$out" told
expect 2 jig logs last silent
has "$err" ' wrote nothing: output_missing, output "x.txt" is missing'
expect 0 jig rm last

# metrics
expect 0 jig metrics 1 acc
same "$(printf "%s\n" "$out" | sed -n 2p | cut -f 1,2,3,5)" "acc	train[lr]	1	0.1"
same "$(printf "%s\n" "$out" | wc -l | tr -d ' ')" 7
expect 0 jig metrics 1
has "$out" "NaN"
expect 0 jig metrics 1 acc odd
same "$(printf "%s\n" "$out" | cut -f 1 | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 6 acc; 1 metric; 2 odd;"
expect 2 jig metrics 1 acc ad
has "$err" '"ad"'
expect 0 jig metrics 1 acc --plot
has "$out" "train[tree]"
# One point makes no curve: a line with its value, and the step where several have it.
expect 0 jig metrics 1 odd --plot
same "$(printf "%s\n" "$out" | tr -s ' ')" "odd NaN train[lr]
odd NaN train[tree]"
expect 0 jig metrics 1 rows --plot
same "$out" "rows  2"
expect 0 jig metrics 1 --plot
has "$(printf "%s\n" "$out" | tr -s ' ')" "rows 2"
[ "$(printf "%s\n" "$out" | wc -l)" -gt 10 ] || fail "no chart: $out"
expect 2 jig metrics 1 ac
has "$err" '"acc"'

# On a terminal a table fits it, and has colours unless NO_COLOR says otherwise.
on_terminal jig ls >wide
grep -q "$(printf '\033\\[')" wide || fail "no colour"
NO_COLOR=1 on_terminal jig ls >plain
grep -q "$(printf '\033')" plain && fail "colour in spite of NO_COLOR"
python3 -c '
for line in open("plain", encoding="utf-8"):
    assert len(line.rstrip("\n")) <= 100, line
'
finish
