"""The grade of a score, by the rule of docs/predictions.md."""

import pathlib
import re

import pytest

from scoringnet_tf.inference.reliability import FAR, GRAVE, HARMLESS, VERY_WIDE, WIDE, Reliability, reliability_of

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
