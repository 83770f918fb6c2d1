"""Seven judges and their marks (World Aquatics diving rules: half points 0 to 10, the middle three of seven count)."""

import numpy as np

from scoringnet_tf.support.errors import InputError

NUM_JUDGES = 7
MARKS_COUNTED = 3
MAX_EXECUTION = 10.0 * MARKS_COUNTED
# Standard deviation of the execution about what a performance of 8 to 8.5 points deserves, as `judge` marks it.
EXECUTION_SD = 0.6


def judge(quality: float, rng: np.random.Generator) -> np.ndarray:
    """Marks (7,) of a panel for a performance worth `quality` of 10 points.

    Judges agree on what is excellent or failed and spread most in between: standard deviation .3 at the ends, .55
    in the middle of the scale.
    """
    spread = 0.3 + 0.25 * np.sin(np.pi * np.clip(quality, 0.0, 10.0) / 10.0)
    opinions = quality + rng.normal(0.0, spread, NUM_JUDGES)
    return np.clip(np.round(opinions * 2) / 2, 0.0, 10.0)


def execution_score(marks: np.ndarray) -> float:
    """Execution, 0 to 30: the sum of the middle three of seven marks."""
    if len(marks) != NUM_JUDGES:
        raise InputError("count_mismatch", f"{len(marks)} marks instead of {NUM_JUDGES}.")
    dropped = (NUM_JUDGES - MARKS_COUNTED) // 2
    return float(np.sort(marks)[dropped : NUM_JUDGES - dropped].sum())
