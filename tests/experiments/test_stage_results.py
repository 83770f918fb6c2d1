"""Table 3: figures of labelled frames are those of an evaluation, whatever videos are drawn; and cells."""

import csv

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.bootstrap import interval
from scoringnet_tf.experiments import report, stage_results
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.stage_results import MEAN, StageResults, counts, read_stages
from scoringnet_tf.inference import evaluation
from scoringnet_tf.report.evaluation_report import write_report
from scoringnet_tf.sports import get_sport

STAGES = ("noise", "pre-starting", "take-flight", "entry")
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


@pytest.fixture
def written(tmp_path):
    found = predictions(0)
    write_report(tmp_path / "report", found, {}, get_sport("diving"))
    return found, read_stages(tmp_path / "report/stages.csv", STAGES)


def test_stages_of_a_report_are_read_again(written):
    found, read = written
    assert list(read) == sorted(found.ids)
    for video_id, truth, predicted in zip(found.ids, found.stages_true, found.stages_predicted, strict=True):
        np.testing.assert_array_equal(read[video_id], [truth, predicted])


def test_stages_of_another_sport_are_refused(written, tmp_path):
    with refused("wrong_format", "stages.csv"):
        read_stages(tmp_path / "report/stages.csv", ("noise", "landing"))


def test_figures_are_those_of_an_evaluation(written):
    found, read = written
    expected = evaluation.figures(found, STAGES)
    of_videos = counts(list(read.values()), STAGES)
    shares = {name: (value[:, 0].sum() / value[:, 1].sum()) for name, value in of_videos.items()}
    assert shares["frames"] == pytest.approx(expected["frame_accuracy"])
    for stage in STAGES:
        assert shares[stage] == pytest.approx(expected["frame_accuracy_per_class"][stage])
    for theirs, ours in stage_results.SEGMENTS.items():
        assert shares[ours] == pytest.approx(expected[theirs], rel=1e-5)


@pytest.fixture
def results():
    """Two seeds on one rendering; the second row makes fewer errors."""

    def of(errors):
        found = [[predictions(seed, errors, 40) for _ in range(1)] for seed in range(2)]
        pairs = [[list(zip(p.stages_true, p.stages_predicted, strict=True)) for p in seed] for seed in found]
        per_report = [[counts(videos, STAGES) for videos in seed] for seed in pairs]
        return {name: np.array([[c[name] for c in seed] for seed in per_report]) for name in per_report[0][0]}

    ids = tuple(f"{number:02d}" for number in range(40))
    return StageResults(ids, STAGES, {"worse": of(0.4), "better": of(0.1)})


def test_draws_are_paired_and_lie_around_the_figure(results):
    for name in results.names:
        draws = results.drawn(name, 100)
        low, high = interval(draws["worse"])
        assert low < results.values("worse", name).mean() < high
        assert interval(draws["better"] - draws["worse"])[0] > 0
    classes = np.mean([results.values("worse", stage) for stage in STAGES], axis=0)
    np.testing.assert_allclose(results.values("worse", MEAN), classes)


def test_intervals_of_frames_cover_videos_renderings_and_seeds():
    """Videos that differ, and renderings or seeds that do, though their videos are all alike."""
    truth = np.stack([TRUE] * 8)
    half, none = (np.where(np.arange(20) < wrong, (TRUE + 1) % 4, TRUE) for wrong in (10, 0))
    of_videos = [list(zip(truth, [half, none] * 4, strict=True))]
    of_renderings = [list(zip(truth, [found] * 8, strict=True)) for found in (half, none)]
    for reports, axis in ((of_videos, 0), (of_renderings, 0), (of_renderings, 1)):
        counted = [counts(videos, STAGES) for videos in reports]
        found = {name: np.expand_dims([one[name] for one in counted], axis) for name in counted[0]}
        results = StageResults(tuple("abcdefgh"), STAGES, {"row": found})
        low, high = interval(results.drawn("frames", 200)["row"])
        assert low < 0.75 < high and high - low > 0.1


def test_cells_can_be_computed_again_from_what_is_kept(results, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "interval", lambda draws: (0.0, 1.0))
    paper = {"diving": {"worse": {"entry": 0.97}}}
    experiment = Experiment("Table 3", "Which?", [Row("worse")], "worse", paper, measures="stages", picture="frames")
    text = report.write_results(tmp_path, experiment, results, "unlv_diving", "diving", {})
    found = report.cells(results, experiment)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["row"] == "better"]
    for name in ("entry", "frames", "edit", "F1@50"):
        by_seed = [[(float(r[f"{name}_right"]), float(r[f"{name}_all"])) for r in rows if r["seed"] == s] for s in "01"]
        right, total = np.sum(by_seed, axis=1).T
        assert found["better"][name]["mean"] == pytest.approx(np.mean(right / total), rel=1e-4)
    assert "| | noise | pre-starting | take-flight | entry | mean of classes | frames | edit | F1@10 |" in text
    assert "| *the paper* |  |  |  | 0.97 |" in text and "better against worse (95 %, paired): noise" in text
    assert (tmp_path / "frames.png").stat().st_size > 1000
