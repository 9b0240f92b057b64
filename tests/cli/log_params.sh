# `jig log --param`: whose params are the run's, and what becomes of those that contradict others.
. "$TESTS/../lib/runs.sh"

# What is in the record is what `jig show` tells, row by row.
rows() {
	python3 - <<'P'
import json, sqlite3
db = sqlite3.connect(".jig/jig.db")
run, whole = db.execute("SELECT number, params FROM run ORDER BY number DESC LIMIT 1").fetchone()
def leaves(v, path):
    if isinstance(v, dict) and v:
        for k in v:
            yield from leaves(v[k], path + [k])
    else:
        yield ".".join(path), v if isinstance(v, str) else json.dumps(v, separators=(",", ":"))
want = sorted(leaves(json.loads(whole), [])) if whole != "{}" else []
have = sorted(db.execute("SELECT key, text FROM param WHERE run = ?", (run,)))
assert want == have, (want, have)
P
}

# ---- of several attempts the last counts

cat >jig.yaml <<'Y'
steps:
  train:
    run: |
      if [ "$JIG_ATTEMPT" = 1 ]; then jig log --param batch=64 --param gone=1; exit 1; fi
      jig log --param batch=32
    retry: {limit: 1}
  fails: {run: 'jig log --param "tried=$JIG_ATTEMPT" --param "by.$JIG_ATTEMPT=x"; exit 1', retry: {limit: 1}}
Y
expect 1 jig run
same "$(states last)" "failed train=success fails=failed"
same "$(ask last 'sorted(r["params"].items())')" "[('batch', 32), ('by', {'2': 'x'}), ('tried', 2)]"
rows
expect 0 jig ls --filter 'params.batch = 64' --json
same "$out" "[]"
expect 0 jig verify

# One that could not begin has logged nothing, and it is the last.
cat >jig.yaml <<Y
steps:
  words: {run: "echo all the words >w.txt", outputs: [w.txt]}
  reads:
    run: |
      jig log --param gone=1
      object=\$(grep -rl 'all the words' "$PWD/.jig/objects"); chmod u+w "\$object"; echo ALL THE WORDS >"\$object"
      exit 1
    inputs: [w.txt]
    retry: {limit: 1}
Y
expect 1 jig run --isolation folder
same "$(ask last '[a["cause"] for a in s["reads"]["attempts"]], r["params"]')" "(['exit', 'env'], {})"
rows
expect 0 jig rm -y last

# ---- two steps: the first that ended counts, the other's log tells it

cat >jig.yaml <<'Y'
params: {seed: 7}
steps:
  a: {run: "jig log --param 'm={\"w\": 2, \"x\": 3}'"}
  b: {run: "jig log --param 'm={\"a\": 5, \"x\": 4}' --param same=1", needs: [a]}
  c: {run: "jig log --param 'm={\"a\": 7}' --param same=1", needs: [b]}
Y
expect 0 jig run
same "$(ask last 'sorted(r["params"].items())')" "[('m', {'a': 7, 'w': 2, 'x': 3}), ('same', 1), ('seed', 7)]"
rows
same "$(jig logs last a c)" ""
same "$(jig logs last b | sed 's/^.*\[jig/[jig/')" \
	'[jig: param m.x of this run is 3 already; param m {"a":5,"x":4}, which the step logged, is not recorded]'
expect 0 jig verify

# ---- with a step that is reused its params come along, as its metrics do

cat >jig.yaml <<'Y'
params: {lr: 0.1}
steps:
  clean: {run: "jig log rows=9 --param rows.kept=9 --param 'm={\"x\": [1, 0.5, null]}'"}
  late: {run: "jig log --param late.${matrix.k}=1", matrix: {k: [1, 2]}, needs: [clean]}
  train: {run: "false", needs: [clean]}
Y
expect 1 jig run
same "$(states last)" "failed clean=success late[1]=success late[2]=success train=failed"
had=$(ask last 'sorted(r["params"].items())')
same "$had" "[('late', {'1': 1, '2': 1}), ('lr', 0.1), ('m', {'x': [1, 0.5, None]}), ('rows', {'kept': 9})]"
sed -i 's/"false"/"true"/' jig.yaml
expect 0 jig resume last
same "$(states last)" "success clean=reused late[1]=reused late[2]=reused train=success"
same "$(ask last 'sorted(r["params"].items())')" "$had"
rows
expect 0 jig run
same "$(states last)" "success clean=reused late[1]=reused late[2]=reused train=reused"
same "$(ask last 'sorted(r["params"].items())')" "$had"
rows
# The lenders are gone from the lists, and what was borrowed from them is still there.
expect 0 jig rm --yes 4 5
expect 0 jig run
same "$(states last)" "success clean=reused late[1]=reused late[2]=reused train=reused"
same "$(ask last 'sorted(r["params"].items())')" "$had"
rows
# What the run says itself counts; what is no longer among its steps does not come along.
if [ "$(probe folder)" = lookups ]; then
	sed -i 's/lr: 0.1/lr: 0.2, m: 3/; s/param late/param later/; s/"true"/"jig log --param rows.kept=8 --param by=train"/' jig.yaml
	expect 0 jig run
	same "$(states last)" "success clean=reused late[1]=success late[2]=success train=success"
	same "$(ask last 'sorted(r["params"].items())')" \
		"[('by', 'train'), ('later', {'1': 1, '2': 1}), ('lr', 0.2), ('m', 3), ('rows', {'kept': 9})]"
	has "$(jig logs last train)" "param rows.kept of this run is 9 already"
	rows
fi
expect 0 jig verify

# What was logged by a step of a run that still lived when its other steps were reused comes along, too.
cat >jig.yaml <<'Y'
steps:
  a: {run: "jig log --param p=1; echo a >a.txt", outputs: [a.txt]}
  c: {run: 'echo "$JIG_RUN" >>"$HOME/waits"; until [ -e "$HOME/go.$JIG_RUN" ]; do sleep 0.02; done; echo c >c.txt', outputs: [c.txt]}
  b: {run: "cat c.txt; jig log --param q=2; echo b >b.txt", inputs: [c.txt], outputs: [b.txt]}
Y
first=$(($(ask last 'r["run"]') + 1))
touch "$HOME/go.$first"
expect 0 jig run
expect 0 jig run --fresh -d
await grep -qx "$((first + 1))" "$HOME/waits"
finish_a() {
	[ "$(ask $((first + 1)) 's["a"]["state"]')" = success ]
}
await finish_a
expect 0 jig run --force c -d
await grep -qx "$((first + 2))" "$HOME/waits"
touch "$HOME/go.$((first + 1))"
await ended $((first + 1))
touch "$HOME/go.$((first + 2))"
await ended $((first + 2))
same "$(states last)" "success a=reused c=success b=reused"
same "$(jig show last --json | python3 -c 'import json, sys; print(sorted({s["reused"]["run"] for s in json.load(sys.stdin)["steps"] if s["reused"]}))')" "[$((first + 1))]"
same "$(ask last 'sorted(r["params"].items())')" "[('p', 1), ('q', 2)]"
rows
expect 0 jig verify

# ---- an attempt that contradicts itself is refused at once; that it contradicts the run its log tells

cat >jig.yaml <<'Y'
params: {seed: 7, train: {lr: 0.1}}
steps:
  a:
    run: |
      try() { status=0; jig log --param "$1" 2>>"$HOME/said" || status=$?; echo "$1: $status" >>"$HOME/tried"; }
      try .x=1; try seed=8; try seed.below=1; try 'train={"batch": 1, "lr": 0.2}'
      try own=1; try own=1; try own=2; try 'deep={"lr": 0.1, "batch": 1}'; try deep.batch=2
      # Nobody looks at what is written past `jig log`.
      printf '{"param": "seed", "value": 9}\n{"param": "..", "value": 1}\n{"param": "half"}\n[1]\ntorn\n' >>"${JIG_METRICS%/*}/logged.jsonl"
      python3 -c 'print("{\"param\": \"deep.er\", \"value\": %s}" % ("[" * 2000 + "]" * 2000), end="")' >>"${JIG_METRICS%/*}/logged.jsonl"
Y
expect 0 jig run
same "$(tr '\n' ' ' <"$HOME/tried")" '.x=1: 2 seed=8: 0 seed.below=1: 2 train={"batch": 1, "lr": 0.2}: 0'\
' own=1: 0 own=1: 0 own=2: 2 deep={"lr": 0.1, "batch": 1}: 0 deep.batch=2: 2 '
same "$(cat "$HOME/said")" 'jig: the name of a param is UTF-8 of 1 to 250 bytes, its parts have a dot between them
jig: param seed of this run is 8 already
jig: param own of this run is 1 already
jig: param deep.batch of this run is 1 already'
same "$(ask last 'sorted(r["params"].items())')" "[('deep', {'batch': 1, 'lr': 0.1}), ('own', 1), ('seed', 7), ('train', {'lr': 0.1})]"
rows
log=$(jig logs last a)
has "$log" "[jig: 4 lines of logged.jsonl tell neither a param nor an artifact]"
has "$log" "[jig: param seed of this run is 7 already; param seed 8, which the step logged, is not recorded]"
has "$log" '[jig: param train.lr of this run is 0.1 already; param train {"batch":1,"lr":0.2}, which the step logged, is not recorded]'
has "$log" "[jig: param seed of this run is 7 already; param seed 9, which the step logged, is not recorded]"
has "$log" "param .. 1, which the step logged, is not recorded]"

# ---- more than is taken

cat >jig.yaml <<'Y'
steps:
  much:
    run: |
      jig log --param first=1
      # A param of 8 MiB, and one more, leave no room.
      python3 - "${JIG_METRICS%/*}/logged.jsonl" <<'P'
      import sys
      with open(sys.argv[1], "a") as f:
          for k in "bc":
              f.write('{"param": "%s", "value": "%s"}\n' % (k, "x" * (8 << 20)))
      P
      ! jig log --param last=1 2>"$HOME/much"
      echo x >file.txt; ! jig log loss=1 --artifact file.txt 2>>"$HOME/much"
      jig log loss=2
  past:
    run: |
      echo x >kept.txt; jig log --param lost=1 --artifact kept.txt
      truncate -s 40M "${JIG_METRICS%/*}/logged.jsonl"
  folder: {run: 'rm -f "${JIG_METRICS%/*}/logged.jsonl"; mkdir "${JIG_METRICS%/*}/logged.jsonl"'}
Y
expect 1 jig run
same "$(states last)" "failed much=success past=failed folder=failed"
same "$(head -1 "$HOME/much")" "jig: a step hands over at most 16 MiB by --param and --artifact, and this is more; what is large goes into a file: --artifact PATH"
same "$(ask last 'sorted((k, len(str(v))) for k, v in r["params"].items())')" "[('b', 8388608), ('c', 8388608), ('first', 1)]"
for step in past folder; do
	has "$(message last $step)" 'logged.jsonl, with all that `jig log` handed over'
	has "$(jig logs last $step)" 'logged.jsonl, with all that `jig log` handed over'
	same "$(cause last $step)" output_missing
done
has "$(message last folder)" "it is no file"
expect 0 jig verify
finish
