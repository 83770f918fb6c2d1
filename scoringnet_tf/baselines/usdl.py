"""USDL (Tang et al., *Uncertainty-aware Score Distribution Learning for Action Quality Assessment*, CVPR 2020).

Published: ten clips of 16 frames through I3D, their features averaged; three fully connected layers (256, 128, 101
units) and the probability of 101 scores from the lowest to the highest; taught with the Kullback–Leibler divergence
from a Gaussian around the true score (σ = 5 of these steps); the score is the most probable one. Adam at 1e-4, weight
decay 1e-5, everything trained together. Published figure on UNLV-Diving, 300/70: F-SRC .810. From the authors' release
(github.com/nzl-thu/MUSDL): the divergence is averaged over the 101 scores, the decay is added to the gradient, also of
biases; 100 epochs of batches of 4. Ours: the trunk is C3D as it is given, not trained on; standardised features; the
epoch chosen by the SRC of the validation part; lowest and highest are those of the training scores.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import losses
from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos, evenly

CLIPS, WIDTHS = 10, (256, 128)
EPOCHS, BATCH, RATE, DECAY = 100, 4, 1e-4, 1e-5
STEP = 2 * losses.BIN_REACH / (losses.NUM_BINS - 1)  # between two scores, in the unit of `losses.score_bins`
SIGMA = 5 * STEP


def watch(_: Videos, __: int) -> See:
    """The mean of the features of ten clips, (V, D)."""
    return mean_of_clips


def mean_of_clips(videos: Videos) -> np.ndarray:
    """(V, D)."""
    return np.stack([clips.values[evenly(CLIPS, len(clips.values))].mean(axis=0) for clips in videos.clips()])


@keras.saving.register_keras_serializable(package="scoringnet_tf")
def divergence(truth: Any, probabilities: Any) -> Any:
    """KL from the Gaussian around the true scores (B, 1), in the unit of `losses.score_bins`, to (B, 101), a bin's."""
    return losses.distribution_divergence(ops.squeeze(truth, -1), probabilities, SIGMA) / losses.NUM_BINS


def network(training: TrainingSet) -> keras.Model:
    """(B, D) → probabilities (B, 101)."""
    inputs = keras.Input(training.inputs.shape[1:])
    x = networks.standardised(training.inputs, training.held_out)(inputs)
    decay = keras.regularizers.L2(DECAY / 2)  # its gradient is DECAY · w
    for width in WIDTHS:
        x = layers.Dense(width, "relu", kernel_regularizer=decay, bias_regularizer=decay)(x)
    x = layers.Dense(losses.NUM_BINS, "softmax", kernel_regularizer=decay, bias_regularizer=decay)(x)
    return keras.Model(inputs, x)


def learn(training: TrainingSet) -> Learned:
    """Trains it."""
    keras.utils.set_random_seed(training.seed)
    shown = ~training.held_out
    low, high = training.scores[shown].min(), training.scores[shown].max()
    bins = np.linspace(low, high, losses.NUM_BINS)
    places = losses.BIN_REACH * (2 * (training.scores - low) / max(high - low, 1e-9) - 1)
    model = network(training)
    model.compile(keras.optimizers.Adam(RATE), divergence, jit_compile=False)

    def predict(inputs):
        return bins[model.predict_on_batch(inputs).argmax(axis=-1)]

    def batches(_):
        return training.inputs[shown], places[shown, None]

    chosen = networks.train(model, training, batches, predict, epochs=EPOCHS, batch_size=BATCH)
    return Learned(predict, {"learning_rate": RATE, "sigma_bins": 5, "epochs": EPOCHS, **chosen})


SYSTEM = System("USDL", "clips", watch, learn)
