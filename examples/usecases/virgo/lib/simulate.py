"""Strain and auxiliary channels of a detector: coloured noise with lines, and glitches that show in both.

usage: simulate.py CONDITION SEED SECONDS OUT.npz"""
import sys

import numpy as np

RATE = 1024  # samples a second; the real detector has 20 000
MICROSEISM = {"calm": 1.0, "stormy": 3.0}
GLITCHES = {"calm": 6.0, "stormy": 12.0}  # a minute


def coloured(random, n, density):
    """Gaussian noise whose one-sided spectral density is density(f)."""
    f = np.fft.rfftfreq(n, 1 / RATE)
    white = random.standard_normal(len(f)) + 1j * random.standard_normal(len(f))
    return np.fft.irfft(white * np.sqrt(density(np.maximum(f, 1.0)) * RATE * n / 4), n)


def strain_density(f, microseism):
    """Seismic wall, thermal slope, shot noise, and lines of the mains, in units of the best sensitivity squared."""
    density = microseism ** 2 * (12 / f) ** 8 + (60 / f) ** 2 + 1 + (f / 300) ** 2
    for line, strength in ((50, 900), (100, 150), (150, 300), (276, 80)):
        density = density + strength / (1 + ((f - line) / 0.15) ** 2)
    return density


def burst(random, t):
    """A sine-Gaussian ("blip") or a short sweep ("whistle"), and its signal-to-noise ratio."""
    width, tone, phase = random.uniform(0.01, 0.05), random.uniform(60, 300), random.uniform(0, 6.28)
    sweep = random.choice([0, 1]) * random.uniform(400, 1500)
    shape = np.exp(-((t / width) ** 2) / 2) * np.sin(6.283 * (tone + sweep * t) * t + phase)
    snr = random.lognormal(np.log(16), 0.4)
    return shape * snr / np.sqrt(np.sum(shape ** 2)), snr


def main():
    condition, seed, seconds, out = sys.argv[1], int(sys.argv[2]), int(float(sys.argv[3])), sys.argv[4]
    random = np.random.default_rng([seed, sorted(MICROSEISM).index(condition)])
    n = RATE * seconds
    strain = coloured(random, n, lambda f: strain_density(f, MICROSEISM[condition]) * 2 / RATE)
    witness = coloured(random, n, lambda f: (1 + (5 / f) ** 2) * 2 / RATE)
    times, ratios = [], []
    for at in np.sort(random.uniform(2, seconds - 2, random.poisson(GLITCHES[condition] * seconds / 60))):
        if times and at - times[-1] < 0.6:
            continue
        first = int((at - 0.3) * RATE)
        shape, ratio = burst(random, np.arange(-0.3, 0.3, 1 / RATE))
        strain[first:first + len(shape)] += shape
        if random.random() < 0.7:  # not each glitch has a witness
            witness[first:first + len(shape)] += 0.6 * shape
        times.append(at)
        ratios.append(ratio)
    np.savez(out, rate=RATE, strain=strain.astype(np.float32), witness=witness.astype(np.float32), times=times, ratios=ratios)


main()
