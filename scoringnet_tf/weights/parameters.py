"""What every reader of this folder returns, and what Sports-1M's weights were trained with."""

import dataclasses

import numpy as np

from scoringnet_tf.models.backbones.c3d import ENDPOINTS

CONVOLUTIONS = tuple(name for name in ENDPOINTS if name.startswith("conv"))
REQUIRED = (*CONVOLUTIONS, "fc6", "fc7")
CLASSES = "fc8"
SPORTS = 487  # classes of Sports-1M: weights with others were trained anew
# The preprocessing of Sports-1M's weights and most that come from them; the mean is that of the mean file's centre
# crop, over time and space.
SPORTS1M = {"channels": "bgr", "mean": [95.14, 102.86, 107.76], "scale": 1.0, "frame_size": [128, 171]}


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Those of one layer.

    Attributes:
        source: the layer's name in the file.
        kernel: in Keras's layout: (T, H, W, in, out), or (in, out).
        bias: (out,).
    """

    source: str
    kernel: np.ndarray
    bias: np.ndarray


@dataclasses.dataclass(frozen=True)
class Weights:
    """Those of one file.

    Attributes:
        layout: its name, for the user.
        layers: layer of `C3D` → `Parameters`; `fc8` may be missing.
        preprocessing: of `C3D`.
        channels_first: fc6 reads the features in the order (C, T, H, W), as Caffe flattens them; else (T, H, W, C).
        unused: names in the file that C3D has no place for.
        without_top: why fc6, fc7 and the classes are not taken; empty if they are.
    """

    layout: str
    layers: dict
    preprocessing: dict
    channels_first: bool
    unused: tuple = ()
    without_top: str = ""


def from_caffe(kernel: np.ndarray) -> np.ndarray:
    """A kernel (out, in, T, H, W) or (out, in), as Caffe and PyTorch have it, in Keras's layout."""
    return np.moveaxis(kernel, (1, 0), (-2, -1)) if kernel.ndim >= 2 else kernel
