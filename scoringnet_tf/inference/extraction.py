"""Features of videos: what a C3D gives at one of its endpoints, for every frame or clip of a video of any length.

Frames are those that the C3D was trained on: in their stored form, as records have them or as `ScoringNetPreprocessor`
makes them of a video. They are decoded window by window, so memory hardly grows with the video.
"""

import collections.abc
import dataclasses
import math

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.inference.stages import ACTIVATIONS, MAX_WINDOW, REACH
from scoringnet_tf.models.c3d import C3D
from scoringnet_tf.models.parts import parts
from scoringnet_tf.models.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.models.presets import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import WITH_C3D, model_path
from scoringnet_tf.support.paths import AnyPath

FULLY_CONNECTED = ("fc6", "fc7")  # of whole clips, where a C3D has them


@dataclasses.dataclass(frozen=True)
class Extraction:
    """What is extracted; the meaning of each is that of the flag of `python -m scoringnet_tf.extract`.

    Attributes:
        endpoint: a name of `models.c3d.ENDPOINTS`, or fc6 or fc7.
        per: `"frame"`: C3D without temporal pooling over the whole video, as KFS has it (§3.1); `"clip"`: C3D as it is
            over clips.
        stride: frames from one step to the next: of L frames there are ⌈L / stride⌉ steps.
        clip_length: frames of a clip, which begins at the frame of its step; beyond the end the last frame is repeated.
            None with `per="frame"`.
        pool: `"none"`: the endpoint flattened; `"mean"`: averaged over space, and over the time of a clip.
    """

    endpoint: str
    per: str = "frame"
    stride: int = 1
    clip_length: int | None = None
    pool: str = "none"

    def __post_init__(self):
        if self.per == "frame" and (self.clip_length is not None or self.endpoint in FULLY_CONNECTED):
            what = "clip_length" if self.clip_length is not None else f"endpoint {self.endpoint}"
            raise InputError("todo", f"Expected no {what} with per=frame: it is of clips. Received: one.")
        if self.pool == "mean" and self.endpoint in FULLY_CONNECTED:
            raise InputError(
                "todo", f"Expected pool=none with endpoint {self.endpoint}, which has no space. Received: mean."
            )


class FeatureExtractor:
    """Extracts the features of one video after another, with a function that is traced once.

    Call arguments: `frames_of`, which gives the frames of given numbers, int (N,), as the C3D takes them, uint8 (N, H,
    W, 3), and L, how many there are. Returns float32 (⌈L / stride⌉, D), those of the whole video, to rounding.

    Attributes:
        image_size: (H, W) of the frames.
        size: D.

    Args:
        c3d: a `C3D`, whatever its pooling and endpoint; its weights are copied.
        extraction: `Extraction`.
        window: frames that go through C3D at a time; None for as many as memory allows, see `windows.ACTIVATIONS`.

    Raises:
        InputError: the C3D ends before the endpoint, or its weights are of clips of another length.
    """

    def __init__(self, c3d: C3D, extraction: Extraction, window: int | None = None) -> None:
        self.extraction = extraction
        endpoint = _endpoint_model(c3d, extraction)
        per_frame = math.prod(endpoint.get_layer("conv1a").output.shape[2:])
        self.window = window or max(1, min(MAX_WINDOW, ACTIVATIONS // per_frame))
        self.size = math.prod(endpoint.output.shape[2 if extraction.per == "frame" else 1 :])
        if extraction.pool == "mean":
            self.size = endpoint.output.shape[-1]
        self._clip = np.arange(extraction.clip_length or 0)  # its frames, counted from the first
        self.image_size = tuple(endpoint.input.shape[2:4])
        frames = tf.TensorSpec((None, extraction.clip_length, *self.image_size, 3), tf.uint8)

        @tf.function(input_signature=[frames])
        def features_of(frames):
            values = tf.cast(endpoint(frames, training=False), tf.float32)
            if extraction.per == "frame":
                values = values[0]  # (1, L, H, W, C): a window of one video; of clips it is (B, T, H, W, C) or (B, D)
            if extraction.pool == "mean":
                values = tf.reduce_mean(values, axis=range(1, len(values.shape) - 1))
            return tf.reshape(values, (-1, self.size))

        self._features_of = features_of

    def __call__(self, frames_of: collections.abc.Callable[[np.ndarray], np.ndarray], num_frames: int) -> np.ndarray:
        """Features of a video, float32 (⌈L / stride⌉, D)."""
        if self.extraction.per == "frame":
            parts = self._of_frames(frames_of, num_frames)
        else:
            parts = self._of_clips(frames_of, num_frames)
        return np.concatenate(list(parts))

    def _of_frames(self, frames_of, num_frames):
        """Window by window, with as many frames around each as C3D sees; every stride-th frame is kept."""
        stride = self.extraction.stride
        for start in range(0, num_frames, self.window):
            stop = min(start + self.window, num_frames)
            first, last = max(start - REACH, 0), min(stop + REACH, num_frames)
            values = self._features_of(frames_of(np.arange(first, last))[np.newaxis]).numpy()
            yield values[start - first : stop - first][-start % stride :: stride]

    def _of_clips(self, frames_of, num_frames):
        """As many clips at a time as are a window together."""
        starts = np.arange(0, num_frames, self.extraction.stride)
        at_a_time = max(1, self.window // len(self._clip))
        for group in np.array_split(starts, range(at_a_time, len(starts), at_a_time)):
            indices = np.minimum(group[:, np.newaxis] + self._clip, num_frames - 1)
            used = np.unique(indices)
            yield self._features_of(frames_of(used)[np.searchsorted(used, indices)]).numpy()


def _endpoint_model(c3d, extraction):
    """A model of frames (B, L or T, H, W, 3) to the endpoint, with the weights of `c3d`."""
    config = c3d.get_config()
    is_top = extraction.endpoint in FULLY_CONNECTED
    per_clip = extraction.per == "clip"
    twin = C3D(
        input_shape=(extraction.clip_length if per_clip else None, *config["input_shape"][1:]),
        width_multiplier=config["width_multiplier"],
        temporal_pooling=per_clip,
        final_endpoint=config["final_endpoint"] if is_top else extraction.endpoint,
        heads={} if is_top else None,
        top_units=config["top_units"],
        preprocessing=config["preprocessing"],
        dtype=config["dtype"],
    )
    for layer in twin.layers:
        if layer.weights and (layer.name != "fc7" or extraction.endpoint == "fc7"):
            layer.set_weights(_matching(c3d, layer, extraction).get_weights())
    return twin.endpoint(extraction.endpoint) if is_top else twin


def _matching(c3d, layer, extraction):
    """The layer of `c3d` whose weights `layer` takes."""
    found = {other.name: other for other in c3d.layers if other.weights}.get(layer.name)
    if found is None:
        ends = c3d.get_config()["final_endpoint"]
        raise InputError(
            "todo",
            f"Expected a C3D with the endpoint {extraction.endpoint}. Received: one that ends at {ends}, without "
            f"{layer.name}.",
        )
    expected, received = (tuple(kernel.shape) for kernel in (layer.kernel, found.kernel))
    if expected != received:
        length = c3d.get_config()["input_shape"][0]
        raise InputError(
            "todo",
            f"Expected clips of the length that {layer.name} was trained with ({counted(length, 'frame')}). Received: "
            f"{extraction.clip_length}, which gives it {counted(expected[0], 'input')} instead of {received[0]}.",
        )
    return found


def load_c3d(path: AnyPath, part: str = "kfs") -> tuple[C3D, ScoringNetPreprocessor | None]:
    """The C3D that is meant, and the preprocessor of its videos.

    Args:
        path: a `.keras` file of a `C3D` or `ScoringNet`, a folder with one, or the name of a model that ships.
        part: of a `ScoringNet`, see `models.parts.parts`, whose C3D.

    Returns:
        (`C3D`, the `ScoringNetPreprocessor` of its `ScoringNet`, or None for a C3D, which knows nothing of videos).

    Raises:
        InputError: there is no such model; it names the flag --model.
    """
    model = load_keras(model_path(path, kinds=WITH_C3D), keras.Model, "model")
    if isinstance(model, C3D):
        return model, None
    if not isinstance(model, ScoringNet):
        raise InputError("todo", f"--model={path}: expected a C3D or a ScoringNet. Received: a {type(model).__name__}.")
    known = {
        name: layers for name, layers in parts(model).items() if any(isinstance(each, C3D) for each in layers[0].layers)
    }
    if part not in known:
        expected = f"--part of {', '.join(known)}" if known else "a model with C3Ds, which sees frames"
        raise InputError("todo", f"--model={path}: expected {expected}. Received: --part={part}.")
    return known[part][0].get_layer("c3d"), model.preprocessor


def records_preprocessor(c3d: C3D, network: ScoringNetPreprocessor | None, info: DatasetInfo) -> ScoringNetPreprocessor:
    """The preprocessor of the frames of records for a C3D.

    Args:
        c3d, network: of `load_c3d`; the latter is the preprocessor of a `ScoringNet`, or None.
        info: `DatasetInfo`.

    Raises:
        InputError: the records' frames are of another size or rate than the C3D was trained on, or were stored
            otherwise, if that is known.
    """
    stated = network.stored.frame_size if network else c3d.preprocessing["frame_size"]
    if stated and tuple(stated) != tuple(info.frame_size):
        raise InputError(
            "todo",
            f"{info.records_dir}: expected frames of {tuple(stated)}, as the model was trained on. Received: "
            f"{tuple(info.frame_size)}.",
        )
    different = form_differences(network.form, info.form) if network else []
    if different:
        raise InputError(
            "todo",
            f"{info.records_dir}: expected frames as the model learned them. Received: {'; '.join(different)}. Records "
            "are taken as they are; from files, extract brings videos to the model's form.",
        )
    return ScoringNetPreprocessor(c3d.get_config()["input_shape"][1:3], info.frame_size, **info.stored)


def weights_of(path: AnyPath) -> dict[str, str]:
    """What `features.json` says of a model's file: {"file": its name, "sha256"}."""
    file = model_path(path)
    return {"file": file.name, "sha256": file_sha256(file)}
