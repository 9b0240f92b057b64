"""A net of one hidden layer, in plain Python."""
import csv
import math
import random


def read(path):
    with open(path, newline="") as f:
        return [((float(x), float(y)), int(ring)) for x, y, ring in csv.reader(f)]


def make(hidden):
    draw = random.Random(1)
    return {"in": [[draw.gauss(0, 1) for _ in range(3)] for _ in range(hidden)],
            "out": [[draw.gauss(0, 0.3) for _ in range(hidden + 1)] for _ in range(3)]}


def forward(net, x):
    h = [math.tanh(a * x[0] + b * x[1] + c) for a, b, c in net["in"]] + [1.0]
    raw = [sum(w * v for w, v in zip(row, h)) for row in net["out"]]
    e = [math.exp(r - max(raw)) for r in raw]
    return h, [v / sum(e) for v in e]


def learn(net, x, ring, rate):
    """One step down the slope. Returns loss and whether the point was told right."""
    h, p = forward(net, x)
    slopes = [v - (k == ring) for k, v in enumerate(p)]
    for j, row in enumerate(net["in"]):
        back = (1 - h[j] ** 2) * sum(s * net["out"][k][j] for k, s in enumerate(slopes))
        for i, v in enumerate((x[0], x[1], 1.0)):
            row[i] -= rate * back * v
    for k, row in enumerate(net["out"]):
        for j, v in enumerate(h):
            row[j] -= rate * slopes[k] * v
    return -math.log(max(p[ring], 1e-12)), p[ring] == max(p)
