"""JIG LIBRARY WORK: what is done when jig is killed, or when a call of it fails, at the n-th point, for n = 1, 2, … of six commands (tests/lib/faults.c).
Each time the record holds, the next command leaves nothing of a dead run alive, and going on comes to what an undisturbed run gives.
FAULTS_ALL=1: every n, else one of each kind of point. FAULTS="run:kill resume:EIO": only these. FAULTS_JOBS: so many at once."""
import collections, concurrent.futures, json, os, re, shutil, signal, sqlite3, struct, subprocess, sys, time, zlib

jig, library, work = (os.path.abspath(a) for a in sys.argv[1:4])
everything = bool(os.environ.get("FAULTS_ALL"))
lib = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
upgrader = os.path.join(os.path.dirname(jig), "tests/lib/upgrade_record")

# What steps tell: a place that is theirs in a sandbox, too. A lock is held as long as any process of the step lives.
BEGIN = r"""
tell=$HOME/.cache/tell
exec 8>"$tell/live.$me"
flock -n 8 || echo "$me" >>"$tell/overlaps"
echo "$me" >>"$tell/began"
"""
TRAIN = r"""
me=train; . ./begin.sh
last=$(ls "$JIG_CHECKPOINTS" | grep '^epoch-.$' | tail -n 1)
epoch=${last#epoch-}
epoch=${epoch:-0}
if [ "$epoch" -gt 0 ]; then model=$(cat "$JIG_CHECKPOINTS/$last"); else model=$(cat clean.txt); fi
while [ "$epoch" -lt 3 ]; do
	epoch=$((epoch + 1))
	model="$model $epoch"
	[ ! -e "$tell/fail.$epoch" ] || exit 1
	echo "$model" >"$JIG_CHECKPOINTS/epoch-$epoch"
	echo "loss=$epoch step=$epoch" >>"$JIG_METRICS"
done
echo "$model" >model.txt
"""
PIPELINE = """
steps:
  clean: {run: "me=clean; . ./begin.sh; sort raw.txt >clean.txt", inputs: [raw.txt], outputs: [clean.txt]}
  train: {run: sh train.sh, inputs: [clean.txt], outputs: [model.txt]}
  plot: {run: "me=plot; . ./begin.sh; mkdir plots; cp clean.txt plots/a; cp model.txt plots/b", inputs: [clean.txt, model.txt], outputs: [plots/]}
"""
ENV_PIPELINE = 'steps: {look: {run: "me=look; . ./begin.sh; python3 -c \'import a; print(a.value)\' >out.txt", outputs: [out.txt]}}\n'
CAUSES = ("Input/output error", "No space left", "Too many open files", "disk is full")


class Wrong(Exception):
    pass


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


class Place:
    """A project with a home of its own, where one case after the other is tried."""

    def __init__(self, name):
        self.top = os.path.join(work, name)
        shutil.rmtree(self.top, ignore_errors=True)
        self.home, self.project, self.saved = (os.path.join(self.top, n) for n in ("home", "project", "saved"))
        self.tell = os.path.join(self.home, ".cache/tell")
        os.makedirs(self.tell)
        os.makedirs(self.project)
        self.killed = False
        self.state = os.path.join(self.top, "state")
        self.env = {k: os.environ[k] for k in ("PATH", "LANG", "LC_ALL", "TZ") if k in os.environ}
        self.env.update(HOME=self.home, TMPDIR=self.top, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:malloc_context_size=2:quarantine_size_mb=8", FAKE_UV_LOG=os.path.join(self.top, "uv.log"))
        self.env["PATH"] = os.path.join(work, "bin") + ":" + self.env["PATH"]

    def do(self, *argv, env=None, want=None):
        p = subprocess.Popen(argv, cwd=self.project, env=env or self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
        try:
            out = p.communicate(timeout=120)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            stuck = self.alive()
            os.killpg(p.pid, signal.SIGKILL)
            for pid, _ in stuck:
                kill(pid)
            raise Wrong(f"{' '.join(argv[1:])}: hangs: {stuck}")
        if want is not None and p.returncode not in want:
            raise Wrong(f"{' '.join(os.path.basename(a) for a in argv)}: exit status {p.returncode}, not {want}:\n{out}")
        return p.returncode, out

    def jig(self, *args, want=(0,)):
        return self.do(jig, *args, want=want)[1]

    def at_fault(self, fault, argv, log=None):
        """The command with a fault. (exit status, what it said, what happened to it or None)."""
        with open(self.state, "wb") as f:
            f.write(bytes(256))
        env = dict(self.env, LD_PRELOAD=library, JIG_FAULT_STATE=self.state, JIG_FAULT_UNDER=f"{self.project}:{self.home}:{self.top}/tmp", **fault)
        if log:
            env["JIG_FAULT_CALLS"] = log
        status, out = self.do(*argv, env=env)
        with open(self.state, "rb") as f:
            _, fired, what = struct.unpack("II248s", f.read(256))
        return status, out, what.split(b"\0")[0].decode(errors="replace") if fired else None

    def save(self):
        subprocess.run(["rm", "-rf", self.top + ".saved"], check=True)
        subprocess.run(["cp", "-a", self.top, self.top + ".saved"], check=True)

    def back(self):
        for n in ("home", "project"):
            d = os.path.join(self.top, n)
            subprocess.run(["chmod", "-R", "u+w", d], check=False)
            # What a killed program leaves may still be closing its files.
            while os.path.exists(d):
                shutil.rmtree(d, ignore_errors=True)
            subprocess.run(["cp", "-a", os.path.join(self.top + ".saved", n), d], check=True)

    def alive(self):
        """Processes whose HOME is ours, but for this one's."""
        found, mark = [], b"\0HOME=" + self.home.encode() + b"\0"
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    text = b"\0" + f.read()
                with open(f"/proc/{pid}/stat") as f:
                    s = f.read()
                if mark in text and s[s.rindex(")") + 2] != "Z":
                    found.append((int(pid), s[:s.rindex(")") + 3]))
            except OSError:
                pass
        return found

    def lines(self, name):
        try:
            with open(os.path.join(self.tell, name)) as f:
                return f.read().split()
        except OSError:
            return []

    def show(self, run="last"):
        status, out = self.do(jig, "show", "--json", run)
        if status == 2:
            return None
        if status:
            raise Wrong(f"show {run}: exit status {status}: {out}")
        return json.loads(out)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def outputs(run):
    return [(s["step"], o["path"], o["digest"]) for s in run["steps"] for o in s["outputs"]]


SAID = {"✓": "success", "+": "success", "✗": "failed", "x": "failed", "⟲": "reused", "=": "reused", "■": "stopped", "#": "stopped"}


def only_recorded(p, out, first):
    """What was said to have ended is so in the record. first: the run that was there before."""
    said = [(SAID[g], step) for g, step in re.findall(r"^  (\S) (clean|train|plot|look)\b", out, re.M) if g in SAID]
    if not said:
        return
    run = p.show() if os.path.exists(os.path.join(p.project, ".jig/jig.db")) else None
    have = {s["step"]: s["state"] for s in run["steps"]} if run and run["run"] != first else {}
    wrong = [(step, state, have.get(step)) for state, step in said if have.get(step) != state]
    if wrong:
        raise Wrong(f"said, and in the record: {wrong}")


def sound(p, before=None):
    """What holds after every fault and one command: nothing lives, the record is whole. before: False and True where it is asked before and after going on;
    one of the two is enough for a sample."""
    for _ in range(40):
        left = p.alive()
        if not left:
            break
        time.sleep(0.05)
    else:
        for pid, _ in left:
            kill(pid)
        raise Wrong(f"still alive: {left}")
    for command in ("fsck", "verify"):
        if everything or before is None or before == p.killed:
            p.jig(command)
    if p.lines("overlaps"):
        raise Wrong(f"two at once: {p.lines('overlaps')}")


class Run:
    argv = (jig, "run", "--isolation", "folder")
    pipeline = PIPELINE

    def prepare(self, p):
        for name, text in (("begin.sh", BEGIN), ("train.sh", TRAIN), ("jig.yaml", self.pipeline), ("raw.txt", "b\na\n")):
            write(os.path.join(p.project, name), text)

    def undisturbed(self, p):
        return outputs(p.show())

    def again(self, p, whole):
        sound_record = os.path.exists(os.path.join(p.project, ".jig/jig.db"))
        before = p.show() if sound_record else None
        whole_already = before is not None and before["run"] != self.first and before["state"] == "success"
        if before and not whole_already:
            sound(p, before=True)
        done = [s["step"] for s in before["steps"] if s["state"] in ("success", "reused")] if before else []
        began = len(p.lines("began"))
        if before is None or (self.first and before["run"] == self.first):
            p.do(*self.argv, want=(0,))
        elif not whole_already:
            p.jig("resume", str(before["run"]))
        twice = [s for s in p.lines("began")[began:] if s in done]
        if twice:
            raise Wrong(f"finished, and ran once more: {twice}")
        have = outputs(before if whole_already else p.show())
        if have != whole:
            raise Wrong(f"other outputs: {have}, not {whole}")
        sound(p, before=None if before is None or whole_already else False)
        strays = set(os.listdir(p.project)) - set(os.listdir(p.project.replace(p.top, p.top + ".saved"))) - {".jig"}
        if strays:
            raise Wrong(f"left in the project: {strays}")

    first = None


class Resume(Run):
    argv = (jig, "resume", "1")
    first = 1

    def prepare(self, p):
        super().prepare(p)
        write(os.path.join(p.tell, "fail.2"), "")
        p.jig("run", "--isolation", "folder", want=(1,))
        os.unlink(os.path.join(p.tell, "fail.2"))
        write(os.path.join(p.project, "train.sh"), TRAIN + "# edited\n")


class Sandbox(Run):
    argv = (jig, "run", "--isolation", "sandbox")


class Env(Run):
    pipeline = ENV_PIPELINE

    def prepare(self, p):
        super().prepare(p)
        digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        write(os.path.join(p.project, "requirements.lock"), f"a==1.0 --hash=sha256:{digest}\n")

    def again(self, p, whole):
        super().again(p, whole)
        p.jig("env", "verify")


def objects(p):
    top = os.path.join(p.project, ".jig")
    return sorted(os.path.relpath(os.path.join(d, f), top) for sub in ("objects", "code.git/objects", "runs") for d, _, fs in os.walk(os.path.join(top, sub)) for f in fs
                  if not d.endswith("/tmp"))


class Gc:
    argv = (jig, "gc", "--now")

    def prepare(self, p):
        Run().prepare(p)
        for n in range(4):
            write(os.path.join(p.project, "raw.txt"), f"{n}\n")
            p.jig("run", "--isolation", "folder")
        p.jig("rm", "1", "2", "--yes")

    def undisturbed(self, p):
        return objects(p), outputs(p.show("3")), outputs(p.show("4"))

    def again(self, p, whole):
        p.jig("ls")
        sound(p, before=True)
        p.do(*self.argv, want=(0,))
        if self.undisturbed(p) != whole:
            raise Wrong(f"something else is left: {self.undisturbed(p)}, not {whole}")
        sound(p, before=False)


class Rm(Gc):
    argv = (jig, "rm", "2", "--yes")

    def prepare(self, p):
        Run().prepare(p)
        for n in range(3):
            write(os.path.join(p.project, "raw.txt"), f"{n}\n")
            p.jig("run", "--isolation", "folder")

    def undisturbed(self, p):
        return [r["run"] for r in json.loads(p.jig("ls", "--json"))], outputs(p.show("3"))

    def again(self, p, whole):
        listed = self.undisturbed(p)[0]
        sound(p, before=True)
        p.do(*self.argv, want=(0,) if 2 in listed else (0, 2))
        if self.undisturbed(p) != whole:
            raise Wrong(f"other runs: {self.undisturbed(p)}, not {whole}")
        sound(p, before=False)


def rows(path):
    """Every row of a record, and its version."""
    with sqlite3.connect(path) as db:
        db.text_factory = bytes
        if db.execute("PRAGMA integrity_check").fetchall() != [(b"ok",)]:
            raise Wrong(f"{path} is damaged")
        names = [n.decode() for (n,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'later' ORDER BY name")]
        return db.execute("PRAGMA user_version").fetchone()[0], {n: db.execute(f'SELECT * FROM "{n}"').fetchall() for n in names}


class Upgrade(Rm):
    argv = (upgrader, ".jig")

    def undisturbed(self, p):
        return rows(os.path.join(p.project, ".jig/jig.db"))

    def again(self, p, whole):
        path = os.path.join(p.project, ".jig/jig.db")
        # The jig of now reads it, or says that it is too new.
        p.jig("ls", want=(0,) if rows(path)[0] == 1 else (2,))
        p.do(*self.argv, want=(0,))
        if rows(path) != whole:
            raise Wrong("other rows")
        if rows(path + ".v1.bak") != (1, whole[1]):
            raise Wrong("the copy has other rows")
        left = [n for n in os.listdir(os.path.dirname(path)) if n.startswith("jig.db.") and n != "jig.db.v1.bak"]
        if left:
            raise Wrong(f"left: {left}")


SCENARIOS = {"run": Run, "resume": Resume, "gc": Gc, "rm": Rm, "env": Env, "upgrade": Upgrade, "sandbox": Sandbox}
# Most points of these are those of a run.
LIKE_RUN = ("resume", "env")
KINDS = ("kill", "EIO", "ENOSPC", "EMFILE", "SHORT", "ENOSPC+")


def fault(kind, n):
    if kind == "kill":
        return {"JIG_FAULT": f"#{n}"}
    return {"JIG_FAULT_IO": f"{kind.rstrip('+')}:{n}{'+' if kind.endswith('+') else ''}"}


SAME_CALLS = (
    ("open", "open64 openat openat64 fopen fopen64 opendir mkostemp mkostemp64"), ("mkdir", "mkdirat mkdtemp"), ("read", "pread pread64"), ("write", "pwrite pwrite64"),
    ("fsync", "fdatasync syncfs sync_file_range"), ("unlink", "unlinkat rmdir"), ("rename", "renameat link"), ("symlink", "symlinkat"),
    ("truncate", "ftruncate ftruncate64"), ("readdir", "readdir64"), ("chmod", "fchmod fchmodat fchown utime utimensat"), ("mmap", "mmap64"),
    ("stat", "stat64 lstat lstat64 fstat fstat64 fstatat fstatat64 statfs64 statvfs64 access readlink readlinkat"),
    ("wait", "wait4 waitpid waitid"), ("send", "sendmsg"), ("fork", "posix_spawn"),
)
CALLS = {alias: call for call, aliases in SAME_CALLS for alias in aliases.split()}


def coarse(line, p):
    """The kind of a point: what is called, on which sort of file."""
    _, call, when, place = re.match(r"(\d+) (fcntl \w+|ioctl \w+|\S+) (\S*) (.*)$", line).groups()
    call = CALLS.get(call, call)
    if not place:
        return call
    for top, sort in ((p.project + "/.jig", ".jig"), (p.project, "project"), (p.home, "home")):
        if place.startswith(top):
            rest = place[len(top):].removesuffix(" (deleted)").split("/")
            break
    else:
        return f"{call} elsewhere"
    if sort == "home":
        return f"{call} home{' envs' if 'envs' in rest else ''}"
    if sort == ".jig":
        name = re.sub(r"code\.new\..*", "code.git", "".join(rest[1:2]))
        name = re.sub(r"^\.tmp-.*", ".tmp", re.sub(r"\d+", "N", name))
        return f"{call} .jig/{name}{' within' if name == 'runs' and len(rest) > 3 else ''}"
    return f"{call} project"


def chosen(lines, p, few, known):
    """Numbers of points: one of each kind, of those that are known elsewhere only a few."""
    kinds = collections.defaultdict(list)
    for line in lines:
        kinds[coarse(line, p)].append(int(line.split(" ", 1)[0]))
    # Not always the first, and always the same.
    def evenly(these, most):
        numbers = sorted({kinds[kind][zlib.crc32(kind.encode()) % len(kinds[kind])] for kind in these})
        return [numbers[i * len(numbers) // most] for i in range(most)] if len(numbers) > most else numbers

    return sorted(evenly(kinds.keys() - known, few or len(kinds)) + evenly(kinds.keys() & known, 16 if p.killed else 6))


def survey(p, s, kind):
    """The points that an undisturbed command comes to."""
    log = os.path.join(p.top, "log")
    status, out, _ = p.at_fault(fault(kind, 0), s.argv, log)
    if status:
        raise RuntimeError(f"{' '.join(s.argv)}: exit status {status}: {out}")
    if not os.path.exists(log):
        return []
    with open(log) as f:
        return sorted(f, key=lambda line: int(line.split(" ", 1)[0]))


def one(task):
    """A share of the points of one scenario and one kind. [(n, what, trouble or None)]"""
    scenario, kind, share, shares, few = task
    p = Place(f"{scenario}-{kind}-{share}")
    p.killed = kind == "kill"
    s = SCENARIOS[scenario]()
    s.prepare(p)
    p.save()
    lines = survey(p, s, kind)
    total = max((int(line.split(" ", 1)[0]) for line in lines), default=0)
    whole = s.undisturbed(p)
    told = []

    def tell(n, what, trouble, status, out):
        told.append((n, what, trouble))
        if trouble:
            print(f"{scenario} {kind} {n} ({what}), status {status}: {trouble}\n    it said: {out.strip()[-600:]}", flush=True)
        elif os.environ.get("FAULTS_TELL"):
            print(f"{scenario} {kind} {n} ({what}): {status} {out.strip().splitlines()[-1:]}", flush=True)

    known = set()
    if not everything and scenario in LIKE_RUN:
        like = Place(f"{scenario}-{kind}-{share}-run")
        Run().prepare(like)
        known = {coarse(line, like) for line in survey(like, Run(), kind)}
    numbers = range(1, total + 1) if everything else chosen(lines, p, few, known)
    last = total
    at = share
    while at < len(numbers) or (everything and at < 4 * total):
        n = numbers[at] if at < len(numbers) else at + 1
        at += shares
        p.back()
        what = status = None
        out = ""
        try:
            status, out, what = p.at_fault(fault(kind, n), s.argv)
            if what is None and n > last:
                break
            if status not in ((0, 1, 2, 3, -9) if kind == "kill" else (0, 1, 3)):
                raise Wrong(f"exit status {status}: {out}")
            if kind != "kill" and status == 3 and not any(c in out for c in CAUSES):
                raise Wrong(f"no cause is said: {out}")
            if kind != "kill" and status and "jig: " not in out and "failed" not in out:
                raise Wrong(f"nothing is said: {out}")
            if isinstance(s, Run):
                only_recorded(p, out, s.first)
            s.again(p, whole)
            tell(n, what, None, status, out)
        except Wrong as e:
            tell(n, what, str(e), status, out)
            keep = f"{p.top}.wrong.{n}"
            shutil.rmtree(keep, ignore_errors=True)
            subprocess.run(["cp", "-a", p.top, keep], check=False)
        for pid, _ in p.alive():
            kill(pid)
    return scenario, kind, told


def has_sandbox():
    folder = os.path.join(work, "trial")
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "jig.yaml"), "steps: {a: {run: ':'}}\n")
    r = subprocess.run([jig, "run", "--isolation", "sandbox"], cwd=folder, capture_output=True, text=True)
    if r.returncode:
        print(f"no sandbox here: {r.stderr.strip()}", flush=True)
    return r.returncode == 0


def main():
    os.makedirs(os.path.join(work, "bin"), exist_ok=True)
    uv = os.path.join(work, "bin/uv")
    write(uv, f'#!/bin/sh\nexec sh {lib}/fake_uv "$@"\n')
    os.chmod(uv, 0o755)
    jobs = int(os.environ.get("FAULTS_JOBS", os.cpu_count()))
    boxes = has_sandbox()
    asked = os.environ.get("FAULTS", "").split() or [f"{s}:{k}" for s in SCENARIOS for k in KINDS
                                                     if s != "sandbox" or (boxes and k == "kill")]
    shares = jobs if everything else 1
    few = {"sandbox:kill": 8}
    tasks = [(*a.split(":"), i, shares, few.get(a, 2 if a.endswith("+") else 0)) for a in asked for i in range(shares)]
    tried, wrong = collections.Counter(), collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for scenario, kind, told in pool.map(one, tasks):
            tried[scenario, kind] += sum(what is not None for _, what, _ in told)
            wrong[scenario, kind] += sum(trouble is not None for _, _, trouble in told)
    print(f"{'command':10}{'kind':10}{'points':>8}{'wrong':>8}")
    for (scenario, kind), n in tried.items():
        print(f"{scenario:10}{kind:10}{n:8}{wrong[scenario, kind]:8}")
    print(f"{'all':20}{sum(tried.values()):8}{sum(wrong.values()):8}")
    return 1 if sum(wrong.values()) else 0


sys.exit(main())
