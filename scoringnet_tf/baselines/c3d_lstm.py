"""C3D + LSTM: a small network on C3D's features (Parmar and Morris, CVPR Workshops 2017).

Published: fc6 of nine clips, an LSTM of 256 units, a score after each clip, taught with incremental labels (k/9 of the
score after clip k), squared error, Adam at 1e-3. Ours: evenly spaced clips; what is said after clip k is by how many
deviations the score differs from k/9 of the mean score; the C3D stays as it is, features are standardised, and the SRC
of the validation part chooses the epoch.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from scoringnet_tf.baselines.system import Learned, System, TrainingSet, order
from scoringnet_tf.baselines.videos import Videos, evenly
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.support.messages import InputError, counted

CLIPS, UNITS = 9, 256
EPOCHS, BATCH, RATE = 60, 16, 1e-3
PROGRESS = (np.arange(CLIPS) + 1) / CLIPS  # the share of its score that a performance has after each clip


def train(
    model: keras.Model, training: TrainingSet, targets: np.ndarray, predict: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    """Trains a compiled model, and keeps the epoch with the highest SRC of the held-out videos, or the last.

    `targets` are those of the videos that are not held out; `predict`: inputs (V, …) → scores (V,).
    Returns {"epoch": from 1 on, "validation_src": of it}.

    Raises:
        InputError: the held-out videos have one score (`equal_scores`), or the training diverges (`diverged`).
    """
    held_out, rng = training.held_out, np.random.default_rng(training.seed)
    if len(scores := {*training.scores[held_out].tolist()}) == 1:
        videos = counted(int(held_out.sum()), "held-out video")
        hint = "Hold out more, or none (--validation_fraction)."
        raise InputError("equal_scores", f"All {videos} have the score {scores.pop():g}.", hint)
    inputs = training.inputs[~held_out]
    best, kept, weights = -np.inf, EPOCHS, None
    for epoch in range(1, EPOCHS + 1):
        shuffled, found = rng.permutation(len(inputs)), []
        for start in range(0, len(inputs), BATCH):
            chosen = shuffled[start : start + BATCH]
            found.append(model.train_on_batch(inputs[chosen], targets[chosen]))
        predicted = predict(training.inputs[held_out]) if held_out.any() else np.zeros(0)
        if not (np.isfinite(found).all() and np.isfinite(predicted).all()):
            break
        figure = order(training.scores[held_out], predicted) if held_out.any() else epoch
        if figure > best:
            best, kept, weights = figure, epoch, model.get_weights()
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


def clips_in_order(videos: Videos) -> np.ndarray:
    """Features of nine clips, (V, 9, D)."""
    return np.stack([clips.values[evenly(CLIPS, len(clips.values))] for clips in videos.clips()])


def lstm(training: TrainingSet) -> keras.Model:
    """(B, 9, D) → (B, 9), the score after each clip, in deviations from its share of the mean score."""
    inputs = keras.Input(training.inputs.shape[1:])
    x = layers.LSTM(UNITS, return_sequences=True)(standardised(training.inputs, training.held_out)(inputs))
    return keras.Model(inputs, layers.Reshape((CLIPS,))(layers.Dense(1)(x)))


def learn_lstm(training: TrainingSet) -> Learned:
    """Trains it."""
    keras.utils.set_random_seed(training.seed)
    model, scores = lstm(training), training.scores[~training.held_out]
    mean, unit = scores.mean(), scores.std() or 1.0
    model.compile(keras.optimizers.Adam(RATE), "mse", jit_compile=False)

    def predict(inputs: np.ndarray) -> np.ndarray:
        return mean + unit * model.predict_on_batch(inputs)[:, -1].astype(float)

    chosen = train(model, training, (scores[:, None] - mean) / unit * PROGRESS, predict)
    return Learned(predict, {"units": UNITS, "learning_rate": RATE, "epochs": EPOCHS, **chosen})


C3D_LSTM = System("C3D + LSTM", "clips", clips_in_order, learn_lstm)
