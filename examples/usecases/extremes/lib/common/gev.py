"""The generalized extreme value distribution: fitted by L-moments (Hosking, Wallis and Wood 1985), and its quantiles."""
from math import gamma

import numpy as np

GAMMA = np.vectorize(gamma)


def fit(x):
    """Location, scale and shape k (Hosking's sign: k < 0 is a heavy tail) along the first axis."""
    n, x = len(x), np.sort(x, axis=0)
    i = np.arange(n).reshape(-1, *[1] * (x.ndim - 1))
    b0, b1, b2 = x.mean(0), (x * i).sum(0) / (n * (n - 1)), (x * i * (i - 1)).sum(0) / (n * (n - 1) * (n - 2))
    l1, l2, t3 = b0, 2 * b1 - b0, (6 * b2 - 6 * b1 + b0) / (2 * b1 - b0)
    c = 2 / (3 + t3) - np.log(2) / np.log(3)
    k = np.clip(7.8590 * c + 2.9554 * c * c, -0.4, 0.4)
    k = np.where(np.abs(k) < 1e-6, 1e-6, k)
    scale = l2 * k / ((1 - 2.0 ** -k) * GAMMA(1 + k))
    return l1 - scale * (1 - GAMMA(1 + k)) / k, scale, k


def quantile(parameters, p):
    location, scale, k = parameters
    return location + scale / k * (1 - (-np.log(p)) ** k)


def distribution(parameters, x):
    location, scale, k = parameters
    return np.exp(-np.maximum(1 - k * (x - location) / scale, 1e-9) ** (1 / k))
