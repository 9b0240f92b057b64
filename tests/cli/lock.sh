# jig lock: what a loose file asks for, resolved against the Python index and against a folder of wheels.
. "$TESTS/lib.sh"
needs python3
TMPDIR=$HOME/tmp
export TMPDIR
mkdir "$TMPDIR"

expect 2 jig lock
has "$err" "nothing to pin"
has "$err" "jig lock FILE"
expect 2 jig lock --python
expect 2 jig lock a b
expect 0 jig lock --help
has "$out" "--upgrade"

# Wheels of our own, without a network and before there is a project.
python3 - wheels <<'END'
import os, sys, zipfile
os.makedirs(sys.argv[1])
for version in "1.0", "2.0":
    with zipfile.ZipFile(f"{sys.argv[1]}/beta-{version}-py3-none-any.whl", "w") as z:
        info = f"beta-{version}.dist-info"
        z.writestr("beta.py", "")
        z.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: beta\nVersion: {version}\n")
        z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{info}/RECORD", "beta.py,,\n")
END
printf '%s\n' --no-index '--find-links wheels' 'beta<2' >requirements.txt
expect 0 jig lock
has "$out" "requirements.lock: 1 package pinned with hashes, from requirements.txt ("
has "$(cat requirements.lock)" "beta==1.0 "
same "$err" ""
expect 0 jig lock
has "$out" "requirements.lock: unchanged, 1 package"

# From a folder below the root, with paths as they are seen there. A file that cannot be written is said at once.
mkdir -p sub .jig
printf '%s\n' --no-index '--find-links wheels' beta >dev.in
(cd sub && jig lock ../dev.in -o ../dev.lock)
has "$(cat dev.lock)" "beta==2.0 "
has "$(cat dev.lock)" "jig lock dev.in -o dev.lock"
expect 2 jig lock /nowhere/requirements.txt
expect 2 jig lock ../requirements.txt
has "$err" "is not in the project"

# What does not resolve leaves the lock as it was.
printf '%s\n' --no-index '--find-links wheels' 'beta>7' >requirements.txt
cp requirements.lock before
expect 3 jig lock
has "$err" "requirements.txt cannot be resolved for"
has "$err" "beta>7"
cmp before requirements.lock
[ -z "$(ls -A "$TMPDIR")" ] || fail "left-overs"

# On a terminal there is progress, which goes away.
printf '%s\n' --no-index '--find-links wheels' beta >requirements.txt
text=$(on_terminal jig lock --upgrade)
has "$text" "resolving it with"
has "$text" "requirements.lock: 1 package pinned with hashes"

# For real, from the Python index.
printf 'six>=1.15\n' >requirements.txt
if ! python3 -m pip download --no-deps --retries 0 --timeout 15 -q -d "$HOME/index" six >/dev/null 2>&1; then
	echo "the Python index does not answer"
	exit 77
fi
expect 0 jig lock
has "$(cat requirements.lock)" "six==1."
has "$(cat requirements.lock)" "--hash=sha256:"
expect 3 sh -c 'echo jig-has-no-such-package-anywhere >x.in && jig lock x.in'
has "$err" "does not exist"
[ ! -e x.lock ] || fail "a lock of nothing"

# For every system: uv's work.
if command -v uv >/dev/null; then
	printf 'colorama; sys_platform == "win32"\nsix\n' >requirements.txt
	expect 0 jig lock --universal
	has "$(cat requirements.lock)" "jig lock --universal"
	has "$(cat requirements.lock)" "sys_platform == 'win32'"
else
	expect 3 jig lock --universal
	has "$err" "needs uv"
fi
