# What a step is handed, and what of it stands in the record.
. "$TESTS/../lib/runs.sh"

# ---- params: files, overrides, the JSON file

printf 'seed: 7\ntrain: {lr: 0.1, depth: 3}\n' >params.yaml
printf 'train: {lr: 0.2}\nextra: [1, 2]\n' >more.yaml
cat >jig.yaml <<'Y'
params: [params.yaml, more.yaml]
steps:
  a:
    run: 'cat "$JIG_PARAMS" >"$HOME/params.json"; cp params.yaml more.yaml "$HOME"; echo ${params.seed} ${params.train.lr} >"$HOME/values"'
  m:
    matrix: {k: [x, y]}
    run: 'cat "$JIG_PARAMS" >"$HOME/params.${matrix.k}.json"'
Y
# FILE: as compact JSON with sorted keys; YAML too where it is what jig writes.
flat() {
	python3 -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1])), sort_keys=True))' "$1"
}
expect 0 jig run
same "$(cat "$HOME/values")" "7 0.2"
same "$(flat "$HOME/params.json")" '{"matrix": {}, "params": {"extra": [1, 2], "seed": 7, "train": {"depth": 3, "lr": 0.2}}}'
same "$(flat "$HOME/params.x.json")" '{"matrix": {"k": "x"}, "params": {"extra": [1, 2], "seed": 7, "train": {"depth": 3, "lr": 0.2}}}'
cmp params.yaml "$HOME/params.yaml"
expect 2 jig run -p layers.first=1
has "$err" layers
expect 0 jig run -p train.lr=0.5 -p +new.key=no -p '~train.depth' -p 'extra=[3]'
same "$(cat "$HOME/values")" "7 0.5"
same "$(flat "$HOME/params.json")" '{"matrix": {}, "params": {"extra": [3], "new": {"key": "no"}, "seed": 7, "train": {"lr": 0.5}}}'
same "$(ask last 'dict(sorted(r["params"].items()))')" "{'extra': [3], 'new': {'key': 'no'}, 'seed': 7, 'train': {'lr': 0.5}}"
# Merged in order they give the run's values.
python3 - "$HOME/params.yaml" "$HOME/more.yaml" <<'P' || fail "$(cat "$HOME/params.yaml" "$HOME/more.yaml")"
import json, sys
one, two = (json.load(open(f)) for f in sys.argv[1:])
def merge(a, b):
    return {k: merge(a[k], b[k]) if isinstance(a.get(k), dict) and isinstance(b.get(k), dict) else b.get(k, a.get(k)) for k in {**a, **b}}
assert merge(one, two) == {"extra": [3], "new": {"key": "no"}, "seed": 7, "train": {"lr": 0.5}}, (one, two)
P
printf 'seed: 7\ntrain: {lr: 0.1, depth: 3}\n' | cmp - params.yaml
rm params.yaml more.yaml

# ---- substitution: a value is one word, whatever it holds

cat >jig.yaml <<'Y'
params:
  evil: |-
    it's "two  words" $(touch $HOME/evil) `touch $HOME/evil` \ ; ${HOME} * ${params.x} !
    second line
  empty: ""
  x: 1
  list: [1, "a b"]
steps:
  shell:
    run: |
      count() { echo $# >>"$HOME/counts"; printf '%s' "$1" >>"$HOME/words"; printf '|' >>"$HOME/words"; }
      count ${params.evil}
      count "${params.evil}"
      count '${params.evil}'
      count pre${params.evil}
      count ${params.empty}
      count ${params.list}
      echo '$${params.x}' "${HOME}" >"$HOME/literal"
      echo ${run.number} ${run.name} ${step.name} ${step.attempt} >"$HOME/offered"
  list:
    run: [python3, -c, "import sys; open(sys.argv[3] + '/argv', 'w').write(repr(sys.argv[1:3]))", "${params.evil}", "x${params.x}y", "home"]
Y
sed -i "s|\"home\"|\"$HOME\"|" jig.yaml
expect 0 jig run
[ ! -e "$HOME/evil" ] || fail "a value was executed"
same "$(sort -u "$HOME/counts")" 1
python3 - "$HOME" <<'P' || fail "$(cat "$HOME/words")"
import ast, sys
home = sys.argv[1]
evil = "it's \"two  words\" $(touch $HOME/evil) `touch $HOME/evil` \\ ; ${HOME} * ${params.x} !\nsecond line"
assert open(home + "/words").read().split("|") == [evil, evil, evil, "pre" + evil, "", '[1,"a b"]', ""], open(home + "/words").read()
assert ast.literal_eval(open(home + "/argv").read()) == [evil, "x1y"]
P
same "$(cat "$HOME/literal")" "\${params.x} $HOME"
same "$(cat "$HOME/offered")" "$(ask last 'r["run"], r["name"]' | tr -d "(),'") shell 1"

# ---- variables

cat >jig.yaml <<'Y'
steps:
  a: {run: 'env | sort >"$HOME/env"; cat >"$HOME/stdin"'}
  b: {run: 'env | sort >"$HOME/env2"', pass_env: [MINE, PYTHONPATH]}
Y
echo input | env PYTHONPATH=/x PYTHONHOME= MINE="a  b" OTHER=1 OMP_NUM_THREADS=3 TZ=Asia/Tokyo BASH_ENV=/x ENV=/x jig run --isolation folder >/dev/null
seen=$(cat "$HOME/env")
for name in :/x =/x PYTHONHOME= MINE= OTHER= LD_PRELOAD= LSAN_OPTIONS= TESTS= BASH_ENV= "
ENV=" JIG_DETACHED=; do
	hasnt "$seen" "$name"
done
for pair in OMP_NUM_THREADS=3 TZ=Asia/Tokyo JIG_STEP=a JIG_ATTEMPT=1 JIG_PROJECT=project "HOME=$HOME" JIG_RUN= JIG_ATTEMPT_ID= JIG_METRICS= JIG_CHECKPOINTS= TMPDIR=/tmp/jig.; do
	has "$seen" "$pair"
done
has "$(cat "$HOME/env2")" "MINE=a  b"
# What tells of Python's imports comes before.
has "$(grep ^PYTHONPATH= "$HOME/env2")" :/x
same "$(cat "$HOME/stdin")" ""

# ---- a secret that is too short to be masked

printf 'steps:\n  a: {run: ":", secrets: [PIN]}\n' >jig.yaml
PIN=1234 expect 2 jig run
has "$err" "jig.yaml:2:"
has "$err" "secret PIN has under 8 bytes"

# ---- secrets: neither in the store nor, unsaid, in what is kept

cat >jig.yaml <<'Y'
defaults: {secrets: [API_KEY], checkpoints: ck}
steps:
  out: {run: 'mkdir d; echo "x $API_KEY y" >d/leak.txt', outputs: [d/]}
  logged: {run: 'echo "$API_KEY" >a.txt; jig log --artifact a.txt'}
  kept: {run: 'echo "key=$API_KEY" >here.txt; echo "$API_KEY" >ck/w.pt; echo "says $API_KEY"; exit 1'}
  fine: {run: 'test "${#API_KEY}" = 12; echo ok >o.txt', outputs: [o.txt]}
Y
API_KEY=s3cr3t-v4lue expect 1 jig run
same "$(states last)" "failed out=failed logged=failed kept=failed fine=success"
same "$(ask last 's["out"]["attempts"][0]["cause"], s["logged"]["attempts"][0]["cause"], s["kept"]["attempts"][0]["cause"]')" "('secret', 'secret', 'exit')"
has "$(message last out)" 'output "d/leak.txt" holds the value of secret API_KEY'
has "$(message last logged)" 'artifact "a.txt" holds the value of secret API_KEY'
kept=$(jig logs last kept)
has "$kept" "says ***"
has "$kept" "secret API_KEY stands in"
has "$kept" "work/here.txt, which is kept]"
has "$kept" "kept.ckpt/w.pt, which is kept]"
has "$(jig logs last logged)" "work/a.txt, which is kept]"
! grep -rl s3cr3t-v4lue .jig --exclude-dir=work --exclude-dir='*.ckpt' || fail "a secret is in the record"

# ---- secrets: neither in params, metrics and paths of artifacts, nor in the files that bring them, in both tiers

cat >jig.yaml <<'Y'
defaults: {secrets: [API_KEY]}
steps:
  param:
    run: jig log --param fine=1 --param "lr=x-$API_KEY-y" --param "$API_KEY=2" loss=0.5
  paramname:
    run: jig log --param "$API_KEY.x=1"
  number: {run: 'jig log --param pin=$PIN', secrets: [PIN]}
  object: {run: 'jig log --param "login=$LOGIN"', secrets: [LOGIN]}
  json: {run: 'echo "{\"loss\": 1}" >>$JIG_METRICS; echo "{\"by\": {\"$API_KEY\": 2}, \"other\": 3}" >>$JIG_METRICS; echo "{\"loss\": 0.5}" >>$JIG_METRICS'}
  pair: {run: 'printf "%s=2 beside=1" "$API_KEY" >>$JIG_METRICS'}
  halves: {run: 'printf "%s" "${API_KEY%?????}" >>$JIG_METRICS; sleep 0.3; echo "${API_KEY#???????}=2" >>$JIG_METRICS'}
  escaped: {run: 'printf "%s\n" "{\"\\u0073${API_KEY#?}\": 4}" >>$JIG_METRICS'}
  line: {run: 'echo "$API_KEY is no metric" >>$JIG_METRICS; exit 3'}
  path: {run: 'echo x >"a-$API_KEY"; jig log --artifact "a-$API_KEY"'}
  below: {run: 'mkdir d; echo x >"d/a-$API_KEY"', outputs: [d/]}
  link: {run: 'mkdir l; ln -s "$API_KEY" l/here', outputs: [l/]}
  dumped: {run: 'printf "{\"k\": \"%s\"}" "pa\\\"ss-w\\u00f6rd" >o.json', secrets: [PASS], outputs: [o.json]}
  shown: {run: 'printf "%s\n" "says pa\\\"ss-w\\u00f6rd" >&2; false', secrets: [PASS]}
  named: {run: 'printf "%s" "{\"\\u0073${API_KEY#?}\": 4}" >m.json', metrics: [m.json]}
  late: {run: 'echo "$API_KEY" >left.txt', outputs: [never.txt]}
  fine: {run: 'jig log loss=0.5 --param other=1'}
Y
secret_run() {
	API_KEY=s3cr3t-v4lue PIN=0012345678.50 PASS='pa"ss-wörd' LOGIN='{"id": 7, "password": "open-sesame"}' expect 1 command jig run --fresh --isolation "$1"
	for step in param paramname number object json pair halves escaped path below link dumped named; do
		same "$step $(cause last $step)" "$step secret"
	done
	same "$(cause last line) $(cause last late) $(cause last fine)" "exit output_missing None"
	same "$(message last param)" 'the value of secret API_KEY stands in what `jig log --param lr` handed over'
	same "$(message last paramname)" 'the value of secret API_KEY stands in what `jig log --param ***.x` handed over'
	same "$(message last number)" 'the value of secret PIN stands in what `jig log --param pin` handed over'
	same "$(message last object)" 'the value of secret LOGIN stands in what `jig log --param login` handed over'
	for step in json pair halves escaped; do
		same "$(message last $step)" 'the value of secret API_KEY stands in a line of $JIG_METRICS'
		same "$(jig logs last $step)" '[jig: a line in $JIG_METRICS holds the value of secret API_KEY and is not taken]'
	done
	same "$(message last path)" 'the value of secret API_KEY stands in the path of an artifact'
	same "$(message last below)" 'output "d/a-***" holds the value of secret API_KEY'
	same "$(message last link)" 'output "l/here" holds the value of secret API_KEY'
	same "$(message last dumped)" 'output "o.json" holds the value of secret PASS'
	same "$(message last shown)" 'says ***'
	same "$(message last named)" "the value of secret API_KEY stands in a name in the step's metrics"
	has "$(jig logs last late)" "work/left.txt, which is kept]"
	same "$(ask last '[p for p in r["params"] if p in ("fine", "lr", "other", "pin", "login")]')" "['fine', 'other']"
	same "$(ask last 'sorted((m["step"], m["key"], m["count"]) for m in r["metrics"])')" "[('fine', 'loss', 1), ('json', 'loss', 2), ('param', 'loss', 1)]"
	has "$(cat .jig/runs/*/param@1/logged.jsonl)" '"value":"x-************-y"'
	! grep -rlE 's3cr3t-v4lue|12345678.5|open-sesame' .jig --exclude-dir=work --exclude-dir='*.ckpt' || fail "a secret is in the record"
	hasnt "$out$err" s3cr3t-v4lue
}
secret_run folder
if probe sandbox; then
	secret_run sandbox
fi

# ---- jig log, and metrics files

cat >jig.yaml <<'Y'
params: {known: 1}
steps:
  a:
    run: |
      jig log loss=0.5 acc=nan --step 3
      jig log loss=0.25
      jig log --param found.depth=4 --param 'name=no' --param 'list=[1, 2]'
      mkdir plots && echo picture >plots/a.png && echo note >note.txt
      (cd plots && jig log --artifact a.png --artifact ../note.txt)
      ! jig log --artifact /etc/passwd
      ! jig log --artifact . 2>"$HOME/itself"
      ! jig log loss=high
      ! jig log
      jig log --param known=1
      printf '{"param": "known", "value": 3}\n{"param": "half"}\n' >>"${JIG_METRICS%/*}/logged.jsonl"
  b:
    run: |
      echo '{"acc": 0.9, "by": {"class": [1, 2], "f1": 0.5}, "n": 3, "text": "x", "ok": true}' >m/a.json
      printf 'auc: 0.75\nsub: {x: .nan}\n' >m/b.yaml
      printf 'epoch,loss,acc\n1,0.5,0.1\n2,0.25,0.2\n' >m/c.csv
      printf '{"step": 4, "lr": 0.1}\n{"step": 5, "lr": 0.2}\n' >m/d.jsonl
    metrics: [m/a.json, m/b.yaml, m/c.csv, m/d.jsonl]
  broken: {run: "echo '{' >bad.json; echo x >kept.txt", metrics: [bad.json], outputs: [kept.txt]}
Y
expect 1 jig run
same "$(states last)" "failed a=success b=success broken=failed"
same "$(ask last '{m["step"] + "." + m["key"]: (m["last"], m["last_step"], m["count"]) for m in sorted(r["metrics"], key=lambda m: (m["step"], m["key"])) if m["step"] == "a"}')" \
	"{'a.acc': ('NaN', 3, 1), 'a.loss': (0.25, 4, 2)}"
same "$(ask last '{m["key"]: m["last"] for m in r["metrics"] if m["step"] == "b" and m["key"] in ("acc", "auc", "by.f1", "lr", "loss", "n", "sub.x")}' | tr ',' '\n' | tr -d ' {}' | sort | tr '\n' ' ')" \
	"'acc':0.2 'auc':0.75 'by.f1':0.5 'loss':0.25 'lr':0.2 'n':3.0 'sub.x':'NaN' "
same "$(ask last 'sorted(o["path"] for o in s["b"]["outputs"])')" "['m/a.json', 'm/b.yaml', 'm/c.csv', 'm/d.jsonl']"
same "$(ask last 'r["params"]["found.depth"] if "found.depth" in r["params"] else r["params"]["found"]["depth"]')" 4
same "$(ask last 'r["params"]["name"], r["params"]["list"], r["params"]["known"]')" "('no', [1, 2], 1)"
expect 0 jig get last plots/a.png note.txt -o artifacts
same "$(cat artifacts/plots/a.png artifacts/note.txt | tr '\n' ' ')" "picture note "
same "$(cat "$HOME/itself")" "jig: --artifact .: is the step's work folder itself; name what is in it"
has "$(message last broken)" bad.json
# What stands in the folder of a step that failed is whole.
same "$(cat .jig/runs/*/broken@1/work/kept.txt)" x

# An artifact may be an output, lie in one, or hold one.
cat >jig.yaml <<'Y'
steps:
  a:
    run: |
      mkdir -p plots all/sub; echo weights >model; echo one >plots/one; echo two >plots/two; echo deep >all/sub/deep; echo rest >all/rest
      jig log --artifact model --artifact plots/one --artifact plots --artifact all
      echo '{"artifact": "all/rest"}' >>"${JIG_METRICS%/*}/logged.jsonl"
    outputs: [model, plots/, all/sub/deep]
  b: {run: 'cat model plots/* all/sub/deep >"$HOME/seen"', inputs: [model, plots/, all/sub/deep]}
  gone: {run: 'echo x >out; echo x >gone; jig log --artifact gone; rm gone', outputs: [out]}
Y
expect 1 jig run
same "$(states last)" "failed a=success b=success gone=failed"
same "$(tr '\n' ' ' <"$HOME/seen")" "weights one two deep "
same "$(message last gone)" 'artifact "gone" is missing'
expect 0 jig show last a
expect 0 jig get last --list
same "$(printf '%s\n' "$out" | cut -f 3 | sort | tr '\n' ' ')" "all/ model plots/ "
expect 0 jig get last -o "$HOME/whole"
same "$(cd "$HOME/whole" && find . -type f | sort | tr '\n' ' ')" "./all/rest ./all/sub/deep ./model ./plots/one ./plots/two "
expect 0 jig get last all plots/one model -o "$HOME/parts"
same "$(cd "$HOME/parts" && cat all/rest all/sub/deep plots/one model | tr '\n' ' ')" "rest deep one weights "
expect 1 jig run
same "$(ask last 's["a"]["state"]')" reused
expect 0 jig verify

# What `jig log` took does not become a part of a line that something else left without its newline.
cat >jig.yaml <<'Y'
steps:
  a:
    run: |
      jig log loss=1 --step 0; printf 'acc=1' >>"$JIG_METRICS"; jig log loss=2 --step 1
      printf '{"param": "torn", "value": 3}' >>"${JIG_METRICS%/*}/logged.jsonl"; jig log --param whole=1
Y
expect 0 jig run
same "$(ask last 'sorted((m["key"], m["last"], m["count"]) for m in r["metrics"])')" "[('acc', 1.0, 1), ('loss', 2.0, 2)]"
same "$(ask last 'sorted(r["params"].items())')" "[('torn', 3), ('whole', 1)]"

# ---- step.json and replay

echo '{"x": 1}' >in.json
printf 'data\n' >"a file.txt"
cat >jig.yaml <<'Y'
params: {word: "it's here"}
steps:
  first: {run: "echo made >made.txt", outputs: [made.txt]}
  fails:
    inputs: [in.json, made.txt, "a file.txt"]
    run: 'cat in.json made.txt "a file.txt"; echo ${params.word} "$JIG_STEP" "$MINE"; [ -d "$TMPDIR" ]; exit 9'
    pass_env: [MINE]
Y
status=0
MINE="a 'quoted' \$value" jig run >/dev/null || status=$?
same "$status" 1
folder=$(echo .jig/runs/"$(ask last 'r["run"]')"/fails@1)
(cd / && env -i PATH="$PATH" "$OLDPWD/$folder/replay") >"$HOME/replayed" 2>&1 && fail "the replay did not fail" || same $? 9
jig logs last fails >"$HOME/logged"
cmp "$HOME/replayed" "$HOME/logged"
has "$(cat "$HOME/replayed")" "it's here fails a 'quoted' \$value"
python3 - "$folder/step.json" <<'P'
import json, sys
j = json.load(open(sys.argv[1]))
assert j["step"] == "fails" and j["attempt"] == 1 and len(j["attempt_id"]) == 26, j
assert [i["path"] for i in j["inputs"]] == ["a file.txt", "in.json", "made.txt"], j["inputs"]
assert j["argv"][:2] == ["sh", "-euc"], j["argv"]
P

# ---- what is kept of the work folder

cat >jig.yaml <<'Y'
steps:
  always_good: {run: &good "echo x >x.txt", keep: always, outputs: [x.txt]}
  failed_good: {run: *good, keep: failed, outputs: [y/], needs: [always_good]}
  never_good: {run: "true", keep: never}
  always_bad: {run: &bad "echo x >x.txt; exit 1", keep: always}
  failed_bad: {run: *bad, keep: failed}
  never_bad: {run: *bad, keep: never}
  default_good: {run: "true"}
  default_bad: {run: *bad}
Y
sed -i 's|failed_good: {run: \*good|failed_good: {run: "mkdir -p y; echo x >y/x"|' jig.yaml
expect 1 jig run
kept=$(cd .jig/runs/"$(ask last 'r["run"]')" && find . -name work -type d | sort | tr '\n' ' ')
same "$kept" "./always_bad@1/work ./always_good@1/work ./default_bad@1/work ./failed_bad@1/work "
same "$(cat .jig/runs/*/always_good@1/work/x.txt)" x

# ---- data outside the project: a link, never a copy

mkdir "$HOME/imagenet"
echo picture >"$HOME/imagenet/1.png"
echo one >"$HOME/one.bin"
cat >jig.yaml <<Y
steps:
  a: {run: 'cat $HOME/imagenet/1.png $HOME/one.bin >"\$HOME/linked"; ls >"\$HOME/ls"', inputs: [{link: $HOME/imagenet}, {link: $HOME/one.bin}]}
Y
expect 0 jig run
same "$(tr '\n' ' ' <"$HOME/linked")" "picture one "
hasnt "$(cat "$HOME/ls")" imagenet
same "$(ask last "[(i['path'], i['digest'] is not None) for i in s['a']['inputs']]")" "[('$HOME/imagenet', False), ('$HOME/one.bin', True)]"

# ---- sweeps: a run each

printf 'params: {lr: 0.1, seed: 0}\nsteps:\n  a: {run: "echo loss=${params.lr} >>$JIG_METRICS"}\n' >jig.yaml
first=$(ask last 'r["run"]')
expect 0 jig run --sweep lr=0.5,0.25 --sweep 'seed=range(0,2)'
same "$(for n in 1 2 3 4; do ask $((first + n)) 'r["state"], r["kind"], r["params"]["lr"], r["params"]["seed"], r["metrics"][0]["last"]'; done)" \
	"('success', 'sweep', 0.5, 0, 0.5)
('success', 'sweep', 0.5, 1, 0.5)
('success', 'sweep', 0.25, 0, 0.25)
('success', 'sweep', 0.25, 1, 0.25)"
same "$(ask last 'r["run"]')" $((first + 4))
expect 2 jig run --sweep nosuch=1,2
expect 2 jig run --sweep lr=1,2 -p seed=3 -p lr=3
same "$err" "jig: lr is set by -p and by --sweep: which of them?"
same "$(ask last 'r["run"]')" $((first + 4))
# Stopped on the way it says what is left.
printf 'params: {lr: 0.1, seed: 0}\nsteps:\n  a: {run: "while test ${params.lr} = 2; do sleep 0.1; done"}\n' >jig.yaml
jig run --sweep lr=1,2,3,4 >"$HOME/swept" &
live() {
	[ "$(jig ls --columns state,params.lr | grep -c '[r]unning *2')" = 1 ]
}
await live
jig stop last >/dev/null
! wait $! || fail "a sweep that was stopped gives 0"
has "$(cat "$HOME/swept")" "2 of the sweep's 4 runs not begun; the same command begins them, and reuses what finished"
# One of its steps alone is stopped: the runs behind it are still wanted.
jig run --sweep lr=2,3 >"$HOME/swept" &
await live
jig stop last a >/dev/null
! wait $! || fail "a sweep with a stopped step gives 0"
hasnt "$(cat "$HOME/swept")" "not begun"
same "$(ask last 'r["state"], r["params"]["lr"]')" "('success', 3)"
printf 'params: {lr: 0.1, seed: 0}\nsteps:\n  a: {run: "echo loss=${params.lr} >>$JIG_METRICS"}\n' >jig.yaml
# Left to itself it says how many, and what lists them.
expect 0 jig run -d --sweep lr=0.5,0.25
has "$out" "a sweep of 2 runs goes on without this terminal, the first is run "
lists=$(printf "%s\n" "$out" | sed -n 's/^  look:   //p')
two_ended() {
	[ "$(eval "$lists" --columns state | grep -c success)" = 2 ]
}
await two_ended

# ---- secrets never reach the disk

cat >jig.yaml <<'Y'
steps:
  a: {run: 'echo "the token is $TOKEN_X"; printf %s "${TOKEN_X%????}"; sleep 0.1; echo "${TOKEN_X#????????????}"; exit 1', secrets: [TOKEN_X]}
Y
status=0
TOKEN_X=s3cr3tvalue-1234 jig run >"$HOME/said" 2>&1 || status=$?
same "$status" 1
hasnt "$(cat "$HOME/said")" s3cr3tvalue
if grep -rl s3cr3tvalue .jig "$HOME/said"; then
	fail "the secret is on the disk"
fi
no_tmpdirs
finish
