"""Params, commands, inputs, outputs, matrices, order, variables: what stands in jig.yaml or around it."""
from .ops import *

PIPE = "pipe"
project(PIPE, {
    "data/raw.csv": "3\n1\n2\n", "data/other.csv": "9\n", "prep.sh": ". ./lib.sh\nscale \"$1\" <data/raw.csv >data/clean.csv\n",
    "lib.sh": "scale() {\n\tsort | awk -v f=\"$1\" '{ print $1 * f }'\n}\n",
    "train.py": "import json, sys\nfrom lib import features\nmodel, lr = sys.argv[1], float(sys.argv[2])\nrows = features.rows('data/clean.csv')\nprint(model, sum(rows) * lr)\n",
    "lib/__init__.py": "", "lib/features.py": "def rows(path):\n    return [float(x) for x in open(path)]\n", "lib/unused.py": "x = 1\n",
    "summary.sh": "cat models/*.txt\n", "notes.md": "notes\n",
}, {"pipeline": "corpus", "params": {"scale": 2, "train": {"lr": 0.5, "depth": 3}, "title": "Report", "unused": 1},
    "steps": {
        "clean": {"inputs": ["data/raw.csv"], "run": "sh prep.sh ${params.scale}", "outputs": ["data/clean.csv"]},
        "count": {"inputs": ["data/clean.csv"], "run": "wc -l <data/clean.csv >count.txt", "outputs": ["count.txt"]},
        "train": {"matrix": {"model": ["a", "b"]}, "inputs": ["data/clean.csv"], "run": "python3 train.py ${matrix.model} ${params.train.lr} >models/${matrix.model}.txt",
                  "outputs": ["models/${matrix.model}.txt"]},
        "sum": {"inputs": ["models/*.txt"], "run": "sh summary.sh >sum.txt", "outputs": ["sum.txt"]},
        "report": {"inputs": ["sum.txt", "count.txt"], "run": "echo ${params.title} >report.txt; cat sum.txt count.txt >>report.txt", "outputs": ["report.txt"]}}})


def pipe_case(name, *parts, **keys):
    case(name, PIPE, *parts, **keys)


def trains(reason, **more):
    return dict({"train[a]": reason, "train[b]": reason}, **more)


BY_CLEAN = changed("data/clean.csv", "clean")
BY_SUM = {"sum": "~run: input models/[ab].txt changed \\(train\\[[ab]\\] ran again\\)", "report": changed("sum.txt", "sum")}
ALL_OF_CLEAN = dict(trains(BY_CLEAN), **BY_SUM)

# Code of a pipeline.
pipe_case("nothing changed", {})
pipe_case("nothing changed, thrice", {}, {}, {})
pipe_case("a module of the training", edit("lib/features.py", "float(x)", "float(x) + 1"), trains("lib/features.py changed (+1 −1)", **BY_SUM))
pipe_case("a module that nothing imports", edit("lib/unused.py", "1", "2"), {})
pipe_case("notes", edit("notes.md", "notes", "more"), {})
pipe_case("a library of the first step", edit("lib.sh", "* f", "* f * 2"), dict(ALL_OF_CLEAN, clean="lib.sh changed (+1 −1)", count=BY_CLEAN), needless="as many lines as before")
pipe_case("a comment in the first step: cut off there", append("lib.sh", "# more\n"), {"clean": "lib.sh changed (+1 −0)"}, needless="a comment counts, and ends there")
pipe_case("a new script and notes beside the others", write("train2.py", "x\n"), write("todo.md", "x\n"), write("lib/new.py", "x\n"), {})
pipe_case("failed, then mended", edit("summary.sh", "cat", "caat"), {"sum": fails("summary.sh changed (+1 −1)"), "report": upstream()}, edit("summary.sh", "caat", "cat"), {})
pipe_case("failed, then mended in another way", edit("summary.sh", "cat", "caat"), {"sum": fails("summary.sh changed (+1 −1)"), "report": upstream()},
          edit("summary.sh", "caat", "sort"), {"sum": "summary.sh changed (+1 −1)"}, needless="sorted it is the same")
pipe_case("failed twice for one reason", edit("summary.sh", "cat", "caat"), {"sum": fails("summary.sh changed (+1 −1)"), "report": upstream()},
          {"sum": fails("summary.sh changed (+1 −1)"), "report": upstream()})
pipe_case("the training edited and reverted", edit("train.py", "* lr", "/ lr"), trains("train.py changed (+1 −1)", **BY_SUM), edit("train.py", "/ lr", "* lr"), {})

# Inputs.
pipe_case("an input", append("data/raw.csv", "4\n"), dict(ALL_OF_CLEAN, clean=changed("data/raw.csv"), count=BY_CLEAN, report="~run: input (sum|count).txt changed.*"))
pipe_case("an input of the same size and times", same_looks("data/raw.csv", "3", "8"), dict(ALL_OF_CLEAN, clean=changed("data/raw.csv"), count=BY_CLEAN), needless="as many lines as before")
pipe_case("an input touched", touch("data/raw.csv"), {})
pipe_case("an input with other order, the same when sorted", write("data/raw.csv", "1\n2\n3\n"), {"clean": changed("data/raw.csv")}, needless="the digest counts, and it ends there")
pipe_case("an input edited and reverted", append("data/raw.csv", "4\n"), dict(ALL_OF_CLEAN, clean=changed("data/raw.csv"), count=BY_CLEAN, report="~run: input (sum|count).txt changed.*"),
          write("data/raw.csv", "3\n1\n2\n"), {})
pipe_case("an input's mode", mode("data/raw.csv", 0o755), {"clean": changed("data/raw.csv")}, needless="a mode counts")
pipe_case("an input as a link to the same", remove("data/raw.csv"), write("store/raw.csv", "3\n1\n2\n"), link("../store/raw.csv", "data/raw.csv"), {})
pipe_case("an input replaced by a hard link to the same", sh("cp data/raw.csv raw2; ln -f raw2 data/raw.csv"), {})
pipe_case("a neighbour of an input", edit("data/other.csv", "9", "8"), {})
pipe_case("one more input that is not read", step("clean", inputs=["data/raw.csv", "data/other.csv"]), {"clean": "~run: input data/other.csv .*"}, needless="declared inputs count")
pipe_case("inputs in another order", step("report", inputs=["count.txt", "sum.txt"]), {})
pipe_case("an input dropped that is there all the same", step("clean", inputs=None), {"clean": "~run: .*"}, needless="declared inputs count")

# Params.
pipe_case("a param that nobody uses", params(unused=2), {})
pipe_case("a param of one command", params(train__lr=0.25), trains("param train.lr 0.5 → 0.25", **BY_SUM))
pipe_case("a param of the first step", params(scale=3), dict(ALL_OF_CLEAN, clean="param scale 2 → 3", count=BY_CLEAN), needless="as many lines as before")
pipe_case("a param to and fro", params(train__lr=0.25), trains("param train.lr 0.5 → 0.25", **BY_SUM), no_params(), {}, params(train__lr=0.25), {})
pipe_case("a param's default", default("train.lr", 0.75), trains("param train.lr 0.5 → 0.75", **BY_SUM))
pipe_case("a param's default, and the old value by -p", default("train.lr", 0.75), params(train__lr=0.5), {})
pipe_case("a param that nobody uses is new", default("more", 1), {})
pipe_case("a param that nobody uses is gone", default("unused", None), {})
pipe_case("a number of another look", default("train.lr", 0.50), {})
pipe_case("a number becomes a text", default("scale", "2"), {"clean": "~run: param scale .*"}, needless="another type of value")
pipe_case("a text param", params(title="Other"), {"report": "param title Report → Other"})
pipe_case("a text param with quotes and blanks", params(title="It's \"x\" $HOME"), {"report": "param title Report → It's \"x\" $HOME"})

# Commands.
pipe_case("white space in a command", step("count", run="wc  -l <data/clean.csv >count.txt"), {"count": COMMAND}, needless="the command counts as it is written")
pipe_case("a command", step("count", run="wc -w <data/clean.csv >count.txt"), {"count": COMMAND}, needless="as many words as lines")
pipe_case("a command to and fro", step("count", run="wc -c <data/clean.csv >count.txt"), {"count": COMMAND, "report": changed("count.txt", "count")},
          step("count", run="wc -l <data/clean.csv >count.txt"), {})
pipe_case("a param becomes its value", step("clean", run="sh prep.sh 2"), {"clean": "~run: (param scale is gone.*|command changed)"}, needless="the params that a command names count")
pipe_case("the text becomes a list", step("sum", run=["sh", "-euc", "sh summary.sh >sum.txt"]), {"sum": COMMAND}, needless="without a shell it is another command")
pipe_case("a command that fails, then the old one", step("sum", run="false"), {"sum": fails(COMMAND), "report": upstream()}, step("sum", run="sh summary.sh >sum.txt"), {})

# Outputs.
pipe_case("an output moved", step("count", run="wc -l <data/clean.csv >n.txt", outputs=["n.txt"]), step("report", inputs=["sum.txt", "n.txt"], run="echo ${params.title} >report.txt; cat sum.txt n.txt >>report.txt"),
          {"count": COMMAND, "report": COMMAND}, needless="the report holds the same")
pipe_case("one more output", step("count", run="wc -l <data/clean.csv >count.txt; touch n.txt"), {"count": COMMAND}, step("count", outputs=["count.txt", "n.txt"]), {"count": "outputs moved"}, needless="the first output is the same")
pipe_case("an output becomes a metric", step("count", run="wc -l <data/clean.csv >count.txt; echo '{\"n\": 1}' >n.json", outputs=["count.txt"], metrics=["n.json"]), {"count": COMMAND})
pipe_case("what was an output is a metrics file", step("count", run="wc -l <data/clean.csv >count.txt; echo '{\"n\": 1}' >n.json", outputs=["count.txt", "n.json"]), {"count": COMMAND}, step("count", outputs=["count.txt"], metrics=["n.json"]), {"count": "outputs moved"}, needless="the files are the same, but their values are to be recorded")
pipe_case("an output of the working tree", write("count.txt", "77\n"), {})

# The matrix.
pipe_case("a matrix item more", step("train", matrix={"model": ["a", "b", "c"]}), {"train[c]": NEVER, "sum": "input models/c.txt changed (train[c] ran again)", "report": changed("sum.txt", "sum")})
pipe_case("a matrix item less", step("train", matrix={"model": ["a"]}), {"sum": "~run: input models/b.txt .*", "report": changed("sum.txt", "sum")})
pipe_case("matrix items in another order", step("train", matrix={"model": ["b", "a"]}), {})
pipe_case("a matrix item less and back", step("train", matrix={"model": ["b"]}), {"sum": "~run: input models/a.txt .*", "report": changed("sum.txt", "sum")}, step("train", matrix={"model": ["a", "b"]}), {})
pipe_case("a key more in the matrix", step("train", matrix={"model": ["a", "b"], "size": [1]}), {"train[a,1]": "~run: .*", "train[b,1]": "~run: .*"})

# The graph.
pipe_case("a step is renamed", rename("count", "lines"), {"lines": "reuse: same as count@1 of run 1"})
pipe_case("a matrix is renamed", rename("train", "fit"), {"fit[a]": "reuse: same as train[a]@1 of run 1", "fit[b]": "reuse: same as train[b]@1 of run 1"})
pipe_case("a step is renamed, and its code changes", rename("sum", "total"), edit("summary.sh", "cat", "cat -n"), {"total": "summary.sh changed (+1 −1)", "report": changed("sum.txt", "total")})
pipe_case("renamed to and fro", rename("count", "lines"), {"lines": "reuse: same as count@1 of run 1"}, rename("lines", "count"), {"count": "reuse: same as count@1 of run 1"})
pipe_case("two steps swap their names", rename("count", "x"), rename("sum", "count"), rename("x", "sum"), {"count": "reuse: same as sum@1 of run 1", "sum": "reuse: same as count@1 of run 1"})
pipe_case("a step is inserted", add("sort", inputs=["data/clean.csv"], run="sort -n data/clean.csv >data/sorted.csv", outputs=["data/sorted.csv"]), {"sort": NEVER})
pipe_case("a step is inserted between two", add("sort", inputs=["data/clean.csv"], run="cat data/clean.csv data/clean.csv >data/sorted.csv", outputs=["data/sorted.csv"]),
          step("count", inputs=["data/sorted.csv"], run="wc -l <data/sorted.csv >count.txt"), {"sort": NEVER, "count": COMMAND, "report": changed("count.txt", "count")})
pipe_case("a step is removed", drop("report"), {})
pipe_case("a step is removed and comes back", drop("report"), {}, add("report", inputs=["sum.txt", "count.txt"], run="echo ${params.title} >report.txt; cat sum.txt count.txt >>report.txt", outputs=["report.txt"]), {})
pipe_case("a step is split", step("report", inputs=["sum.txt"], run="echo ${params.title} >report.txt; cat sum.txt >>report.txt"),
          add("tail", inputs=["report.txt", "count.txt"], run="cat report.txt count.txt >all.txt", outputs=["all.txt"]), {"report": COMMAND, "tail": NEVER})
pipe_case("two steps become one", drop("count"), step("report", inputs=["sum.txt", "data/clean.csv"], run="echo ${params.title} >report.txt; cat sum.txt >>report.txt; wc -l <data/clean.csv >>report.txt"),
          {"report": COMMAND}, needless="the report holds the same")
pipe_case("an order without data", step("count", needs=["train"]), {})
pipe_case("only some steps", args("count"), {"clean": None, "count": None})

# Looks, and what decides nothing.
pipe_case("comments in jig.yaml", style("comments"), {})
pipe_case("keys and steps in another order", style("reversed"), {})
pipe_case("jig.yaml in blocks", style("block"), {})
pipe_case("the pipeline's name", top(pipeline="other"), {})
pipe_case("retry, timeout, resources", step("train", retry=3, timeout="2h", resources={"cpu": 1}), {})
pipe_case("keep and log_limit", step("clean", keep="always", log_limit="1M"), {})
pipe_case("tags", args("--tag", "a=b"), {})
pipe_case("jobs", args("-j", "1"), {})
pipe_case("the checkpoints folder", step("clean", checkpoints="ckpt/"), {})

# Asked for.
pipe_case("--force", args("--force", "count"), {"count": ASKED}, needless="asked for")
pipe_case("--fresh", args("--fresh"), {"clean": ASKED, "count": ASKED, "train[a]": ASKED, "train[b]": ASKED, "sum": ASKED, "report": ASKED}, needless="asked for")
pipe_case("--from", args("--from", "sum"), {"sum": ASKED, "report": ASKED}, needless="asked for")
pipe_case("cache: false", step("count", cache=False), {"count": "cache is false"}, {"count": "cache is false"}, needless="cache is false")
pipe_case("cache: false and back", step("count", cache=False), {"count": "cache is false"}, step("count", cache=None), {}, needless="cache is false")

# Variables.
pipe_case("TZ", env(TZ="Asia/Tokyo"), {s: "variable TZ changed" for s in ("clean", "count", "train[a]", "train[b]", "sum", "report")}, needless="it decides by its value")
pipe_case("TZ to and fro", env(TZ="Asia/Tokyo"), {s: "variable TZ changed" for s in ("clean", "count", "train[a]", "train[b]", "sum", "report")}, no_env(), {}, needless="it decides by its value")
pipe_case("a variable that is not handed on", env(COLOUR="red"), {})
pipe_case("a variable of the terminal", env(TERM="dumb"), {})
pipe_case("a variable for threads", env(OMP_NUM_THREADS="2"), {s: "variable OMP_NUM_THREADS changed" for s in ("clean", "count", "train[a]", "train[b]", "sum", "report")}, needless="it decides by its value")
pipe_case("pass_env", step("count", pass_env=["COLOUR"], run="wc -l <data/clean.csv >count.txt; echo ${COLOUR:-none} >>count.txt"), {"count": COMMAND, "report": changed("count.txt", "count")},
          env(COLOUR="red"), {"count": "variable COLOUR changed", "report": changed("count.txt", "count")}, env(COLOUR="blue"), {"count": "variable COLOUR changed", "report": changed("count.txt", "count")},
          env(COLOUR="red"), {})

# The store and the record.
pipe_case("the objects of outputs are gone", sh("find .jig/objects -type f -exec rm -f {} +"),
          {"clean": "what clean@1 of run 1 gave is no longer in the store", "count": "what count@1 of run 1 gave is no longer in the store",
           "train[a]": "what train[a]@1 of run 1 gave is no longer in the store", "train[b]": "what train[b]@1 of run 1 gave is no longer in the store",
           "sum": "what sum@1 of run 1 gave is no longer in the store", "report": "what report@1 of run 1 gave is no longer in the store"}, needless="what they gave was gone")
pipe_case("the run was removed", jig("rm", "1"), {s: NEVER for s in ("clean", "count", "train[a]", "train[b]", "sum", "report")}, needless="the run was removed")
pipe_case("a later run that borrows is kept", {}, jig("rm", "1"), {})
pipe_case("the later run is removed", {}, jig("rm", "2"), {})
pipe_case("gc keeps what is reused", {}, jig("gc"), {})
pipe_case("gc after the first run was removed", {}, jig("rm", "1"), jig("gc"), {})

# Sandboxed.
for name, *parts in [
        ("nothing", {}),
        ("a module", edit("lib/features.py", "float(x)", "float(x) + 1"), trains("lib/features.py changed (+1 −1)", **BY_SUM)),
        ("a module that nothing imports", edit("lib/unused.py", "1", "2"), write("lib/new.py", "x\n"), {}),
        ("a param", params(title="Other"), {"report": "param title Report → Other"}),
        ("an input", same_looks("data/raw.csv", "3", "8"), dict(ALL_OF_CLEAN, clean=changed("data/raw.csv"), count=BY_CLEAN, report=changed("sum.txt", "sum"))),
        ("failed, then mended", edit("summary.sh", "cat", "caat"), {"sum": fails("summary.sh changed (+1 −1)"), "report": upstream()}, edit("summary.sh", "caat", "cat"), {})]:
    case("sandbox: " + name, PIPE, *parts, sandbox=True, needless="as many lines as before" if name == "an input" else None)
