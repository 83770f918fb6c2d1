"""SRC against SciPy, MED and R-ℓ2 by hand, of one row of predictions and of many."""

import math

import numpy as np
import pytest
from scipy import stats

from scoringnet_tf.sports import MEASURES, as_points, decimals, med, relative_l2, src


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        *(((0, 1), 3), ((2, 2.9), 3), ((0, 0.1), 4)),
        *(((0, 3), 2), ((0, 1e6), 2), ((5, 5), 2), ((0, math.inf), 2)),
    ],
)
def test_scores_have_the_decimals_that_tell_a_300th_of_their_range(ends, expected):
    assert decimals(ends) == expected


def test_points_are_the_shortest_decimals_of_single_precision():
    given = np.array([3.2, 1 / 3, 76.0, np.nan, 1e-10], np.float32)
    found = as_points(given)
    assert [repr(float(value)) for value in found] == ["3.2", "0.33333334", "76.0", "nan", "1e-10"]
    np.testing.assert_array_equal(found.astype(np.float32), given)
    many = np.sort(drawn(10_000)).astype(np.float32)
    assert (np.sign(np.diff(as_points(many))) == np.sign(np.diff(many))).all()  # neither a tie more nor one fewer


def test_src_is_scipys_with_ties():
    truth, predicted = np.round(drawn(30)), np.round(drawn((2, 4, 30), 1), 1)
    found = src(truth, predicted)
    assert found.shape == (2, 4)
    for index in np.ndindex(2, 4):
        expected = stats.spearmanr(truth, predicted[index]).statistic
        assert found[index] == pytest.approx(expected, rel=1e-12)
        assert src(truth, predicted[index]) == pytest.approx(expected, rel=1e-12)


def test_med_and_relative_l2_by_hand():
    """100 · mean of ((s − g) / 10)², 10 being the range of the truth; the unknown one left out."""
    truth, predicted = np.array([60.0, 70.0, np.nan, 66.0]), np.array([61.0, 68.0, 3.0, 66.0])
    assert med(truth, predicted) == pytest.approx(1)
    assert relative_l2(truth, predicted) == pytest.approx(100 * (0.1**2 + 0.2**2 + 0) / 3)
    assert src(truth, predicted) == pytest.approx(1)


@pytest.mark.parametrize("name", MEASURES)
def test_rows_are_measured_as_if_alone(name):
    truth, predicted = np.round(drawn(12), 1), drawn((3, 12), 1)
    truth[4] = np.nan
    measure = MEASURES[name]
    alone = [measure(truth, row) for row in predicted]
    assert all(isinstance(value, float) for value in alone)
    np.testing.assert_array_equal(measure(truth, predicted), alone)


def test_what_is_undefined_is_nan():
    same, truth, unknown = np.full(4, 7.0), np.arange(4.0), np.full(4, np.nan)
    assert math.isnan(src(truth, same)) and math.isnan(src(same, truth)) and math.isnan(relative_l2(same, truth))
    assert med(same, truth) == pytest.approx(5.5)
    for measure in MEASURES.values():
        assert math.isnan(measure(unknown, truth))
        assert np.isnan(measure(unknown, np.ones((2, 4)))).tolist() == [True, True]
    found = src(truth, np.array([same, truth]))
    assert math.isnan(found[0]) and found[1] == pytest.approx(1)
