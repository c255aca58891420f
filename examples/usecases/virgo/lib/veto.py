"""Applies a detector: a list of vetoes by time, and the strain with the vetoed moments gated by smooth windows.

usage: veto.py MAP.npz WEIGHTS.json VETOES.csv CLEAN.npz METRICS.json"""
import json
import sys

import numpy as np

from score import alarms, scores

HALF = 0.15  # seconds on each side


def kurtosis(x):
    """Above that of a Gaussian."""
    return float(np.mean((x / x.std()) ** 4) - 3)


def main():
    data, model = np.load(sys.argv[1]), json.load(open(sys.argv[2]))
    rate, score = int(data["rate"]), scores(model, data["features"])
    found = alarms(data["moments"], score, model["threshold"])
    strain, t = data["strain"].astype(float), np.arange(len(data["strain"])) / rate
    keep = np.ones_like(strain)
    with open(sys.argv[3], "w") as file:
        file.write("start,end,score\n")
        for f in found:
            file.write(f"{f - HALF:.3f},{f + HALF:.3f},{score[np.argmin(np.abs(data['moments'] - f))]:.2f}\n")
            keep *= 1 - 1 / (1 + np.exp(np.clip((np.abs(t - f) - HALF) * 60, -30, 30)))
    clean = strain * keep
    excess = [kurtosis(strain[rate * 2:-rate * 2]), kurtosis(strain[keep > 0.99][rate * 2:-rate * 2])]
    np.savez(sys.argv[4], clean=clean.astype(np.float32), score=score, found=found)
    with open(sys.argv[5], "w") as file:
        json.dump({"vetoes_found": len(found), "dead_time": round(float(1 - keep.mean()), 6), "excess_before": round(excess[0], 4), "excess_after": round(excess[1], 4)}, file)


main()
