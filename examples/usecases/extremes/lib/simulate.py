"""Daily temperatures of summers in four dimensions (day, level, latitude, longitude), as a climate model would give them:
a mean field, internal variability that is correlated in space and time, and warming by a pathway.

usage: simulate.py PATHWAY FIRST_YEAR YEARS MEMBER SEED OUT.npz"""
import sys

import numpy as np

DAYS, LEVELS, ROWS, COLUMNS = 92, 2, 18, 30
# Global warming over 1850-1900, in K: the past, then by pathway; the shape is of IPCC AR6's assessed ranges, rounded.
WARMING = {
    "historical": ([1950, 1970, 1990, 2010, 2020], [0.3, 0.3, 0.55, 0.95, 1.2]),
    "ssp126": ([2015, 2030, 2050, 2070, 2100], [1.1, 1.5, 1.75, 1.8, 1.75]),
    "ssp585": ([2015, 2030, 2050, 2070, 2100], [1.1, 1.6, 2.4, 3.3, 4.5]),
}


def noise(random, *shape, passes=3):
    """Neighbours are alike: some rounds of averaging over the last two axes; what the edges would disturb is cut off."""
    field = random.standard_normal((*shape, ROWS + 4 * passes, COLUMNS + 4 * passes))
    for _ in range(passes):
        field = (field + np.roll(field, 1, -1) + np.roll(field, -1, -1)) / 3
        field = (field + np.roll(field, 1, -2) + np.roll(field, -1, -2)) / 3
    field = field[..., 2 * passes:-2 * passes, 2 * passes:-2 * passes]
    return field / field.std()


def geography():
    """Mean, size of variability and amplification of warming: land in the middle of two seas, mountains in the north."""
    y, x = np.mgrid[0:1:ROWS * 1j, 0:1:COLUMNS * 1j]
    land = 1 / (1 + np.exp(-((0.42 - np.abs(x - 0.52 - 0.1 * np.sin(6 * y))) * 18)))
    height = 1500 * np.exp(-(((y - 0.28) / 0.1) ** 2 + ((x - 0.5) / 0.22) ** 2))
    mean = 287 + 9 * y + 4 * land - 0.0065 * height
    return mean, 1.0 + 1.4 * land, 1.0 + 0.7 * land, land


def main():
    pathway, first, years, member, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    random = np.random.default_rng([seed, member, first, sorted(WARMING).index(pathway)])
    mean, size, amplify, land = geography()
    season = 3.5 * np.sin(np.pi * (np.arange(DAYS) + 0.5) / DAYS)[:, None, None, None]
    lapse = np.array([0.0, -25.0])[None, :, None, None]  # surface, 500 hPa
    out = np.empty((years, DAYS, LEVELS, ROWS, COLUMNS), np.float32)
    state = noise(random, LEVELS)
    for year in range(years):
        kicks = noise(random, DAYS, LEVELS)
        days = np.empty_like(kicks)
        for day in range(DAYS):  # weather remembers: an autoregressive process
            state = 0.75 * state + np.sqrt(1 - 0.75 ** 2) * kicks[day]
            days[day] = state
        slow = 0.35 * noise(random, 1, 1, passes=6)
        warming = np.interp(first + year, *WARMING[pathway])
        skewed = days + 0.10 * (days ** 2 - 1)  # hot days are hotter than cold ones are cold
        out[year] = mean + season + lapse + size * (skewed + slow) + amplify * warming
    np.savez(sys.argv[6], temperature=out, first=first, pathway=pathway, land=land)


main()
