"""Relative scores of pairs of videos, in groups: the mathematics of CoRe (Yu et al., ICCV 2021).

Leaves (B, E, G, 4) of B videos, E exemplars and G groups: log p of the group; the place in it, 0 at its lower edge and
1 at the upper one; these two edges.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

LARGEST = 1000  # number of scores whose differences are all taken
NUDGE = 1 + 1e-5  # so that 2.9 − 2.7 and 3.1 − 2.9 lie in one group in spite of rounding


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
