"""What a run from nothing would give, found out without jig: each step's command is executed in a clean copy of the code with the inputs it declares.

Beside the results it tells, for each step, a digest over everything that the step could have looked at (its command, params, variables and inputs, and what the tree answers to each
of its operations): a step that runs although an earlier attempt of the same digest is there runs needlessly.
"""
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess

import reuse_random_world as worlds


def digest(*what):
    return hashlib.sha256(repr(what).encode()).hexdigest()


def write_tree(top, entries):
    made = set()
    for path, e in entries.items():
        full = os.path.join(top, path)
        parent = os.path.dirname(full)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        if e[0] == "l":
            os.symlink(e[1], full)
        else:
            with open(full, "wb") as f:
                f.write(e[1])
            os.chmod(full, 0o755 if e[2] else 0o644)


def read_tree(top, rel=""):
    """{path: entry} of a file or of what stands below a folder; None if there is nothing."""
    full = os.path.join(top, rel)
    if os.path.islink(full):
        return {rel: ("l", os.readlink(full))}
    if os.path.isfile(full):
        with open(full, "rb") as f:
            return {rel: ("f", f.read(), bool(os.stat(full).st_mode & 0o100))}
    if not os.path.isdir(full):
        return None
    found = {}
    for name in os.listdir(full):
        found.update(read_tree(top, os.path.join(rel, name)) or {})
    return found


def stat_outside(path):
    """As jig compares what lies outside."""
    try:
        st = os.stat(path)
    except OSError:
        return None
    return st.st_size, st.st_mtime_ns


class Result:
    def __init__(self, state, outputs=None, seen=None):
        self.state, self.outputs, self.seen = state, outputs or {}, seen  # outputs: {declared path: {path: entry}}


class Oracle:
    def __init__(self, top, python, path):
        self.top, self.python, self.path = top, python, path
        self.known = {}

    def params_text(self, world, full, params, changed):
        """What stands in params.yaml of the work folder."""
        if not world.params_file or not changed:
            return full
        return dict(full, **{"params.yaml": ("f", (json.dumps(params, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode(), False)})

    def argv(self, world, s, item, params):
        named = {}

        def fill(text, shell):
            for p in worlds.PARAMS:
                mark = "${params.%s}" % p
                if mark in text:
                    named[p] = worlds.value_of(params, p)
                    word = worlds.text_of(named[p])
                    text = text.replace(mark, worlds.quote(word) if shell else word)
            return text.replace("${matrix.m}", worlds.quote(item["m"]) if shell and item else item.get("m", ""))

        run = world.command(s, self.python)
        argv = [fill(w, False) for w in run] if isinstance(run, list) else ["sh", "-euc", fill(run, True)]
        return argv, named

    def match(self, patterns, produced, full):
        """The declared inputs: {path: {path: entry}}, or None if one is not there."""
        found = {}
        for p in patterns:
            if "*" in p:
                from_steps = [o for o in produced if fnmatch.fnmatchcase(o.rstrip("/"), p)]
                names = from_steps or [f for f in full if fnmatch.fnmatchcase(f, p) and f.count("/") == p.count("/")]
            else:
                names = [o for o in produced if o.rstrip("/") == p] or [p]
            for n in names:
                if n in produced:
                    if produced[n] is None:
                        return None
                    found[n.rstrip("/")] = produced[n]
                else:
                    e = {f: x for f, x in full.items() if f == n or f.startswith(n + "/")}
                    if not e:
                        return None
                    found[n] = e
        return found

    def execute(self, s, item, argv, code, inputs, outputs, params, env):
        work, tmp = os.path.join(self.top, "oracle", "work"), os.path.join(self.top, "oracle", "tmp")
        for d in (work, tmp):
            shutil.rmtree(d, ignore_errors=True)
            os.makedirs(d)
        taken = {p for e in inputs.values() for p in e}
        whole = {p: e for p, e in code.items() if p not in taken}
        for e in inputs.values():
            whole.update(e)
        write_tree(work, whole)
        for o in outputs:
            os.makedirs(os.path.dirname(os.path.join(work, o.rstrip("/"))), exist_ok=True)
        params_path = os.path.join(tmp, "params.json")
        with open(params_path, "w") as f:
            f.write(json.dumps({"params": json.loads(json.dumps(params, sort_keys=True)), "matrix": item}, indent=2, ensure_ascii=False) + "\n")
        env = dict(env, TMPDIR=tmp, JIG_PARAMS=params_path, PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run(argv, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            return Result("failed")
        given = {}
        for o in outputs:
            e = read_tree(work, o.rstrip("/"))
            if not e or (o.endswith("/") != os.path.isdir(os.path.join(work, o))):
                return Result("failed")
            given[o] = e
        return Result("success", given)

    def variables(self, world, s):
        env = {k: v for k, v in world.env.items() if k == "TZ" or k in s.pass_env}
        return dict(env, PATH=self.path, HOME=os.environ["HOME"], LC_ALL="C.UTF-8")

    def outside_facts(self, s, facts, world):
        names = [os.path.join(self.top, "outside", a) for k, a in s.ops if k == "outside"]
        names += [os.path.join(self.top, "project/notes/live.txt")] * any(k == "live" for k, _ in s.ops)
        names += [os.path.join(self.top, "outside/o1.txt")] * ("('away'," in repr(facts))
        return [(n, stat_outside(n)) for n in names], [open(n, "rb").read() if os.path.exists(n) else None for n in names]

    def step(self, world, s, item, full, tree, params, changed, produced):
        """The result of one step, all of whose inputs are there."""
        inputs = self.match(s.inputs, produced, full)
        if inputs is None:
            return Result("failed")
        code = self.params_text(world, dict(tree.entries), params, changed)
        argv, named = self.argv(world, s, item, params)
        outputs = world.outputs_of(s, item) + ([s.metrics.replace("${matrix.m}", item.get("m", ""))] if s.metrics else [])
        env = self.variables(world, s)
        given = sorted((p, sorted(e.items())) for p, e in inputs.items())
        looks = [] if s.language == "inline" else [tree.file(s.path())]
        looks += [tree.look(op, s.language) for op in s.ops] + [tree.file("control/" + s.base)] + ([tree.module("json")] if s.language == "py" else [])
        outside, contents = self.outside_facts(s, looks, world)
        reads_all = any(k in ("jig_params", "params_file") for k, _ in s.ops)
        seen = digest(argv, sorted(named.items()), sorted(item.items()), sorted(outputs), sorted(env.items()), given, looks, outside, s.tokens,
                      json.dumps(params, sort_keys=True) + str(changed and world.params_file) if reads_all else None)
        key = digest(argv, sorted(item.items()), outputs, sorted(env.items()), given, sorted(code.items()), contents, json.dumps(params, sort_keys=True))
        if key not in self.known:
            self.known[key] = self.execute(s, item, argv, code, inputs, outputs, params, env)
        known = self.known[key]
        return Result(known.state, known.outputs, seen)


def verdict(trigger, needs, states):
    """Of a step whose needs have all ended: go, upstream_failed or skipped."""
    good = sum(states[n] == "success" for n in needs)
    bad = sum(states[n] in ("failed", "upstream_failed") for n in needs)
    skipped = sum(states[n] == "skipped" for n in needs)
    if trigger in (None, "all_success"):
        return "upstream_failed" if bad else "skipped" if skipped else "go"
    if trigger in ("all_done", "always"):
        return "go"
    if trigger == "all_failed":
        return "skipped" if good or skipped or not bad else "go"
    if trigger == "one_success":
        return "go" if good or not needs else "upstream_failed" if bad else "skipped"
    if trigger == "one_failed":
        return "go" if bad else "skipped"
    return "upstream_failed" if bad else "go"
