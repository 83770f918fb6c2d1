"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021).

Published, with github.com/yuxumin/CoRe: the score relative to an exemplar's, from the features (I3D, ten clips) of both
and the exemplar's score, by a tree of four levels whose 16 leaves are groups of relative scores, symmetrical about 0; a
cross-entropy for the group, a squared error for the place in it; pairs are taught both ways; the mean over ten
exemplars; Adam at 1e-3, 200 epochs, four pairs a step. Ours: C3D as it is given; standardised features and scores of
exemplars; the same ten exemplars for all videos; the epoch chosen by the SRC of the validation part.
"""

import warnings

import keras
import numpy as np
from keras import layers

from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.regression_tree import DEPTH, RegressionTree, tree_loss, voted_scores
from scoringnet_tf.baselines.system import Learned, System, TrainingSet

UNITS = 256
EXEMPLARS = 10  # that vote
EPOCHS, BATCH, RATE = 200, 4, 1e-3


def network(training: TrainingSet) -> keras.Model:
    """(B, E, 2 D + 1) → leaves (B, E, G, 4): features of video and exemplar, and the latter's standardised score."""
    size = training.inputs.shape[1]
    inputs = keras.Input((None, 2 * size + 1))
    scale = networks.standardised(training.inputs, training.held_out)
    x = layers.Concatenate()([scale(inputs[..., :size]), scale(inputs[..., size:-1]), inputs[..., -1:]])
    tree = RegressionTree(DEPTH)
    leaves = tree(layers.Dense(UNITS, "relu")(x))
    tree.set_groups(training.scores[~training.held_out])
    return keras.Model(inputs, leaves)


def learn(training: TrainingSet) -> Learned:
    """Trains on pairs, either of which is the other's exemplar: every video with one that each epoch draws anew."""
    keras.utils.set_random_seed(training.seed)
    shown = np.flatnonzero(~training.held_out)
    known, scores = training.inputs[shown], training.scores[shown]
    mean, unit = scores.mean(), scores.std() or 1.0
    model = network(training)
    with warnings.catch_warnings():  # where operations are to be deterministic, Keras says that it does without
        warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")
        model.compile(keras.optimizers.Adam(RATE), tree_loss, jit_compile=True)  # two million weights: twice as fast

    def pairs(inputs: np.ndarray, exemplars: np.ndarray) -> np.ndarray:
        return np.concatenate([inputs, known[exemplars], (scores[exemplars, None] - mean) / unit], axis=-1)

    def batches(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        videos = np.arange(len(shown))
        exemplars = (videos + rng.integers(1, len(shown), len(shown))) % len(shown)  # never itself
        ways = ((videos, exemplars), (exemplars, videos))
        relative = np.stack([scores[video] - scores[other] for video, other in ways], axis=1)
        inputs = [pairs(known[video], other) for video, other in ways]
        return np.stack(inputs, axis=1), relative.astype(np.float32)

    exemplars = np.random.default_rng(training.seed).permutation(len(shown))[:EXEMPLARS]

    def predict(inputs: np.ndarray) -> np.ndarray:
        of_each = np.repeat(inputs[:, None], len(exemplars), axis=1)
        leaves = model.predict_on_batch(pairs(of_each, np.tile(exemplars, (len(inputs), 1))))
        return (np.asarray(voted_scores(leaves), float) + scores[exemplars]).mean(axis=1)

    chosen = networks.train(model, training, batches, predict, epochs=EPOCHS, batch_size=BATCH)
    return Learned(predict, {"depth": DEPTH, "exemplars": EXEMPLARS, "learning_rate": RATE, "epochs": EPOCHS, **chosen})


CORE = System("CoRe", "clips", networks.mean_of_clips, learn)
