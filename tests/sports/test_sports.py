"""What each sport is, against a table written by hand from the paper (§4.1, §4.3, Tables 1 and 2) and the rules."""

import math

import numpy as np
import pytest

from scoringnet_tf.sports import SPORTS, get_sport, in_order

# Sport: stages of the difficulty fragment, of the execution fragment, and F of difficulty 4, execution 9.
TABLE = {
    "diving": (["take-flight"], ["take-flight", "entry"], 36),
    "diving_phases": (["jump", "flight"], ["jump", "flight", "entry"], 36),
    "sync_diving": (["take-flight"], ["take-flight", "entry"], 36),
    "vault": (["posting-flight"], ["posting-flight", "landing"], 13),
    "ski_big_air": (["flight"], ["flight", "landing"], 13),
    "snowboard_big_air": (["flight"], ["flight", "landing"], 13),
    "artistic_gymnastics": (["exercise", "dismount"], ["exercise", "dismount", "landing"], 13),
    "ski_jumping": (["flight", "landing"], ["flight", "landing", "out-run"], 13),
}


@pytest.mark.parametrize("name", SPORTS)
def test_fragments_and_fusion(name):
    sport, (difficulty, execution, final) = get_sport(name), TABLE[name]
    assert list(sport.difficulty_fragment) == difficulty
    assert list(sport.execution_fragment) == list(sport.fragment("final")) == execution
    assert sport.fuse(4, 9) == final
    assert (sport.other_part(4, final), sport.other_part(9, final)) == (9, 4)
    assert sport.fusion != "product" or math.isnan(sport.other_part(0, 0))


@pytest.mark.parametrize("name", ["diving", "vault", "ski_big_air"])
def test_the_variance_of_a_final_score_is_that_of_all_pairs(name):
    """Of two independent scores of a few values each: every pair is as probable, and the figure exact."""
    sport = get_sport(name)
    difficulty, execution = np.array([1.0, 3.0, 8.0]), np.array([2.0, 22.0, 23.0, 40.0])
    means, variances = zip(*((scores.mean(), scores.var()) for scores in (difficulty, execution)), strict=True)
    pairs = sport.fuse(difficulty[:, np.newaxis], execution)
    assert sport.fused_variance(means, variances) == pytest.approx(pairs.var(), rel=1e-12)


def test_stages_of_one_performance_come_in_order_and_once():
    assert all(map(in_order, ([0, 1, 1, 0, 2, 3, 0], [-1, 2], [])))
    assert not any(map(in_order, ([1, 2, 1], [2, 1], [1, 0, 1])))
