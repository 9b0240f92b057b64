"""Runs the corpus of changes: reuse_corpus.py JIG FOLDER [WORD…] (only cases whose name holds a word). Each case copies a project that was run once, changes it, and then
`jig plan` has to say what `jig run` does, each step has to have the action and the reason that the case expects, and the outputs have to be those that the commands give without jig."""
import concurrent.futures
import importlib
import json
import os
import pkgutil
import re
import shutil
import sys
import traceback

import corpus
from corpus import oracle
from corpus.ops import CASES, PROJECTS, Expected
from corpus.project import Project, needs

JIG, ROOT = sys.argv[1], sys.argv[2]
for module in sorted(m.name for m in pkgutil.iter_modules(corpus.__path__)):
    importlib.import_module("corpus." + module)


class Wrong(Exception):
    """A case that did not come out as it should; stale: an output is old."""

    def __init__(self, text, stale=False):
        super().__init__(text)
        self.stale = stale


def command(p, *args, codes=(0,)):
    done = p.jig(JIG, *args)
    if done.returncode not in codes:
        raise Wrong("jig %s: exit status %d\n%s%s" % (" ".join(args), done.returncode, done.stdout, done.stderr))
    return done.stdout


def look(p):
    return json.loads(command(p, "show", "last", "--json"))


def prepare(name):
    """The template of a project: made, run once."""
    files, pipeline, git, extra, sandbox = PROJECTS[name]
    p = Project(os.path.join(ROOT, "template", name), files, pipeline, git)
    p.program = JIG
    if sandbox:
        p.isolation = "sandbox"
    if git:
        p.put(".gitignore", "ignored/\n")
    p.write_pipeline()
    if git:
        p.shell("git init -q -b main . && git add -A && git commit -qm first")
    if extra:
        extra(p)
    command(p, "run", *p.options())
    run = look(p)
    check_outputs(p, run, "first run")
    p.given = {s["step"]: [digests(s)] for s in run["steps"]}
    return p


def expected_reason(text, step):
    """A regular expression for the whole reason."""
    if text.startswith("~"):
        return text[1:]
    if not re.match(r"(run|reuse|skip|unknown): ", text):
        text = "run: " + text
    return re.escape(text)


REUSED = r"reuse: same as \S+@\d+ of run \d+"


def ran_above(steps, name, actions):
    return any(actions.get(n) != "reuse" or ran_above(steps, n, actions) for n in needs(steps, name))


def check_plan(p, plan, run):
    """The plan said what the run did."""
    said = {s["step"]: s for s in plan["steps"]}
    did = {s["step"]: s for s in run["steps"]}
    actions = {n: "reuse" if s["state"] == "reused" else "run" for n, s in did.items()}
    steps = p.steps()
    if set(said) != set(did):
        raise Wrong("plan names %s, the run %s" % (sorted(said), sorted(did)))
    for name, s in said.items():
        if s["action"] == "unknown":
            if not ran_above(steps, name, actions):
                raise Wrong("plan: %s is unknown, though nothing that it takes from runs" % name)
            continue
        if s["action"] == "skip":
            if did[name]["state"] not in ("skipped", "upstream_failed"):
                raise Wrong("plan: %s is skipped, the run: %s" % (name, did[name]["state"]))
            continue
        if did[name]["state"] in ("upstream_failed", "skipped"):
            continue
        if s["reason"] != did[name]["reason"] or s["action"] != actions[name]:
            raise Wrong("%s: plan: \"%s\" (%s), run: \"%s\" (%s)" % (name, s["reason"], s["action"], did[name]["reason"], did[name]["state"]))
        if s["from"] != did[name]["reused"]:
            raise Wrong("%s: plan: from %s, run: from %s" % (name, s["from"], did[name]["reused"]))


def check_expected(run, expected):
    names = {s["step"] for s in run["steps"]}
    if set(expected) - names:
        raise Wrong("no step %s" % ", ".join(set(expected) - names))
    wrong = []
    for s in run["steps"]:
        want = expected.get(s["step"])
        want = want if isinstance(want, Expected) else Expected(want)
        reason = s["reason"] or ""
        state = want.state or ("reused" if want.reason is None or want.reason.startswith(("reuse", "~reuse")) else "success")
        if s["state"] != state:
            wrong.append("%s: is %s (\"%s\"), expected %s%s" % (s["step"], s["state"], reason, state, " (\"%s\")" % want.reason if want.reason else ""))
        elif want.reason is None and state != "reused":
            continue
        elif not re.fullmatch(REUSED if want.reason is None else expected_reason(want.reason, s["step"]), reason):
            wrong.append("%s: \"%s\", expected \"%s\"" % (s["step"], reason, want.reason or REUSED))
    if wrong:
        raise Wrong("\n".join(wrong))


def check_outputs(p, run, what):
    """They are what the commands give from nothing."""
    scratch = p.path + ".oracle"
    got = p.path + ".got"
    truth = oracle.run(p, scratch)
    done = {s["step"]: s for s in run["steps"]}
    shutil.rmtree(got, ignore_errors=True)
    if any(s["outputs"] for s in run["steps"] if s["state"] in ("success", "reused")):
        command(p, "get", "last", "-o", got)
    have = oracle.digest_tree(got)
    for name, files in truth.items():
        if name not in done or done[name]["state"] == "skipped":
            continue
        state = done[name]["state"]
        if (files is None) != (state not in ("success", "reused")):
            raise Wrong("%s: %s is %s, from nothing it %s" % (what, name, state, "fails" if files is None else "succeeds"), stale=state == "reused")
        for path, content in (files or {}).items():
            if have.get(path) != content:
                raise Wrong("%s: %s: %s is %r, from nothing %r (step: %s, %s)" % (what, name, path, have.get(path), content, state, done[name]["reason"]), stale=True)
    shutil.rmtree(scratch)
    shutil.rmtree(got, ignore_errors=True)


def digests(step):
    return {o["path"]: o["digest"] for o in step["outputs"]}


def play(case, p):
    """The steps that ran and gave what they had given before."""
    given = {name: list(digests) for name, digests in p.given.items()}
    needless = []
    if case.sandbox:
        p.isolation = "sandbox"
    for part in case.parts:
        if not isinstance(part, dict):
            part(p)
            continue
        p.write_pipeline()
        may_fail = any(isinstance(e, Expected) and e.state in ("failed", "upstream_failed") for e in part.values())
        plan = json.loads(command(p, "plan", "--json", *p.options()))
        command(p, "run", *p.options(), codes=(1,) if may_fail else (0,))
        run = look(p)
        check_outputs(p, run, "outputs")
        check_plan(p, plan, run)
        check_expected(run, part)
        for s in run["steps"]:
            if s["state"] == "success" and digests(s) and digests(s) in given.get(s["step"], []):
                needless.append(s["step"])
            given.setdefault(s["step"], []).append(digests(s))
    return needless


def one(number):
    case = CASES[number]
    path = os.path.join(ROOT, "case%d" % number)
    try:
        p = TEMPLATES[case.base].copy_to(path)
        needless = play(case, p)
        if needless and not case.needless:
            raise Wrong("%s ran and gave the same again, and the case does not allow it" % ", ".join(needless))
        if case.needless and not needless:
            raise Wrong("nothing ran needlessly, though the case allows it")
        if number % 16 == 0:
            command(p, "verify")
            command(p, "fsck")
        shutil.rmtree(path)
        return number, None, False, bool(needless)
    except Wrong as w:
        return number, str(w), w.stale, False
    except Exception:
        return number, traceback.format_exc(), False, False


def probe(isolation):
    """How a step's lookups are witnessed; None: this isolation cannot be had."""
    p = Project(os.path.join(ROOT, "probe-" + isolation), {}, {"pipeline": "corpus", "steps": {"x": {"run": ":"}}})
    p.write_pipeline()
    p.isolation = isolation
    return look(p)["steps"][0]["witness"] if p.jig(JIG, "run", *p.options()).returncode == 0 else None


def main():
    global TEMPLATES
    words = sys.argv[3:]
    chosen = [n for n, c in enumerate(CASES) if not words or any(w in c.name or w == c.base for w in words)]
    if probe("folder") != "lookups":
        print("lookups of steps cannot be seen here")
        return 77
    if not probe("sandbox"):
        print("the sandbox cannot be had here, its cases are left out")
        chosen = [n for n in chosen if not CASES[n].sandbox and not PROJECTS[CASES[n].base][4]]
    bases = sorted({CASES[n].base for n in chosen})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        TEMPLATES = dict(zip(bases, pool.map(prepare, bases)))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        results = list(pool.map(one, chosen))
    wrong = [r for r in results if r[1]]
    for number, text, stale, _ in wrong:
        print("%s%s (%s):\n  %s" % ("STALE " if stale else "", CASES[number].name, CASES[number].base, text.replace("\n", "\n  ")))
    needless = [CASES[r[0]].name for r in results if r[3]]
    for name in needless:
        print("needless, allowed: %s (%s)" % (name, next(c.needless for c in CASES if c.name == name)))
    stale = sum(r[2] for r in wrong)
    print("%d cases, %d stale, %d errors, %d needless" % (len(results), stale, len(wrong) - stale, len(needless)))
    if not words and len(results) < 200:
        print("the corpus is too small")
    return 1 if wrong or (not words and len(results) < 200) else 0


if __name__ == "__main__":
    sys.exit(main())
