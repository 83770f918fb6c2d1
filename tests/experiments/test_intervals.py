"""Intervals of figures, against SciPy and against what is known of the draws."""

import numpy as np
import pytest
from scipy import stats

from scoringnet_tf import bootstrap
from scoringnet_tf.experiments import intervals
from scoringnet_tf.sports import src


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def results(**predicted):
    truth = {"final": np.arange(40.0)}
    ids = tuple(f"{number:02d}" for number in range(40))
    return intervals.Results(ids, truth, {row: {"final": scores} for row, scores in predicted.items()})


def test_videos_of_unknown_score_are_left_out():
    found = results(row=drawn((2, 3, 40)))
    found.truth["final"][7] = np.nan
    known = np.arange(40) != 7
    expected = [[src(found.truth["final"][known], scores[known]) for scores in seed] for seed in
                found.predicted["row"]["final"]]  # fmt: skip
    np.testing.assert_allclose(found.figure("row", "final", "src"), expected)


def test_an_interval_covers_each_source_of_change():
    """Wide only where seeds, renderings or videos differ."""
    truth = np.arange(40.0)
    same = np.broadcast_to(truth + 1, (3, 2, 40))
    of_seeds = same + np.array([0, 1, 2.0])[:, None, None]
    of_renderings = same + np.array([0, 2.0])[None, :, None]
    of_videos = same + np.abs(drawn(40))
    draws = results(same=same, seeds=of_seeds, renderings=of_renderings, videos=of_videos).draws("final", "med", 400)
    low, high = bootstrap.interval(draws["same"])
    assert (low, high) == (1.0, 1.0)
    assert bootstrap.interval(draws["seeds"]) == (1.0, 3.0)
    assert bootstrap.interval(draws["renderings"]) == (1.0, 3.0)
    low, high = bootstrap.interval(draws["videos"])
    expected = stats.bootstrap((np.abs(of_videos - truth)[0, 0],), np.mean, rng=0).confidence_interval
    assert (low, high) == pytest.approx(tuple(expected), abs=0.05)


def test_groups_are_drawn_whole():
    """Against a double loop: of each group all videos or none, as often as it is drawn, one draw fewer than groups."""
    truth = {"final": np.arange(8.0)}
    groups = ("a", None, "b", "a", "a", None, "b", "c")
    found = intervals.Results(tuple("01234567"), truth, {"row": {"final": drawn((1, 1, 8))}}, groups=groups)
    draws = found.draws("final", "src", 3000)["row"]
    members = [[0, 3, 4], [1], [2, 6], [5], [7]]
    rng, expected = np.random.default_rng(5), []
    for _ in range(3000):
        videos = [video for place in rng.integers(0, 5, 4) for video in members[place]]
        expected.append(src(truth["final"][videos], found.predicted["row"]["final"][0, 0, videos]))
    np.testing.assert_allclose(bootstrap.interval(draws), bootstrap.interval(np.array(expected)), atol=0.08)
    assert np.nanmean(draws) == pytest.approx(np.nanmean(expected), abs=0.03)
    _, _, videos = bootstrap.resamples([(1, 1, 8)], 200, groups)
    for of_draw in videos:
        times = np.bincount(of_draw[of_draw >= 0], minlength=8)
        assert [len(set(times[place])) for place in members] == [1] * 5
        assert sum(times[place[0]] for place in members) == 4


def test_groups_that_differ_widen_an_interval():
    """Ten athletes of seven videos each: their common error does not average out over the seven."""
    error = np.repeat(np.abs(drawn(10)), 7)
    truth, predicted = np.arange(70.0), np.arange(70.0) + error
    groups = np.repeat([f"athlete {number}" for number in range(10)], 7).tolist()
    widths = []
    for of in ((), groups):
        draws = bootstrap.draws_of("med", truth, {"row": predicted[None, None]}, 2000, of)["row"]
        widths.append(np.ptp(bootstrap.interval(draws)))
    by_hand = stats.bootstrap((error[::7],), np.mean, rng=0, method="percentile").confidence_interval
    assert widths[1] == pytest.approx(np.ptp(by_hand), rel=0.15)
    assert widths[1] > 2 * widths[0]
    of_one = bootstrap.draws_of("med", truth, {"row": predicted[None, None]}, 10, ["one"] * 70)["row"]
    assert np.isnan(of_one).all()


def test_without_groups_the_draws_are_those_of_videos():
    shapes = [(2, 2, 40)]
    for alone in ((), [None] * 40):
        for found, expected in zip(
            bootstrap.resamples(shapes, 20, alone), bootstrap.resamples(shapes, 20), strict=True
        ):
            np.testing.assert_array_equal(found, expected)
    assert bootstrap.num_units(["a", None, "a", None]) == 3


@pytest.mark.parametrize("figures", [[0.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 7.0, 3.0]])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_draws_vary_as_the_mean_of_few_does(figures, axis):
    """By s² / n, be it of seeds, renderings or videos: draws of as many as there are would by (n − 1) / n of that."""
    shape = [1, 1, 1]
    shape[axis] = len(figures)
    scores = np.reshape(figures, shape) + np.zeros((1, 1, len(figures) if axis == 2 else 30))
    truth = {"final": np.zeros(scores.shape[2])}
    found = intervals.Results(tuple(map(str, range(scores.shape[2]))), truth, {"row": {"final": scores}})
    draws = found.draws("final", "med", 4000)["row"]
    assert np.var(draws) == pytest.approx(np.var(figures, ddof=1) / len(figures), rel=0.1)
    assert bootstrap.number_of(1) == 1


def test_differences_between_rows_are_paired():
    scores = np.arange(40.0) + 6 * drawn((3, 2, 40))
    draws = results(one=scores, better=0.5 * scores + 0.5 * np.arange(40.0), shifted=scores + 2.0).draws(
        "final", "src", 200
    )
    np.testing.assert_array_equal(draws["one"], draws["shifted"])
    assert bootstrap.interval(draws["better"] - draws["one"])[0] > 0
    assert np.ptp(draws["one"]) > 0


def test_rows_may_have_another_number_of_seeds():
    draws = results(three=drawn((3, 2, 40)), one=drawn((1, 2, 40))).draws("final", "src", 50)
    assert np.isfinite(draws["three"]).all() and np.isfinite(draws["one"]).all()


def test_relative_l2_of_drawn_videos_goes_by_the_range_of_all():
    """As a double loop has it: a draw of 40 misses an end of the scale in a third of all cases."""
    found = results(one=np.arange(40.0) + drawn((2, 2, 40)), other=drawn((2, 2, 40)))
    draws = found.draws("final", "rl2", 50)
    for index, (uniform, renderings, videos) in enumerate(zip(*bootstrap.resamples([(2, 2, 40)] * 2, 50), strict=True)):
        for row, scores in found.predicted.items():
            errors = [
                ((scores["final"][int(2 * seed), rendering, video] - video) / 39) ** 2
                for seed in uniform[:1]
                for rendering in renderings
                for video in videos
            ]
            assert draws[row][index] == pytest.approx(100 * np.mean(errors))
    mean = found.figure("other", "final", "rl2").mean()
    assert 0.3 < (draws["other"] < mean).mean() < 0.7  # half of the draws are below
