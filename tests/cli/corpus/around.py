"""What lies around a step: git, files outside, the working tree, declared code, inputs of other kinds, triggers, environments."""
import os
import shutil

from .ops import *

# ---- git ----

def branches(p):
    p.shell("git checkout -q -b other && sed -i s/1/2/ value.txt && git commit -qam other && git checkout -q main")


project("git", {"value.txt": "1\n", "tool.sh": "cat value.txt\n", "data/in.txt": "i\n", "unused.txt": "u\n"}, {"pipeline": "corpus", "steps": {
    "make": {"run": "sh tool.sh >value.out; git rev-parse HEAD >head.out 2>/dev/null || echo none >head.out", "outputs": ["value.out", "head.out"]},
    "use": {"inputs": ["value.out", "data/in.txt"], "run": "cat value.out data/in.txt >use.out; if [ -f ignored/conf ]; then cat ignored/conf >>use.out; fi", "outputs": ["use.out"]}}},
    git=True, prepare=branches)
BOTH = {"make": "value.txt changed (+1 −1)", "use": changed("value.out", "make")}
case("git: another branch", "git", sh("git checkout -q other"), BOTH)
case("git: another branch and back", "git", sh("git checkout -q other"), BOTH, sh("git checkout -q main"), {}, sh("git checkout -q other"), {})
case("git: a commit that changes nothing read", "git", sh("echo v >unused.txt; git commit -qam more"), {})
case("git: a commit of what was edited before", "git", edit("value.txt", "1", "3"), BOTH, sh("git commit -qam more"), {})
case("git: a file that is not tracked yet", "git", write("new.txt", "x\n"), {})
case("git: a used file is no longer tracked", "git", sh("git rm -q --cached value.txt"), {})
case("git: stash and pop", "git", edit("value.txt", "1", "3"), BOTH, sh("git stash -q"), {}, sh("git stash pop -q"), {})
case("git: an ignored file appears", "git", write("ignored/conf", "x\n"), {})
case("git: an ignored file is no longer ignored", "git", write("ignored/conf", "x\n"), {}, write(".gitignore", "nothing\n"), {"use": "ignored is new, use looked for it"})
case("git: a merge", "git", sh("git merge -q other"), BOTH)
case("git: a merge, then reset", "git", sh("git merge -q other"), BOTH, sh("git reset -q --hard HEAD~1"), {})
case("git: a rebase that gives the same tree", "git", sh("git commit -q --amend -m again"), {})
case("git: a run in another branch, removed", "git", sh("git checkout -q other"), BOTH, jig("rm", "2"), BOTH, needless="the run was removed")
case("git: a repository that was none", "plain", sh("git init -q . && git add -A && git commit -qm first"), {})
project("plain", {"a.txt": "a\n"}, {"pipeline": "corpus", "steps": {"one": {"run": "cat a.txt >out.txt", "outputs": ["out.txt"]}}})

# ---- declared code ----

project("code", {"main.sh": "cat lib/a.txt other.txt\n", "lib/a.txt": "a\n", "lib/b.txt": "b\n", "other.txt": "o\n"}, {"pipeline": "corpus", "steps": {
    "one": {"run": "sh main.sh >out.txt", "outputs": ["out.txt"], "code": ["main.sh", "lib/"]},
    "two": {"run": "cat lib/a.txt >two.txt", "outputs": ["two.txt"]}}})
case("code: a file that is named", "code", append("main.sh", "echo more\n"), {"one": "main.sh changed (+1 −0)"})
case("code: a file of a folder that is named, not read", "code", edit("lib/b.txt", "b", "c"), {"one": "lib/b.txt changed (+1 −1)"}, needless="code: names the folder")
case("code: a file of a folder that is named, read", "code", edit("lib/a.txt", "a", "c"), {"one": "lib/a.txt changed (+1 −1)", "two": "lib/a.txt changed (+1 −1)"})
case("code: a new file in a folder that is named", "code", write("lib/c.txt", "c\n"), {"one": "~run: lib/c.txt is new.*"}, needless="code: names the folder")
case("code: a file of the folder goes", "code", remove("lib/b.txt"), {"one": "~run: lib/b.txt is gone.*"}, needless="code: names the folder")
case("code: a file beside", "code", write("beside.txt", "x\n"), {})
case("code: other paths", "code", step("one", code=["main.sh", "lib/", "other.txt"]), {"one": "the paths under code: changed"}, needless="other code: paths")
case("code: other paths, then an edit", "code", step("one", code=["main.sh", "lib/", "other.txt"]), {"one": "the paths under code: changed"}, edit("other.txt", "o", "p"),
     {"one": "other.txt changed (+1 −1)"}, needless="other code: paths")
case("code: the paths in another order", "code", step("one", code=["lib/", "main.sh"]), {})
case("code: taken away", "code", step("one", code=None), {"one": "the paths under code: changed"}, edit("lib/b.txt", "b", "c"), {}, needless="code: was taken away")

# ---- inputs: globs, folders, programs ----

project("inputs", {"in/a.csv": "1\n", "in/b.csv": "2\n", "in/notes.txt": "n\n", "images/x/1.png": "1\n", "images/2.png": "2\n", "tool.sh": ("exec", "#!/bin/sh\necho tool\n"), ".jigignore": "in/\nimages/\n"},
        {"pipeline": "corpus", "steps": {
            "globs": {"inputs": ["in/*.csv"], "run": "cat in/*.csv >globs.txt", "outputs": ["globs.txt"]},
            "folder": {"inputs": ["images/"], "run": "find images -type f | sort | xargs cat >folder.txt", "outputs": ["folder.txt"]},
            "made": {"inputs": ["globs.txt"], "run": "mkdir -p parts/deep; cp globs.txt parts/all; echo x >parts/deep/x", "outputs": ["parts/"]},
            "takes": {"inputs": ["parts/"], "run": "cat parts/all parts/deep/x >takes.txt", "outputs": ["takes.txt"]},
            "program": {"inputs": ["tool.sh"], "run": "if [ -x tool.sh ]; then ./tool.sh; else echo none; fi >program.txt", "outputs": ["program.txt"]}}})
MADE = {"made": changed("globs.txt", "globs"), "takes": changed("parts", "made")}
case("inputs: a file of a glob", "inputs", edit("in/b.csv", "2", "3"), dict(MADE, globs=changed("in/b.csv")))
case("inputs: a file that a glob matches appears", "inputs", write("in/c.csv", "3\n"), dict(MADE, globs="~run: input in/c.csv .*"))
case("inputs: a file that a glob matches goes", "inputs", remove("in/a.csv"), dict(MADE, globs="~run: input in/a.csv .*"))
case("inputs: a file that it does not match", "inputs", write("in/c.txt", "3\n"), {})
case("inputs: a file that it matches is renamed", "inputs", move("in/b.csv", "in/z.csv"), {"globs": "~run: input in/[bz].csv .*"}, needless="the names of inputs count, and it ends there")
case("inputs: a file deep in a folder", "inputs", edit("images/x/1.png", "1", "7"), {"folder": changed("images")})
case("inputs: a file deep in a folder, of the same size and times", "inputs", same_looks("images/x/1.png", "1", "7"), {"folder": changed("images")})
case("inputs: a file appears deep in a folder", "inputs", write("images/x/3.png", "3\n"), {"folder": changed("images")})
case("inputs: a file of a folder is renamed", "inputs", move("images/2.png", "images/0.png"), {"folder": changed("images")}, needless="the names in a folder count")
case("inputs: a mode in a folder", "inputs", mode("images/2.png", 0o755), {"folder": changed("images")}, needless="a mode counts")
case("inputs: a program loses its bit", "inputs", mode("tool.sh", 0o644), {"program": changed("tool.sh")})
case("inputs: a program is touched", "inputs", touch("tool.sh"), {})
case("inputs: a folder that is made, other content", "inputs", step("made", run="mkdir -p parts/deep; cp globs.txt parts/all; echo y >parts/deep/x"), {"made": COMMAND, "takes": changed("parts", "made")})
case("inputs: a glob becomes a list", "inputs", step("globs", inputs=["in/b.csv", "in/a.csv"]), {})
case("inputs: .jigignore grows", "inputs", append(".jigignore", "more/\n"), {})

# ---- what lies outside ----

OUTSIDE = os.path.join(os.environ["HOME"], "outside")


def outside(name, content):
    """Each case has files of its own there, as cases run beside each other."""
    def change(p):
        path = os.path.join(OUTSIDE, os.path.basename(p.path), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if content is None:
            os.unlink(path)
        else:
            with open(path, "w") as f:
                f.write(content)
            os.utime(path, (1, 1 + len(content)))
    return change


def reads_outside(command):
    """$1: the case's folder outside; $2: the project."""
    def change(p):
        where = os.path.join(OUTSIDE, os.path.basename(p.path))
        p.pipeline["steps"]["one"]["run"] = command.replace("$1", where).replace("$2", p.path)
    return change


def undeclared(name):
    return {"one": "~run: .*/%s, read but not declared, changed" % name}


FIRST = {"one": COMMAND}
for name, command, *parts in [
        ("a file read", "cat $1/data.txt >out.txt", outside("data.txt", "1\n"), FIRST, {}, outside("data.txt", "22\n"), undeclared("data.txt")),
        ("a file read, to and fro", "cat $1/data.txt >out.txt", outside("data.txt", "1\n"), FIRST, outside("data.txt", "22\n"), undeclared("data.txt"), outside("data.txt", "1\n"), {}),
        ("a neighbour", "cat $1/data.txt >out.txt", outside("data.txt", "1\n"), FIRST, outside("more.txt", "22\n"), {}),
        ("a file looked for", "cat $1/data.txt >out.txt; if [ -f $1/opt.txt ]; then cat $1/opt.txt >>out.txt; fi", outside("data.txt", "1\n"), FIRST, outside("opt.txt", "22\n"), undeclared("opt.txt"),
         outside("opt.txt", None), {}),
        ("a file of the working tree by its absolute path", "(echo live; cat $2/a.txt) >out.txt", FIRST, {}, edit("a.txt", "a", "bb"), undeclared("a.txt")),
        ("a file of the working tree that is not read", "(echo live; cat $2/a.txt) >out.txt", FIRST, edit("c.txt", "c", "cc"), {}),
        ("a new file of the working tree by its absolute path", "if [ -f $2/n.txt ]; then cat $2/n.txt; else echo none; fi >out.txt", FIRST, write("n.txt", "n\n"), undeclared("n.txt"))]:
    case("outside: " + name, "outside", reads_outside(command), *parts)
project("outside", {"a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n"}, {"pipeline": "corpus", "steps": {
    "one": {"run": "cat c.txt >out.txt", "outputs": ["out.txt"]}, "two": {"run": "cat b.txt >two.txt", "outputs": ["two.txt"]}}})

# ---- params by file ----

project("by_file", {"show.py": "import json, os\nprint(json.load(open(os.environ['JIG_PARAMS']))['params']['a'])\n"}, {"pipeline": "corpus", "params": {"a": 1, "b": {"c": 2}}, "steps": {
    "reads": {"run": "python3 show.py >reads.txt", "outputs": ["reads.txt"]},
    "names": {"run": "echo ${params.b.c} >names.txt", "outputs": ["names.txt"]},
    "none": {"run": "echo x >none.txt", "outputs": ["none.txt"]}}})
case("by file: a param", "by_file", params(a=2), {"reads": "param a 1 → 2"})
case("by file: a param that it does not look at", "by_file", params(b__c=3), {"reads": "param b.c 2 → 3", "names": "param b.c 2 → 3"}, needless="all params count once the file was opened")
case("by file: a new param", "by_file", default("new", 1), {"reads": "param new is new (1)"}, needless="all params count once the file was opened")
case("by file: a param goes", "by_file", default("a", None), {"reads": fails("param a is gone (it was 1)")})
case("by file: to and fro", "by_file", params(a=2), {"reads": "param a 1 → 2"}, no_params(), {})

# ---- order and triggers ----

project("triggers", {"a.txt": "a\n", "b.txt": "b\n", "bad": "no\n"}, {"pipeline": "corpus", "steps": {
    "a": {"run": "cat a.txt >a.out", "outputs": ["a.out"]},
    "b": {"run": "cat b.txt >b.out; if [ -f fail ]; then exit 3; fi", "outputs": ["b.out"]},
    "after": {"needs": ["a"], "run": "echo after >after.out", "outputs": ["after.out"]},
    "both": {"inputs": ["a.out", "b.out"], "run": "cat a.out b.out >both.out", "outputs": ["both.out"]}}})
case("triggers: a step that only orders", "triggers", edit("a.txt", "a", "x"), {"a": "a.txt changed (+1 −1)", "both": changed("a.out", "a")})
case("triggers: one of two fails, then not", "triggers", write("fail", "x\n"), {"b": fails("fail is new, b looked for it"), "both": upstream()}, remove("fail"), {})
case("triggers: one fails while the other changes", "triggers", write("fail", "x\n"), edit("a.txt", "a", "x"), {"a": "a.txt changed (+1 −1)", "b": fails("fail is new, b looked for it"), "both": upstream()},
     remove("fail"), {"both": Expected("~run: input a.out changed.*")})
case("triggers: the order is dropped", "triggers", step("after", needs=None), {})

# ---- environments ----

LOCK = "alpha==%s --hash=sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n"
project("env", {"requirements.lock": LOCK % "1.0", "use.py": "import alpha\nprint(alpha.value)\n"}, {"pipeline": "corpus", "steps": {
    "use": {"run": "python3 use.py >use.out", "outputs": ["use.out"], "env": "requirements.lock"},
    "plain": {"run": "echo plain >plain.out", "outputs": ["plain.out"], "env": "system"}}})
if shutil.which("openssl"):
    BETA = (LOCK % "1.0").replace("alpha", "beta")
    case("env: a package", "env", write("requirements.lock", LOCK % "2.0"), {"use": "env alpha 1.0 → 2.0"})
    case("env: a package to and fro", "env", write("requirements.lock", LOCK % "2.0"), {"use": "env alpha 1.0 → 2.0"}, write("requirements.lock", LOCK % "1.0"), {})
    case("env: one package more", "env", append("requirements.lock", BETA), {"use": "env requirements.lock changed"}, needless="all packages count")
    case("env: one package more, and less again", "env", append("requirements.lock", BETA.replace("beta", "gamma")), {"use": "env requirements.lock changed"},
         write("requirements.lock", LOCK % "1.0"), {}, append("requirements.lock", BETA.replace("beta", "gamma")), {}, needless="all packages count")
    case("env: the other step gets it", "env", step("plain", env="requirements.lock"), {"plain": "~run: env .*"}, needless="the environment counts")
    case("env: the step loses it", "env", step("use", env="system", run="echo 1.0 >use.out"), {"use": COMMAND}, needless="another command")
    case("env: a lock of the same bytes by another name", "env", write("other.lock", LOCK % "1.0"), step("use", env="other.lock"), {})

# ---- in the sandbox, the first run too ----

BOX = "box"
project(BOX, {}, {"pipeline": "corpus", "steps": {}}, sandbox=True)
kind(BOX, "module", {"m/main.py": "import used\ntry:\n\timport extra\nexcept ImportError:\n\tpass\nprint(used.value)\n", "m/used.py": "value = 1\n", "m/unused.py": "value = 1\n"}, "python3 m/main.py >out/module",
     ("sandbox: imported", edit("m/used.py", "1", "2"), "m/used.py changed (+1 −1)"),
     ("sandbox: not imported", edit("m/unused.py", "1", "2"), write("m/new.py", "x\n"), None),
     ("sandbox: looked for", write("m/extra.py", "print('extra')\n"), "m/extra.py is new, module looked for it"),
     ("sandbox: edited, reverted", edit("m/used.py", "1", "2"), "m/used.py changed (+1 −1)", edit("m/used.py", "2", "1"), None))
kind(BOX, "shell", {"s/a.sh": ". s/b.sh\n", "s/b.sh": "cat s/*.txt\n", "s/1.txt": "1\n", "s/link": ("link", "1.txt")}, "sh s/a.sh >out/shell; cat s/link >>out/shell; if [ -x s/opt ]; then s/opt >>out/shell; fi",
     ("sandbox: sourced", append("s/b.sh", "echo b\n"), "s/b.sh changed (+1 −0)"),
     ("sandbox: globbed", write("s/2.txt", "2\n"), "s/2.txt is new, shell listed its folder"),
     ("sandbox: linked", write("s/2.md", "2\n"), link("2.md", "s/link"), "~run: (s/2.md is new, shell listed its folder|link s/link leads elsewhere)"),
     ("sandbox: test -x", write("s/opt", ("exec", "#!/bin/sh\necho opt\n")), "s/opt is new, shell looked for it"),
     ("sandbox: a mode", mode("s/b.sh", 0o755), "mode of s/b.sh changed", Options(needless="a mode counts")))
kind(BOX, "moves", {"mo/a/x.txt": "x\n"}, "mv mo/a mo/b; cat mo/b/x.txt >out/moves", ("sandbox: moved", edit("mo/a/x.txt", "x", "y"), "mo/a/x.txt changed (+1 −1)"))
kind(BOX, "outer", {}, "cat $HOME/boxed.txt >out/outer 2>/dev/null || echo none >out/outer", ("sandbox: nothing", None))
kind(BOX, "copies", {"co/a.txt": "a\n", "co/sub/b.txt": "b\n"}, "cp -r co copied; cat copied/a.txt copied/sub/b.txt >out/copies; [ -d co/later ] && ls co/later >>out/copies || :",
     ("sandbox: a file of a copied folder", edit("co/sub/b.txt", "b", "c"), "co/sub/b.txt changed (+1 −1)"),
     ("sandbox: a folder that was looked for", write("co/later/x", "x\n"), "~run: co/later is new, copies (looked for it|listed its folder)"),
     ("sandbox: gone", remove("co/a.txt"), {"copies": fails("co/a.txt is gone")}, write("co/a.txt", "a\n"), None))
