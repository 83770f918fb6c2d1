"""A second athlete in the picture, by a backbone's features before they are pooled.

A linear function was taught where a simulated athlete is, place by place. The athlete is where it is largest; what it
says further away is a second one, or somebody else.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

BESIDE = 2  # columns to either side of the athlete that are no other's: 5 of the 11 of a picture


def second_athlete(features: Any, weights: Sequence[float]) -> Any:
    """How surely somebody is beside the athlete of each step: the largest value more than `BESIDE` columns away.

    Args:
        features: (B, T, h, w, C), none negative.
        weights: (C + 1,) of a linear function of their square roots, the constant last.

    Returns:
        (B, T, 1); the lowest value of the step if the picture is too narrow.
    """
    kernel = np.array(weights, np.float32)
    roots = ops.sqrt(ops.maximum(ops.cast(features, "float32"), 0.0))
    columns = ops.max(ops.sum(roots * kernel[:-1], axis=-1) + kernel[-1], axis=2)  # (B, T, w)
    athlete = ops.argmax(columns, axis=-1)[..., None]
    distance = ops.abs(ops.arange(ops.shape(columns)[-1], dtype=athlete.dtype) - athlete)
    least = ops.min(columns, axis=-1, keepdims=True)
    return ops.max(ops.where(distance > BESIDE, columns, least), axis=-1, keepdims=True)
