"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021).

Published, with github.com/yuxumin/CoRe: the score relative to an exemplar's, from the features (I3D, ten clips) of both
and the exemplar's score, by a tree of four levels whose 16 leaves are groups of relative scores, symmetrical about 0; a
cross-entropy for the group, a squared error for the place in it; pairs are taught both ways; the mean over ten
exemplars; Adam at 1e-3, 200 epochs, four pairs a step. Ours: C3D as it is given; standardised features and scores of
exemplars; the same ten exemplars for all videos; the epoch chosen by the SRC of the validation part.

Leaves (B, E, G, 4) of B videos, E exemplars and G groups: log p of the group; the place in it, 0 at its lower edge and
1 at the upper one; these two edges.
"""

import warnings
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf.baselines import networks
from scoringnet_tf.baselines.system import Learned, System, TrainingSet
from scoringnet_tf.models.decoding import first_argmax

UNITS = 256
EXEMPLARS = 10  # that vote
EPOCHS, BATCH, RATE = 200, 4, 1e-3
DEPTH = 4  # 16 groups
NORMAL = 1000  # quantiles of a normal distribution
LARGEST = 1000  # number of scores whose differences are all taken
NUDGE = 1 + 1e-5  # so that 2.9 − 2.7 and 3.1 − 2.9 lie in one group in spite of rounding


# === Relative scores ===


def group_edges(scores: Sequence[float] | np.ndarray, number: int) -> np.ndarray:
    """Edges (number + 1,) of groups of relative scores, symmetrical about 0, with as many pairs of videos in each.

    Equal differences stay in one group.
    """
    chosen = np.rint(np.linspace(0, len(scores) - 1, min(len(scores), LARGEST))).astype(int)
    values = np.sort(np.asarray(scores, "float32"))[chosen]
    differences = np.abs(values[:, None] - values)[np.triu_indices(len(values), 1)]
    above = np.quantile(differences, np.linspace(0, 1, number // 2 + 1)[1:], method="lower")
    return np.concatenate([-above[::-1], [0], above]).astype("float32")


def group_targets(relative: Any, leaves: Any) -> tuple[Any, Any]:
    """Which group relative scores (B, E) lie in, as 0 or 1, and where in each, 0…1: both (B, E, G).

    A group has its edge towards 0, and not the other; the outer ones go on.
    """
    relative, low, high = relative[..., None], leaves[..., 2], leaves[..., 3]
    place = ops.clip(ops.divide_no_nan(relative - low, high - low), 0, 1)
    nudged, index, last = relative * NUDGE, ops.arange(leaves.shape[2]), leaves.shape[2] - 1
    above = (nudged >= low) & ((nudged < high) | (index == last))
    below = (nudged <= high) & ((nudged > low) | (index == 0))
    return ops.cast(ops.where(relative >= 0, above, below), "float32"), place


def tree_loss(relative: Any, leaves: Any) -> Any:
    """−log p of the true group, and a mean squared error of the place in each group, both summed over E: a scalar.

    True relative scores are (B, E), leaves (B, E, G, 4).
    """
    is_true, place = group_targets(relative, leaves)
    surprise = ops.sum(ops.mean(ops.sum(is_true * -leaves[..., 0], axis=2), axis=0))
    squares = ops.sum(is_true * ops.square(leaves[..., 1] - place), axis=0)
    return surprise + ops.sum(ops.divide_no_nan(squares, ops.sum(is_true, axis=0)))


def voted_scores(leaves: Any) -> Any:
    """The relative score of the most probable leaf, (B, E); beyond 0…1 a place goes on in a straight line."""
    relative = leaves[..., 2] + leaves[..., 1] * (leaves[..., 3] - leaves[..., 2])
    chosen = ops.one_hot(first_argmax(leaves[..., 0]), leaves.shape[2], dtype="float32")
    return ops.sum(chosen * relative, axis=-1)


# === The tree ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RegressionTree(layers.Layer):
    """A binary tree on features (B, E, U): leaves (B, E, G, 4), G = 2^depth.

    At every inner node a softmax decides between its two children; a leaf is as probable as the product on its way.
    A node reads what its parent's U units made for it alone.

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
        self.choices = [node_layer(nodes, units, 2, f"choice{nodes}") for nodes in levels]
        self.branches = [node_layer(nodes, units, 2 * units, f"branches{nodes}", "relu") for nodes in levels]
        self.places = node_layer(2**self.depth, units, 1, "places")
        self.edges = self.add_weight(shape=(2**self.depth + 1,), trainable=False, initializer="zeros", name="edges")
        self.set_groups([NormalDist().inv_cdf((rank + 0.5) / NORMAL) for rank in range(NORMAL)])

    def set_groups(self, scores: Sequence[float] | np.ndarray) -> None:
        """Makes groups of the relative scores of these videos; until then, of a normal distribution's."""
        self.edges.assign(group_edges(scores, 2**self.depth))

    def call(self, features: Any) -> Any:
        """Leaves (B, E, G, 4)."""
        batch, exemplars, units = ops.shape(features)
        found, read = ops.zeros((batch, exemplars, 1)), features[:, :, None]
        for choice, branch in zip(self.choices, self.branches, strict=True):
            found = ops.reshape(found[..., None] + ops.log_softmax(choice(read)), (batch, exemplars, -1))
            read = ops.reshape(branch(read), (batch, exemplars, -1, units))
        low, high = (ops.zeros_like(found) + each for each in (self.edges[:-1], self.edges[1:]))
        return ops.stack([found, self.places(read)[..., 0], low, high], axis=-1)


def node_layer(nodes: int, units: int, size: int, name: str, activation: str | None = None) -> layers.Layer:
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


# === The system ===


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
