"""Trains epoch by epoch. Each ends with metrics and a checkpoint; if there are checkpoints, the newest is the start."""
import argparse
import glob
import os

import joblib
import numpy as np

from model import log_metrics, loss_and_acc, new_model, save_model, train_epoch

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--lr", type=float, required=True)
args = parser.parse_args()

data = np.load("data/digits.npz")
X, y = data["X_train"], data["y_train"]
os.makedirs("checkpoints", exist_ok=True)

first, model = 0, new_model(args.lr, args.seed)
found = sorted(glob.glob("checkpoints/epoch-*.joblib"))
if found:
    checkpoint = joblib.load(found[-1])
    first, model = checkpoint["epoch"] + 1, checkpoint["model"]
    print(f"going on from {found[-1]}")

for epoch in range(first, args.epochs):
    train_epoch(model, X, y, epoch, args.seed)
    loss, acc = loss_and_acc(model, X, y)
    log_metrics(step=epoch, loss=loss, acc=acc)
    print(f"epoch {epoch:3}  loss {loss:.4f}  acc {acc:.4f}")

    # Under another name first: a checkpoint is either whole or not there.
    joblib.dump({"epoch": epoch, "model": model}, "checkpoints/unfinished")
    os.replace("checkpoints/unfinished", f"checkpoints/epoch-{epoch:04}.joblib")

save_model(model, "model.npz")
