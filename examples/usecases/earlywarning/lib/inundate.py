"""Water over terrain in two dimensions: the local inertial form of the shallow water equations (Bates, Horritt and
Fewtrell 2010), explicit in time, on cells; discharge enters where the river does and leaves over the eastern edge.

usage: inundate.py TERRAIN.npz DISCHARGE.csv COLUMN OUT.npz METRICS.json"""
import json
import sys

import numpy as np

G, ROUGHNESS = 9.81, 0.045


def faces(z, h, q, dx, dt, axis):
    """Flow across the faces between cells along an axis, after one time step; m2/s."""
    a, b = (slice(None, -1), slice(None)), (slice(1, None), slice(None))
    if axis:
        a, b = a[::-1], b[::-1]
    level = z + h
    depth = np.maximum(np.maximum(level[a], level[b]) - np.maximum(z[a], z[b]), 0)
    deep = np.maximum(depth, 1e-3)
    q = (q - G * depth * dt * (level[b] - level[a]) / dx) / (1 + G * dt * ROUGHNESS ** 2 * np.abs(q) / deep ** (7 / 3))
    return np.where(depth > 1e-3, q, 0)


def limit(h, qx, qy, dx, dt):
    """No cell gives more than it has."""
    out = np.zeros_like(h)
    out[:, :-1] += np.maximum(qx, 0)
    out[:, 1:] += np.maximum(-qx, 0)
    out[:-1] += np.maximum(qy, 0)
    out[1:] += np.maximum(-qy, 0)
    share = np.minimum(1, h * dx / (np.maximum(out, 1e-12) * dt))
    return np.where(qx > 0, share[:, :-1], share[:, 1:]) * qx, np.where(qy > 0, share[:-1], share[1:]) * qy


def main():
    terrain, table = np.load(sys.argv[1]), np.genfromtxt(sys.argv[2], delimiter=",", names=True)
    z, dx, flow, end = terrain["height"], float(terrain["cell"]), table[sys.argv[3]], (len(table) - 1) * 3600.0
    h, entry = np.where(terrain["river"], 0.3, 0.0), terrain["river"][:, 0]
    qx, qy, most = np.zeros((z.shape[0], z.shape[1] - 1)), np.zeros((z.shape[0] - 1, z.shape[1])), h.copy()
    came, left, start, t = 0.0, 0.0, h.sum(), 0.0
    while t < end:
        dt = min(0.7 * dx / np.sqrt(G * max(h.max(), 0.1)), 20.0, end - t)
        qx, qy = limit(h, faces(z, h, qx, dx, dt, 1), faces(z, h, qy, dx, dt, 0), dx, dt)
        h[:, :-1] -= qx * dt / dx
        h[:, 1:] += qx * dt / dx
        h[:-1] -= qy * dt / dx
        h[1:] += qy * dt / dx
        new = np.interp(t + dt / 2, np.arange(len(flow)) * 3600.0, flow) * dt / dx ** 2
        h[entry, 0] += new / entry.sum()
        # leaves as uniform flow down the mean slope (Manning)
        gone = np.minimum(h[:, -1], h[:, -1] ** (5 / 3) * np.sqrt(0.0025) / ROUGHNESS * dt / dx)
        h[:, -1] -= gone
        came, left, t = came + new, left + gone.sum(), t + dt
        most = np.maximum(most, h)
    wet, town = (most > 0.1) & ~terrain["river"], terrain["town"]
    np.savez(sys.argv[4], depth=most, height=z, river=terrain["river"], town=town, wall=terrain["wall"])
    with open(sys.argv[5], "w") as file:
        json.dump({"imbalance": round(float(abs(start + came - left - h.sum()) / (start + came)), 8),
                   "area": round(float(wet.sum() * dx ** 2 / 1e6), 4), "town_share": round(float((wet & town).sum() / town.sum()), 5),
                   "town_depth": round(float(most[town].max()), 4)}, file)


main()
