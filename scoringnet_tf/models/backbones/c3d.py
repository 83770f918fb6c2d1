"""C3D, KFS's and SP's 3-D convolutional trunk (Tran et al., ICCV 2015; paper §3.1, §3.2)."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf import defaults
from scoringnet_tf.models.layers import FrameMask, conv3d
from scoringnet_tf.models.regressor import fully_connected, regressor
from scoringnet_tf.models.saving import Functional, Preset, arguments_of
from scoringnet_tf.support.messages import InputError, unknown_name

# (endpoint, filters of a convolution or window of a pooling). The first twelve after the input are SP's extractor.
TRUNK: tuple[tuple[str, Any], ...] = (
    ("conv1a", 64),
    ("pool1", (1, 2, 2)),
    ("conv2a", 128),
    ("pool2", (2, 2, 2)),
    ("conv3a", 256),
    ("conv3b", 256),
    ("pool3", (2, 2, 2)),
    ("conv4a", 512),
    ("conv4b", 512),
    ("pool4", (2, 2, 2)),
    ("conv5a", 512),
    ("conv5b", 512),
    ("pool5", (2, 2, 2)),
)
ENDPOINTS = tuple(name for name, _ in TRUNK)

# What is done to a frame before conv1a, see `preprocess`; published weights need something else.
PREPROCESSING: dict[str, Any] = {"channels": "rgb", "mean": 127.5, "scale": 1 / 127.5, "frame_size": None}


def scaled_width(width: int, multiplier: float) -> int:
    """The paper's `width` in channels or units, scaled; at least one."""
    return max(1, round(width * multiplier))


def preprocess(
    frames: Any, *, channels: str, mean: Any, scale: float, frame_size: Sequence[int] | None, dtype: str | None = None
) -> Any:
    """(frames − mean) · scale, (B, L, H, W, 3), 0…255, RGB, as the weights were trained with.

    Args:
        frames: to preprocess.
        channels: "rgb" or "bgr".
        mean: a number, three (in the order `channels`), or an image (H, W, 3) as nested lists; 0…255.
        scale: factor after the subtraction.
        frame_size: (H, W) before the centre crop, or None; recorded, not used here.
        dtype: dtype policy.
    """
    if channels not in ("rgb", "bgr"):
        raise unknown_name("channels", channels, ("rgb", "bgr"))
    mean, image = ops.convert_to_numpy(mean), tuple(frames.shape[-3:])
    if mean.shape not in ((), (3,), image):
        raise InputError("wrong_shape", f"mean has the shape {mean.shape}.", f"Give 1 or 3 numbers, or {image}.")
    if channels == "bgr":
        frames = ops.flip(frames, axis=-1)
    return layers.Rescaling(scale, offset=-scale * mean, name="rescale", dtype=dtype)(frames)


def seen_as(preprocessing: Mapping[str, Any] | None) -> dict[str, Any]:
    """What `preprocess` takes and conv1a sees: all but `frame_size`; None: the defaults."""
    return {name: value for name, value in {**PREPROCESSING, **(preprocessing or {})}.items() if name != "frame_size"}


def describe_preprocessing(preprocessing: Mapping[str, Any]) -> str:
    """What `preprocess` does in words, for messages."""
    mean = ops.convert_to_numpy(preprocessing["mean"])
    text = ", ".join(f"{value:g}" for value in mean.ravel()) if mean.ndim < 2 else f"an image of mean {mean.mean():g}"
    return f"{preprocessing['channels'].upper()} frames less {text}, times {preprocessing['scale']:g}"


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class C3D(Preset, Functional):
    """C3D with named endpoints and Caffe's pooling semantics.

    Call arguments: frames uint8 (B, L, H, W, 3), 0…255, RGB; with `masked=True` `{"frames", "mask": bool (B, L)}`.
    Returns the final endpoint (B, L', H', W', C'); with `heads` each head's probabilities (B, classes); with
    `heads={}` the features (B, units) that they would read.

    Args:
        input_shape: (L, H, W, 3); L may be None without temporal pooling.
        width_multiplier: 1 is the paper's width (64 … 512 filters, 4096 units).
        temporal_pooling: False as KFS needs it (§3.1).
        final_endpoint: where the trunk ends: "conv5b" for SP, "pool5" for KFS and classification.
        masked: takes a mask; padded frames are as beyond the end.
        heads: name → number of classes; each head is a dense softmax on the top.
        top: below the heads: "fc" is C3D's fc6 and fc7; "regressor" is SP's, from which a tower can start.
        top_units: the top's width before the multiplier; 4096 in C3D, 512 in SP.
        pool_stride: for `regressor`, if that is the top.
        dropout_rate: after the top's fully connected layers.
        kernel_l2: β‖w‖² on every convolution kernel.
        preprocessing: what differs from `PREPROCESSING`.
        learned_from: for a `ScoringNet`'s tower, what its run learned from, see `dataset_info.shown`.

    Attributes:
        preprocessing: all that `preprocess` takes.
        learned_from: a set.
        temporal_strides, reach: without temporal pooling 1, and the frames to either side that a step depends on.

    Example:
    >>> trunk = C3D(input_shape=(16, 112, 112, 3))
    >>> trunk.endpoint("conv5b").output_shape
    (None, 2, 7, 7, 512)
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] = (defaults.CLIP_LENGTH, *defaults.IMAGE_SIZE, 3),
        width_multiplier: float = defaults.WIDTH_MULTIPLIER,
        temporal_pooling: bool = True,
        final_endpoint: str = "pool5",
        masked: bool = False,
        heads: Mapping[str, int] | None = None,
        top: str = "fc",
        top_units: int = 4096,
        pool_stride: int = defaults.POOL_STRIDE,
        dropout_rate: float = 0.5,
        kernel_l2: float = 0.0,
        preprocessing: Mapping[str, Any] | None = None,
        learned_from: Iterable[str] = (),
        dtype: str | None = None,
        name: str = "c3d",
        **kwargs: Any,
    ):
        config = arguments_of(locals())
        if final_endpoint not in ENDPOINTS:
            raise unknown_name("final_endpoint", final_endpoint, ENDPOINTS)
        if top not in ("fc", "regressor"):
            raise unknown_name("top", top, ("fc", "regressor"))
        if masked and temporal_pooling:
            message = "masked needs temporal_pooling=False: pooling in time would mix in padding."
            raise InputError("flags_conflict", message)
        preprocessing = {**PREPROCESSING, **(preprocessing or {})}
        frames = keras.Input(input_shape, dtype="uint8", name="frames")
        mask = keras.Input(input_shape[:1], dtype="bool", name="mask") if masked else None

        # === Functional Model ===
        x = preprocess(frames, **preprocessing, dtype=dtype)
        endpoints = TRUNK[: ENDPOINTS.index(final_endpoint) + 1]
        for (endpoint, spec), (following, window) in itertools.pairwise([*endpoints, ("", None)]):
            if endpoint.startswith("pool"):
                x = layers.Identity(name=endpoint, dtype=dtype)(x)  # the convolution before it has pooled, see `Conv3D`
                continue
            if masked:  # as beyond the end of an unpadded video
                x = FrameMask(name=f"{endpoint}_mask", dtype=dtype)(x, mask)
            # Caffe pools with ceil and pads on the right and bottom only; "same" with stride = window does just that.
            pool_size = (window if temporal_pooling else (1, 2, 2)) if following.startswith("pool") else None
            filters = scaled_width(spec, width_multiplier)
            x = conv3d(x, filters, name=endpoint, kernel_l2=kernel_l2, pool_size=pool_size, dtype=dtype)
        if heads is not None:
            units = scaled_width(top_units, width_multiplier)
            if top == "fc":
                x = fully_connected(x, units, dropout_rate, prefix="fc", first=6)
            else:
                widths = {"filters": units, "units": units, "pool_stride": pool_stride}
                x = regressor(x, **widths, dropout_rate=dropout_rate, kernel_l2=kernel_l2, dtype=dtype)
        if heads:
            x = {name: layers.Dense(n, "softmax", name=name, dtype="float32")(x) for name, n in heads.items()}
        super().__init__({"frames": frames, "mask": mask} if masked else frames, x, name=name, **kwargs)

        # === Config ===
        self.preprocessing, self.learned_from = preprocessing, {*learned_from}
        if not temporal_pooling:  # each convolution sees one frame to either side
            self.temporal_strides, self.reach = [1], sum(end.startswith("conv") for end, _ in endpoints)
        self._config = config | {
            "input_shape": tuple(input_shape),
            "heads": None if heads is None else dict(heads),
            "preprocessing": preprocessing,
            "learned_from": sorted(learned_from),
        }

    def endpoint(self, name: str) -> keras.Model:
        """A model from the same frames to the output at layer `name` (activation included)."""
        return Functional(self.input, self.get_layer(name).output, name=f"{self.name}_{name}")
