"""The score regressor of SP up to its last layer (§3.2), also the top of a C3D that is pretrained for SP."""

from typing import Any

import keras
from keras import layers

from scoringnet_tf import defaults
from scoringnet_tf.models.layers import Dropout, conv3d
from scoringnet_tf.support.errors import InputError


def regressor(
    x: Any,
    *,
    filters: int,
    units: int,
    dropout_rate: float,
    pool_stride: int = defaults.POOL_STRIDE,
    kernel_l2: float = 0.0,
    dtype: str | None = None,
) -> Any:
    """Two convolutions, each with ReLU and 3×3×3 max-pooling, then two fully connected layers with ReLU and dropout.

    §3.2 gives the window of the pooling and not its stride. conv5b has 4×7×7 places for 32 frames of 112×112, and 2×7×7
    for 16. Stride 2, C3D's, leaves 1×2×2 of both. Stride 3, Keras's default, leaves 1×1×1. Stride 1 leaves everything,
    and 51 (25) million weights in the first fully connected layer.

    Args:
        x: KerasTensor (B, L, H, W, C), the output of conv5b.
        filters, units: widths of the convolutions and of the fully connected layers (§3.2: no numbers).
        dropout_rate: after both fully connected layers (§3.2: no number).
        pool_stride: in time, height and width.
        kernel_l2: β of Eqs. 8 and 9, on every kernel.
        dtype: dtype policy of the convolutions; the fully connected layers are float32.

    Returns:
        KerasTensor (B, units), float32; the third fully connected layer is the caller's.

    Raises:
        InputError: pool_stride is below 1 (`out_of_range`).
    """
    if pool_stride < 1:
        raise InputError("out_of_range", f"pool_stride must be at least 1, not {pool_stride}.")
    for index in (1, 2):
        x = conv3d(x, filters, name=f"regressor_conv{index}", kernel_l2=kernel_l2, dtype=dtype)
        x = layers.MaxPooling3D(3, pool_stride, "same", name=f"regressor_pool{index}", dtype=dtype)(x)
    return fully_connected(x, units, dropout_rate, kernel_l2)


def sequence_regressor(
    x: Any,
    *,
    filters: int,
    units: int,
    dropout_rate: float,
    pool_stride: int = defaults.POOL_STRIDE,
    kernel_l2: float = 0.0,
) -> Any:
    """The regressor for a sequence of features: its convolutions and poolings run over time.

    Dropout of the features comes first: they are many, and videos are few. A single step, such as a vector for a whole
    video, goes straight to the fully connected layers.

    Args:
        x: KerasTensor (B, T, D), features, float32.
        filters, units, dropout_rate, pool_stride, kernel_l2: as of `regressor`.

    Returns:
        KerasTensor (B, units), float32.
    """
    x = Dropout(dropout_rate, name="features_dropout", dtype="float32")(x)
    for index in (1, 2) if x.shape[1] > 1 else ():
        x = layers.Conv1D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=_decay(kernel_l2),
            name=f"regressor_conv{index}",
            dtype="float32",
        )(x)
        x = layers.MaxPooling1D(3, pool_stride, "same", name=f"regressor_pool{index}", dtype="float32")(x)
    return fully_connected(x, units, dropout_rate, kernel_l2)


def fully_connected(
    x: Any, units: int, dropout_rate: float, kernel_l2: float = 0.0, prefix: str = "regressor_fc", first: int = 1
) -> Any:
    """Two fully connected layers with ReLU and dropout, numbered from `first`: (B, …) → (B, units), float32."""
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    for index in (first, first + 1):
        dense = layers.Dense(
            units,
            "relu",
            kernel_initializer="he_normal",
            kernel_regularizer=_decay(kernel_l2),
            name=f"{prefix}{index}",
            dtype="float32",
        )
        x = Dropout(dropout_rate, name=f"{prefix}{index}_dropout", dtype="float32")(dense(x))
    return x


def _decay(kernel_l2):
    return keras.regularizers.L2(kernel_l2) if kernel_l2 else None
