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
params: {n: 0}
steps:
  a: {run: "mkdir o; echo a > o/r; chmod 000 o; mkdir p; echo b > p/r; chmod 400 p; exit 1"}
  b: {run: "echo ${params.n} > n", outputs: [n]}
Y
for i in 1 2 3; do
	expect 1 user "$JIG" run --isolation folder a
done
expect 0 user "$JIG" rm -y 1 2
expect 0 user "$JIG" gc --dry-run --now
has "$out" "2 folders of removed runs"
expect 0 user "$JIG" gc --now
has "$out" "2 folders of removed runs"
[ ! -e .jig/runs/1 ] && [ ! -e .jig/runs/2 ] || fail "the folder of a removed run stays"

if [ -n "$as_user" ]; then
	expect 1 user "$JIG" run --isolation folder a
	expect 0 user "$JIG" rm -y 3 4
	mkdir .jig/runs/3/root
	echo x >.jig/runs/3/root/file
	expect 3 user "$JIG" gc --now
	has "$out" "1 folder of a removed run"
	has "$err" "runs/.gone.3.0/root/file: Permission denied"
	[ ! -e .jig/runs/4 ] || fail "one folder keeps another one"
	expect 3 user "$JIG" gc --now
	rm -r .jig/runs/.gone.3.0/root
	expect 0 user "$JIG" gc --now
	[ -z "$(ls -A .jig/runs)" ] || fail "the folder of a removed run stays"

	# Runs that were taken out of the record are told, though nothing could be freed.
	expect 1 user "$JIG" run --isolation folder a
	mkdir .jig/runs/5/root
	echo x >.jig/runs/5/root/file
	expect 3 user "$JIG" gc --keep-runs 0
	has "$out" "removed 1 run from the record"
	has "$out" "0 folders"
	has "$err" "runs/.gone.5.0/root/file: Permission denied"
	rm -r .jig/runs/.gone.5.0/root
	expect 0 user "$JIG" gc

	# What cannot be looked at in the store keeps nothing else there, and no folder, from going.
	for n in 6 7; do
		expect 0 user "$JIG" run --isolation folder -p n=$n b
		expect 0 user "$JIG" rm -y $n
	done
	mkdir .jig/objects/00
	chmod 700 .jig/objects/00
	for file in 100-1 900-1; do
		echo x >.jig/objects/tmp/$file
		touch -d "3 hours ago" .jig/objects/tmp/$file
	done
	chmod 600 .jig/objects/tmp/100-1
	chown 65534:65534 .jig/objects/tmp/900-1
	expect 3 user "$JIG" gc --now
	has "$out" "2 objects, 2 folders of removed runs"
	has "$err" "objects/00: cannot list: Permission denied"
	[ ! -e .jig/objects/tmp/900-1 ] || fail "one temporary file keeps another one"
	rmdir .jig/objects/00
	expect 3 user "$JIG" gc
	has "$err" "tmp/100-1: cannot open: Permission denied"
	rm .jig/objects/tmp/100-1
	expect 0 user "$JIG" gc
fi
user "$JIG" fsck
user "$JIG" verify
