# "What is reused, and why" of README.md, word by word: its files are those that are fenced there, its commands the indented lines that begin with "$ ",
# and what stands below each of them is what it says.
. "$TESTS/lib.sh"
. "$TESTS/../lib/told.sh"
needs python3

python3 - "$TESTS/../../README.md" <<'PY'
import os, re, sys

text = open(sys.argv[1]).read()
part = text[text.index("## What is reused, and why"):text.index("## Which environment")]
files = re.findall(r"`([a-z/]+\.(?:py|yaml))`[^`]*?(?:`\$JIG_PARAMS`[^`]*?)?:\n\n```[a-z]+\n(.*?)```", part, re.S)
assert [name for name, _ in files] == ["lib/features.py", "prepare.py", "train.py", "jig.yaml"], [name for name, _ in files]
os.mkdir("lib")
for name, body in files:
    open(name, "w").write(body)
plain = re.sub(r"```.*?```", "", part, flags=re.S)
lines = re.findall(r"^    (.*)$", plain, re.M)[1:]
n = 0
for line in lines:
    if line.startswith("$ "):
        n += 1
        open(f"../{n:02}.command", "w").write(line[2:] + "\n")
        open(f"../{n:02}.told", "w").close()
    else:
        open(f"../{n:02}.told", "a").write(line + "\n")
assert n >= 10, n
PY
for command in ../*.command; do
	name=${command%.command}
	sh "$command" >"$name.said" 2>&1 || true # one of them fails
	told "$name.told" "$name.said"
done
finish
