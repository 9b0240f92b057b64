# Which environment a step gets: the order of choice, what is printed and recorded, and what is refused. uv is a stand-in that needs no network.
. "$TESTS/lib.sh"
needs openssl
mkdir -p "$HOME/bin"
cp "$TESTS/../lib/fake_uv" "$HOME/bin/uv"
export PATH="$HOME/bin:$PATH" FAKE_UV_LOG="$HOME/uv.log"
unset VIRTUAL_ENV CONDA_PREFIX
hash=--hash=sha256:$(printf x | openssl dgst -sha256 -r | cut -d' ' -f1)

cat >jig.yaml <<'Y'
steps:
  look: {run: "python3 -c 'import alpha; print(alpha.value)' >out.txt; echo $VIRTUAL_ENV", outputs: [out.txt]}
Y

# Nothing to go by: the machine's own tools.
expect 0 jig env
has "$out" "look    system"
has "$out" "observed"

# An environment that was forgotten to be activated is named; `plan` refuses what `run` would.
mkdir .venv
echo 'home = /usr/bin' >.venv/pyvenv.cfg
expect 0 jig env
has "$out" ".venv is here and not active"
rm -r .venv
expect 2 jig plan --isolation jail
echo 'beta>=2' >requirements.txt
expect 2 jig plan
has "$err" "jig lock"
rm requirements.txt

# A lock with hashes.
printf 'alpha==1.0 %s\n' "$hash" >requirements.lock
expect 0 jig env
has "$out" "requirements.lock  pinned"
has "$out" "built at its first use"
expect 0 jig env ls
has "$out" "no environment was built yet"
expect 0 jig run
has "$err" "requirements.lock: building its environment with uv"
has "$out" "env requirements.lock (pinned)"
expect 0 jig get last -o got
same "$(cat got/out.txt)" 1.0
expect 0 jig env
has "$out" "ready"
key=$(jig env --json | sed -n 's/.*"key": "\(.*\)".*/\1/p')
expect 0 jig show last look
has "$out" "pinned"
has "$out" "$(printf %.16s "$key")"
expect 0 env TZ=UTC-5 jig env show "$(printf %.8s "$key")"
has "$out" "alpha"
# Where a package came from is a column when that is known of one; times are local.
hasnt "$out" "version  from"
at=$(jig env show "$key" --json | sed -n 's/.*"built": "\(.*\)".*/\1/p')
has "$out" "  built      $(python3 -c 'import datetime as d, sys
print((d.datetime.strptime(sys.argv[1][:19], "%Y-%m-%dT%H:%M:%S") + d.timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S"))' "$at")
"
expect 0 jig env ls
has "$out" "requirements.lock"

# Ready: nothing is asked of uv again, and no network or uv is needed.
: >"$FAKE_UV_LOG"
expect 0 jig run --fresh
hasnt "$err" "building"
same "$(grep -c '^pip\|^venv' "$FAKE_UV_LOG" || :)" 0

# Another project with the same lock shares it.
mkdir ../other
cp jig.yaml requirements.lock ../other
(cd ../other && expect 0 jig run && hasnt "$err" "building")

# Another lock is another environment; the old one stays.
printf 'alpha==2.0 %s\n' "$hash" >requirements.lock
expect 0 jig run
expect 0 jig get last -o got2
same "$(cat got2/out.txt)" 2.0
same "$(jig env ls --json | grep -c '"ready": true')" 2

# Versions without hashes: accepted, and said.
printf 'alpha==1.0\n' >requirements.lock
expect 0 jig run
has "$out" "(versions)"
has "$out" "jig lock"
expect 2 jig run --strict
has "$err" "jig lock"

# Loose: refused with the lines, let through by name and marked for ever.
rm requirements.lock
printf 'alpha==1.0\nbeta>=2\n' >requirements.txt
expect 2 jig run
has "$err" "requirements.txt:2"
has "$err" "beta>=2"
has "$err" "jig lock"
printf 'alpha==1.0\nbeta>=2 # newest\n' >requirements.txt
expect 0 jig run --unpinned
expect 0 jig show last --json
has "$out" '"unpinned": true'

# Two locks at one level.
printf 'alpha==1.0 %s\n' "$hash" >requirements.lock
printf 'alpha==2.0 %s\n' "$hash" >requirements-gpu.lock
expect 2 jig run
has "$err" "requirements-gpu.lock"
has "$err" "env:"
sed -i '1i env: requirements-gpu.lock' jig.yaml
expect 0 jig run
has "$out" "env requirements-gpu.lock (pinned)"
sed -i 1d jig.yaml
rm requirements-gpu.lock

# A half-written lock, a lock that is not there, an image without its digest, an interpreter that is not there.
printf 'alpha==1.0 --hash=sha256:12\n' >requirements.lock
expect 2 jig run
has "$err" "requirements.lock:1"
printf 'alpha==1.0 \\\n' >requirements.lock
expect 2 jig run
has "$err" "requirements.lock:1"
sed -i '1i env: none.lock' jig.yaml
expect 2 jig run
has "$err" "none.lock"
sed -i '1s/.*/env: {image: python:3.11}/' jig.yaml
expect 2 jig run
has "$err" "sha256"
printf 'alpha==1.0 %s\n' "$hash" >requirements.lock
sed -i '1s/.*/env: {lock: requirements.lock, python: "3.99"}/' jig.yaml
expect 2 jig run
has "$err" "3.99"
sed -i 1d jig.yaml

# A build that fails says why, and leaves nothing that could be taken for an environment.
printf 'alpha==1.0 %s\nbroken==1 %s\n' "$hash" "$hash" >requirements.lock
expect 3 jig run
has "$err" "Failed to fetch: broken"
expect 3 jig run
has "$err" "building"

# An environment per step; `system` by name.
printf 'alpha==1.0 %s\n' "$hash" >one.lock
printf 'alpha==2.0 %s\n' "$hash" >two.lock
rm requirements.lock requirements.txt
cat >jig.yaml <<'Y'
env: one.lock
steps:
  a: {run: "python3 -c 'import alpha; print(alpha.value)' >a.txt", outputs: [a.txt]}
  b: {run: "python3 -c 'import alpha; print(alpha.value)' >b.txt", outputs: [b.txt], env: two.lock}
  c: {run: "! python3 -c 'import alpha' 2>err.txt", env: system}
Y
expect 0 jig run
has "$out" "one.lock (pinned), two.lock (pinned), system"
expect 0 jig get last -o got3
same "$(cat got3/a.txt got3/b.txt | tr '\n' ' ')" "1.0 2.0 "

# A changed file: found before the next run, named, mended on request.
folder=$(jig env --json | python3 -c 'import json, sys; print([s["folder"] for s in json.load(sys.stdin)["steps"] if s["step"] == "a"][0])')
file=$(find "$folder" -name alpha.py)
touch -d '2020-01-01' "$file"
expect 0 jig run --fresh
chmod u+w "$file"
echo 'value = "9.9"' >"$file"
expect 0 jig run # the results are those of what was built, and nothing runs in what it is now
has "$out" "3 reused"
expect 3 jig run --force a
has "$err" "alpha"
has "$err" "alpha.py"
has "$err" "jig env verify --rebuild"
expect 1 jig env verify
has "$out" "alpha.py"
jig env verify --rebuild >both 2>&1
same "$(grep -o 'alpha.py\|building\|built again' both | tr '\n' ' ')" "alpha.py building built again "
expect 0 jig env verify
expect 0 jig run --fresh

# Between two steps of one run, too.
cat >jig.yaml <<'Y'
env: one.lock
steps:
  spoil: {run: "sleep 0.01; echo 'value = 7' >\"$(python3 -c 'import alpha; print(alpha.__file__)')\""}
  use: {run: "python3 -c 'import alpha'", needs: [spoil]}
Y
expect 1 jig run --isolation folder
has "$out" "alpha.py"
expect 0 jig show last use
has "$out" "is not what was built"
expect 0 jig env verify --rebuild

# What was not used goes, what is half built, too.
mkdir "$HOME/.cache/jig/envs/$(printf '%064d' 7)"
expect 0 jig env gc --dry-run
has "$out" "half built"
expect 0 jig env gc --older-than 1ms
expect 0 jig env ls
has "$out" "no environment was built yet"
expect 0 jig run spoil --isolation folder
has "$out" "1 reused"
expect 0 jig run spoil --isolation folder --fresh
has "$err" "building"

# Wrong words.
expect 2 jig env shwo
has "$err" "ls, show KEY"
expect 2 jig env show
expect 2 jig env show ffff0000
