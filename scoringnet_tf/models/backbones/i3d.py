"""I3D, Inception-v1 inflated to three dimensions (Carreira and Zisserman, CVPR 2017), RGB stream.

Layers, names and paddings are those of github.com/deepmind/kinetics-i3d, i3d.py; Kinetics-400's weights fit.
"""

import functools
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf.models.backbones.c3d import scaled_width
from scoringnet_tf.models.layers import Conv3D, FrameMask
from scoringnet_tf.models.saving import Functional, Preset, arguments_of
from scoringnet_tf.support.messages import InputError, unknown_name

# (endpoint, its kind, what it is made of): a convolution (filters, kernel, stride), a max pooling (window, stride), or
# an Inception block: filters of 1×1×1; 1×1×1 and 3×3×3; 1×1×1 and 3×3×3; 1×1×1 behind a pooling.
LAYERS: tuple[tuple[str, str, tuple], ...] = (
    ("Conv3d_1a_7x7", "conv", (64, 7, 2)),
    ("MaxPool3d_2a_3x3", "pool", ((1, 3, 3), (1, 2, 2))),
    ("Conv3d_2b_1x1", "conv", (64, 1, 1)),
    ("Conv3d_2c_3x3", "conv", (192, 3, 1)),
    ("MaxPool3d_3a_3x3", "pool", ((1, 3, 3), (1, 2, 2))),
    ("Mixed_3b", "mixed", (64, 96, 128, 16, 32, 32)),
    ("Mixed_3c", "mixed", (128, 128, 192, 32, 96, 64)),
    ("MaxPool3d_4a_3x3", "pool", ((3, 3, 3), (2, 2, 2))),
    ("Mixed_4b", "mixed", (192, 96, 208, 16, 48, 64)),
    ("Mixed_4c", "mixed", (160, 112, 224, 24, 64, 64)),
    ("Mixed_4d", "mixed", (128, 128, 256, 24, 64, 64)),
    ("Mixed_4e", "mixed", (112, 144, 288, 32, 64, 64)),
    ("Mixed_4f", "mixed", (256, 160, 320, 32, 128, 128)),
    ("MaxPool3d_5a_2x2", "pool", ((2, 2, 2), (2, 2, 2))),
    ("Mixed_5b", "mixed", (256, 160, 320, 32, 128, 128)),
    ("Mixed_5c", "mixed", (384, 192, 384, 48, 128, 128)),
)
ENDPOINTS = tuple(name for name, *_ in LAYERS)
BRANCHES = (
    "Branch_0/Conv3d_0a_1x1",
    *(f"Branch_{branch}/Conv3d_0{kernel}" for branch in (1, 2) for kernel in ("a_1x1", "b_3x3")),
    "Branch_3/Conv3d_0b_1x1",
)
EPSILON = 1e-3


def kinetics_classes() -> tuple[str, ...]:
    """Kinetics-400's classes, in the logits' order (DeepMind's label_map.txt)."""
    return tuple(pathlib.Path(__file__).with_name("kinetics_400.txt").read_text(encoding="utf-8").splitlines())


def temporal_stride(endpoint: str) -> int:
    """Frames between an endpoint's steps."""
    return math.prod(_in_time(kind, parts)[1] for _, kind, parts in LAYERS[: _depth(endpoint) + 1])


def temporal_reach(endpoint: str) -> int:
    """Frames to either side that an endpoint's step depends on, at most."""
    stride, reach = 1, 0
    for _, kind, parts in LAYERS[: _depth(endpoint) + 1]:
        window, step = _in_time(kind, parts)
        reach += stride * (window // 2)
        stride *= step
    return reach


def _depth(endpoint: str) -> int:
    if endpoint not in ENDPOINTS:
        raise unknown_name("endpoint", endpoint, ENDPOINTS)
    return ENDPOINTS.index(endpoint)


def _in_time(kind: str, parts: tuple) -> Any:
    """(steps that a layer sees, steps between its results)."""
    if kind == "conv":
        return parts[1:]
    return (parts[0][0], parts[1][0]) if kind == "pool" else (3, 1)


def folded_weights(weights: Mapping[str, Sequence[np.ndarray]]) -> dict[str, list[np.ndarray]]:
    """Layer → weights, with each batch normalisation in the convolution before it."""
    folded = {}
    for name, arrays in weights.items():
        if f"{name}_batch_norm" in weights:
            (kernel,), (offset, mean, variance) = arrays, weights[f"{name}_batch_norm"]
            scale = 1 / np.sqrt(variance + EPSILON)
            folded[name] = [kernel * scale, offset - mean * scale]
        elif not name.endswith("_batch_norm"):
            folded[name] = [*arrays]
    return folded


def _unit(
    x: Any,
    filters: int,
    kernel: int,
    stride: int,
    name: str,
    *,
    dtype: str | None,
    folded: bool,
    frame_mask: Any = None,
) -> Any:
    """Convolution without bias, batch normalisation without scale, ReLU; folded: convolution with bias, ReLU."""
    name = name.replace("/", "_")
    if kernel > 1:
        x = _masked(x, frame_mask, name, dtype)
    if folded:
        return Conv3D(filters, kernel, stride, padding="same", activation="relu", name=name, dtype=dtype)(x)
    x = layers.Conv3D(filters, kernel, stride, padding="same", use_bias=False, name=name, dtype=dtype)(x)
    of_norm: dict[str, Any] = {"momentum": 0.999, "epsilon": EPSILON, "scale": False}
    return ops.relu(layers.BatchNormalization(**of_norm, name=f"{name}_batch_norm", dtype=dtype)(x))


def _mixed(x: Any, filters: Sequence[int], name: str, unit: Any, dtype: str | None, frame_mask: Any) -> Any:
    """An Inception block: branches of `unit`s side by side."""
    x, ends = _masked(x, frame_mask, name, dtype), []
    for number in range(4):
        units = [(count, branch) for count, branch in zip(filters, BRANCHES, strict=True) if branch[7] == str(number)]
        y = ops.max_pool(x, (3, 3, 3), strides=1, padding="same") if number == 3 else x
        for count, branch in units:
            y = unit(y, count, int(branch[-1]), 1, f"{name}/{branch}", frame_mask=frame_mask)
        ends.append(y)
    return layers.Concatenate(name=name, dtype=dtype)(ends)


def _masked(x: Any, frame_mask: Any, name: str, dtype: str | None) -> Any:
    """Padded steps are zero, as beyond a video's end."""
    return x if frame_mask is None else FrameMask(name=f"{name}_mask", dtype=dtype)(x, frame_mask)


# === A network as a chain, through which a video goes piece by piece ===


class Block(NamedTuple):
    """A part of a video network.

    Attributes:
        network: a `keras.Model` from [x (B, T, …), mask bool (B, T)], T a multiple of `stride`, to (B, T / stride, …).
        stride: steps between the result's.
        before, after: the result's first and last steps that depend on what lies beyond x.
        end: the result's place among the whole network's outputs; None if it has none.
    """

    network: Any
    stride: int
    before: int
    after: int
    end: int | None = None


def edges(window: int, stride: int) -> tuple[int, int]:
    """(`before`, `after`) for a layer that sees `window` steps, padded as by TensorFlow: what is odd comes last."""
    padding = max(window - stride, 0)
    return -(-(padding // 2) // stride), -(-(padding - padding // 2) // stride)


# === The network ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class MeanOfPairs(layers.Layer):
    """Mean over time of neighbours' means: x (B, T, C) → (B, C); I3D's average pooling 2×7×7 and mean."""

    def call(self, x: Any) -> Any:
        length = ops.cast(ops.shape(x)[1], x.dtype)
        ends = (x[:, 0] + x[:, -1]) / 2
        pairs = (ops.sum(x, axis=1) - ends) / ops.maximum(length - 1, 1)
        return ops.where(length > 1, pairs, x[:, 0])


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class I3D(Preset, Functional):
    """I3D with named endpoints, for frames in any size and number.

    Call argument: frames uint8 (B, L, H, W, 3), 0…255, RGB; with `masked=True` `{"frames", "mask": bool (B, L)}`.
    Returns the final endpoint (B, ⌈L / s⌉, h, w, C), s its `temporal_stride`; with `classes` logits (B, classes).

    Args:
        input_shape: (L, H, W, 3); L, H and W may be None. Kinetics's weights were trained on 64 frames of 224×224.
        width_multiplier: 1 is the published width (64 … 1024 channels).
        final_endpoint: name in `ENDPOINTS` to stop after; several give a list.
        classes: how many, behind "Mixed_5c"; None for features.
        masked: takes a mask; padded frames are as beyond a video's end. L is then a multiple of s.
        folded: has no batch normalisation, see `fold`.
        dtype: dtype policy.

    Raises:
        InputError: no such endpoint (`unknown_name`); classes behind another endpoint, or with masks
            (`flags_conflict`).

    Attributes:
        temporal_strides, reach: the final endpoints', frames, see `temporal_stride` and `temporal_reach`.

    Example:
    >>> I3D(input_shape=(None, 112, 112, 3), final_endpoint="Mixed_4f").output_shape
    (None, None, 7, 7, 832)
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] = (None, 224, 224, 3),
        width_multiplier: float = 1.0,
        final_endpoint: str | Sequence[str] = ENDPOINTS[-1],
        classes: int | None = None,
        masked: bool = False,
        folded: bool = False,
        dtype: str | None = None,
        name: str = "i3d",
        **kwargs: Any,
    ):
        config = arguments_of(locals())
        ends = [final_endpoint] if isinstance(final_endpoint, str) else sorted(final_endpoint, key=_depth)
        last = max(map(_depth, ends))
        if classes and (masked or ends != [ENDPOINTS[-1]]):
            raise InputError("flags_conflict", f"classes need final_endpoint='{ENDPOINTS[-1]}', and no masks.")
        frames = keras.Input(input_shape, dtype="uint8", name="frames")
        mask = keras.Input(input_shape[:1], dtype="bool", name="mask") if masked else None

        # === Functional Model ===
        x, frame_mask = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale", dtype=dtype)(frames), mask  # −1…1
        unit = functools.partial(_unit, dtype=dtype, folded=folded)
        results: list[Any] = []
        chain: list[tuple] = []
        for endpoint, kind, parts in LAYERS[: last + 1]:
            before, (window, stride) = [x if chain else frames, frame_mask], _in_time(kind, parts)
            if kind == "conv":
                filters = scaled_width(parts[0], width_multiplier)
                x = unit(x, filters, window, stride, endpoint, frame_mask=frame_mask)
            elif kind == "pool":
                x = _masked(x, frame_mask if window > 1 else None, endpoint, dtype)
                x = layers.MaxPooling3D(*parts, padding="same", name=endpoint, dtype=dtype)(x)
            else:
                widths = [scaled_width(filters, width_multiplier) for filters in parts]
                x = _mixed(x, widths, endpoint, unit, dtype, frame_mask)
            frame_mask = frame_mask if frame_mask is None else frame_mask[:, ::stride]
            chain.append((before, x, window, stride, len(results) if endpoint in ends else None))
            results += [x] if endpoint in ends else []
        if classes:
            x = MeanOfPairs(name="mean_of_pairs", dtype="float32")(ops.mean(x, axis=(2, 3)))
            x = layers.Dense(classes, name="Logits", dtype="float32")(x)
        result = results if len(results) > 1 else x
        super().__init__({"frames": frames, "mask": mask} if masked else frames, result, name=name, **kwargs)

        # === Config ===
        self.temporal_strides, self.reach = [temporal_stride(end) for end in ends], temporal_reach(ENDPOINTS[last])
        self._blocks = functools.partial(_blocks, chain if masked else [])  # in no list, which Keras would look into
        self._config = config | {"input_shape": tuple(input_shape), "final_endpoint": ends if ends[1:] else ends[0]}

    def blocks(self) -> tuple[Block, ...]:
        """A masked network's chain of `Block`s, with its weights; others have none."""
        return self._blocks()

    def fold(self) -> "I3D":
        """The same network with each batch normalisation in the convolution before it; itself if it has none.

        It gives the same, to rounding, with fewer layers and less memory: for inference.
        """
        if self._config["folded"]:
            return self
        twin = type(self)(**self._config | {"folded": True}, name=self.name)
        weights = folded_weights({layer.name: layer.get_weights() for layer in self.layers})
        for layer in twin.layers:
            layer.set_weights(weights[layer.name])
        return twin


def _blocks(chain: list[tuple]) -> tuple[Block, ...]:
    """`Block`s from (inputs, result, window and stride in time, its place among the results) each."""
    return tuple(
        Block(keras.Model(inputs, result), stride, *edges(window, stride), end)
        for inputs, result, window, stride, end in chain
    )
