# examples/digits, killed in epoch 30 of 50, goes on from its checkpoint with edited code. Its packages come from the package index; without it nothing is tried.
. "$TESTS/../lib/runs.sh"
needs git
needs_linux inotify # without which no checkpoint is proven while its step runs

cp -R "$TESTS/../../examples/digits/." .
git init -q .
git config user.name t
git config user.email t@example.org
good=$(cat train.py)
python3 - <<'P'
text = open("train.py").read()
mark = "    train_epoch(model, X, y, epoch, args.seed)\n"
assert text.count(mark) == 1
wait = """    if epoch == 30:
        import time
        with open(os.environ["HOME"] + "/pid.new", "w") as f:
            f.write(str(os.getpid()))
        os.rename(os.environ["HOME"] + "/pid.new", os.environ["HOME"] + "/pid")
        time.sleep(600)
"""
open("train.py", "w").write(text.replace(mark, mark + wait))
P
git add -A
git commit -qm "waits in epoch 30"
first=$(git rev-parse HEAD)
jig run --to data >"$HOME/data" 2>&1 || {
	tail -n 3 "$HOME/data"
	echo "the packages of examples/digits cannot be installed here"
	exit 77
}

env jig run --from train --to evaluate --isolation folder >"$HOME/live" 2>&1 &
live=$!
await test -e "$HOME/pid"
run=$(ask last 'r["run"]')
kill -9 "$(cat "$HOME/pid")"
wait $live || :

same "$(ls ".jig/runs/$run/train.ckpt" | tail -n 1)" epoch-0029.joblib

printf '%s\n' "$good" >train.py
git commit -qam "trains on"
second=$(git rev-parse HEAD)
expect 0 jig resume "$run" --to evaluate
has "$out" "code: train.py +0 −6"
resumed=$(ask last 'r["run"]')
same "$(states last)" "success data=reused train=success evaluate=success"
expect 0 jig logs last train
has "$out" "going on from checkpoints/epoch-0029.joblib"
has "$out" "epoch  30"
hasnt "$out" "epoch  29"
same "$(ask "$run" 'r["code"]["commit"]') $(ask last 'r["code"]["commit"]')" "$first $second"
same "$(ask last '[s["train"]["attempts"][0]["continued"]["checkpoint"][k] for k in ("path", "digest")]')" \
	"['epoch-0029.joblib', '$(sha256sum <".jig/runs/$run/train.ckpt/epoch-0029.joblib" | cut -d' ' -f1)']"
expect 0 jig plan --to train
has "$out" "same as train@1 of run $resumed, which continued from a checkpoint of run $run (train.py +0 −6)"

# The model is the one of a training that nobody disturbed.
model=$(ask last '[o["digest"] for o in s["train"]["outputs"]]')
expect 0 jig run --force train --to train
same "$(ask last '[o["digest"] for o in s["train"]["outputs"]]')" "$model"
finish
