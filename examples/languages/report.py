"""Both results in one text, and as metrics."""
import json

with open("totals.tsv") as f:
    totals = [line.split("\t") for line in f.read().splitlines()[1:]]
with open("bootstrap.tsv") as f:
    boot = {k: float(v) for k, v in (line.split("\t") for line in f.read().splitlines())}

with open("report.txt", "w") as f:
    for group, count, mean in totals:
        f.write(f"group {group}: {count} rows, mean {float(mean):.1f}\n")
    f.write(f"all: mean {boot['mean']:.1f} ± {boot['sd']:.1f}\n")
with open("report.json", "w") as f:
    json.dump({"mean": boot["mean"], "sd": boot["sd"], "groups": {g: float(m) for g, _, m in totals}}, f)
print(open("report.txt").read(), end="")
