"""Several performances in one video are cut apart; what is no whole one is none."""

import types

import numpy as np
import pytest
from refusals import codes
from scripted_stages import labels_of

from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.finding import find, performances
from scoringnet_tf.inference.seen import Seen
from scoringnet_tf.sports import get_sport

DIVE = ((0, 4), (1, 3), (2, 5), (3, 2), (0, 6))
RATE = 25.0
MODEL = types.SimpleNamespace(
    sport=get_sport("diving"),
    reference=None,
    recognised=(),
    content="frames",
    frame_rate=RATE,
    stage_decision=types.SimpleNamespace(decoding="argmax"),
)


def seen_of(stages, **video):
    """What is seen of a video whose frames have these probabilities (L, 4)."""
    numbers = np.arange(len(stages))
    return Seen(Video([], RATE, numbers / RATE, (480, 640), 4 / 3, **video), numbers, numbers, RATE, stages)


def found(*runs, around=99):
    """(edges of each span, warnings) of a video in which these stages are sure."""
    stages = 0.02 + 0.92 * np.eye(4, dtype=np.float32)[labels_of(*runs)]
    spans, warnings = find(MODEL, seen_of(stages), around=around / RATE)
    for span in spans:
        np.testing.assert_array_equal(span.labels, labels_of(*runs)[span.start : span.stop])
    return [(span.start, span.stop, span.first, span.end) for span in spans], warnings


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (DIVE, [(0, 20, 4, 14)]),
        (DIVE * 2, [(0, 19, 4, 14), (19, 40, 24, 34)]),  # cut in the middle between them
        (((1, 3), (2, 5), (3, 2)) * 2, [(0, 10, 0, 10), (10, 20, 10, 20)]),
        (((0, 9),), [(0, 9, 0, 9)]),  # the whole video, if there is none
        (((2, 5), (1, 3)), [(0, 8, 0, 8)]),
        (((2, 5), (0, 1), (2, 3)), [(0, 9, 0, 9)]),
        (((0, 7), (2, 3)), [(0, 10, 0, 10)]),
        ((*DIVE, (2, 5), (0, 3), *DIVE), [(0, 17, 4, 14), (28, 48, 32, 42)]),  # a replay is in nobody's span
    ],
)
def test_performances_are_cut_apart(runs, expected):
    assert found(*runs)[0] == expected


def test_what_is_far_from_a_performance_is_none_of_it():
    assert found(*DIVE, (0, 50), *DIVE, around=3)[0] == [(1, 17, 4, 14), (71, 87, 74, 84)]


@pytest.mark.parametrize(
    ("runs", "times"),
    [
        ((*DIVE, (2, 5), (0, 2), (3, 2)), ("0.84", "1.12", "no pre-starting")),
        (((1, 3), (2, 5), *DIVE), ("0.00", "0.28", "no entry")),
        ((*DIVE, (2, 5)), ()),  # a stray label
        (((1, 5), (3, 1), *DIVE), ()),  # two of them
        (((2, 5), (3, 2)), ()),  # judged as if it were whole
        (DIVE * 2, ()),
    ],
)
def test_what_is_left_out_beside_a_whole_performance_is_told(runs, times):
    warnings = found(*runs)[1]
    assert codes(warnings) == ["partial_performance"] * bool(times) and all(part in warnings[0] for part in times)


def test_a_stage_that_no_frame_shows_is_none():
    """A flight alone is in the order of a dive only with a start and an entry of a frame each."""
    path = labels_of((0, 5), (1, 1), (2, 5), (3, 1), (0, 3))
    for shown, frames, edges in (
        (labels_of((0, 6), (2, 5), (0, 4)), [0, 5, 0], (6, 11)),
        (labels_of((0, 6), (1, 2), (2, 5), (0, 2)), [1, 5, 0], (5, 11)),
    ):
        seen = np.eye(4, dtype=np.float32)[np.where(path == 1, path, shown) if frames[0] else shown]
        mask = np.ones((1, len(path)), bool)
        each = [np.asarray(value)[0] for value in performances(MODEL, path[None], seen[None], mask, RATE, most=2)]
        assert each[0].tolist() == [[0, 0, 0], frames]
        assert (int(each[1][1]), int(each[2][1])) == edges and not each[3].any()
