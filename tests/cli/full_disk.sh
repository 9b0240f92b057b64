# A full disk, and a folder that may not be written: the record is read all the same, and gc frees what it can.
. "$TESTS/../lib/runs.sh"

needs_linux "file system of a size of one's choosing"
needs git
needs python3

disk=$HOME/disk
mkdir "$disk"
mount -t tmpfs -o size=6m tmpfs "$disk" 2>/dev/null || {
	echo "no file system can be mounted here: no full disk was tried"
	exit 77
}
trap 'umount -l "$disk"' EXIT
export XDG_CACHE_HOME="$HOME/cache"
mkdir "$disk/project"
cd "$disk/project"

full() {
	dd if=/dev/zero of="$disk/fill" bs=4k oflag=append conv=notrunc 2>/dev/null || true
}
# All that reads says the same as on a disk with room.
reads() {
	for looks in "ls" "show 1" "show 1 a" "logs 1 a" "verify" "fsck"; do
		# shellcheck disable=SC2086
		expect 0 jig $looks
	done
	expect 0 jig ls --json
	same "$(printf '%s\n' "$out" | grep -c '"state": "success"')" "$1"
	rm -rf "$HOME/got"
	expect 0 jig get 1 -o "$HOME/got"
}

mkdir src
seq 30000 >src/table.txt
cat >jig.yaml <<'Y'
params: {n: 0}
steps:
  a:
    run: cp src/table.txt out.txt; echo ${params.n} >> out.txt; echo said ${params.n}
    outputs: [out.txt]
Y
for i in 1 2 3; do
	seq "$i" "$((30000 + i))" >src/table.txt
	expect 0 jig run -p n=$i
done
reads 3
full
reads 3
cat >"$HOME/keys" <<K
:wait success
Enter
:wait a
:wait success
K
XDG_CONFIG_HOME=$HOME/config expect 0 jig --script "$HOME/keys" --size 100x24
expect 0 jig gc --dry-run
expect 0 jig gc
ls .jig/trees 2>/dev/null | grep -q . || fail "there is no checkout that could go"

# No run can be removed: the cause and the way out. The caches go for it, and when that is enough the run goes.
full
expect 3 jig rm -y 1
has "$err" "disk is full"
has "$err" "jig gc"
expect 0 jig ls
has "$out" "success"
expect 0 jig gc --keep-runs 2 --now
has "$out" "removed 1 run"
hasnt "$(ls .jig/trees)" "$(ask 2 'r["code"]["snapshot"]')"
[ ! -e .jig/plan.cache ] || fail "plan.cache stays"
expect 2 jig show 1
expect 0 jig show 2

# What is garbage already goes without any room, and gives room for more.
expect 0 jig rm -y 2
full
expect 0 jig gc --now
has "$out" "folder of a removed run"

# With nothing to free it says so.
full
expect 3 jig gc --keep-runs 0 --now
has "$err" "the disk is full"
has "$err" "no run can be taken out of the record"
rm "$disk/fill"
expect 0 jig run -p n=4
finish

# A read-only mount.
expect 0 jig ls --json
runs=$(printf '%s\n' "$out" | grep -c '"state": "success"')
last=$(ask last 'r["run"]')
mount -o remount,ro "$disk"
for looks in "ls" "show $last" "logs $last a" "verify" "fsck"; do
	# shellcheck disable=SC2086
	expect 0 jig $looks
done
expect 0 jig ls --json
same "$(printf '%s\n' "$out" | grep -c '"state": "success"')" "$runs"
rm -rf "$HOME/got"
expect 0 jig get "$last" -o "$HOME/got"
expect 3 jig rm -y "$last"
has "$err" "Read-only file system"
expect 3 jig gc
has "$err" "Read-only file system"
mount -o remount,rw "$disk"
expect 0 jig rm -y "$last"
cd "$HOME"
