"""Raw rows to a training and a test set: no repeated rows, the same share of each species in both."""
import argparse
import json
import random

from iris import read_rows, write_rows

args = argparse.ArgumentParser()
args.add_argument("--seed", type=int, required=True)
args.add_argument("--test-share", type=float, required=True)
args = args.parse_args()

raw = read_rows("data/iris.csv")
rows = []
for row in raw:
    if row not in rows:
        rows.append(row)

random.seed(args.seed)
train, test = [], []
for species in sorted({y for _, y in rows}):
    group = [r for r in rows if r[1] == species]
    random.shuffle(group)
    cut = round(len(group) * args.test_share)
    test += group[:cut]
    train += group[cut:]

write_rows("data/train.csv", train)
write_rows("data/test.csv", test)
with open("metrics/clean.json", "w") as f:
    json.dump({"rows": len(rows), "repeated": len(raw) - len(rows), "train": len(train), "test": len(test)}, f)
print(f"{len(raw)} rows, {len(raw) - len(rows)} repeated, {len(train)} for training, {len(test)} for the test")
