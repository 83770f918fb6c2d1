"""C3D + LSTM (Parmar and Morris, *Learning to score Olympic events*, CVPR Workshops 2017).

Published: nine clips of 16 frames of a video, fc6 of C3D, an LSTM of 256 units, and a fully connected layer that gives
a score after each clip, taught with incremental labels: k/9 of the score after clip k; the score is that after the
last. Squared error, Adam at 1e-3. Ours: nine clips evenly spaced over a video of any length, standardised features,
what is said after clip k is by how many deviations the score differs from k/9 of the training scores' mean (so it
begins at the mean, not at 0), 60 epochs of batches of 16, the epoch chosen by the SRC of the validation part.
"""

import keras
import numpy as np
from keras import layers

from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos, evenly

CLIPS, UNITS = 9, 256
EPOCHS, BATCH, RATE = 60, 16, 1e-3
PROGRESS = (np.arange(CLIPS) + 1) / CLIPS  # the share of its score that a performance has after each clip


def watch(_: Videos, __: int) -> See:
    """Features of nine clips, (V, 9, D)."""
    return lambda videos: np.stack([clips.values[evenly(CLIPS, len(clips.values))] for clips in videos.clips()])


def network(training: TrainingSet) -> keras.Model:
    """(B, 9, D) → (B, 9), the score after each clip, in deviations from its share of the mean score."""
    inputs = keras.Input(training.inputs.shape[1:])
    x = networks.standardised(training.inputs, training.held_out)(inputs)
    x = layers.LSTM(UNITS, return_sequences=True)(x)
    return keras.Model(inputs, layers.Reshape((CLIPS,))(layers.Dense(1)(x)))


def learn(training: TrainingSet) -> Learned:
    """Trains it."""
    keras.utils.set_random_seed(training.seed)
    model, shown = network(training), ~training.held_out
    mean, unit = training.scores[shown].mean(), training.scores[shown].std() or 1.0
    model.compile(keras.optimizers.Adam(RATE), "mse", jit_compile=False)

    def predict(inputs):
        return mean + unit * model.predict_on_batch(inputs)[:, -1].astype(float)

    def batches(_):
        return training.inputs[shown], (training.scores[shown, None] - mean) / unit * PROGRESS

    chosen = networks.train(model, training, batches, predict, epochs=EPOCHS, batch_size=BATCH)
    return Learned(predict, {"units": UNITS, "learning_rate": RATE, "epochs": EPOCHS, **chosen})


SYSTEM = System("C3D + LSTM", "clips", watch, learn)
