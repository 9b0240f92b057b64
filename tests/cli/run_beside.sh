# `jig rm` and `jig gc` beside a live run: what it reuses, and what it is about to reuse, stays or runs.
. "$TESTS/../lib/runs.sh"
needs_lookups

cat >jig.yaml <<'E'
steps:
  a: {run: "echo said a; echo a >a.txt", outputs: [a.txt]}
  b: {run: "sh b.sh", outputs: [b.txt]}
  c: {run: "echo said c; cat b.txt >c.txt", inputs: [b.txt], outputs: [c.txt]}
E
finishes() {
	echo 'echo same >b.txt' >b.sh
}
waits() {
	rm -f "$HOME/go" "$HOME/in"
	cat >b.sh <<-'E'
		touch "$HOME/in"
		until [ -e "$HOME/go" ]; do sleep 0.02; done
		echo same >b.txt
	E
}
# WORDS…: `jig run` with them, up to the step that waits.
begin() {
	"$JIG" run --isolation folder "$@" >"$HOME/said" 2>&1 &
	live=$!
	await test -e "$HOME/in"
}
end() {
	touch "$HOME/go"
	wait $live || fail "the run ended with $?
$(cat "$HOME/said")"
}

# The run has reused a step of run 1, and reuses another one after that was removed.
finishes
expect 0 jig run
waits
begin
expect 0 jig rm -y 1
expect 0 jig gc --keep-runs 0 --now
end
same "$(states 2)" "success a=reused b=success c=reused"
expect 0 jig logs 2 c
has "$out" "said c"
expect 0 jig get 2 c.txt
expect 0 jig show 2
finish

# It has reused nothing of run 3 when that is removed with its folder: the step runs.
finishes
expect 0 jig run --fresh
expect 0 jig rm -y 2
expect 0 jig gc --now
waits
begin --force a
expect 0 jig rm -y 3
expect 0 jig gc --now
[ ! -e .jig/runs/3 ] || fail "the folder of a removed run stays"
end
same "$(states 4)" "success a=success b=success c=success"
finish

# A resumed run whose step is to go on from a checkpoint of a run that is removed before the step begins.
cat >jig.yaml <<'E'
steps:
  b: {run: "sh b.sh", outputs: [b.txt]}
  train: {run: "sh train.sh", inputs: [b.txt], outputs: [m.txt], checkpoints: ck}
E
cat >train.sh <<'E'
if [ -e ck/e9 ]; then
	echo continued
	echo m >m.txt
	exit 0
fi
echo anew
mkdir -p ck
echo e >ck/e9
exit 1
E
resumes() {
	waits
	"$JIG" resume "$1" --isolation folder >"$HOME/said" 2>&1 &
	live=$!
	await test -e "$HOME/in"
	has "$(cat "$HOME/said")" "train goes on from its checkpoint of run $1"
}
finishes
expect 1 jig run
resumes 5
expect 0 jig gc --keep-runs 0 --now
expect 2 jig show 5
end
same "$(states 6)" "success b=success train=success"
expect 0 jig logs 6 train
has "$out" continued
expect 0 jig gc --now
[ ! -e .jig/runs/5 ] || fail "the folder of a removed run stays"
finish

# Somebody removes the checkpoint by hand: the step's log says so.
finishes
echo ": other code" >>train.sh
expect 1 jig run
resumes 7
rm -r .jig/runs/7/train.ckpt
touch "$HOME/go"
wait $live && fail "the step has succeeded"
expect 0 jig logs 8 train
has "$out" "[jig: begins anew: its checkpoint of run 7 is gone]"
finish
