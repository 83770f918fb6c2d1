"""C3D from published weights: Caffe's, PyTorch's c3d.pickle, MMAction2's; or from a tower of a trained `ScoringNet`.

c3d.pickle (conv1, conv2, conv3a … conv5b, fc6, fc7, fc8) was converted from Caffe, as MMAction2's backbone was
(mmaction/models/backbones/c3d.py). What others trained goes by these names, too: with other classes, on frames less
another mean, and as a rule behind a pool5 that pads by one on all sides (`padding=(0, 1, 1)`). Caffe's pads at the end:
of seven places such an fc6 has learned from the windows 0, 1–2, 3–4, 5–6, and ours would give it 0–1, 2–3, 4–5, 6. So
only the convolutions are taken. MMAction2's recognisers see RGB frames, although the mean is that of BGR ones
(configs/_base_/models/c3d_sports1m_pretrained.py).
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from scoringnet_tf.models.backbones.c3d import C3D, ENDPOINTS, TRUNK, describe_preprocessing
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.weights.files import CAFFE, Arrays

CONVOLUTIONS = tuple(name for name in ENDPOINTS if name.startswith("conv"))
REQUIRED = (*CONVOLUTIONS, "fc6", "fc7")
CLASSES, SPORTS = "fc8", 487  # Sports-1M has so many; weights with others were trained anew
PYTORCH, MMACTION2, HEAD = "PyTorch (c3d.pickle)", "MMAction2", "cls_head.fc_cls"
# The preprocessing of Sports-1M's weights and most that come from them; the mean is that of the mean file's centre
# crop, over time and space.
SPORTS1M = {"channels": "bgr", "mean": [95.14, 102.86, 107.76], "scale": 1.0, "frame_size": [128, 171]}
RECOGNISER = {"channels": "rgb", "mean": [104.0, 117.0, 128.0], "scale": 1.0, "frame_size": [128, 171]}
ANOTHER_POOL = "they were trained behind a pool5 that pads otherwise"


class Layout(NamedTuple):
    """How a file is read.

    Attributes:
        name: for the user.
        modules: layer of `C3D` → its name in the file.
        preprocessing: for `C3D`.
        without_top: why fc6, fc7 and the classes are not taken; empty if they are.
    """

    name: str
    modules: dict[str, str]
    preprocessing: dict[str, Any] = SPORTS1M
    without_top: str = ""


def build_c3d(arrays: Arrays) -> C3D:
    """The float32 `C3D` (16 frames of 112×112) with these weights; prints what they are.

    Without fc8 it ends in the features of fc7 (`heads={}`), without a top in pool5.

    Raises:
        InputError: the names are not those of C3D (`wrong_format`), a layer is missing (`missing_layer`), has another
            shape (`wrong_shape`), or holds infinities or NaN (`not_finite`); or there is batch normalisation
            (`other_model`).
    """
    layout = _layout(arrays)
    needed = CONVOLUTIONS if layout.without_top else (*REQUIRED, CLASSES)
    found = {layer: name for layer, name in layout.modules.items() if layer in needed and _has(arrays, name)}
    unused = sorted(arrays.values.keys() - {f"{name}.{kind}" for name in found.values() for kind in ("weight", "bias")})
    if missing := [layer for layer in needed if layer not in found and layer != CLASSES]:
        message = f"{arrays.path} lacks {', '.join(missing)} of C3D ({layout.name})."
        raise InputError("missing_layer", message, f"It has {', '.join(list(arrays.values)[:20]) or 'nothing'}.")
    if normalised := [name for name in unused if name.endswith(("running_mean", "running_var"))]:
        raise InputError("other_model", f"{arrays.path} has batch normalisation, which C3D lacks: {normalised[0]}.")
    classes = {CLASSES: arrays.values[f"{found[CLASSES]}.bias"].size} if CLASSES in found else {}
    model = C3D(
        width_multiplier=arrays.values[f"{found['conv1a']}.bias"].size / dict(TRUNK)["conv1a"],
        heads=None if layout.without_top else classes,
        preprocessing=layout.preprocessing,
        dtype="float32",
    )
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_values(arrays, found[layer.name], layer))
    because = f" ({layout.without_top})" if layout.without_top else ""
    print(f"{arrays.path}: {layout.name}; {describe_preprocessing(model.preprocessing)}")
    print(f"{arrays.path}: not used: {', '.join(unused) or 'nothing'}{because}")
    return model


def _has(arrays: Arrays, name: str) -> bool:
    return f"{name}.weight" in arrays.values and f"{name}.bias" in arrays.values


def _layout(arrays: Arrays) -> Layout:
    if arrays.container == CAFFE:
        return Layout(CAFFE, _caffe_modules(arrays))
    if "conv1.weight" in arrays.values:
        modules = {layer: layer for layer in (*REQUIRED, CLASSES)} | {"conv1a": "conv1", "conv2a": "conv2"}
        classes = arrays.values.get(f"{CLASSES}.bias", np.empty(SPORTS)).size
        if classes == SPORTS:
            return Layout(PYTORCH, modules)
        name = f"{PYTORCH}, {classes} classes of another set, whose mean is not known: that of Sports-1M is assumed"
        return Layout(name, modules, without_top=ANOTHER_POOL)
    for prefix in ("backbone.", ""):
        if f"{prefix}conv1a.conv.weight" in arrays.values:
            modules = {layer: f"{prefix}{layer}{'.conv' * layer.startswith('conv')}" for layer in REQUIRED}
            if _has(arrays, HEAD):
                return Layout(MMACTION2, modules, RECOGNISER, ANOTHER_POOL)
            return Layout(MMACTION2, modules)
    raise InputError(
        "wrong_format",
        f"{arrays.path} is no C3D that we know: it has {', '.join(list(arrays.values)[:8]) or 'no array'}.",
        f"{PYTORCH} has conv1.weight, {MMACTION2} conv1a.conv.weight.",
    )


def _caffe_modules(arrays: Arrays) -> dict[str, str]:
    """Layer → name, which may go on behind that of the layer: fc6-1."""
    modules: dict[str, str] = {}
    for name in (name.removesuffix(".weight") for name in arrays.values if name.endswith(".weight")):
        if layer := re.match(r"conv[1-5][ab]|fc[678]", name):
            if layer.group() in modules:
                message = f"{arrays.path} has several layers that begin with {layer.group()}, one of them {name}."
                raise InputError("damaged_weights", message)
            modules[layer.group()] = name
    return modules


def _values(arrays: Arrays, name: str, layer: Any) -> list[np.ndarray]:
    """Kernel and bias of a layer, in Keras's layout: (T, H, W, in, out) or (in, out), and (out,)."""
    kernel, bias = arrays.values[f"{name}.weight"], arrays.values[f"{name}.bias"].ravel()
    kernel = kernel if layer.name.startswith("conv") else kernel.reshape(kernel.shape[-2:])
    kernel = np.moveaxis(kernel, (1, 0), (-2, -1))
    for kind, value in (("kernel", kernel), ("bias", bias)):
        expected = tuple(getattr(layer, kind).shape)
        if value.shape != expected:
            message = f"{arrays.path}: the {kind} of {name} has the shape {value.shape}."
            raise InputError("wrong_shape", message, f"{layer.name} of C3D needs {expected}.")
        if not np.isfinite(value).all():
            raise InputError("not_finite", f"{arrays.path}: the {kind} of {name} has NaN or infinity.")
    if layer.name == "fc6":  # Caffe and PyTorch flatten (C, T, H, W), of 1 × 4 × 4 places; Keras (T, H, W, C)
        kernel = kernel.reshape(-1, 16, kernel.shape[-1]).swapaxes(0, 1).reshape(kernel.shape)
    return [kernel, bias]


def c3d_of_tower(model: ScoringNet, score: str | None = None, learned_from: Iterable[str] = ()) -> C3D:
    """A tower's `C3D` with its regressor but for the last layer, as `pretrain` makes it (`top="regressor"`).

    Models that start from it have `learned_from` what the model did, see `run_record.videos_of_run`.

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
