"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021).

Published: the score of a video relative to an exemplar's of known score, from the features (I3D, ten clips) of both and
the exemplar's score; by a tree whose leaves are groups of relative scores, as many training pairs in each, and a
regression within every group; the groups by a cross-entropy, the place in the true group by a squared error. The mean
over ten exemplars is predicted. Adam at 1e-3, the trunk at 1e-4. Published figure on UNLV-Diving, 300/70: F-SRC .882.
Ours: the trunk is C3D as it is given, not trained on; standardised features; exemplars drawn from all training videos;
five levels of decisions, 32 leaves (the authors' release, RT_depth 5, has four and 16, symmetrical about 0), which read
the same features (there each node its own), and a place within a leaf held to 0…1 by a sigmoid (there linear); each
pair in one direction (there both); 200 epochs of batches of 16, the epoch chosen by the SRC of the validation part.
"""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.system import Learned, System, TrainingSet
from scoringnet_tf.baselines.usdl import BATCH, EPOCHS, watch

DEPTH, UNITS, EXEMPLARS, RATE = 5, 256, 10, 1e-3


# === Groups of relative scores ===


@dataclasses.dataclass(frozen=True)
class Groups:
    """Intervals of relative scores.

    Attributes:
        edges: (G + 1,), ascending.
    """

    edges: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, number: int) -> "Groups":
        """Those that have as many ordered pairs of different videos each, as far as equal differences allow."""
        differences = (scores[:, None] - scores[None])[~np.eye(len(scores), dtype=bool)]
        return cls(np.quantile(differences, np.linspace(0, 1, number + 1)))

    def place(self, relative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The group of relative scores (N,), and where in it each lies, 0…1."""
        last = len(self.edges) - 2
        group = np.clip(np.searchsorted(self.edges, relative, side="right") - 1, 0, last)
        width = np.diff(self.edges)[group]
        share = np.divide(relative - self.edges[group], width, out=np.zeros(len(relative)), where=width > 0)
        return group, np.clip(share, 0, 1)

    def relative_score(self, group: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The inverse of `place`."""
        return self.edges[group] + share * np.diff(self.edges)[group]


# === The tree ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RegressionTree(layers.Layer):
    """A binary tree on features (B, D): (log probability of each leaf, place within each, 0…1), both (B, 2^depth).

    Of every inner node a softmax decides between its two children; a leaf is as probable as the product on its way.

    Args:
        depth: of the leaves.
    """

    def __init__(self, depth: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.depth = depth
        self.levels = [layers.Dense(2 ** (level + 1), name=f"level{level}") for level in range(depth)]
        self.shares = layers.Dense(2**depth, "sigmoid", name="shares")

    def build(self, shape: Any) -> None:
        """Builds the layers of every level."""
        for layer in (*self.levels, self.shares):
            layer.build(shape)
        self.built = True

    def call(self, features: Any) -> Any:
        """See above; the two are stacked, (B, 2^depth, 2)."""
        found = ops.zeros((ops.shape(features)[0], 1))
        for level, layer in enumerate(self.levels):
            children = ops.log_softmax(ops.reshape(layer(features), (-1, 2**level, 2)), axis=-1)
            found = ops.reshape(found[..., None] + children, (-1, 2 ** (level + 1)))
        return ops.stack([found, self.shares(features)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {**super().get_config(), "depth": self.depth}


def tree_loss(truth: Any, leaves: Any) -> Any:
    """−log p of the true leaf, and the squared error of the place within it.

    Args:
        truth: (B, 2), the true leaf and the place within it.
        leaves: of `RegressionTree`, (B, G, 2).
    """
    is_true = ops.one_hot(ops.cast(truth[:, 0], "int32"), leaves.shape[1])
    error = ops.square(leaves[..., 1] - truth[:, 1:]) - leaves[..., 0]
    return ops.sum(is_true * error, axis=-1)


def network(training: TrainingSet) -> keras.Model:
    """(B, 2 D + 1), features of the video and the exemplar and the latter's standardised score → leaves (B, G, 2)."""
    size = training.inputs.shape[1]
    inputs = keras.Input((2 * size + 1,))
    scale = networks.standardised(training.inputs, training.held_out)
    x = layers.Concatenate()([scale(inputs[:, :size]), scale(inputs[:, size:-1]), inputs[:, -1:]])
    for _ in range(2):
        x = layers.Dense(UNITS, "relu")(x)
    return keras.Model(inputs, RegressionTree(DEPTH)(x))


# === Learning ===


def learn(training: TrainingSet) -> Learned:
    """Trains on pairs: every video with an exemplar that is drawn anew in each epoch."""
    keras.utils.set_random_seed(training.seed)
    shown = np.flatnonzero(~training.held_out)
    known, scores = training.inputs[shown], training.scores[shown]
    mean, unit = scores.mean(), scores.std() or 1.0
    groups, model = Groups.of(scores, 2**DEPTH), network(training)
    model.compile(keras.optimizers.Adam(RATE), tree_loss, jit_compile=False)

    def pairs(inputs, exemplars):
        return np.concatenate([inputs, known[exemplars], (scores[exemplars, None] - mean) / unit], axis=1)

    def batches(rng):
        exemplars = (np.arange(len(shown)) + rng.integers(1, len(shown), len(shown))) % len(shown)  # never itself
        group, share = groups.place(scores - scores[exemplars])
        return pairs(known, exemplars), np.stack([group, share], axis=1).astype(np.float32)

    exemplars = np.random.default_rng(training.seed).permutation(len(shown))[:EXEMPLARS]

    def predict(inputs):
        repeated = pairs(np.repeat(inputs, len(exemplars), axis=0), np.tile(exemplars, len(inputs)))
        leaves = model.predict_on_batch(repeated).astype(float)
        relative = most_probable(groups, leaves).reshape(len(inputs), len(exemplars))
        return (relative + scores[exemplars]).mean(axis=1)

    chosen = networks.train(model, training, batches, predict, epochs=EPOCHS, batch_size=BATCH)
    return Learned(predict, {"depth": DEPTH, "exemplars": EXEMPLARS, "learning_rate": RATE, "epochs": EPOCHS, **chosen})


def most_probable(groups: Groups, leaves: np.ndarray) -> np.ndarray:
    """The relative scores (B,) of the most probable of leaves (B, G, 2)."""
    group = leaves[..., 0].argmax(axis=1)
    return groups.relative_score(group, leaves[np.arange(len(leaves)), group, 1])


SYSTEM = System("CoRe", "clips", watch, learn)
