"""The 1,797 images of 8 by 8 pixels that come with scikit-learn, split into a training and a test set."""
import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--test-share", type=float, required=True)
args = parser.parse_args()

X, y = load_digits(return_X_y=True)
X = X / 16.0  # pixels are 0 to 16
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=args.test_share, random_state=args.seed, stratify=y)

np.savez("data/digits.npz", X_train=X_train, X_test=X_test, y_train=y_train, y_test=y_test)
print(f"{len(y)} images: {len(y_train)} for training, {len(y_test)} for the test")
