"""Image networks over time: the frames of videos as a batch of images, and what they give as videos again."""

from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.models.fragments import take_frames


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class RealFrames(layers.Layer):
    """Videos as a batch of images: frames (B, L, H, W, C), frame_mask bool (B, L) → (B·L, H, W, C).

    Frames of the same video, from the first on, take the place of padding, so that batch normalisation learns no
    statistics of padding.
    """

    def call(self, frames: Any, frame_mask: Any) -> Any:
        real = ops.maximum(ops.sum(ops.cast(frame_mask, "int32"), axis=1, keepdims=True), 1)
        indices = ops.arange(ops.shape(frames)[1], dtype="int32")[None] % real
        return ops.reshape(take_frames(frames, indices), (-1, *frames.shape[2:]))

    def compute_output_spec(self, frames: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor((None, *frames.shape[2:]), dtype=frames.dtype)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class VectorsOfFrames(layers.Layer):
    """A vector for each of those images (B·L, D), frame_mask bool (B, L) → (B, L, D)."""

    def call(self, vectors: Any, frame_mask: Any) -> Any:
        return ops.reshape(vectors, (*ops.shape(frame_mask), vectors.shape[-1]))

    def compute_output_spec(self, vectors: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor((*frame_mask.shape, vectors.shape[-1]), dtype=vectors.dtype)
