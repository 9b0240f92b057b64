"""JIG WORK N SEED: until N were killed: a run of 20 steps, kill -9 at a random moment, the next command, a resume. What is killed: three times of five
the supervisor, else any process of its tree (the spawner, the sandbox's init, a step's shell or what that started). One run of four is in the sandbox.
Says what was found; exit status 1 when anything was lost."""
import hashlib, json, os, random, shutil, signal, sqlite3, subprocess, sys, time

jig, work, times, seed = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
home, project = os.path.join(work, "home"), os.path.join(work, "project")
notes = os.path.join(home, ".cache")  # steps may write there, in the sandbox too
env = {k: os.environ[k] for k in ("PATH", "LC_ALL", "TZ", "ASAN_OPTIONS", "LSAN_OPTIONS") if k in os.environ}
env.update(HOME=home, TMPDIR=work)
# A lock is held by all that an attempt has started. Whoever finds it held is the second.
BEGIN = r"""
exec 9>"$HOME/.cache/live.$me"
held=0
flock -n -E 75 9 || held=$?
[ $held -ne 75 ] || echo "$me" >>"$HOME/.cache/overlaps"
echo "$me" >>"$HOME/.cache/began"
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
            lines.append(f'  {name}: {{run: "me={name}; . ./begin.sh; cat {" ".join(inputs)} >all; cksum <all >sum; mv sum o{row}_{n}; '
                         f'echo v=1 >>$JIG_METRICS", inputs: [{", ".join(inputs)}], outputs: [o{row}_{n}]}}')
    return "\n".join(lines) + "\n"


def fresh():
    for d in (home, project):
        # What was killed may still be closing its files.
        while os.path.exists(d):
            shutil.rmtree(d, ignore_errors=True)
        os.makedirs(d)
    os.mkdir(notes)
    write(os.path.join(project, "jig.yaml"), pipeline())
    write(os.path.join(project, "begin.sh"), BEGIN)
    write(os.path.join(project, "raw.txt"), "raw\n")


def do(*args):
    try:
        p = subprocess.run((jig, *args), cwd=project, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    except subprocess.TimeoutExpired:
        return 124, "", "hangs"
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def lines(name):
    try:
        with open(os.path.join(notes, name)) as f:
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
            if mark in text and state not in "ZX":
                found.append(int(pid))
        except OSError:
            pass
    return found


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        return os.path.basename(words[0].decode(errors="replace")) or "?"
    except OSError:
        return None


def show(run="last"):
    status, out, _ = do("show", "--json", run)
    return json.loads(out) if status == 0 else None


def outputs(run):
    return [(s["step"], o["path"], o["digest"]) for s in run["steps"] for o in s["outputs"]]


def holds(path, digest, size):
    try:
        with open(path, "rb") as f:
            text = f.read()
        return len(text) == size and hashlib.sha256(text).digest() == digest
    except OSError:
        return False


def missing():
    """Rows of the record whose contents are not on the disk as they say: looked up without jig."""
    path = os.path.join(project, ".jig/jig.db")
    if not os.path.exists(path):
        return 0
    db = sqlite3.connect(path)
    found = 0
    for form, name, digest, size, folder in db.execute("SELECT a.form, a.path, a.digest, a.size, coalesce(t.folder, '') FROM artifact a LEFT JOIN attempt t "
                                                       "ON t.id = a.attempt WHERE a.digest IS NOT NULL AND a.role <> 'in'"):
        h = digest.hex()
        place = {"file": f"objects/{h[:2]}/{h[2:]}", "place": os.path.join(folder, name)}[form]
        if not holds(os.path.join(project, ".jig", place), digest, size):
            print(f"{form} {place} is not what its row says", flush=True)
            found += 1
    db.close()
    return found


TIERS = ("folder", "folder", "folder", "sandbox")
whole, length = None, {}
for tier in set(TIERS):
    fresh()
    began = time.monotonic()
    status, out, err = do("run", "--isolation", tier)
    length[tier] = time.monotonic() - began
    if status and tier == "sandbox":
        print(f"no sandbox here: {err.strip()}", flush=True)
        TIERS = ("folder",)
        continue
    assert status == 0, out + err
    assert whole in (None, outputs(show())), "the sandbox gives other outputs"
    whole = outputs(show())
good = ("killed", "in_the_sandbox", "supervisors", "others", "before_a_run", "after_the_end", "lost_runs", "finished_steps")
bad = ("finished_lost", "missing_objects", "alive", "twice_at_once", "twice_in_a_run", "still_running", "fsck", "verify", "other_outputs", "failed", "hangs")
count = dict.fromkeys(good + bad, 0)
victims = {}
# Who looks for leaks at its end does so by a process of its own, and waits for ever when that is killed.
killed_env = dict(env, ASAN_OPTIONS=env.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
i = -1
while count["killed"] < times:
    i += 1
    was = dict(count)
    fresh()
    tier = chance.choice(TIERS)
    any_of_them = chance.random() < 0.4
    p = subprocess.Popen((jig, "run", "--isolation", tier), cwd=project, env=killed_env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.random() * length[tier])
    others = sorted(set(alive()) - {p.pid}) if any_of_them else []
    if others:
        victim = chance.choice(others)
        what = command_of(victim)
        try:
            os.kill(victim, signal.SIGKILL)
            killed = what is not None
        except ProcessLookupError:
            killed = False
        try:
            p.wait(60)
        except subprocess.TimeoutExpired:
            count["hangs"] += 1
            print(f"{i}: the run does not end after {what} was killed", flush=True)
            p.kill()
            p.wait()
        if killed:
            count["others"] += 1
            victims[what] = victims.get(what, 0) + 1
    else:
        p.send_signal(signal.SIGKILL)
        killed = p.wait() == -9
        count["supervisors"] += killed
    count["killed" if killed else "after_the_end"] += 1
    count["in_the_sandbox"] += killed and tier == "sandbox"
    # The machine is not always as busy: moments behind the end are of no use.
    length[tier] *= 1.02 if killed else 0.95
    if killed and count["killed"] % 100 == 0:
        print(time.strftime("%H:%M:%S"), count, victims, flush=True)
    do("ls")
    left = alive()
    for _ in range(10):
        if not left:
            break
        # The spawner ends by itself when its supervisor has gone.
        time.sleep(0.1)
        left = alive()
    if left:
        print(f"{i}: alive: {[(pid, command_of(pid)) for pid in left]}", flush=True)
    count["alive"] += len(left)
    before = show()
    done = []
    if before:
        count["lost_runs"] += before["state"] == "lost"
        count["still_running"] += before["state"] not in ("lost", "success", "failed")
        done = [s["step"] for s in before["steps"] if s["state"] in ("success", "reused")]
        count["finished_steps"] += len(done)
        count["fsck"] += do("fsck")[0] != 0
        count["verify"] += do("verify")[0] != 0
        count["missing_objects"] += missing()
    else:
        count["before_a_run"] += 1
    first = lines("began")
    if not before or before["state"] != "success":
        status, out, err = do("resume", str(before["run"])) if before else do("run", "--isolation", tier)
        if status:
            count["failed"] += 1
            print(i, status, out, err, flush=True)
    second = lines("began")[len(first):]
    count["finished_lost"] += len([s for s in second if s in done])
    count["twice_at_once"] += len(lines("overlaps"))
    count["twice_in_a_run"] += len(first) - len(set(first)) + len(second) - len(set(second))
    after = show()
    count["other_outputs"] += not after or outputs(after) != whole
    count["fsck"] += do("fsck")[0] != 0
    count["verify"] += do("verify")[0] != 0
    count["missing_objects"] += missing()
    if any(count[b] != was[b] for b in bad):
        shutil.rmtree(work + f".{i}", ignore_errors=True)
        subprocess.run(["cp", "-a", work, work + f".{i}"], check=False)
        print(f"{i}: {tier}, {'another' if others else 'supervisor'}: {count}; kept in {work}.{i}", flush=True)
print(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in count.items()) + "; " + ", ".join(f"{v} {k}" for k, v in sorted(victims.items())))
sys.exit(1 if any(count[b] for b in bad) else 0)
