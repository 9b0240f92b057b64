"""docs/tour.md and the screens that a walk through it gave.

update DOC SCREENS: the screens take the places of those in the document.
compare DOC SCREENS NAME…: these screens say what the document shows, but for what differs each time: names of runs, times, sizes, digests, curves.
"""
import re
import sys

FENCE = re.compile(r"(<!-- screen (\w+) -->\n```text\n)(.*?)(```\n)", re.S)


def screen(folder, name):
    with open(f"{folder}/{name}") as f:
        lines = [line.rstrip() for line in f.read().split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def same_each_time(text):
    text = re.sub(r"[▁-█░▒▓⠀-⣿]+", " ", text)
    text = re.sub(r"\b[0-9a-f]{4}…", "HASH", text)
    text = re.sub(r"\b[a-z]+-[a-z]+\b", "NAME", text)
    text = re.sub(r"\b(now|\d+m)\b", "AGE", text)
    text = re.sub(r"\d[\d.:]*", "0", text)
    text = re.sub(r"\b(k|M)?B\b", "B", text)
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"[ ─]+", " ", line).strip()
        # Longer names of runs leave no place for the last column of the list.
        line = re.sub(r"\b0( 0)+", "0", re.sub(r"^(# state .*) best$", r"\1", line))
        # Older Pythons point at no place in the line.
        if not re.search(r"[\w?]", line) or re.search(r"[~^]{4}", line) or lines[-1:] == [line]:
            continue
        lines.append(line)
    return lines


def main():
    what, doc, folder, *names = sys.argv[1:]
    with open(doc) as f:
        text = f.read()
    if what == "update":
        text = FENCE.sub(lambda m: m[1] + screen(folder, m[2]) + m[4], text)
        with open(doc, "w") as f:
            f.write(text)
        return
    shown = {m[2]: m[3] for m in FENCE.finditer(text)}
    for name in names:
        want, have = same_each_time(shown[name]), same_each_time(screen(folder, name))
        if want != have:
            print(f"screen {name} of {doc} is another one now (UPDATE=1 makes all anew):")
            print("\n".join(f"- {line}" for line in want if line not in have))
            print("\n".join(f"+ {line}" for line in have if line not in want))
            print(screen(folder, name))
            sys.exit(1)


main()
