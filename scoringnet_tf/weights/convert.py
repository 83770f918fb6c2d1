"""Makes a `C3D` from published weights in any known layout, or from a tower of a trained `ScoringNet`.

The layout of a file is told by its first and last bytes and by what is in it, never by its name.
"""

import dataclasses
import io
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from scoringnet_tf.data.preprocessing import center_offset
from scoringnet_tf.models.backbones.c3d import C3D, TRUNK, describe_preprocessing
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError, unknown_name
from scoringnet_tf.weights import caffe, check_is_there, keras_h5, pytorch, tf_checkpoint
from scoringnet_tf.weights.parameters import CLASSES, CONVOLUTIONS, REQUIRED, SPORTS1M, Weights

CROP = (112, 112)
NUMPY = b"\x93NUMPY"
FAR = 2.0  # grey levels; the mean of another channel is 5 away or more


# === Files ===


def read_weights(path: str, fc6_order: str = "auto") -> Weights:
    """The `Weights` of a file in any known layout.

    Args:
        path: the file; a TensorFlow checkpoint with an index may be named without `.index`.
        fc6_order: of `tf_checkpoint.read`, the one layout that does not say it.

    Raises:
        InputError: no such file, no known layout, damaged, or `fc6_order` given for another layout.
    """
    check_is_there(path)
    if checkpoint := tf_checkpoint.checkpoint(path):
        return tf_checkpoint.read(checkpoint, fc6_order)
    if fc6_order != "auto":
        raise InputError("flag_unused", f"--fc6_order has no effect: {path} is no TensorFlow checkpoint.")
    with pathlib.Path(path).open("rb") as file:
        start = file.read(8)
    if start == keras_h5.SIGNATURE:
        return keras_h5.read(path)
    if start.startswith((pytorch.ZIP, pytorch.PICKLE)):
        return pytorch.read(path)
    return caffe.read(path)


def read_mean(path: str | pathlib.Path) -> list[list[list[float]]]:
    """The mean image (112, 112, 3), channels in the file's order, as nested lists of hundredths.

    The file is the mean of clips, (16, H, W, 3) or (3, 16, H, W), as .npy or as Caffe's .binaryproto. It is averaged
    over time, since KFS and the towers take clips of other lengths; over Sports-1M's 16 frames it moves by 0.4 grey
    levels at most. Larger images are cropped in the centre, as the frames are.

    Raises:
        InputError: the file is damaged (`damaged_mean`), has another shape (`wrong_shape`), or holds another mean
            than that of Sports-1M (`wrong_scale`).
    """
    try:
        content = pathlib.Path(path).read_bytes()
        is_numpy = content.startswith(NUMPY)
        mean = np.load(io.BytesIO(content), allow_pickle=False) if is_numpy else caffe.read_blob(content)[0]
    except (OSError, ValueError, EOFError, IndexError) as error:
        message = f"--mean={path} is no .npy or .binaryproto, or it is damaged: {error}."
        raise InputError("damaged_mean", message) from error
    if mean.ndim == 4 and mean.shape[0] == 3:
        mean = np.moveaxis(mean, 0, -1)
    if mean.ndim != 4 or mean.shape[-1] != 3 or min(mean.shape[1:3]) < CROP[0]:
        hint = "The mean of clips has (16, H, W, 3) or (3, 16, H, W)."
        raise InputError("wrong_shape", f"--mean={path} has the shape {mean.shape}.", hint)
    top, left = center_offset(mean.shape[1:3], CROP)
    image = mean.mean(axis=0, dtype=np.float64)[top : top + CROP[0], left : left + CROP[1]]
    averages, known = image.mean(axis=(0, 1)), np.array(SPORTS1M["mean"])
    if not np.isfinite(image).all() or np.abs(averages - known).max() > FAR:
        numbers = ", ".join(f"{value:.4g}" for value in averages)
        raise InputError(
            "wrong_scale",
            f"--mean={path} is not the mean of Sports-1M: its channels are {numbers} on average.",
            f"The mean is BGR, 0 to 255: {', '.join(f'{value:g}' for value in known)}.",
        )
    return image.round(2).tolist()


def with_mean(weights: Weights, mean: Any) -> Weights:
    """The same weights, less the image `mean` instead of its average.

    Raises:
        InputError: they were trained with another mean (`flags_conflict`).
    """
    if weights.preprocessing["mean"] != SPORTS1M["mean"]:
        message = f"--mean is for weights of Sports-1M; {weights.layout} has the mean {weights.preprocessing['mean']}."
        raise InputError("flags_conflict", message)
    return dataclasses.replace(weights, preprocessing={**weights.preprocessing, "mean": mean})


# === Published weights ===


def build_c3d(weights: Weights, path: str, log: Callable[[str], object] = print) -> C3D:
    """The float32 `C3D` (16 frames of 112×112) with these weights.

    Without fc8 it ends in the features of fc7 (`heads={}`), without a top in pool5.

    Args:
        weights: of all its layers.
        path: their file, for messages.
        log: takes a line for every layer.

    Raises:
        InputError: a layer is missing (`missing_layer`), has another shape (`wrong_shape`), or holds infinities or NaN
            (`not_finite`); or there is batch normalisation (`other_model`).
    """
    _check_layers(weights, path)
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
            source = weights.layers[layer.name]
            _check_values(source, layer, path)
            layer.set_weights([_kernel(weights, layer.name), source.bias])
            log(f"{source.source} {source.shape} → {layer.name} {tuple(layer.kernel.shape)}")
    because = f" ({weights.without_top})" if weights.without_top else ""
    log(f"{path}: not used: {', '.join(weights.unused) or 'nothing'}{because}")
    return model


def _check_layers(weights, path):
    missing = [name for name in (CONVOLUTIONS if weights.without_top else REQUIRED) if name not in weights.layers]
    if missing:
        names = [*(parameters.source for parameters in weights.layers.values()), *weights.unused]
        raise InputError(
            "missing_layer",
            f"{path} lacks {', '.join(missing)} of C3D ({weights.layout}).",
            f"It has {', '.join(names[:20]) or 'nothing'}.",
        )
    if weights.normalised:
        layers = ", ".join(weights.normalised[:3])
        raise InputError("other_model", f"{path} has batch normalisation, which C3D lacks: {layers}.")


def _check_values(source, layer, path):
    for kind in ("kernel", "bias"):
        expected, value = tuple(getattr(layer, kind).shape), getattr(source, kind)
        if value.shape != expected:
            message = f"{path}: the {kind} of {source.source} has the shape {value.shape}."
            raise InputError("wrong_shape", message, f"{layer.name} of C3D needs {expected}.")
        if not np.isfinite(value).all():
            raise InputError("not_finite", f"{path}: the {kind} of {source.source} has NaN or infinity.")


def _kernel(weights, name):
    """The kernel of a layer; the inputs of fc6 in the order in which Keras flattens: (T, H, W, C)."""
    kernel = weights.layers[name].kernel
    if name != "fc6" or not weights.channels_first:
        return kernel
    channels = weights.layers["conv5b"].bias.size
    return kernel.reshape(channels, -1, kernel.shape[-1]).swapaxes(0, 1).reshape(kernel.shape)


# === A tower ===


def c3d_of_tower(model: ScoringNet, score: str | None = None, learned_from: Iterable[str] = ()) -> C3D:
    """The `C3D` of a tower with its regressor but for the last layer, as `pretrain` makes it (`top="regressor"`).

    Args:
        model: `ScoringNet` of frames.
        score: whose tower; None for the first, difficulty's if there is one.
        learned_from: what the model learned from, see `run_record.learned_from`: models that start from the C3D
            have learned from that, too.

    Raises:
        InputError: there is no such tower (`unknown_name`), or it sees features (`sees_features`); its regressor is
            none that a C3D can have (`other_model`); it is not trained (`not_trained`).
    """
    score = score or model.scores[0]
    if model.content == "features":
        raise InputError("sees_features", "The towers of the model take features: they have no C3D.")
    if score not in model.scores:
        raise unknown_name("--tower", score, model.scores)
    sp, tower = model.score_predictor.get_config(), model.score_predictor.towers[score]
    if sp["conv_filters"] != sp["fc_units"]:
        widths = f"{sp['conv_filters']} filters and {sp['fc_units']} units"
        raise InputError("other_model", f"The regressor has {widths}; a C3D needs as many of both.")
    check_trained(model, None, parts=[score])
    trunk = tower.get_layer("c3d")
    options = {
        "top": "regressor",
        "top_units": sp["fc_units"],
        "pool_stride": sp["pool_stride"],
        "heads": {},
        "preprocessing": {**trunk.preprocessing, "frame_size": list(model.frame_size)},
        "learned_from": learned_from,
        "dtype": "float32",
    }
    c3d = C3D(**{**trunk.get_config(), **options})
    for layer in c3d.layers:
        if layer.weights:
            source = tower if layer.name.startswith("regressor") else trunk
            layer.set_weights(source.get_layer(layer.name).get_weights())
    return c3d
