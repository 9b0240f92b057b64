"""Mean and spread over the folds."""
import glob
import json

import numpy as np

folds = []
for path in sorted(glob.glob("cv/*.json")):
    with open(path) as f:
        folds.append(json.load(f))
acc = np.array([fold["acc"] for fold in folds])
summary = {"folds": len(folds), "acc_mean": acc.mean(), "acc_sd": acc.std(ddof=1),
           "loss_mean": np.mean([fold["loss"] for fold in folds])}
with open("report/cv.json", "w") as f:
    json.dump(summary, f)
print(f"{len(folds)} folds: accuracy {acc.mean():.4f}, standard deviation {acc.std(ddof=1):.4f}")
