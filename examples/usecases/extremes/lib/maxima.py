"""Block maxima: the hottest day of each summer at the surface, and the summer's mean.

usage: maxima.py OUT.npz IN.npz... (runs of one period)"""
import sys

import numpy as np


def main():
    runs = [np.load(path) for path in sys.argv[2:]]
    surface = [run["temperature"][:, :, 0] for run in runs]
    np.savez(sys.argv[1], maxima=np.stack([s.max(axis=1) for s in surface]), means=np.stack([s.mean(axis=1) for s in surface]),
             first=int(runs[0]["first"]), land=runs[0]["land"], pathway=str(runs[0]["pathway"]))


main()
