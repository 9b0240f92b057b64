# Real packages from the Python index, by uv and by pip: from a loose file to a recorded environment, what goes wrong on the way, and without the index.
. "$TESTS/lib.sh"
needs python3
export TMPDIR="$HOME/tmp"
mkdir "$TMPDIR"
unset VIRTUAL_ENV CONDA_PREFIX
timeout 60 python3 -m pip download --no-deps --retries 0 --timeout 15 -q -d "$HOME/index" six==1.16.0 >/dev/null 2>&1 || {
	echo "the Python index does not answer"
	exit 77
}
# uv alone in a folder of its own, so that there are a PATH with it and one without.
uv=$(command -v uv || :)
if ! uv --version >/dev/null 2>&1; then
	python3 -m venv "$HOME/tools"
	"$HOME/tools/bin/python" -m pip install -q --disable-pip-version-check uv >"$HOME/why" 2>&1 || {
		tail -n 1 "$HOME/why"
		echo "there is no uv, and the Python index does not give it"
		exit 77
	}
	uv=$HOME/tools/bin/uv
fi
mkdir "$HOME/uv"
ln -s "$uv" "$HOME/uv/uv"
plain=
for folder in $(echo "$PATH" | tr : ' '); do
	[ -e "$folder/uv" ] || plain=$plain:$folder
done
plain=${plain#:}
PATH=$HOME/uv:$plain
needs python3

# EXPRESSION: a Python expression over the last run's step: a is its last attempt, e the environment of that, p the versions by package.
ask() {
	jig show last look --json >"$HOME/show.json"
	python3 -c '
import json, sys
a = json.load(open(sys.argv[1]))["attempts"][-1]
e = a["env"]
p = {x["name"]: x["version"] for x in e["packages"]}
print(eval(sys.argv[2]))' "$HOME/show.json" "$1"
}

# NAME…: a step that imports these modules and tells where they came from.
imports() {
	mods=$(echo "$*" | tr ' ' ,)
	cat >look.py <<P
import $mods
print("\n".join(m.__file__ for m in ($mods,)))
P
	echo 'steps: {look: {run: python3 look.py >out.txt, outputs: [out.txt]}}' >jig.yaml
}

# Loose; pinned; installed, and recorded as it is.
imports six iniconfig
printf 'six>=1.15\niniconfig\n' >requirements.txt
expect 2 jig run
has "$err" "requirements.txt:1"
has "$err" "jig lock"
expect 0 jig lock
has "$out" "2 packages pinned with hashes"
expect 0 jig run
has "$err" "with uv"
has "$out" "env requirements.lock (pinned)"
expect 0 jig get last -o got
has "$(cat got/out.txt)" "$HOME/.cache/jig/envs/"
same "$(ask 'e["grade"], e["kind"], e["source"], sorted(p)')" "('pinned', 'requirements', 'requirements.lock', ['iniconfig', 'six'])"
for name in six iniconfig; do
	has "$(cat requirements.lock)" "$name==$(ask "p['$name']") "
done
expect 0 jig show last look
has "$out" "pinned · requirements.lock · 2 packages"
uv_key=$(ask 'e["key"]')

# By pip, where there is no uv: the same packages, another environment.
with_uv=$PATH
PATH=$plain
jig run --force look >"$HOME/out" 2>"$HOME/err" || fail "$(cat "$HOME/out" "$HOME/err")"
if grep -q "with pip" "$HOME/err"; then
	by_pip=yes
	same "$(ask 'e["grade"], sorted(p)')" "('pinned', ['iniconfig', 'pip', 'setuptools', 'six'])"
	[ "$(ask 'e["key"]')" != "$uv_key" ] || fail "both tools' environments have one key"
else
	by_pip=
	echo "uv stands beside python3, so pip was not tried"
fi
PATH=$with_uv

# An archive that is not the one the lock names; afterwards nothing stands in the way of the right one.
cp requirements.lock good.lock
zeros=0000000000000000000000000000000000000000000000000000000000000000
printf 'six==1.16.0 --hash=sha256:%s\n' $zeros >requirements.lock
wrong_hash() {
	expect 3 jig run --force look
	has "$err" "requirements.lock"
	has "$err" "has another hash"
	has "$err" "six"
	has "$err" "$zeros"
	expect 0 jig env
	hasnt "$out" ready
}
wrong_hash
[ -z "$by_pip" ] || PATH=$plain wrong_hash
cp good.lock requirements.lock
expect 0 jig run --force look
hasnt "$err" building

# A version and a package that are not there.
rm requirements.txt requirements.lock
missing() {
	printf 'six==99.99.99\n' >requirements.txt
	expect 3 jig run
	has "$err" "six==99.99.99"
	has "$err" "does not exist"
	printf 'iniconfig==2.0.0\nno-such-package-of-anyone==1.0\n' >requirements.txt
	expect 3 jig run
	has "$err" "no-such-package-of-anyone"
	has "$err" "does not exist"
}
missing
[ -z "$by_pip" ] || PATH=$plain missing

# Versions without hashes, and a package that one of them brings along: less is known than the file seems to say.
imports six iniconfig
printf 'six==1.16.0\niniconfig==2.0.0\n' >requirements.txt
expect 0 jig run
same "$(ask 'e["grade"], p')" "('versions', {'iniconfig': '2.0.0', 'six': '1.16.0'})"
imports dateutil six
printf 'python-dateutil==2.9.0.post0\n' >requirements.txt
for round in built ready; do # said each time
	expect 0 jig run --force look
	has "$out" "does not name all that it needs: six"
	has "$out" "env requirements.txt (observed)"
	same "$(ask 'e["grade"], sorted(p)')" "('observed', ['python-dateutil', 'six'])"
done
rm requirements.txt

# A project of uv's with a package of its own: that is imported from the work folder, so an edit of it is no new environment.
mkdir -p src/trial
cat >pyproject.toml <<'T'
[project]
name = "trial"
version = "0.1"
requires-python = ">=3.8"
dependencies = ["six==1.16.0"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
T
echo 'value = 1' >src/trial/__init__.py
expect 2 jig run
has "$err" "pyproject.toml"
uv lock -q
imports six trial
echo 'print(trial.value)' >>look.py
expect 0 jig run
has "$out" "env uv.lock (pinned)"
expect 0 jig get last -o one
has "$(cat one/out.txt)" "$HOME/.cache/jig/envs/"
has "$(cat one/out.txt)" "/work/src/trial/__init__.py"
same "$(tail -n 1 one/out.txt)" 1
same "$(ask 'e["grade"], e["kind"], p')" "('pinned', 'uv', {'six': '1.16.0'})"
key=$(ask 'e["key"]')
echo 'value = 2' >src/trial/__init__.py
expect 0 jig run
hasnt "$err" building
expect 0 jig get last -o two
same "$(tail -n 1 two/out.txt)" 2
same "$(ask 'e["key"]')" "$key"
# What stands ready does without uv; pip cannot make it.
[ -z "$by_pip" ] || {
	PATH=$plain expect 0 jig run
	rm "$HOME/.cache/jig/envs/$key.ok"
	PATH=$plain expect 3 jig run
	has "$err" "uv"
	has "$err" "uv export"
}

# The same as pylock.toml.
uv export -q --frozen --no-emit-project --format pylock.toml -o pylock.toml
mkdir ../pylock
cp pylock.toml ../pylock
cd ../pylock
imports six
expect 0 jig run
has "$out" "env pylock.toml (pinned)"
same "$(ask 'e["grade"], e["kind"], p')" "('pinned', 'pylock', {'six': '1.16.0'})"
expect 0 jig get last -o got
has "$(cat got/out.txt)" "$HOME/.cache/jig/envs/"

# Without the index: what is ready runs; of what uv keeps it makes a new one; what nobody has fails, and says so.
closed() {
	UV_DEFAULT_INDEX=http://127.0.0.1:9/ UV_INDEX_URL=http://127.0.0.1:9/ PIP_INDEX_URL=http://127.0.0.1:9/ UV_HTTP_TIMEOUT=5 UV_HTTP_RETRIES=0 PIP_RETRIES=0 "$@"
}
closed expect 0 jig run --force look
hasnt "$err" with
UV_OFFLINE=1 expect 0 jig run --force look
hasnt "$err" with
mkdir ../offline
cd ../offline
imports six iniconfig
cp ../project/good.lock requirements.lock
closed expect 0 jig run
hasnt "$err" with
imports six
sed -n '/^six/,$p' ../project/good.lock >requirements.lock
UV_OFFLINE=1 expect 0 jig run
has "$err" "with uv"
printf '# kept by nobody\n' >>requirements.lock
UV_OFFLINE=1 UV_CACHE_DIR=$HOME/nothing expect 3 jig run
has "$err" "network"
has "$err" "requirements.lock"
closed env UV_CACHE_DIR="$HOME/nothing" jig run >"$HOME/out" 2>&1 && fail "built without an index: $(cat "$HOME/out")"
has "$(cat "$HOME/out")" "cannot be reached"
expect 0 jig run

# An environment made by hand and active: used as it is, and its packages recorded.
mkdir ../active
cd ../active
imports six
python3 -m venv --without-pip hand
uv pip install -q --python hand/bin/python six==1.16.0
with_hand() {
	VIRTUAL_ENV=$PWD/hand PATH=$PWD/hand/bin:$PATH "$@"
}
with_hand expect 0 jig run
has "$out" "(observed)"
expect 0 jig get last -o got
has "$(cat got/out.txt)" "$PWD/hand/lib"
same "$(ask 'e["grade"], e["kind"], p')" "('observed', 'active', {'six': '1.16.0'})"
old=$(ask 'e["key"]')
# Other packages are another environment.
uv pip install -q --python hand/bin/python iniconfig==2.0.0
with_hand expect 0 jig run
same "$(ask 'sorted(p), e["key"] != "'"$old"'"')" "(['iniconfig', 'six'], True)"
# Environments do not move.
mv hand moved
VIRTUAL_ENV=$PWD/hand PATH=$PWD/hand/bin:$PATH expect 2 jig run
has "$err" "$PWD/hand"
has "$err" "moved"
VIRTUAL_ENV=$PWD/moved PATH=$PWD/moved/bin:$PATH expect 2 jig run
has "$err" "moved"
expect 0 jig env verify
finish >/dev/null
