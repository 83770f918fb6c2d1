"""Conformal intervals: against the definition, and against simulated truth: they hold as often as they claim."""

import json
import math

import numpy as np
import pytest
from scipy import stats

import scoringnet_tf  # noqa: F401  before Keras
from scoringnet_tf.models.training_statistics import Intervals, half_width, rank


@pytest.mark.parametrize(
    ("count", "level", "expected"),
    [(9, 0.9, 9), (8, 0.9, 9), (10, 0.9, 10), (19, 0.9, 18), (29, 0.9, 27), (99, 0.9, 90), (20, 0.9, 19), (3, 0.75, 3)],
)
def test_the_half_width_is_the_error_of_that_rank(count, level, expected):
    assert rank(count, level) == expected
    errors = np.random.default_rng(0).permutation(np.arange(1.0, count + 1)) * (-1) ** np.arange(count)
    assert half_width(errors, level) == (expected if expected <= count else math.inf)


@pytest.mark.parametrize(
    ("count", "distribution"),
    [
        *((count, stats.norm) for count in (9, 20, 37, 100)),
        *((37, distribution) for distribution in (stats.cauchy, stats.expon, stats.beta(0.4, 0.3))),
    ],
)
def test_simulated_truth_lies_within_as_often_as_is_claimed(count, distribution):
    """Of exchangeable errors without ties exactly rank / (n + 1) of further ones, however they are distributed."""
    repetitions, rng = 40_000, np.random.default_rng(0)
    errors = distribution.rvs(size=(repetitions, count + 1), random_state=rng)
    widths = np.array([half_width(each) for each in errors[:, :-1]])
    held = int((np.abs(errors[:, -1]) <= widths).sum())
    expected = rank(count) / (count + 1)
    assert 0.9 <= expected <= 0.9 + 1 / (count + 1)
    assert stats.binomtest(held, repetitions, expected).pvalue > 1e-3
    if count > 20:  # what is one rank lower is told from it: the test could fail
        assert stats.binomtest(held, repetitions, expected - 1 / (count + 1)).pvalue < 1e-3


def measured(truth, predicted):
    return Intervals.measured({"final": np.asarray(truth)}, {"final": np.asarray(predicted)}, "validation", "hash")


def test_they_are_of_the_videos_whose_true_score_is_known():
    truth = np.arange(12.0)
    truth[[3, 7]] = np.nan
    found = measured(truth, np.arange(12.0) + np.linspace(0, 1.1, 12))
    assert found.num_videos == {"final": 10} and found.lacking == ""
    assert found.half_widths["final"] == pytest.approx(1.1)
    assert (found.level, found.split, found.data_hash) == (0.9, "validation", "hash")
    assert Intervals(**json.loads(json.dumps(found.__dict__))) == found and found.shown == []
    known = Intervals.measured({"final": truth}, {"final": truth}, "validation", "hash", shown=("a", "b"))
    assert Intervals(**json.loads(json.dumps(known.__dict__))) == known and known.shown == ["a", "b"]


@pytest.mark.parametrize(
    ("truth", "predicted", "said"),
    [
        (np.zeros(8), np.zeros(8), "8 of final"),
        (np.zeros(0), np.zeros(0), "0 of final"),
        (np.full(30, np.nan), np.zeros(30), "0 of final"),
        (np.zeros(9), [*np.zeros(8), np.nan], "9 of final"),
        (np.zeros(9), [*np.zeros(8), -np.inf], "9 of final"),
    ],
)
def test_too_few_videos_make_none_and_say_so(truth, predicted, said):
    found = measured(truth, predicted)
    assert found.half_widths == {} and found.around("final", 70.0, (0, 150)) is None
    assert "needs 9 held-out videos" in found.lacking and said in found.lacking


@pytest.mark.parametrize(
    ("value", "expected"), [(70, (60, 80)), (4, (0, 14)), (145, (135, 150)), (-20, (0, 0)), (170, (150, 150))]
)
@pytest.mark.parametrize("low", [0, 500, -100])
def test_an_interval_lies_within_the_range_of_the_sport_wherever_that_begins(low, value, expected):
    found = Intervals(0.9, {"final": 10.0}, {"final": 9})
    assert found.around("final", low + value, (low, low + 150)) == tuple(low + end for end in expected)
    assert found.around("difficulty", 3.0, (1, 5)) is None
    assert found.around("final", math.nan, (0, 150)) is None


@pytest.mark.parametrize(
    "changes", [{"level": 1.5}, {"half_widths": {"final": -1.0}}, {"half_widths": {"final": math.nan}}]
)
def test_what_cannot_be_is_refused(changes):
    with pytest.raises(ValueError):
        Intervals(**{"level": 0.9, "half_widths": {}, "num_videos": {}, **changes})
