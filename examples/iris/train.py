"""One model of three. Metrics of each epoch go to $JIG_METRICS as they come."""
import json
import math
import os
import random
import sys

from iris import FEATURES, accuracy, read_rows, softmax_scores


def centroid(rows, params):
    centroids = {}
    for species in sorted({y for _, y in rows}):
        group = [x for x, y in rows if y == species]
        centroids[species] = [sum(col) / len(group) for col in zip(*group)]
    return {"kind": "centroid", "centroids": centroids}


def knn(rows, params):
    return {"kind": "knn", "neighbours": params["neighbours"], "rows": rows}


def softmax(rows, params):
    """Multinomial logistic regression by stochastic gradient descent."""
    classes = sorted({y for _, y in rows})
    columns = list(zip(*(x for x, _ in rows)))
    mean = [sum(c) / len(c) for c in columns]
    sd = [math.sqrt(sum((v - m) ** 2 for v in c) / len(c)) for c, m in zip(columns, mean)]
    model = {"kind": "softmax", "classes": classes, "mean": mean, "sd": sd,
             "weights": [[0.0] * (len(FEATURES) + 1) for _ in classes]}
    order = list(rows)
    for epoch in range(params["softmax"]["epochs"]):
        random.shuffle(order)
        loss = 0.0
        for x, y in order:
            p = softmax_scores(model, x)
            z = [(v - m) / s for v, m, s in zip(x, mean, sd)] + [1.0]
            loss -= math.log(max(p[classes.index(y)], 1e-12))
            for k, row in enumerate(model["weights"]):
                error = p[k] - (classes[k] == y)
                for i, v in enumerate(z):
                    row[i] -= params["softmax"]["lr"] * error * v
        log_metrics(step=epoch, loss=loss / len(rows), acc=accuracy(model, rows))
    return model


def log_metrics(**values):
    with open(os.environ["JIG_METRICS"], "a") as f:
        f.write(json.dumps(values) + "\n")


kind = sys.argv[1]
with open(os.environ["JIG_PARAMS"]) as f:
    params = json.load(f)["params"]
random.seed(params["seed"])
rows = read_rows("data/train.csv")
model = {"centroid": centroid, "knn": knn, "softmax": softmax}[kind](rows, params)
if kind != "softmax":
    log_metrics(acc=accuracy(model, rows))
with open(f"models/{kind}.json", "w") as f:
    json.dump(model, f)
print(f"{kind}: accuracy on the {len(rows)} training rows {accuracy(model, rows):.3f}")
