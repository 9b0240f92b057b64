"""Pipelines that are broken, huge, deep and bombs: FILE for each kind in the current folder; then each has to be refused
by `jig plan` with a place or a limit in the message, in no time and little memory.

JIG SANITIZED: a sanitized program is slower and larger by what it checks; then only the refusal is measured."""
import os, subprocess, sys

jig, sanitized = sys.argv[1], sys.argv[2] == "yes"
STEP = "steps:\n  a: {run: 'true'}\n"


def bomb(first, pair):
    lines, before = ["  a: &a " + first], "a"
    for c in "bcdefghijkl":
        lines.append("  %s: &%s %s" % (c, c, pair(before)))
        before = c
    return STEP + "params:\n" + "\n".join(lines) + "\n"


MB = 1 << 20
CASES = {
    "huge comment": (lambda: STEP + ("# " + "x" * 97 + "\n") * (64 * MB // 100), "larger than the 8 MiB"),
    "huge line": (lambda: "steps: {a: {run: '" + "x" * (64 * MB) + "'}}\n", "larger than the 8 MiB"),
    "flow lists": (lambda: STEP + "params: {x: " + "[" * 4000000 + "}\n", "more than 64 levels"),
    "flow maps": (lambda: STEP + "params: {x: " + "{a: " * 1000000, "more than 64 levels"),
    "closed lists": (lambda: STEP + "params: {x: " + "[" * 99999 + "]" * 99999 + "}\n", "more than 64 levels"),
    "block maps": (lambda: STEP + "params:\n" + "".join(" " * (i + 1) + "a:\n" for i in range(3500)), "more than 64 levels"),
    "block lists": (lambda: "- " * 4000000, "more than 64 levels"),
    "block keys": (lambda: STEP + "? " * 2000000, "more than 64 levels"),
    "bomb of lists": (lambda: bomb("[x,x,x,x,x,x,x,x,x]", lambda b: "[" + ",".join(["*" + b] * 9) + "]"), "aliases included"),
    "bomb of maps": (lambda: bomb("{x: 1}", lambda b: "{" + ",".join("k%d: *%s" % (i, b) for i in range(9)) + "}"), "aliases included"),
    "alias of itself": (lambda: STEP + "params: &p {x: *p}\n", "stands inside of what it names"),
    "items": (lambda: STEP + "params: {l: [" + "1," * 3900000 + "1]}\n", "more than 1,000,000 values"),
    "steps": (lambda: "steps:\n" + "".join("  s%d: {run: 'true'}\n" % i for i in range(300000)), "more than 1,000,000 values"),
    "matrix": (lambda: "steps:\n  a:\n    matrix: {" + ", ".join("k%d: [1,2,3,4,5,6,7,8,9,10]" % i for i in range(12))
               + "}\n    run: 'true'\n", "more than 100,000 steps"),
    "same key": (lambda: "steps:\n" + "  a: {run: x}\n" * 300000, "stands here twice"),
    "mistakes": (lambda: "steps:\n" + "".join("  s%d: {runn: 1}\n" % i for i in range(200000)), "has no \"run\""),
    "open quote": (lambda: "steps: {a: {run: 'x}}\n" + "x\n" * 1000000, "quoted scalar"),
    "tab": (lambda: "steps:\n\ta: 1\n", "a tab stands in the indentation"),
    "NUL": (lambda: "steps:\n  a: {run: \"x\\0y\"}\n", "a NUL byte"),
    "zeros": (lambda: "\0" * (8 * MB), "U+0000"),
    "not UTF-8": (lambda: b"steps:\n  a: {run: '\xff\xfe'}\n", ":2:"),
}

most_seconds = most_rss = 0
for name, (text, told) in CASES.items():
    # By a child: what this process once held would be counted as held by those it starts.
    maker = os.fork()
    if maker == 0:
        with open("case.yaml", "wb") as f:
            text = text()
            f.write(text if isinstance(text, bytes) else text.encode())
        os._exit(0)
    os.waitpid(maker, 0)
    child = subprocess.Popen([jig, "plan", "-f", "case.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # Of the processor: what else the machine does is no matter.
    seconds, rss = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    assert child.returncode == 2 and told in said, (name, child.returncode, said[:500])
    assert "case.yaml" in said and len(said) < 64000, (name, said[:500])
    if not sanitized:
        assert seconds <= 1 and rss <= 200, (name, seconds, rss)
    most_seconds, most_rss = max(most_seconds, seconds), max(most_rss, rss)
print("%d pipelines refused, the slowest in %.2f s, the largest with %.0f MB" % (len(CASES), most_seconds, most_rss))
