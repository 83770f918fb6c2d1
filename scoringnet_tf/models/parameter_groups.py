"""A ScoringNet's parts that can have their own learning rate, or be frozen."""

import math
from collections.abc import Mapping

import keras

from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.support.messages import unknown_name

BACKBONE = "backbone"
STAGE_PARTS = (BACKBONE, "kfs")  # those that stages are found by


def learning_parts(network: keras.Model) -> dict[str, keras.layers.Layer]:
    """Part → its layer, without overlaps: `backbone` and `kfs`, if there are, and SP's towers by their scores."""
    found = {BACKBONE: network.backbone, "kfs": network.segmenter}
    return {name: part for name, part in found.items() if part is not None} | dict(network.score_predictor.towers)


def part_layers(network: keras.Model, part: str) -> list[keras.layers.Layer]:
    """A part's layers; `backbone/NAME`: those in the backbone's model whose names begin so.

    Raises:
        InputError: there is no such part, or no such layer (`unknown_name`).
    """
    known, (name, _, prefix) = parts(network), part.partition("/")
    if name not in known or (prefix and name != BACKBONE):
        raise unknown_name("part", part, known)
    if not prefix:
        return known[part]
    every = network.backbone.model.layers
    if not (found := [layer for layer in every if layer.name.startswith(prefix)]):
        raise unknown_name(part, prefix, [layer.name for layer in every if layer.weights][-10:])
    return found


def parts(network: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """Part → its layers: the `learning_parts`, and `c3d`, every C3D in KFS and SP, if there is one."""
    learning = learning_parts(network)
    heads = [part for name, part in learning.items() if name != BACKBONE]
    trunks = [layer for part in heads for layer in part.layers if isinstance(layer, C3D)]
    return ({"c3d": trunks} if trunks else {}) | {name: [part] for name, part in learning.items()}


def rate_factors(network: keras.Model, rates: Mapping[str, float]) -> list[float]:
    """A factor for each `network.trainable_variables`: the product of its parts' `rates`, part → factor."""
    # Not by paths of variables: the first kernel of both towers is `conv1a/kernel`.
    of_parts = [
        ({id(v) for layer in part_layers(network, part) for v in layer.variables}, rate) for part, rate in rates.items()
    ]
    return [
        math.prod(rate for variables, rate in of_parts if id(variable) in variables)
        for variable in network.trainable_variables
    ]
