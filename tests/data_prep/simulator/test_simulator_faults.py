"""Judges and faults: the rules, and that no single fault explains execution while all together do."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from refusals import refused
from scipy.stats import spearmanr

from data_prep.simulator.diving.labels import EXECUTION_SD, draw_boundaries, draw_deduction, execution_score, judge
from data_prep.simulator.diving.motion import FAULTS
from data_prep.simulator.faults import share_deduction, total_deduction
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.settings import Settings
from data_prep.simulator.shortcuts import cross_validated


def test_execution_is_the_sum_of_the_middle_three():
    assert execution_score(np.array([9.0, 5.0, 7.0, 7.5, 8.0, 10.0, 0.0])) == 7.0 + 7.5 + 8.0
    with refused("count_mismatch", 5):
        execution_score(np.ones(5))


def test_marks_are_half_points_within_the_scale():
    rng = np.random.default_rng(0)
    marks = np.array([judge(deduction, rng) for deduction in np.linspace(-1.5, 31.5, 200)])
    np.testing.assert_array_equal(marks * 2, np.round(marks * 2))
    assert marks.min() == 0 and marks.max() == 10


def test_judges_are_unbiased_and_spread_as_stated():
    rng = np.random.default_rng(0)
    scores = np.array([execution_score(judge(5.25, rng)) for _ in range(4000)])
    assert scores.mean() == pytest.approx(24.75, abs=0.05)
    assert scores.std() == pytest.approx(EXECUTION_SD, abs=0.05)


@pytest.mark.parametrize("points", [0.0, 0.4, 5.0, 24.0])
def test_shared_deductions_add_up_again(points):
    rng = np.random.default_rng(1)
    for _ in range(50):
        severities = share_deduction(points, FAULTS, rng)
        assert all(0 <= severity <= 1 for severity in severities.values())
        assert total_deduction(severities, FAULTS) == pytest.approx(points, abs=1e-4)


def test_deductions_beyond_all_faults_make_every_fault_as_bad_as_it_gets():
    severities = share_deduction(30.0, FAULTS, np.random.default_rng(0))
    np.testing.assert_allclose(list(severities.values()), 1.0, atol=1e-6)


def test_no_single_fault_explains_execution_but_all_together_do():
    rng = np.random.default_rng(0)
    severities, execution = [], []
    for _ in range(1500):
        drawn = share_deduction(draw_deduction(rng), FAULTS, rng)
        severities.append([drawn[fault.name] for fault in FAULTS])
        execution.append(execution_score(judge(total_deduction(drawn, FAULTS), rng)))
    severities, execution = np.array(severities), np.array(execution)
    signed = [spearmanr(column, execution).statistic for column in severities.T]
    single = [abs(correlation) for correlation in signed]
    assert max(single) <= 0.6
    assert min(single[:3]) > 0.4  # what judges weigh most: splash, entry angle, position
    assert all(correlation < 0 for correlation in signed)  # every fault costs points
    assert spearmanr(cross_validated(severities, execution), execution).statistic >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_no_fault_gives_the_execution_away_whatever_the_seed(sport):
    """The strongest |ρ| of seeds 0 to 7, of the scores drawn here and, where they are at hand, of real ones."""
    simulator, real = get_simulator(sport), os.environ.get("SCORINGNET_REAL_DATA")
    folders = [None, Path(real) / {"diving": "unlv_diving", "vault": "vault"}[sport]] if real else [None]
    for labels_dir, seed in itertools.product(folders, range(8)):
        num_videos = None if labels_dir and sport == "diving" else 400
        plans = plan_videos(simulator, Settings(sport, "scoring", num_videos, seed, labels_dir, False, 0.2, 48, 64))
        execution = [plan.execution for plan in plans]
        for fault in simulator.faults:
            rho = spearmanr([plan.trait.severities[fault.name] for plan in plans], execution).statistic
            assert abs(rho) <= 0.6, (labels_dir, seed, fault.name)


def test_drawn_boundaries_have_the_real_ranges_and_medians():
    rng = np.random.default_rng(0)
    rows = np.array([draw_boundaries(rng) for _ in range(3000)])
    for values, least, median, most in (
        (rows[:, 0], 1, 23, 75),
        (rows[:, 1] - rows[:, 0], 1, 10, 21),
        (rows[:, 2] - rows[:, 0], 23, 33, 53),
        (rows[:, 3] - rows[:, 2], 1, 11, 21),
    ):
        assert values.min() >= least and values.max() <= most
        assert abs(np.median(values) - median) <= 1
