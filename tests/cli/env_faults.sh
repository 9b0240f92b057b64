# Environments when things go wrong: builders that are killed, several at once, caches that are full, read-only, links, damaged or gone.
. "$TESTS/lib.sh"
needs python3
needs openssl
export TMPDIR="$HOME/tmp"
mkdir "$TMPDIR"
unset VIRTUAL_ENV CONDA_PREFIX XDG_CACHE_HOME
real_uv=$(command -v uv || :)
export FAKE_UV="$TESTS/../lib/fake_uv" FAKE_UV_LOG="$HOME/uv.log" FAKE_UV_GO="$HOME/go" MOMENTS="$HOME/moments"
envs=$HOME/.cache/jig/envs
hash=--hash=sha256:$(printf x | openssl dgst -sha256 -r | cut -d' ' -f1)

# uv's stand-in, a package at a time; at the moment $KILL_AT of its work it kills jig. `certs` brings certificates along.
mkdir "$HOME/bin"
cat >"$HOME/bin/uv" <<'S'
#!/bin/sh
moment() {
	echo . >>"$MOMENTS"
	[ "$(wc -l <"$MOMENTS")" -ne "${KILL_AT:-0}" ] || kill -9 $PPID
}
for last; do :; done
moment
case $1 in
venv)
	mkdir -p "$last"
	moment
	sh "$FAKE_UV" "$@"
	moment
	;;
pip)
	moment
	for a; do [ "$a" != --python ] || after=1; [ -z "${after:-}" ] || python=$a; [ "$a" = --python ] || after=; done
	site=$(echo "$(dirname "$(dirname "$python")")"/lib/python3*/site-packages)
	grep == "$last" >"$MOMENTS.lines"
	while IFS= read -r line <&3; do
		printf '%s\n' "$line" >"$MOMENTS.one"
		moment
		sh "$FAKE_UV" pip sync --python "$python" "$MOMENTS.one" 3<&- || exit 1
		case $line in certs=*)
			mkdir "$site/certs"
			echo certificate >"$site/certs/cacert.pem"
			hash=$(openssl dgst -sha256 -binary "$site/certs/cacert.pem" | base64 | tr '+/' '-_' | tr -d '=')
			echo "certs/cacert.pem,sha256=$hash,12" >>"$site"/certs-*.dist-info/RECORD
			;;
		esac
		moment
	done 3<"$MOMENTS.lines"
	moment
	;;
esac
S
chmod +x "$HOME/bin/uv"
export PATH="$HOME/bin:$PATH"

# VERSION: a lock of three packages.
lock() {
	: >requirements.lock
	for name in a b c; do printf '%s==%s %s\n' $name "$1" "$hash" >>requirements.lock; done
}
cat >look.py <<'P'
import a, b, c
print(a.value, b.value, c.value)
P
echo 'steps: {look: {run: python3 look.py >out.txt, outputs: [out.txt]}}' >jig.yaml

key() {
	jig env --json | sed -n 's/.*"key": "\(.*\)".*/\1/p'
}

# VERSION KEY: what was left is not taken for an environment, the next run gets the right one, and it is whole.
goes_on() {
	if [ -e "$envs/$2.ok" ]; then
		expect 0 jig env verify "$2"
	else
		expect 0 jig env
		hasnt "$out" ready
	fi
	expect 0 jig run
	rm -rf got
	expect 0 jig get last -o got
	same "$(cat got/out.txt)" "$1 $1 $1"
	expect 0 jig env verify "$2"
}

# Killed at each moment of the tool's work.
lock 1.0
expect 0 jig run
moments=$(wc -l <"$MOMENTS")
[ "$moments" -ge 12 ] || fail "only $moments moments"
at=1
while [ "$at" -le "$moments" ]; do
	lock 1.$at
	rm "$MOMENTS"
	status=0
	KILL_AT=$at jig run >"$HOME/out" 2>&1 || status=$?
	[ "$status" -eq 137 ] || fail "moment $at: exit status $status: $(cat "$HOME/out")"
	key=$(key)
	[ ! -e "$envs/$key.ok" ] || fail "moment $at: half built, and it counts"
	goes_on 1.$at "$key"
	at=$((at + 1))
done

# Killed when something appears in the cache: a name behind the key, or below its folder.
cat >"$HOME/killer.py" <<'P'
import os, signal, subprocess, sys
prefix, what, least = sys.argv[1], sys.argv[2], int(sys.argv[3])
def there():
    if what == "tmp":
        return any(n.startswith(".tmp-") for n in os.listdir(os.path.dirname(prefix)))
    if what != "files":
        return os.path.lexists(prefix + what)
    return sum(len(f) for _, _, f in os.walk(prefix)) >= least
p = subprocess.Popen(["jig", "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while p.poll() is None and not there():
    pass
p.kill()
p.wait()
P
n=1
for what in .lock .log /pyvenv.cfg tmp .files .ok; do
	lock 2.$n
	key=$(key)
	python3 "$HOME/killer.py" "$envs/$key" $what 0
	goes_on 2.$n "$key"
	n=$((n + 1))
done
expect 0 jig env verify
[ "$(jig env ls --json | grep -c '"ready": false')" -eq 0 ] || fail "something is half built"

# Real uv, killed while it unpacks: a package of many files from a folder of wheels.
if [ -n "$real_uv" ] && "$real_uv" --version >/dev/null 2>&1; then
	mkdir ../real
	(
		cd ../real
		mkdir "$HOME/real"
		ln -s "$real_uv" "$HOME/real/uv"
		PATH=$HOME/real:$PATH
		unset KILL_AT
		python3 - <<'P'
import zipfile, hashlib, base64, os
os.mkdir("wheels")
files = {f"many/m{i}.py": f"value = {i}\n" for i in range(1500)}
files["many/__init__.py"] = ""
info = "many-1.0.dist-info"
files[f"{info}/METADATA"] = "Metadata-Version: 2.1\nName: many\nVersion: 1.0\n"
files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
def digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
files[f"{info}/RECORD"] = "".join(f"{p},sha256={digest(t)},{len(t)}\n" for p, t in files.items()) + f"{info}/RECORD,,\n"
path = "wheels/many-1.0-py3-none-any.whl"
with zipfile.ZipFile(path, "w") as z:
    for p, t in files.items():
        z.writestr(p, t)
digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
for i, least in enumerate((1, 30, 700, 1800)):
    with open(f"{i}.lock", "w") as f:
        f.write(f"--no-index\n--find-links wheels\n# {least}\nmany==1.0 --hash=sha256:{digest}\n")
P
		echo 'steps: {look: {run: "python3 -c \"import many.m1499 as m; print(m.value)\" >out.txt", outputs: [out.txt]}}' >jig.yaml
		for number in 0 1 2 3; do
			cp $number.lock requirements.lock
			python3 "$HOME/killer.py" "$envs/$(key)" files "$(sed -n 's/^# //p' requirements.lock)"
			if [ ! -e "$envs/$(key).ok" ]; then
				expect 0 jig env
				hasnt "$out" ready
			fi
			expect 0 jig run
			rm -rf got
			expect 0 jig get last -o got
			same "$(cat got/out.txt)" 1499
			expect 0 jig env verify
			jig env gc --older-than 1ms >/dev/null
		done
	)
else
	echo "there is no uv: only its stand-in was killed"
fi

# Four at once that need the same new one, in four projects: built once, all use it.
: >"$FAKE_UV_LOG"
for p in p1 p2 p3 p4; do
	mkdir "../$p"
	printf 'slow==1.0 %s\na==4.0 %s\n' "$hash" "$hash" >"../$p/requirements.lock"
	echo 'steps: {look: {run: "python3 -c \"import slow, a; print(a.value)\" >out.txt", outputs: [out.txt]}}' >"../$p/jig.yaml"
done
pids=
for p in p1 p2 p3 p4; do
	(cd "../$p" && exec jig run) >"$HOME/$p.out" 2>"$HOME/$p.err" &
	pids="$pids $!"
	[ $p = p1 ] || await grep -q waiting "$HOME/$p.err"
	await grep -q '^pip' "$FAKE_UV_LOG"
done
touch "$FAKE_UV_GO"
for pid in $pids; do
	wait "$pid" || fail "one of four: $(cat "$HOME"/p?.out "$HOME"/p?.err)"
done
rm "$FAKE_UV_GO"
same "$(grep -c '^venv' "$FAKE_UV_LOG")" 1
same "$(cat "$HOME"/p?.err | grep -c 'built in')" 1
for p in p1 p2 p3 p4; do
	(cd "../$p" && expect 0 jig get last -o got && same "$(cat got/out.txt)" 4.0)
done

# The one that builds is killed while two wait: one of them builds.
for p in p1 p2 p3; do
	printf 'slow==2.0 %s\na==5.0 %s\n' "$hash" "$hash" >"../$p/requirements.lock"
done
: >"$FAKE_UV_LOG"
pids=
for p in p1 p2 p3; do
	(cd "../$p" && exec jig run) >"$HOME/$p.out" 2>"$HOME/$p.err" &
	[ $p = p1 ] && first=$! || pids="$pids $!"
	[ $p = p1 ] || await grep -q waiting "$HOME/$p.err"
	await grep -q '^pip' "$FAKE_UV_LOG"
done
kill -9 "$first"
touch "$FAKE_UV_GO"
for pid in $pids; do
	wait "$pid" || fail "one of two: $(cat "$HOME"/p?.out "$HOME"/p?.err)"
done
rm "$FAKE_UV_GO"
same "$(grep -c '^venv' "$FAKE_UV_LOG")" 2
same "$(cat "$HOME"/p[23].err | grep -c 'built in')" 1
expect 0 jig env verify

# Ctrl-C goes to jig and to what builds; afterwards it builds as if nothing had been.
cat >"$HOME/interrupt.py" <<'P'
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
p = subprocess.Popen(["jig", "run"], start_new_session=True)
while p.poll() is None and "pip" not in open(os.environ["FAKE_UV_LOG"]).read():
    pass
os.killpg(p.pid, signal.SIGINT)
print(p.wait())
P
printf 'slow==3.0 %s\n' "$hash" >../p1/requirements.lock
: >"$FAKE_UV_LOG"
(
	cd ../p1
	echo 'steps: {look: {run: python3 -c "import slow"}}' >jig.yaml
	ended=$(python3 "$HOME/interrupt.py" 2>"$HOME/err" | tail -n 1)
	case $ended in -2 | 130) ;; *) fail "Ctrl-C: ended with $ended: $(cat "$HOME/err")" ;; esac
	expect 0 jig env
	hasnt "$out" ready
	touch "$FAKE_UV_GO"
	expect 0 jig run
	expect 0 jig env verify
)

# A tool that fails half way leaves its log and nothing else.
printf 'a==6.0 %s\nbroken==1 %s\n' "$hash" "$hash" >requirements.lock
expect 3 jig run
has "$err" "Failed to fetch: broken"
[ ! -e "$envs/$(key)" ] && [ ! -e "$envs/$(key).ok" ] || fail "half of it is left"
[ -s "$envs/$(key).log" ] || fail "its log is gone"
expect 0 jig env verify

# What is in use stays, and goes when it is not. Its lock file may be removed under it.
lock 7.0
cat >jig.yaml <<Y
steps: {look: {run: 'touch $HOME/running; while [ ! -e $HOME/end ]; do sleep 0.02; done; python3 look.py >out.txt', outputs: [out.txt]}}
Y
reach_out
jig run >"$HOME/live" 2>&1 &
live=$!
await test -e "$HOME/running"
expect 0 jig env ls
has "$out" "in use"
jig env gc --older-than 1ms >/dev/null
[ -e "$envs/$(key).ok" ] || fail "gc took what a run uses"
same "$(jig env ls --json | grep -c '"ready": true')" 1
rm "$envs/$(key).lock"
expect 0 jig env verify
touch "$HOME/end"
wait $live || fail "$(cat "$HOME/live")"
expect 0 jig run --force look
hasnt "$err" "with uv"
jig env gc --older-than 1ms >/dev/null
expect 0 jig env ls
has "$out" "no environment was built yet"
unset -f jig
echo 'steps: {look: {run: python3 look.py >out.txt, outputs: [out.txt]}}' >jig.yaml

# Moved away, replaced by an empty folder, by a file; its papers damaged: built again, or refused with the way out.
expect 0 jig run
key=$(key)
again() {
	expect 0 jig run --force look
	has "$err" "with uv"
	expect 0 jig env verify
}
mv "$envs/$key" "$HOME/away"
expect 0 jig env
hasnt "$out" ready
again
rm -r "$envs/$key"
mkdir "$envs/$key"
expect 3 jig run --force look
has "$err" "jig env verify --rebuild"
expect 1 jig env verify
expect 0 jig env verify --rebuild
expect 0 jig run --force look
rm -r "$envs/$key"
: >"$envs/$key"
again
for half in '' '{"prefix"'; do
	printf %s "$half" >"$envs/$key.ok"
	expect 0 jig env
	hasnt "$out" ready
	again
done
for size in 0 100; do
	truncate -s $size "$envs/$key.files"
	expect 3 jig run --force look
	has "$err" "jig env verify --rebuild"
	expect 1 jig env verify
	has "$out" "jig env verify --rebuild"
	expect 0 jig env verify --rebuild
	expect 0 jig run --force look
done
rm "$envs/$key.files"
expect 3 jig run --force look
has "$err" "jig env verify --rebuild"
expect 0 jig env verify --rebuild
expect 0 jig env verify

# Certificates that a company replaced: a remark, and an error where remarks are.
printf 'certs==1.0 %s\n' "$hash" >requirements.lock
echo 'steps: {look: {run: python3 -c "import certs"}}' >jig.yaml
expect 0 jig run
expect 0 jig run --force look --strict
pem=$(echo "$envs/$(key)"/lib/python3*/site-packages/certs/cacert.pem)
echo "one more" >>"$pem"
expect 0 jig run --force look
has "$out" "cacert.pem"
expect 3 jig run --force look --strict
has "$err" "cacert.pem"
has "$err" "certs"
expect 1 jig env verify
has "$out" "cacert.pem"
expect 0 jig env verify --rebuild
expect 0 jig run --force look --strict

# A cache that is a link: the environment stands where it leads, and is found by both names.
mkdir "$HOME/elsewhere" "$HOME/linked"
ln -s "$HOME/elsewhere" "$HOME/linked/jig"
lock 8.0
echo 'steps: {look: {run: python3 look.py >out.txt, outputs: [out.txt]}}' >jig.yaml
export XDG_CACHE_HOME="$HOME/linked"
expect 0 jig run
expect 0 jig env --json
has "$out" "\"folder\": \"$HOME/elsewhere/envs/"
expect 0 jig env verify
rm "$XDG_CACHE_HOME/jig"
mkdir "$XDG_CACHE_HOME/jig"
ln -s "$HOME/elsewhere/envs" "$XDG_CACHE_HOME/jig/envs"
expect 0 jig run --force look
hasnt "$err" "with uv"
rm "$XDG_CACHE_HOME/jig/envs"
ln -s "$HOME/nowhere" "$XDG_CACHE_HOME/jig/envs"
expect 3 jig run --force look
has "$err" "XDG_CACHE_HOME"
rm "$XDG_CACHE_HOME/jig/envs"
: >"$XDG_CACHE_HOME/jig/envs"
expect 3 jig run --force look
has "$err" "XDG_CACHE_HOME"
unset XDG_CACHE_HOME

# A read-only cache: what stands in it is used, what is not there is an error that says so.
expect 0 jig run --force look
if bwrap --dev-bind / / --ro-bind "$HOME/.cache" "$HOME/.cache" true 2>/dev/null; then
	read_only() {
		bwrap --dev-bind / / --ro-bind "$HOME/.cache" "$HOME/.cache" jig "$@"
	}
	expect 0 read_only run --force look --isolation folder
	hasnt "$err" "with uv"
	expect 0 read_only env verify
	expect 0 read_only env ls
	lock 8.1
	expect 3 read_only run --isolation folder
	has "$err" "requirements.lock"
	has "$err" "$envs"
	has "$err" "Read-only file system"
	mkdir "$HOME/empty"
	XDG_CACHE_HOME=$HOME/empty expect 3 bwrap --dev-bind / / --ro-bind "$HOME/empty" "$HOME/empty" jig run --isolation folder
	has "$err" "XDG_CACHE_HOME"

	# No Python anywhere: what needs one says so.
	hide=
	for program in /usr/bin/python3* /usr/local/bin/python3*; do
		[ ! -f "$program" ] || [ -L "$program" ] || hide="$hide --ro-bind /dev/null $program"
	done
	for program in sh cat env ls uname dirname; do ln -s "$(command -v $program)" "$HOME/empty/$program"; done
	# shellcheck disable=SC2086
	expect 2 bwrap --dev-bind / / $hide --setenv PATH "$HOME/empty" --unsetenv PYENV_ROOT "$(command -v jig)" run --isolation folder
	has "$err" "install python3"
	expect 0 jig run
else
	echo "bubblewrap does not work: no read-only cache and no machine without Python was tried"
fi

# A full disk: what stands is used, what is not there cannot be built, and nothing of it is left once there is room.
small=$HOME/small
mkdir "$small"
if mount -t tmpfs -o size=2m,nr_inodes=400 tmpfs "$small" 2>/dev/null; then
	trap 'umount -l "$small"' EXIT
	export XDG_CACHE_HOME="$small"
	lock 9.0
	expect 0 jig run
	dd if=/dev/zero of="$small/fill" bs=4k 2>/dev/null || :
	expect 0 jig run --force look
	expect 0 jig env verify
	lock 9.1
	expect 3 jig run
	has "$err" "No space left"
	expect 0 jig env
	hasnt "$out" ready
	rm "$small/fill"
	expect 0 jig run
	rm -rf got
	expect 0 jig get last -o got
	same "$(cat got/out.txt)" "9.1 9.1 9.1"
	# Room for a part of it.
	lock 9.2
	dd if=/dev/zero of="$small/fill" bs=4k 2>/dev/null || :
	truncate -s -24k "$small/fill"
	expect 3 jig run
	has "$err" "No space left"
	[ ! -e "$small/jig/envs/$(key)" ] || fail "half of it is left"
	rm "$small/fill"
	expect 0 jig run
	expect 0 jig env verify
	unset XDG_CACHE_HOME
	umount "$small"
	trap - EXIT
else
	echo "no file system can be mounted here: no full disk was tried"
fi
finish >/dev/null
