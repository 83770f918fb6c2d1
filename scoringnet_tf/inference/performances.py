"""Where one video shows several performances, or one twice: the stretch of each."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from scoringnet_tf.sports import stage_runs


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


def stretches(labels: np.ndarray, is_whole: Callable[[np.ndarray], bool]) -> Sequence[tuple[int, int]]:
    """Cuts a video between its whole performances: a list of (start, end) from 0 to L; all of it for fewer than two.

    Args:
        labels: int (L,), decided for several performances (`StageDecision("cyclic")`).
        is_whole: function of the labels of one performance, from its first stage to its last.
    """
    whole = [span for span in performances_in(labels) if is_whole(labels[slice(*span)])]
    cuts = [(end + start) // 2 for (_, end), (start, _) in itertools.pairwise(whole)]
    bounds = [0, *cuts, len(labels)]
    return list(itertools.pairwise(bounds))
