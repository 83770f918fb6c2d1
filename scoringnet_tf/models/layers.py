"""Layers that the models share: 3-D convolution, dropout, frame mask, image networks over time, feature scaling."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf.models.fragments import take_frames
from scoringnet_tf.support.messages import InputError


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class Conv3D(layers.Conv3D):  # of Keras's name: the paths of weights in a `.keras` file are made of class names
    """Keras's Conv3D with a bias gradient that is exact in bfloat16, and with pooling before bias and ReLU.

    TensorFlow's BiasAddGrad accumulates bfloat16 in bfloat16 on a CPU: 4,096 ones sum to 256. The gradient of a sum by
    broadcasting is reduced in float32.

    With `pool_size` the result is as behind a `MaxPooling3D`, padding "same", to the bit: bias and ReLU
    grow with their argument, so that the maximum can be taken first. That needs less work and memory.
    """

    def call(self, inputs: Any, pool_size: tuple[int, int, int] | None = None) -> Any:
        if pool_size is None and self.compute_dtype != "bfloat16":
            return super().call(inputs)
        x = self.convolution_op(inputs, self.kernel)
        if pool_size is not None:
            x = max_pooled(x, pool_size)
        # Bias first: Keras makes a BiasAdd of an addition whose second operand looks like a bias.
        return self.activation(ops.add(ops.reshape(self.bias, (1, 1, 1, 1, -1)), x))

    def compute_output_spec(self, inputs: Any, pool_size: tuple[int, int, int] | None = None) -> keras.KerasTensor:
        spec = super().compute_output_spec(inputs)
        return spec if pool_size is None else max_pooled(spec, pool_size)


def max_pooled(x: Any, pool_size: tuple[int, int, int]) -> Any:
    """Pools x (B, L, H, W, C) as `MaxPooling3D` with padding "same" does; an export to LiteRT replaces it."""
    return ops.max_pool(x, pool_size, strides=pool_size, padding="same")


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class Dropout(layers.Dropout):  # of Keras's name, as Conv3D is
    """Keras's Dropout, but off in a part that does not learn (`drops`, see `Trainer.choose_trained`)."""

    drops = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        return super().call(inputs, training=training and self.trainable and self.drops)


def conv3d(
    x: Any,
    filters: int,
    *,
    name: str,
    kernel_l2: float = 0.0,
    pool_size: tuple[int, int, int] | None = None,
    dtype: str | None = None,
) -> Any:
    """3×3×3 convolution with ReLU, He initialisation and optional L2; KerasTensor (B, L, H, W, C) in and out.

    With `pool_size` the result is pooled, see `Conv3D`; the layer's `output` is not.
    """
    policy = keras.dtype_policies.get(dtype) if dtype is not None else keras.config.dtype_policy()
    if x.shape[1] == 2 and policy.compute_dtype == "bfloat16":
        dtype = "float32"  # over two frames TensorFlow's bfloat16 gradient of the filters is wrong on a CPU
    layer = Conv3D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
        name=name,
        dtype=dtype,
    )
    activations = layer(x)  # a layer's `output` is that of its first call; nothing computes what nothing reads
    return activations if pool_size is None else layer(x, pool_size=pool_size)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameMask(layers.Layer):
    """Sets the frames that are padding to zero: x (B, L, …), frame_mask bool (B, L)."""

    def call(self, x: Any, frame_mask: Any) -> Any:
        return x * ops.expand_dims(ops.cast(frame_mask, x.dtype), list(range(2, len(x.shape))))

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], frame_mask_shape: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...]:
        return x_shape


# === Image networks over time ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RealFrames(layers.Layer):
    """Videos as a batch of images: frames (B, L, H, W, C), frame_mask bool (B, L) → (B·L, H, W, C).

    The video's own frames, from the first on, replace padding, which batch normalisation must not learn.
    """

    def call(self, frames: Any, frame_mask: Any) -> Any:
        real = ops.maximum(ops.sum(ops.cast(frame_mask, "int32"), axis=1, keepdims=True), 1)
        indices = ops.arange(ops.shape(frames)[1], dtype="int32")[None] % real
        return ops.reshape(take_frames(frames, indices), (-1, *frames.shape[2:]))

    def compute_output_spec(self, frames: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor((None, *frames.shape[2:]), dtype=frames.dtype)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class VectorsOfFrames(layers.Layer):
    """A vector for each such image (B·L, D), frame_mask bool (B, L) → (B, L, D)."""

    def call(self, vectors: Any, frame_mask: Any) -> Any:
        return ops.reshape(vectors, (*ops.shape(frame_mask), vectors.shape[-1]))

    def compute_output_spec(self, vectors: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor((*frame_mask.shape, vectors.shape[-1]), dtype=vectors.dtype)


# === Features ===


def all_layers(layer: layers.Layer) -> list[layers.Layer]:
    """A layer and those inside it, however deep."""
    return layer._flatten_layers()  # no public way leads into wrappers, cells and a user's own layers


LEFT_OUT = 3.4e38  # the deviation of what does not vary, a float32: infinity is no weight to be saved


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FeatureScaling(layers.Layer):
    """Features in the training videos' standard units: (…, D) → (…, D), float32.

    Mean and deviation are weights that do not train; they are 0 and 1 until `adapt`.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        size = (input_shape[-1],)
        self.mean = self.add_weight(shape=size, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=size, initializer="ones", trainable=False, name="deviation")

    def adapt(self, mean: Any, deviation: Any) -> None:
        """Sets the training videos' mean and standard deviation (D,); constant features are left out."""
        self.mean.assign(mean)
        self.deviation.assign(ops.where(ops.convert_to_tensor(deviation) > 0, deviation, LEFT_OUT))

    @property
    def is_adapted(self) -> bool:
        """Whether it changes anything."""
        mean, deviation = (ops.convert_to_numpy(statistic) for statistic in (self.mean, self.deviation))
        return bool((mean != 0).any() or (deviation != 1).any())

    def call(self, x: Any) -> Any:
        return (ops.cast(x, "float32") - self.mean) / self.deviation


def feature_statistics(batches: Iterable[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (D,) over all videos' steps, in one pass over features (B, L, D) and masks (B, L).

    InputError (`no_videos`) if there are no videos.
    """
    count, mean, squares = 0.0, 0.0, 0.0
    for features, mask in batches:
        steps = np.asarray(features, np.float64)[np.asarray(mask)]  # (N, D)
        count, delta = count + len(steps), steps - mean
        mean = mean + delta.sum(axis=0) / count
        squares = squares + (delta * (steps - mean)).sum(axis=0)
    if not count:
        raise InputError("no_videos", "The dataset for adapt_features has no video.")
    return np.asarray(mean), np.sqrt(squares / count)
