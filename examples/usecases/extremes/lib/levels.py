"""Return levels: what is exceeded once in so many summers, from a distribution fitted in each cell; judged on runs that
were not fitted.

usage: levels.py YEARS MAXIMA.npz OUT.npz METRICS.json"""
import json
import sys

import numpy as np

from gev import distribution, fit, quantile


def detrend(data):
    """Maxima with the warming of the cells' summer means removed: what is left is nearly stationary."""
    years = np.arange(data["maxima"].shape[1]) - (data["maxima"].shape[1] - 1) / 2
    slope = np.tensordot(years, data["means"].mean(0) - data["means"].mean((0, 1)), 1) / np.sum(years ** 2)
    return data["maxima"] - slope * years[None, :, None, None]


def main():
    period, data = float(sys.argv[1]), np.load(sys.argv[2])
    maxima = detrend(data)
    learn, judge = maxima[:-1].reshape(-1, *maxima.shape[2:]), maxima[-1]
    parameters = fit(learn)
    level = quantile(parameters, 1 - 1 / period)
    ten = quantile(parameters, 1 - 1 / 10)
    p = np.sort(distribution(parameters, judge).ravel())  # uniform, if the fit is right
    distance = np.max(np.abs(p - (np.arange(len(p)) + 0.5) / len(p)))
    np.savez(sys.argv[3], level=level, location=parameters[0], scale=parameters[1], shape=parameters[2], land=data["land"], period=period)
    with open(sys.argv[4], "w") as file:
        json.dump({"exceeded": round(float(np.mean(judge > ten)), 5), "distance": round(float(distance), 5),
                   "hottest": round(float(level.max()), 3), "shape_mean": round(float(parameters[2].mean()), 5)}, file)


main()
