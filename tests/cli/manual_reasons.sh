# Every reason that the planner can give for a step stands in jig-reuse(5), and none that it cannot give.
. "$TESTS/lib.sh"
needs python3

python3 - "$TESTS/../.." <<'END'
import glob, os, re, sys

top = sys.argv[1]
code = "".join(open(f, encoding="utf-8").read() for f in sorted(glob.glob(os.path.join(top, "runner", "plan", "plan*.c"))))
page = open(os.path.join(top, "man", "jig-reuse.5.in"), encoding="utf-8").read()
told = [t.replace("\\-", "-") for t in re.findall(r'^\.It Li "(.*)"$', page, re.M)]
told = [t for t in told if re.match(r"(run|reuse|unknown|skip): ", t)]
given = {t for t in re.findall(r'"((?:run|reuse|unknown|skip): [^"]+)"', code) if t != "run: %s"}
given |= {"run: " + t for t in re.findall(r'k->(?:never|text)[^;"]*"([^"]+)"', open(os.path.join(top, "runner", "plan", "step_key.c"), encoding="utf-8").read())}
assert len(given) > 30, given
forms = {t: re.compile(".*".join(re.escape(part) for part in re.split(r"%l*[sd]", t)) + ("" if not t.startswith("unknown: runs if") else ".* failed")) for t in given}
missing = [t for t, form in forms.items() if not any(form.fullmatch(x) for x in told)]
unknown = [x for x in told if not any(form.fullmatch(x) for form in forms.values())]
if missing or unknown:
    sys.exit(f"jig-reuse(5) does not tell of {missing}; it tells of {unknown}, which is never said")
END
