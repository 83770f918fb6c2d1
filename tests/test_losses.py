"""Eqs. 5–9 against double loops in plain Python."""

import itertools
import math

import keras
import numpy as np
import pytest

from scoringnet_tf import losses


def ranking_loop(truth, predicted, margin, reduction):
    """Eq. 7 read off the page, ties and unknown scores left out."""
    terms = []
    for i, j in itertools.combinations(range(len(truth)), 2):
        if math.isnan(truth[i]) or math.isnan(truth[j]) or truth[i] == truth[j]:
            continue
        sign = 1.0 if truth[j] > truth[i] else -1.0
        terms.append(max(0.0, -(predicted[j] - predicted[i]) * sign + margin))
    if reduction == "mean":
        return sum(terms) / len(terms) if terms else 0.0
    return sum(terms)


CASES = {
    "distinct": [1.0, 2.0, 3.0, 5.0],
    "ties": [2.0, 1.0, 2.0, 2.0],
    "one": [4.0],
    "all equal": [3.0, 3.0, 3.0, 3.0],
    "unknown": [1.0, math.nan, 3.0, 2.0],
    "none known": [math.nan, math.nan],
}


@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
@pytest.mark.parametrize("truth", CASES.values(), ids=CASES)
def test_ranking_equals_double_loop(truth, reduction):
    predicted = np.random.default_rng(3).normal(2.0, 1.0, len(truth)).astype("float32")
    loss = losses.PairwiseRankingLoss(margin=0.5, reduction=reduction)(np.float32(truth), predicted)
    assert float(loss) == pytest.approx(ranking_loop(truth, predicted, 0.5, reduction), rel=1e-6, abs=1e-6)


def test_ranking_worked_example():
    value = losses.pairwise_ranking(np.float32([1, 2, 3]), np.float32([0.0, 0.2, 0.1]), 0.5, "sum")
    assert float(value) == pytest.approx(1.3)


@pytest.mark.parametrize("truth", CASES.values(), ids=CASES)
def test_score_loss_is_eq6_plus_alpha_eq7(truth):
    predicted = np.random.default_rng(4).normal(2.0, 1.0, len(truth)).astype("float32")
    known = [(s - g) ** 2 for s, g in zip(predicted, truth, strict=True) if not math.isnan(g)]
    squares = sum(known) / (2 * len(known)) if known else 0.0
    expected = squares + 5.0 * ranking_loop(truth, predicted, 0.1, "sum")
    loss = losses.ScoreLoss(alpha=5.0, margin=0.1, reduction="sum")(np.float32(truth)[:, None], predicted[:, None])
    assert float(loss) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_tied_pairs_give_no_gradient():
    import tensorflow as tf

    predicted = tf.Variable([1.0, 2.0, 4.0])
    with tf.GradientTape() as tape:
        loss = losses.pairwise_ranking(np.float32([7, 7, 7]), predicted, 0.5, "sum")
    assert float(loss) == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, predicted), [0.0, 0.0, 0.0])


def test_unknown_scores_give_finite_gradients():
    import tensorflow as tf

    predicted = tf.Variable([1.0, 2.0, 4.0])
    with tf.GradientTape() as tape:
        loss = losses.score_loss(np.float32([7, math.nan, 9]), predicted, 5.0, 0.5, "sum")
    gradient = tape.gradient(loss, predicted).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[1] == 0.0


def stage_loop(labels, probabilities, form):
    terms = []
    for row, stages in zip(labels, probabilities, strict=True):
        for label, p in zip(row, stages, strict=True):
            if label < 0:
                continue
            term = -math.log(p[label])
            if form == "binary":
                term -= sum(math.log(1 - q) for stage, q in enumerate(p) if stage != label)
            terms.append(term)
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("form", ["categorical", "binary"])
@pytest.mark.parametrize(
    "labels", [[[0, 1, 3], [2, -1, -1]], [[-1, -1, -1], [-1, -1, -1]]], ids=["padded", "unlabelled"]
)
def test_stage_cross_entropy_equals_loop(labels, form):
    scores = np.random.default_rng(5).normal(size=(2, 3, 4))
    probabilities = (np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)).astype("float32")
    loss = losses.StageCrossEntropy(form=form)(np.int32(labels), probabilities)
    assert float(loss) == pytest.approx(stage_loop(labels, probabilities, form), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    "loss",
    [
        losses.StageCrossEntropy(form="binary"),
        losses.PairwiseRankingLoss(margin=0.25, reduction="sum"),
        losses.ScoreLoss(alpha=10.0, margin=0.125, reduction="mean"),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_config_round_trip(loss):
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_stage_cross_entropy_compiled_into_kfs():
    """KFS's output carries a Keras mask; the loss must still be the mean over labelled frames."""
    import scoringnet_tf

    model = scoringnet_tf.KeyFragmentSegmenter(image_size=(32, 32), width_multiplier=1 / 16)
    model.compile(loss=losses.StageCrossEntropy())
    mask = np.arange(8)[None] < np.array([[8], [5]])
    inputs = {"frames": np.full((2, 8, 32, 32, 3), 90, "uint8"), "mask": mask}
    labels = np.where(mask, 2, -1).astype("int32")
    expected = stage_loop(labels, model(inputs, training=False).numpy(), "categorical")
    assert model.evaluate(inputs, labels, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_losses_train_any_keras_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), loss=losses.ScoreLoss(alpha=1.0, margin=0.1))
    x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    y = x @ np.float32([[1.0], [-2.0]])
    history = model.fit(x, y, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.PairwiseRankingLoss(reduction="max"), "Expected reduction over pairs"),
        (lambda: losses.PairwiseRankingLoss(margin=0.0), "Expected margin > 0"),
        (lambda: losses.StageCrossEntropy(form="focal"), "Expected form"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
