"""SP's score regressor up to its last layer (§3.2), also the top of a C3D pretrained for SP."""

from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf import defaults
from scoringnet_tf.data.features import quarters
from scoringnet_tf.models.layers import Dropout, conv3d
from scoringnet_tf.support.messages import InputError

STEPS = (1, 2, 4)  # between what a convolution over time reads of features


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

    §3.2 gives the pooling's window and not its stride. conv5b has 4×7×7 places for 32 frames of 112×112, and 2×7×7
    for 16. Stride 2, C3D's, leaves 1×2×2. Stride 3, Keras's default, leaves 1×1×1. Stride 1 leaves everything,
    and 51 (25) million weights in the first fully connected layer.

    For features, convolutions and poolings run over time, after dropout. A single step goes straight to the fully
    connected layers.

    Args:
        x: KerasTensor (B, L, H, W, C), from conv5b; or (B, T, D), features.
        filters, units: the convolutions' and the fully connected layers' widths (§3.2: no numbers).
        dropout_rate: after both fully connected layers (§3.2: no number).
        pool_stride: in time, height and width; InputError (`out_of_range`) if it is below 1.
        kernel_l2: β in Eqs. 8 and 9, on every kernel.
        dtype: the 3-D convolutions' dtype policy; all else is float32.

    Returns:
        KerasTensor (B, units), float32; the third fully connected layer is the caller's.
    """
    if pool_stride < 1:
        raise InputError("out_of_range", f"pool_stride must be at least 1, not {pool_stride}.")
    is_features = len(x.shape) == 3
    if is_features:
        x, dtype = Dropout(dropout_rate, name="features_dropout", dtype="float32")(x), "float32"
    pooling = layers.MaxPooling1D if is_features else layers.MaxPooling3D
    for index in (1, 2) if not is_features or x.shape[1] > 1 else ():
        name = f"regressor_conv{index}"
        if is_features:
            of_kernel = {"kernel_initializer": "he_normal", "kernel_regularizer": decay(kernel_l2)}
            x = layers.Conv1D(filters, 3, padding="same", activation="relu", name=name, dtype=dtype, **of_kernel)(x)
        else:
            x = conv3d(x, filters, name=name, kernel_l2=kernel_l2, dtype=dtype)
        x = pooling(3, pool_stride, "same", name=f"regressor_pool{index}", dtype=dtype)(x)
    return fully_connected(x, units, dropout_rate, kernel_l2)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class StatisticsPooling(keras.layers.Layer):
    """Statistics over time, (B, T, D) → (B, 9 · D).

    Each feature's mean, deviation, least, greatest, mean change a step, and the mean in each quarter.
    """

    def call(self, x: Any) -> Any:
        change = ops.mean(ops.abs(x[:, 1:] - x[:, :-1]), axis=1)
        parts = [ops.mean(x[:, part], axis=1) for part in quarters(x.shape[1])]
        whole = [ops.mean(x, axis=1), ops.std(x, axis=1), ops.min(x, axis=1), ops.max(x, axis=1)]
        return ops.concatenate([*whole, change, *parts], axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, int, int]) -> tuple[int | None, int]:
        return (input_shape[0], 9 * input_shape[2])


def sequence_regressor(
    x: Any, statistics: Any, *, filters: int, units: int, dropout_rate: float, kernel_l2: float = 0.0
) -> Any:
    """A regressor for features: their statistics over time, and convolutions over three spans pooled by attention.

    Features (B, T, D), T > 1, and statistics (B, K) from `StatisticsPooling` are standardised, and drop out.
    """
    statistics = Dropout(dropout_rate, name="statistics_dropout", dtype="float32")(statistics)
    x = Dropout(dropout_rate, name="features_dropout", dtype="float32")(x)
    spans = [
        layers.Conv1D(
            *(filters, 3),
            dilation_rate=step,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=decay(kernel_l2),
            name=f"regressor_conv_{step}",
            dtype="float32",
        )(x)
        for step in STEPS
    ]
    x = layers.Concatenate(name="regressor_spans", dtype="float32")(spans)
    attention = layers.Dense(1, kernel_regularizer=decay(kernel_l2), name="attention", dtype="float32")(x)
    attention = layers.Softmax(axis=1, name="attention_over_time", dtype="float32")(attention)
    attended = layers.Dot(1, name="attended", dtype="float32")([attention, x])
    attended = layers.Flatten(name="attended_flat", dtype="float32")(attended)
    x = layers.Concatenate(name="regressor_read", dtype="float32")([statistics, attended])
    return fully_connected(x, units, dropout_rate, kernel_l2)


def fully_connected(
    x: Any, units: int, dropout_rate: float, kernel_l2: float = 0.0, prefix: str = "regressor_fc", first: int = 1
) -> Any:
    """Two fully connected layers with ReLU and dropout, numbered from `first`: (B, …) → (B, units), float32."""
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    for name in (f"{prefix}{first}", f"{prefix}{first + 1}"):
        of_kernel = {"kernel_initializer": "he_normal", "kernel_regularizer": decay(kernel_l2)}
        x = layers.Dense(units, "relu", name=name, dtype="float32", **of_kernel)(x)
        x = Dropout(dropout_rate, name=f"{name}_dropout", dtype="float32")(x)
    return x


def decay(kernel_l2: float) -> keras.Regularizer | None:
    """β‖w‖² on a kernel; None for β = 0."""
    return keras.regularizers.L2(kernel_l2) if kernel_l2 else None
