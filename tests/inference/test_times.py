"""Moments and durations of a performance, and how surely they are known."""

import numpy as np
import pytest

from scoringnet_tf.inference.times import seconds_in
from scoringnet_tf.sports import get_sport

PHASES = get_sport("diving_phases")
DIVE = ((0, 4), (1, 10), (2, 6), (3, 20), (4, 8), (0, 5))
APPROACH, TAKE_OFF, FLIGHT, ENTRY = 0.4, 0.8, 0.8, 1.6  # seconds of DIVE at 25 frames a second


def labels_of(*runs):
    return np.repeat([stage for stage, _ in runs], [count for _, count in runs])


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (DIVE, {"take-off": TAKE_OFF, "entry": ENTRY, "approach time": APPROACH, "flight time": FLIGHT}),
        (DIVE[1:], {"take-off": 0.64, "entry": 1.44, "flight time": FLIGHT}),  # the video begins in the approach
        (DIVE[3:], {"entry": 0.8}),
        (DIVE[:4], {"take-off": TAKE_OFF, "approach time": APPROACH}),
        (((0, 4), (3, 20), (0, 5)), {"take-off": 0.16, "flight time": FLIGHT}),  # no entry was found
        (((0, 4), (3, 9), (0, 2), (3, 9), (4, 8)), {"entry": 0.96}),  # which of both was the take-off?
        (((0, 4), (-1, 30), (4, 8)), {}),
        (((0, 9),), {}),
    ],
)
def test_the_edges_of_a_stage_are_moments_unless_the_video_cuts_it(runs, expected):
    assert seconds_in(labels_of(*runs), PHASES, 25.0) == pytest.approx(expected)
