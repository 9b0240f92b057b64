"""A project of a case: files, a pipeline as data (written as jig.yaml), and what its next commands are given."""
import copy
import fnmatch
import json
import os
import re
import shlex
import shutil
import stat
import subprocess


def order(steps):
    """Names of steps, those that others take from first, else as written."""
    done, out = set(), []

    def visit(name):
        if name not in done:
            done.add(name)
            for other in needs(steps, name):
                visit(other)
            out.append(name)

    for name in steps:
        visit(name)
    return out


def needs(steps, name):
    one, found = steps[name], []
    for other, s in steps.items():
        if other == name:
            continue
        outputs = list(s.get("outputs", [])) + list(s.get("metrics", []))
        takes = any(fnmatch.fnmatchcase(o.rstrip("/"), i.rstrip("/")) or i.startswith(o) and o.endswith("/")
                    for o in outputs for i in one.get("inputs", []) if isinstance(i, str))
        if takes or any(n in (other, s["_base"]) for n in one.get("needs", [])):
            found.append(other)
    return found


def expand(pipeline, params):
    """The steps of all matrices: {name: step}, each with _base, _item, and the words ${…} replaced in its paths."""
    out = {}
    for base, step in pipeline["steps"].items():
        items = [{}]
        for key, values in step.get("matrix", {}).items():
            items = [dict(i, **{key: v}) for i in items for v in values]
        for item in items:
            name = base + ("[%s]" % ",".join(str(v) for v in item.values()) if item else "")
            one = copy.deepcopy(step)
            one.update(_base=base, _item=item, _name=name)
            for key in ("inputs", "outputs", "metrics"):
                one[key] = [substitute(p, params, item, name) if isinstance(p, str) else p for p in step.get(key, [])]
            one["run"] = ([substitute(p, params, item, name) for p in step["run"]] if isinstance(step["run"], list)
                          else substitute(step["run"], params, item, name, shlex.quote))
            out[name] = one
    return out


def lookup(tree, path):
    for part in path.split("."):
        tree = tree[part]
    return tree


def substitute(text, params, item, name, quote=str):
    def word(m):
        kind, _, path = m.group(1).partition(".")
        if kind == "params":
            v = lookup(params, path)
        elif kind == "matrix":
            v = item[path]
        else:
            v = {"name": name}[path]
        return quote(v if isinstance(v, str) else json.dumps(v))
    return re.sub(r"\$\{((?:params|matrix|step)\.[A-Za-z0-9_.-]+)\}", word, text)


class Project:
    def __init__(self, path, files, pipeline, git=False):
        self.path, self.pipeline, self.git = path, copy.deepcopy(pipeline), git
        self.style = "plain"
        self.params = {}          # -p of the next commands
        self.args = []
        self.env = {}
        self.isolation = "folder"
        self.kept = None
        os.makedirs(path)
        for name, content in files.items():
            self.put(name, content)

    # ---- files ----

    def at(self, name):
        return os.path.join(self.path, name)

    def put(self, name, content):
        """Text; ("link", target); ("exec", text); None for an empty folder."""
        full = self.at(name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if content is None:
            os.makedirs(full, exist_ok=True)
        elif isinstance(content, tuple) and content[0] == "link":
            if os.path.lexists(full):
                os.unlink(full)
            os.symlink(content[1], full)
        else:
            execute = isinstance(content, tuple)
            data = content[1] if execute else content
            with open(full, "wb") as f:
                f.write(data if isinstance(data, bytes) else data.encode())
            if execute:
                os.chmod(full, 0o755)

    def text(self, name):
        with open(self.at(name)) as f:
            return f.read()

    def remove(self, name):
        full = self.at(name)
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)
        else:
            os.unlink(full)

    def shell(self, command):
        env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="a",
                   GIT_COMMITTER_EMAIL="a@example.org")
        subprocess.run(["sh", "-euc", command], cwd=self.path, env=env, check=True, stdout=subprocess.DEVNULL)

    # ---- the pipeline ----

    def write_pipeline(self):
        text = self.pipeline_text()
        if not os.path.exists(self.at("jig.yaml")) or self.text("jig.yaml") != text:
            self.put("jig.yaml", text)

    def pipeline_text(self):
        p = self.pipeline
        lines = ["# About this pipeline.", ""] if self.style == "comments" else []
        top = [(k, v) for k, v in p.items() if k != "steps"]
        steps = list(p["steps"].items())
        if self.style == "reversed":
            top.reverse()
            steps.reverse()
        for key, value in top:
            lines.append("%s: %s" % (key, json.dumps(value)))
        lines.append("steps:")
        for name, step in steps:
            keys = list(step.items())
            if self.style == "comments":
                lines += ["", "  # The step " + name]
            if self.style == "reversed":
                keys.reverse()
            if self.style == "block":
                lines.append("  %s:" % name)
                lines += ["    %s: %s" % (k, json.dumps(v)) for k, v in keys]
            else:
                lines.append("  %s: {%s}" % (name, ", ".join("%s: %s" % (k, json.dumps(v)) for k, v in keys)))
        return "\n".join(lines) + "\n"

    def all_params(self):
        """Defaults, with those of -p."""
        params = copy.deepcopy(self.pipeline.get("params", {}))
        for path, value in self.params.items():
            at = params
            parts = path.lstrip("+").split(".")
            for part in parts[:-1]:
                at = at.setdefault(part, {})
            at[parts[-1]] = value
        return params

    def steps(self):
        return expand(self.pipeline, self.all_params())

    # ---- commands ----

    def options(self):
        out = ["--isolation", self.isolation]
        for path, value in self.params.items():
            out += ["-p", "%s=%s" % (path, json.dumps(value))]
        return out + self.args

    def jig(self, program, *args):
        env = dict(os.environ, **self.env)
        return subprocess.run([program, *args], cwd=self.path, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def copy_to(self, path):
        copy_folder(self.path, path)
        other = copy.deepcopy(self)
        other.path = path
        return other

    def tree(self):
        """What a snapshot takes of the project: paths of files and links."""
        if self.git:
            text = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=self.path, stdout=subprocess.PIPE, check=True, text=True).stdout
            return sorted(n for n in set(text.split("\0")) if n and os.path.lexists(self.at(n)))
        found = []
        for folder, folders, files in os.walk(self.path):
            here = os.path.relpath(folder, self.path)
            folders[:] = [f for f in folders if f not in (".jig", "__pycache__", ".git", "got")]
            for name in files + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
                found.append(os.path.normpath(os.path.join(here, name)))
        return sorted(found)


OBJECTS = (".jig/objects/", ".jig/code.git/objects/")


def copy_folder(source, target):
    """With modes and times; objects, which are never written to, are linked."""
    folders = []
    for here, inside, files in os.walk(source):
        name = os.path.relpath(here, source)
        to = os.path.normpath(os.path.join(target, name))
        os.mkdir(to)
        folders.append((here, to))
        linked = (name + "/").startswith(OBJECTS)
        for file in files + [f for f in inside if os.path.islink(os.path.join(here, f))]:
            a, b = os.path.join(here, file), os.path.join(to, file)
            if linked:
                os.link(a, b)
            elif stat.S_ISSOCK(os.lstat(a).st_mode):
                continue
            else:
                shutil.copy2(a, b, follow_symlinks=False)
    for a, b in reversed(folders):
        shutil.copystat(a, b)


def copy_file(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    else:
        shutil.copyfile(source, target)
        os.chmod(target, 0o755 if os.stat(source).st_mode & stat.S_IXUSR else 0o644)
