"""Every model on the points that none of them saw."""
import json
from pathlib import Path

import net

rows, scores = net.read("data/test.csv"), {}
for path in sorted(Path("models").glob("*.json")):
    model = json.loads(path.read_text())
    right = 0
    for x, ring in rows:
        p = net.forward(model, x)[1]
        right += p[ring] == max(p)
    scores[path.stem] = right / len(rows)
    print(f"{path.stem:9} {right / len(rows):.3f}")
Path("scores.json").write_text(json.dumps({**scores, "best": max(scores.values())}))
