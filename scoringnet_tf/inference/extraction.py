"""Video features: what a backbone gives for every frame, or a C3D for every clip, of a video of any length.

Frames are decoded window by window, so that memory hardly grows with the video.
"""

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
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import WITH_C3D, model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import overlapping

CLIP = 16  # frames in a clip
FULLY_CONNECTED = ("fc6", "fc7")  # of clips as long as the C3D was trained on


class FrameExtractor:
    """Extracts a backbone's vectors of one video after another, with a function that is traced once.

    Call argument: L frames, an array or what decodes them as they are asked for: int (K,) → uint8 (K, H, W, 3).
    Returns float32 (⌈L / stride⌉, D), equal to those of the whole video at once, to rounding.

    Attributes:
        image_size: (H, W) of the frames.
        size: D.
        origin: what `features.json` says of it.
    """

    def __init__(self, backbone: Backbone, stride: int = 1) -> None:
        self.image_size, self.size = backbone.frame_size, backbone.size
        named = {"endpoint": backbone.origin["layers"], "pool": backbone.pool, "preprocessing": None}
        self.origin = {**named, "per": "frame", "stride": stride, "clip_length": None}
        self._windowed = WindowedBackbone(backbone, backbone.reach, every=stride)

    def __call__(self, frames: Any) -> np.ndarray:
        """Features of a video, float32 (⌈L / stride⌉, D)."""
        # The next block is read while the network sees one.
        pieces = self._windowed.pieces(len(frames))
        blocks = overlapping(lambda piece: frames[np.arange(*piece)], pieces, threads=1, ahead=1)
        progress = tqdm(blocks, "Extracting", len(pieces), unit="window", delay=PATIENCE, leave=False, disable=None)
        return self._windowed(progress, len(frames))


class ClipExtractor:
    """The same of a C3D over clips, which begin at the frame of their step; beyond the end the last frame is repeated.

    Args:
        c3d: whatever its pooling and endpoint; its weights are copied.
        endpoint: one of `models.backbones.c3d.ENDPOINTS`, flattened, or fc6 or fc7.
        stride: frames from one clip to the next.
        window: frames that go through the network at a time; None: see `windows.window_of`.

    Raises:
        InputError: the C3D ends before the endpoint.
    """

    def __init__(self, c3d: C3D, endpoint: str, stride: int = 8, window: int | None = None) -> None:
        length = c3d.get_config()["input_shape"][0] if endpoint in FULLY_CONNECTED else None
        self._length, self._stride = length or CLIP, stride
        network = _endpoint_model(c3d, endpoint, self._length)
        self._clips, self.size = _clip_function(network)
        self.image_size = tuple(network.input.shape[2:4])
        self._at_a_time = max(1, (window or window_of(network)) // self._length)
        named = {"endpoint": endpoint, "pool": "none", "preprocessing": c3d.preprocessing}
        self.origin = {**named, "per": "clip", "stride": stride, "clip_length": self._length}

    def __call__(self, frames: Any) -> np.ndarray:
        """Features of a video, float32 (⌈L / stride⌉, D)."""
        return np.concatenate([*self._in_groups(frames)])

    def _in_groups(self, frames: Any) -> Iterator[np.ndarray]:
        """As many clips at a time as make a window together."""
        starts = np.arange(0, len(frames), self._stride)
        for group in np.array_split(starts, range(self._at_a_time, len(starts), self._at_a_time)):
            indices = np.minimum(group[:, np.newaxis] + np.arange(self._length), len(frames) - 1)
            used = np.unique(indices)
            yield self._clips(frames[used][np.searchsorted(used, indices)]).numpy()


def _clip_function(network: keras.Model) -> tuple[Callable, int]:
    """(a function from clips (B, T, H, W, 3) to features (B, D), D)."""
    size = math.prod(network.output.shape[1:])

    @tf.function(input_signature=[tf.TensorSpec(network.input.shape, tf.uint8)])
    def features_of(clips: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.cast(network(clips, training=False), tf.float32), (-1, size))

    return features_of, size


def _endpoint_model(c3d: C3D, endpoint: str, length: int) -> keras.Model:
    """A model of clips (B, T, H, W, 3) to the endpoint, with the weights of `c3d`."""
    config = c3d.get_config()
    is_top = endpoint in FULLY_CONNECTED
    twin = C3D(
        (length, *config["input_shape"][1:]),
        final_endpoint=config["final_endpoint"] if is_top else endpoint,
        heads={} if is_top else None,
        **{name: config[name] for name in ("width_multiplier", "top_units", "preprocessing", "dtype")},
    )
    others = {layer.name: layer for layer in c3d.layers if layer.weights}
    for layer in twin.layers:
        if not layer.weights or (layer.name == "fc7" and endpoint != "fc7"):
            continue
        if layer.name not in others:
            end = config["final_endpoint"]
            message = f"--endpoint={endpoint}: this C3D ends at {end} and has no {layer.name}."
            raise InputError("no_endpoint", message, f"Take --endpoint={end}.")
        layer.set_weights(others[layer.name].get_weights())
    return twin.endpoint(endpoint) if is_top else twin


def load_c3d(path: AnyPath) -> tuple[C3D, ScoringNetPreprocessor | None]:
    """A C3D, or that of a `ScoringNet`'s KFS, and the preprocessor of its videos; None for a C3D alone.

    InputError if there is no such model; it names the flag --model.
    """
    model = load_keras(model_path(path, kinds=WITH_C3D), keras.Model, "model")
    if isinstance(model, C3D):
        return model, None
    if not isinstance(model, ScoringNet):
        raise InputError("wrong_model", f"--model={path} is a {type(model).__name__}, not a C3D or a ScoringNet.")
    layers = model.segmenter.layers if model.segmenter else ()
    c3d = next((layer for layer in layers if isinstance(layer, C3D)), None)
    if c3d is None:
        raise InputError("wrong_model", f"--model={path} finds no stages by a C3D.", "Name a C3D's file.")
    return c3d, model.preprocessor


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
