"""The grade of a score, by the rule of docs/predictions.md."""

import dataclasses
import pathlib
import re
from types import SimpleNamespace

import numpy as np
import pytest

from scoringnet_tf.inference.reliability import FAR, GRAVE, HARMLESS, VERY_WIDE, WIDE, Reliability, reliability_of
from scoringnet_tf.inference.trust import Trust
from scoringnet_tf.models.intervals import Intervals
from scoringnet_tf.models.reference import Reference, Spread
from scoringnet_tf.sports import get_sport

ROOT = pathlib.Path(__file__).parents[2]
ROWS = ("| grave |", "| nothing |")  # of the table in docs/predictions.md


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
    assert reliability_of(*given) == Reliability(grade, because)


def test_in_words():
    assert str(Reliability("high")) == "high"
    assert str(Reliability("low", ["damaged", "aspect"])) == "low (damaged, aspect)"


def test_the_page_tells_the_rule():
    page = (ROOT / "docs/predictions.md").read_text(encoding="utf-8")
    rule = page[page.index("## Reliability") : page.index("## Reasons")]
    named = set(re.findall(r"`([a-z_]+)`", rule))
    assert GRAVE | HARMLESS | {"far_from_training", "wide_interval", "unknown_distance", "no_intervals"} <= named
    grave, nothing = (set(re.findall(r"`([a-z_]+)`", rule[rule.index(row) :].splitlines()[0])) for row in ROWS)
    assert grave - {"wide_interval"} == GRAVE and nothing == HARMLESS
    for share in (FAR, WIDE, VERY_WIDE):
        assert f"{share:g}" in rule
    warned = set(re.findall(r"`([a-z_]+)`", page[page.index("## Warnings") : page.index("## Errors")]))
    assert warned >= GRAVE | HARMLESS


@pytest.mark.parametrize(("half_width", "because"), [(12.0, []), (20.0, ["wide_interval"]), (30.0, ["wide_interval"])])
@pytest.mark.parametrize("low", [0.0, 500.0, -100.0])
def test_an_interval_is_wide_as_a_share_of_the_range_wherever_that_begins(low, half_width, because):
    """Of the range's 100 points: 24, 40 and 60."""
    final = (low, low + 100.0)
    sport = dataclasses.replace(get_sport("vault"), final_range=final)
    spread = Spread([0.0, 0.0], [[1.0, 0.0]], [1.0], 1.0, limit=10.0)
    intervals = Intervals(level=0.9, num_videos={"final": 20}, half_widths={"final": half_width})
    reference = Reference(9, "", 0, {}, (), spread, intervals)
    trust = Trust(SimpleNamespace(reference=reference, sport=sport), [])
    likeness = trust.likeness(None, np.zeros((4, 2), np.float32))
    said = trust.said_of({"final": low + 50.0}, [], [], likeness)
    grade = "low" if half_width == 30 else "fair" if because else "high"
    assert (said["reliability"].grade, said["reliability"].because) == (grade, because)
