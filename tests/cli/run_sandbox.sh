# The sandbox tier, tried from within: what a step cannot reach, what it can, and that both tiers give the same.
. "$TESTS/lib.sh"
needs bwrap
echo 'steps: {a: {run: ":"}}' >jig.yaml
jig run --isolation sandbox >/dev/null 2>"$HOME/why" || {
	cat "$HOME/why"
	exit 77
}

# It is the tier that is chosen without being asked for; it is recorded and shown.
expect 0 jig run --fresh
expect 0 jig show last a
has "$out" "sandbox"
expect 0 jig show last --json
has "$out" '"isolation": "sandbox"'
expect 0 jig run --isolation folder --fresh
expect 0 jig show last --json
has "$out" '"isolation": "folder"'
expect 2 jig run --isolation jail
has "$err" "folder or sandbox"

# Asked for by name and not to be had; without being asked for the folder tier does.
mkdir "$HOME/bin"
for tool in sh cat env ls; do ln -s "$(command -v $tool)" "$HOME/bin/$tool"; done
PATH="$HOME/bin:$(dirname "$JIG")" expect 3 jig run --isolation sandbox
has "$err" "bwrap"
PATH="$HOME/bin:$(dirname "$JIG")" expect 0 jig run --fresh
expect 0 jig show last --json
has "$out" '"isolation": "folder"'

# What cannot be reached: each try is a step of its own, which ends well only when the try failed.
mkdir -p "$HOME/.ssh" "$HOME/.aws" "$HOME/data" "$HOME/.config/gcloud"
echo key >"$HOME/.ssh/id_ed25519"
echo key >"$HOME/.aws/credentials"
echo key >"$HOME/.config/gcloud/adc.json"
echo password >"$HOME/.netrc"
echo readable >"$HOME/data/file"
mkdir sub
echo tree >sub/file
project=$PWD
other=$(jig show 1 a --json | sed -n 's/.*"folder": "\(.*\)".*/\1/p')
[ -d ".jig/$other" ] || fail "no folder of an earlier attempt: $other"
cat >jig.yaml <<Y
params: {home: "$HOME", project: "$project", other: "$project/.jig/$other"}
steps:
  ssh: {run: '! cat \${params.home}/.ssh/id_ed25519'}
  aws: {run: '! cat \${params.home}/.aws/credentials'}
  gcloud: {run: '! cat \${params.home}/.config/gcloud/adc.json'}
  netrc: {run: '! grep password \${params.home}/.netrc'}
  tree: {run: '! cat \${params.project}/sub/file'}
  pipeline_file: {run: '! cat \${params.project}/jig.yaml'}
  record: {run: '! cat \${params.project}/.jig/jig.db >/dev/null'}
  objects: {run: '! ls \${params.project}/.jig/objects'}
  other_run: {run: '! cat \${params.other}/step.json'}
  home_write: {run: '! touch \${params.home}/new && ! touch \${params.home}/data/file'}
  root_write: {run: '! touch /new && ! touch /usr/new && ! touch /tmp/jig-outside'}
  tree_write: {run: '! touch \${params.project}/new'}
  own_evidence: {run: '! sh -c "echo x >>../step.json"'}
  processes: {run: 'test \$(ls -d /proc/[0-9]* | wc -l) -lt 20'}
  home_read: {run: 'grep -q readable \${params.home}/data/file'}
  work_write: {run: 'echo 1 >here; echo 1 >"\$TMPDIR/there"; echo 1 >"\$JIG_CHECKPOINTS/ckpt"; echo "loss=1" >>"\$JIG_METRICS"; test -r "\$JIG_PARAMS"; jig log acc=0.5'}
Y
expect 0 jig run
expect 0 jig metrics last
has "$out" "acc"
[ ! -e "$HOME/new" ] && [ ! -e "$project/new" ] || fail "something was written outside"

# A failure that is the sandbox's doing says so in the log, with the way out.
mkdir -p "$project/tools/bin"
printf '#!/bin/sh\necho a tool of the project\n' >"$project/tools/bin/own-tool"
chmod +x "$project/tools/bin/own-tool"
cat >jig.yaml <<Y
steps:
  home: {run: 'touch "\$HOME/results.txt"'}
  tree: {run: 'cat $project/sub/file'}
  secret: {run: 'cat "\$HOME/.ssh/id_ed25519"'}
  tool: {run: own-tool}
Y
PATH="$project/tools/bin:$PATH" expect 1 jig run
hint() {
	expect 0 jig logs last "$1"
	has "$out" "$2"
	has "$out" "--isolation folder"
}
hint home "a step writes to its work folder"
hint tree "the working tree is not there"
hint secret "places of secrets are hidden"
# Programs that PATH finds in the project are kept.
expect 0 jig logs last tool
has "$out" "a tool of the project"

# The network, cut off and not.
needs python3
cat >listen.py <<'P'
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
while True:
    s.accept()[0].close()
P
python3 listen.py "$HOME/port" &
server=$!
trap 'kill $server' EXIT
await test -s "$HOME/port"
cat >jig.yaml <<Y
steps:
  cut: {network: false, run: 'python3 dial.py $(cat "$HOME/port") cut'}
  open: {run: 'python3 dial.py $(cat "$HOME/port") open'}
Y
cat >dial.py <<'P'
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5).close()
    reached = "open"
except OSError as e:
    print(e)
    reached = "cut"
sys.exit(reached != sys.argv[2])
P
expect 0 jig run
# Where it cannot be cut off, that is said.
expect 1 jig run --isolation folder --fresh
has "$out" 'step "cut" says `network: false`'
kill $server
trap - EXIT

# The same steps give the same in both tiers: outputs, exits and signals.
cat >jig.yaml <<'Y'
steps:
  make: {run: 'umask 022; echo a >a.txt; mkdir -p d/e; printf "#!/bin/sh\n" >d/e/tool; chmod 755 d/e/tool; ln -s e/tool d/link; env | cut -d= -f1 | sort >names.txt; pwd | sed "s/.*work/work/" >where.txt', outputs: [a.txt, d/, names.txt, where.txt]}
  exit7: {run: 'exit 7'}
  killed: {run: 'kill -SEGV $$'}
  missing: {run: [no-such-program]}
  stdin: {run: 'cat; readlink -f /dev/fd/0 >stdin.txt', outputs: [stdin.txt]}
Y
expect 1 jig run --isolation folder
expect 1 jig run --isolation sandbox --fresh
summary() {
	jig show "$1" --json | python3 -c '
import json, sys
r = json.load(sys.stdin)
for s in r["steps"]:
    a = s["attempts"][-1]
    print(s["step"], s["state"], a["cause"], a["exit"], a["signal"], [(o["path"], o["digest"]) for o in s["outputs"]])'
}
same "$(summary last)" "$(summary last~1)"

# Stopped in order: the step's own clean-up runs to its end.
cat >jig.yaml <<'Y'
steps:
  long: {run: 'trap "sleep 0.3; echo cleaned; exit 3" TERM; echo began; sleep 600 & wait', timeout: 1s}
Y
expect 1 jig run
expect 0 jig logs last long
has "$out" "cleaned"

# A step's own group is its own affair: the sandbox does not fall with it.
if command -v setsid >/dev/null; then
	cat >jig.yaml <<'Y'
steps:
  group: {run: 'trap "" TERM; kill 0; echo still there'}
Y
	expect 0 jig run
	expect 0 jig logs last group
	has "$out" "still there"
fi

# The record may lie behind a link, and what environments are built from is nothing a step could make first.
mkdir "$HOME/disk" behind
ln -s "$HOME/disk" behind/.jig
cd behind
cat >jig.yaml <<Y
steps:
  make: {run: 'echo 1 >out; jig log acc=1; echo c >"\$JIG_CHECKPOINTS/c"', outputs: [out]}
  plant: {run: 'mkdir -p "$HOME/.cache"; ! mkdir -p "$HOME/.cache/jig/envs/planted" && ! mkdir -p "$HOME/.cache/uv/planted"'}
  record: {run: '! ls "$HOME/disk/jig.db"'}
Y
mkdir -p "$HOME/.cache"
rm -rf "$HOME/.cache/jig" "$HOME/.cache/uv"
expect 0 jig run
expect 0 jig get last -o got
[ -e got ] || fail "no output came back"

# A project that is a virtual environment itself: that is what steps get, and the rest stays hidden.
cd ..
mkdir itself
cd itself
if python3 -m venv --without-pip . >/dev/null 2>&1; then
	echo tree >file
	cat >jig.yaml <<Y
steps:
  a: {run: 'python -c "import sys; print(\"prefix\", sys.prefix)"; ! cat $PWD/file'}
Y
	VIRTUAL_ENV=$PWD expect 0 jig run
	expect 0 jig logs last a
	has "$out" "prefix $(pwd -P)"
fi

# Lookups are those of the step, not of what makes the sandbox; what watches leaves nothing behind: no variable, no descriptor, and a session of the step's own.
cd ..
mkdir watched
cd watched
echo 1 >read.txt
: >unread.txt
cat >jig.yaml <<'Y'
steps:
  a:
    run: |
      cat read.txt >/dev/null
      [ ! -e looked.txt ]
      echo "fds $(ls /proc/self/fd | tr '\n' ' ')" "inside ${JIG_INSIDE-unset}"
      [ "$(cut -d' ' -f6 /proc/$$/stat)" = $$ ] && echo leads
Y
expect 0 jig run
expect 0 jig logs last a
has "$out" "fds 0 1 2 3  inside unset"
has "$out" "leads"
expect 0 jig show last a
has "$out" "reads      1 file of the code"
case $out in *undeclared*) fail "what makes the sandbox counts as the step's" ;; esac
: >unread2.txt
expect 0 jig plan
has "$out" "reuse"
: >looked.txt
expect 0 jig plan
has "$out" "looked.txt is new, a looked for it"
