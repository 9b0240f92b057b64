"""Random projects under random changes: after each, what jig plans, runs, reuses and gives has to be what a run from nothing gives.

	JIG_RANDOM_SEED=N     another seed (the default is fixed)
	JIG_RANDOM_WORLD=N    only this project of the seed: how a failure is repeated
	JIG_RANDOM_CHANGES=N  so many changes in all (500)

Run by reuse_random.sh, in an empty folder. A world is a project with its record; each goes through CHANGES changes, one run after each. Worlds do not know of one another, so that one
can be repeated alone, and two run at a time.
"""
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import time

import reuse_random_change as changes
import reuse_random_oracle as oracles
import reuse_random_world as worlds

CHANGES = 20
JIG = os.environ["JIG"]
# A step ran though an earlier attempt of the same command, params, variables, inputs, outputs and looks was there. The digest that says so covers more than a trace does, never
# less, so nothing that the contract calls certain is left to excuse such a run: none. Where what was seen is no proof jig has to run the step; here that is one operation only, `cp -r`
# of a folder with a link out of the project (paths that lead up by ".." are not certain any more), and such runs are counted apart.
MOST_NEEDLESS = 0


class Wrong(Exception):
    pass


class World:
    """A project on the disk, what is expected of it, and its past."""

    def __init__(self, seed, number):
        self.rng = random.Random("%d/%d" % (seed, number))
        self.top = os.path.join(os.getcwd(), "world%d" % number)
        shutil.rmtree(self.top, ignore_errors=True)
        self.project = os.path.join(self.top, "project")
        os.makedirs(self.project)
        os.makedirs(os.path.join(self.top, "outside"))
        self.w = worlds.World(self.rng, self.top)
        self.w.keep_times, self.w.touched = set(), set()
        self.disk, self.disk_outside = {}, {}
        self.oracle = oracles.Oracle(self.top, sys.executable, os.environ["PATH"] + ":" + os.path.dirname(JIG))
        self.attempts = {}   # (run, step): digest of what it could see
        self.kept = {}       # run: {(run, step) that it borrows}
        self.of_run = {}     # run: (what the world was, overrides)
        self.history = []    # worlds as they were
        self.branch = None
        self.failed = None   # number of the last run, if it failed
        self.said = []
        self.count = dict.fromkeys(("changes", "reused", "ran", "needless", "unproven", "failed", "skipped", "resumed"), 0)

    # ---- jig

    def jig(self, *args, want=0):
        env = dict(self.w.env, HOME=os.environ["HOME"], PATH=os.environ["PATH"], LC_ALL="C.UTF-8")
        for name in ("LSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR"):
            if name in os.environ:
                env[name] = os.environ[name]
        done = subprocess.run([JIG, *args], cwd=self.project, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        if want is not None and done.returncode != want:
            raise Wrong("jig %s: exit status %d, not %d\n%s%s" % (" ".join(args), done.returncode, want, done.stdout.decode(), done.stderr.decode()))
        return done

    # ---- the disk

    def sync(self):
        full = self.w.render(sys.executable)
        for path in sorted(self.disk, reverse=True):
            if path not in full:
                os.unlink(os.path.join(self.project, path))
                folder = os.path.dirname(path)
                # An empty folder is nothing to a snapshot: now and then one stays.
                while folder and self.rng.random() < 0.9 and not os.listdir(os.path.join(self.project, folder)):
                    os.rmdir(os.path.join(self.project, folder))
                    folder = os.path.dirname(folder)
        for path, e in full.items():
            where = os.path.join(self.project, path)
            if self.disk.get(path) == e:
                continue
            for folder in [path[:i] for i, c in enumerate(path) if c == "/"] + [path]:
                self.clear_empty(folder, folder == path)
            os.makedirs(os.path.dirname(where), exist_ok=True)
            old = os.stat(where).st_mtime_ns if path in self.w.keep_times and os.path.isfile(where) else None
            if os.path.islink(where) or (os.path.exists(where) and (e[0] == "l" or self.rng.random() < 0.3)):
                os.unlink(where)
            if e[0] == "l":
                os.symlink(e[1], where)
                continue
            if not os.path.exists(where) or self.disk[path][:2] != e[:2]:
                with open(where, "wb") as f:
                    f.write(e[1])
            os.chmod(where, 0o755 if e[2] else 0o644)
            if old is not None:
                os.utime(where, ns=(old, old))
        for path in self.w.touched:
            if path in full and full[path][0] == "f":
                os.utime(os.path.join(self.project, path))
        self.w.keep_times, self.w.touched = set(), set()
        for name in set(self.disk_outside) | set(self.w.outside):
            where = os.path.join(self.top, "outside", name)
            if name not in self.w.outside:
                os.unlink(where)
            elif self.w.outside[name] != self.disk_outside.get(name):
                with open(where, "wb") as f:
                    f.write(self.w.outside[name])
        self.disk, self.disk_outside = full, dict(self.w.outside)

    def clear_empty(self, path, last):
        """Empty folders that stayed behind are in the way of a file."""
        where = os.path.join(self.project, path)
        if last and os.path.isdir(where) and not os.path.islink(where):
            for folder, _, _ in os.walk(where, topdown=False):
                os.rmdir(folder)

    # ---- one change, one run

    def mutate(self):
        r = self.rng
        self.history.append(self.w.saved())
        if self.failed and r.random() < 0.35 and len(self.history) > 1:
            self.w.restore(self.history[-2])
            return "back to what was before"
        if self.failed and r.random() < 0.3:
            for p in [p for p in self.w.tree if p.startswith("control/")]:
                self.w.remove(p)
            return "no step is told to fail"
        choice = r.random()
        if len(self.history) > 2 and choice < 0.08:
            self.w.restore(r.choice(self.history))
            return "back to an earlier state"
        if choice < 0.13:
            now = self.w.saved()
            if self.branch:
                self.w.restore(self.branch)
            self.branch = now
            return "another branch"
        return "; ".join(changes.change(self.w) for _ in range(r.choices([1, 2, 3], [7, 2, 1])[0]))

    def command(self):
        """The options of this run: (words, as resume of, override, asked steps, wanted steps)."""
        r, words = self.rng, []
        names = [s.name for s in self.w.steps]
        origin = override = None
        same = False
        if self.of_run and r.random() < (0.6 if self.failed else 0.05):
            origin = self.failed or r.choice(sorted(self.of_run))
            if r.random() < 0.1:
                same = True
                self.w.restore(self.of_run[origin][0])
                names = [s.name for s in self.w.steps]
        asked, wanted = None, None
        choice = r.random()
        if choice < 0.03:
            words.append("--fresh")
            asked = ("fresh", None)
        elif choice < 0.08:
            asked = ("force", r.choice(names))
        elif choice < 0.11:
            asked = ("from", r.choice(names))
        elif choice < 0.15:
            wanted = r.choice(names)
            words += ["--to", wanted]
        if asked and asked[1]:
            words += ["--" + asked[0], asked[1]]
        overrides = dict(self.of_run[origin][1]) if origin else {}
        if r.random() < 0.06:
            override = r.choice([("train.lr", 0.5), ("train.depth", 9), ("name", "other"), ("seed", 7)])
            words += ["-p", "%s=%s" % override]
            overrides[override[0]] = override[1]
        if r.random() < 0.2:
            words += ["-j", r.choice(["1", "2", "4"])]
        return words, origin, same, overrides, asked, wanted

    def expand(self):
        """Of all steps: [(name, step, item, names it needs, names it takes from)]."""
        rows, made, bases = [], {}, {}
        for s in self.w.steps:
            mine = []
            for name, item in s.items():
                takes = sorted({n for o, n in made.items() for i in s.inputs if oracles.fnmatch.fnmatchcase(o.rstrip("/"), i)})
                needs = sorted(set(takes) | {n for b in s.needs for n in bases[b]})
                mine.append((name, s, item, needs, takes))
            for row in mine:
                for o in self.w.outputs_of(s, row[2]):
                    made[o] = row[0]
            bases[s.name] = [row[0] for row in mine]
            rows += mine
        return rows

    def below(self, rows, names):
        found = set(names)
        for name, _, _, needs, _ in rows:
            if found & set(needs):
                found.add(name)
        return found

    def above(self, rows, names):
        found = set(names)
        for name, _, _, needs, _ in reversed(rows):
            if name in found:
                found |= set(needs)
        return found

    def params(self, overrides):
        params = json.loads(json.dumps(self.w.params))
        for key, value in overrides.items():
            holder = params["train"] if "." in key else params
            holder[key.split(".")[-1]] = value
        return params

    def turn(self):
        self.count["changes"] += 1
        said = self.mutate() if self.count["changes"] > 1 else "the first run"
        words, origin, same, overrides, asked, wanted = self.command()
        self.sync()
        head = ["resume", str(origin)] + (["--code", "same"] if same else []) if origin else ["run"]
        self.said.append("%s: jig %s" % (said, " ".join(head + words)))
        plan_head = head + ["--dry-run"] if origin else ["plan"]
        plan = {s["step"]: s for s in json.loads(self.jig(*plan_head, "--json", *words).stdout)["steps"]}
        done = self.jig(*head, *([] if origin else ["--isolation", "folder"]), *words, want=None)
        if done.returncode not in (0, 1):
            raise Wrong("jig ended with %d\n%s" % (done.returncode, done.stderr.decode()))
        show = json.loads(self.jig("show", "last", "--json").stdout)
        self.check(plan, show, done, rows=self.expand(), params=self.params(overrides), changed=self.params(overrides) != self.w.params, asked=asked, wanted=wanted)
        self.of_run[show["run"]] = (self.w.saved(), overrides)
        self.failed = show["run"] if done.returncode else None
        self.count["resumed"] += bool(origin)
        if self.rng.random() < 0.1:
            self.forget()

    def check(self, plan, show, done, rows, params, changed, asked, wanted):
        steps = {s["step"]: s for s in show["steps"]}
        chosen = self.above(rows, {r[0] for r in rows if r[1].name == wanted}) if wanted else {r[0] for r in rows}
        forced = {r[0] for r in rows if asked and (asked[0] == "fresh" or r[1].name == asked[1])}
        if asked and asked[0] == "from":
            forced = self.below(rows, forced)
        if set(steps) != chosen:
            raise Wrong("the run has the steps %s, not %s" % (sorted(steps), sorted(chosen)))
        if set(plan) != chosen:
            raise Wrong("the plan has the steps %s, not %s" % (sorted(plan), sorted(chosen)))
        full = self.w.render(sys.executable)
        tree = oracles.worlds.Tree(full)
        states, outputs, produced, borrowed = {}, {}, {}, set()
        run = show["run"]
        for name, s, item, needs, _ in rows:
            if name not in chosen:
                continue
            have, planned = steps[name], plan[name]
            reused = have["state"] == "reused"
            want = oracles.verdict(s.trigger, needs, states)
            result = None
            if want == "go":
                result = self.oracle.step(self.w, s, item, full, tree, params, changed, produced)
                want = result.state
                if want == "success":
                    produced.update(result.outputs)
                    outputs.update(result.outputs)
            if want != "success":
                for o in self.w.outputs_of(s, item):
                    produced[o] = None
            states[name] = want
            if ("success" if reused else have["state"]) != want:
                raise Wrong("%s is %s (%s), but from nothing it is %s" % (name, have["state"], have["reason"], want))
            self.check_plan(name, s, self.above(rows, needs), planned, have, plan, steps)
            if reused:
                self.count["reused"] += 1
                if name in forced or not s.cache:
                    raise Wrong("%s is reused, but it was asked for" % name)
                named = re.search(r"same as (\S+)@(\d+) of run (\d+)", have["reason"])
                if not named or have["reused"]["run"] != int(named.group(3)):
                    raise Wrong("%s is reused: %s" % (name, have))
                source = (int(named.group(3)), named.group(1))
                if source not in self.attempts:
                    raise Wrong("%s is reused from %s, which did not execute it" % (name, source))
                borrowed.add(source)
            elif have["state"] in ("success", "failed"):
                self.count["ran"] += 1
                self.count["failed"] += have["state"] == "failed"
                if name not in forced and s.cache and result.seen:
                    self.check_needless(name, s, result.seen, have)
                if have["state"] == "success" and s.cache:
                    self.attempts[(run, name)] = result.seen
            else:
                self.count["skipped"] += 1
        self.kept[run] = borrowed
        self.check_end(rows, chosen, states, show, done)
        self.check_outputs(outputs, rows)

    def check_plan(self, name, s, above, planned, have, plan, steps):
        action, state = planned["action"], have["state"]
        ran = state in ("success", "failed")
        stopped = state in ("upstream_failed", "skipped")
        wants_failure = s.trigger in ("one_failed", "all_failed")
        bad_above = any(steps[n]["state"] in ("failed", "upstream_failed", "skipped") for n in above)
        if action == "reuse" and not (stopped and bad_above) and (state != "reused" or have["reused"] != planned["from"] or have["reason"] != planned["reason"]):
            raise Wrong("%s was planned as %s, but %s" % (name, planned, (state, have["reused"], have["reason"])))
        if action == "run" and not (ran or (stopped and bad_above)):
            raise Wrong("%s was planned to run, but is %s" % (name, state))
        if action == "run" and ran and have["reason"].split(" (")[0] != planned["reason"].split(" (")[0]:
            raise Wrong("%s was planned as %s, but ran as %s" % (name, planned["reason"], have["reason"]))
        if action == "skip" and not stopped:
            raise Wrong("%s was planned to be skipped, but is %s" % (name, state))
        if action == "unknown" and not wants_failure and not any(plan[n]["action"] in ("run", "unknown") for n in above):
            raise Wrong("%s was planned as unknown (%s), but nothing above it runs" % (name, planned["reason"]))

    def check_needless(self, name, s, seen, have):
        there = set(self.kept) | {source[0] for b in self.kept.values() for source in b}
        borrowed = {source for b in self.kept.values() for source in b}
        for (run, step), digest in self.attempts.items():
            if digest == seen and run in there and (run in self.kept or (run, step) in borrowed):
                if ("copy", "links") in s.ops:
                    self.count["unproven"] += 1
                    return
                self.count["needless"] += 1
                self.said.append("  needless: %s ran (%s) though %s of run %d saw the same: %s %s" % (name, have["reason"], step, run, s.language, s.ops))
                return

    def check_end(self, rows, chosen, states, show, done):
        forgiven = {n for name, s, _, needs, _ in rows if name in chosen and states[name] == "success" and s.trigger in ("one_failed", "all_failed") for n in needs}
        failed = any(states[n] == "failed" and n not in forgiven for n in chosen)
        if done.returncode != int(failed) or show["state"] != ("failed" if failed else "success"):
            raise Wrong("the run is %s, exit status %d; from nothing it is %s" % (show["state"], done.returncode, "failed" if failed else "a success"))

    def check_outputs(self, outputs, rows):
        given = os.path.join(self.top, "given")
        shutil.rmtree(given, ignore_errors=True)
        os.makedirs(given)
        if outputs:
            self.jig("get", "last", "-o", given)
        have = oracles.read_tree(given) or {}
        want = {p: e for o in outputs.values() for p, e in o.items()}
        for path in sorted(set(have) | set(want)):
            if have.get(path) != want.get(path):
                maker = [(r[0], r[1].language, r[1].ops, r[1].inputs) for r in rows if any(path.startswith(o.rstrip("/")) for o in self.w.outputs_of(r[1], r[2]))]
                raise Wrong("STALE: %s is %s, but from nothing it is %s: %s" % (path, have.get(path), want.get(path), maker))

    def forget(self):
        """Old runs go, and what nobody needs any more with them."""
        old = sorted(self.kept)[:-1]
        gone = self.rng.sample(old, min(len(old), self.rng.randint(1, 3)))
        if gone:
            self.jig("rm", "-y", *map(str, gone))
        self.jig("gc", "--now")
        for run in gone:
            del self.kept[run]
            self.of_run.pop(run, None)
        self.said.append("  jig rm %s; jig gc" % gone)

    def run(self, turns):
        try:
            for _ in range(turns):
                self.turn()
            for check in ("fsck", "verify"):
                self.jig(check)
        except Wrong as e:
            return str(e)
        except (KeyError, ValueError, OSError, subprocess.TimeoutExpired) as e:
            import traceback
            return traceback.format_exc() + str(e)
        return None


def one_world(args):
    seed, number, turns = args
    began = time.monotonic()
    world = World(seed, number)
    wrong = world.run(turns)
    if not wrong and not os.environ.get("JIG_RANDOM_KEEP"):
        shutil.rmtree(world.top, ignore_errors=True)
    return number, wrong, world.count, world.said, time.monotonic() - began


def main():
    seed = int(os.environ.get("JIG_RANDOM_SEED", "20261121"))
    total = int(os.environ.get("JIG_RANDOM_CHANGES", "500"))
    only = os.environ.get("JIG_RANDOM_WORLD")
    numbers = [int(only)] if only else list(range((total + CHANGES - 1) // CHANGES))
    print("seed %d, %d worlds of %d changes" % (seed, len(numbers), CHANGES))
    bad, counts = 0, {}
    with multiprocessing.Pool(2) as pool:
        for number, wrong, count, said, took in pool.imap_unordered(one_world, [(seed, n, CHANGES) for n in numbers]):
            for key, n in count.items():
                counts[key] = counts.get(key, 0) + n
            if only or wrong or count["needless"]:
                print("world %d (%.1f s), JIG_RANDOM_SEED=%d JIG_RANDOM_WORLD=%d repeats it:" % (number, took, seed, number))
                print("\n".join("    " + line for line in said))
            else:
                print("world %d: right (%.1f s)" % (number, took))
            if wrong:
                bad += 1
                print("  WRONG: " + wrong)
            sys.stdout.flush()
    print(", ".join("%s %d" % c for c in counts.items()))
    if counts["needless"] > MOST_NEEDLESS:
        print("too many needless runs")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
