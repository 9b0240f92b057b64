"""What the steps share: rows of the data set, and the three models as plain objects."""
import csv
import math

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def read_rows(path):
    """A list of (measurements, species)."""
    with open(path, newline="") as f:
        return [([float(r[k]) for k in FEATURES], r["species"]) for r in csv.DictReader(f)]


def write_rows(path, rows):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(FEATURES + ["species"])
        w.writerows(x + [y] for x, y in rows)


def distance(a, b):
    return math.dist(a, b)


def predict(model, x):
    """The species that a trained model gives to four measurements."""
    kind = model["kind"]
    if kind == "centroid":
        return min(model["centroids"], key=lambda c: distance(model["centroids"][c], x))
    if kind == "knn":
        near = sorted(model["rows"], key=lambda r: distance(r[0], x))[: model["neighbours"]]
        votes = {}
        for _, species in near:
            votes[species] = votes.get(species, 0) + 1
        return max(sorted(votes), key=votes.get)
    scores = softmax_scores(model, x)
    return model["classes"][scores.index(max(scores))]


def softmax_scores(model, x):
    z = [(v - m) / s for v, m, s in zip(x, model["mean"], model["sd"])] + [1.0]
    raw = [sum(w * v for w, v in zip(row, z)) for row in model["weights"]]
    top = max(raw)
    e = [math.exp(r - top) for r in raw]
    return [v / sum(e) for v in e]


def accuracy(model, rows):
    return sum(predict(model, x) == y for x, y in rows) / len(rows)
