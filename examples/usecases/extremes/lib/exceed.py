"""How often summers of a projection exceed yesterday's return level: by cell, and by year.

usage: exceed.py LEVELS.npz MAXIMA.npz OUT.npz METRICS.json"""
import json
import sys

import numpy as np


def main():
    levels, data = np.load(sys.argv[1]), np.load(sys.argv[2])
    over = data["maxima"] > levels["level"]
    late = over[:, -30:].mean(axis=(0, 1))
    weight = levels["land"] / levels["land"].sum()
    by_year = (over.mean(axis=0) * weight).sum(axis=(1, 2))
    np.savez(sys.argv[3], late=late, by_year=by_year, first=data["first"], pathway=data["pathway"])
    with open(sys.argv[4], "w") as file:
        json.dump({"times_as_often": round(float((late * weight).sum() * float(levels["period"])), 4)}, file)


main()
