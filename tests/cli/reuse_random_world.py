"""Random projects for reuse_random.py: a tree of code and data, a pipeline over it, and what may be done to them.

A tree maps paths to ("f", content, executable) or ("l", target); folders are what stands above them. What lies below data/ is no code (.jigignore), all else is.
A step is a list of operations: what its script reads, one after the other. Each is rendered as shell or Python, and says (look_…) what there is to see for it, so that the oracle
knows when nothing that a step could read has changed.
"""
import copy
import fnmatch
import json
import posixpath
import random

FILES = ["conf/a.txt", "conf/b.txt", "conf/opt.txt", "list/1.txt", "list/2.txt", "list/sub/3.txt", "deep/x/1.txt", "deep/x/y/2.txt", "deep/z.txt", "links/file", "links/folder/1.txt",
         "links/dangling", "notes/plain.txt", "raw/1.csv", "raw/2.csv", "lib/mod_a.py", "lib/inc.sh", "jig.yaml", "opt/none/at/all.txt", "list", "ptr/p0"]
FOLDERS = ["conf", "list", "list/sub", "deep", "deep/x", "links/folder", "raw", "opt", "lib", "out", "links"]
LINKS = ["links/file", "links/folder", "links/dangling", "links/outside", "conf/a.txt", "conf"]
MODULES = ["mod_a", "mod_b", "mod_c", "pkg"]
OUTSIDE = ["o1.txt", "o2.txt", "o3.txt"]
VARIABLES = ["RT_A", "RT_B"]
PARAMS = ["seed", "train.lr", "train.depth", "name", "flag", "layers", "train"]


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def value_of(params, dotted):
    for part in dotted.split("."):
        params = params[part]
    return params


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


class Step:
    def __init__(self, name):
        self.name = self.base = name
        self.matrix = None      # values of m
        self.language = "sh"    # sh, py, inline
        self.form = "text"      # text, list, exec
        self.ops = []
        self.outputs = []       # "out/x.txt", "fold/x/", with ${matrix.m} in those of a matrix
        self.metrics = None
        self.inputs = []
        self.needs = []
        self.params = []
        self.trigger = None
        self.pass_env = []
        self.blanks = " "
        self.comment = ""
        self.looks = {}         # keys that decide nothing
        self.cache = True
        self.tokens = False
        self.script = None

    def path(self):
        return self.script or "steps/%s.%s" % (self.base, "py" if self.language == "py" else "sh")

    def items(self):
        """Of each step that it stands for: name, item."""
        return [(self.name, {})] if self.matrix is None else [("%s[%s]" % (self.name, m.replace(" ", "%20")), {"m": m}) for m in self.matrix]


class World:
    def __init__(self, rng, top):
        self.rng, self.top = rng, top
        self.tree, self.steps = {}, []
        self.params = {"seed": 7, "train": {"lr": 0.1, "depth": 3}, "name": "a b", "flag": True, "layers": [8, 4]}
        self.params_file = rng.random() < 0.25
        self.env = {"TZ": "UTC", "RT_A": "1"}
        self.outside = {"o1.txt": b"outside 1\n", "o2.txt": b"outside 2\n"}
        self.counter = 0
        self.shuffled = None    # the order of the steps in the file, a seed; they stand in self.steps so that each comes after what it takes from
        self.first_tree()
        for _ in range(rng.randint(3, 7)):
            self.add_step()

    def saved(self):
        """What git would keep: the tree, the pipeline and the params."""
        return copy.deepcopy((self.tree, self.steps, self.params, self.params_file))

    def restore(self, saved):
        self.tree, self.steps, self.params, self.params_file = copy.deepcopy(saved)

    def fresh(self, what="v"):
        self.counter += 1
        return "%s%d" % (what, self.counter)

    def text(self):
        return ("%s %06x\n" % (self.fresh(), self.rng.randrange(1 << 24))).encode()

    def put(self, path, content=None, executable=False):
        """A file; what stands in the way goes."""
        parts = path.split("/")
        for n in range(1, len(parts)):
            self.tree.pop("/".join(parts[:n]), None)
        self.remove(path)
        self.tree[path] = ("f", self.text() if content is None else content, executable)

    def put_link(self, path, target):
        self.put(path, b"")
        self.tree[path] = ("l", target)

    def remove(self, path):
        for p in [p for p in self.tree if p == path or p.startswith(path + "/")]:
            del self.tree[p]

    def first_tree(self):
        for p in FILES:
            if not p.startswith(("links", "opt", "lib", "ptr", "jig")) and p not in ("conf/opt.txt", "list"):
                self.put(p)
        for m in MODULES[:2]:
            self.put_module("lib/%s.py" % m)
        self.put("lib/inc.sh", b"echo inc " + self.text())
        self.put("tools/tool", b"#!/bin/sh\necho tool " + self.text(), True)
        self.put("ptr/p0", b"conf/a.txt")
        self.put_link("links/file", "../conf/a.txt")
        self.put_link("links/folder", "../list")
        self.put_link("links/dangling", "../conf/nowhere")
        self.put_link("links/outside", self.top + "/outside/o1.txt")
        self.put("data/1.csv")
        self.put("data/2.csv")
        self.put("data/set/1.bin")
        self.put("data/set/more/2.bin", None, True)
        self.put("README.md")
        self.put(".jigignore", b"data/\n")

    def put_module(self, path):
        self.put(path, ('"""A module."""\nVALUE = "%s"  # as it is\n' % self.fresh()).encode())

    # ---- steps

    def random_op(self, language):
        r = self.rng
        kinds = ["read", "opt", "opt", "has", "list", "find", "glob", "link", "jig_params", "variable", "outside", "live", "inputs", "inputs", "follow", "cd", "tz"]
        if self.params_file:
            kinds.append("params_file")
        kinds += ["import"] * 5 + ["try_import"] * 2 + ["json"] if language == "py" else ["source", "exec", "copy"] if language == "sh" else []
        kind = r.choice(kinds)
        arg = None
        if kind in ("read", "follow", "source", "exec", "cd"):
            there = [p for p in self.tree if not p.startswith(("data/", "steps/", "control/"))]
            arg = {"follow": "ptr/p0", "source": "lib/inc.sh", "exec": "tools/tool"}.get(kind) or r.choice([p for p in there if p in FILES and self.tree[p][0] == "f"] or ["README.md"])
        elif kind in ("opt", "has"):
            arg = r.choice(FILES)
        elif kind in ("list", "find", "glob", "copy"):
            arg = r.choice(FOLDERS)
        elif kind == "link":
            arg = r.choice(LINKS)
        elif kind == "outside":
            arg = r.choice(OUTSIDE)
        elif kind == "variable":
            arg = r.choice(VARIABLES)
        elif kind in ("import", "try_import"):
            arg = r.choice([m for m in MODULES if kind == "try_import" or any(p.startswith("lib/" + m) for p in self.tree)] or ["mod_a"])
            if kind == "import" and not any(p.startswith("lib/" + arg) for p in self.tree):
                kind = "try_import"
        return (kind, arg)

    def add_step(self, at=None):
        r = self.rng
        s = Step(self.fresh("s"))
        s.language = r.choices(["sh", "inline", "py"], [6, 2, 2])[0]
        s.form = r.choice(["text", "text", "list", "exec"]) if s.language == "sh" else r.choice(["text", "list"]) if s.language == "py" else "text"
        if r.random() < 0.2:
            s.matrix = r.sample(["x", "y", "z", "w w"], r.randint(1, 3))
        s.ops = [self.random_op(s.language) for _ in range(r.randint(1, 5))]
        m = "-${matrix.m}" if s.matrix else ""
        s.outputs = [r.choice(["out/%s%s.txt", "out/%s%s.txt", "fold/%s%s/"]) % (s.base, m)]
        if r.random() < 0.2:
            s.outputs.append("more/%s%s.txt" % (s.base, m))
        if r.random() < 0.1:
            s.metrics = "metrics/%s%s.json" % (s.base, m)
        s.params = r.sample(PARAMS, r.choice([0, 0, 1, 1, 2]))
        before = self.steps if at is None else self.steps[:at]
        for _ in range(r.choice([0, 1, 1, 2])):
            self.add_input(s, before)
        if r.random() < 0.15 and before:
            s.needs.append(r.choice(before).name)
        if r.random() < 0.08 and before:
            s.inputs = [i for i in s.inputs if i.startswith(("data/", "raw/"))]
            s.needs = [x.name for x in r.sample(before, min(len(before), 2))]
            s.trigger = r.choice(["all_done", "always", "none_failed", "one_failed", "all_failed", "one_success"])
        s.pass_env = sorted({a for k, a in s.ops if k == "variable"})
        s.tokens = s.language == "py" and r.random() < 0.3
        s.cache = r.random() > 0.03
        self.steps.insert(len(self.steps) if at is None else at, s)
        return s

    def add_input(self, s, before):
        r = self.rng
        choice = r.random()
        if before and choice < 0.6:
            other = r.choice(before)
            if other.trigger is None:
                out = r.choice(other.outputs)
                s.inputs.append(out.rstrip("/").replace("${matrix.m}", "*" if r.random() < 0.5 or not other.matrix else r.choice(other.matrix)))
        else:
            s.inputs.append(r.choice(["data/1.csv", "data/2.csv", "data/*.csv", "data/set", "raw/1.csv", "raw/*.csv"]))
        s.inputs = sorted(set(s.inputs))

    def outputs_of(self, s, item):
        return [o.replace("${matrix.m}", item.get("m", "")) for o in s.outputs]

    def tidy(self):
        """Takes out what names steps or outputs that are no more."""
        made, names = [], set()
        for s in self.steps:
            s.inputs = [i for i in s.inputs if i.startswith(("data/", "raw/")) or any(fnmatch.fnmatchcase(o, i) for o in made)]
            s.needs = [n for n in s.needs if n in names]
            made += [o.rstrip("/") for _, item in s.items() for o in self.outputs_of(s, item)]
            names.add(s.name)

    # ---- rendering

    def script_text(self, s):
        own = "control/" + s.base
        if s.language == "py":
            body = PYTHON_HEAD + "".join(PYTHON[k] % {"a": a, "top": self.top} for k, a in s.ops) + PYTHON_TAIL % {"control": own}
            return (s.comment and "# %s\n" % s.comment) + body
        body = SHELL_HEAD + "".join(SHELL[k] % {"a": a, "top": self.top} for k, a in s.ops) + SHELL_TAIL % {"control": own}
        return ("" if s.language == "inline" else "#!/bin/sh\nset -eu\n") + (s.comment and "# %s\n" % s.comment) + body

    def command(self, s, python):
        """run: as it stands in the file."""
        words = ["${params.%s}" % p for p in s.params] + (["${matrix.m}"] if s.matrix is not None else [])
        outs = list(s.outputs) + ([s.metrics] if s.metrics else [])
        if s.language == "inline":
            said = "set -- %s\n" % " ".join(words + ["--"] + [quote_keeping(o) for o in outs])
            return said + self.script_text(s).rstrip("\n")
        first = [python, s.path()] if s.language == "py" else ["./" + s.path()] if s.form == "exec" else ["sh", s.path()]
        if s.form == "list":
            return first + words + ["--"] + outs
        return s.blanks.join(first + words + ["--"] + [quote_keeping(o) for o in outs])

    def yaml(self, python):
        lines = ["pipeline: random"]
        lines.append("params: " + ("params.yaml" if self.params_file else json.dumps(self.params, ensure_ascii=False)))
        lines.append("steps:")
        written = list(self.steps)
        if self.shuffled is not None:
            random.Random(self.shuffled).shuffle(written)
        for s in written:
            d = dict(s.looks)
            if s.matrix is not None:
                d["matrix"] = {"m": s.matrix}
            if s.inputs:
                d["inputs"] = s.inputs
            if s.needs:
                d["needs"] = s.needs
            d["outputs"] = s.outputs
            if s.metrics:
                d["metrics"] = [s.metrics]
            if s.trigger:
                d["trigger"] = s.trigger
            if s.pass_env:
                d["pass_env"] = s.pass_env
            if s.tokens:
                d["reuse"] = {"python": "tokens"}
            if not s.cache:
                d["cache"] = False
            d["run"] = self.command(s, python)
            lines.append("  %s: %s" % (s.name, json.dumps(d, ensure_ascii=False)))
        return ("\n".join(lines) + "\n").encode()

    def render(self, python):
        """The tree as it stands on the disk, with what is made of the steps."""
        full = dict(self.tree)

        def put(path, content, executable):
            parts = path.split("/")
            if not any("/".join(parts[:n]) in full for n in range(1, len(parts))):
                for p in [p for p in full if p.startswith(path + "/")]:
                    del full[p]
                full[path] = ("f", content, executable)

        for s in self.steps:
            if s.language != "inline" and s.path() not in self.tree:
                put(s.path(), self.script_text(s).encode(), s.form == "exec")
        put("jig.yaml", self.yaml(python), False)
        if self.params_file:
            put("params.yaml", ("# the params\n" + "".join("%s: %s\n" % (k, json.dumps(v)) for k, v in self.params.items())).encode(), False)
        return full


def quote_keeping(path):
    """As one word of a shell command; the values that jig puts in it are quoted by jig."""
    return path.replace(" ", "\\ ")


SHELL_HEAD = 'acc=$TMPDIR/acc; : >"$acc"; words=\nwhile [ "$1" != -- ]; do printf \'word %s\\n\' "$1" >>"$acc"; shift; done; shift\n'
SHELL = {
    "read": 'cat "%(a)s" >>"$acc"\n',
    "opt": '{ cat "%(a)s" 2>/dev/null || echo none; } >>"$acc"\n',
    "has": '{ [ ! -f "%(a)s" ] || echo f; [ ! -d "%(a)s" ] || echo d; [ ! -x "%(a)s" ] || echo x; } >>"$acc"\n',
    "list": '{ ls "%(a)s" 2>/dev/null || echo none; } >>"$acc"\n',
    "find": '{ find "%(a)s" -type f 2>/dev/null || echo none; } | sort | while read -r f; do echo "$f"; cat "$f" 2>/dev/null || :; done >>"$acc"\n',
    "glob": 'for f in "%(a)s"/*.txt; do if [ -f "$f" ]; then cat "$f"; fi; done >>"$acc"\n',
    "copy": 'rm -rf "$TMPDIR/copy"; if cp -r "%(a)s" "$TMPDIR/copy" 2>/dev/null; then (cd "$TMPDIR/copy" && find . | sort) >>"$acc"; fi\n',
    "link": '{ readlink "%(a)s" || echo none; } >>"$acc"\n',
    "source": '{ . "./%(a)s"; } >>"$acc"\n',
    "exec": '"./%(a)s" >>"$acc"\n',
    "cd": '(cd "$(dirname "%(a)s")" && cat "$(basename "%(a)s")") >>"$acc"\n',
    "follow": 'p=$(cat "%(a)s"); { cat "$p" 2>/dev/null || echo none; } >>"$acc"\n',
    "jig_params": 'cat "$JIG_PARAMS" >>"$acc"\n',
    "params_file": '{ cat params.yaml || echo none; } >>"$acc"\n',
    "variable": 'echo "${%(a)s-unset}" >>"$acc"\n',
    "tz": 'echo "$TZ" >>"$acc"\n',
    "outside": '{ cat "%(top)s/outside/%(a)s" 2>/dev/null || echo none; } >>"$acc"\n',
    "live": '{ cat "%(top)s/project/notes/live.txt" 2>/dev/null || echo none; } >>"$acc"\n',
    "inputs": 'for f in data/*.csv data/set/* data/set/more/* raw/*.csv out/*.txt fold/*/* more/*.txt; do if [ -f "$f" ]; then echo "$f"; cat "$f"; fi; done >>"$acc"\n',
}
SHELL_TAIL = '''if grep -q FAIL %(control)s 2>/dev/null; then exit 7; fi
sum=$(sha256sum <"$acc"); sum=${sum%%%% *}
for o; do
case $o in
*.json) echo '{"m": 1, "digest": "'$sum'"}' >"$o" ;;
*/) mkdir -p "$o/sub"; echo "$sum" >"$o/sum.txt"; chmod +x "$o/sum.txt"; ln -s ../sum.txt "$o/sub/link"; case $sum in [0-7]*) echo more >"$o/sub/more.txt" ;; esac ;;
*) echo "$sum" >"$o" ;;
esac
if grep -q LESS %(control)s 2>/dev/null; then exit 0; fi
done
'''
PYTHON_HEAD = '''import glob, hashlib, os, sys
sys.path.insert(0, "lib")
acc = hashlib.sha256()
def put(x):
    acc.update(x if isinstance(x, bytes) else (str(x) + "\\n").encode())
def cat(p):
    with open(p, "rb") as f:
        put(f.read())
def opt(p):
    try:
        cat(p)
    except OSError:
        put("none")
args = sys.argv[1:]
cut = args.index("--")
for w in args[:cut]:
    put("word " + w)
'''
PYTHON = {
    "read": 'cat("%(a)s")\n',
    "opt": 'opt("%(a)s")\n',
    "has": 'put((os.path.isfile("%(a)s"), os.path.isdir("%(a)s"), os.access("%(a)s", os.X_OK)))\n',
    "list": 'put(sorted(os.listdir("%(a)s")) if os.path.isdir("%(a)s") else "none")\n',
    "find": 'for d, ds, fs in sorted(os.walk("%(a)s")):\n    for f in sorted(fs):\n        opt(os.path.join(d, f))\n',
    "glob": 'for f in sorted(glob.glob("%(a)s/*.txt")):\n    opt(f)\n',
    "link": 'put(os.readlink("%(a)s") if os.path.islink("%(a)s") else "none")\n',
    "cd": 'fd = os.open(os.path.dirname("%(a)s") or ".", os.O_RDONLY)\nput(os.read(os.open(os.path.basename("%(a)s"), os.O_RDONLY, dir_fd=fd), 9999))\n',
    "follow": 'with open("%(a)s") as f:\n    opt(f.read())\n',
    "import": 'import %(a)s\nput(%(a)s.VALUE)\n',
    "try_import": 'try:\n    import %(a)s\n    put(%(a)s.VALUE)\nexcept (ImportError, AttributeError):\n    put("none")\n',
    "json": 'import json\nput(json.dumps([1, "x"]))\n',
    "jig_params": 'cat(os.environ["JIG_PARAMS"])\n',
    "params_file": 'opt("params.yaml")\n',
    "variable": 'put(os.environ.get("%(a)s", "unset"))\n',
    "tz": 'put(os.environ["TZ"])\n',
    "outside": 'opt("%(top)s/outside/%(a)s")\n',
    "live": 'opt("%(top)s/project/notes/live.txt")\n',
    "inputs": 'for p in ("data/*.csv", "data/set/*", "data/set/more/*", "raw/*.csv", "out/*.txt", "fold/*/*", "more/*.txt"):\n    for f in sorted(glob.glob(p)):\n        put(f)\n        opt(f)\n',
}
PYTHON_TAIL = '''control = open("%(control)s").read() if os.path.exists("%(control)s") else ""
if "FAIL" in control:
    sys.exit(7)
for o in args[cut + 1:]:
    if o.endswith("/"):
        os.makedirs(o + "sub")
        os.symlink("../sum.txt", o + "sub/link")
        open(o + "sum.txt", "w").write(acc.hexdigest() + "\\n")
    elif o.endswith(".json"):
        open(o, "w").write('{"m": 1, "digest": "%%s"}\\n' %% acc.hexdigest())
    else:
        open(o, "w").write(acc.hexdigest() + "\\n")
    if "LESS" in control:
        sys.exit(0)
'''


# ---- what there is to see

class Tree:
    """The code of a tree (nothing of data/), for questions."""

    def __init__(self, full):
        self.entries = {p: e for p, e in full.items() if not p.startswith("data/")}
        self.folders = {}
        for p in self.entries:
            while True:
                parent = posixpath.dirname(p)
                names = self.folders.setdefault(parent, set())
                name = posixpath.basename(p)
                if name in names:
                    break
                names.add(name)
                if not parent:
                    break
                p = parent

    def kind(self, path):
        return self.entries[path][0] if path in self.entries else "d" if path in self.folders else None

    def resolve(self, path, follow=True, depth=0):
        """Facts of the way, and where it ends: (facts, path in the tree, None if there is nothing)."""
        facts, at = [], ""
        parts = [p for p in path.split("/") if p not in ("", ".")]
        for i, part in enumerate(parts):
            if part == "..":
                at = posixpath.dirname(at)
                continue
            at = posixpath.join(at, part)
            kind = self.kind(at)
            if kind is None or (kind == "f" and i + 1 < len(parts)):
                return facts + [("none", at, kind)], None
            if kind == "l" and (follow or i + 1 < len(parts)):
                target = self.entries[at][1]
                facts.append(("link", at, target))
                if target.startswith("/") or depth > 8:
                    return facts + [("away", target)], None
                more, end = self.resolve("/".join([posixpath.dirname(at), target] + parts[i + 1:]), follow, depth + 1)
                return facts + more, end
        return facts, at

    def listing(self, path):
        return sorted((n, self.kind(posixpath.join(path, n))) for n in self.folders.get(path, ()))

    def file(self, path, follow=True):
        """Content and mode, or the names of a folder that was opened, or nothing."""
        facts, end = self.resolve(path, follow)
        if end is None:
            return facts
        return facts + [("is", end, self.entries[end]) if end in self.entries else ("list", end, self.listing(end))]

    def below(self, path):
        facts, end = self.resolve(path)
        if end is None:
            return facts
        if end in self.entries:
            return facts + [self.file(end)]
        facts = facts + [("list", end, self.listing(end))]
        for n, kind in self.listing(end):
            facts.append(self.file(posixpath.join(end, n)) if kind == "l" else self.below(posixpath.join(end, n)))
        return facts

    def globbed(self, path, ending):
        facts, end = self.resolve(path)
        if end is None or end in self.entries:
            return facts
        return facts + [("list", end, self.listing(end))] + [self.file(posixpath.join(end, n)) for n, _ in self.listing(end) if n.endswith(ending)]

    def module(self, name):
        facts = []
        for folder in ("lib", "steps"):
            facts += self.resolve(folder)[0]
            facts += [self.below(posixpath.join(folder, n)) for n, _ in self.listing(folder) if n == name or n.startswith(name + ".")]
        return facts

    def look(self, op, language):
        kind, a = op
        if kind == "cd" and language == "py":
            facts, end = self.resolve(posixpath.dirname(a))
            return facts + [end is not None and self.listing(end), self.file(a)]  # a folder that was opened may have been listed
        if kind in ("read", "opt", "has", "source", "exec", "cd"):
            return self.file(a)
        if kind == "link":
            return self.file(a, False)
        if kind == "list":
            facts, end = self.resolve(a)
            return facts if end is None else facts + [("is", end, self.entries[end])] if end in self.entries else facts + [("list", end, self.listing(end))]
        if kind == "find":
            return self.below(a) + [self.listing("")]  # find opens the folder that it starts in, and that is all that can be told from listing it
        if kind == "copy":
            return self.below(a)
        if kind == "glob":
            return self.globbed(a, ".txt")
        if kind == "follow":
            where = self.file(a)
            return where + (self.file(where[-1][2][1].decode()) if where and where[-1][0] == "is" and where[-1][2][0] == "f" else [])
        if kind in ("import", "try_import"):
            return self.module(a)
        if kind == "json":
            return self.module("json")
        if kind == "params_file":
            return self.file("params.yaml")
        if kind == "inputs":
            return [self.globbed(f, e) for f, e in (("data", ".csv"), ("data/set", ""), ("raw", ".csv"), ("out", ".txt"), ("fold", ""), ("more", ".txt"))]
        return []
