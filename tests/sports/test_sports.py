"""What each sport is, against a table written by hand from the paper (§4.1, §4.3, Tables 1 and 2) and the rules."""

import dataclasses
import math

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.sports import SPORTS, Marks, get_sport, in_order

# Sport: stages of the difficulty fragment, of the execution fragment, and F of difficulty 4, execution 9, penalty 1.
TABLE = {
    "diving": (["take-flight"], ["take-flight", "entry"], 36),
    "diving_phases": (["jump", "flight"], ["jump", "flight", "entry"], 36),
    "sync_diving": (["take-flight"], ["take-flight", "entry"], 36),
    "vault": (["posting-flight"], ["posting-flight", "landing"], 12),
    "ski_big_air": (["flight"], ["flight", "landing"], 13),
    "snowboard_big_air": (["flight"], ["flight", "landing"], 13),
    "rhythmic_gymnastics": (["routine"], ["routine"], 12),
    "artistic_gymnastics": (["exercise", "dismount"], ["exercise", "dismount", "landing"], 12),
    "ski_jumping": (["flight", "landing"], ["flight", "landing", "out-run"], 12),
}


@pytest.mark.parametrize("name", SPORTS)
def test_fragments_and_fusion(name):
    sport, (difficulty, execution, final) = get_sport(name), TABLE[name]
    assert list(sport.difficulty_fragment) == difficulty
    assert list(sport.execution_fragment) == list(sport.fragment("final")) == execution
    assert sport.fuse(4, 9, 1) == final
    assert (sport.other_part(4, final, 1), sport.other_part(9, final, 1)) == (9, 4)
    assert sport.fusion != "product" or math.isnan(sport.other_part(0, 0))


@pytest.mark.parametrize("name", ["diving", "vault", "ski_big_air"])
def test_the_variance_of_a_final_score_is_that_of_all_pairs(name):
    """Of two independent scores of a few values each: every pair is as probable, and the figure exact."""
    sport = get_sport(name)
    difficulty, execution = np.array([1.0, 3.0, 8.0]), np.array([2.0, 22.0, 23.0, 40.0])
    means, variances = zip(*((scores.mean(), scores.var()) for scores in (difficulty, execution)), strict=True)
    pairs = sport.fuse(difficulty[:, np.newaxis], execution)
    assert sport.fused_variance(means, variances) == pytest.approx(pairs.var(), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "marks", "expected"),
    [
        ("diving", [7.0, 6.5, 8.0], 21.5),
        ("diving", [10, 0, 7, 7.5, 6.5], 21.0),
        ("diving", [8, 7.5, 8, 9, 8.5, 7, 8], 24.0),
        ("sync_diving", [7, 5, 6, 8, 9, 8, 7.5, 6, 8.5], 22.2),  # (6 + 7 + 8 + 7.5 + 8.5) × 0.6
        ("artistic_gymnastics", [9.1, 8.8, 9.0, 9.4, 7.0], 26.9 / 3),  # without the highest and the lowest
        ("vault", [9.1, 8.8, 9.0, 9.4, 7.0, 9.3], 36.2 / 4),
        ("artistic_gymnastics", [9.1, 8.8, 9.0, 9.4, 7.0, 8.0, 10.0], 27.1 / 3 - 0.2 / 3),
        ("sync_diving", [7, 5, 6, 8, 9, 10, 9, 8, 7.5, 6, 8.5], 23.4),  # (6 + 9 + 8 + 7.5 + 8.5) × 0.6
    ],
)
def test_marks_make_the_execution(name, marks, expected):
    """Worked by hand by World Aquatics' rules: of every group of judges the middle marks, of five the sum × 0.6."""
    rule = get_sport(name).marks
    assert rule.execution(marks) == pytest.approx(expected, abs=1e-12)
    assert expected / rule.execution_step == pytest.approx(round(expected / rule.execution_step))


def test_a_penalty_comes_off_every_mark_and_leaves_none_below_0():
    rule = get_sport("diving").marks
    assert rule.execution([7.0, 6.5, 8.0], penalty=2.0) == 15.5
    assert rule.execution([1.0, 1.5, 3.0], penalty=2.0) == 1.0
    assert dataclasses.replace(rule, penalty_off_marks=False).execution([7.0, 6.5, 8.0], penalty=2.0) == 21.5


@pytest.mark.parametrize(
    ("marks", "code"),
    [([7.0] * 4, "count_mismatch"), *(([7.0, 7.0, mark], "out_of_range") for mark in (7.3, 10.5, -0.5, math.nan))],
)
def test_marks_that_no_panel_gives_are_refused(marks, code):
    with refused(code, f"{marks[-1]:g}" if code == "out_of_range" else len(marks)):
        get_sport("diving").marks.execution(marks)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"panels": (((7, 4),),)}, "wrong_value"),
        ({"panels": (((3, 5),),)}, "wrong_value"),
        ({"panels": ()}, "wrong_value"),
        ({"panels": (((3, 3),), ((3, 1),))}, "wrong_value"),
        ({"step": 0.0}, "out_of_range"),
        ({"step": 0.3}, "wrong_value"),
    ],
)
def test_a_rule_of_marks_that_cannot_be_is_refused(wrong, code):
    with refused(code):
        Marks(**{"panels": (((3, 3),),), "step": 0.5, "maximum": 10.0, **wrong})


def test_stages_of_one_performance_come_in_order_and_once():
    assert all(map(in_order, ([0, 1, 1, 0, 2, 3, 0], [-1, 2], [])))
    assert not any(map(in_order, ([1, 2, 1], [2, 1], [1, 0, 1])))
