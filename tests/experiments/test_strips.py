"""Fig. 4: bars and strips of what each network finds."""

import json
import os

import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed
from test_suite import commands, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.experiments import strips, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.experiments.strips import _videos
from scoringnet_tf.experiments.training import Training
from scoringnet_tf.inference.evaluation import Predictions
from scoringnet_tf.report.evaluation_report import write_report
from scoringnet_tf.sports import get_sport

FIG4 = EXPERIMENTS["fig4"]


@pytest.fixture
def trained(surroundings, commands):  # noqa: F811
    """One seed of every network, each with an error rate of its own."""
    suite.run([FIG4], surroundings, 1)
    for number, row in enumerate(FIG4.rows):
        rng = np.random.default_rng(number)
        for rendering in surroundings.tested:
            ids = rendering.split("test")["ids"]
            found = Predictions(ids=ids, truth={"final": np.arange(3.0)}, predicted={"final": np.arange(3.0)})
            for _ in ids:
                truth = np.repeat([1, 2, 3, 0], [20, 30, 20, 10])
                wrong = rng.uniform(size=80) < 0.2 - 0.05 * number
                found.stages_true.append(truth)
                found.stages_predicted.append(np.where(wrong, (truth + 1) % 4, truth))
            report = Training(row.flags, 0).report(surroundings, rendering, row.evaluation)
            write_report(report, found, {}, get_sport(rendering.sport))
    return surroundings


@pytest.mark.slow
def test_networks_are_drawn(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 50)
    assert [row.name for row in FIG4.rows] == [f"{name}, argmax" for name in ("ResNet50", "C3D", "C3D + ED-TCN", "KFS")]
    text = FIG4.draw(tmp_path / "fig4", FIG4, trained, 1)
    assert "![](fig4.png)" in text
    for name in ("fig4.png", "strips.png"):
        assert (tmp_path / "fig4" / name).stat().st_size > 10_000
    results = suite.results(EXPERIMENTS["table3"], trained, 1)
    assert list(results.predicted) == [row.name for row in FIG4.rows]  # of the ordered ones nothing is done
    assert results.values("KFS, argmax", "frames").mean() > results.values("ResNet50, argmax", "frames").mean()


def test_a_strip_is_of_the_true_stages_and_one_of_what_each_network_finds(monkeypatch):
    truth, first, second = np.array([1, 2, 3]), np.array([1, 1, 3]), np.array([0, 2, 2])
    drawn = []
    monkeypatch.setattr(strips, "stage_timeline", lambda ids, found, *_: drawn.append((ids, found)))
    strips.draw_strips({"a": {"v": (truth, first)}, "b": {"v": (truth, second)}}, ("noise", "x", "y", "z"))
    ((ids, found),) = drawn
    assert ids == ["v"] and np.array(found).tolist() == [[[1, 2, 3], [1, 1, 3], [0, 2, 2]]]


@pytest.mark.slow
def test_strips_are_of_a_seed_that_is_done(trained, tmp_path, monkeypatch):
    """Of the first row its second seed alone."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    row = FIG4.rows[0]
    first, second = (Training(row.flags, seed).folder(trained) for seed in (0, 1))
    first.rename(second)
    assert FIG4.draw(tmp_path / "fig4", FIG4, trained, 2) is not None
    assert list(_videos(FIG4, trained, suite.results(FIG4, trained, 2))) == [row.name for row in FIG4.rows]


@pytest.mark.slow
def test_of_what_a_figure_is_stands_beside_it_and_keeps_it_from_less(trained, diving_records, tmp_path):
    words = ["--preset", trained.preset, "--records_dir", diving_records, "--renderings", tmp_path / "again"]
    words += ["--runs_dir", trained.folder, "--results_dir", tmp_path / "results", "--seeds=2"]
    folder = tmp_path / "results/diving/fig4"
    for _ in range(2):  # the same may be drawn again
        assert forked("scoringnet_tf.experiments", "report", "fig4", *words).returncode == 0
    drawn = json.loads((folder / "drawn.json").read_text())
    assert drawn["seeds"] == {row.name: 1 for row in FIG4.rows} and len(drawn["trainings"]) == 4
    assert drawn["data"]["hash"] == [info.data_hash for info in trained.tested]
    (folder / "drawn.json").write_text(json.dumps({**drawn, "seeds": {**drawn["seeds"], "KFS, argmax": 2}}))
    os.utime(folder / "fig4.png", ns=(0, 0))
    result = forked("scoringnet_tf.experiments", "report", "fig4", *words)
    assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"
    assert (folder / "fig4.png").stat().st_mtime_ns == 0  # it was not written again
    (folder / "drawn.json").write_text(json.dumps({**drawn, "preset": "other.flags"}))
    result = forked("scoringnet_tf.experiments", "report", "fig4", *words)
    assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"
    edited = {**drawn, "preset_flags": [*drawn["preset_flags"], "--ranking_margin=3"]}
    (folder / "drawn.json").write_text(json.dumps(edited))
    result = forked("scoringnet_tf.experiments", "report", "fig4", *words)
    assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"
    (folder / "drawn.json").unlink()
    result = forked("scoringnet_tf.experiments", "report", "fig4", *words)
    assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"


def test_nothing_is_drawn_of_nothing(surroundings, tmp_path):  # noqa: F811
    assert FIG4.draw(tmp_path / "fig4", FIG4, surroundings, 1) is None
