"""A valley of 3 by 4.8 km in cells of 40 m: a river that winds down to a lowland, a town on its bank, and, where wanted,
a wall of so many metres between the river and the town.

usage: terrain.py WALL_METRES SEED OUT.npz"""
import sys

import numpy as np

ROWS, COLUMNS, CELL = 75, 120, 40.0


def smooth(field, passes):
    for _ in range(passes):
        padded = np.pad(field, 1, "edge")
        field = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] + padded[1:-1, 1:-1]) / 5
    return field


def main():
    wall, seed = float(sys.argv[1]), int(sys.argv[2])
    random = np.random.default_rng(seed)
    row, column = np.mgrid[0:ROWS, 0:COLUMNS].astype(float)
    middle = ROWS * 0.46 + 9 * np.sin(column / 17.0) + 4 * np.sin(column / 7.0 + 1)
    away = np.abs(row - middle)  # cells from the river
    widen = 8 + 20 / (1 + np.exp(-(column - 55) / 9))  # the valley opens
    height = 40 - column * 0.10 + 14 * np.clip((away - widen) / 16, 0, None) ** 1.5 + 0.05 * np.minimum(away, widen)
    height += smooth(random.standard_normal((ROWS, COLUMNS)), 12) * 1.4
    bed = 40 - column[0] * 0.10 - 1.6
    river = away < 1.2
    height = np.where(river, np.minimum(height, bed[None, :]), height)
    side = row - middle
    town = (column > 72) & (column < 96) & (side > 3.5) & (side < 14)
    line = (side >= 2.2) & (side < 3.6) & (column > 66) & (column < 102)
    ends = (side >= 2.2) & (side < 24) & ((np.abs(column - 66) < 1) | (np.abs(column - 102) < 1))
    height = height + wall * (line | ends)
    np.savez(sys.argv[3], height=height, river=river, town=town & ~line, wall=(line | ends) & (wall > 0), cell=CELL)


main()
