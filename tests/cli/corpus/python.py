"""How Python reaches code and files."""
from .ops import *

IMPORTS = "imports"    # modules
READS = "reads"        # files, folders, processes
TOKENS = "tokens"      # reuse: {python: tokens}

kind(IMPORTS, "module", {"m/main.py": "import used\nprint(used.value)\n", "m/used.py": "value = 1\n", "m/unused.py": "value = 1\n", "m/train.py": "x = 1\n"},
     "python3 m/main.py >out/module",
     ("imported module", edit("m/used.py", "1", "2"), "m/used.py changed (+1 −1)"),
     ("unused module", edit("m/unused.py", "1", "2"), None),
     ("script", append("m/main.py", "print(0)\n"), "m/main.py changed (+1 −0)"),
     ("a new script beside it", write("m/train2.py", "x = 1\n"), None),
     ("notes beside it", write("m/notes.md", "n\n"), None),
     ("a module of the standard library is shadowed, but not imported", write("m/sqlite3.py", "raise SystemExit(1)\n"), None),
     ("a package shadows the module", write("m/used/__init__.py", "value = 3\n"), "m/used is new, module looked for it"),
     ("the module becomes a package", remove("m/used.py"), write("m/used/__init__.py", "value = 3\n"), "m/used is new, module looked for it"),
     ("a folder of the module's name", write("m/used/data.txt", "x\n"), "m/used is new, module looked for it", Options(needless="a folder may be a package")),
     ("a compiled module appears", write("m/__pycache__/used.cpython-311.pyc", b"x"), None),
     ("a comment", append("m/used.py", "# more\n"), "m/used.py changed (+1 −0)", Options(needless="a comment counts")),
     ("the module is gone", remove("m/used.py"), {"module": fails("m/used.py is gone")}),
     ("broken, then mended", edit("m/used.py", "1", "("), {"module": fails("m/used.py changed (+1 −1)")}, edit("m/used.py", "(", "1"), None))

kind(IMPORTS, "shadow", {"sh/main.py": "import colorsys\nprint(colorsys.rgb_to_hls(0, 0, 0))\n"}, "python3 sh/main.py >out/shadow",
     ("a module of the standard library", write("sh/colorsys.py", "def rgb_to_hls(*a):\n\treturn 'mine'\n"), "sh/colorsys.py is new, shadow looked for it"),
     ("a package of that name", write("sh/colorsys/__init__.py", "def rgb_to_hls(*a):\n\treturn 'mine'\n"), "sh/colorsys is new, shadow looked for it"),
     ("a file of that name without an ending", write("sh/colorsys", "x\n"), None),
     ("a file of that name with another ending", write("sh/colorsys.txt", "x\n"), None))

kind(IMPORTS, "package", {"pk/main.py": "import lib.a\nprint(lib.a.value)\n", "pk/lib/__init__.py": "", "pk/lib/a.py": "from . import b\nvalue = b.value\n", "pk/lib/b.py": "value = 1\n",
                          "pk/lib/c.py": "value = 1\n"}, "python3 pk/main.py >out/package",
     ("the module of a module", edit("pk/lib/b.py", "1", "2"), "pk/lib/b.py changed (+1 −1)"),
     ("a module that is not imported", edit("pk/lib/c.py", "1", "2"), None),
     ("__init__", append("pk/lib/__init__.py", "import lib.c\n"), "pk/lib/__init__.py changed (+1 −0)", Options(needless="the code counts")),
     ("a new module", write("pk/lib/d.py", "value = 1\n"), None),
     ("the package is moved", move("pk/lib", "pk/lib2"), {"package": fails("pk/lib is gone")}))

kind(IMPORTS, "optional", {"op/main.py": "try:\n\timport tuning\n\tprint(tuning.value)\nexcept ImportError:\n\tprint('plain')\n"}, "python3 op/main.py >out/optional",
     ("an optional module appears", write("op/tuning.py", "value = 2\n"), "op/tuning.py is new, optional looked for it"),
     ("another module appears", write("op/tuning2.py", "value = 2\n"), None),
     ("an optional package appears", write("op/tuning/__init__.py", "value = 2\n"), "op/tuning is new, optional looked for it"),
     ("it appears and goes", write("op/tuning.py", "value = 2\n"), "op/tuning.py is new, optional looked for it", remove("op/tuning.py"), None))

kind("own path", "path", {"pp/a/mod.py": "value = 1\n"}, "PYTHONPATH=pp/later:pp/a python3 -c 'import mod; print(mod.value)' >out/path",
     ("a module on PYTHONPATH", edit("pp/a/mod.py", "1", "2"), "pp/a/mod.py changed (+1 −1)"),
     ("a folder before it appears with the module", write("pp/later/mod.py", "value = 3\n"), "pp/later is new, path looked for it"),
     ("a folder before it appears without", write("pp/later/other.py", "value = 3\n"), "pp/later is new, path looked for it", Options(needless="a folder that was looked for")),
     ("a file at the top", write("notes.md", "n\n"), "notes.md is new, path listed its folder", Options(needless="a PYTHONPATH of the step's own: what the importer looks for is not told")))

kind(IMPORTS, "later", {"la/main.py": "import sys\nsys.path.insert(0, 'la/plugins')\ntry:\n\timport plug\n\tprint(plug.value)\nexcept ImportError:\n\tprint('none')\n"}, "python3 la/main.py >out/later",
     ("import from a folder that was not there", write("la/plugins/plug.py", "value = 1\n"), "la/plugins is new, later looked for it"),
     ("the module appears beside the script", write("la/plug.py", "value = 1\n"), "la/plug.py is new, later looked for it"))

kind(IMPORTS, "namespace", {"ns/main.py": "import space.one\nprint(space.one.value)\n", "ns/space/one.py": "value = 1\n"}, "python3 ns/main.py >out/namespace",
     ("a module of a namespace package", edit("ns/space/one.py", "1", "2"), "ns/space/one.py changed (+1 −1)"),
     ("it becomes a package", write("ns/space/__init__.py", "print('init')\n"), "ns/space/__init__.py is new, namespace looked for it"),
     ("a new module in it", write("ns/space/two.py", "value = 2\n"), None))

kind(IMPORTS, "as_module", {"am/__init__.py": "", "am/__main__.py": "from am import x\nprint(x.v)\n", "am/x.py": "v = 1\n"}, "python3 -m am >out/as_module",
     ("its main", append("am/__main__.py", "print(2)\n"), "am/__main__.py changed (+1 −0)"),
     ("its module", edit("am/x.py", "1", "2"), "am/x.py changed (+1 −1)"),
     ("a module at the top that nothing imports", write("other.py", "x = 1\n"), None),
     ("a module at the top that shadows", write("runpy.py", "raise SystemExit(0)\n"), None))

kind(READS, "open", {"po/main.py": "import json\ntry:\n\tprint(json.load(open('po/local.json')))\nexcept OSError:\n\tprint('defaults')\nprint(open('po/a.txt').read())\n", "po/a.txt": "a\n", "po/b.txt": "b\n"},
     "python3 po/main.py >out/open",
     ("a file", edit("po/a.txt", "a", "b"), "po/a.txt changed (+1 −1)"),
     ("an optional file appears", write("po/local.json", "{}\n"), "po/local.json is new, open looked for it"),
     ("a file that it does not open", edit("po/b.txt", "b", "c"), None))

kind(READS, "listdir", {"pl/a.txt": "a\n", "pl/b.txt": "b\n"}, "python3 -c 'import os; print(sorted(os.listdir(\"pl\")))' >out/listdir",
     ("a file appears", write("pl/c.txt", "c\n"), "pl/c.txt is new, listdir listed its folder"),
     ("content", edit("pl/a.txt", "a", "b"), None),
     ("a file goes", remove("pl/b.txt"), "pl/b.txt is gone, listdir listed its folder"))

kind(READS, "globbed", {"pg/a.csv": "1\n", "pg/b.csv": "2\n"}, "python3 -c 'import pathlib; print([p.read_text() for p in sorted(pathlib.Path(\"pg\").glob(\"*.csv\"))])' >out/globbed",
     ("a file appears", write("pg/c.csv", "3\n"), "pg/c.csv is new, globbed listed its folder"),
     ("a file is edited", edit("pg/b.csv", "2", "3"), "pg/b.csv changed (+1 −1)"))

kind(READS, "exists", {}, "python3 -c 'import os; print(os.path.exists(\"pe/flag\"))' >out/exists",
     ("the file appears", write("pe/flag", "x\n"), "pe is new, exists looked for it"),
     ("its folder appears", write("pe/other", "x\n"), "pe is new, exists looked for it", Options(needless="a folder on the way that was not there")))

kind(READS, "process", {"pr/child.py": "print(open('pr/in.txt').read())\n", "pr/in.txt": "i\n"},
     "python3 -c 'import subprocess, sys; print(subprocess.check_output([sys.executable, \"pr/child.py\"]))' >out/process",
     ("a file of a child", edit("pr/in.txt", "i", "j"), "pr/in.txt changed (+1 −1)"),
     ("the child's script", append("pr/child.py", "print(1)\n"), "pr/child.py changed (+1 −0)"))

kind(READS, "threads", {"th/a.txt": "a\n", "th/b.txt": "b\n"},
     "python3 -c 'import concurrent.futures as c; print(list(c.ThreadPoolExecutor(2).map(lambda n: open(n).read(), [\"th/a.txt\", \"th/b.txt\"])))' >out/threads",
     ("a file that a thread read", edit("th/b.txt", "b", "c"), "th/b.txt changed (+1 −1)"))

kind(READS, "exec", {"pe2/code.txt": "print(1)\n"}, "python3 -c 'exec(open(\"pe2/code.txt\").read())' >out/exec",
     ("code that is executed as text", edit("pe2/code.txt", "1", "2"), "pe2/code.txt changed (+1 −1)"))

kind(READS, "descriptor", {"fd/in.txt": "i\n", "fd/d/x.txt": "x\n"}, "python3 -c '\nimport os\nd = os.open(\"fd/d\", os.O_PATH)\nprint(os.read(os.open(\"x.txt\", os.O_RDONLY, dir_fd=d), 9), os.read(0, 9))' <fd/in.txt >out/descriptor",
     ("a file below an open folder", edit("fd/d/x.txt", "x", "y"), "fd/d/x.txt changed (+1 −1)"),
     ("a file handed over as standard input", edit("fd/in.txt", "i", "j"), "fd/in.txt changed (+1 −1)"))

TOKEN_FILES = {"main.py": "import used\n\n\ndef show(x):\n    # says it\n    print(x)\n\n\nshow(used.value)\n", "used.py": "value = 1\n", "read.py": "# a\nprint(1)\n"}
project("tokens", TOKEN_FILES, {"pipeline": "corpus", "steps": {
    "main": {"run": "python3 main.py >out.txt", "outputs": ["out.txt"], "reuse": {"python": "tokens"}},
    "plain": {"run": "python3 used.py >plain.txt", "outputs": ["plain.txt"]},
    "reads": {"run": "python3 read.py >reads.txt; wc -l read.py >>reads.txt", "outputs": ["reads.txt"], "reuse": {"python": "tokens"}}}})


def layout(name):
    return "~reuse: same as main@1 of run 1, %s differs in comments or layout only" % name


case("tokens: a comment", "tokens", edit("main.py", "# says it", "# tells it"), {"main": layout("main.py")})
case("tokens: blank lines", "tokens", edit("main.py", "\n\n\nshow", "\n\n\n\n\nshow"), {"main": layout("main.py")})
case("tokens: blanks within a line", "tokens", edit("main.py", "print(x)", "print( x )"), {"main": layout("main.py")})
case("tokens: a comment of a module", "tokens", append("used.py", "# end\n"), {"main": layout("used.py"), "plain": "used.py changed (+1 −0)"}, needless="a comment counts without tokens")
case("tokens: a number", "tokens", edit("used.py", "1", "2"), {"main": "used.py changed (+1 −1)", "plain": "used.py changed (+1 −1)"}, needless="the plain step prints nothing")
case("tokens: a docstring", "tokens", edit("main.py", "    # says it\n", "    'says it'\n"), {"main": "main.py changed (+1 −1)"}, needless="a string is a token")
case("tokens: an indent", "tokens", edit("main.py", "    print(x)\n", "    if x:\n        print(x)\n"), {"main": "main.py changed (+2 −1)"}, needless="other code")
case("tokens: another depth of indents", "tokens", edit("main.py", "    # says it\n    print", "  # says it\n  print"), {"main": layout("main.py")})
case("tokens: a #! line", "tokens", lambda p: p.put("main.py", "#!/usr/bin/env python3\n" + p.text("main.py")), {"main": "main.py changed (+1 −0)"}, needless="a #! line counts")
case("tokens: a coding cookie", "tokens", lambda p: p.put("main.py", "# -*- coding: utf-8 -*-\n" + p.text("main.py")), {"main": "main.py changed (+1 −0)"}, needless="a coding cookie counts")
case("tokens: a script that another program read", "tokens", edit("read.py", "# a", "# a\n# b"), {"reads": "read.py changed (+1 −0)"})
case("tokens: a mode", "tokens", mode("main.py", 0o755), {"main": "mode of main.py changed"}, needless="a mode counts")
case("tokens: it does not parse", "tokens", append("main.py", "(\n"), {"main": fails("main.py changed (+1 −0)")})
case("tokens: comment, then code, then back", "tokens", edit("main.py", "# says it", "# 1"), {"main": layout("main.py")}, edit("used.py", "1", "2"),
     {"main": "used.py changed (+1 −1)", "plain": "used.py changed (+1 −1)"}, edit("used.py", "2", "1"), {"main": layout("main.py")}, needless="the plain step prints nothing")
