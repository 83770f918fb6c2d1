"""What each sport is, against a table written by hand from the paper (§4.1, §4.3, Tables 1 and 2) and the rules."""

import math

import pytest

from scoringnet_tf.sports import SPORTS, get_sport

# Sport: stages of the difficulty fragment, of the execution fragment, and F of difficulty 4, execution 9, penalty 1.
TABLE = {
    "diving": (["take-flight"], ["take-flight", "entry"], 36),
    "sync_diving": (["take-flight"], ["take-flight", "entry"], 36),
    "vault": (["posting-flight"], ["posting-flight", "landing"], 12),
    "ski_big_air": (["flight"], ["flight", "landing"], 13),
    "snowboard_big_air": (["flight"], ["flight", "landing"], 13),
    "rhythmic_gymnastics": (["routine"], ["routine"], 12),
}


def test_every_sport_is_in_the_table():
    assert set(TABLE) == set(SPORTS)


@pytest.mark.parametrize("name", TABLE)
def test_fragments_and_fusion(name):
    sport, (difficulty, execution, final) = get_sport(name), TABLE[name]
    assert list(sport.difficulty_fragment) == difficulty
    assert list(sport.execution_fragment) == execution
    assert sport.fuse(4, 9, 1) == final
    assert sport.execution_of(4, final, 1) == 9


def test_a_factor_of_0_leaves_no_execution():
    assert math.isnan(get_sport("diving").execution_of(0, 0))
