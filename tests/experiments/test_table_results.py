"""Figures and their draws, of scores and of stages, against SciPy, loops and an evaluation."""

import dataclasses

import numpy as np
import pytest
from refusals import refused
from scipy import stats

from scoringnet_tf import bootstrap
from scoringnet_tf.bootstrap import interval
from scoringnet_tf.experiments import results
from scoringnet_tf.experiments.results import MEAN, NOTHING, Results, StageResults, counts, read_stages
from scoringnet_tf.inference import evaluation
from scoringnet_tf.report.evaluation_report import write_report
from scoringnet_tf.sports import get_sport, src


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 50)


def of_scores(**predicted):
    """Rows of final scores, whose truth is 0, 1, …"""
    number = next(iter(predicted.values())).shape[2]
    ids = tuple(f"{video:02d}" for video in range(number))
    return Results(ids, {"final": np.arange(float(number))}, {row: {"final": of} for row, of in predicted.items()})


def test_videos_of_unknown_score_are_left_out():
    found = of_scores(row=drawn((2, 3, 40)))
    found.truth["final"][7] = np.nan
    known = np.arange(40) != 7
    expected = [
        [src(found.truth["final"][known], scores[known]) for scores in seed] for seed in found.predicted["row"]["final"]
    ]
    np.testing.assert_allclose(found.values("row", "f_src"), expected)


def test_an_interval_covers_each_source_of_change():
    """Wide only where seeds, renderings or videos differ."""
    truth = np.arange(40.0)
    same = np.broadcast_to(truth + 1, (3, 2, 40))
    of_seeds = same + np.array([0, 1, 2.0])[:, None, None]
    of_renderings = same + np.array([0, 2.0])[None, :, None]
    of_videos = same + np.abs(drawn(40))
    draws = of_scores(same=same, seeds=of_seeds, renderings=of_renderings, videos=of_videos).drawn("f_med")
    assert interval(draws["same"]) == (1.0, 1.0)
    assert interval(draws["seeds"]) == interval(draws["renderings"]) == (1.0, 3.0)
    expected = stats.bootstrap((np.abs(of_videos - truth)[0, 0],), np.mean, rng=0).confidence_interval
    assert interval(draws["videos"]) == pytest.approx(tuple(expected), abs=0.05)


def test_groups_are_drawn_whole():
    """Against a double loop: of each group all videos or none, as often as it is drawn, one draw fewer than groups."""
    truth, groups = np.arange(8.0), ("a", None, "b", "a", "a", None, "b", "c")
    found = Results(tuple("01234567"), {"final": truth}, {"row": {"final": drawn((1, 1, 8))}}, groups=groups)
    draws = found.drawn("f_src")["row"]
    members = [[0, 3, 4], [1], [2, 6], [5], [7]]
    rng, expected = np.random.default_rng(5), []
    for _ in range(bootstrap.DRAWS):
        videos = [video for place in rng.integers(0, 5, 4) for video in members[place]]
        expected.append(src(truth[videos], found.predicted["row"]["final"][0, 0, videos]))
    np.testing.assert_allclose(interval(draws), interval(np.array(expected)), atol=0.08)
    assert np.nanmean(draws) == pytest.approx(np.nanmean(expected), abs=0.03)
    _, _, videos = bootstrap.resamples([(1, 1, 8)], groups)
    for of_draw in videos:
        times = np.bincount(of_draw[of_draw >= 0], minlength=8)
        assert [len(set(times[place])) for place in members] == [1] * 5
        assert sum(times[place[0]] for place in members) == 4
    assert np.isnan(dataclasses.replace(found, groups=("one",) * 8).drawn("f_src")["row"]).all()


@pytest.mark.parametrize("figures", [[0.0, 2.0], [0.0, 1.0, 2.0, 7.0, 3.0]])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_draws_vary_as_the_mean_of_few_does(figures, axis):
    """By s² / n, be it of seeds, renderings or videos: draws of as many as there are would by (n − 1) / n of that."""
    shape = [1, 1, 1]
    shape[axis] = len(figures)
    errors = np.reshape(figures, shape) + np.zeros((1, 1, len(figures) if axis == 2 else 30))
    draws = of_scores(row=errors + np.arange(errors.shape[2])).drawn("f_med")["row"]
    assert np.var(draws) == pytest.approx(np.var(figures, ddof=1) / len(figures), rel=0.1)


def test_differences_between_rows_are_paired_and_rows_may_have_other_seeds():
    scores = np.arange(40.0) + 6 * drawn((3, 2, 40))
    better = 0.5 * scores + 0.5 * np.arange(40.0)
    draws = of_scores(one=scores, better=better, shifted=scores + 2.0, fewer=scores[:1]).drawn("f_src")
    np.testing.assert_array_equal(draws["one"], draws["shifted"])
    assert interval(draws["better"] - draws["one"])[0] > 0
    assert np.ptp(draws["one"]) > 0 and np.isfinite(draws["fewer"]).all()


@pytest.mark.usefixtures("few_draws")
def test_relative_l2_of_drawn_videos_goes_by_the_range_of_all():
    """As a double loop has it: a draw of 40 misses an end of the scale in a third of all cases."""
    found = of_scores(one=np.arange(40.0) + drawn((2, 2, 40)), other=drawn((2, 2, 40)))
    draws = found.drawn("f_rl2")
    for index, (uniform, renderings, videos) in enumerate(zip(*bootstrap.resamples([(2, 2, 40)] * 2), strict=True)):
        for row, scores in found.predicted.items():
            seed = int(2 * uniform[0])
            errors = [((scores["final"][seed, rendering, v] - v) / 39) ** 2 for rendering in renderings for v in videos]
            assert draws[row][index] == pytest.approx(100 * np.mean(errors))


STAGES = ("noise", "pre-starting", "take-flight", "entry")
OF_STAGES = dict.fromkeys(STAGES, NOTHING)
TRUE = np.repeat([1, 2, 3, 0], [4, 6, 5, 5])


def predictions(seed, errors=0.2, videos=6):
    """Random errors, labels of different lengths, a frame without a label, a video without one."""
    rng = np.random.default_rng(seed)
    found = evaluation.Predictions(ids=[f"{number:02d}" for number in reversed(range(videos))])
    for number in reversed(range(videos)):
        truth = TRUE[: 20 - number % 8].copy()
        predicted = np.where(rng.uniform(size=len(truth)) < errors, rng.integers(0, 4, len(truth)), truth)
        truth[1] = -1
        found.stages_true.append(truth if number else np.full(20, -1))
        found.stages_predicted.append(predicted)
    found.truth = {score: np.linspace(1, 2, videos) for score in ("difficulty", "execution", "final")}
    found.predicted = dict(found.truth)
    found.empty_fragments = np.zeros((videos, 2), bool)
    return found


def test_stages_of_a_report_are_read_again_and_their_figures_are_those_of_an_evaluation(tmp_path):
    found, path = predictions(0), tmp_path / "report/stages.csv"
    write_report(tmp_path / "report", found, {}, get_sport("diving"))
    read = read_stages(path, STAGES)
    assert list(read) == sorted(found.ids)
    for video_id, truth, predicted in zip(found.ids, found.stages_true, found.stages_predicted, strict=True):
        np.testing.assert_array_equal(read[video_id], [truth, predicted])
    expected = evaluation.figures(found, STAGES)
    of_videos = counts(list(read.values()), STAGES)
    shares = {name: (value[:, 0].sum() / value[:, 1].sum()) for name, value in of_videos.items()}
    assert shares["frames"] == pytest.approx(expected["frame_accuracy"])
    for stage in STAGES:
        assert shares[stage] == pytest.approx(expected["frame_accuracy_per_class"][stage])
    for theirs, ours in results.SEGMENTS.items():
        assert shares[ours] == pytest.approx(expected[theirs], rel=1e-5)
    with refused("wrong_format", "stages.csv"):
        read_stages(path, ("noise", "landing"))


@pytest.fixture(scope="module")
def of_stages():
    """Two seeds on one rendering; the second row makes fewer errors."""

    def of(errors):
        made = [predictions(seed, errors, 40) for seed in range(2)]
        found = [counts(list(zip(p.stages_true, p.stages_predicted, strict=True)), STAGES) for p in made]
        return {name: np.array([[one[name]] for one in found]) for name in found[0]}

    return StageResults(
        tuple(f"{number:02d}" for number in range(40)),
        dict.fromkeys(STAGES, NOTHING),
        {"worse": of(0.4), "better": of(0.1)},
    )


def test_draws_of_stages_are_paired_and_lie_around_the_figure(of_stages):
    for name in of_stages.names:
        draws = of_stages.drawn(name)
        low, high = interval(draws["worse"])
        assert low < of_stages.values("worse", name).mean() < high
        assert interval(draws["better"] - draws["worse"])[0] > 0
    classes = np.mean([of_stages.values("worse", stage) for stage in STAGES], axis=0)
    np.testing.assert_allclose(of_stages.values("worse", MEAN), classes)


def test_groups_of_videos_of_stages_are_drawn_whole(of_stages):
    """Of two groups a draw takes one."""
    groups = ("one",) * 20 + ("two",) * 20
    first = {name: of[:1] for name, of in of_stages.predicted["worse"].items()}
    found = StageResults(of_stages.ids, OF_STAGES, {"row": first}, groups=groups).drawn("frames")["row"]
    right, total = first["frames"][0, 0].reshape(2, 20, 2).sum(axis=1).T
    np.testing.assert_allclose(np.unique(found), sorted(right / total))
