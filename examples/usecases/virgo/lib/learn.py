"""Logistic regression by gradient descent, and a threshold that keeps false alarms rare on data not learned from.

usage: learn.py ALARMS_PER_HOUR WEIGHTS.json METRICS.json MAP.npz..."""
import json
import sys

import numpy as np

from score import alarms, scores


def descend(x, y, rounds=400, step=0.5, decay=1e-4):
    """Balanced cross entropy, momentum 0.9; gives weights, offset and the loss of each round."""
    weight = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    w, b, vw, vb, loss = np.zeros(x.shape[1]), 0.0, 0.0, 0.0, []
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(x @ w + b, -30, 30)))
        loss.append(float(-np.mean(weight * np.log(np.where(y, p, 1 - p) + 1e-12))))
        error = weight * (p - y)
        vw = 0.9 * vw - step * (x.T @ error / len(y) + decay * w)
        vb = 0.9 * vb - step * error.mean()
        w, b = w + vw, b + vb
    return w, b, loss


def main():
    wanted, weights_path, metrics_path, maps = float(sys.argv[1]), sys.argv[2], sys.argv[3], [np.load(p) for p in sys.argv[4:]]
    learn, test = [], []
    for m in maps:  # the first six tenths teach, the rest judges
        cut = int(0.6 * len(m["moments"]))
        learn.append((m["features"][:cut], m["label"][:cut], m["doubt"][:cut]))
        test.append(m)
    x = np.concatenate([l[0][~l[2]] for l in learn])
    y = np.concatenate([l[1][~l[2]] for l in learn])
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    w, b, loss = descend((x - mean) / spread, y)
    model = {"mean": mean.tolist(), "spread": spread.tolist(), "w": w.tolist(), "b": float(b), "loss": loss[::20]}

    curve, ratios = [], []
    for threshold in np.linspace(0, 20, 201):
        false = seen = there = 0
        hours = 0.0
        for m in test:
            start = m["moments"][int(0.6 * len(m["moments"]))]
            found, true = alarms(m["moments"], scores(model, m["features"]), threshold), m["times"]
            found, true = found[found > start], true[true > start]
            false += sum(np.min(np.abs(true - f), initial=np.inf) > 0.25 for f in found)
            seen += sum(np.min(np.abs(found - t), initial=np.inf) < 0.25 for t in true)
            there += len(true)
            hours += (m["moments"][-1] - start) / 3600
        curve.append((float(threshold), false / hours, seen / max(there, 1)))
    good = [c for c in curve if c[1] <= wanted] or [curve[-1]]
    model["threshold"], model["curve"] = good[0][0], curve
    with open(weights_path, "w") as file:
        json.dump(model, file)
    with open(metrics_path, "w") as file:
        json.dump({"false_alarms": round(good[0][1], 4), "efficiency": round(good[0][2], 4), "loss": round(loss[-1], 6),
                   "steadiness": round(min(loss) / loss[-1], 6)}, file)


main()
