"""Makes a `C3D` from published weights in any known layout, or from a tower of a trained `ScoringNet`."""

import pathlib
from collections.abc import Iterable

import numpy as np

from scoringnet_tf.models.backbones.c3d import C3D, TRUNK, describe_preprocessing
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.weights import caffe, pytorch, tf_checkpoint
from scoringnet_tf.weights.parameters import CLASSES, CONVOLUTIONS, REQUIRED, Weights


def read_weights(path: str) -> Weights:
    """The `Weights` of a file in any known layout, told by its content, never by its name.

    A TensorFlow checkpoint with an index may be named without `.index`.

    Raises:
        InputError: no known layout, or damaged (`damaged_weights`).
    """
    if checkpoint := tf_checkpoint.checkpoint(path):
        return tf_checkpoint.read(checkpoint)
    with pathlib.Path(path).open("rb") as file:
        start = file.read(8)
    return (pytorch if start.startswith((pytorch.ZIP, pytorch.PICKLE)) else caffe).read(path)


def build_c3d(weights: Weights, path: str) -> C3D:
    """The float32 `C3D` (16 frames of 112×112) with these weights; prints what they are.

    Without fc8 it ends in the features of fc7 (`heads={}`), without a top in pool5.

    Args:
        weights: of all its layers.
        path: their file, for messages.

    Raises:
        InputError: a layer is missing (`missing_layer`), has another shape (`wrong_shape`), or holds infinities or NaN
            (`not_finite`); or there is batch normalisation (`other_model`).
    """
    missing = [name for name in (CONVOLUTIONS if weights.without_top else REQUIRED) if name not in weights.layers]
    if missing:
        names = [*(parameters.source for parameters in weights.layers.values()), *weights.unused]
        message = f"{path} lacks {', '.join(missing)} of C3D ({weights.layout})."
        raise InputError("missing_layer", message, f"It has {', '.join(names[:20]) or 'nothing'}.")
    if normalised := [name for name in weights.unused if name.endswith(("running_mean", "running_var"))]:
        raise InputError("other_model", f"{path} has batch normalisation, which C3D lacks: {normalised[0]}.")
    classes = {CLASSES: weights.layers[CLASSES].bias.size} if CLASSES in weights.layers else {}
    model = C3D(
        width_multiplier=weights.layers["conv1a"].bias.size / dict(TRUNK)["conv1a"],
        heads=None if weights.without_top else classes,
        preprocessing=weights.preprocessing,
        dtype="float32",
    )
    for layer in model.layers:
        if layer.weights:
            _check_values(weights.layers[layer.name], layer, path)
            layer.set_weights([_kernel(weights, layer.name), weights.layers[layer.name].bias])
    because = f" ({weights.without_top})" if weights.without_top else ""
    print(f"{path}: {weights.layout}; {describe_preprocessing(model.preprocessing)}")
    print(f"{path}: not used: {', '.join(weights.unused) or 'nothing'}{because}")
    return model


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
