"""Key fragments: which frames a tower sees, against loops; moved in time in training."""

import numpy as np
import pytest
import tensorflow as tf

from scoringnet_tf.models.fragments import FragmentSelector, TrainingFragments, resampling_indices


@pytest.mark.parametrize("length", [1, 4, 7, 16])
@pytest.mark.parametrize("member", [[2, 3, 4, 5, 6], [7], [0, 11], [1, 2, 8, 9, 10], list(range(12))])
def test_resampling_equals_loop(member, length):
    chosen = np.zeros((1, 12), bool)
    chosen[0, member] = True
    steps = [k * (len(member) - 1) / max(length - 1, 1) for k in range(length)]
    expected = [member[int(np.round(step))] for step in steps]  # NumPy and Keras both round halves to even
    assert np.asarray(resampling_indices(chosen, length)).tolist() == [expected]


def test_selector_cuts_the_fragment_and_reports_empty_ones():
    """Frames 3…8, the middle rounded to even; the whole video, without its padding."""
    frames = np.arange(12, dtype="uint8")[None, :, None, None, None] * np.ones((2, 12, 2, 2, 3), "uint8")
    stages = np.int32([[0, 0, 1, 2, 2, 2, 2, 3, 3, 0, 0, 0], [0] * 9 + [2] * 3])  # what padding carries says nothing
    mask = np.arange(12) < np.array([[12], [9]])
    clip, empty = FragmentSelector([2, 3], 3)(frames, stages, mask)
    assert np.asarray(empty).tolist() == [False, True]
    assert np.asarray(clip)[:, :, 0, 0, 0].tolist() == [[3, 5, 8], [0, 4, 8]]


def test_a_row_of_padding_alone_stays_in_its_own_video():
    frames = np.arange(2, dtype="uint8")[:, None, None, None, None] * np.ones((2, 5, 2, 2, 3), "uint8")
    mask = np.array([[False] * 5, [True] * 5])
    clip, empty = FragmentSelector([2], 3)(frames, np.zeros((2, 5), "int32"), mask)
    assert np.asarray(empty).tolist() == [True, True]
    assert np.asarray(clip)[0].max() == 0
    assert np.asarray(clip)[1].min() == 1


@pytest.mark.parametrize("source", ["true", "predicted"])
def test_fragment_jitter_moves_each_video_by_itself(source):
    stages = np.tile([0, 0, 0, 1, 1, 2, 2, 2, 3, 0, 0, 0], (400, 1))
    known, other = tf.constant(stages), tf.zeros(stages.shape, tf.int32)
    true, predicted = (known, other) if source == "true" else (other, known)
    moved = TrainingFragments(source, jitter=2)(true, predicted).numpy()
    shifts = {tuple(np.roll(stages[0], shift)): shift for shift in range(-2, 3)}
    counts = np.bincount([2 + shifts[tuple(row)] for row in moved.tolist()])
    assert counts.sum() == 400 and counts.min() > 50
    np.testing.assert_array_equal(TrainingFragments(source)(true, predicted).numpy(), stages)


def test_fragment_jitter_does_not_depend_on_the_rest_of_the_batch():
    """The last frame of a shorter video repeats, not what it is padded with, and that stays what it is."""
    stages = np.tile([1, 1, 2, 2, 3, 3, -1, -1, -1], (400, 1))
    is_frame = np.arange(9) < np.where(np.arange(400) < 200, 6, 9)[:, None]
    stages[200:] = [0, 1, 1, 2, 2, 3, 3, 0, 0]
    moved = TrainingFragments(jitter=2)(tf.constant(stages), None, tf.constant(is_frame)).numpy()
    for rows, length in ((range(200), 6), (range(200, 400), 9)):
        row, places = stages[rows[0]], np.arange(9)
        shifts = [np.where(places < length, row[np.clip(places + move, 0, length - 1)], row) for move in range(-2, 3)]
        assert {tuple(each) for each in moved[rows]} == {tuple(each) for each in shifts}
