# `gc --now` beside a run that is being prepared: what it has stored already stays, and so does what it is to go on from.
. "$TESTS/../lib/runs.sh"
needs python3
needs openssl
export FAKE_UV_LOG="$HOME/uv.log" FAKE_UV_GO="$HOME/go"
unset VIRTUAL_ENV CONDA_PREFIX XDG_CACHE_HOME
mkdir "$HOME/bin"
printf '#!/bin/sh\nexec sh %s "$@"\n' "$TESTS/../lib/fake_uv" >"$HOME/bin/uv"
chmod +x "$HOME/bin/uv"
export PATH="$HOME/bin:$PATH"

echo right >in.txt
cat >jig.yaml <<'Y'
steps:
  old: {run: "echo old >old.txt", outputs: [old.txt]}
  new: {run: "cat in.txt old.txt >new.txt", inputs: [in.txt, old.txt], outputs: [new.txt]}
Y
expect 0 jig run --to old
# The environment is built until $FAKE_UV_GO is there.
mkdir slow
printf 'slow==1 --hash=sha256:%s\n' "$(printf x | openssl dgst -sha256 -r | cut -d' ' -f1)" >slow/requirements.lock
sed -i "s|^  new: {|&env: slow/requirements.lock, |" jig.yaml
jig run >run.out 2>run.err &
await grep -q pip "$FAKE_UV_LOG"
expect 0 jig gc --now
has "$out" "a run is under way and may use them"
touch "$FAKE_UV_GO"
wait $! || fail "the run beside gc: $(cat run.out run.err)"
expect 0 jig get last new.txt -o got
same "$(tr '\n' ' ' <got/new.txt)" "right old "
expect 0 jig fsck

# ---- the checkpoint of a run that is removed before the resume of it begins

mkdir ../resumed
cd ../resumed
cat >jig.yaml <<'Y'
steps:
  train: {run: "sh train.sh", outputs: [m.txt], checkpoints: ck}
Y
cat >train.sh <<'E'
if [ -e ck/e9 ]; then
	echo continued
	echo m >m.txt
	exit 0
fi
mkdir -p ck
echo e >ck/e9
exit 1
E
# RUN: a resume of it that stands still before it begins.
resumes() {
	JIG_FAULT_STOP=plan-made "$JIG" resume "$1" >"$HOME/said" 2>&1 &
	resume=$!
	await stopped "$resume"
}
# RUN: the resume goes on from its checkpoint, and the folder goes once that has ended.
goes_on() {
	[ -e ".jig/runs/$1/train.ckpt" ] || fail "the checkpoint of run $1 is gone"
	kill -CONT "$resume"
	wait "$resume" || fail "the resume of run $1: $(cat "$HOME/said")"
	has "$(cat "$HOME/said")" "train goes on from its checkpoint of run $1"
	expect 0 jig logs last train
	has "$out" continued
	expect 0 jig gc --now
	[ ! -e ".jig/runs/$1" ] || fail "the folder of run $1 stays"
	expect 0 jig fsck
}
expect 1 jig run
resumes 1
expect 0 jig rm -y 1
expect 0 jig gc --dry-run --now
hasnt "$out" "1 folder of a removed run"
expect 0 jig gc --now
goes_on 1

# The same where it begins to be prepared after gc has found what there is to remove.
expect 0 jig rm -y 2
expect 1 jig run --fresh
JIG_FAULT_STOP=gc-batch "$JIG" gc --now >"$HOME/gc.out" 2>&1 &
gc=$!
await stopped "$gc"
resumes 3
expect 0 jig rm -y 3
kill -CONT "$gc"
wait "$gc" || fail "gc: $(cat "$HOME/gc.out")"
[ -e .jig/runs/2 ] || fail "the folder of run 2 is gone"
goes_on 3
[ ! -e .jig/runs/2 ] || fail "the folder of run 2 stays"
finish
