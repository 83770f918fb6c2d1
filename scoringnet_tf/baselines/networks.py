"""Systems that are small networks on C3D's features: C3D + LSTM and USDL; and how these, and CoRe, are trained.

C3D + LSTM: Parmar and Morris, CVPR Workshops 2017. Published: fc6 of nine clips, an LSTM of 256 units, a score after
each clip, taught with incremental labels (k/9 of the score after clip k), squared error, Adam at 1e-3. Ours: evenly
spaced clips; what is said after clip k is by how many deviations the score differs from k/9 of the mean score.

USDL: Tang et al., CVPR 2020, and github.com/nzl-thu/MUSDL. Published: I3D's features of ten clips, averaged; layers of
256, 128 and 101 units; the divergence from a Gaussian around the true score (σ = 5 of 101 steps), averaged over these;
Adam at 1e-4 with decay 1e-5 in the gradient, also of biases; 100 epochs of batches of 4. Ours: on C3D's features.

Both: the C3D stays as it is, features are standardised, and the SRC of the validation part chooses the epoch.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import losses
from scoringnet_tf.baselines.system import Learned, System, TrainingSet, order
from scoringnet_tf.baselines.videos import Videos, evenly
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.support.messages import InputError, counted

Batches = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]  # inputs and targets of an epoch

LSTM_CLIPS, UNITS = 9, 256
LSTM_EPOCHS, LSTM_BATCH, LSTM_RATE = 60, 16, 1e-3
PROGRESS = (np.arange(LSTM_CLIPS) + 1) / LSTM_CLIPS  # the share of its score that a performance has after each clip

USDL_CLIPS, WIDTHS = 10, (256, 128)
USDL_EPOCHS, USDL_BATCH, USDL_RATE, DECAY = 100, 4, 1e-4, 1e-5
STEP = 2 * losses.BIN_REACH / (losses.NUM_BINS - 1)  # between two scores, in the unit of `losses.score_bins`
SIGMA = 5 * STEP


def train(
    model: keras.Model,
    training: TrainingSet,
    batches: Batches,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    epochs: int,
    batch_size: int,
) -> dict[str, float]:
    """Trains a compiled model, and keeps the epoch with the highest SRC of the held-out videos, or the last.

    `batches` gives an epoch's (inputs, targets), without held-out videos; `predict` inputs (V, …) → scores (V,).
    Returns {"epoch": from 1 on, "validation_src": of it}.

    Raises:
        InputError: the held-out videos have one score (`equal_scores`), or the training diverges (`diverged`).
    """
    held_out, rng = training.held_out, np.random.default_rng(training.seed)
    if len(scores := {*training.scores[held_out].tolist()}) == 1:
        videos = counted(int(held_out.sum()), "held-out video")
        hint = "Hold out more, or none (--validation_fraction)."
        raise InputError("equal_scores", f"All {videos} have the score {scores.pop():g}.", hint)
    best, kept, weights = -np.inf, epochs, None
    for epoch in range(1, epochs + 1):
        inputs, targets = batches(rng)
        shuffled, found = rng.permutation(len(inputs)), []
        for start in range(0, len(inputs), batch_size):
            chosen = shuffled[start : start + batch_size]
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


# === C3D + LSTM ===


def clips_in_order(videos: Videos) -> np.ndarray:
    """Features of nine clips, (V, 9, D)."""
    return np.stack([clips.values[evenly(LSTM_CLIPS, len(clips.values))] for clips in videos.clips()])


def lstm(training: TrainingSet) -> keras.Model:
    """(B, 9, D) → (B, 9), the score after each clip, in deviations from its share of the mean score."""
    inputs = keras.Input(training.inputs.shape[1:])
    x = layers.LSTM(UNITS, return_sequences=True)(standardised(training.inputs, training.held_out)(inputs))
    return keras.Model(inputs, layers.Reshape((LSTM_CLIPS,))(layers.Dense(1)(x)))


def learn_lstm(training: TrainingSet) -> Learned:
    """Trains it."""
    keras.utils.set_random_seed(training.seed)
    model, shown = lstm(training), ~training.held_out
    mean, unit = training.scores[shown].mean(), training.scores[shown].std() or 1.0
    model.compile(keras.optimizers.Adam(LSTM_RATE), "mse", jit_compile=False)

    def predict(inputs: np.ndarray) -> np.ndarray:
        return mean + unit * model.predict_on_batch(inputs)[:, -1].astype(float)

    def batches(_: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return training.inputs[shown], (training.scores[shown, None] - mean) / unit * PROGRESS

    chosen = train(model, training, batches, predict, epochs=LSTM_EPOCHS, batch_size=LSTM_BATCH)
    return Learned(predict, {"units": UNITS, "learning_rate": LSTM_RATE, "epochs": LSTM_EPOCHS, **chosen})


# === USDL ===


def mean_of_clips(videos: Videos) -> np.ndarray:
    """The mean of the features of ten clips, (V, D)."""
    return np.stack([clips.values[evenly(USDL_CLIPS, len(clips.values))].mean(axis=0) for clips in videos.clips()])


@keras.saving.register_keras_serializable(package="scoringnet_tf")
def divergence(truth: Any, probabilities: Any) -> Any:
    """KL from the Gaussian around the true scores (B, 1), in the unit of `losses.score_bins`, to (B, 101), a bin's."""
    return losses.distribution_divergence(ops.squeeze(truth, -1), probabilities, SIGMA) / losses.NUM_BINS


def distribution(training: TrainingSet) -> keras.Model:
    """(B, D) → probabilities (B, 101)."""
    inputs = keras.Input(training.inputs.shape[1:])
    x = standardised(training.inputs, training.held_out)(inputs)
    decay = keras.regularizers.L2(DECAY / 2)  # its gradient is DECAY · w
    for width in WIDTHS:
        x = layers.Dense(width, "relu", kernel_regularizer=decay, bias_regularizer=decay)(x)
    x = layers.Dense(losses.NUM_BINS, "softmax", kernel_regularizer=decay, bias_regularizer=decay)(x)
    return keras.Model(inputs, x)


def learn_distribution(training: TrainingSet) -> Learned:
    """Trains it."""
    keras.utils.set_random_seed(training.seed)
    model, shown = distribution(training), ~training.held_out
    low, high = training.scores[shown].min(), training.scores[shown].max()
    bins = np.linspace(low, high, losses.NUM_BINS)
    places = losses.BIN_REACH * (2 * (training.scores - low) / max(high - low, 1e-9) - 1)
    model.compile(keras.optimizers.Adam(USDL_RATE), divergence, jit_compile=False)

    def predict(inputs: np.ndarray) -> np.ndarray:
        return bins[model.predict_on_batch(inputs).argmax(axis=-1)]

    def batches(_: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return training.inputs[shown], places[shown, None]

    chosen = train(model, training, batches, predict, epochs=USDL_EPOCHS, batch_size=USDL_BATCH)
    return Learned(predict, {"learning_rate": USDL_RATE, "sigma_bins": 5, "epochs": USDL_EPOCHS, **chosen})


C3D_LSTM = System("C3D + LSTM", "clips", clips_in_order, learn_lstm)
USDL = System("USDL", "clips", mean_of_clips, learn_distribution)
