"""Stages along time."""

import itertools

import numpy as np


def runs(stages):
    """Contiguous runs of an integer array (L,): a list of (stage, start, end), end exclusive."""
    stages = np.asarray(stages)
    edges = [0, *(np.flatnonzero(np.diff(stages)) + 1), len(stages)]
    return [(int(stages[a]), int(a), int(b)) for a, b in itertools.pairwise(edges) if b > a]
