"""Divides by the amplitude spectral density, estimated by Welch's method with medians (glitches do not move a median).

usage: whiten.py IN.npz OUT.npz METRICS.json"""
import json
import sys

import numpy as np


def welch(x, rate, seconds=4):
    """One-sided power spectral density; segments overlap by half, Hann window."""
    n = int(seconds * rate)
    window = np.hanning(n)
    starts = range(0, len(x) - n + 1, n // 2)
    power = np.array([np.abs(np.fft.rfft(window * x[s:s + n])) ** 2 for s in starts])
    return np.fft.rfftfreq(n, 1 / rate), np.median(power, axis=0) / np.log(2) * 2 / (rate * np.sum(window ** 2))


def whiten(x, rate, low=25.0):
    f, psd = welch(x, rate)
    fine = np.fft.rfftfreq(len(x), 1 / rate)
    spectrum = np.fft.rfft(x) / np.sqrt(np.interp(fine, f, psd) * rate / 2)
    spectrum *= 1 / (1 + np.exp(-(fine - low)))  # below is seismic noise only
    return np.fft.irfft(spectrum, len(x))


def main():
    data = np.load(sys.argv[1])
    rate = int(data["rate"])
    strain, witness = whiten(data["strain"].astype(float), rate), whiten(data["witness"].astype(float), rate)
    f, psd = welch(strain, rate)
    band = psd[(f > 40) & (f < 400)]
    np.savez(sys.argv[2], rate=rate, strain=strain.astype(np.float32), witness=witness.astype(np.float32),
             raw=data["strain"], times=data["times"], ratios=data["ratios"])
    with open(sys.argv[3], "w") as file:  # geometric over arithmetic mean: 1 is white
        json.dump({"flatness": round(float(np.exp(np.mean(np.log(band))) / np.mean(band)), 6)}, file)


main()
