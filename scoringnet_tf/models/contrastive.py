"""CoRe (Yu et al., *Group-aware Contrastive Regression for Action Quality Assessment*, ICCV 2021) as a tower's head.

A tree reads the features of a video and of an exemplar, and the exemplar's score. It says in which group of relative
scores the two lie, and where in it. At inference several exemplars vote.

Leaves (B, E, G, 4) are those of `relative_scores`.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import relative_scores
from scoringnet_tf.models.decoding import first_argmax
from scoringnet_tf.models.regressor import decay

DEPTH = 4  # of the tree: 16 groups
EXEMPLARS = 10  # that vote
NORMAL = 1000  # quantiles of a normal distribution


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
        self.set_groups([NormalDist().inv_cdf((rank + 0.5) / NORMAL) for rank in range(NORMAL)])

    def set_groups(self, scores: Sequence[float] | np.ndarray) -> None:
        """Makes groups of the relative scores of these videos; until then, of a normal distribution's."""
        self.edges.assign(relative_scores.group_edges(scores, 2**self.depth))

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


def voted_scores(leaves: Any) -> Any:
    """The relative score of the most probable leaf, (B, E)."""
    chosen = ops.one_hot(first_argmax(leaves[..., 0]), leaves.shape[2], dtype="float32")
    return ops.sum(chosen * relative_scores.relative_scores(leaves), axis=-1)


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
        return self.leaves(features, relative_scores.partners(features), relative_scores.partners(scores))

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
