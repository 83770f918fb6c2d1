"""Slopes with intervals, against NumPy's own fit and laws that are known."""

import numpy as np
import pytest
import scipy.stats

from benchmarks.growth import draw, per_unit, sized, slope, table, timed

X = np.repeat([1.0, 2.0, 5.0, 10.0, 30.0], 3)


def points(law, mib):
    return [{"x": x, "seconds": [law(x), law(x)], "mib": mib(x)} for x in (1, 2, 4, 8)]


def test_an_exact_law_is_found_without_doubt():
    assert slope(X, 3 * X**1.7) == pytest.approx((1.7, 1.7, 1.7))
    assert per_unit(X, 5 + 0.25 * X) == pytest.approx((0.25, 0.25, 0.25))


def test_intervals_are_those_of_least_squares():
    y = 5 + 2 * X + np.random.default_rng(0).normal(0, 3, len(X))
    (expected, _), covariance = np.polyfit(X, y, 1, cov=True)
    half = scipy.stats.t.ppf(0.975, len(X) - 2) * np.sqrt(covariance[0, 0])
    assert per_unit(X, y) == pytest.approx((expected, expected - half, expected + half))


def test_intervals_hold_as_often_as_they_say():
    rng, held = np.random.default_rng(0), []
    for _ in range(1000):
        _, low, high = slope(X, 3 * X**1.2 * np.exp(rng.normal(0, 0.3, len(X))))
        held.append(low <= 1.2 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_two_points_give_a_slope_without_an_end():
    assert slope([1.0, 2.0], [1.0, 4.0]) == pytest.approx((2, -np.inf, np.inf))


def test_points_are_taken_apart():
    found = points(lambda x: x**2, lambda x: x - 1)
    assert np.array(timed(found)).tolist() == [[1, 1, 2, 2, 4, 4, 8, 8], [1, 1, 4, 4, 16, 16, 64, 64]]
    assert np.array(sized(found)).tolist() == [[2, 4, 8], [1, 3, 7]]  # less than a MiB is none
    assert [len(part) for part in sized(points(lambda x: x, lambda x: 0))] == [0, 0]


def test_table_and_picture(tmp_path):
    curves = {"a": points(lambda x: x**2, lambda x: 10 * x), "b": points(lambda x: 4 * x, lambda x: 0)}
    first, second = table(curves, {"a": "dives", "b": "vaults"}).splitlines()[2:]
    assert first.startswith("| dives | 1, 8 | 2 [2, 2] |") and first.endswith("| 1 [1, 1] | 10 [10, 10] |")
    assert second == "| vaults | 1, 8 | 1 [1, 1] | 4e+03 [4e+03, 4e+03] | – | – |"
    draw(curves, {"a": "dives", "b": "vaults"}, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
