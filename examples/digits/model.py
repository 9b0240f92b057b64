"""The classifier, one epoch of its training, and its file: what the steps share."""
import json
import os

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

DIGITS = np.arange(10)
BATCH = 32


def new_model(lr, seed):
    return SGDClassifier(loss="log_loss", learning_rate="constant", eta0=lr, alpha=1e-5, random_state=seed)


def train_epoch(model, X, y, epoch, seed):
    """One pass over all rows in small batches. The order depends on seed and epoch alone,
    so that training from a checkpoint gives what training in one go gives."""
    order = np.random.default_rng([seed, epoch]).permutation(len(y))
    for start in range(0, len(y), BATCH):
        batch = order[start:start + BATCH]
        model.partial_fit(X[batch], y[batch], classes=DIGITS)


def loss_and_acc(model, X, y):
    return log_loss(y, model.predict_proba(X), labels=DIGITS), float(model.score(X, y))


def save_model(model, path):
    """What was learned, as plain arrays: the same numbers are the same bytes, however often
    training was interrupted."""
    np.savez(path, coef=model.coef_, intercept=model.intercept_)


def load_model(path):
    """A model that predicts."""
    model, learned = SGDClassifier(loss="log_loss"), np.load(path)
    model.classes_, model.coef_, model.intercept_ = DIGITS, learned["coef"], learned["intercept"]
    return model


def log_metrics(**values):
    with open(os.environ.get("JIG_METRICS", os.devnull), "a") as f:
        f.write(json.dumps(values) + "\n")
