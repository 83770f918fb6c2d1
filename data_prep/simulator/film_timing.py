"""Timing of film that people shoot: slow or fast, with few pictures a second, cut close to the performance.

Knows no sport.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from data_prep.simulator.performance import Performance

SPEEDS = (0.6, 1.1)  # least and most; below 1 is slow motion
REPEATING = 0.2  # of the videos
CUT = 0.6  # of the videos


def film_timed(
    performance: Performance, margins: tuple[tuple[int, int], tuple[int, int]], rng: Generator
) -> Performance:
    """The plan with a speed, repeated frames and a cut drawn at random.

    `margins` are the least and most frames that a cut leaves before the first movement, and after the end.
    """
    speed = float(np.exp(rng.uniform(*np.log(SPEEDS))))
    repeats = int(rng.choice((2, 3))) if rng.random() < REPEATING else 0
    edges = (0, performance.lead, *performance.boundaries, performance.num_frames)
    lengths = [max(1, round(length / speed)) if length else 0 for length in np.diff(edges)]
    linger = round(performance.linger / speed)
    if rng.random() < CUT:
        before, after = (int(rng.integers(least, most + 1)) for least, most in margins)
        lengths, linger = [0, before, *lengths[2:5], after], after
    lead, t0, t1, t2, t3, num_frames = _on_new_pictures(lengths, repeats)
    return dataclasses.replace(
        performance,
        boundaries=(t0, t1, t2, t3),
        lead=lead,
        linger=min(linger, num_frames - t3),
        num_frames=num_frames,
        speed=speed,
        repeats=repeats,
    )


def _on_new_pictures(lengths: Sequence[int], repeats: int) -> list[int]:
    """The ends of stretches of these lengths, one after the other, each on a frame that shows a new picture."""
    ends, end = [], 0
    for length in lengths:
        end += length
        end += is_repeat(end, repeats)
        ends.append(end)
    return ends


def is_repeat(index: int, repeats: int) -> bool:
    """Whether the frame of an index repeats the one before it, as every `repeats`-th does; 0: none."""
    return repeats > 0 and index % repeats == repeats - 1
