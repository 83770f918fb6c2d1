"""What each sport is, against a table written by hand from the paper (§4.1, §4.3, Tables 1 and 2) and the rules."""

import math

import numpy as np
import pytest

from scoringnet_tf.sports import SPORTS, get_sport, in_order

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


@pytest.mark.parametrize("name", ["diving", "vault", "ski_big_air"])
def test_the_variance_of_a_final_score_is_that_of_many_draws(name):
    rng, sport = np.random.default_rng(0), get_sport(name)
    difficulty, execution = rng.normal(3.2, 0.2, 200_000), rng.normal(22.0, 1.5, 200_000)
    variance = sport.fused_variance((3.2, 22.0), (0.2**2, 1.5**2))
    assert variance == pytest.approx(np.var(sport.fuse(difficulty, execution)), rel=0.02)


def test_the_final_score_alone_is_read_from_what_execution_is_read_from():
    sport = get_sport("diving")
    assert sport.fragment("difficulty") == ("take-flight",)
    assert sport.fragment("execution") == sport.fragment("final") == ("take-flight", "entry")


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([0, 1, 1, 0, 2, 3, 0], True),
        ([-1, 2], True),
        ([], True),
        ([1, 2, 1], False),
        ([2, 1], False),
        ([1, 0, 1], False),
    ],
)
def test_stages_of_one_performance_come_in_order_and_once(stages, expected):
    assert in_order(stages) == expected
