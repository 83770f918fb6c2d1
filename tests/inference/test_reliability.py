"""The grade of a score, by the rule of docs/serving.md."""

import dataclasses
import types

import numpy as np
import pytest

from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.checks import Checks, Observation
from scoringnet_tf.inference.reliability import FAR, WIDE, Reliability, reliability
from scoringnet_tf.models.training_statistics import Intervals, Spread, TrainingStatistics
from scoringnet_tf.sports import get_sport


@pytest.mark.parametrize(
    ("given", "grade", "because"),
    [
        (([], [], 0.5, 0.2), "high", []),
        (([], [], FAR, WIDE), "high", []),
        (([], ["turned", "interlaced"], 0.5, 0.2), "high", []),
        (([], ["aspect"], 0.5, 0.2), "fair", ["aspect"]),
        (([], ["a_code_of_tomorrow"], 0.5, 0.2), "fair", ["a_code_of_tomorrow"]),
        (([], [], 0.76, 0.2), "fair", ["far_from_training"]),
        (([], [], 0.5, 0.26), "fair", ["wide_interval"]),
        (([], [], 0.5, 0.51), "low", ["wide_interval"]),
        (([], [], None, 0.2), "fair", ["unknown_distance"]),
        (([], [], 0.5, None), "fair", ["no_intervals"]),
        (([], ["no_intervals"], 0.5, None), "fair", ["no_intervals"]),
        (([], ["damaged"], 0.5, 0.2), "low", ["damaged"]),
        (([], ["aspect", "damaged"], 0.8, 0.2), "low", ["damaged", "aspect", "far_from_training"]),
        ((["stage_order"], [], 0.5, None), "low", ["stage_order", "no_intervals"]),
        (([], ["no_reference"], None, None), "low", ["no_reference", "unknown_distance", "no_intervals"]),
    ],
)
def test_the_rule(given, grade, because):
    found = reliability(*given)
    assert found == Reliability(grade, because)
    assert all(word in str(found) for word in (grade, *because))


@pytest.mark.parametrize(("half_width", "grade"), [(12.0, "high"), (20.0, "fair"), (30.0, "low")])
@pytest.mark.parametrize("low", [0.0, 500.0, -100.0])
def test_an_interval_is_wide_as_a_share_of_the_range_wherever_that_begins(low, half_width, grade):
    """24, 40 and 60 of the range's 100 points."""
    sport = dataclasses.replace(get_sport("vault"), final_range=(low, low + 100.0))
    spread = Spread([0.0, 0.0], [[1.0, 0.0]], [1.0], 1.0, limit=10.0)
    intervals = Intervals(level=0.9, num_videos={"final": 20}, half_widths={"final": half_width})
    statistics = TrainingStatistics(9, "", 0, {}, (), spread, intervals)
    checks = Checks(
        types.SimpleNamespace(reference=statistics, sport=sport, provenance=None, networks=(), segmenter=None)
    )
    seen = Observation(Video([], 25.0, np.arange(4) / 25, (0, 0), 1.0), np.arange(4.0), 25.0, features=np.zeros((4, 2)))
    found = checks.assess({"final": low + 50.0}, [], [], seen)["reliability"]
    assert (found.grade, found.because) == (grade, [] if grade == "high" else ["wide_interval"])
