"""The decision between stages: arg-max, and the best path in order, against every path there is."""

import itertools
import os
import pathlib
import re

import keras
import numpy as np
import pytest
import scipy.io
import tensorflow as tf
from training_runs import SMALL, batch

import scoringnet_tf
from scoringnet_tf.models.decoding import (
    StageDecision,
    best_path,
    decided,
    first_argmax,
    ordered_states,
    transitions,
)
from scoringnet_tf.sports import DECODINGS


def in_order(labels, num_stages, cyclic):
    """Whether labels are stages 1, 2, … in turn with noise anywhere, beginning and ending anywhere; by hand."""
    runs = [label for label, _ in itertools.groupby(labels)]
    stages = [label for label in runs if label]
    for before, after in itertools.pairwise(stages):
        if after != before + 1 and not (cyclic and (before, after) == (num_stages - 1, 1)):
            return False
    return True


def best_by_force(probabilities, cyclic):
    """The log-probability of the best labels in order, of all S^L."""
    logs = np.log(probabilities)
    length, num_stages = logs.shape
    found = [
        sum(logs[frame, label] for frame, label in enumerate(labels))
        for labels in itertools.product(range(num_stages), repeat=length)
        if in_order(labels, num_stages, cyclic)
    ]
    return max(found)


def drawn(rng, *shape):
    return rng.dirichlet(np.full(shape[-1], 0.4), shape[:-1]).astype("float32").clip(1e-4)


@pytest.mark.parametrize("cyclic", [False, True], ids=["ordered", "cyclic"])
@pytest.mark.parametrize(("length", "num_stages"), [(1, 4), (2, 3), (7, 3), (6, 4)])
def test_the_path_is_the_best_of_all(length, num_stages, cyclic):
    rng = np.random.default_rng(length)
    probabilities = drawn(rng, 25, length, num_stages)
    layer = StageDecision("cyclic" if cyclic else "ordered")
    labels = keras.ops.convert_to_numpy(layer(probabilities, np.ones((25, length), bool)))
    for row, found in zip(probabilities, labels, strict=True):
        assert in_order(found, num_stages, cyclic), found
        probability = np.log(row)[np.arange(length), found].sum()
        np.testing.assert_allclose(probability, best_by_force(row, cyclic), rtol=1e-5)


def test_a_path_repairs_what_frames_by_themselves_get_wrong():
    """A second pre-starting after the entry, of a frame, and a frame of entry in the flight."""
    argmax = [0, 1, 1, 2, 2, 3, 2, 2, 3, 3, 0, 1, 0]
    right = [0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 0, 0, 0]
    probabilities = np.full((1, len(argmax), 4), 0.1, np.float32)
    probabilities[0, np.arange(len(argmax)), argmax] = 0.7
    mask = np.ones((1, len(argmax)), bool)
    for decoding, expected in (("argmax", argmax), ("ordered", right)):
        assert StageDecision(decoding)(probabilities, mask)[0].numpy().tolist() == expected


def test_two_performances_are_one_cycle():
    labels = [0, 1, 2, 3, 0, 0, 1, 2, 3, 1, 2, 3]
    probabilities = np.full((1, 12, 4), 0.01, np.float32)
    probabilities[0, np.arange(12), labels] = 0.97
    mask = np.ones((1, 12), bool)
    assert StageDecision("cyclic")(probabilities, mask)[0].numpy().tolist() == labels
    once = StageDecision("ordered")(probabilities, mask)[0].numpy().tolist()
    assert in_order(once, 4, cyclic=False) and once != labels


def test_padding_changes_nothing():
    rng = np.random.default_rng(0)
    probabilities = drawn(rng, 3, 20, 4)
    mask = np.arange(20) < np.array([[20], [11], [1]])
    layer = StageDecision("ordered")
    labels = layer(probabilities, mask).numpy()
    for row, length in enumerate((20, 11, 1)):
        alone = layer(probabilities[row : row + 1, :length], np.ones((1, length), bool)).numpy()[0]
        np.testing.assert_array_equal(labels[row, :length], alone)


def test_a_long_video_loses_no_digits():
    """Ten thousand frames of noise that hardly tells, then a performance that tells little more."""
    length = 10_000
    probabilities = np.full((1, length, 4), 0.25, np.float32)
    probabilities[0, :, 0] += 5e-5
    truth = np.zeros(length, int)
    truth[-90:-60], truth[-60:-30], truth[-30:] = 1, 2, 3
    probabilities[0, np.arange(length), truth] += 1e-4
    decide = tf.function(StageDecision("ordered"))  # in Python each frame would take milliseconds
    assert (decide(probabilities, np.ones((1, length), bool))[0].numpy() == truth).all()


def test_states_and_steps_of_three_stages():
    assert ordered_states(3) == [0, 1, 0, 2, 0]
    steps = [[column for column, cost in enumerate(row) if cost == 0] for row in transitions(3)]
    assert steps == [[0, 1], [1, 2, 3], [2, 3], [3, 4], [4]]
    steps = [[column for column, cost in enumerate(row) if cost == 0] for row in transitions(3, cyclic=True)]
    assert sorted(steps[3]) == [1, 3, 4] and sorted(steps[4]) == [1, 4]


def test_a_graph_for_any_batch_decides_a_single_frame():
    """As an exported model is asked to: neither the batch nor the length is known before."""
    spec = [tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), tf.bool)]
    for decoding in ("argmax", "ordered", "cyclic"):
        decide = tf.function(StageDecision(decoding), input_signature=spec)
        assert decide(np.float32([[[0.1, 0.7, 0.2]]]), np.ones((1, 1), bool)).numpy().tolist() == [[1]]


def test_the_greatest_is_the_first_of_equals_and_always_an_index():
    rows = np.float32([[0, 3, 3], [-1, -2, -1], [np.nan, 0, 1], [-np.inf] * 3])
    assert keras.ops.convert_to_numpy(first_argmax(rows)).tolist() == [1, 0, 2, 0]


def test_ties_are_decided_alike():
    logs = np.zeros((2, 5, 5), np.float32)
    paths = keras.ops.convert_to_numpy(best_path(logs, transitions(3)))
    assert (paths[0] == paths[1]).all() and (np.diff(paths[0]) >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("decoding", DECODINGS)
@pytest.mark.parametrize("length", [1, 2, 40, 500])
def test_one_video_is_decided_in_numpy_as_in_a_graph(decoding, length):
    """Of ties too: of stages that are as probable as each other, and of those that cannot be."""
    rng = np.random.default_rng(length)
    layer = StageDecision(decoding)
    smooth = drawn(rng, length // 10 + 1, 4).repeat(10, axis=0)[:length]
    drawn_of_few = rng.choice(np.float32([0.0, 0.25, 0.5, 1.0]), (length, 4))  # many are equal
    for probabilities in (drawn(rng, length, 4), smooth, drawn_of_few, np.full((length, 4), 0.25, "float32")):
        expected = keras.ops.convert_to_numpy(layer(probabilities[np.newaxis], np.ones((1, length), bool)))[0]
        found = decided(probabilities, decoding)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.int32


def test_an_unknown_decoding_is_named():
    with pytest.raises(ValueError, match=re.escape("one of argmax, ordered, cyclic. Received: 'viterbi'")):
        StageDecision("viterbi")


def test_no_path_is_worse_than_argmax_on_real_dives():
    """An ED-TCN's probabilities for the 70 test videos of UNLV-Diving: jumping and dropping apart, the end as noise."""
    if "SCORINGNET_REAL_DATA" not in os.environ:
        pytest.skip("SCORINGNET_REAL_DATA is not set: no real stage probabilities")
    folder = pathlib.Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving")
    rows = scipy.io.loadmat(folder / "split_300_70/testing_idx.mat")["testing_idx"].ravel() - 1
    times = np.loadtxt(folder / "jump_drop_water_label.txt", delimiter=",", dtype=int)[rows]
    truth = np.stack([np.searchsorted(row, np.arange(160), side="right") for row in times])  # the end is 4
    with np.load(folder / "p3d.npz") as file:
        probabilities = file["stage_probabilities"][rows].astype("float32")[..., [4, 0, 1, 2, 3]]
    mask = np.ones((70, 160), bool)
    right = {
        decoding: (StageDecision(decoding)(probabilities, mask).numpy() == (truth + 1) % 5).mean()
        for decoding in ("argmax", "ordered", "cyclic")
    }
    assert right["argmax"] == pytest.approx(0.967, abs=5e-4)
    assert right["ordered"] >= right["argmax"] and right["cyclic"] >= right["argmax"]


def test_a_model_decides_as_it_is_told():
    """What `evaluate --decoding` makes of a model whose KFS jumps from frame to frame: only a path keeps the order."""
    keras.utils.set_random_seed(0)
    model = scoringnet_tf.ScoringNet(**SMALL, decoding="argmax")
    inputs, last = batch()[0], model.segmenter.get_layer("fc2")
    seen = np.array(keras.Model(model.segmenter.input, last.input)(inputs))
    last.kernel.assign(1e4 * np.random.default_rng(1).normal(size=last.kernel.shape))
    last.bias.assign(-seen.mean(axis=(0, 1)) @ np.array(last.kernel))  # what little differs between frames decides
    stages = {
        decoding: np.array(model.with_dtype("float32", decoding=decoding)(inputs)["labels"])
        for decoding in ("argmax", "ordered")
    }
    kept = {decoding: all(in_order(row, 4, cyclic=False) for row in rows) for decoding, rows in stages.items()}
    assert kept == {"argmax": False, "ordered": True}
