# "Five minutes of use" of README.md, word by word: its files are those that are fenced there, its commands the indented lines.
. "$TESTS/lib.sh"
needs python3

python3 - "$TESTS/../../README.md" <<'END'
import re, sys

text = open(sys.argv[1]).read()
part = text[text.index("## Five minutes of use"):text.index("## What is reused")]
names = re.findall(r"`([a-z]+\.(?:py|yaml))`[^`]*?:\n\n```", part)
bodies = re.findall(r"```(?:python|yaml)\n(.*?)```", part, re.S)
assert names == ["prepare.py", "train.py", "jig.yaml"] and len(bodies) == 3, names
for name, body in zip(names, bodies):
    open("../" + name, "w").write(body)
lines = re.findall(r"^    ((?:jig|mkdir|sed) .*)$", re.sub(r"```.*?```", "", part, flags=re.S), re.M)
first = lines.index("jig run")
open("../before", "w").write("\n".join(lines[:first + 1]) + "\n")
open("../after", "w").write("\n".join(lines[first + 1:]) + "\n")
END
set -x
. ../before
cp ../../prepare.py ../../train.py ../../jig.yaml .
expect 1 jig run
has "$out" 'train.py:4 KeyError'
. ../../after
[ -f best/model.json ]
expect 2 jig show 2
