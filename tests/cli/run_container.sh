# Steps in container images, through the program: without podman and docker, with a stand-in for podman, and by a real one where containers run.
. "$TESTS/lib.sh"
needs python3
digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
image=registry.example:5000/lab/tools@$digest
clients=$(command -v podman || :)

# EXPRESSION: a Python expression over the last run: r, its steps by name s, their last attempts a.
ask() {
	jig show last --json >"$HOME/show.json"
	python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
s = {x["step"]: x for x in r["steps"]}
a = {n: x["attempts"][-1] for n, x in s.items() if x["attempts"]}
print(eval(sys.argv[2]))' "$HOME/show.json" "$1"
}

# IMAGE
pipeline() {
	cat >jig.yaml <<Y
env: {image: $1}
params: {lr: 0.5}
steps:
  make: {inputs: [data.txt], run: 'cat data.txt >out.txt; echo "\$HELLO \${params.lr}" >>out.txt; echo "{\"loss\": 0.25, \"step\": 1}" >>"\$JIG_METRICS"; echo made it', outputs: [out.txt], pass_env: [HELLO]}
  after: {inputs: [out.txt], run: 'pwd >where.txt; cat out.txt >>where.txt; echo "{\"acc\": 0.75}" >m.json', outputs: [where.txt], metrics: [m.json]}
Y
}
echo data >data.txt
pipeline "$image"
export HELLO=hello

# Neither is there.
mkdir "$HOME/bare"
for tool in sh env cat; do ln -s "$(command -v $tool)" "$HOME/bare/$tool"; done
PATH="$HOME/bare:$(dirname "$JIG")" expect 3 jig run
has "$err" "podman is not on PATH"
has "$err" "docker is not on PATH"
has "$err" "install podman"
expect 0 jig env
has "$out" "fetched at its first use"
has "$out" "pinned"

# Without its digest.
pipeline registry.example:5000/lab/tools:1.0
expect 2 jig run
has "$err" "sha256"

# A client that notes its arguments and runs the command right here, with the variables that it is told to pass.
mkdir "$HOME/bin"
cat >"$HOME/bin/podman" <<'S'
#!/bin/sh
state=${0%/bin/*}
printf '%s\n' "$*" >>"$state/asked"
case $1 in
info)	[ ! -e "$state/broken" ] || { echo "Error: cannot set up a namespace." >&2; exit 125; }
	echo true ;;
image)	for last; do :; done; grep -qxF "$last" "$state/images" ;;
pull)	echo "Trying to pull $2..."
	case $2 in *nosuch*) echo "Error: manifest unknown." >&2; exit 125 ;; esac
	echo "$2" >>"$state/images" ;;
rm)	;;
run)	shift
	while :; do case $1 in
		--env) case $2 in *=*) export "$2" ;; esac; names="${names:-} ${2%%=*}"; shift 2 ;;
		--workdir) cd "$2"; shift 2 ;;
		--rm|--init|--no-healthcheck|--*=*) shift ;;
		--*) shift 2 ;;
		*) break ;;
	esac; done
	grep -qxF "$1" "$state/images" || { echo "Error: $1: image not known" >&2; exit 125; }
	shift
	PATH=/usr/bin:/bin
	for n in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
		case " $names PATH " in *" $n "*) ;; *) unset "$n" ;; esac
	done
	exec "$@" ;;
esac
S
chmod +x "$HOME/bin/podman"
: >"$HOME/images"
export PATH="$HOME/bin:$PATH"

# Outputs, metrics and the record are those of any other step.
works() {
	expect 0 jig run
	has "$out" "(pinned)"
	same "$(ask '[(x["isolation"], x["env"]["grade"], x["env"]["kind"], x["exit"]) for x in a.values()]')" "[('container', 'pinned', 'image', 0), ('container', 'pinned', 'image', 0)]"
	has "$(ask 'a["make"]["env"]["source"]')" "$digest"
	rm -rf got
	expect 0 jig get last -o got
	same "$(cat got/out.txt)" "data
hello 0.5"
	has "$(head -n 1 got/where.txt)" "$PWD/.jig/"
	same "$(tail -n 1 got/where.txt)" "hello 0.5"
	expect 0 jig metrics last
	has "$out" loss
	has "$out" acc
	expect 0 jig logs last make
	has "$out" "made it"
	expect 0 jig show last make
	has "$out" container
	has "$out" pinned
}
pipeline "$image"
works
same "$(grep -c '^pull' "$HOME/asked")" 1
has "$(grep '^pull' "$HOME/asked")" "pull $image"
has "$(grep '^run' "$HOME/asked" | head -n 1)" "--env HELLO"
hasnt "$(cat "$HOME/asked")" "hello"
# Another image is another environment.
key=$(ask 'a["make"]["env"]["key"]')
pipeline "registry.example:5000/lab/tools@sha256:$(printf '%064d' 7)"
expect 0 jig run
[ "$(ask 'a["make"]["env"]["key"]')" != "$key" ] || fail "two images have one key"

# How a step ends is passed on: a status, a signal; an image that is not to be had ends the run before it starts.
cat >jig.yaml <<Y
env: {image: $image}
steps:
  seven: {run: 'echo words >&2; exit 7'}
  killed: {run: 'kill -KILL \$\$'}
  missing: {run: 'true', outputs: [none.txt]}
  none: {run: 'true', env: system}
Y
expect 1 jig run
same "$(ask '[(n, x["cause"], x["exit"]) for n, x in a.items() if n != "killed"]')" "[('seven', 'exit', 7), ('missing', 'output_missing', 0), ('none', None, 0)]"
same "$(ask 'a["killed"]["signal"], a["none"]["isolation"] != "container"')" "(9, True)"
expect 0 jig logs last seven
has "$out" words
echo "steps: {a: {env: {image: \"registry.example:5000/nosuch@$digest\"}, run: 'true'}}" >jig.yaml
expect 3 jig run
has "$err" "manifest unknown"
has "$err" "podman pull"
: >"$HOME/broken"
expect 3 jig run
has "$err" "cannot set up a namespace"
rm "$HOME/broken"

# Asked for by name, the other tiers are not what such a step runs in.
pipeline "$image"
expect 0 jig run --isolation folder --force make
same "$(ask 'a["make"]["isolation"]')" container

# Stopped and timed out: the client hears of it, and what it left is removed by its name.
stops() {
	cat >jig.yaml <<Y
env: {image: $1}
steps:
  long: {run: 'trap "echo cleaned; exit 3" TERM; echo began; touch "\$JIG_CHECKPOINTS/up"; while :; do sleep 0.05; done', timeout: $2}
Y
	expect 1 jig run
	same "$(ask 'a["long"]["cause"]')" timeout
	expect 0 jig logs last long
	has "$out" began
	has "$out" cleaned
}
stops "$image" 1s
: >"$HOME/asked"
sed -i 's/timeout: 1s/timeout: 10m/' jig.yaml
jig run >"$HOME/live" 2>&1 &
live=$!
began() { grep -q '^run' "$HOME/live" && jig logs last long | grep -q began; }
await began
expect 0 jig stop last
wait $live && fail "a stopped run ended well"
same "$(ask 'a["long"]["cause"]')" stopped
has "$(cat "$HOME/asked")" "rm --force"
finish >/dev/null

# For real: podman with a store of this test's own, and an image of nothing but a static busybox, whose entry point and user a step must not get.
no_container() {
	echo "$1: the rest was not tried"
	exit 0
}
rm "$HOME/bin/podman"
[ -n "$clients" ] || no_container "there is no podman"
for busybox in /bin/busybox /usr/bin/busybox none; do [ ! -x "$busybox" ] || break; done
[ "$busybox" != none ] || no_container "there is no busybox to make an image of"
store=$(mktemp -d /tmp/jigpod.XXXXXX)
cat >"$HOME/bin/podman" <<S
#!/bin/sh
exec "$clients" --storage-driver vfs --root "$store/graph" --runroot "$store/run" "\$@"
S
chmod +x "$HOME/bin/podman"
trap 'podman unshare rm -rf "$store/graph" "$store/run" >/dev/null 2>&1 || :; rm -rf "$store"' EXIT
mkdir -p "$store/root/bin" "$store/root/tmp"
cp "$busybox" "$store/root/bin/busybox"
for tool in sh cat env pwd touch sleep true; do ln -s busybox "$store/root/bin/$tool"; done
tar -C "$store/root" -cf "$store/image.tar" .
timeout 60 podman import -q --change ENTRYPOINT=/bin/false --change USER=65534 "$store/image.tar" localhost/jig-test:1 >"$HOME/why" 2>&1 ||
	no_container "$(tail -n 1 "$HOME/why")"
image=localhost/jig-test@$(podman image inspect --format '{{.Digest}}' localhost/jig-test:1)
digest=${image#*@}
try() {
	timeout 60 podman run --rm --network none --log-driver none --user 0:0 --entrypoint '' "$image" true >"$HOME/why" 2>&1
}
# A machine that is a container itself may have limits that even root cannot raise, and cgroups that only runc takes.
try || {
	cat >"$store/containers.conf" <<C
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=8192:8192"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
C
	export CONTAINERS_CONF="$store/containers.conf"
	try || no_container "$(tail -n 1 "$HOME/why")"
}
pipeline "$image"
sed -i '1i defaults: {network: false}' jig.yaml
works
echo "steps: {a: {env: {image: \"$image\"}, network: false, run: '! cat $PWD/data.txt && ! cat \$\$HOME/why && exit 7'}}" >jig.yaml
expect 1 jig run
same "$(ask 'a["a"]["exit"]')" 7
# It is told to end, and nothing of it is left.
stops "$image" 2s
same "$(podman ps --all --quiet)" ""
finish >/dev/null
