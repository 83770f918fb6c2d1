"""The dives of a difficulty; judges and faults of dives and vaults."""

import itertools
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from refusals import refused
from scipy.stats import spearmanr

from data_prep.simulator.diving.motion import FAULTS
from data_prep.simulator.performance import share_deduction, total_deduction
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.settings import Settings


def test_dives_of_a_difficulty_are_found_and_one_each_keeps_the_most_frequent():
    simulator = get_simulator("diving")
    assert all(1.3 <= simulator.difficulty_of(dive) <= 4.8 and dive.head_first for dive in simulator.elements)
    counts, of_difficulty = Counter(simulator.difficulties.values()), simulator.elements_of_difficulty
    assert counts[3.2] >= 4 and counts[3.3] >= 3 and counts[3.6] >= 4
    assert {"407C", "5253B", "6243D"} <= {dive.number for dive in of_difficulty(3.2)}
    assert [dive.number for dive in of_difficulty(3.2, one_each=True)] == ["407C"]
    assert {simulator.difficulty_of(dive) for dive in of_difficulty(4.0)} == {4.1}


SPORTS = pytest.mark.parametrize("sport", ["diving", "vault"])


@pytest.mark.parametrize(
    ("sport", "marks", "expected"),
    [
        ("diving", [9.0, 5.0, 7.0, 7.5, 8.0, 10.0, 0.0], 7.0 + 7.5 + 8.0),
        ("vault", [9.9, 9.3, 9.0, 9.4, 9.3], 9.333),  # cut off after three decimals
        ("vault", [9.7, 9.7, 9.6, 9.0, 10.0], 9.666),
    ],
)
def test_the_middle_three_marks_count(sport, marks, expected):
    assert get_simulator(sport).execution_score(np.array(marks)) == expected
    with refused("count_mismatch", 4):
        get_simulator(sport).execution_score(np.ones(4))


@pytest.mark.parametrize(("sport", "deduction", "tolerance"), [("diving", 5.25, 0.05), ("vault", 1.1, 0.01)])
def test_judges_are_unbiased_and_spread_as_stated(sport, deduction, tolerance):
    simulator, rng = get_simulator(sport), np.random.default_rng(0)
    scores = [simulator.execution_score(simulator.judge(deduction, rng)) for _ in range(4000)]
    assert np.mean(scores) == pytest.approx(simulator.max_execution - deduction, abs=tolerance)
    assert np.std(scores) == pytest.approx(simulator.execution_sd, abs=tolerance)


@pytest.mark.parametrize("points", [0.0, 0.4, 5.0, 24.0])
def test_shared_deductions_add_up_again(points):
    rng = np.random.default_rng(1)
    for _ in range(50):
        severities = share_deduction(points, FAULTS, rng)
        assert all(0 <= severity <= 1 for severity in severities.values())
        assert total_deduction(severities, FAULTS) == pytest.approx(points, abs=1e-4)


def assert_shared_out(simulator, plans):
    """No fault alone explains execution, those that judges weigh most do so in part, and all together nearly do."""
    severities = np.array([[plan.trait.severities[fault.name] for fault in simulator.faults] for plan in plans])
    execution = np.array([plan.execution for plan in plans])
    signed = np.array([spearmanr(column, execution).statistic for column in severities.T])
    assert (signed < 0).all() and np.abs(signed).max() <= 0.6 and np.sort(np.abs(signed))[-3] > 0.25
    design = np.column_stack((severities, np.ones(len(plans))))
    explained = design @ np.linalg.lstsq(design, execution, rcond=None)[0]
    assert spearmanr(explained, execution).statistic >= 0.95


@SPORTS
@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 8), marks=pytest.mark.slow)])
def test_no_single_fault_explains_execution_but_all_together_do(sport, seeds):
    """Of the scores drawn here and, where they are at hand, of real ones."""
    simulator, real = get_simulator(sport), os.environ.get("SCORINGNET_REAL_DATA")
    folders = [None, Path(real) / {"diving": "unlv_diving", "vault": "vault"}[sport]] if real else [None]
    for labels_dir, seed in itertools.product(folders, seeds):
        num_videos = None if labels_dir and sport == "diving" else 400
        settings = Settings(sport, "scoring", num_videos, seed, labels_dir, False, 0.2, 48, 64)
        assert_shared_out(simulator, plan_videos(simulator, settings))
