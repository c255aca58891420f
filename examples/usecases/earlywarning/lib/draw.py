"""Scenarios of one flood side by side: depth over shaded terrain, and the discharge that caused it.

usage: draw.py OUT.png NAME... DEPTH.npz... DISCHARGE.csv... (as many of each)"""
import sys

import numpy as np

from picture import EARTH, WATER, Picture, colours

BLUE, RED = (21, 101, 192), (198, 40, 40)


def shaded(data):
    height = data["height"]
    slope_y, slope_x = np.gradient(height, 40.0)
    light = np.clip(0.85 - 2.2 * (slope_x + slope_y), 0.55, 1.15)[..., None]
    rgb = np.clip(colours(height, EARTH, 25, 75) * light, 0, 255).astype(np.uint8)
    wet = data["depth"] > 0.1
    rgb[wet] = colours(data["depth"], WATER, 0, 3)[wet]
    rgb[data["wall"]] = (60, 60, 60)
    town = data["town"] & ((np.add.outer(np.arange(wet.shape[0]), np.arange(wet.shape[1])) % 3) == 0)
    rgb[town] = RED
    return rgb


def main():
    out, rest = sys.argv[1], sys.argv[2:]
    n, width, height, gap = len(rest) // 3, 360, 225, 40
    p = Picture(gap + n * (width + gap), 500)
    p.text(gap, 14, "flood of the forecast storm, and what-if", scale=2)
    for i in range(n):
        name, data, table = rest[i], np.load(rest[n + i]), np.genfromtxt(rest[2 * n + i], delimiter=",", names=True)
        x, town = gap + i * (width + gap), data["town"]
        p.text(x, 46, name)
        p.image(x, 60, width, height, shaded(data))
        share = (data["depth"][town] > 0.1).mean()
        p.text(x, 60 + height + 8, f"{share * 100:.0f}% of the town (red) under water, {max(data['depth'][town].max(), 0):.1f} m at most")
        draw = p.chart(x + 30, 350, width - 30, 90, (0, len(table)), (0, 600), "hour", "discharge, m3/s: median, 10% to 90%", (4, 4))
        for column, colour, thick in (("low", (150, 190, 230), 1), ("high", (150, 190, 230), 1), ("median", BLUE, 2)):
            draw(table["hour"], table[column], colour, thick)
    p.scale(gap + (n - 1) * (width + gap) + width - 160, 16, 160, 10, WATER, 0, 3, "depth, m")
    p.save(out)


main()
