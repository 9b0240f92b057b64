"""What a pipeline gives from nothing: its commands in topological order, each in a clean copy of the project, without jig."""
import fnmatch
import json
import os
import re
import shutil
import subprocess

from .project import copy_file, needs, order

PASSED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ")


def _files(folder):
    for here, folders, files in os.walk(folder):
        for name in files + [f for f in folders if os.path.islink(os.path.join(here, f))]:
            yield os.path.relpath(os.path.join(here, name), folder)


def digest_tree(folder):
    """{path: content} of what a folder holds."""
    out = {}
    for name in _files(folder):
        full = os.path.join(folder, name)
        if os.path.islink(full):
            out[name] = "-> " + os.readlink(full)
        else:
            with open(full, "rb") as f:
                out[name] = f.read()
    return out


def _wanted(path, patterns):
    return any(path == p or fnmatch.fnmatchcase(path, p) or p.endswith("/") and path.startswith(p) for p in patterns)


def packages(project, lock, folder):
    """What the stand-in for uv makes of a lock: a module for each package."""
    os.makedirs(folder)
    for name, version in re.findall(r"^(\w+)==(\S+)", project.text(lock), re.M):
        with open(os.path.join(folder, name + ".py"), "w") as f:
            f.write('value = "%s"\n' % version)
    return folder


class Clean:
    """A folder with files of a project that is as it was before each step: what the last one changed is made again. Files that are not written to are copied once."""

    def __init__(self, path, files):
        self.path, self.files, self.looks = path, files, {}
        os.makedirs(path)

    def look(self, name):
        st = os.lstat(os.path.join(self.path, name))
        return st.st_ino, st.st_mode, st.st_size, st.st_mtime_ns, st.st_nlink

    def reset(self):
        for here, folders, files in os.walk(self.path, topdown=False):
            for name in files + [f for f in folders if os.path.islink(os.path.join(here, f))]:
                path = os.path.relpath(os.path.join(here, name), self.path)
                if path not in self.files or self.looks.get(path) != self.look(path):
                    os.unlink(os.path.join(self.path, path))
            if here != self.path and not os.listdir(here):
                os.rmdir(here)
        for path, source in self.files.items():
            if not os.path.lexists(os.path.join(self.path, path)):
                copy_file(source, os.path.join(self.path, path))
            self.looks[path] = self.look(path)


def run(project, scratch):
    """{step: {path: content}, or None where the step failed or what it needs did}."""
    tree, steps = project.tree(), project.steps()
    made, results = os.path.join(scratch, "made"), {}
    params = project.all_params()
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(made)
    work = os.path.join(scratch, "w")
    outputs = {name: s["outputs"] + s["metrics"] for name, s in steps.items()}
    every = [p for o in outputs.values() for p in o]
    clean = Clean(work, {path: project.at(path) for path in tree if not _wanted(path, every)})
    for at, name in enumerate(order(steps)):
        step, tmp = steps[name], os.path.join(scratch, "t%d" % at)
        before = [n for n in order(steps)[:at] if n in needs(steps, name)]
        if any(results[n] is None for n in before):
            results[name] = None
            continue
        clean.reset()
        os.makedirs(tmp)
        inputs = [i for i in step["inputs"] if isinstance(i, str)]
        for path in _files(project.path):
            if _wanted(path, inputs) and not path.startswith((".jig/", ".git/", "got/")) and not os.path.lexists(os.path.join(work, path)) \
                    and not _wanted(path, every):
                copy_file(project.at(path), os.path.join(work, path))
        for path in _files(made):
            if _wanted(path, inputs):
                copy_file(os.path.join(made, path), os.path.join(work, path))
        for path in outputs[name]:
            os.makedirs(os.path.dirname(os.path.join(work, path)), exist_ok=True)
        with open(os.path.join(tmp, "params.json"), "w") as f:
            json.dump({"params": params, "matrix": step["_item"]}, f)
        env = {k: v for k, v in os.environ.items() if k in PASSED or k.startswith("LC_")}
        for key, value in project.env.items():
            if key in PASSED or key in step.get("pass_env", []):
                env[key] = value
        env.update(JIG_PARAMS=os.path.join(tmp, "params.json"), JIG_METRICS=os.path.join(tmp, "metrics"), TMPDIR=tmp, JIG_STEP=name, PYTHONDONTWRITEBYTECODE="1",
                   PYTHONNOUSERSITE="1", GIT_CEILING_DIRECTORIES=scratch, JIG_CHECKPOINTS=tmp)
        if step.get("env", "system") != "system":
            env["PYTHONPATH"] = packages(project, step["env"], os.path.join(tmp, "packages"))
        command = step["run"] if isinstance(step["run"], list) else ["sh", "-euc", step["run"]]
        done = subprocess.run(command, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        results[name] = None
        if done.returncode == 0:
            results[name] = {}
            for path in _files(work):
                if _wanted(path, outputs[name]):
                    copy_file(os.path.join(work, path), os.path.join(made, path))
                    with open(os.path.join(work, path), "rb") as f:
                        results[name][path] = f.read()
    return results
