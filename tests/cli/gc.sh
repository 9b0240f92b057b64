# What gc frees, to the byte: what the dry run says, what the run says, and what is then gone from the disk.
. "$TESTS/../lib/runs.sh"

# Bytes of all files of the record but those of the database, which only grows.
held() {
	find .jig -type f ! -path '.jig/jig.db*' -printf '%s\n' | awk '{n += $1} END {print n + 0}'
}
number() {
	printf '%s\n' "$out" | sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p"
}
# OPTIONS…: the dry run changes nothing and says what the real one frees; a second one frees nothing.
exact() {
	before=$(held)
	expect 0 jig gc --dry-run --json "$@"
	said=$out
	same "$(held)" "$before"
	expect 0 jig gc --json "$@"
	same "$out" "$said"
	freed=$(number bytes)
	same "$((before - $(held)))" "$freed"
	code_objects=$(number code_objects)
	expect 0 jig gc --dry-run --json "$@"
	same "$(number bytes)" 0
	expect 0 jig gc --json "$@"
	same "$(number bytes)" 0
	same "$(held)" "$((before - freed))"
}
# N: code of its own, with a file that is too big to be held in memory, and an output of its own.
new_run() {
	echo "version $1" >src/code.txt
	seq "$1" "$((30000 + $1))" >src/table.txt
	expect 0 jig run -p n="$1"
}
tree_of() {
	ask "$1" 'r["code"]["snapshot"]'
}
in_code() {
	git --git-dir=.jig/code.git cat-file -e "$1" 2>/dev/null
}

needs git
mkdir src
cat >jig.yaml <<'E'
params: {n: 0}
steps:
  a:
    run: cat src/table.txt src/code.txt > out.txt; echo ${params.n} >> out.txt
    outputs: [out.txt]
E

expect 2 jig gc --now
has "$err" "no run yet"
for i in 1 2 3 4 5 6; do
	new_run $i
done
for i in 1 2 3 4 5 6; do
	eval "tree$i=$(tree_of $i)"
done
exact --now
same "$freed" 0

# A removed run: its folder, its output, its pin, its tree, its two blobs, its checkout if that is still cached.
expect 0 jig rm 2
expect 0 jig gc --dry-run --now
has "$out" "4 objects of code"
exact --now
same "$code_objects" 4
in_code "$tree2" && fail "the tree of a removed run stays"
[ ! -e .jig/trees/"$tree2" ] || fail "the checkout of a removed run stays"
for tree in "$tree1" "$tree3" "$tree6"; do
	in_code "$tree" || fail "the tree of a kept run went"
done

# Without --now young objects stay, the folder goes; when they are old enough they go.
expect 0 jig rm 3
expect 0 jig gc
has "$out" "younger than an hour"
in_code "$tree3" || fail "a young tree went"
exact
same "$freed" 0
find .jig/code.git/objects -type f -exec touch -d '2 hours ago' {} +
exact
same "$code_objects" 4
in_code "$tree3" && fail "an old tree stays"

# Policies. The newest snapshot stays though its run goes: the next one builds on it.
exact --keep-runs 2 --now
[ "$freed" -gt 0 ] || fail "nothing was freed"
expect 2 jig show 4
expect 0 jig show 5
exact --keep-runs 2 --older-than 1d --now
same "$freed" 0
expect 0 jig show 5
sleep 0.01
exact --older-than 1ms --keep-runs 1 --now
expect 2 jig show 5
expect 0 jig show 6

# What commands that were killed have left beside the database goes when it is old, with --now too, for nobody can tell
# whether it is being written.
for name in code.aB3dE6 code.new.aB3dE6 code.backup code.git.lock; do
	[ -e .jig/$name ] || mkdir -p .jig/$name/sub
done
echo left >.jig/code.aB3dE6/sub/file
echo left behind >.jig/.tmp-aB3dE6
echo half >.jig/plan.cache.12345
echo half >.jig/inputs.cache.7
echo mine >.jig/plan.cache.old
exact --now
same "$freed" 0
touch -d '2 hours ago' .jig/code.aB3dE6 .jig/code.new.aB3dE6 .jig/code.backup .jig/.tmp-aB3dE6 .jig/code.git .jig/chain .jig/*.cache*
exact
same "$freed" 27
[ -z "$(find .jig -maxdepth 1 -name '*aB3dE6' -o -name '*.cache.[0-9]*')" ] || fail "left-over files stay"
rmdir .jig/code.backup/sub .jig/code.backup
rm .jig/plan.cache.old
[ -d .jig/code.git ] && [ -e .jig/code.git.lock ] || fail "more than left-over files went"

# What two runs have in common stays with the one that is kept.
new_run 6
expect 0 jig rm 6
exact --now
same "$code_objects" 0
same "$(tree_of last)" "$tree6"
in_code "$tree6" || fail "a tree that a kept run has went"

# Beside a live run, whose code and whose run stay.
rm -f "$HOME/go"
echo live >src/code.txt
cat >jig.yaml <<'E'
steps:
  waits:
    run: |
      while [ ! -e "$HOME/go" ]; do sleep 0.05; done
      cat src/code.txt > out.txt
    outputs: [out.txt]
E
expect 0 jig run -d
is_live() { [ "$(states last)" = "running waits=running" ]; }
await is_live
live_tree=$(tree_of last)
echo other >src/code.txt
expect 0 jig rm 7
find .jig/code.git/objects -type f -exec touch -d '2 hours ago' {} +
mkdir .jig/code.aB3dE6
touch -d '2 hours ago' .jig/code.aB3dE6
exact --now --keep-runs 0
rmdir .jig/code.aB3dE6
[ "$code_objects" -gt 0 ] || fail "no code was freed"
in_code "$tree6" && fail "the tree of a removed run stays"
in_code "$live_tree" || fail "the tree of a live run went"
expect 0 jig show 8
touch "$HOME/go"
await ended 8
same "$(states 8)" "success waits=success"
exact --now

# Everything, but for the newest snapshot.
exact --keep-runs 0 --now
same "$(find .jig/runs -mindepth 1 | wc -l)" 0
in_code "$live_tree" || fail "the newest snapshot went"
expect 0 jig run
same "$(states last)" "success waits=success"
finish
