"""Several performances in one video are cut apart; what is no whole one is none."""

import numpy as np
import pytest

from scoringnet_tf.inference.stages import partial_spans, performances_in, stretches, without_unseen


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


def test_a_video_is_cut_in_the_middle_between_performances():
    two = labels(*DIVE, *DIVE)
    assert stretches(two, has_all, 99) == [(0, 19, 4, 14), (19, 40, 24, 34)]
    assert stretches(labels(*DIVE), has_all, 99) == [(0, 20, 4, 14)]


def test_what_is_no_whole_performance_is_in_nobody_s_stretch():
    replay_cut_off = labels(*DIVE, (2, 5), (0, 3), *DIVE)
    assert stretches(replay_cut_off, has_all, 99) == [(0, (14 + 20) // 2, 4, 14), ((25 + 32) // 2, 48, 32, 42)]
    assert stretches(labels((0, 7), (2, 3)), has_all, 99) == []


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ((*DIVE, (2, 5), (0, 2), (3, 2)), [(20, 29)]),
        (((1, 3), (2, 5), *DIVE), [(0, 8)]),
        ((*DIVE, (2, 5)), []),  # a stray label
        (((1, 5), (3, 1), *DIVE), []),  # two of them
        (((2, 5), (3, 2)), []),  # judged as if it were whole
        (DIVE * 2, []),
    ],
)
def test_what_is_left_out_beside_a_whole_performance_is_known(runs, expected):
    assert partial_spans(labels(*runs), has_all) == expected


def test_a_stage_that_no_frame_shows_is_none():
    """A flight alone is in the order of a dive only with a start and an entry of a frame each."""
    shown, found = labels((0, 6), (2, 5), (0, 4)), labels((0, 5), (1, 1), (2, 5), (3, 1), (0, 3))
    np.testing.assert_array_equal(without_unseen(found, np.eye(4)[shown]), shown)
    late, found = labels((0, 6), (1, 2), (2, 5)), labels((0, 5), (1, 4), (2, 4))
    np.testing.assert_array_equal(without_unseen(found, np.eye(4)[late]), found)


def test_what_is_far_from_a_performance_is_none_of_it():
    assert stretches(labels(*DIVE, (0, 50), *DIVE), has_all, 3) == [(1, 17, 4, 14), (71, 87, 74, 84)]
