"""How other programs reach files."""
import shutil

from .ops import *

TOOLS = "tools"

kind(TOOLS, "awk", {"awk/p.awk": "{ print $1 }\nEND { while ((getline l < \"awk/more.txt\") > 0) print l }\n", "awk/in.txt": "a b\n", "awk/more.txt": "m\n"},
     "awk -f awk/p.awk awk/in.txt >out/awk",
     ("program", edit("awk/p.awk", "$1", "$2"), "awk/p.awk changed (+1 −1)"),
     ("file that the program opens", edit("awk/more.txt", "m", "n"), "awk/more.txt changed (+1 −1)"))

kind(TOOLS, "sed", {"sed/s.sed": "s/a/b/\n", "sed/in.txt": "a\n"}, "sed -f sed/s.sed <sed/in.txt >out/sed",
     ("script", edit("sed/s.sed", "s/a/b/", "s/a/c/"), "sed/s.sed changed (+1 −1)"),
     ("standard input", edit("sed/in.txt", "a", "aa"), "sed/in.txt changed (+1 −1)"))

kind(TOOLS, "grep", {"grep/a.txt": "x1\n", "grep/sub/b.txt": "x2\n"}, "grep -r x grep | sort >out/grep",
     ("a file below", edit("grep/sub/b.txt", "x2", "x3"), "grep/sub/b.txt changed (+1 −1)"),
     ("a file appears below", write("grep/sub/c.txt", "x4\n"), "grep/sub/c.txt is new, grep listed its folder"),
     ("a folder appears", write("grep/new/d.txt", "x5\n"), "grep/new is new, grep listed its folder"),
     ("a hidden file appears", write("grep/.hidden", "x6\n"), "grep/.hidden is new, grep listed its folder"))

kind(TOOLS, "xargs", {"xargs/list": "xargs/a\nxargs/b\n", "xargs/a": "a\n", "xargs/b": "b\n", "xargs/c": "c\n"}, "xargs cat <xargs/list >out/xargs",
     ("a file of the list", edit("xargs/b", "b", "x"), "xargs/b changed (+1 −1)"),
     ("the list", append("xargs/list", "xargs/c\n"), "xargs/list changed (+1 −0)"),
     ("a file that is not in it", edit("xargs/c", "c", "x"), None))

kind(TOOLS, "compare", {"cmp/a": "a\n", "cmp/b": "b\n"}, "cmp -s cmp/a cmp/b && echo same >out/compare || echo differ >out/compare",
     ("they become the same", edit("cmp/b", "b", "a"), "cmp/b changed (+1 −1)"),
     ("they differ in another way", edit("cmp/b", "b", "c"), "cmp/b changed (+1 −1)", Options(needless="the content counts, not what the step makes of it")))

kind(TOOLS, "environment", {"en/a.sh": "echo a\n"}, "env -i PATH=\"$PATH\" sh en/a.sh >out/environment",
     ("a script in an empty environment", edit("en/a.sh", "a", "b"), "en/a.sh changed (+1 −1)"))

MORE = "more"

kind(MORE, "which", {"wh/bin/base": ("exec", "#!/bin/sh\necho base\n")}, "PATH=wh/first:wh/bin:$PATH; base >out/which",
     ("a program that shadows", write("wh/first/base", ("exec", "#!/bin/sh\necho first\n")), "wh/first is new, which looked for it"),
     ("the program", edit("wh/bin/base", "base", "other"), "wh/bin/base changed (+1 −1)"),
     ("another program appears beside it", write("wh/bin/more", ("exec", "#!/bin/sh\n")), None))

kind(MORE, "output_only", {}, "printf '%s\\n' a b >out/output_only",
     ("nothing is read", write("anything.txt", "x\n"), None))

kind(MORE, "folder", {"fo/a.txt": "a\n"}, "mkdir -p res; cp fo/a.txt res/a.txt; cp fo/a.txt res/b.txt", outputs=["res/"],
     *[("a file of an output folder", edit("fo/a.txt", "a", "b"), "fo/a.txt changed (+1 −1)")])

kind(MORE, "hard", {"hard/a.txt": "a\n", "hard/b.txt": "b\n"}, "cat hard/a.txt >out/hard",
     ("a hard link to the same content", sh("ln hard/a.txt hard/c.txt"), None),
     ("replaced by a hard link to another", sh("ln -f hard/b.txt hard/a.txt"), "hard/a.txt changed (+1 −1)"),
     ("written through another name", sh("ln hard/a.txt hard/c.txt"), edit("hard/c.txt", "a", "z"), "hard/a.txt changed (+1 −1)"))

kind(MORE, "pycache", {"pc/a.txt": "a\n"}, "ls pc >out/pycache; cat pc/a.txt >>out/pycache",
     ("what a snapshot leaves out appears", write("pc/__pycache__/a.pyc", "x"), None),
     ("a cache folder appears", write("pc/.pytest_cache/x", "x"), None))

kind(MORE, "long", {"lo/" + "d" * 60 + "/" + "e" * 60 + "/a.txt": "a\n"}, "cat lo/*/*/a.txt >out/long",
     ("a long path", append("lo/" + "d" * 60 + "/" + "e" * 60 + "/a.txt", "b\n"), "lo/%s/%s/a.txt changed (+1 −0)" % ("d" * 60, "e" * 60)))

kind(MORE, "names", {"na/a b.txt": "a\n", "na/ü.txt": "u\n", "na/-x": "x\n", "na/q'\"q": "q\n"}, "cat na/*b.txt na/ü.txt ./na/-x na/q* >out/names",
     ("a name with a blank", edit("na/a b.txt", "a", "b"), "na/a b.txt changed (+1 −1)"),
     ("a name that is not ASCII", edit("na/ü.txt", "u", "b"), "na/ü.txt changed (+1 −1)"),
     ("a name that looks like an option", edit("na/-x", "x", "b"), "na/-x changed (+1 −1)"),
     ("a name with quotes", edit("na/q'\"q", "q", "b"), "na/q'\"q changed (+1 −1)"))

if shutil.which("busybox"):
    kind(MORE, "static", {"sta/a.txt": "a\n", "sta/b.txt": "b\n"}, "busybox cat sta/a.txt >out/static; busybox test -e sta/c.txt && echo c >>out/static || :",
         ("a file that a static program read", edit("sta/a.txt", "a", "b"), "sta/a.txt changed (+1 −1)"),
         ("a file that a static program looked for", write("sta/c.txt", "c\n"), "sta/c.txt is new, static looked for it"),
         ("a file that it did not read", edit("sta/b.txt", "b", "c"), None))

if shutil.which("perl"):
    kind(MORE, "perl", {"perl/main.pl": "use lib 'perl/lib'; use Mine; print Mine::value(), \"\\n\"; do './perl/opt.pl' if -e 'perl/opt.pl';\n",
                         "perl/lib/Mine.pm": "package Mine; sub value { 1 } 1;\n"}, "perl perl/main.pl >out/perl",
         ("a module", edit("perl/lib/Mine.pm", "{ 1 }", "{ 2 }"), "perl/lib/Mine.pm changed (+1 −1)"),
         ("an optional file appears", write("perl/opt.pl", "print 'opt';\n"), "perl/opt.pl is new, perl looked for it"),
         ("a module that shadows one of the system", write("perl/lib/strict.pm", "1;\n"), None))

if shutil.which("make"):
    kind(MORE, "make", {"mk/Makefile": "include mk/more.mk\nout/make: mk/in.txt\n\tcat mk/in.txt >out/make; echo $(WORD) >>out/make\n", "mk/more.mk": "WORD = w\n", "mk/in.txt": "i\n"},
         "make -s -B -f mk/Makefile out/make",
         ("included makefile", edit("mk/more.mk", "= w", "= v"), "mk/more.mk changed (+1 −1)"),
         ("prerequisite", edit("mk/in.txt", "i", "j"), "mk/in.txt changed (+1 −1)"))

if shutil.which("sqlite3"):
    kind(MORE, "sqlite", {"sq/q.sql": "create table t(x); insert into t values(1); select * from t;\n"}, "sqlite3 :memory: <sq/q.sql >out/sqlite",
         ("queries", edit("sq/q.sql", "values(1)", "values(2)"), "sq/q.sql changed (+1 −1)"))

# Steps that see the whole project: everything that appears makes them run, and they stand alone for that.
kind("wide", "below", {"sub/a.txt": "a\n", "sub/deep/b.txt": "b\n"}, "find sub -name '*.txt' | sort >out/below",
     ("a name appears deep", write("sub/deep/c.txt", "c\n"), {"below": "sub/deep/c.txt is new, below listed its folder", "find": "sub/deep/c.txt is new, find listed its folder"}),
     ("a name goes", remove("sub/a.txt"), {"below": "sub/a.txt is gone, below listed its folder", "find": "sub/a.txt is gone, find listed its folder"}),
     ("content", edit("sub/a.txt", "a", "b"), None))
kind("wide", "find", {"a.txt": "a\n"}, "find . -name '*.txt' -not -path './out/*' | sort >out/find",
     ("a name at the top", write("c.txt", "c\n"), {"find": "c.txt is new, find listed its folder", "below": "c.txt is new, below listed its folder"}, Options(needless="find opens the folder that it starts in")),
     ("content", edit("a.txt", "a", "b"), None),
     ("notes at the top", write("notes.md", "n\n"), {"find": "notes.md is new, find listed its folder", "below": "notes.md is new, below listed its folder"}, Options(needless="a listed folder counts by its names")))
