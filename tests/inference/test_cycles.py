"""Several performances in one video are cut apart; what is no whole one is none."""

import itertools

import numpy as np
import pytest

from scoringnet_tf.inference.performances import performances_in, stretches


def labels(*runs):
    return np.repeat([stage for stage, _ in runs], [count for _, count in runs])


DIVE = ((0, 4), (1, 3), (2, 5), (3, 2), (0, 6))


def has_all(found):
    return set(found) >= {1, 2, 3}


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (DIVE, [(4, 14)]),
        (DIVE * 2, [(4, 14), (24, 34)]),
        (((1, 3), (2, 5), (3, 2)) * 2, [(0, 10), (10, 20)]),
        (((0, 9),), []),
        (((2, 5), (1, 3)), [(0, 5), (5, 8)]),
        (((2, 5), (0, 1), (2, 3)), [(0, 5), (6, 9)]),
        (((1, 1), (0, 3), (3, 1)), [(0, 5)]),
    ],
)
def test_a_performance_ends_where_the_next_begins(runs, expected):
    assert performances_in(labels(*runs)) == expected


def test_a_video_is_cut_in_the_middle_between_whole_performances():
    two = labels(*DIVE, *DIVE)
    assert stretches(two, has_all) == [(0, 19), (19, 40)]
    assert stretches(labels(*DIVE), has_all) == [(0, 20)]
    replay_cut_off = labels(*DIVE, (2, 5), (0, 3), *DIVE)
    assert stretches(replay_cut_off, has_all) == [(0, (14 + 32) // 2), (23, 48)]
    assert stretches(labels((0, 7), (2, 3)), has_all) == [(0, 10)]


def test_stretches_cover_the_video_whatever_it_shows():
    rng = np.random.default_rng(0)
    for _ in range(50):
        found = rng.integers(0, 4, 40)
        spans = stretches(found, has_all)
        assert spans[0][0] == 0 and spans[-1][1] == 40
        assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
