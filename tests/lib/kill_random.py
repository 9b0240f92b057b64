"""JIG WORK N SEED: until N are killed: a run of 20 steps, kill -9 at a random moment, the next command, a resume. Says what was found; exit status 1 when anything was lost."""
import json, os, random, shutil, signal, subprocess, sys, time

jig, work, times, seed = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
home, project = os.path.join(work, "home"), os.path.join(work, "project")
env = {k: os.environ[k] for k in ("PATH", "LC_ALL", "TZ", "ASAN_OPTIONS") if k in os.environ}
env.update(HOME=home, TMPDIR=work)
BEGIN = r"""
if [ -s "$HOME/live.$me" ] && kill -0 "$(cat "$HOME/live.$me")" 2>/dev/null; then
	case $(cut -d' ' -f3 "/proc/$(cat "$HOME/live.$me")/stat") in Z) ;; *) echo "$me" >>"$HOME/overlaps" ;; esac
fi
echo $$ >"$HOME/live.$me"
echo "$me" >>"$HOME/began"
"""


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def pipeline():
    """Four rows of five steps, each of the step before it and of one in the row before."""
    lines = ["steps:"]
    for row in range(4):
        for n in range(5):
            inputs = [f"o{row}_{n - 1}"] if n else ["raw.txt"]
            if row:
                inputs.append(f"o{row - 1}_{n}")
            name = f"s{row}_{n}"
            lines.append(f'  {name}: {{run: "me={name}; . ./begin.sh; cat {" ".join(inputs)} | cksum >o{row}_{n}; echo v=1 >>$JIG_METRICS", '
                         f'inputs: [{", ".join(inputs)}], outputs: [o{row}_{n}]}}')
    return "\n".join(lines) + "\n"


def fresh():
    for d in (home, project):
        shutil.rmtree(d, ignore_errors=True)
        os.makedirs(d)
    write(os.path.join(project, "jig.yaml"), pipeline())
    write(os.path.join(project, "begin.sh"), BEGIN)
    write(os.path.join(project, "raw.txt"), "raw\n")


def do(*args):
    p = subprocess.run((jig, *args), cwd=project, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def lines(name):
    try:
        with open(os.path.join(home, name)) as f:
            return f.read().split()
    except OSError:
        return []


def alive():
    mark, found = b"\0HOME=" + home.encode() + b"\0", []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                text = b"\0" + f.read()
            with open(f"/proc/{pid}/stat") as f:
                state = f.read().rsplit(")", 1)[1][1]
            if mark in text and state != "Z":
                found.append(pid)
        except OSError:
            pass
    return found


def show():
    status, out, _ = do("show", "--json", "last")
    return json.loads(out) if status == 0 else None


def outputs(run):
    return [(s["step"], o["path"], o["digest"]) for s in run["steps"] for o in s["outputs"]]


fresh()
began = time.monotonic()
status, out, err = do("run", "--isolation", "folder")
length = time.monotonic() - began
assert status == 0, out + err
whole = outputs(show())
count = dict.fromkeys(("killed", "before_a_run", "after_the_end", "lost_runs", "finished_steps", "finished_lost", "alive", "twice_at_once", "fsck", "verify", "other_outputs", "failed"), 0)
bad = ("finished_lost", "alive", "twice_at_once", "fsck", "verify", "other_outputs", "failed")
i = -1
while count["killed"] < times:
    i += 1
    fresh()
    p = subprocess.Popen((jig, "run", "--isolation", "folder"), cwd=project, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.random() * length)
    p.send_signal(signal.SIGKILL)
    killed = p.wait() == -9
    count["killed" if killed else "after_the_end"] += 1
    # The machine is not always as busy: moments behind the end are of no use.
    length *= 1.02 if killed else 0.95
    was = dict(count)
    if killed and count["killed"] % 100 == 0:
        print(count, flush=True)
    do("ls")
    left = alive()
    if left:
        # The spawner ends by itself when its supervisor has gone.
        time.sleep(0.2)
        left = alive()
    count["alive"] += len(left)
    before = show()
    done = []
    if before:
        count["lost_runs"] += before["state"] == "lost"
        done = [s["step"] for s in before["steps"] if s["state"] in ("success", "reused")]
        count["finished_steps"] += len(done)
        count["fsck"] += do("fsck")[0] != 0
        count["verify"] += do("verify")[0] != 0
    else:
        count["before_a_run"] += 1
    n = len(lines("began"))
    if not before or before["state"] != "success":
        status, out, err = do("resume", str(before["run"])) if before else do("run", "--isolation", "folder")
        if status:
            count["failed"] += 1
            print(i, status, out, err, flush=True)
    count["finished_lost"] += len([s for s in lines("began")[n:] if s in done])
    count["twice_at_once"] += len(lines("overlaps"))
    after = show()
    count["other_outputs"] += not after or outputs(after) != whole
    count["fsck"] += do("fsck")[0] != 0
    count["verify"] += do("verify")[0] != 0
    if any(count[b] != was[b] for b in bad):
        shutil.rmtree(work + f".{i}", ignore_errors=True)
        subprocess.run(["cp", "-a", work, work + f".{i}"], check=False)
        print(f"{i}: {count}; kept in {work}.{i}", flush=True)
print(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in count.items()))
sys.exit(1 if any(count[b] for b in bad) else 0)
