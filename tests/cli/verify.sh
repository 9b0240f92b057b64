# What stands beside the rows of a record and proves it: the database itself, the file .jig/chain, the folders of runs, the schema.
. "$TESTS/lib.sh"
needs python3
top=$PWD

# SQL: run in the record by another program.
sql() {
	python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.executescript(sys.argv[2])
db.close()' .jig/jig.db "$1"
}

# COLUMN: what it is of each trigger.
triggers() {
	python3 -c '
import sqlite3, sys
for (text,) in sqlite3.connect(sys.argv[1]).execute(f"SELECT {sys.argv[2]} FROM sqlite_schema WHERE type = ?", ("trigger",)): print(text + ";")' .jig/jig.db "$1"
}

# PROJECT: a fresh copy of the project, in which the test goes on.
copy() {
	cd "$top"
	rm -rf "./$1"
	cp -a one "$1"
	cd "$1"
}

# TEXT: no command that reads or writes the record goes on, and all that there is stays.
refused() {
	before=$(find .jig | sort)
	for command in ls "show 1" run plan "resume 1" "gc --now" verify fsck "rm 1 --yes" "tag 1 a=b"; do
		expect 3 jig $command
		has "$err" "$1"
	done
	expect 3 jig --script "$top/keys"
	has "$err" "$1"
	same "$(find .jig | sort)" "$before"
}
echo q >keys

# ---- a fresh project; a record that is not there yet, or not any more

mkdir one
cd one
cat >jig.yaml <<'E'
steps: {first: {run: "echo out >out.txt", outputs: [out.txt]}}
E
expect 0 jig ls
has "$out" "no run yet"
expect 2 jig gc --now
expect 2 jig verify
mkdir -p .jig/runs
: >.jig/jig.db
expect 0 jig ls
has "$out" "no run yet"
for i in 1 2 3; do
	expect 0 jig run --fresh
done
finish

copy missing
cp .jig/jig.db ../kept.db
rm .jig/jig.db
refused "jig.db is missing, but $PWD/.jig/chain tells of runs"
rm .jig/chain
refused "jig.db is missing, but $PWD/.jig/runs/"
: >.jig/jig.db
refused "jig.db is empty, but $PWD/.jig/runs/"
# The backup that is put back has all it needs.
cp ../kept.db .jig/jig.db
cp ../one/.jig/chain .jig/chain
finish
expect 0 jig gc --now
expect 0 jig get 1 out.txt -o got
rm .jig/jig.db
mv .jig old
expect 0 jig run
has "$(jig ls)" success

copy place
mv .jig elsewhere
: >.jig
expect 3 jig ls
has "$err" ".jig is no folder"
expect 3 jig run
rm .jig
ln -s nowhere .jig
expect 3 jig ls
has "$err" ".jig is a link to something that is not there"
expect 3 jig run
expect 3 env JIG_DIR="$PWD/jig.yaml" jig ls
has "$err" "jig.yaml is no folder"
expect 0 env JIG_DIR="$PWD/elsewhere" jig verify

# ---- folders of runs that the record does not know

copy ahead
mkdir -p ".jig/runs/7/first@1" .jig/runs/8
: >.jig/runs/8/lease
expect 1 jig verify
has "$err" "run 7: the record has no such run"
expect 1 jig gc --now
has "$err" "runs/7 is of a run that it does not know"
[ -d ".jig/runs/7/first@1" ] || fail "gc removed the folder of a run that was lost"
mv .jig/runs/7 seven
expect 0 jig gc --now
[ ! -e .jig/runs/8 ] || fail "what never was a run stays"
mv seven .jig/runs/7
expect 0 jig run --fresh
has "$out" "run 8"
expect 1 jig verify
has "$err" "run 7: the record has no such run"
rm -r .jig/runs/7
finish

# ---- the end of the chain cut off: the next run says so, and hides nothing

copy cut
made=$(triggers sql)
sql "$(triggers "'DROP TRIGGER ' || name")"
sql "
	DELETE FROM event WHERE id >= (SELECT min(id) FROM event WHERE run = 3);
	DELETE FROM attempt WHERE run = 3; DELETE FROM step WHERE run = 3; DELETE FROM artifact WHERE run = 3; DELETE FROM seal WHERE run = 3;
	DELETE FROM sample WHERE attempt NOT IN (SELECT id FROM attempt);
	DELETE FROM trace WHERE trace_set NOT IN (SELECT trace FROM attempt WHERE trace IS NOT NULL);
	DELETE FROM trace_set WHERE id NOT IN (SELECT trace FROM attempt WHERE trace IS NOT NULL);
	DELETE FROM run WHERE number = 3; UPDATE tally SET n = 2; UPDATE sqlite_sequence SET seq = 2 WHERE name = 'run'"
sql "$made"
rm -rf .jig/runs/3
expect 1 jig verify
has "$err" "the end of the chain was cut off"
chain=$(cat .jig/chain)
for i in 1 2; do
	expect 0 jig run --fresh
	has "$out" "the record does not fit the file $PWD/.jig/chain: \`jig verify\` tells more"
	expect 1 jig verify
	has "$err" "the chain is not the one of the file .jig/chain"
	same "$(cat .jig/chain)" "$chain"
done

# What is taken for the record on purpose.
has "$err" "jig verify --anchor >$PWD/.jig/chain"
jig verify --anchor >.jig/chain || :
expect 0 jig verify
expect 0 jig run --fresh
hasnt "$out" "does not fit"
expect 0 jig verify

# The same with another file, or none.
for chain in "" nonsense missing; do
	copy file
	if [ "$chain" = missing ]; then rm .jig/chain; else printf %s "$chain" >.jig/chain; fi
	expect 1 jig verify
	has "$err" "the file $PWD/.jig/chain is"
	expect 0 jig run --fresh
	has "$out" "\`jig verify\` tells more"
	expect 1 jig verify
	has "$err" "the file $PWD/.jig/chain is"
	same "$(cat .jig/chain 2>/dev/null || echo missing)" "$chain"
	jig verify --anchor >.jig/chain || :
	expect 0 jig verify
done

# What is said to be typed holds in any folder.
copy "my project"
: >.jig/chain
expect 1 jig verify
command=${err#*put back on purpose: \`}
sh -c "${command%%\`*}" || :
expect 0 jig verify
[ ! -e ../my ] || fail "the command wrote elsewhere"

# An older jig.db.
copy older
cp .jig/jig.db ../older.db
for i in 4 5; do
	expect 0 jig run --fresh
done
cp ../older.db .jig/jig.db
rm -f .jig/jig.db-*
for i in 6 7 8; do
	expect 1 jig verify
	has "$err" ".jig/chain"
	expect 0 jig run --fresh
	has "$out" "run $i"
	has "$out" "does not fit"
done
expect 1 jig verify
jig verify --anchor >.jig/chain || :
expect 1 jig verify
has "$err" "run 4: the record has no such run"
rm -r .jig/runs/4 .jig/runs/5
finish

# ---- an anchor without a value is no question for the present one

cd ../one
expect 2 jig verify --anchor=
has "$err" "--anchor= has no value"
expect 0 jig verify --anchor
expect 0 jig verify "--anchor=$out"

# ---- the schema

copy schema
sql "CREATE TABLE mine (x); CREATE INDEX mine_x ON mine (x); CREATE VIEW mine_too AS SELECT * FROM mine"
expect 0 jig verify
hasnt "$out" note
sql "DROP TRIGGER run_move; DROP TRIGGER step_move; DROP TRIGGER event_update; DROP VIEW metric_real"
expect 0 jig verify
has "$out" "note: 3 triggers that guard the record are missing: event_update, run_move, step_move"
has "$out" "note: 1 view of the record is missing: metric_real"
sql "CREATE VIEW metric_real AS SELECT * FROM run_metric"
expect 1 jig verify
has "$err" "view metric_real was changed"
sql "DROP VIEW metric_real; CREATE TRIGGER run_move BEFORE UPDATE OF state ON run BEGIN SELECT 1; END"
expect 1 jig verify
has "$err" "trigger run_move was changed"
sql "DROP TRIGGER run_move; CREATE TRIGGER run_by_state AFTER INSERT ON run BEGIN SELECT 1; END"
expect 1 jig verify
has "$err" "trigger run_by_state is none of jig's"
sql "DROP TRIGGER run_by_state; CREATE TRIGGER evil2 AFTER INSERT ON mine BEGIN DELETE FROM mine; END"
expect 1 jig verify
has "$err" "trigger evil2 is none of jig's"
# Rows come first.
sql "$(triggers "'DROP TRIGGER ' || name")"
expect 0 jig verify
has "$out" "and "
sql "UPDATE run SET host = 'x' WHERE number = 1; CREATE TRIGGER evil2 AFTER INSERT ON mine BEGIN DELETE FROM mine; END"
expect 1 jig verify
has "$err" "run 1: table run: the row of the run itself was changed"

# ---- a chain file that may not be read is no tampering

copy barred
chmod 0 .jig/chain
if ! cat .jig/chain >/dev/null 2>&1; then
	expect 3 jig verify
	has "$err" "chain: Permission denied"
	expect 0 jig run --fresh
	has "$out" "Permission denied"
	chmod 600 .jig/chain
	expect 0 jig verify
fi
