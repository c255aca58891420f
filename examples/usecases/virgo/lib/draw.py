"""Two conditions of the detector side by side: strain, time-frequency map with vetoes, scores, and the trade-off.

usage: draw.py WEIGHTS.json OUT.png NAME... MAP.npz... CLEAN.npz... (as many of each)"""
import json
import sys

import numpy as np

from picture import HEAT, Picture, colours

BLUE, RED, GREEN, GREY = (21, 101, 192), (198, 40, 40), (46, 125, 50), (150, 150, 150)
SPAN = 16.0  # seconds that are shown
STEP = 8  # samples a point of a line


def loudest(y):
    """Of each few samples the one that is farthest from zero."""
    y = y[:len(y) // STEP * STEP].reshape(-1, STEP)
    return y[np.arange(len(y)), np.abs(y).argmax(axis=1)]


def column(p, x, width, name, data, clean, model):
    starts = data["times"][(data["times"] > 10) & (data["times"] < data["moments"][-1] - 30)] - 2
    start = max(starts, key=lambda s: np.sum((data["times"] > s) & (data["times"] < s + SPAN)))
    rate, t = int(data["rate"]), data["moments"]
    show = (t > start) & (t < start + SPAN)
    first, last = int(start * rate), int((start + SPAN) * rate)
    p.text(x + width // 2, 40, name, scale=2, middle=True)
    at = np.linspace(0, SPAN, (last - first) // STEP)
    draw = p.chart(x, 75, width, 110, (0, SPAN), (-8, 8), "", "whitened strain; blue: after the vetoes", (4, 4))
    draw(at, loudest(data["strain"][first:last]), (235, 150, 150))
    draw(at, loudest(clean["clean"][first:last]), BLUE)
    rgb = colours(np.log10(data["power"][show][:, 2:56].T[::-1] + 1e-3), HEAT, -0.7, 1.6, 24)
    p.text(x, 214, "time-frequency map; green: vetoed")
    p.image(x, 226, width, 150, rgb)
    for label, share in (("400", 0), ("200", 0.5), ("20 Hz", 1)):
        p.text(x - 5, 226 + int(142 * share), label, right=True)
    for f in clean["found"]:
        if start < f < start + SPAN:
            p.frame(x + int((f - 0.15 - start) / SPAN * width), 228, max(int(0.3 / SPAN * width), 4), 146, (90, 255, 120))
    draw = p.chart(x, 406, width, 80, (0, SPAN), (-10, 20), "seconds", "score; red: threshold", (4, 3))
    draw(t[show] - start, clean["score"][show], BLUE)
    draw([0, SPAN], [model["threshold"]] * 2, RED)
    for glitch in data["times"]:
        if start < glitch < start + SPAN:
            p.fill(x + int((glitch - start) / SPAN * width) - 1, 408, 3, 7, GREEN)


def main():
    model, out, rest = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3:]
    n = len(rest) // 3
    p = Picture(80 + n * 420, 700)
    p.text(20, 12, "glitches in the noise of an interferometer: found, vetoed", scale=2)
    for i in range(n):
        column(p, 60 + i * 420, 360, rest[i], np.load(rest[n + i]), np.load(rest[2 * n + i]), model)
    curve = np.array(model["curve"])
    wide = 360
    draw = p.chart(60, 545, wide, 110, (0, 100), (0, 1), "false alarms an hour (unseen data)", "share of glitches found", (5, 4))
    some = curve[curve[:, 1] <= 100]
    draw(some[:, 1][::-1], some[:, 2][::-1], BLUE, 2)
    chosen = curve[np.argmin(np.abs(curve[:, 0] - model["threshold"]))]
    draw([chosen[1]] * 2, [0, 1], RED)
    draw = p.chart(60 + 420, 545, wide, 110, (0, 400), (0, max(model["loss"])), "rounds of gradient descent", "loss", (4, 4))
    draw(np.arange(len(model["loss"])) * 20, model["loss"], BLUE, 2)
    p.save(out)


main()
