"""What the benchmark of intervals draws, and what it counts."""

import numpy as np
import pytest
from command_forks import forked
from scipy import stats

from benchmarks import known_figures


def test_the_true_figure_is_that_of_very_many_videos(monkeypatch):
    """Of seeds that differ."""
    monkeypatch.setattr(known_figures, "VIDEOS", 4000)
    found = []
    for number in range(60):
        truth, predicted = known_figures.predictions(np.random.default_rng(number), 3, 0.2)
        assert predicted.shape == (3, 3, 4000)
        found += [stats.spearmanr(truth, scores).statistic for seed in predicted for scores in seed]
    assert np.mean(found) == pytest.approx(known_figures.true_figure(0.2), abs=0.03)
    assert known_figures.true_figure(0.0) == pytest.approx(6 / np.pi * np.arcsin(0.15))


def test_a_table_of_shares_is_printed():
    done = forked("benchmarks.interval_coverage", "--seeds=1,2", "--spreads=0,0.9", "--repetitions=20")
    assert done.returncode == 0, done.stderr
    heading, _, one, two = [line.strip("|").split("|") for line in done.stdout.splitlines()]
    assert [cell.strip() for cell in heading] == ["seeds", "± 0", "± 0.9"]
    assert [row[0].strip() for row in (one, two)] == ["1", "2"]
    of_one = [float(cell.strip(" %")) for cell in one[1:]]
    assert of_one[0] >= 80 > of_one[1]  # one seed says nothing of how others differ


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--seeds=2,0", "--seeds: expected whole numbers from 1 on. Received: 2,0."),
        ("--seeds=1.5", "--seeds: expected whole numbers from 1 on. Received: 1.5."),
        ("--spreads=0,wide", "--spreads: expected numbers from 0 on. Received: 0,wide."),
        ("--spreads=nan", "--spreads: expected numbers from 0 on. Received: nan."),
    ],
)
def test_what_is_no_number_of_seeds_and_no_spread_is_refused(flag, message):
    done = forked("benchmarks.interval_coverage", flag, "--repetitions=1")
    assert done.returncode == 1 and message in done.stderr and not done.stdout
