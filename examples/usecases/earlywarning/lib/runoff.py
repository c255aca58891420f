"""Rain becomes discharge: losses by the curve number method, then a gamma unit hydrograph of each hour's excess.

usage: runoff.py RAIN.csv FACTOR AREA_KM2 CURVE_NUMBER OUT.csv METRICS.json"""
import json
import sys
from math import gamma

import numpy as np

SHAPE, SCALE_H, BASE = 3.0, 1.1, 6.0  # of the unit hydrograph; m3/s before the storm


def excess(rain, number):
    """Curve number method (SCS, 1972): what does not stay, hour by hour, from sums since the start."""
    storage = 25400 / number - 254
    above = np.maximum(np.cumsum(rain, axis=0) - 0.2 * storage, 0)
    return np.diff(above ** 2 / (above + storage), axis=0, prepend=0)


def main():
    rain = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)[:, 1:] * float(sys.argv[2])
    area, number = float(sys.argv[3]) * 1e6, float(sys.argv[4])
    hours = len(rain)
    t = np.arange(hours) + 0.5
    unit = t ** (SHAPE - 1) * np.exp(-t / SCALE_H) / (gamma(SHAPE) * SCALE_H ** SHAPE)
    unit /= unit.sum()
    wet = excess(rain, number)
    flow = np.stack([np.convolve(wet[:, m], unit)[:hours] for m in range(wet.shape[1])], axis=1) * area / 1000 / 3600
    out, came = flow.sum() * 3600, wet.sum() * area / 1000
    with open(sys.argv[5], "w") as file:
        file.write("hour,low,median,high\n")
        for hour, row in enumerate(np.percentile(flow, [10, 50, 90], axis=1).T + BASE):
            file.write(f"{hour}," + ",".join(f"{x:.3f}" for x in row) + "\n")
    with open(sys.argv[6], "w") as file:
        json.dump({"peak": round(float(np.median(flow.max(axis=0))) + BASE, 3), "share": round(float(wet.sum() / rain.sum()), 5),
                   "unrouted": round(float(1 - out / came), 5)}, file)


main()
