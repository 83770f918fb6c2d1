"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021) as a tower's head.

A tree reads the features of a video and of an exemplar, and the exemplar's score. It says in which group of relative
scores the two lie, and where in it. At inference several exemplars vote.

Leaves (B, E, G, 4) of B videos, E exemplars and G groups: log p of the group; the place in it, 0 at its lower edge and
1 at the upper one; these two edges.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import defaults, losses
from scoringnet_tf.models.regressor import decay

DEPTH = 4  # of the tree: 16 groups
EXEMPLARS = 10  # that vote
LARGEST = 1000  # number of scores whose differences are all taken
NUDGE = 1 + 1e-5  # so that 2.9 − 2.7 and 3.1 − 2.9 lie in one group in spite of rounding


# === Groups of relative scores ===


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


def relative_scores(leaves: Any) -> Any:
    """The relative score that each leaf stands for, (B, E, G); beyond 0…1 a place goes on in a straight line."""
    return leaves[..., 2] + leaves[..., 1] * (leaves[..., 3] - leaves[..., 2])


def voted_scores(leaves: Any) -> Any:
    """The relative score of the most probable leaf, (B, E)."""
    most = ops.max(leaves[..., 0], axis=-1, keepdims=True)
    chosen = ops.cast(leaves[..., 0] >= most, "float32")  # ONNX has no form of Keras's argmax
    return ops.sum(chosen * relative_scores(leaves), axis=-1) / ops.sum(chosen, axis=-1)


def tree_losses(relative: Any, leaves: Any, weights: Any) -> tuple[Any, Any]:
    """−log p of the true group; the squared error of the place in it, a mean for each group. Both are summed over E.

    Args:
        relative: true relative scores (B, E).
        leaves: (B, E, G, 4).
        weights: of the pairs, (B, E).

    Returns:
        Two scalars.
    """
    is_true, place = group_targets(relative, leaves)
    is_true = is_true * weights[..., None]
    surprise = ops.divide_no_nan(ops.sum(is_true * -leaves[..., 0], axis=(0, 2)), ops.sum(weights, axis=0))
    squares = ops.sum(is_true * ops.square(leaves[..., 1] - place), axis=0)
    return ops.sum(surprise), ops.sum(ops.divide_no_nan(squares, ops.sum(is_true, axis=0)))


def partners(values: Any) -> Any:
    """The exemplars of each video of a batch (B, …), its two neighbours, (B, 2, …): every pair comes both ways."""
    return ops.stack([ops.roll(values, 1, axis=0), ops.roll(values, -1, axis=0)], axis=1)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ContrastiveScoreLoss(losses.ScoreLoss):
    """The loss of a contrastive head: that of the tree, and α · Eq. 7, the order being that of the expected scores.

    Truth in points, (B,) or (B, 1), NaN if unknown; predictions are the leaves (B, 2, G, 4) of each video beside its
    two `partners`, edges in points. `sample_weight`, (B,) or (B, 1); a pair weighs w_i·w_j.

    Args:
        alpha, margin, reduction, ties, unit: of `ScoreLoss`; `unit` is that of Eq. 7.
    """

    HEAD = "contrastive"
    TERMS = ("groups", "places", "ranking")

    def __init__(
        self,
        alpha: float | None = None,
        margin: float = defaults.MARGIN,
        reduction: str = defaults.PAIR_REDUCTION,
        ties: str = defaults.TIES,
        unit: float | None = None,
        name: str = "contrastive_score_loss",
    ) -> None:
        super().__init__(alpha, margin, reduction, ties, unit, name)

    def terms(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The terms before α: `{"groups": −log p, "places": squared error in the group, "ranking": Eq. 7}`, scalars."""
        truth, _, weights = losses.score_vectors(y_true, y_true, sample_weight)
        truth, _, weights = losses.known_scores(truth, truth, weights)
        several = ops.cast(ops.shape(truth)[0] > 1, "float32")  # alone a video has no other
        pairs = several * weights[:, None] * partners(weights)
        groups, places = tree_losses(truth[:, None] - partners(truth), y_pred, pairs)
        expected = partners(truth) + ops.sum(ops.exp(y_pred[..., 0]) * relative_scores(y_pred), axis=-1)
        scores = ops.divide_no_nan(ops.sum(pairs * expected, axis=1), ops.sum(pairs, axis=1))
        weights = ops.where(ops.sum(pairs, axis=1) > 0, weights, 0.0)
        return {"groups": groups, "places": places, "ranking": self._ranking(*self._in_units(truth, scores, weights))}


# === The tree ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RegressionTree(layers.Layer):
    """A binary tree on features (B, E, U): leaves (B, E, G, 4), G = 2^depth.

    At every inner node a softmax decides between its two children; a leaf is as probable as the product on its way.
    What a node reads is what its parent's U units made for it alone.

    Args:
        depth: of the leaves.
        kernel_l2: β, on every kernel.
    """

    def __init__(self, depth: int, kernel_l2: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.depth, self.kernel_l2 = depth, kernel_l2

    def build(self, shape: Any) -> None:
        """Builds the layers of every level, as many weights for each of its nodes."""
        units = shape[-1]
        levels = [2**level for level in range(self.depth)]
        self.choices = [self._of_nodes(nodes, units, 2, f"choice{nodes}") for nodes in levels]
        self.branches = [self._of_nodes(nodes, units, 2 * units, f"branches{nodes}", "relu") for nodes in levels]
        self.places = self._of_nodes(2**self.depth, units, 1, "places")
        self.edges = self.add_weight(shape=(2**self.depth + 1,), trainable=False, initializer="zeros", name="edges")
        self.set_groups([NormalDist().inv_cdf((rank + 0.5) / LARGEST) for rank in range(LARGEST)])

    def set_groups(self, scores: Sequence[float] | np.ndarray) -> None:
        """Makes groups of the relative scores of these videos; until then, of a normal distribution's."""
        self.edges.assign(group_edges(scores, 2**self.depth))

    def call(self, features: Any) -> Any:
        batch, exemplars, units = ops.shape(features)
        found, read = ops.zeros((batch, exemplars, 1)), features[:, :, None]
        for choice, branch in zip(self.choices, self.branches, strict=True):
            found = ops.reshape(found[..., None] + ops.log_softmax(choice(read)), (batch, exemplars, -1))
            read = ops.reshape(branch(read), (batch, exemplars, -1, units))
        low, high = (ops.zeros_like(found) + each for each in (self.edges[:-1], self.edges[1:]))
        return ops.stack([found, self.places(read)[..., 0], low, high], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth": self.depth, "kernel_l2": self.kernel_l2}

    def _of_nodes(self, nodes, units, size, name, activation=None):
        """(B, E, nodes, U) → (B, E, nodes, size), each node by its own weights."""
        bound = units**-0.5  # Keras would count the nodes among what a unit reads
        layer = layers.EinsumDense(
            "benu,nuv->benv",
            (None, nodes, size),
            activation=activation,
            bias_axes="nv",
            kernel_initializer=keras.initializers.RandomUniform(-bound, bound),
            kernel_regularizer=decay(self.kernel_l2),
            name=name,
        )
        layer.build((None, None, nodes, units))
        return layer


# === The head ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ContrastiveRegression(layers.Layer):
    """Features (B, U) → the score (B,) that the kept exemplars vote for, in standard units; 0 if none is kept.

    Training keeps the videos that it saw last. All of it is in standard units of the score.

    Args:
        exemplars: M, how many are kept.
        kernel_l2: β, on every kernel.
    """

    def __init__(self, exemplars: int = EXEMPLARS, kernel_l2: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.exemplars, self.kernel_l2 = exemplars, kernel_l2

    def build(self, shape: tuple[int | None, int]) -> None:
        units, fixed = shape[-1], {"initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
        self.both = layers.Dense(units, "relu", kernel_regularizer=decay(self.kernel_l2), name="both")
        self.both.build((None, None, 2 * units + 1))
        self.tree = RegressionTree(DEPTH, kernel_l2=self.kernel_l2, name="tree")
        self.tree.build((None, None, units))
        self.features = self.add_weight(shape=(self.exemplars, units), name="features", **fixed)
        self.scores = self.add_weight(shape=(self.exemplars,), name="scores", **fixed)
        self.kept = self.add_weight(shape=(self.exemplars,), name="kept", **fixed)

    def call(self, features: Any) -> Any:
        rows = ops.zeros_like(features[:, :1])
        leaves = self.leaves(features, rows[..., None] + self.features, rows + self.scores)
        votes = self.kept * (self.scores + voted_scores(leaves))
        return ops.sum(votes, axis=-1) / ops.maximum(ops.sum(self.kept), 1.0)

    def leaves(self, features: Any, exemplars: Any, scores: Any) -> Any:
        """Leaves (B, E, G, 4) of features (B, U) beside exemplars (B, E, U) of these scores (B, E)."""
        repeated = features[:, None] + ops.zeros_like(exemplars)
        return self.tree(self.both(ops.concatenate([repeated, exemplars, scores[..., None]], axis=-1)))

    def pairs(self, features: Any, scores: Any) -> Any:
        """Leaves (B, 2, G, 4) of a batch, each video beside its `partners`."""
        return self.leaves(features, partners(features), partners(scores))

    def remember(self, features: Any, scores: Any, weights: Any) -> None:
        """Keeps the last videos of a batch whose weight is not 0, in place of the oldest."""
        kept = ops.concatenate([self.kept, ops.cast(weights != 0, "float32")])
        latest = ops.argsort(kept * ops.cumsum(ops.ones_like(kept)))[-self.exemplars :]
        for variable, new in ((self.features, features), (self.scores, scores)):
            variable.assign(ops.take(ops.concatenate([variable, ops.stop_gradient(new)]), latest, axis=0))
        self.kept.assign(ops.take(kept, latest))

    def compute_output_shape(self, shape: tuple[int | None, int]) -> tuple[int | None]:
        return (shape[0],)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "exemplars": self.exemplars, "kernel_l2": self.kernel_l2}
