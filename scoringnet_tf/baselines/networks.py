"""Training of the small networks of the systems: so many epochs, of which the best by the held-out videos is kept."""

from collections.abc import Callable

import keras
import numpy as np

from scoringnet_tf.baselines.regression import order
from scoringnet_tf.baselines.system import TrainingSet
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

Batches = tuple[np.ndarray, np.ndarray]  # inputs and targets of an epoch


def train(
    model: keras.Model,
    training: TrainingSet,
    batches: Callable[[np.random.Generator], Batches],
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    epochs: int,
    batch_size: int,
) -> dict[str, float]:
    """Trains a compiled `model` and leaves in it the weights of the epoch with the highest SRC of the held-out videos.

    Args:
        model: compiled.
        training: its held-out videos choose the epoch; the last one is kept where there are none.
        batches: gives the (inputs, targets) of an epoch, of the videos that are not held out.
        predict: inputs (V, …) → scores (V,), by the model.
        epochs: how many.
        batch_size: of them.

    Returns:
        {"epoch": from 1 on, "validation_src": of it}.

    Raises:
        InputError: the held-out videos have all the same score, or the model predicts no numbers after any epoch.
    """
    scores = set(training.scores[training.held_out].tolist())
    if len(scores) == 1:
        raise InputError(
            "equal_scores",
            f"All {counted(int(training.held_out.sum()), 'held-out video')} have the score {scores.pop():g}.",
            "Hold out more, or none (--validation_fraction).",
        )
    rng = np.random.default_rng(training.seed)
    held_out = training.held_out
    best, kept, weights = -np.inf, epochs, None
    for epoch in range(1, epochs + 1):
        inputs, targets = batches(rng)
        shuffled, losses = rng.permutation(len(inputs)), []
        for start in range(0, len(inputs), batch_size):
            chosen = shuffled[start : start + batch_size]
            losses.append(model.train_on_batch(inputs[chosen], targets[chosen]))
        predicted = predict(training.inputs[held_out]) if held_out.any() else np.zeros(0)
        if not (np.isfinite(losses).all() and np.isfinite(predicted).all()):
            break
        found = order(training.scores[held_out], predicted) if held_out.any() else epoch
        if found > best:
            best, kept, weights = found, epoch, model.get_weights()
    if weights is None:
        raise InputError("diverged", "The training diverged: its predictions are not finite.")
    model.set_weights(weights)
    return {"epoch": kept, **({"validation_src": round(best, 4)} if held_out.any() else {})}


def standardised(values: np.ndarray, held_out: np.ndarray) -> FeatureScaling:
    """A layer that gives the last axis of `values` (V, …, D) mean 0 and deviation 1 over what is not held out."""
    layer, shown = FeatureScaling(dtype="float32"), values[~held_out].reshape(-1, values.shape[-1]).astype(float)
    layer.build(values.shape)
    layer.adapt(shown.mean(axis=0), shown.std(axis=0))
    return layer
