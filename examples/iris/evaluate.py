"""All models on the rows that none of them saw: accuracy of each, and who is mistaken for whom."""
import csv
import glob
import json
import os

from iris import accuracy, predict, read_rows

rows = read_rows("data/test.csv")
scores = {}
with open("report/confusion.csv", "w", newline="") as f:
    table = csv.writer(f)
    table.writerow(["model", "species", "predicted", "count"])
    for path in sorted(glob.glob("models/*.json")):
        name = os.path.splitext(os.path.basename(path))[0]
        with open(path) as m:
            model = json.load(m)
        scores[name] = {"test_acc": accuracy(model, rows)}
        counts = {}
        for x, y in rows:
            pair = (y, predict(model, x))
            counts[pair] = counts.get(pair, 0) + 1
        table.writerows([name, *pair, n] for pair, n in sorted(counts.items()))
        print(f"{name:10} accuracy on the {len(rows)} test rows {scores[name]['test_acc']:.3f}")

best = max(sorted(scores), key=lambda n: scores[n]["test_acc"])
with open("report/scores.json", "w") as f:
    json.dump({**scores, "best_acc": scores[best]["test_acc"]}, f)
print(f"best: {best}")
