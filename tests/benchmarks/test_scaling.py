"""The command that measures curves: its points, its exponents against NumPy's own fit, what is wrong with its flags."""

import json

import cv2
import numpy as np
import pytest
import scipy.stats
from command_forks import forked
from conftest import write_bars
from refusals import code_printed

from benchmarks.growth import per_unit, picture, slope, table

POINTS = ["compared=20", "videos=3", "cached=3", "length=40", "size=32", "stages=4", "learned=8"]
X = np.repeat([1.0, 2.0, 5.0, 10.0, 30.0], 3)


def points(law, mib):
    return [{"x": x, "seconds": [law(x), law(x)], "mib": mib(x)} for x in (1, 2, 4, 8)]


def test_slopes_and_their_intervals_are_those_of_least_squares():
    assert slope(X, 3 * X**1.7) == pytest.approx((1.7, 1.7, 1.7))
    assert per_unit(X, 5 + 0.25 * X) == pytest.approx((0.25, 0.25, 0.25))
    y = 5 + 2 * X + np.random.default_rng(0).normal(0, 3, len(X))
    (expected, _), covariance = np.polyfit(X, y, 1, cov=True)
    half = scipy.stats.t.ppf(0.975, len(X) - 2) * np.sqrt(covariance[0, 0])
    assert per_unit(X, y) == pytest.approx((expected, expected - half, expected + half))
    assert slope([1.0, 2.0], [1.0, 4.0]) == pytest.approx((2, -np.inf, np.inf))  # two points have no end


def test_a_table_has_a_line_for_each_curve():
    """Less than a MiB is none."""
    curves = {"a": points(lambda x: x**2, lambda x: 10 * x), "b": points(lambda x: 4 * x, lambda x: 0)}
    first, second = table(curves, {"a": "dives", "b": "vaults"}).splitlines()[2:]
    assert first.startswith("| dives | 1, 8 | 2 [2, 2] |") and first.endswith("| 1 [1, 1] | 10 [10, 10] |")
    assert second == "| vaults | 1, 8 | 1 [1, 1] | 4e+03 [4e+03, 4e+03] | – | – |"


def test_a_picture_has_a_panel_for_each_curve_with_both_axes():
    """Less than a MiB is drawn as one, which a logarithmic axis can show."""
    curves = {"a": points(lambda x: x**2, lambda x: 10 * x), "b": points(lambda x: 4 * x, lambda x: 0)}
    panels = picture(curves, {"a": "dives", "b": "vaults"}).axes
    assert [axis.get_title() for axis in panels if axis.get_title()] == ["dives", "vaults"]
    drawn = [axis.lines[0].get_ydata().tolist() for axis in panels]
    assert sorted(drawn) == sorted([[1, 4, 16, 64], [10, 20, 40, 80], [4, 8, 16, 32], [1, 1, 1, 1]])


@pytest.fixture
def videos(tmp_path):
    (tmp_path / "videos").mkdir()
    for number in range(3):
        write_bars(tmp_path / "videos" / f"{number}.mp4", 30 + number, number)
    return tmp_path / "videos"


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_every_curve_has_points(point, videos, stage_model):
    words = (f"--videos={videos}", f"--model={stage_model}", "--rounds=1", f"--point={point}")
    result = forked("benchmarks.scaling", *words)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.split("JSON", 1)[1])
    assert found["x"] == int(point.partition("=")[2])
    assert len(found["seconds"]) == 1 and min(found["seconds"]) > 0 and found["mib"] >= 0


@pytest.mark.slow
def test_a_curve_is_printed_and_drawn(videos, tmp_path):
    words = (f"--videos={videos}", "--curves=stages", "--rounds=1", f"--picture={tmp_path / 'growth.png'}")
    result = forked("benchmarks.scaling", *words)
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()[2:]
    assert line.startswith("| stages of a sport, found in 8 videos | 4, 50 |")
    assert min(cv2.imread(str(tmp_path / "growth.png")).shape[:2]) > 200


def test_what_is_wrong_is_one_line(videos):
    for arguments, named in (
        ([f"--videos={videos}", "--curves=speed"], "speed"),
        ([f"--videos={videos}"], "40"),
    ):
        result = forked("benchmarks.scaling", *arguments)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
        assert named in result.stderr and code_printed(result.stderr)
