"""Shortcuts: the regression against its textbook form, what a glance sees, and what is said of leaks."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from data_prep.simulator import shortcuts
from data_prep.simulator.dataset import simulate
from data_prep.simulator.encoding import write_video
from data_prep.simulator.performance import Performance
from data_prep.simulator.settings import Settings
from data_prep.simulator.shortcuts import Glance, cross_validated, glance, moments, rank_correlation, shortcut_table

NAMES = ("start", "take-off", "entry", "end")


def performance(execution=0.0, num_frames=60, boundaries=(10, 20, 40, 50)):
    return Performance(
        1, Path("a.avi"), "mpeg4", 3, None, None, boundaries, 0, 0, num_frames, 3.0, execution, (), "train"
    )


def test_ridge_finds_what_is_linear_and_nothing_in_noise():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 30))
    target = features[:, :3] @ (1.0, -2.0, 0.5) + 4.0
    np.testing.assert_allclose(cross_validated(features, target), target, atol=0.05)
    both = cross_validated(features, np.stack((target, features[:, 5]), axis=1))
    np.testing.assert_allclose(both, np.stack((target, features[:, 5]), axis=1), atol=0.05)
    noise = rng.normal(size=200)
    assert abs(rank_correlation(cross_validated(features, noise), noise)) < 0.2


def test_leave_one_out_errors_are_those_of_leaving_one_out():
    """The penalty chosen is the one of least error by the dense hat matrix, and the weights are the textbook's."""
    rng = np.random.default_rng(1)
    design = rng.normal(size=(25, 40))
    design -= design.mean(axis=0)
    target = design[:, 0] + rng.normal(size=25)
    errors = []
    for penalty in shortcuts.PENALTIES:
        kernel = design @ design.T
        hat = kernel @ np.linalg.inv(kernel + penalty * np.eye(25)) + 1 / 25
        errors.append(
            np.mean(((target - target.mean() - (hat - 1 / 25) @ (target - target.mean())) / (1 - np.diag(hat))) ** 2)
        )
    best = shortcuts.PENALTIES[int(np.argmin(errors))]
    textbook = np.linalg.solve(design.T @ design + best * np.eye(40), design.T @ (target - target.mean()))
    ((weights, mean),) = shortcuts.ridge(design, target[:, None])
    np.testing.assert_allclose(weights, textbook, atol=1e-9)
    assert mean == target.mean()


def test_a_constant_has_no_rank_correlation():
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0.0


def test_a_glance_sees_the_frames_at_its_moments(tmp_path):
    plan = performance()
    levels = np.arange(60) * 3 + 40
    frames = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    write_video(tmp_path / "a.avi", iter(frames), 2)
    seen = glance(tmp_path / "a.avi", plan)
    assert moments(plan) == (10, 20, 30, 40, 43, 50)
    assert seen.frames.shape == (6, 12, 16) and seen.num_bytes == (tmp_path / "a.avi").stat().st_size
    luma = 16 + levels[list(moments(plan))] * 219 / 255
    np.testing.assert_allclose(seen.frames.mean(axis=(1, 2)), luma, atol=1.5)
    np.testing.assert_allclose(seen.deviation, np.std(levels[40:50] * 219 / 255), atol=0.5)
    assert seen.colour[0] == pytest.approx(luma.mean(), abs=1.5) and seen.colour[1] == pytest.approx(128, abs=1.5)


@pytest.mark.slow
def test_the_table_finds_a_leak_where_it_is():
    """Execution is painted into one frame, at the entry: that row alone shows it."""
    rng = np.random.default_rng(0)
    executions = rng.uniform(0, 30, 120)
    glances = []
    for execution in executions:
        frames = rng.normal(100, 20, (6, 12, 16))
        frames[3, :6] += 3 * execution
        glances.append(Glance(1000, rng.normal(100, 20, 3), frames, rng.normal(10, 2, (12, 16))))
    rows = shortcut_table([performance(execution) for execution in executions], glances, NAMES)
    found = {row.split("|")[1].strip(): float(row.split("|")[3]) for row in rows[2:]}
    assert found.pop("one grey frame of 16×12: entry") > 0.7
    assert max(found.values()) < 0.2


@pytest.mark.slow
def test_the_card_has_the_table_where_there_are_videos_enough(tmp_path, monkeypatch):
    settings = Settings("diving", "scoring", 20, 0, None, False, 0.25, 32, 32)
    monkeypatch.setattr("data_prep.simulator.dataset.LEAST_VIDEOS", 20)
    simulate(settings, tmp_path / "many", workers=1)
    card = (tmp_path / "many" / "README.md").read_text()
    assert "| one grey frame of 16×12: entry |" in card and "| durations of the stages |" in card
    simulate(dataclasses.replace(settings, num_videos=2), tmp_path / "few", workers=1)
    assert "Shortcuts are measured from 100 videos on." in (tmp_path / "few" / "README.md").read_text()
