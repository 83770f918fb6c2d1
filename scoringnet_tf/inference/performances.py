"""Where a video shows several performances, or one twice: the stretch of each, without what is no whole one."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scoringnet_tf.sports import stage_runs


class Stretch(NamedTuple):
    """Frames [start, stop) in which a performance is looked for, and [first, end) where it was found in them."""

    start: int
    stop: int
    first: int
    end: int


def performances_in(labels: np.ndarray) -> list[tuple[int, int]]:
    """From the first stage to the last of every performance, whole or not: a list of (start, end), end exclusive.

    Args:
        labels: int (L,), 0 is noise; a performance ends where a stage follows that is not after the one before.
    """
    found: list[list[int]] = []
    latest = 0
    for stage, start, end in stage_runs(labels):
        if stage == 0:
            continue
        if stage <= latest or not found:
            found.append([start, end])
        found[-1][1], latest = end, stage
    return [(start, end) for start, end in found]


def without_unseen(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The labels without stages that the best path had to pass through to be in order, and that no frame shows.

    Args:
        labels: int (L,), 0 is noise.
        probabilities: (L, S) of the stages; a stage is seen where it is the most probable in one of its frames.
    """
    seen, found = probabilities.argmax(axis=1) == labels, labels.copy()
    for _, start, end in stage_runs(labels):
        if not seen[start:end].any():
            found[start:end] = 0
    return found


def stretches(labels: np.ndarray, is_whole: Callable[[np.ndarray], bool], around: int) -> list[Stretch]:
    """The stretch of each whole performance, in order: it, and what is around it up to half-way to its neighbours.

    What is no whole performance (part of a replay, a start that was broken off) is in nobody's stretch, and neither are
    crowds and boards that are further away than `around`.

    Args:
        labels: int (L,), decided for several performances (`StageDecision("cyclic")`).
        is_whole: function of the labels of one performance, from its first stage to its last.
        around: frames before and after a performance that at most belong to its stretch.
    """
    spans = performances_in(labels)
    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in itertools.pairwise(spans)), len(labels)]
    return [
        Stretch(max(before, first - around), min(after, end + around), first, end)
        for (first, end), (before, after) in zip(spans, itertools.pairwise(cuts), strict=False)
        if is_whole(labels[first:end])
    ]
