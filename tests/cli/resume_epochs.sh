# A training of 50 epochs that dies in epoch 30 goes on from its checkpoint with edited code, and comes to what it would have come to; the record shows both
# commits and what differs. Killed are: the step, between two checkpoints and while it writes one, and the supervisor.
. "$TESTS/../lib/runs.sh"
needs git
needs_linux inotify # without which no checkpoint is proven while its step runs

cat >data.py <<'P'
import json, random
draw = random.Random(7)
json.dump([[x, 3 * x - 1 + draw.gauss(0, 0.1)] for x in (draw.random() for _ in range(200))], open("points.json", "w"))
P
cat >model.py <<'P'
def epoch(a, b, points, rate):
    for x, y in points:
        wrong = a * x + b - y
        a, b = a - rate * wrong * x, b - rate * wrong
    return a, b
P
cat >train.py <<'P'
import json, os, random, sys, time
from model import epoch as one
folder, home = os.environ["JIG_CHECKPOINTS"], os.environ["HOME"]
points = json.load(open("points.json"))
draw, first, a, b = random.Random(1), 0, 0.0, 0.0
found = sorted(name for name in os.listdir(folder) if name.startswith("epoch-"))
if found:
    with open(f"{folder}/{found[-1]}") as f:
        state = json.load(f)
    first, a, b = state["epoch"] + 1, state["a"], state["b"]
    draw.setstate((state["draw"][0], tuple(state["draw"][1]), state["draw"][2]))
print("begins with epoch", first)

def wait(where):
    if epoch == 30 and os.path.exists(f"{home}/wait.{where}"):
        with open(f"{home}/pid.new", "w") as f:
            print(os.getpid(), file=f)
        os.rename(f"{home}/pid.new", f"{home}/pid")
        while True:
            time.sleep(1)

for epoch in range(first, 50):
    draw.shuffle(points)
    points.sort()
    draw.shuffle(points)
    a, b = one(a, b, points, float(sys.argv[1]))
    with open(os.environ["JIG_METRICS"], "a") as f:
        print(json.dumps({"a": a, "b": b, "step": epoch}), file=f)
    wait("between")
    text = json.dumps({"epoch": epoch, "a": a, "b": b, "draw": draw.getstate()})
    with open(f"{folder}/epoch-{epoch:03}", "w") as f:
        f.write(text[:100])
        f.flush()
        wait("writing")
        f.write(text[100:])
json.dump([a, b], open("model.json", "w"))
P
cat >jig.yaml <<'Y'
params: {rate: 0.05}
steps:
  data: {run: python3 data.py, outputs: [points.json]}
  train: {run: "python3 train.py ${params.rate}", inputs: [points.json], outputs: [model.json]}
  evaluate: {run: "wc -c <model.json >size.txt", inputs: [model.json], outputs: [size.txt]}
Y
git init -q .
git config user.name t
git config user.email t@example.org
git add -A
git commit -qm first
first=$(git rev-parse HEAD)

given() {
	ask "$1" '[(o["path"], o["digest"]) for x in r["steps"] for o in x["outputs"]]'
}
expect 0 jig run
whole=$(given last)

dies() {
	git checkout -q "$first"
	rm -f "$HOME/pid" "$HOME"/wait.*
	: >"$HOME/wait.$1"
	env jig run --fresh --isolation folder >"$HOME/live" 2>&1 &
	live=$!
	await test -e "$HOME/pid"
	recorded() {
		case $(states last) in *train=running*) ;; *) return 1 ;; esac
	}
	await recorded
	run=$(ask last 'r["run"]')
	# Nothing follows the last checkpoint: it has to be seen closed while its writer lives.
	proven() {
		grep -q epoch-029 ".jig/runs/$run/train.ckpt.seen" 2>/dev/null
	}
	[ "$1" != between ] || await proven
	if [ "$2" = step ]; then
		kill -9 "$(cat "$HOME/pid")"
	else
		kill -9 $live
	fi
	wait $live || :
	await gone "$(cat "$HOME/pid")"
	rm "$HOME/wait.$1"
	git checkout -q -B mended
	sed -i "s/^    for x, y in points:/    # One step a point; killed $1, $2.\n&/" model.py
	git commit -qam "what a step is"
}

# WHERE WHO STATE EPOCH: dies there, and goes on in this epoch.
goes_on() {
	dies "$1" "$2"
	second=$(git rev-parse HEAD)
	expect 0 jig resume "$run" --dry-run
	has "$out" "code: model.py +1 −0"
	expect 0 jig resume "$run"
	has "$out" "code: model.py +1 −0"
	same "$(states "$run")" "$3"
	# The model is the undisturbed one to the byte: what follows need not run.
	same "$(states last)" "success data=reused train=success evaluate=reused"
	same "$(given last)" "$whole"
	expect 0 jig logs last train
	has "$out" "begins with epoch $4"
	# Both commits, what differs, and the checkpoint.
	same "$(ask "$run" 'r["code"]["commit"]')" "$first"
	same "$(ask last 'r["code"]["commit"], r["kind"], r["origin"]')" "('$second', 'resume', $run)"
	same "$(ask last '[s["train"]["attempts"][0]["continued"][k] for k in ("run", "step", "attempt")]')" "[$run, 'train', 1]"
	name=epoch-0$(($4 - 1))
	same "$(ask last '[s["train"]["attempts"][0]["continued"]["checkpoint"][k] for k in ("path", "digest")]')" \
		"['$name', '$(sha256sum <".jig/runs/$run/train.ckpt/$name" | cut -d' ' -f1)']"
	# The curve of what it did itself, and the reason of those who come later.
	same "$(ask last '[(m["key"], m["count"], m["last_step"]) for m in r["metrics"] if m["key"] == "a"]')" "[('a', $((50 - $4)), 49)]"
	now=$(ask last 'r["run"]')
	expect 0 jig plan
	has "$out" "same as train@1 of run $now, which continued from a checkpoint of run $run (model.py +1 −0)"
	expect 0 jig show "$now" train
	has "$out" "from a checkpoint of train@1 of run $run"
	has "$out" "$name"
}

# A file that was closed while its writer lived on is complete; one that was begun is not, and is set aside.
goes_on between step "failed data=success train=failed evaluate=upstream_failed" 30
[ ! -e ".jig/runs/$run/train.torn" ] || fail "a complete checkpoint was set aside"
goes_on writing step "failed data=success train=failed evaluate=upstream_failed" 30
same "$(ls ".jig/runs/$run/train.torn")" epoch-030
expect 0 jig logs "$run" train
has "$out" "checkpoint epoch-030 was not complete when the step died; it was set aside"

goes_on writing supervisor "lost data=success train=lost evaluate=lost" 30
same "$(ls ".jig/runs/$run/train.torn")" epoch-030
no_tmpdirs
finish
