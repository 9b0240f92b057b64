# A gc that takes long, or stands still, keeps nobody from recording; and what a run begins to use meanwhile stays. One that is killed leaves what the
# next one takes.
. "$TESTS/../lib/runs.sh"

# POINT OPTIONS…: a gc that stands still there when this returns.
gc_begin() {
	point=$1
	shift
	JIG_FAULT_STOP=$point "$JIG" gc "$@" >"$HOME/gc.out" 2>&1 &
	gc=$!
	await stopped "$gc"
}
gc_end() {
	kill -CONT "$gc"
	wait "$gc" || fail "gc: $(cat "$HOME/gc.out")"
}
# It would wait for a minute and then give up.
records() {
	expect 0 timeout 20 "$JIG" tag last "said=$1"
}

git init -q .
cat >jig.yaml <<'Y'
params: {n: 1, count: 20}
steps:
  files: {run: "mkdir d; for i in $(seq ${params.count}); do echo ${params.n} $i >d/$i; done", outputs: [d/]}
Y
expect 0 jig run
expect 0 jig run -p n=2

# ---- while it removes a folder

expect 0 jig rm -y 1
gc_begin folder-aside
[ ! -e .jig/runs/1 ] || fail "the folder is not renamed"
records one
expect 0 timeout 60 "$JIG" run -p n=2
same "$(states 3)" "success files=reused"
gc_end
has "$(cat "$HOME/gc.out")" "1 folder of a removed run"
[ -z "$(ls -A .jig/runs | grep gone)" ] || fail "a folder stays"
finish

# Killed meanwhile: the next one takes what is left, and says so as before.
expect 0 jig run --fresh -p n=2
expect 0 jig rm -y 4
gc_begin folder-aside
kill -9 "$gc"
wait "$gc" || :
[ -e .jig/runs/.gone.4.0 ] || fail "nothing is left"
expect 0 jig fsck
has "$out" "1 folder of a removed run"
expect 0 jig gc --dry-run
has "$out" "1 folder of a removed run"
# A folder of the same number does not meet the other one.
mkdir .jig/runs/4
echo more >.jig/runs/4/file
expect 0 jig gc
has "$out" "2 folders of removed runs"
[ -z "$(ls -A .jig/runs | grep -e gone -e 4)" ] || fail "a folder stays"
finish

# ---- between two batches of objects

expect 0 jig run -p n=3 -p count=2100
expect 0 jig rm -y 5
gc_begin gc-batch:2 --now
records two
expect 0 timeout 60 "$JIG" run -p n=3 -p count=2100
same "$(states 6)" "success files=success"
gc_end
expect 0 jig get last d -o got
same "$(cat got/d/* | wc -l)" 2100
finish

# ---- while code is freed

echo 1 >code.txt
expect 0 jig run -p n=3
expect 0 jig rm -y last
echo 2 >code.txt
expect 0 jig run -p n=3
gc_begin code-marked --now
records three
gc_end
has "$(cat "$HOME/gc.out")" "of code"

# Who has to wait for it says so.
gc_begin code-marked --now
for command in run "gc --now"; do
	# shellcheck disable=SC2086
	"$JIG" $command >"$HOME/wait.out" 2>&1 &
	waits=$!
	await grep -q "waiting for $PWD/.jig/code.git.lock" "$HOME/wait.out"
	kill "$waits"
	wait "$waits" || :
done
# So does a run that goes on without the terminal; when the person has given up it never begins.
last=$(jig ls --columns number -n 1 | tail -1)
"$JIG" run -d >"$HOME/wait.out" 2>&1 &
waits=$!
await grep -q "waiting for $PWD/.jig/code.git.lock" "$HOME/wait.out"
child=$(ps -o pid= --ppid "$waits" | tr -d ' ')
kill "$waits"
wait "$waits" || :
await gone "$child"
# Nor does one that waits for the second time, with its plan made.
gc_end
JIG_FAULT_STOP=plan-made "$JIG" run >"$HOME/wait.out" 2>&1 &
waits=$!
await stopped "$waits"
gc_begin code-marked --now
kill -CONT "$waits"
await grep -q "waiting for $PWD/.jig/code.git.lock" "$HOME/wait.out"
kill "$waits"
wait "$waits" || :
gc_end
same "$(jig ls --columns number -n 1 | tail -1)" "$last"

# A run that is about to begin waits, for its code may be on the list: either all of it stays, or the run is told.
echo 3 >code.txt
JIG_FAULT_STOP=plan-made "$JIG" run -p n=3 >"$HOME/run.out" 2>&1 &
run=$!
await stopped "$run"
echo 4 >code.txt
expect 0 jig run -p n=3
number=$(ask last 'r["run"]')
gc_begin code-marked --now
kill -CONT "$run"
sleep 0.2
gc_end
status=0
wait "$run" || status=$?
same "$status" 2
has "$(cat "$HOME/run.out")" "run again"
same "$(ask last 'r["run"]')" "$number"
finish
