"""Cuts whitened channels into a time-frequency map, and each moment of it into what a detector looks at.

usage: spectrogram.py IN.npz OUT.npz"""
import sys

import numpy as np

WINDOW, HOP = 128, 64  # samples


def stft(x):
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2 / (np.sum(np.hanning(WINDOW) ** 2))


def features(power):
    """Loudest pixel, energy in three bands, and how concentrated the energy is: logarithms, a row a moment."""
    use = power[:, 3:52]
    bands = [band.mean(axis=1) for band in np.array_split(use, 3, axis=1)]
    loudest = use.max(axis=1)
    return np.log(np.stack([loudest, *bands, loudest / use.mean(axis=1)], axis=1) + 1e-6)


def main():
    data = np.load(sys.argv[1])
    rate = int(data["rate"])
    strain, witness = stft(data["strain"].astype(float)), stft(data["witness"].astype(float))
    moments = (np.arange(len(strain)) * HOP + WINDOW / 2) / rate
    x = np.concatenate([features(strain), features(witness)], axis=1)
    near = np.array([np.min(np.abs(data["times"] - t), initial=np.inf) for t in moments])
    np.savez(sys.argv[2], power=strain.astype(np.float32), moments=moments, features=x, label=near < 0.05, doubt=(near >= 0.05) & (near < 0.35),
             times=data["times"], ratios=data["ratios"], strain=data["strain"], raw=data["raw"], rate=rate)


main()
