"""Trains with one of the schedules; every epoch ends with metrics and a checkpoint, and the newest of those is the start."""
import argparse
import importlib
import json
import os
import random
from pathlib import Path

import net

args = argparse.ArgumentParser()
args.add_argument("rate")
args.add_argument("--epochs", type=int)
args.add_argument("--hidden", type=int)
args = args.parse_args()

schedule = importlib.import_module(f"schedules.{args.rate}")
rows, folder = net.read("data/train.csv"), Path("checkpoints")
first, model = 0, net.make(args.hidden)
for saved in sorted(folder.glob("epoch-*.json"))[-1:]:
    first, model = json.loads(saved.read_text())
    print(f"going on from {saved.name}")

for epoch in range(first, args.epochs):
    rate = schedule.rate(epoch, args.epochs)
    # The order hangs on the epoch alone, so that training from a checkpoint gives what training in one go gives.
    order = random.Random(epoch).sample(rows, len(rows))
    told = [net.learn(model, x, ring, rate) for x, ring in order]
    loss, acc = sum(l for l, _ in told) / len(rows), sum(right for _, right in told) / len(rows)
    with open(os.environ["JIG_METRICS"], "a") as f:
        f.write(json.dumps({"step": epoch, "loss": loss, "acc": acc, "rate": rate}) + "\n")
    print(f"epoch {epoch:2}  rate {rate:.4f}  loss {loss:.4f}  acc {acc:.4f}", flush=True)
    new = folder / "new"
    new.write_text(json.dumps([epoch + 1, model]))
    new.rename(folder / f"epoch-{epoch:02}.json")

Path(f"models/{args.rate}.json").write_text(json.dumps(model))
