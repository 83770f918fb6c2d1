"""PyTorch: c3d.pickle, Sports-1M, converted from Caffe; layers conv1, conv2, conv3a … conv5b, fc6, fc7, fc8.

What others trained goes by these names, too: with other classes, on frames less another mean, and as a rule behind a
pool5 that pads on all sides (`padding=(0, 1, 1)`), which `mmaction2` tells of. Its convolutions are taken alone.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from scoringnet_tf.weights.convert import CLASSES, REQUIRED, SPORTS, SPORTS1M, Parameters, Weights, from_caffe

LAYOUT = "PyTorch (c3d.pickle)"
NAMES = {"conv1a": "conv1", "conv2a": "conv2"}  # the others are those of C3D
STATISTICS = ("running_mean", "running_var")


def recognises(tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether name → array is of this layout."""
    return "conv1.weight" in tensors


def read(tensors: Mapping[str, np.ndarray]) -> Weights:
    """`Weights` of a state dict, name → array."""
    modules = {layer: NAMES.get(layer, layer) for layer in (*REQUIRED, CLASSES)}
    classes = tensors[f"{CLASSES}.bias"].size if f"{CLASSES}.bias" in tensors else SPORTS
    if classes == SPORTS:
        return named_weights(LAYOUT, tensors, modules, SPORTS1M)
    layout = f"{LAYOUT}, {classes} classes of another set, whose mean is not known: that of Sports-1M is assumed"
    convolutions = {layer: module for layer, module in modules.items() if layer.startswith("conv")}
    found = named_weights(layout, tensors, convolutions, SPORTS1M)
    return dataclasses.replace(
        found, without_top="they were trained anew, as a rule behind a pool5 that pads on all sides"
    )


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
    normalised = tuple(name for name in unused if name.endswith(STATISTICS))
    return Weights(layout, layers, preprocessing, channels_first=True, unused=unused, normalised=normalised)
