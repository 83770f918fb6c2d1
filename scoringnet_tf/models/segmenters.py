"""Segmenter variants to compare KFS with (§4.4, Fig. 4): C3D alone, ResNet50, the ED-TCN of Lea et al. (CVPR 2017)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.models.backbones.c3d import preprocess
from scoringnet_tf.models.backbones.images import RealFrames, VectorsOfFrames
from scoringnet_tf.models.layers import Dropout, FrameMask

# §3.1's KFS; the same without the Bi-LSTM ("Modified C3D"); with an ED-TCN in its place; each frame by itself.
STAGE_NETWORKS = ("c3d_bi_lstm", "c3d", "c3d_ed_tcn", "resnet50")
# Of the authors' code (github.com/colincsl/TemporalConvolutionalNetworks): filters of the levels, length, dropout.
ED_TCN_FILTERS, ED_TCN_LENGTH, ED_TCN_DROPOUT = (64, 96), 25, 0.3
# What Keras Applications' weights were trained on: BGR less the mean of ImageNet.
IMAGENET: dict[str, Any] = {"channels": "bgr", "mean": [103.939, 116.779, 123.68], "scale": 1.0, "frame_size": None}
BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 needs some 500 steps to forget where the averages began


# === Each frame by itself ===


def resnet50(frames: Any, frame_mask: Any) -> Any:
    """Keras Applications' ResNet50 without its classes, averaged over space: the paper's per-frame classifier (Fig. 4).

    Always in float32 and of one width: `width_multiplier` has no effect.

    Args:
        frames: KerasTensor (B, L, H, W, 3), 0…255, RGB; H and W at least 32.
        frame_mask: KerasTensor (B, L), true for real frames.

    Returns:
        KerasTensor (B, L, 2048).
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
class NormalizedReLU(layers.Layer):
    """ReLU, divided at every step by its largest channel: x (B, L, C) → (B, L, C), 0…1 (Lea et al., §3)."""

    def call(self, x: Any) -> Any:
        x = ops.relu(x)
        return x / (ops.max(x, axis=-1, keepdims=True) + 1e-5)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RepeatedSteps(layers.Layer):
    """Repeats every step, for as many steps as `like` has: x (B, ⌈L / 2⌉, C), like (B, L, …) → (B, L, C)."""

    def call(self, x: Any, like: Any) -> Any:
        return ops.repeat(x, 2, axis=1)[:, : ops.shape(like)[1]]

    def compute_output_spec(self, x: Any, like: Any) -> keras.KerasTensor:
        return keras.KerasTensor((x.shape[0], like.shape[1], x.shape[2]), dtype=x.dtype)


def ed_tcn(x: Any, frame_mask: Any, filters: Sequence[int] = ED_TCN_FILTERS, length: int = ED_TCN_LENGTH) -> Any:
    """An encoder and a decoder of temporal convolutions: one a level, then halved or doubled in time.

    Widths, length and dropout are those of the authors' code, whatever the `width_multiplier`. Padded steps are zero
    for every convolution and pooling.

    Args:
        x: KerasTensor (B, L, D), features of every frame.
        frame_mask: KerasTensor (B, L), true for real frames.
        filters: of the levels of the encoder; the decoder has the same, backwards.
        length: of a convolution, steps.

    Returns:
        KerasTensor (B, L, filters[0]), float32.
    """
    masks = []
    for level, width in enumerate(filters):
        masks.append(frame_mask)
        x = _convolved(x, frame_mask, width, length, f"encoder{level + 1}")
        x = FrameMask(name=f"encoder{level + 1}_pool_mask", dtype="float32")(x, frame_mask)
        x = layers.MaxPooling1D(2, padding="same", name=f"encoder{level + 1}_pool", dtype="float32")(x)
        halved = ops.max_pool(ops.cast(frame_mask, "float32")[:, :, None], 2, padding="same")
        frame_mask = halved[:, :, 0] > 0
    for level, width in reversed(list(enumerate(filters))):
        x = RepeatedSteps(name=f"decoder{level + 1}_repeat", dtype="float32")(x, masks[level])
        x = _convolved(x, masks[level], width, length, f"decoder{level + 1}")
    return x


def _convolved(x, frame_mask, filters, length, name):
    x = FrameMask(name=f"{name}_mask", dtype="float32")(x, frame_mask)
    x = layers.Conv1D(filters, length, padding="same", name=name, dtype="float32")(x)
    noise_shape = (None, 1, filters)  # whole channels are dropped, over all of the time
    x = Dropout(ED_TCN_DROPOUT, noise_shape=noise_shape, name=f"{name}_dropout", dtype="float32")(x)
    return NormalizedReLU(name=f"{name}_normalized", dtype="float32")(x)
