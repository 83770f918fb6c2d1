"""Other stage heads: C3D alone, ResNet50, Lea et al.'s ED-TCN (CVPR 2017; §4.4, Fig. 4), a TCN for film."""

from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.models.backbones.c3d import preprocess
from scoringnet_tf.models.fragments import take_frames
from scoringnet_tf.models.layers import Dropout, FrameMask, RealFrames, VectorsOfFrames

# §3.1's KFS; the same without the Bi-LSTM ("Modified C3D"); with an ED-TCN or a TCN in its place; each frame by itself.
STAGE_NETWORKS = ("c3d_bi_lstm", "c3d", "c3d_ed_tcn", "tcn", "resnet50")
# Of the authors' code (github.com/colincsl/TemporalConvolutionalNetworks): filters of the levels, length, dropout.
ED_TCN_FILTERS, ED_TCN_LENGTH, ED_TCN_DROPOUT = (64, 96), 25, 0.3
# The TCN, as measured on filmed dives (saved_models/diving_film): its convolutions see 16 frames to either side. The
# mean of three seconds is the camera's and the place's; what differs from it is the athlete's.
TCN_FILTERS, TCN_LENGTH, TCN_DILATIONS, TCN_KERNEL_L2 = 48, 5, (1, 2, 4), 1e-3
LOCAL_SHARE, LOCAL_REACH = 0.7, 40
# What Keras Applications' weights were trained on: BGR less the mean of ImageNet.
IMAGENET: dict[str, Any] = {"channels": "bgr", "mean": [103.939, 116.779, 123.68], "scale": 1.0, "frame_size": None}
BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 needs some 500 steps to forget where the averages began


# === Each frame by itself ===


def resnet50(frames: Any, frame_mask: Any) -> Any:
    """Keras Applications' ResNet50 without its classes, averaged over space: the paper's per-frame classifier (Fig. 4).

    Frames (B, L, H, W, 3), 0…255, RGB, H and W at least 32 → (B, L, 2048). Always in float32 and one width.
    """
    images = RealFrames(name="real_frames", dtype="float32")(frames, frame_mask)
    images = preprocess(images, **IMAGENET, dtype="float32")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # Keras Applications have no argument for it
    try:
        network = keras.applications.ResNet50(
            include_top=False, weights=None, input_shape=frames.shape[2:], pooling="avg", name="resnet50"
        )
    finally:
        keras.config.set_dtype_policy(policy)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    return VectorsOfFrames(name="flatten", dtype="float32")(network(images), frame_mask)


# === ED-TCN ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RepeatedSteps(layers.Layer):
    """Repeats every step, for as many steps as `like` has: x (B, ⌈L / 2⌉, C), like (B, L, …) → (B, L, C)."""

    def call(self, x: Any, like: Any) -> Any:
        return ops.repeat(x, 2, axis=1)[:, : ops.shape(like)[1]]

    def compute_output_spec(self, x: Any, like: Any) -> keras.KerasTensor:
        return keras.KerasTensor((x.shape[0], like.shape[1], x.shape[2]), dtype=x.dtype)


def ed_tcn(x: Any, frame_mask: Any) -> Any:
    """An encoder and a decoder with temporal convolutions: one a level, then halved or doubled in time.

    Widths, length and dropout are the authors', whatever the `width_multiplier`. Padded steps are zero
    for every convolution and pooling. Features (B, L, D); the decoder has the encoder's filters backwards.
    """
    masks = []
    for level, width in enumerate(ED_TCN_FILTERS):
        masks.append(frame_mask)
        x = _convolved(x, frame_mask, width, f"encoder{level + 1}")
        x = FrameMask(name=f"encoder{level + 1}_pool_mask", dtype="float32")(x, frame_mask)
        x = layers.MaxPooling1D(2, padding="same", name=f"encoder{level + 1}_pool", dtype="float32")(x)
        halved = ops.max_pool(ops.cast(frame_mask, "float32")[:, :, None], 2, padding="same")
        frame_mask = halved[:, :, 0] > 0
    for level, width in reversed(list(enumerate(ED_TCN_FILTERS))):
        x = RepeatedSteps(name=f"decoder{level + 1}_repeat", dtype="float32")(x, masks[level])
        x = _convolved(x, masks[level], width, f"decoder{level + 1}")
    return x


def _convolved(x: Any, frame_mask: Any, filters: int, name: str) -> Any:
    """A convolution and ReLU, divided at every step by its largest channel: 0…1 (Lea et al., §3)."""
    x = FrameMask(name=f"{name}_mask", dtype="float32")(x, frame_mask)
    x = layers.Conv1D(filters, ED_TCN_LENGTH, padding="same", name=name, dtype="float32")(x)
    x = _channel_dropout(x, ED_TCN_DROPOUT, f"{name}_dropout")
    x = ops.relu(x)
    return x / (ops.max(x, axis=-1, keepdims=True) + 1e-5)


def _channel_dropout(x: Any, rate: float, name: str) -> Any:
    """Dropout for whole channels, over all the time."""
    return Dropout(rate, noise_shape=(None, 1, x.shape[-1]), name=name, dtype="float32")(x)


# === TCN ===


def local_change(x: Any, frame_mask: Any, share: float = LOCAL_SHARE, reach: int = LOCAL_REACH) -> Any:
    """Takes a share of the mean over `reach` real frames to either side off each: x (B, L, D), frame_mask (B, L)."""
    is_real = ops.cast(frame_mask, x.dtype)[:, :, None]
    sums, counts = (
        # The mean over the window, zeros beyond both ends included.
        ops.average_pool(
            ops.pad(each, ((0, 0), (reach, reach), (0, 0))),
            2 * reach + 1,
            strides=1,
            padding="valid",
            data_format="channels_last",
        )
        for each in (x * is_real, is_real)
    )
    return x - share * sums / ops.maximum(counts, 1e-6)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class HeldEnds(layers.Layer):
    """Lengthens videos by so many frames at both ends: x (B, L, D), frame_mask (B, L) → (B, L + 2 · frames, D).

    The first and the last real frame are held, also where padding is.
    """

    def __init__(self, frames: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, x: Any, frame_mask: Any) -> Any:
        last = ops.maximum(ops.sum(ops.cast(frame_mask, "int32"), axis=1, keepdims=True) - 1, 0)
        places = ops.arange(ops.shape(x)[1] + 2 * self.frames, dtype="int32")[None] - self.frames
        return take_frames(x, ops.minimum(ops.maximum(places, 0), last))

    def compute_output_spec(self, x: Any, frame_mask: Any) -> keras.KerasTensor:
        length = None if x.shape[1] is None else x.shape[1] + 2 * self.frames
        return keras.KerasTensor((x.shape[0], length, x.shape[2]), dtype=x.dtype)


def tcn(x: Any, frame_mask: Any, dropout_rate: float) -> Any:
    """Temporal convolutions on what changes around each frame, squashed: one, then a residual block for each dilation.

    A frame sees `LOCAL_REACH` + 16 frames to either side, so that a long video can go through in windows. Features
    (B, L, D) are in standard units. Dropout is for whole channels, with 0.4 of the rate before the first convolution.
    """
    # Film reaches 12 deviations of what was simulated. Not log1p, which ONNX lacks.
    x = ops.sign(x) * ops.log(1 + ops.abs(x))
    x = _channel_dropout(local_change(x, frame_mask), 0.4 * dropout_rate, "local_change_dropout")
    x = _held_convolution(x, frame_mask, 1, dropout_rate, "tcn_input")
    for dilation in TCN_DILATIONS:
        name = f"tcn_dilated{dilation}"
        x = layers.Add(name=f"{name}_sum", dtype="float32")(
            [x, _held_convolution(x, frame_mask, dilation, dropout_rate, name)]
        )
    return x


def _held_convolution(x: Any, frame_mask: Any, dilation: int, dropout_rate: float, name: str) -> Any:
    x = HeldEnds(TCN_LENGTH // 2 * dilation, name=f"{name}_ends", dtype="float32")(x, frame_mask)
    x = layers.Conv1D(
        TCN_FILTERS,
        TCN_LENGTH,
        dilation_rate=dilation,
        activation="relu",
        kernel_regularizer=keras.regularizers.L2(TCN_KERNEL_L2),
        name=name,
        dtype="float32",
    )(x)
    return _channel_dropout(x, dropout_rate, f"{name}_dropout")
