"""Many at once in one project: RUNS runs of STEPS steps, AT_ONCE of them at a time, while lists, screens, a garbage
collection and wishes go on. Nobody is told that the record is locked, and all that was said is recorded.

JIG RUNS AT_ONCE STEPS"""
import json, os, random, subprocess, sys, threading, time

jig, runs, at_once, steps = sys.argv[1], *map(int, sys.argv[2:5])
random.seed(7)
with open("jig.yaml", "w") as f:
    f.write("params: {n: 0}\nsteps:\n")
    for i in range(steps):
        needs = ", needs: [s%d]" % random.randrange(i) if i % 3 == 2 else ""
        f.write("  s%d: {run: 'echo ${params.n} %d >o%d.txt; echo \"loss=0.%d\" >>$JIG_METRICS', outputs: [o%d.txt]%s}\n" % (i, i, i, i, i, needs))
with open("keys", "w") as f:
    f.write(":wait success\nj j k\n:wait-gone nothing-like-this\nEnter\n1 2 3\nEsc\n" + "j k R\n" * 20)

faults, calls, over = [], {}, threading.Event()
lock = threading.Lock()


def call(*words, may=(0,)):
    began = time.monotonic()
    p = subprocess.run([jig, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    said = (p.stdout + p.stderr).decode(errors="replace")
    with lock:
        n, most = calls.get(words[0], (0, 0))
        calls[words[0]] = (n + 1, max(most, time.monotonic() - began))
        if p.returncode not in may or "locked" in said or "another process holds" in said or "Sanitizer" in said:
            faults.append((words, p.returncode, said[-600:]))
    return p


def carry(numbers):
    for n in numbers:
        call("run", "-p", "n=%d" % n, "-j", "2", "--isolation", "folder")


def again(*words, may=(0,)):
    while not over.wait(0.05):
        call(*words, may=may)


def wish():
    """Pauses, goes on, retries what there is: at runs that may have ended when the wish arrives, which then is said."""
    while not over.wait(0.02):
        live = [r["run"] for r in json.loads(call("ls", "--json", "-n", str(at_once)).stdout) if r["state"] == "running"]
        for run in live[:2]:
            for action in ("pause", "continue"):
                call(action, str(run), may=(0, 2))
            call("retry", str(run), "s0", may=(0, 2))


def stop_at_the_end():
    """Wishes that come when a run ends: taken up, or too late and said so; the run is what it says."""
    n = 10000
    while not over.wait(0.02):
        n += 1
        run = call("run", "-d", "-p", "n=%d" % n, "s0").stdout.decode().split()[1]
        time.sleep(random.random() * 0.3)
        call(random.choice(["stop", "pause", "retry"]), run, "s0", may=(0, 2))
        call("stop", run, may=(0, 2))
        call("continue", run, may=(0, 2))
        while json.loads(call("show", "--json", run).stdout)["state"] in ("queued", "running"):
            time.sleep(0.05)
        call("rm", run, "--yes")


call("run", "-p", "n=-1")
others = [threading.Thread(target=again, args=a) for a in (("ls",), ("show", "last"), ("gc", "--dry-run"), ("gc",), ("ls", "--filter", "state = success"))]
others += [threading.Thread(target=again, args=("--script", "keys", "--size", "100x30")), threading.Thread(target=wish), threading.Thread(target=stop_at_the_end)]
carriers = [threading.Thread(target=carry, args=(range(k, runs, at_once),)) for k in range(at_once)]
for t in others + carriers:
    t.start()
for t in carriers:
    t.join()
over.set()
for t in others:
    t.join()
assert not faults, "\n".join("%s: %d: %s" % f for f in faults[:5])

rows = json.loads(call("ls", "--json", "-n", "0").stdout)
assert len(rows) == runs + 1, len(rows)
assert all(r["state"] == "success" for r in rows), [(r["run"], r["state"]) for r in rows if r["state"] != "success"]
seen = set()
for r in rows:
    shown = json.loads(call("show", "--json", str(r["run"])).stdout)
    seen.add(shown["params"]["n"])
    assert len(shown["steps"]) == steps and all(s["state"] == "success" for s in shown["steps"]), r
    assert len(shown["metrics"]) == steps, (r, len(shown["metrics"]))
assert seen == set(range(-1, runs)), seen
print("%d runs of %d steps, %d at once; beside them %s" % (
    runs, steps, at_once, ", ".join("%d %s (longest %.1f s)" % (n, w, most) for w, (n, most) in sorted(calls.items()))))
