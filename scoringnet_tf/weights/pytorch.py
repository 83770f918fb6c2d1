"""PyTorch: c3d.pickle, Sports-1M, converted from Caffe; layers conv1, conv2, conv3a … conv5b, fc6, fc7, fc8."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scoringnet_tf.weights.convert import CLASSES, REQUIRED, SPORTS1M, Parameters, Weights, from_caffe

LAYOUT = "PyTorch (c3d.pickle)"
NAMES = {"conv1a": "conv1", "conv2a": "conv2"}  # the others are those of C3D


def recognises(tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether name → array is of this layout."""
    return "conv1.weight" in tensors


def read(tensors: Mapping[str, np.ndarray]) -> Weights:
    """`Weights` of a state dict, name → array."""
    return named_weights(LAYOUT, tensors, {layer: NAMES.get(layer, layer) for layer in (*REQUIRED, CLASSES)}, SPORTS1M)


def named_weights(
    layout: str, tensors: Mapping[str, np.ndarray], modules: Mapping[str, str], preprocessing: dict[str, Any]
) -> Weights:
    """`Weights` of a state dict in PyTorch's layout.

    Args:
        layout: its name, for the user.
        tensors: name → array.
        modules: layer of `C3D` → name of its module.
        preprocessing: of `C3D`.
    """
    layers = {}
    used: set[str] = set()
    for layer, module in modules.items():
        names = f"{module}.weight", f"{module}.bias"
        if all(name in tensors for name in names):
            kernel, bias = (tensors[name] for name in names)
            layers[layer] = Parameters(module, kernel.shape, from_caffe(kernel), bias)
            used.update(names)
    unused = tuple(name for name in tensors if name not in used)
    return Weights(layout, layers, preprocessing, channels_first=True, unused=unused)
