"""How commands of a shell reach files: a step for each way, and what changes around it."""
from .ops import *

SHELL = "shell"        # plain reads, and names that are not there
PROGRAMS = "programs"  # scripts, children, listings
MOVED = "moved"        # links, moves, copies

kind(SHELL, "cat", {"cat/a.txt": "a\n", "cat/b.txt": "b\n"}, "cat cat/a.txt >out/cat",
     ("used file", edit("cat/a.txt", "a", "c"), "cat/a.txt changed (+1 −1)"),
     ("unused neighbour", edit("cat/b.txt", "b", "c"), None),
     ("new neighbour", write("cat/c.txt", "c\n"), None),
     ("neighbour goes", remove("cat/b.txt"), None),
     ("two lines more", append("cat/a.txt", "x\ny\n"), "cat/a.txt changed (+2 −0)"),
     ("same size and times", same_looks("cat/a.txt", "a", "z"), "cat/a.txt changed (+1 −1)"),
     ("only touched", touch("cat/a.txt"), None),
     ("edited and reverted", edit("cat/a.txt", "a", "c"), "cat/a.txt changed (+1 −1)", edit("cat/a.txt", "c", "a"), None),
     ("edited, reverted, edited again", edit("cat/a.txt", "a", "c"), "cat/a.txt changed (+1 −1)", edit("cat/a.txt", "c", "a"), None, edit("cat/a.txt", "a", "c"), None),
     ("a byte that is no text", write("cat/a.txt", b"\0\xff\n"), "~run: cat/a\\.txt changed.*"),
     ("becomes empty", write("cat/a.txt", ""), "cat/a.txt changed (+0 −1)"),
     ("is not there any more", remove("cat/a.txt"), {"cat": fails("cat/a.txt is gone")}),
     ("gone, then back", remove("cat/a.txt"), {"cat": fails("cat/a.txt is gone")}, write("cat/a.txt", "a\n"), None),
     ("is renamed", move("cat/a.txt", "cat/z.txt"), {"cat": fails("cat/a.txt is gone")}),
     ("becomes a folder", remove("cat/a.txt"), write("cat/a.txt/x", "x\n"), {"cat": fails("cat/a.txt is something else now (a file, a folder, a link)")}),
     ("becomes a link to the same", remove("cat/a.txt"), write("cat/real.txt", "a\n"), link("real.txt", "cat/a.txt"),
      "cat/a.txt is something else now (a file, a folder, a link)", Options(needless="a link where a file was")),
     ("its folder becomes a link", move("cat", "dog"), link("dog", "cat"), "cat is something else now (a file, a folder, a link)", Options(needless="a link where a folder was")))

kind(SHELL, "mode", {"mode/tool.sh": ("exec", "#!/bin/sh\necho tool\n"), "mode/plain.txt": "p\n"}, "if [ -x mode/tool.sh ]; then mode/tool.sh; else echo no; fi >out/mode; cat mode/plain.txt >>out/mode",
     ("loses its bit", mode("mode/tool.sh", 0o644), "mode of mode/tool.sh changed"),
     ("of a file that is only read", mode("mode/plain.txt", 0o755), "mode of mode/plain.txt changed", Options(needless="a mode counts")),
     ("bits that git does not know", mode("mode/plain.txt", 0o600), None),
     ("content and mode", edit("mode/tool.sh", "tool", "TOOL"), mode("mode/tool.sh", 0o644), "mode/tool.sh changed (+1 −1)"))

kind(SHELL, "test_x", {}, "if [ -x opt/tool ]; then opt/tool; else echo none; fi >out/test_x",
     ("the program appears", write("opt/tool", ("exec", "#!/bin/sh\necho yes\n")), "opt is new, test_x looked for it"),
     ("the folder appears without it", write("opt/other", "x\n"), "opt is new, test_x looked for it", Options(needless="a folder on the way that was not there")),
     ("it appears without its bit", write("opt/tool", "x\n"), "opt is new, test_x looked for it", Options(needless="a name that was looked for")),
     ("it appears and goes", write("opt/tool", ("exec", "#!/bin/sh\necho yes\n")), "opt is new, test_x looked for it", remove("opt"), None))

kind(SHELL, "test_f", {"conf/base": "base\n"}, "cat conf/base >out/test_f; if [ -f conf/local ]; then cat conf/local >>out/test_f; fi",
     ("an optional file appears", write("conf/local", "local\n"), "conf/local is new, test_f looked for it"),
     ("another file appears", write("conf/locals", "x\n"), None),
     ("a link to nothing appears", link("nothing", "conf/local"), "conf/local is new, test_f looked for it", Options(needless="a name that was looked for")),
     ("it appears, changes, goes", write("conf/local", "1\n"), "conf/local is new, test_f looked for it", write("conf/local", "2\n"), "conf/local changed (+1 −1)", remove("conf/local"), None),
     ("a folder of that name", write("conf/local/x", "x\n"), "conf/local is new, test_f looked for it", Options(needless="a name that was looked for")))

kind(SHELL, "test_d", {}, "if [ -d extra ]; then echo extra; else echo plain; fi >out/test_d",
     ("the folder appears", write("extra/x", "x\n"), "extra is new, test_d looked for it"),
     ("an empty folder appears", write("extra", None), None),
     ("a file of that name appears", write("extra", "x\n"), "extra is new, test_d looked for it", Options(needless="a name that was looked for")))

kind(PROGRAMS, "source", {"src/main.sh": ". src/lib.sh\nhello\n", "src/lib.sh": "hello() {\n\techo hello\n}\n", "src/unused.sh": "x\n"}, "sh src/main.sh >out/source",
     ("sourced file", edit("src/lib.sh", "echo hello", "echo hi"), "src/lib.sh changed (+1 −1)"),
     ("script", append("src/main.sh", "hello\n"), "src/main.sh changed (+1 −0)"),
     ("unused script", edit("src/unused.sh", "x", "y"), None),
     ("a comment", append("src/lib.sh", "# new\n"), "src/lib.sh changed (+1 −0)", Options(needless="a comment counts")))

kind(PROGRAMS, "heredoc", {"here/a.txt": "a\n"}, "cat >out/heredoc <<END\n$(cat here/a.txt)\nEND",
     ("file read within it", edit("here/a.txt", "a", "b"), "here/a.txt changed (+1 −1)"))

kind(PROGRAMS, "children", {"child/a.txt": "a\n", "child/run.sh": "sh -c \"sh -c 'cat child/a.txt'\"\n"}, "sh child/run.sh | cat >out/children",
     ("file of a grandchild", edit("child/a.txt", "a", "b"), "child/a.txt changed (+1 −1)"),
     ("script of a child", append("child/run.sh", "echo more\n"), "child/run.sh changed (+1 −0)"))

kind(PROGRAMS, "background", {"bg/a.txt": "a\n", "bg/b.txt": "b\n"}, "cat bg/a.txt >out/background & wait; (cat bg/b.txt >>out/background)",
     ("file of a background job", edit("bg/a.txt", "a", "b"), "bg/a.txt changed (+1 −1)"),
     ("file of a subshell", edit("bg/b.txt", "b", "c"), "bg/b.txt changed (+1 −1)"))

ALL = "the code changed, and all of it decides: a script was executed whose first line names a relative path"
kind("relative", "interpreter", {"interp/main": ("exec", "#!interp/middle\nmain\n"), "interp/middle": ("exec", "#!interp/last\nmiddle\n"),
                                 "interp/last": ("exec", "#!/bin/sh\necho last\ncat \"$@\"\n")}, "interp/main >out/interpreter",
     ("interpreter of the interpreter", edit("interp/last", "echo last", "echo first"), ALL),
     ("interpreter", edit("interp/middle", "middle", "center"), ALL),
     ("script", edit("interp/main", "main", "MAIN"), ALL),
     ("its mode", mode("interp/middle", 0o644), {"interpreter": fails(ALL)}),
     ("nothing changed", None),
     ("something else", write("x.txt", "x\n"), ALL, Options(needless="a #! line with a relative path: the whole tree decides")))

kind(PROGRAMS, "exec", {"ex/a.sh": ("exec", "#!/bin/sh\nexec ex/b.sh \"$@\"\n"), "ex/b.sh": ("exec", "#!/bin/sh\nexec cat ex/c.txt\n"), "ex/c.txt": "c\n"}, ["sh", "-c", "ex/a.sh >out/exec"],
     ("end of the chain", edit("ex/c.txt", "c", "d"), "ex/c.txt changed (+1 −1)"),
     ("middle of the chain", edit("ex/b.sh", "exec cat", "exec cat -n"), "ex/b.sh changed (+1 −1)"))

kind(PROGRAMS, "glob", {"glob/a.txt": "a\n", "glob/b.txt": "b\n", "glob/deep/x.txt": "x\n"}, "cat glob/*.txt >out/glob",
     ("a file appears", write("glob/c.txt", "c\n"), "glob/c.txt is new, glob listed its folder"),
     ("a file goes", remove("glob/b.txt"), "glob/b.txt is gone"),
     ("a file that it does not match", write("glob/c.md", "c\n"), "glob/c.md is new, glob listed its folder", Options(needless="a listed folder counts by its names")),
     ("a file deeper", write("glob/deep/y.txt", "y\n"), None),
     ("a file is edited", edit("glob/b.txt", "b", "c"), "glob/b.txt changed (+1 −1)"),
     ("a file is renamed", move("glob/b.txt", "glob/0.txt"), "glob/b.txt is gone"),
     ("a folder appears in it", write("glob/more/x", "x\n"), "glob/more is new, glob listed its folder", Options(needless="a listed folder counts by its names")),
     ("a file appears and goes", write("glob/c.txt", "c\n"), "glob/c.txt is new, glob listed its folder", remove("glob/c.txt"), None))

kind(PROGRAMS, "ls", {"ls/a": "1\n", "ls/b": "2\n"}, "ls ls >out/ls",
     ("a file appears", write("ls/c", "3\n"), "ls/c is new, ls listed its folder"),
     ("a file goes", remove("ls/b"), "ls/b is gone, ls listed its folder"),
     ("content of a listed file", edit("ls/a", "1", "7"), None),
     ("a file becomes a folder", remove("ls/b"), write("ls/b/x", "x\n"), "~run: ls/b is .*", Options(needless="another kind of name in a listed folder")))

kind(PROGRAMS, "cd", {"cd/sub/a.txt": "a\n", "cd/sub/b.txt": "b\n", "cd/c.txt": "c\n"}, "(cd cd/sub && cat a.txt ../c.txt) >out/cd",
     ("relative file", edit("cd/sub/a.txt", "a", "b"), "cd/sub/a.txt changed (+1 −1)"),
     ("file by way of the parent", edit("cd/c.txt", "c", "d"), "cd/c.txt changed (+1 −1)"),
     ("unused file there", edit("cd/sub/b.txt", "b", "c"), None))

kind(MOVED, "mv", {"mv/a.txt": "a\n", "mv/b.txt": "b\n"}, "mv mv/a.txt mv/c.txt; cat mv/c.txt >out/mv",
     ("moved file", edit("mv/a.txt", "a", "x"), "mv/a.txt changed (+1 −1)"),
     ("neighbour", edit("mv/b.txt", "b", "x"), None))

kind(MOVED, "mvdir", {"mvd/a/x.txt": "x\n", "mvd/a/deep/y.txt": "y\n"}, "mv mvd/a mvd/b; cat mvd/b/x.txt mvd/b/deep/y.txt >out/mvdir",
     ("file below a moved folder", edit("mvd/a/deep/y.txt", "y", "z"), "mvd/a/deep/y.txt changed (+1 −1)"))

kind(MOVED, "ln", {"ln/a.txt": "a\n", "ln/dir/b.txt": "b\n"}, "ln -s ../ln/a.txt tmp_link 2>/dev/null; ln -s ln tmp_dir; ln ln/a.txt tmp_hard; cat tmp_dir/dir/b.txt tmp_hard >out/ln",
     ("file by a link made in the step", edit("ln/dir/b.txt", "b", "c"), "ln/dir/b.txt changed (+1 −1)"),
     ("file by a hard link made in the step", edit("ln/a.txt", "a", "c"), "ln/a.txt changed (+1 −1)"))

kind(MOVED, "cp", {"cp/a.txt": "a\n", "cp/sub/b.txt": "b\n"}, "cp -r cp copied; cat copied/a.txt copied/sub/b.txt >out/cp; ls copied copied/sub >>out/cp",
     ("a file of a copied folder", edit("cp/sub/b.txt", "b", "c"), "cp/sub/b.txt changed (+1 −1)"),
     ("a file appears in it", write("cp/sub/c.txt", "c\n"), "cp/sub/c.txt is new, cp listed its folder"))

kind(MOVED, "tar", {"tar/a.txt": "a\n", "tar/sub/b.txt": "b\n"}, "mkdir untar; tar cf - tar | (cd untar && tar xf -); ls -R untar >out/tar; cat untar/tar/sub/* >>out/tar",
     ("a file of a packed folder", edit("tar/sub/b.txt", "b", "c"), "tar/sub/b.txt changed (+1 −1)"),
     ("a file appears in it", write("tar/c.txt", "c\n"), "tar/c.txt is new, tar listed its folder"))

kind(MOVED, "links", {"links/real/a.txt": "a\n", "links/other/a.txt": "other\n", "links/now": ("link", "real"), "links/file": ("link", "real/a.txt"), "links/again": ("link", "now/a.txt")},
     "cat links/now/a.txt links/file links/again >out/links",
     ("a link to a folder leads elsewhere", link("other", "links/now"), "link links/now leads elsewhere"),
     ("a link to a file leads elsewhere", link("other/a.txt", "links/file"), "link links/file leads elsewhere"),
     ("a link to a link leads elsewhere", link("other/a.txt", "links/again"), "link links/again leads elsewhere"),
     ("what they lead to", edit("links/real/a.txt", "a", "b"), "links/real/a.txt changed (+1 −1)"),
     ("what none leads to", edit("links/other/a.txt", "other", "b"), None),
     ("led elsewhere and back", link("other", "links/now"), "link links/now leads elsewhere", link("real", "links/now"), None),
     ("leads nowhere", link("gone", "links/now"), {"links": fails("link links/now leads elsewhere")}),
     ("another way to the same", link("../links/real/a.txt", "links/file"), "link links/file leads elsewhere", Options(needless="a link counts by its target")))

kind(MOVED, "readlink", {"rl/link": ("link", "here")}, "readlink rl/link >out/readlink",
     ("retargeted", link("there", "rl/link"), "link rl/link leads elsewhere"),
     ("its target appears", write("rl/here", "x\n"), None))

kind(MOVED, "dangling", {"dg/link": ("link", "later.txt")}, "cat dg/link >out/dangling 2>/dev/null || echo nothing >out/dangling",
     ("what a link leads to appears", write("dg/later.txt", "now\n"), "dg/later.txt is new, dangling looked for it"))

kind(SHELL, "stat", {"st/a.txt": "aaa\n", "st/b.txt": "b\n"}, "stat -c %s st/a.txt >out/stat",
     ("size", edit("st/a.txt", "aaa", "aa"), "st/a.txt changed (+1 −1)"),
     ("content of the same size", edit("st/a.txt", "aaa", "bbb"), "st/a.txt changed (+1 −1)", Options(needless="a file that was looked at counts by content")))

kind(SHELL, "git", {}, "git log --oneline >out/git 2>/dev/null || echo no repository >out/git",
     ("a new file", write("x.txt", "x\n"), None))

kind(SHELL, "mkdir", {}, "mkdir -p made/deep; echo x >made/deep/x; cat made/deep/x >out/mkdir",
     ("what the step makes is there already", write("made/deep/other", "x\n"), "made is new, mkdir looked for it", Options(needless="a name that was looked for")))

kind(SHELL, "overwrite", {"ow/notes.txt": "n\n", "ow/keep": "k\n"}, "echo new >ow/notes.txt; echo done >out/overwrite",
     ("a file that is only written", edit("ow/notes.txt", "n", "m"), None),
     ("a file that is only written goes", remove("ow/notes.txt"), None),
     ("a folder stands there", remove("ow/notes.txt"), write("ow/notes.txt/x", "x\n"), {"overwrite": fails("~run: ow/notes.txt .*")}))

kind(SHELL, "rewrite", {"rw/notes.txt": "n\n"}, "echo new >rw/notes.txt; cat rw/notes.txt >out/rewrite",
     ("a file that is written, then read", edit("rw/notes.txt", "n", "m"), "rw/notes.txt changed (+1 −1)", Options(needless="what is written over counts once it is read")))
