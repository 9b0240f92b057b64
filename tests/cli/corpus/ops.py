"""What a case does to its project, and what it expects of a step."""
import os

CASES = []
PROJECTS = {}


class Case:
    def __init__(self, name, base, parts, needless, sandbox):
        self.name, self.base, self.parts, self.needless, self.sandbox = name, base, parts, needless, sandbox


def project(name, files, pipeline, git=False, prepare=None, sandbox=False):
    """A project that cases start from, after one run."""
    PROJECTS[name] = (files, pipeline, git, prepare, sandbox)


def case(name, base, *parts, needless=None, sandbox=False):
    """parts: changes in order; a dict among them plans, runs and compares: {step: expected}, steps that it does not name are reused. needless: why a step may run that gives the
    same again."""
    assert all(c.name != name for c in CASES), name
    CASES.append(Case(name, base, parts, needless, sandbox))


def kind(base, step, files, run, *cases, **keys):
    """A step of a project that looks at its files in a way of its own, and its cases: (name, change…, expected of that step, None = reused). Its output is out/<step>."""
    if base not in PROJECTS:
        project(base, {}, {"pipeline": "corpus", "steps": {}})
    known, pipeline = PROJECTS[base][:2]
    for name, content in files.items():
        assert known.get(name, content) == content, name
        known[name] = content
    pipeline["steps"][step] = dict({"run": run, "outputs": ["out/" + step]}, **keys)
    for name, *parts in cases:
        options = parts.pop() if parts and isinstance(parts[-1], Options) else {}
        parts = [{step: p} if isinstance(p, str) else {} if p is None else p for p in parts]
        case("%s: %s" % (step, name), base, *parts, **options)


class Options(dict):
    """Options of a case in a kind's table."""


# ---- changes: functions of the project ----

def write(name, content):
    return lambda p: p.put(name, content)


def edit(name, old, new):
    def change(p):
        text = p.text(name)
        assert old in text, (name, old)
        mode = os.stat(p.at(name)).st_mode
        p.put(name, text.replace(old, new, 1))
        os.chmod(p.at(name), mode)
    return change


def append(name, more):
    return lambda p: p.put(name, p.text(name) + more)


def remove(name):
    return lambda p: p.remove(name)


def move(a, b):
    def change(p):
        os.makedirs(os.path.dirname(p.at(b)), exist_ok=True)
        os.rename(p.at(a), p.at(b))
    return change


def mode(name, bits):
    return lambda p: os.chmod(p.at(name), bits)


def link(target, name):
    return write(name, ("link", target))


def same_looks(name, old, new):
    """Another content of the same size, with the times that the file had."""
    def change(p):
        st = os.stat(p.at(name))
        text = p.text(name)
        assert len(old) == len(new) and old in text
        with open(p.at(name), "r+") as f:
            f.write(text.replace(old, new, 1))
        os.utime(p.at(name), ns=(st.st_atime_ns, st.st_mtime_ns))
    return change


def touch(name):
    return lambda p: os.utime(p.at(name), (1, 1))


def sh(command):
    return lambda p: p.shell(command)


def jig(*args):
    """A command besides plan and run; it has to succeed."""
    def change(p):
        done = p.jig(p.program, *args)
        assert done.returncode == 0, done.stderr
    return change


def params(**values):
    """-p of the commands that follow; __ stands for a dot."""
    return lambda p: p.params.update({k.replace("__", "."): v for k, v in values.items()})


def no_params():
    return lambda p: p.params.clear()


def env(**values):
    return lambda p: p.env.update(values)


def no_env():
    return lambda p: p.env.clear()


def args(*values):
    return lambda p: setattr(p, "args", list(values))


def style(name):
    """How jig.yaml looks: plain, comments, reversed, block."""
    return lambda p: setattr(p, "style", name)


def pipe(change):
    """A change of the pipeline's data."""
    return lambda p: change(p.pipeline)


def step(name, **keys):
    """Keys of a step; None takes one away."""
    def change(p):
        for key, value in keys.items():
            if value is None:
                p.pipeline["steps"][name].pop(key, None)
            else:
                p.pipeline["steps"][name][key] = value
    return change


def top(**keys):
    return lambda p: p.pipeline.update(keys)


def add(name, **keys):
    return lambda p: p.pipeline["steps"].__setitem__(name, keys)


def drop(name):
    return lambda p: p.pipeline["steps"].pop(name)


def rename(old, new):
    def change(p):
        p.pipeline["steps"] = {new if k == old else k: v for k, v in p.pipeline["steps"].items()}
    return change


def default(path, value):
    """A default of the pipeline's params."""
    def change(p):
        at = p.pipeline["params"]
        *parts, last = path.split(".")
        for part in parts:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return change


# ---- what is expected ----

class Expected:
    """reason: exact text without its "run: ", or whole when it begins with another action; "~" begins a regular expression. state: of the step."""

    def __init__(self, reason, state=None):
        self.reason, self.state = reason, state


def fails(reason):
    return Expected(reason, "failed")


def upstream():
    return Expected(None, "upstream_failed")


def skipped():
    return Expected(None, "skipped")


def changed(path, by=None):
    """A reason: an input that is another."""
    return "input %s changed%s" % (path, " (%s ran again)" % by if by else "")


NEVER = "never finished"
ASKED = "asked for"
COMMAND = "command changed"
