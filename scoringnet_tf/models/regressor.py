"""The score regressor of SP up to its last layer (§3.2), also the top of a C3D that is pretrained for SP."""

import keras
from keras import layers

from scoringnet_tf.models.layers import conv3d


def regressor(x, *, filters, units, dropout_rate, kernel_l2=0.0, dtype=None):
    """Two convolutions, each with ReLU and 3×3×3 max-pooling, then two fully connected layers with ReLU and dropout.

    The pooling has stride 2: the paper gives only its window, and stride 3 would leave nothing of a 16-frame clip.

    Args:
        x: KerasTensor (B, L, H, W, C), the output of conv5b.
        filters, units: widths of the convolutions and of the fully connected layers.

    Returns:
        KerasTensor (B, units), float32; the third fully connected layer is the caller's.
    """
    for index in (1, 2):
        x = conv3d(x, filters, name=f"regressor_conv{index}", kernel_l2=kernel_l2, dtype=dtype)
        x = layers.MaxPooling3D(3, strides=2, padding="same", name=f"regressor_pool{index}", dtype=dtype)(x)
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    decay = keras.regularizers.L2(kernel_l2) if kernel_l2 else None
    for index in (1, 2):
        dense = layers.Dense(
            units,
            "relu",
            kernel_initializer="he_normal",
            kernel_regularizer=decay,
            name=f"regressor_fc{index}",
            dtype="float32",
        )
        x = layers.Dropout(dropout_rate, name=f"regressor_fc{index}_dropout", dtype="float32")(dense(x))
    return x
