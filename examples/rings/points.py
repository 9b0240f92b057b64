"""Points of three rings around the same middle, with noise: a training and a test set."""
import argparse
import csv
import math
import random

args = argparse.ArgumentParser()
args.add_argument("--seed", type=int)
args.add_argument("--points", type=int)
args = args.parse_args()

random.seed(args.seed)
rows = []
for i in range(args.points):
    ring, angle = i % 3, random.uniform(0, 2 * math.pi)
    far = 0.5 + 0.7 * ring + random.gauss(0, 0.2)
    rows.append((far * math.cos(angle), far * math.sin(angle), ring))
random.shuffle(rows)
cut = len(rows) * 3 // 4
for name, part in ("train", rows[:cut]), ("test", rows[cut:]):
    with open(f"data/{name}.csv", "w", newline="") as f:
        csv.writer(f).writerows(part)
    print(f"{name}: {len(part)} points")
