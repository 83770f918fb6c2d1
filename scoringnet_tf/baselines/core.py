"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021).

Published, with github.com/yuxumin/CoRe: the score relative to an exemplar's, from the features (I3D, ten clips) of both
and the exemplar's score, by a tree of four levels whose 16 leaves are groups of relative scores, symmetrical about 0; a
cross-entropy for the group, a squared error for the place in it; pairs are taught both ways; the mean over ten
exemplars; Adam at 1e-3, 200 epochs, four pairs a step. Ours: C3D as it is given; standardised features and scores of
exemplars; the same ten exemplars for all videos; the epoch chosen by the SRC of the validation part.
"""

import dataclasses
import warnings
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.system import Learned, System, TrainingSet

DEPTH, UNITS, EXEMPLARS = 4, 256, 10
EPOCHS, BATCH, RATE = 200, 4, 1e-3


# === Groups of relative scores ===


@dataclasses.dataclass(frozen=True)
class Groups:
    """Intervals of relative scores, symmetrical about 0.

    Attributes:
        distances: (G / 2 + 1,), the edges from 0 on, ascending; those below 0 mirror them.
    """

    distances: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, number: int) -> "Groups":
        """Those that have as many pairs of different videos each, as far as equal differences allow."""
        differences = np.abs(scores[:, None] - scores)[np.triu_indices(len(scores), 1)]
        edges = np.quantile(differences, np.linspace(0, 1, number // 2 + 1), method="lower")
        return cls(np.concatenate([[0.0], edges[1:]]))

    def place(self, relative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The group of relative scores (N,), and where in it each lies, 0…1."""
        half, distance, below = len(self.distances) - 1, np.abs(relative), relative < 0
        ring = np.clip(np.searchsorted(self.distances, distance, side="right") - 1, 0, half - 1)
        width = np.diff(self.distances)[ring]
        share = np.divide(distance - self.distances[ring], width, out=np.zeros(len(relative)), where=width > 0)
        share = np.clip(share, 0, 1)
        return np.where(below, half - 1 - ring, half + ring), np.where(below, 1 - share, share)

    def relative_score(self, group: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The inverse of `place`, of places (…); beyond 0…1 it goes on in a straight line."""
        edges = np.concatenate([-self.distances[::-1], self.distances[1:]])
        return edges[group] + share * np.diff(edges)[group]


# === The tree ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RegressionTree(layers.Layer):
    """A binary tree on features (B, E, U): (log p of each leaf, place within each), both (B, E, G), G = 2^depth.

    Of every inner node a softmax decides between its two children; a leaf is as probable as the product on its way.
    What a node reads is what its parent's U units made for it alone. A place is where in its group a leaf puts the
    relative score, 0 at the lower edge and 1 at the upper one.

    Args:
        depth: of the leaves.
    """

    def __init__(self, depth: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.depth = depth

    def build(self, shape: Any) -> None:
        """Builds the layers of every level, as many weights for each of its nodes."""
        units = shape[-1]
        levels = [2**level for level in range(self.depth)]
        self.choices = [self._of_nodes(nodes, units, 2, f"choice{nodes}") for nodes in levels]
        self.children = [self._of_nodes(nodes, units, 2 * units, f"children{nodes}", "relu") for nodes in levels]
        self.places = self._of_nodes(2**self.depth, units, 1, "places")
        self.built = True

    def call(self, features: Any) -> Any:
        """See above; the two are stacked, (B, E, G, 2)."""
        batch, exemplars, units = ops.shape(features)
        found, read = ops.zeros((batch, exemplars, 1)), features[:, :, None]
        for choice, children in zip(self.choices, self.children, strict=True):
            found = ops.reshape(found[..., None] + ops.log_softmax(choice(read)), (batch, exemplars, -1))
            read = ops.reshape(children(read), (batch, exemplars, -1, units))
        return ops.stack([found, self.places(read)[..., 0]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {**super().get_config(), "depth": self.depth}

    @staticmethod
    def _of_nodes(nodes: int, units: int, size: int, name: str, activation: str | None = None) -> layers.Layer:
        """(B, E, nodes, U) → (B, E, nodes, size), each node by its own weights."""
        bound = units**-0.5  # Keras would count the nodes among what a unit reads
        layer = layers.EinsumDense(
            "benu,nuv->benv",
            (None, nodes, size),
            activation=activation,
            bias_axes="nv",
            kernel_initializer=keras.initializers.RandomUniform(-bound, bound),
            name=name,
        )
        layer.build((None, None, nodes, units))
        return layer


def tree_loss(truth: Any, leaves: Any) -> Any:
    """−log p of the true leaf, and the squared error of the place within it, the mean of each leaf's; summed over E.

    Args:
        truth: (B, E, 2), the true leaf and the place within it.
        leaves: of `RegressionTree`, (B, E, G, 2).

    Returns:
        Scalar.
    """
    is_true = ops.one_hot(ops.cast(truth[..., 0], "int32"), leaves.shape[2])
    pairs = ops.sum(is_true, axis=0)
    error = ops.sum(is_true * ops.square(leaves[..., 1] - truth[..., 1:]), axis=0) / ops.maximum(pairs, 1)
    surprise = ops.mean(ops.sum(is_true * -leaves[..., 0], axis=-1), axis=0)
    return ops.sum(error) + ops.sum(surprise)


def network(training: TrainingSet) -> keras.Model:
    """(B, E, 2 D + 1) → leaves (B, E, G, 2): features of video and exemplar, and the latter's standardised score."""
    size = training.inputs.shape[1]
    inputs = keras.Input((None, 2 * size + 1))
    scale = networks.standardised(training.inputs, training.held_out)
    x = layers.Concatenate()([scale(inputs[..., :size]), scale(inputs[..., size:-1]), inputs[..., -1:]])
    return keras.Model(inputs, RegressionTree(DEPTH)(layers.Dense(UNITS, "relu")(x)))


# === Learning ===


def learn(training: TrainingSet) -> Learned:
    """Trains on pairs, either of which is the other's exemplar: every video with one that each epoch draws anew."""
    keras.utils.set_random_seed(training.seed)
    shown = np.flatnonzero(~training.held_out)
    known, scores = training.inputs[shown], training.scores[shown]
    mean, unit = scores.mean(), scores.std() or 1.0
    groups, model = Groups.of(scores, 2**DEPTH), network(training)
    with warnings.catch_warnings():  # where operations are to be deterministic, Keras says that it does without
        warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")
        model.compile(keras.optimizers.Adam(RATE), tree_loss, jit_compile=True)  # two million weights: twice as fast

    def pairs(inputs, exemplars):
        return np.concatenate([inputs, known[exemplars], (scores[exemplars, None] - mean) / unit], axis=-1)

    def batches(rng):
        videos = np.arange(len(shown))
        exemplars = (videos + rng.integers(1, len(shown), len(shown))) % len(shown)  # never itself
        ways = ((videos, exemplars), (exemplars, videos))
        truths = [np.stack(groups.place(scores[video] - scores[other]), axis=-1) for video, other in ways]
        inputs = [pairs(known[video], other) for video, other in ways]
        return np.stack(inputs, axis=1), np.stack(truths, axis=1).astype(np.float32)

    exemplars = np.random.default_rng(training.seed).permutation(len(shown))[:EXEMPLARS]

    def predict(inputs):
        of_each = np.repeat(inputs[:, None], len(exemplars), axis=1)
        leaves = model.predict_on_batch(pairs(of_each, np.tile(exemplars, (len(inputs), 1)))).astype(float)
        group = leaves[..., 0].argmax(axis=-1)  # the most probable one
        place = np.take_along_axis(leaves[..., 1], group[..., None], axis=-1)[..., 0]
        return (groups.relative_score(group, place) + scores[exemplars]).mean(axis=1)

    chosen = networks.train(model, training, batches, predict, epochs=EPOCHS, batch_size=BATCH)
    return Learned(predict, {"depth": DEPTH, "exemplars": EXEMPLARS, "learning_rate": RATE, "epochs": EPOCHS, **chosen})


CORE = System("CoRe", "clips", networks.mean_of_clips, learn)
