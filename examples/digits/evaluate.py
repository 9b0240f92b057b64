"""The model on the test set: its scores, and which digit is taken for which, as a table and as a picture."""
import csv
import json

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from model import DIGITS, load_model, loss_and_acc
from png import write_png

CELL = 32  # pixels

data = np.load("data/digits.npz")
X, y = data["X_test"], data["y_test"]
model = load_model("model.npz")
predicted = model.predict(X)
loss, acc = loss_and_acc(model, X, y)
counts = confusion_matrix(y, predicted, labels=DIGITS)

with open("report/confusion.csv", "w", newline="") as f:
    table = csv.writer(f)
    table.writerow(["digit", *(f"as_{d}" for d in DIGITS)])
    table.writerows([d, *row] for d, row in zip(DIGITS, counts))

# A row for each digit, a column for each prediction: right ones green, wrong ones red, the more the darker.
share = counts / counts.sum(axis=1, keepdims=True)
right, wrong = np.array([0, 109, 44]), np.array([203, 24, 29])
colour = np.where(np.eye(10, dtype=bool)[..., None], right, wrong)
strength = np.where(np.eye(10, dtype=bool), share, np.sqrt(share))[..., None]  # a few mistakes must be seen
cells = np.rint(255 + (colour - 255) * strength).astype(np.uint8)
write_png("report/confusion.png", cells.repeat(CELL, axis=0).repeat(CELL, axis=1))

with open("report/scores.json", "w") as f:
    json.dump({"acc": acc, "loss": loss, "f1_macro": f1_score(y, predicted, average="macro")}, f)
worst = DIGITS[share.diagonal().argmin()]
print(f"accuracy on the {len(y)} test images {acc:.4f}; hardest digit {worst}")
