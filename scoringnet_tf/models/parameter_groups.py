"""The parts of a ScoringNet that can have a learning rate of their own, or be frozen."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scoringnet_tf.models.backbones.c3d import C3D

if TYPE_CHECKING:
    from keras import layers

    from scoringnet_tf.models.trainer import Trainer


def learning_parts(network: "Trainer") -> "dict[str, layers.Layer]":
    """Part → its layer, without overlaps: `backbone` and `kfs`, if there are, and every tower of SP by its score."""
    found = {"backbone": network.backbone, "kfs": network.segmenter}
    return {name: part for name, part in found.items() if part is not None} | dict(network.score_predictor.towers)


def parts(network: "Trainer") -> "dict[str, list[layers.Layer]]":
    """Part → its layers: the `learning_parts`, and `c3d`, every C3D in them, if there is one."""
    learning = learning_parts(network)
    trunks = [layer for part in learning.values() for layer in part.layers if isinstance(layer, C3D)]
    return ({"c3d": trunks} if trunks else {}) | {name: [part] for name, part in learning.items()}


def rate_factors(network: "Trainer", rates: Mapping[str, float]) -> list[float]:
    """The factor of every variable of `network.trainable_variables`, in their order: the product of its parts' rates.

    Args:
        network: a `ScoringNet`.
        rates: part → factor on its learning rate.
    """
    # Not by paths of variables: the first kernel of both towers is `conv1a/kernel`.
    known = parts(network)
    of_parts = [({id(v) for layer in known[part] for v in layer.variables}, rate) for part, rate in rates.items()]
    return [
        math.prod(rate for variables, rate in of_parts if id(variable) in variables)
        for variable in network.trainable_variables
    ]
