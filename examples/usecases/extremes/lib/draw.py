"""Return levels of the past, and how often two pathways exceed them, side by side.

usage: draw.py LEVELS.npz OUT.png EXCEEDED.npz..."""
import sys

import numpy as np

from picture import WARM, Picture, colours

LINES = [(21, 101, 192), (198, 40, 40), (46, 125, 50), (106, 27, 154)]


def main():
    levels, out, runs = np.load(sys.argv[1]), sys.argv[2], [np.load(path) for path in sys.argv[3:]]
    width, height, gap = 270, 170, 30
    p = Picture(gap + (len(runs) + 1) * (width + gap), 590)
    period = int(levels["period"])
    p.text(gap, 14, "hot days: yesterday's extremes, tomorrow's summers", scale=2)
    low, high = np.floor(levels["level"].min()), np.ceil(levels["level"].max())
    p.text(gap, 52, f"past: return level of {period} years")
    p.image(gap, 66, width, height, colours(levels["level"], WARM, low, high))
    p.scale(gap, 66 + height + 10, width, 10, WARM, low, high, "K")
    for i, run in enumerate(runs):
        x = gap + (i + 1) * (width + gap)
        p.text(x, 52, f"{run['pathway']}: exceeded in a summer, 2071-2100")
        p.image(x, 66, width, height, colours(run["late"], WARM, 0, 1))
        p.scale(x, 66 + height + 10, width, 10, WARM, 0, 1, "share of summers")
    draw = p.chart(70, 330, p.pixels.shape[1] - 130, 200, (2020, 2100), (0, 1), "year",
                   f"share of land over the level of {period} years (dashes: as in the past)", (4, 4))
    for i, run in enumerate(runs):
        years = int(run["first"]) + np.arange(len(run["by_year"]))
        smooth, shown = np.convolve(run["by_year"], np.ones(9) / 9, "valid"), years >= 2020
        draw(years[shown], run["by_year"][shown], tuple(np.add(LINES[i], 3 * np.array([255, 255, 255])) // 4))
        draw(years[4:-4][shown[4:-4]], smooth[shown[4:-4]], LINES[i], 2)
        p.text(90, 345 + 14 * i, run["pathway"], LINES[i])
    for x in range(2020, 2100, 2):
        draw([x, x + 0.7], [1 / period] * 2, (90, 90, 90))
    p.save(out)


main()
