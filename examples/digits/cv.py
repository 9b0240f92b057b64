"""One fold of the cross-validation: trains on the others, and scores on this one. The test set is not touched."""
import argparse
import json
import sys

import numpy as np
from sklearn.model_selection import StratifiedKFold

from model import log_metrics, loss_and_acc, new_model, train_epoch

parser = argparse.ArgumentParser()
parser.add_argument("--fold", type=int, required=True)
parser.add_argument("--folds", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--lr", type=float, required=True)
args = parser.parse_args()
if args.fold >= args.folds:
    sys.exit(f"there is no fold {args.fold} of {args.folds}: shorten the matrix of cv in jig.yaml")

data = np.load("data/digits.npz")
X, y = data["X_train"], data["y_train"]
folds = StratifiedKFold(args.folds, shuffle=True, random_state=args.seed)
rest, held = list(folds.split(X, y))[args.fold]

model = new_model(args.lr, args.seed)
for epoch in range(args.epochs):
    train_epoch(model, X[rest], y[rest], epoch, args.seed)
    loss, acc = loss_and_acc(model, X[held], y[held])
    log_metrics(step=epoch, val_loss=loss, val_acc=acc)

with open(f"cv/{args.fold}.json", "w") as f:
    json.dump({"acc": acc, "loss": loss}, f)
print(f"fold {args.fold}: accuracy on {len(held)} held-back images {acc:.4f}")
