"""Small pieces that the models share: convolution over frames, mask of padded frames, mask of stages."""

import keras
from keras import layers, ops


def conv3d(x, filters, *, name, kernel_l2=0.0, dtype=None):
    """3×3×3 convolution with ReLU, He initialisation and optional L2; KerasTensor (B, L, H, W, C) in and out."""
    return layers.Conv3D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
        name=name,
        dtype=safe_policy(x.shape[1], dtype),
    )(x)


def safe_policy(temporal_length, dtype):
    """The dtype policy for a Conv3D over `temporal_length` frames.

    TensorFlow's CPU kernel computes a wrong bfloat16 filter gradient (garbage or NaN) when the input has temporal
    length exactly 2, in 2.16 and 2.21 alike; such layers stay in float32.
    """
    policy = keras.dtype_policies.get(dtype) if dtype is not None else keras.config.dtype_policy()
    if temporal_length == 2 and policy.compute_dtype == "bfloat16":
        return "float32"
    return dtype


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameMask(layers.Layer):
    """Sets the frames that are padding to zero: x (B, L, H, W, C), frame_mask bool (B, L)."""

    def call(self, x, frame_mask):
        return x * ops.cast(frame_mask, x.dtype)[:, :, None, None, None]

    def compute_output_shape(self, x_shape, frame_mask_shape=None):
        return x_shape
