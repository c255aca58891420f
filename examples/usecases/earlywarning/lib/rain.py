"""An ensemble of hourly rain over the catchment: a storm whose centre, size and length a forecast knows only roughly.

usage: rain.py MEMBERS HOURS SEED OUT.csv"""
import sys

import numpy as np


def main():
    members, hours, random = int(sys.argv[1]), int(float(sys.argv[2])), np.random.default_rng(int(sys.argv[3]))
    t = np.arange(hours)[:, None] + 0.5
    centre, length = random.normal(10, 1.0, members), random.uniform(2.5, 4.0, members)
    total = random.lognormal(np.log(75), 0.16, members)  # mm
    shape = np.exp(-(((t - centre) / length) ** 2)) * random.gamma(6, 1 / 6, (hours, members))
    rain = shape / shape.sum(axis=0) * total
    with open(sys.argv[4], "w") as file:
        file.write("hour," + ",".join(f"member{m}" for m in range(members)) + "\n")
        for hour, row in enumerate(rain):
            file.write(f"{hour}," + ",".join(f"{x:.3f}" for x in row) + "\n")


main()
