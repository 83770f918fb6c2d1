"""What every reader of this folder returns, and the `C3D` that it makes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from scoringnet_tf.models.backbones.c3d import C3D, ENDPOINTS, TRUNK, describe_preprocessing
from scoringnet_tf.support.errors import InputError

REQUIRED = (*(name for name in ENDPOINTS if name.startswith("conv")), "fc6", "fc7")
CLASSES = "fc8"
SPORTS = 487  # classes of Sports-1M: weights with others were trained anew

# What the Sports-1M weights and most that come from them were trained on; the mean is that of the mean file's centre
# crop, over time and space. `--mean` takes the file itself.
SPORTS1M = {"channels": "bgr", "mean": [95.14, 102.86, 107.76], "scale": 1.0, "frame_size": [128, 171]}


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Of one layer.

    Attributes:
        source: the layer's name in the file.
        shape: the kernel's shape in the file.
        kernel: in Keras's layout: (T, H, W, in, out), or (in, out).
        bias: (out,).
    """

    source: str
    shape: tuple
    kernel: np.ndarray
    bias: np.ndarray


@dataclasses.dataclass(frozen=True)
class Weights:
    """Of one file.

    Attributes:
        layout: its name, for the user.
        layers: layer of `C3D` → `Parameters`; `fc8` may be missing.
        preprocessing: of `C3D`.
        channels_first: fc6 reads the features in the order (C, T, H, W), as Caffe flattens them; else (T, H, W, C).
        unused: names in the file that C3D has no place for.
        normalised: those of `unused` that are of a batch normalisation, without which the others mean nothing.
        without_top: why fc6, fc7 and the classes are not taken; empty where they are.
    """

    layout: str
    layers: dict
    preprocessing: dict
    channels_first: bool
    unused: tuple = ()
    normalised: tuple = ()
    without_top: str = ""


def from_caffe(kernel: np.ndarray) -> np.ndarray:
    """A kernel (out, in, T, H, W) or (out, in), as Caffe, PyTorch and Theano have it, in Keras's layout."""
    return np.moveaxis(kernel, (1, 0), (-2, -1)) if kernel.ndim >= 2 else kernel


def channels_last(fc6: np.ndarray, channels: int) -> np.ndarray:
    """fc6 (C·T·H·W, units), whose inputs come channel by channel, for inputs as Keras flattens them: (T, H, W, C)."""
    return fc6.reshape(channels, -1, fc6.shape[-1]).swapaxes(0, 1).reshape(fc6.shape)


def with_mean(weights: Weights, mean: Any) -> Weights:
    """The same weights, less the image `mean` instead of its average.

    Raises:
        InputError: they were trained otherwise.
    """
    if weights.preprocessing["mean"] != SPORTS1M["mean"]:
        raise InputError(
            "flags_conflict",
            f"--mean is for weights of Sports-1M; {weights.layout} has the mean {weights.preprocessing['mean']}.",
        )
    return dataclasses.replace(weights, preprocessing={**weights.preprocessing, "mean": mean})


def build_c3d(weights: Weights, path: str, log: Callable[[str], object] = print) -> C3D:
    """The float32 `C3D` (16 frames of 112×112) with these weights.

    Without fc8 it ends in the features of fc7 (`heads={}`), without a top in pool5.

    Args:
        weights: of all its layers.
        path: file that they are of, for messages.
        log: takes a line for every layer.

    Raises:
        InputError: a layer is missing, has another shape, or holds infinities or NaN; or there is batch normalisation.
    """
    _check_names(weights, path)
    if weights.normalised:
        raise InputError(
            "other_model",
            f"{path} has batch normalisation, which C3D lacks: {', '.join(weights.normalised[:3])}.",
        )
    classes = {CLASSES: weights.layers[CLASSES].bias.size} if CLASSES in weights.layers else {}
    model = C3D(
        width_multiplier=weights.layers["conv1a"].bias.size / dict(TRUNK)["conv1a"],
        heads=None if weights.without_top else classes,
        preprocessing=weights.preprocessing,
        dtype="float32",
    )
    log(f"{path}: {weights.layout}; {describe_preprocessing(model.preprocessing)}")
    for layer in model.layers:
        if layer.weights:
            found = weights.layers[layer.name]
            _check_values(found, layer, path)
            layer.set_weights([_kernel(weights, layer.name), found.bias])
            log(f"{found.source} {found.shape} → {layer.name} {tuple(layer.kernel.shape)}")
    because = f" ({weights.without_top})" if weights.without_top else ""
    log(f"{path}: not used: {', '.join(weights.unused) or 'nothing'}{because}")
    return model


def _check_names(weights, path):
    required = [name for name in REQUIRED if name.startswith("conv") or not weights.without_top]
    missing = [name for name in required if name not in weights.layers]
    if missing:
        found = [*(parameters.source for parameters in weights.layers.values()), *weights.unused]
        raise InputError(
            "missing_layer",
            f"{path} lacks {', '.join(missing)} of C3D ({weights.layout}).",
            f"It has {', '.join(found[:20]) or 'nothing'}.",
        )


def _check_values(found, layer, path):
    for kind in ("kernel", "bias"):
        expected, value = tuple(getattr(layer, kind).shape), getattr(found, kind)
        if value.shape != expected:
            raise InputError(
                "wrong_shape",
                f"{path}: the {kind} of {found.source} has the shape {value.shape}.",
                f"{layer.name} of C3D needs {expected}.",
            )
        if not np.isfinite(value).all():
            raise InputError("not_finite", f"{path}: the {kind} of {found.source} has NaN or infinity.")


def _kernel(weights, name):
    kernel = weights.layers[name].kernel
    if name == "fc6" and weights.channels_first:
        return channels_last(kernel, weights.layers["conv5b"].bias.size)
    return kernel
