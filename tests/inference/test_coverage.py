"""How often intervals hold is counted right."""

import csv
import dataclasses
import json
import math

import numpy as np
import pytest

from scoringnet_tf.inference.evaluation import Predictions, coverage, figures, interval_bounds
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.report.evaluation_report import coverage_line, score_scatter, write_report
from scoringnet_tf.sports import get_sport

DIVING = get_sport("diving")
HIGHEST = DIVING.range_of("difficulty")[1]


@pytest.fixture
def small():
    """Four videos and the intervals of a model, by hand."""
    found = Predictions(
        ids=["0", "1", "2", "3"],
        truth={"difficulty": np.array([3.0, 3, 3, np.nan]), "final": np.array([60.0, 70, 80, 90])},
        predicted={"difficulty": np.array([3.1, 2.9, 3.3, HIGHEST]), "final": np.array([66.0, 64, 90, 90])},
        stages_true=[np.array([0])] * 4,
        stages_predicted=[np.array([-1])] * 4,
        empty_fragments=np.zeros((4, 0), bool),
    )
    intervals = Intervals(0.9, {"difficulty": 0.2, "final": 6.0}, {"difficulty": 9, "final": 9}, "validation", "hash")
    found.bounds = interval_bounds(found, intervals, DIVING)
    return found, intervals


def test_by_hand(small):
    found, intervals = small
    np.testing.assert_allclose(found.bounds["final"][:2], [[60, 72], [58, 70]])
    np.testing.assert_allclose(found.bounds["difficulty"][3], [HIGHEST - 0.2, HIGHEST])
    measured = coverage(found, intervals, "test", "hash")
    assert (measured["claimed"], measured["measured_on"]) == (0.9, "validation")
    assert measured["scores"] == {
        "difficulty": {"held": pytest.approx(2 / 3), "num_videos": 3, "half_width": 0.2},
        "final": {"held": 0.75, "num_videos": 4, "half_width": 6.0},
    }
    line = coverage_line(measured)
    assert all(part in line for part in ("90 %", "difficulty 66.7 % of 3", "final 75.0 % of 4"))


@pytest.mark.parametrize(
    ("split", "data_hash", "shown", "shared", "same"),
    [
        ("validation", "other", (), 0, False),
        ("validation", "hash", (), 0, True),
        ("test", "another", {"a", "x", "b", "y"}, 2, False),  # records built anew, with another split
        ("test", "another", {"b", "a", "d", "c"}, 4, True),
        ("test", "another", {"w", "x", "y", "z"}, 0, False),
    ],
)
def test_the_videos_that_set_them_are_no_evidence(small, split, data_hash, shown, shared, same):
    found, intervals = small
    measured = coverage(found, dataclasses.replace(intervals, shown=["a", "b", "c", "d"]), split, data_hash, shown)
    assert (measured["shared_videos"], measured["same_videos"]) == (shared, same)


def test_none_say_why(small):
    found, _ = small
    none = Intervals.none("Nothing was held out.")
    found.bounds = interval_bounds(found, none, DIVING)
    measured = coverage(found, none, "test", "hash")
    assert (found.bounds, measured["scores"], measured["lacking"]) == ({}, {}, "Nothing was held out.")
    assert none.lacking in coverage_line(measured)


def test_a_score_that_is_not_predicted_or_known_has_no_share(small):
    found, intervals = small
    found.truth["final"] = np.full(4, np.nan)
    whole = coverage(found, intervals, "test", "hash")
    assert math.isnan(whole["scores"]["final"]["held"]) and whole["scores"]["final"]["num_videos"] == 0
    assert "difficulty" in coverage_line(whole) and "final" not in coverage_line(whole)
    assert "hold" not in score_scatter(found, DIVING).axes[-1].get_title()
    found.truth = dict.fromkeys(found.truth, np.full(4, np.nan))
    assert "90 %" in coverage_line(coverage(found, intervals, "test", "hash"))
    del found.predicted["final"]
    assert list(interval_bounds(found, intervals, DIVING)) == ["difficulty"]


def test_the_report_holds_them(tmp_path, small):
    found, intervals = small
    found.truth["execution"] = np.full(4, np.nan)
    measured = {**figures(found, DIVING.stages), "intervals": coverage(found, intervals, "test", "hash")}
    write_report(tmp_path, found, measured, DIVING)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[1]["low_final"], rows[1]["high_final"], rows[0]["low_difficulty"]) == ("58.0", "70.0", "2.9")
    assert json.loads((tmp_path / "metrics.json").read_text())["intervals"]["scores"]["final"]["held"] == 0.75
    axis = score_scatter(found, DIVING).axes[1]
    assert "75 %" in axis.get_title() and axis.collections[0].get_offsets()[0].tolist() == [60, 66]  # true, predicted
