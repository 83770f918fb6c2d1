"""The decision between stages: arg-max, and the best path in order, against every path there is."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, batch, deciding

import scoringnet_tf
from scoringnet_tf.models.decoding import StageDecision, decided, first_argmax, transitions
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import DECODINGS


def in_order(labels, num_stages, cyclic):
    """Whether labels are stages 1, 2, … in turn with noise anywhere, beginning and ending anywhere; by hand."""
    stages = [label for label, _ in itertools.groupby(labels) if label]
    return all(
        after == before + 1 or (cyclic and (before, after) == (num_stages - 1, 1))
        for before, after in itertools.pairwise(stages)
    )


def best_by_force(probabilities, cyclic):
    """The log-probability of the best labels in order, of all S^L."""
    logs = np.log(probabilities)
    length, num_stages = logs.shape
    return max(
        sum(logs[frame, label] for frame, label in enumerate(labels))
        for labels in itertools.product(range(num_stages), repeat=length)
        if in_order(labels, num_stages, cyclic)
    )


def drawn(rng, *shape):
    return rng.dirichlet(np.full(shape[-1], 0.4), shape[:-1]).astype("float32").clip(1e-4)


def labels_of(decoding, probabilities, mask=None):
    """What the layer decides for (B, L, S), as an array (B, L)."""
    mask = np.ones(probabilities.shape[:2], bool) if mask is None else mask
    return keras.ops.convert_to_numpy(StageDecision(decoding)(probabilities, mask))


def test_a_state_stays_goes_on_or_passes_over_noise():
    """Noise, 1, noise, 2, noise. In a cycle the last two may begin anew."""
    once = [[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]]
    cycle = [*once[:3], [0, 1, 0, 1, 1], [0, 1, 0, 0, 1]]
    assert (np.array(transitions(3)) == 0).tolist() == (np.array(once) == 1).tolist()
    assert (np.array(transitions(3, cyclic=True)) == 0).tolist() == (np.array(cycle) == 1).tolist()


@pytest.mark.parametrize("decoding", ["ordered", "cyclic"])
@pytest.mark.parametrize(("length", "num_stages"), [(1, 4), (2, 3), (7, 3), (6, 4)])
def test_the_path_is_the_best_of_all(length, num_stages, decoding):
    cyclic = decoding == "cyclic"
    probabilities = drawn(np.random.default_rng(length), 25, length, num_stages)
    for row, found in zip(probabilities, labels_of(decoding, probabilities), strict=True):
        assert in_order(found, num_stages, cyclic), found
        probability = np.log(row)[np.arange(length), found].sum()
        np.testing.assert_allclose(probability, best_by_force(row, cyclic), rtol=1e-5)


def test_padding_changes_nothing():
    probabilities, lengths = drawn(np.random.default_rng(0), 3, 20, 4), (20, 11, 1)
    labels = labels_of("ordered", probabilities, np.arange(20) < np.array(lengths)[:, None])
    for row, length in enumerate(lengths):
        alone = labels_of("ordered", probabilities[row : row + 1, :length])[0]
        np.testing.assert_array_equal(labels[row, :length], alone)


def test_a_long_video_loses_no_digits():
    """Ten thousand frames of noise that hardly tells, then a performance that tells little more."""
    length = 10_000
    probabilities = np.full((1, length, 4), 0.25, np.float32)
    probabilities[0, :, 0] += 5e-5
    truth = np.repeat([0, 1, 2, 3], [length - 90, 30, 30, 30])
    probabilities[0, np.arange(length), truth] += 1e-4
    decide = tf.function(StageDecision("ordered"))  # in Python each frame would take milliseconds
    assert (decide(probabilities, np.ones((1, length), bool))[0].numpy() == truth).all()


@pytest.mark.parametrize("decoding", DECODINGS)
def test_a_graph_for_any_batch_decides_a_single_frame(decoding):
    """As an exported model is asked to: neither the batch nor the length is known before."""
    spec = [tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), tf.bool)]
    decide = tf.function(StageDecision(decoding), input_signature=spec)
    assert decide(np.float32([[[0.1, 0.7, 0.2]]]), np.ones((1, 1), bool)).numpy().tolist() == [[1]]


def test_the_greatest_is_the_first_of_equals_and_always_an_index():
    rows = np.float32([[0, 3, 3], [-1, -2, -1], [np.nan, 0, 1], [-np.inf] * 3])
    assert keras.ops.convert_to_numpy(first_argmax(rows)).tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize("decoding", DECODINGS)
@pytest.mark.parametrize("length", [1, 2, 40, pytest.param(500, marks=pytest.mark.slow)])
def test_one_video_is_decided_in_numpy_as_in_a_graph(decoding, length):
    """Ties too: stages that are as probable as each other, and those that cannot be."""
    rng = np.random.default_rng(length)
    smooth = drawn(rng, length // 10 + 1, 4).repeat(10, axis=0)[:length]
    drawn_of_few = rng.choice(np.float32([0.0, 0.25, 0.5, 1.0]), (length, 4))  # many are equal
    in_graph, mask = tf.function(StageDecision(decoding)), np.ones((1, length), bool)
    for probabilities in (drawn(rng, length, 4), smooth, drawn_of_few, np.full((length, 4), 0.25, "float32")):
        found = decided(probabilities, decoding)
        np.testing.assert_array_equal(found, in_graph(probabilities[np.newaxis], mask)[0])
        assert found.dtype == np.int32


def test_a_path_is_that_of_float32_in_a_model_of_another_precision():
    """A stage that leads by .001 is ahead by less than bfloat16 tells."""
    truth = np.repeat([0, 1, 2, 3], 10)
    probabilities = np.float32(0.25 + 0.001 * np.eye(4)[truth])[np.newaxis]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = StageDecision("ordered", dtype="float32")(probabilities, np.ones((1, 40), bool))
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(found, truth[np.newaxis])


def test_an_unknown_decoding_is_named():
    with refused("unknown_name", "viterbi"):
        StageDecision("viterbi")


@pytest.mark.slow
def test_a_model_decides_as_it_is_told():
    """What `evaluate --decoding` makes of a model whose KFS jumps from frame to frame: only a path keeps the order."""
    keras.utils.set_random_seed(0)
    inputs, _ = batch()
    model = deciding(scoringnet_tf.ScoringNet(**merged(SMALL, {"segmenter": {"decoding": "argmax"}})), inputs)
    for decoding, kept in (("argmax", False), ("ordered", True)):
        labels = np.array(model.with_dtype("float32", segmenter={"decoding": decoding})(inputs)["labels"])
        assert all(in_order(row, 4, cyclic=False) for row in labels) == kept
