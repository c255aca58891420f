"""What learning and scanning share: the score of each moment, and the alarms that scores raise."""
import numpy as np


def scores(model, features):
    return ((features - model["mean"]) / model["spread"]) @ np.array(model["w"]) + model["b"]


def alarms(moments, score, threshold):
    """One alarm for each group of loud moments, at its loudest."""
    loud = np.flatnonzero(score > threshold)
    if len(loud) == 0:
        return np.empty(0)
    groups = np.split(loud, np.flatnonzero(np.diff(moments[loud]) > 0.3) + 1)
    return np.array([moments[g[np.argmax(score[g])]] for g in groups])
