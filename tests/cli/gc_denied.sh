# What a failed step has locked away is counted as nothing by a dry run, and goes with the rest; what is somebody else's
# stays, is named, and keeps nothing else from going.
. "$TESTS/lib.sh"

place=
as_user=
if [ "$(id -u)" = 0 ]; then
	needs setpriv
	place=$(mktemp -d "${TMPDIR:-/tmp}/jig-denied.XXXXXX")
	trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
	mkdir "$place/project"
	cd "$place/project"
	chown -R 65534:65534 "$place"
	as_user="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$place"
	$as_user test -x "$JIG" || {
		echo "$JIG cannot be run by another user"
		exit 77
	}
fi
user() {
	$as_user "$@"
}

user sh -c 'cat >jig.yaml' <<'Y'
steps:
  a: {run: "mkdir o; echo a > o/r; chmod 000 o; mkdir p; echo b > p/r; chmod 400 p; exit 1"}
Y
for i in 1 2 3; do
	expect 1 user "$JIG" run --isolation folder
done
expect 0 user "$JIG" rm -y 1 2
expect 0 user "$JIG" gc --dry-run --now
has "$out" "2 folders of removed runs"
expect 0 user "$JIG" gc --now
has "$out" "2 folders of removed runs"
[ ! -e .jig/runs/1 ] && [ ! -e .jig/runs/2 ] || fail "the folder of a removed run stays"

if [ -n "$as_user" ]; then
	expect 1 user "$JIG" run --isolation folder
	expect 0 user "$JIG" rm -y 3 4
	mkdir .jig/runs/3/root
	echo x >.jig/runs/3/root/file
	expect 3 user "$JIG" gc --now
	has "$out" "1 folder of a removed run"
	has "$err" "runs/3/root/file: Permission denied"
	[ ! -e .jig/runs/4 ] || fail "one folder keeps another one"
	expect 3 user "$JIG" gc --now
	rm -r .jig/runs/3/root
	expect 0 user "$JIG" gc --now
	[ ! -e .jig/runs/3 ] || fail "the folder of a removed run stays"
fi
user "$JIG" fsck
user "$JIG" verify
