"""The mutations of reuse_random.py: each changes a world in one way and returns a line that says how."""
import posixpath

import reuse_random_world as worlds


def code_paths(w):
    return sorted(p for p in w.tree if not p.startswith("data/") and p != ".jigignore")


def files_of(w, data=False):
    return sorted(p for p, e in w.tree.items() if e[0] == "f" and p.startswith("data/") == data and p != ".jigignore")


def same_size(content, rng):
    out = bytearray(content)
    at = rng.randrange(len(out)) if out else 0
    if out:
        out[at] = out[at] ^ 1 if chr(out[at] ^ 1).isalnum() and chr(out[at]).isalnum() else out[at]
        if bytes(out) == content:
            out[:] = bytes(48 + (b - 47) % 10 if 48 <= b < 58 else b for b in content)
    return bytes(out)


def edit(w):
    path = w.rng.choice([p for p in files_of(w) if not p.startswith("control/")])
    _, content, x = w.tree[path]
    if path.endswith(".py"):
        w.put_module(path)
    elif path == "ptr/p0":
        w.put(path, w.rng.choice(worlds.FILES).encode(), x)
    elif path.endswith((".sh", "tool")):
        w.tree[path] = ("f", content + b"echo " + w.text(), x)
    else:
        w.tree[path] = ("f", w.rng.choice([w.text(), content + w.text(), b""]), x)
    return "edit " + path


def edit_same_time(w):
    path = w.rng.choice([p for p in files_of(w) + files_of(w, True) if p.endswith((".txt", ".csv", ".bin", ".py"))])
    _, content, x = w.tree[path]
    w.tree[path] = ("f", same_size(content, w.rng), x)
    w.keep_times.add(path)
    return "edit %s, size and time as before" % path


def comment(w):
    path = w.rng.choice([p for p in files_of(w) if p.endswith(".py")] or ["lib/mod_a.py"])
    if path not in w.tree:
        w.put_module(path)
        return "add " + path
    _, content, x = w.tree[path]
    w.tree[path] = ("f", content + b"# " + w.text(), x)
    return "comment in " + path


def add(w):
    wanted = worlds.FILES + ["lib/%s.py" % m for m in worlds.MODULES] + ["lib/pkg/__init__.py", "steps/mod_a.py", "lib/json.py", "conf/nowhere", "links/outside"]
    missing = [p for p in wanted if p not in w.tree and p != "jig.yaml" and p not in worlds.FOLDERS]
    path = w.rng.choice(missing or ["conf/more.txt"])
    if path == "lib/json.py":
        w.put(path, b"def dumps(x):\n    return 'another'\n")
    elif path.endswith(".py"):
        w.put_module(path)
    else:
        w.put(path)
    return "add " + path


def add_beside(w):
    path = posixpath.join(w.rng.choice(worlds.FOLDERS[:9] + ["steps", "."]), w.fresh("new") + w.rng.choice([".txt", ".md", ".py"]))
    w.put(posixpath.normpath(path))
    return "add " + posixpath.normpath(path)


def remove(w):
    path = w.rng.choice(code_paths(w))
    if path in ("raw/1.csv", "raw/2.csv"):
        return edit(w)
    w.remove(path)
    return "remove " + path


def remove_folder(w):
    path = w.rng.choice(["conf", "list", "list/sub", "deep", "deep/x", "opt", "links", "notes"])
    w.remove(path)
    return "remove folder " + path


def rename(w):
    path = w.rng.choice([p for p in code_paths(w) if not p.startswith("raw/")])
    entry = w.tree[path]
    target = w.rng.choice([posixpath.join(posixpath.dirname(path), w.fresh("name") + posixpath.splitext(path)[1]), w.rng.choice(worlds.FILES[:7])])
    w.remove(path)
    w.put(target, b"")
    w.tree[target] = entry
    return "rename %s to %s" % (path, target)


def move_folder(w):
    path, target = w.rng.sample(["conf", "list", "deep", "deep/x", "opt"], 2)
    if path.startswith(target + "/") or target.startswith(path + "/"):
        return add_beside(w)
    moved = {target + p[len(path):]: e for p, e in w.tree.items() if p.startswith(path + "/")}
    w.remove(path)
    w.remove(target)
    for p, e in moved.items():
        w.put(p, b"")
        w.tree[p] = e
    return "move %s/ to %s/" % (path, target)


def mode(w):
    path = w.rng.choice(files_of(w) + ["tools/tool"] * ("tools/tool" in w.tree))
    kind, content, x = w.tree[path]
    if kind == "f":
        w.tree[path] = ("f", content, not x)
    return "mode of " + path


def link(w):
    path = w.rng.choice(worlds.LINKS[:4] + ["conf/opt.txt", "list/1.txt", "deep/x", "lib/mod_c.py", "opt", "notes/plain.txt"])
    up = "../" * path.count("/")
    target = w.rng.choice(["conf/a.txt", "conf/b.txt", "list", "deep", "list/sub", "conf/opt.txt", "links/file", "nowhere/at/all", "lib/mod_b.py", "deep/x/y"])
    w.put_link(path, up + target)
    return "link %s to %s" % (path, up + target)


def swap_kind(w):
    path = w.rng.choice(["conf/opt.txt", "list/2.txt", "deep/x", "opt", "list/sub", "conf"])
    if any(p.startswith(path + "/") for p in w.tree):
        w.put(path)
        return "a file in place of folder " + path
    w.put(path + "/inner.txt")
    return "a folder in place of " + path


def copy_over(w):
    a, b = w.rng.sample(files_of(w), 2)
    if a.endswith((".sh", "tool", ".py", ".csv")) or a.startswith(("control", "ptr")):
        return edit(w)
    w.tree[a] = ("f", w.tree[b][1], w.tree[a][2])
    return "copy %s over %s" % (b, a)


def touch(w):
    path = w.rng.choice(files_of(w) + files_of(w, True))
    w.touched.add(path)
    return "touch " + path


def data_edit(w):
    path = w.rng.choice(files_of(w, True) + ["raw/1.csv", "raw/2.csv"])
    w.tree[path] = ("f", w.text(), w.tree[path][2])
    return "edit input " + path


def data_add(w):
    path = w.rng.choice(["data/%s.csv", "data/set/%s.bin", "data/set/more/%s", "raw/%s.csv"]) % w.fresh("d")
    w.put(path)
    return "add input " + path


def data_remove(w):
    extra = [p for p in w.tree if p.startswith(("data/", "raw/")) and posixpath.basename(p).startswith("d")]
    if not extra:
        return data_add(w)
    path = w.rng.choice(sorted(extra))
    w.remove(path)
    return "remove input " + path


def outside(w):
    name = w.rng.choice(worlds.OUTSIDE)
    if name in w.outside and w.rng.random() < 0.3:
        del w.outside[name]
        return "remove outside " + name
    w.outside[name] = w.text()
    return "write outside " + name


def live(w):
    w.put("notes/live.txt")
    return "write notes/live.txt"


def variable(w):
    name = w.rng.choice(worlds.VARIABLES * 2 + ["TZ", "RT_UNUSED"])
    if name != "TZ" and name in w.env and w.rng.random() < 0.4:
        del w.env[name]
        return "unset " + name
    w.env[name] = w.rng.choice(["UTC", "Europe/Berlin"]) if name == "TZ" else w.rng.choice(["1", "2", "", "a b"])
    return "%s=%s" % (name, w.env[name])


def param(w):
    name = w.rng.choice(worlds.PARAMS[:6])
    values = {"seed": [7, 8, 9], "train.lr": [0.1, 0.25, 1e-3, 1], "train.depth": [3, 4], "name": ["a b", "it's", "q\"r", "$HOME", "naïve", "7"], "flag": [True, False],
              "layers": [[8, 4], [8], [], [8, 4, 2]]}
    holder = w.params["train"] if "." in name else w.params
    holder[name.split(".")[-1]] = w.rng.choice(values[name])
    return "param %s %r" % (name, holder[name.split(".")[-1]])


def param_new(w):
    if "extra" in w.params:
        del w.params["extra"]
        return "param extra gone"
    w.params["extra"] = w.fresh()
    return "param extra new"


def param_order(w):
    items = list(w.params.items())
    w.rng.shuffle(items)
    w.params = dict(items)
    return "params in another order"


def params_place(w):
    w.params_file = not w.params_file
    return "params in %s" % ("params.yaml" if w.params_file else "jig.yaml")


# ---- the pipeline

def step_add(w):
    s = w.add_step(w.rng.choice([None, w.rng.randint(0, len(w.steps))]))
    return "step %s is new" % s.name


def step_remove(w):
    if len(w.steps) < 3:
        return step_add(w)
    s = w.rng.choice(w.steps)
    w.steps.remove(s)
    w.tidy()
    return "step %s is gone" % s.name


def step_rename(w):
    s = w.rng.choice(w.steps)
    old, s.name = s.name, w.fresh("name")
    for o in w.steps:
        o.needs = [s.name if n == old else n for n in o.needs]
    return "step %s is now %s" % (old, s.name)


def step_split(w):
    """The first half of what it reads, and the rest."""
    s = w.rng.choice(w.steps)
    if s.matrix is not None or s.trigger or len(s.ops) < 2:
        return step_rename(w)
    t = worlds.Step(w.fresh("s"))
    t.language, t.form = s.language, "text"
    t.ops, s.ops = s.ops[:len(s.ops) // 2], s.ops[len(s.ops) // 2:]
    t.inputs, t.pass_env = list(s.inputs), list(s.pass_env)
    t.outputs = ["out/%s.txt" % t.base]
    s.inputs = sorted(set(s.inputs + t.outputs))
    w.steps.insert(w.steps.index(s), t)
    return "step %s is split, %s comes first" % (s.name, t.name)


def steps_shuffle(w):
    w.shuffled = w.rng.randrange(1 << 20)
    return "steps in another order"


def outputs_move(w):
    s = w.rng.choice(w.steps)
    n = w.rng.randrange(len(s.outputs))
    old = s.outputs[n]
    mark = "-${matrix.m}" if s.matrix is not None else ""
    stem = w.fresh("moved") + mark
    s.outputs[n] = "fold/%s/" % stem if old.endswith("/") else "%s/%s.txt" % (w.rng.choice(["out", "more"]), stem)
    for o in w.steps:
        if any(i.rstrip("/") == old.rstrip("/").replace("${matrix.m}", "*") or i == old.rstrip("/") for i in o.inputs):
            o.inputs = sorted({s.outputs[n].rstrip("/").replace("${matrix.m}", "*") if i in (old.rstrip("/"), old.rstrip("/").replace("${matrix.m}", "*")) else i for i in o.inputs})
    w.tidy()
    return "%s of %s is now %s" % (old, s.name, s.outputs[n])


def blanks(w):
    s = w.rng.choice(w.steps)
    s.blanks = "  " if s.blanks == " " else " "
    return "blanks in the command of " + s.name


def script_comment(w):
    s = w.rng.choice(w.steps)
    s.comment = w.rng.choice(["", "a remark", "another remark"])
    return "comment in the script of " + s.name


def script_ops(w):
    s = w.rng.choice(w.steps)
    n = w.rng.randrange(len(s.ops))
    if len(s.ops) > 1 and w.rng.random() < 0.3:
        del s.ops[n]
    else:
        s.ops[n:n + w.rng.randint(0, 1)] = [w.random_op(s.language)]
    s.pass_env = sorted({a for k, a in s.ops if k == "variable"} | set(s.pass_env))
    return "the script of %s does something else" % s.name


def script_move(w):
    s = w.rng.choice(w.steps)
    s.script = None if s.script else "steps/more/%s.%s" % (s.base, "py" if s.language == "py" else "sh")
    return "the script of %s is %s" % (s.name, s.path())


def matrix_items(w):
    with_matrix = [s for s in w.steps if s.matrix]
    if not with_matrix:
        return step_add(w)
    s = w.rng.choice(with_matrix)
    kind = w.rng.choice(["add", "remove", "order"])
    left = [m for m in ["x", "y", "z", "w w", "q"] if m not in s.matrix]
    if kind == "add" and left:
        s.matrix.insert(w.rng.randint(0, len(s.matrix)), w.rng.choice(left))
    elif kind == "remove" and len(s.matrix) > 1:
        s.matrix.remove(w.rng.choice(s.matrix))
        w.tidy()
    else:
        w.rng.shuffle(s.matrix)
    return "matrix of %s is %s" % (s.name, s.matrix)


def step_inputs(w):
    s = w.rng.choice(w.steps)
    if s.inputs and w.rng.random() < 0.4:
        s.inputs.remove(w.rng.choice(s.inputs))
    elif s.trigger is None:
        w.add_input(s, w.steps[:w.steps.index(s)])
    return "inputs of %s are %s" % (s.name, s.inputs)


def step_needs(w):
    s = w.rng.choice(w.steps)
    before = [o.name for o in w.steps[:w.steps.index(s)]]
    if s.needs:
        s.needs.pop()
    elif before:
        s.needs = [w.rng.choice(before)]
    return "needs of %s are %s" % (s.name, s.needs)


def step_params(w):
    s = w.rng.choice(w.steps)
    s.params = w.rng.sample(worlds.PARAMS, w.rng.randint(0, 2))
    return "params of %s are %s" % (s.name, s.params)


def step_looks(w):
    s = w.rng.choice(w.steps)
    key, values = w.rng.choice([("timeout", ["1h", "2h"]), ("retry", [{"limit": 1, "delay": "1ms"}, 0]), ("keep", ["always", "failed"]), ("resources", [{"cpu": 1}, {"memory": "1M"}]),
                                ("log_limit", ["1M"])])
    s.looks[key] = w.rng.choice(values)
    return "%s of %s is %s" % (key, s.name, s.looks[key])


def step_fails(w):
    s = w.rng.choice(w.steps)
    path = "control/" + s.base
    if path in w.tree:
        w.remove(path)
        return "%s fails no more" % s.name
    w.put(path, w.rng.choice([b"FAIL\n", b"FAIL\n", b"LESS\n", b"harmless\n"]))
    return "%s says %s" % (path, w.tree[path][1].decode().strip())


def nothing(w):
    return "nothing"


WEIGHTS = [(edit, 8), (edit_same_time, 4), (comment, 2), (add, 6), (add_beside, 4), (remove, 3), (remove_folder, 1), (rename, 3), (move_folder, 1), (mode, 3), (link, 4), (swap_kind, 2),
           (copy_over, 2), (touch, 2), (data_edit, 4), (data_add, 2), (data_remove, 2), (outside, 4), (live, 2), (variable, 4), (param, 5), (param_new, 2), (param_order, 2),
           (params_place, 1), (step_add, 3), (step_remove, 2), (step_rename, 2), (step_split, 2), (steps_shuffle, 2), (outputs_move, 2), (blanks, 1), (script_comment, 2), (script_ops, 4),
           (script_move, 1), (matrix_items, 4), (step_inputs, 3), (step_needs, 2), (step_params, 2), (step_looks, 2), (step_fails, 6), (nothing, 2)]


def change(w):
    return w.rng.choices([m for m, _ in WEIGHTS], [n for _, n in WEIGHTS])[0](w)
