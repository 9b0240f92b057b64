# A record that has lost runs names nothing of what they made: gc leaves it where it is, and says why.
. "$TESTS/../lib/runs.sh"
needs python3
old="2 hours ago"

# What a lost run may need: objects, code, folders with logs.
kept() {
	find .jig/objects .jig/code.git/objects .jig/code.git/refs .jig/runs -type f | sort
}
# TEXT: gc removes only checkouts and temporary files, whatever is asked for, and says why.
spares() {
	before=$(kept)
	: >.jig/objects/tmp/1-1
	touch -d "$old" .jig/objects/tmp/1-1
	find .jig/objects .jig/code.git -type f -exec touch -c -d "$old" {} +
	for options in --dry-run "" "--now --json" "--keep-runs 9 --now"; do
		# shellcheck disable=SC2086
		expect 1 jig gc $options
		has "$err" "$1"
		has "$err" "\`jig verify\` tells more"
		same "$(kept | grep -v /tmp/)" "$before"
	done
	[ ! -e .jig/objects/tmp/1-1 ] || fail "a left-over temporary file stays"
	[ -z "$(ls .jig/trees 2>/dev/null)" ] || fail "a checkout stays"
}
# Where SQLite has put all into the database, that alone is the record.
save() {
	expect 0 jig ls
	[ ! -s .jig/jig.db-wal ] || fail "the database is not all"
	cp .jig/jig.db "$1"
}
put_back() {
	rm -f .jig/jig.db-*
	cp "$1" .jig/jig.db
}

echo 1 >code.txt
cat >jig.yaml <<'Y'
steps: {a: {run: "cat code.txt >o.txt; date +%N >>o.txt", outputs: [o.txt]}}
Y
expect 0 jig run
save one.db
echo 2 >code.txt
expect 0 jig run
save two.db

# An older record: by the folder of the lost run, and by the chain's file alone.
put_back one.db
cp .jig/chain chain
spares "the record does not fit the file"
expect 1 jig verify
expect 0 jig ls
put_back two.db
finish
expect 0 jig gc --now
finish

mv .jig/runs/2 two
put_back one.db
spares "the record does not fit the file"
mv two .jig/runs/2
jig verify --anchor >.jig/chain || :
spares "$PWD/.jig/runs/2 is of a run that it does not know"
# Where the older one was put back on purpose, and the folder is away, it goes on as ever.
mv .jig/runs/2 two
expect 0 jig verify
expect 0 jig gc --now
has "$out" "freed"
finish
mv two .jig/runs/2
put_back two.db
cp chain .jig/chain
expect 1 jig fsck

# A run that reused all of its steps has no folder of theirs: the chain's file tells of it.
rm -r .jig
expect 0 jig run
save one.db
expect 0 jig run
same "$(states 2)" "success a=reused"
save two.db
put_back one.db
spares "the record does not fit the file"
put_back two.db
finish

# The folder of a run that was removed, or never was one, is no sign of a lost one.
expect 0 jig run --fresh
expect 0 jig rm -y 3
mkdir .jig/runs/9
expect 0 jig gc --now
[ ! -e .jig/runs/3 ] && [ ! -e .jig/runs/9 ] || fail "a folder stays"
finish

# What cannot be read tells nothing: no lost run, and nothing is freed.
mv .jig/chain chain
mkdir .jig/chain
before=$(kept)
expect 3 jig gc --now
has "$err" "cannot read $PWD/.jig/chain: Is a directory"
hasnt "$err" "lost runs"
same "$(kept)" "$before"
rmdir .jig/chain
mv chain .jig/chain
finish

# A record without tables where there were runs is one that is gone.
python3 -c '
import sqlite3
db = sqlite3.connect("empty.db")
db.execute("PRAGMA journal_mode=WAL")
db.close()'
[ -s empty.db ] || fail "the database without tables is empty"
put_back empty.db
for command in ls "gc --now" "show 1" run verify fsck; do
	before=$(find .jig -type f | sort)
	# shellcheck disable=SC2086
	expect 3 jig $command
	has "$err" "jig.db is without tables, but $PWD/.jig/chain tells of runs: put jig.db back"
	same "$(find .jig -type f | sort)" "$before"
done
mv .jig/chain chain
expect 3 jig gc --now
has "$err" "jig.db is without tables, but $PWD/.jig/runs/"
echo "0:0000000000000000000000000000000000000000000000000000000000000000" >.jig/chain
expect 3 jig gc --now
has "$err" "jig.db is without tables, but $PWD/.jig/runs/"
mv chain .jig/chain
put_back two.db
expect 1 jig verify
rm -rf .jig

# One whose making was cut off is made.
mkdir .jig
cp empty.db .jig/jig.db
echo "0:0000000000000000000000000000000000000000000000000000000000000000" >.jig/chain
expect 0 jig run
finish
