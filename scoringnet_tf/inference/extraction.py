"""Video features: what a backbone gives for every frame, or a C3D for every clip, of a video of any length.

Frames are in the form that the C3D was trained on. They are decoded window by window, so that memory hardly grows with
the video.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.data.preprocessor import PATIENCE, ScoringNetPreprocessor
from scoringnet_tf.inference.windows import WindowedBackbone, window_of
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.parameter_groups import parts
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import WITH_C3D, model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import overlapping

CLIP = 16  # frames in a clip
FULLY_CONNECTED = ("fc6", "fc7")  # need whole clips


@dataclasses.dataclass(frozen=True)
class Extraction:
    """Which features are extracted; each attribute is a flag of `python -m scoringnet_tf.extract`.

    Attributes:
        endpoint: of a C3D, one of `models.backbones.c3d.ENDPOINTS`, or fc6 or fc7; or what a backbone's is called.
        per: `"frame"`: C3D without temporal pooling over the whole video, as in the segmenter (§3.1); `"clip"`: C3D
            over clips, which begin at the frame of their step; beyond the end the last frame is repeated.
        stride: frames from one step to the next: L frames give ⌈L / stride⌉ steps.
        pool: `"none"`: the endpoint flattened; `"mean"`: averaged over space, and over the time of a clip.
    """

    endpoint: str
    per: str = "frame"
    stride: int = 1
    pool: str = "none"

    def __post_init__(self) -> None:
        if self.per == "frame" and self.endpoint in FULLY_CONNECTED:
            raise InputError("flags_conflict", f"--endpoint={self.endpoint} needs --per=clip.")
        if self.pool == "mean" and self.endpoint in FULLY_CONNECTED:
            raise InputError("flags_conflict", f"--pool=mean: --endpoint={self.endpoint} has no space to average over.")


class FeatureExtractor:
    """Extracts the features of one video after another, with a function that is traced once.

    Call argument: L frames, an array or what decodes them as they are asked for: int (K,) → uint8 (K, H, W, 3).
    Returns float32 (⌈L / stride⌉, D), equal to those of the whole video at once, to rounding.

    Attributes:
        image_size: (H, W) of the frames.
        size: D.
        preprocessing: of the C3D; None of a `Backbone`.
        clip_length: frames in a clip: `CLIP`, or for fc6 and fc7 what the C3D was trained on; None by frame.

    Args:
        network: a `Backbone`; or a `C3D`, whatever its pooling and endpoint, whose weights are copied.
        extraction: `Extraction`; a `Backbone` has its own endpoint and `pool`, and goes frame by frame.
        window: frames that go through the network at a time; None: see `windows.WindowedBackbone`.

    Raises:
        InputError: the C3D ends before the endpoint.
    """

    def __init__(self, network: C3D | Backbone, extraction: Extraction, window: int | None = None) -> None:
        self.extraction, self.clip_length = extraction, None
        self.preprocessing = None if isinstance(network, Backbone) else network.preprocessing
        if extraction.per == "clip":
            trained = network.get_config()["input_shape"][0] if extraction.endpoint in FULLY_CONNECTED else None
            self.clip_length = trained or CLIP
            endpoint = _endpoint_model(network, extraction, self.clip_length)
            self._clips, self.size = _clip_function(endpoint, extraction.pool == "mean")
            self.image_size = tuple(endpoint.input.shape[2:4])
            self._at_a_time = max(1, (window or window_of(endpoint)) // self.clip_length)
            return
        backbone = network
        if not isinstance(network, Backbone):
            backbone = Backbone(_endpoint_model(network, extraction, None), pool=extraction.pool, pretrained=True)
        self.image_size, self.size = backbone.frame_size, backbone.size
        self._windowed = WindowedBackbone(backbone, backbone.reach, window, extraction.stride)

    def __call__(self, frames: Any) -> np.ndarray:
        """Features of a video, float32 (⌈L / stride⌉, D)."""
        if self.clip_length:
            return np.concatenate([*self._clip_features(frames, self.clip_length)])
        # The next block is read while the network sees one.
        pieces = self._windowed.pieces(len(frames))
        blocks = overlapping(lambda piece: frames[np.arange(*piece)], pieces, threads=1, ahead=1)
        progress = tqdm(blocks, "Extracting", len(pieces), unit="window", delay=PATIENCE, leave=False, disable=None)
        return self._windowed(progress, len(frames))

    def _clip_features(self, frames: Any, clip_length: int) -> Iterator[np.ndarray]:
        """As many clips at a time as make a window together."""
        starts = np.arange(0, len(frames), self.extraction.stride)
        for group in np.array_split(starts, range(self._at_a_time, len(starts), self._at_a_time)):
            indices = np.minimum(group[:, np.newaxis] + np.arange(clip_length), len(frames) - 1)
            used = np.unique(indices)
            yield self._clips(frames[used][np.searchsorted(used, indices)]).numpy()


def _clip_function(endpoint: keras.Model, is_mean: bool) -> tuple[Callable, int]:
    """(a function from clips (B, T, H, W, 3) to features (B, D), D)."""
    shape = endpoint.output.shape
    size = shape[-1] if is_mean else math.prod(shape[1:])

    @tf.function(input_signature=[tf.TensorSpec(endpoint.input.shape, tf.uint8)])
    def features_of(clips: tf.Tensor) -> tf.Tensor:
        values = tf.cast(endpoint(clips, training=False), tf.float32)
        if is_mean:
            values = tf.reduce_mean(values, axis=range(1, len(shape) - 1))
        return tf.reshape(values, (-1, size))

    return features_of, size


def _endpoint_model(c3d: C3D, extraction: Extraction, length: int | None) -> keras.Model:
    """A model of frames (B, L or T, H, W, 3) to the endpoint, with the weights of `c3d`."""
    config = c3d.get_config()
    is_top = extraction.endpoint in FULLY_CONNECTED
    twin = C3D(
        (length, *config["input_shape"][1:]),
        temporal_pooling=extraction.per == "clip",
        masked=extraction.per == "frame",
        final_endpoint=config["final_endpoint"] if is_top else extraction.endpoint,
        heads={} if is_top else None,
        **{name: config[name] for name in ("width_multiplier", "top_units", "preprocessing", "dtype")},
    )
    others = {layer.name: layer for layer in c3d.layers if layer.weights}
    for layer in twin.layers:
        if not layer.weights or (layer.name == "fc7" and extraction.endpoint != "fc7"):
            continue
        if layer.name not in others:
            end = config["final_endpoint"]
            message = f"--endpoint={extraction.endpoint}: this C3D ends at {end} and has no {layer.name}."
            raise InputError("no_endpoint", message, f"Take --endpoint={end}, as it is or with --pool=mean.")
        layer.set_weights(others[layer.name].get_weights())
    return twin.endpoint(extraction.endpoint) if is_top else twin


def load_c3d(path: AnyPath, part: str = "kfs") -> tuple[C3D, ScoringNetPreprocessor | None]:
    """A C3D, or that of a `ScoringNet`'s part, and the preprocessor of its videos; None for a C3D alone.

    InputError if there is no such model; it names the flag --model.
    """
    model = load_keras(model_path(path, kinds=WITH_C3D), keras.Model, "model")
    if isinstance(model, C3D):
        return model, None
    if not isinstance(model, ScoringNet):
        raise InputError("wrong_model", f"--model={path} is a {type(model).__name__}, not a C3D or a ScoringNet.")
    networks = {name: layers[0] for name, layers in parts(model).items()}
    with_c3d = {name: net for name, net in networks.items() if any(isinstance(each, C3D) for each in net.layers)}
    if part not in with_c3d:
        hint = f"Parts that have one: {', '.join(with_c3d)}." if with_c3d else "Name a model that scores frames."
        raise InputError("unknown_name", f"--model={path} has no C3D in --part={part}.", hint)
    return with_c3d[part].get_layer("c3d"), model.preprocessor


def records_preprocessor(c3d: C3D, network: ScoringNetPreprocessor | None, info: DatasetInfo) -> ScoringNetPreprocessor:
    """The preprocessor for frames of records, for the C3D and preprocessor of `load_c3d`.

    InputError if their frames are known to be of another form than those of training.
    """
    stated = network.stored.frame_size if network else c3d.preprocessing["frame_size"]
    different = form_differences(network.form, info.form) if network else []
    if stated and tuple(stated) != tuple(info.frame_size):
        different.insert(0, f"frames of {tuple(info.frame_size)} instead of {tuple(stated)}")
    if different:
        message = f"{info.records_dir}: the model was trained on other frames. The records have {'; '.join(different)}."
        raise InputError("other_form", message, "Name video files instead: extract converts them.")
    return ScoringNetPreprocessor(c3d.get_config()["input_shape"][1:3], info.frame_size, **info.stored)


def weights_of(path: AnyPath) -> dict[str, str]:
    """A model's file as `features.json` names it: {"file": its name, "sha256"}."""
    file = model_path(path)
    return {"file": file.name, "sha256": file_sha256(file)}
