"""Random colours of a video: one affine map of RGB, in the fixed-point numbers that OpenCV computes with."""

import cv2
import numpy as np
import tensorflow as tf

UNIT = 1024  # parts of a level to which `cv2.transform` rounds what it multiplies with and adds
LUMA = (0.299, 0.587, 0.114)


def jitter_colors(frames: tf.Tensor, strength: float, seed: tf.Tensor, portable: bool = False) -> tf.Tensor:
    """Scales contrast and saturation by 1 ± s, and moves brightness by ± s/2 of the range, alike in all frames.

    Args:
        frames: uint8 (L, H, W, 3) of one video, RGB.
        strength: s.
        seed: pair of which the three changes are drawn.
        portable: compute in TensorFlow alone, for a graph that other processes run. The pixels are the same.

    Returns:
        uint8 (L, H, W, 3), at most one level from exact arithmetic.
    """
    sums, mapped = (_sums, _mapped) if portable else (_sums_by_opencv, _mapped_by_opencv)
    brightness, contrast, saturation = tf.unstack(tf.random.stateless_uniform([3], seed, -strength, strength))
    pixels = tf.cast(tf.size(frames) // 3, tf.float64)
    mean = tf.tensordot(tf.cast(sums(frames) / pixels, tf.float32), tf.constant(LUMA), 1)
    matrix = (1 + contrast) * ((1 + saturation) * tf.eye(3) - saturation * tf.constant([LUMA] * 3))
    offset = 127.5 * brightness - contrast * mean
    return mapped(frames, tf.concat([matrix, tf.fill([3, 1], offset)], axis=1))


# === By OpenCV ===


def _sums_by_opencv(frames):
    """Of each channel, float64 (3,)."""

    def compute(values):
        return np.array(cv2.sumElems(_rows(values))[:3], np.float64)

    return tf.ensure_shape(tf.numpy_function(compute, [frames], tf.float64, stateful=False), (3,))


def _mapped_by_opencv(frames, affine):
    """Frames whose colours went through `affine`, (3, 4)."""

    def compute(values, matrix):
        return cv2.transform(_rows(values), matrix).reshape(values.shape)

    return tf.ensure_shape(tf.numpy_function(compute, [frames, affine], tf.uint8, stateful=False), frames.shape)


def _rows(frames):
    return frames.reshape(-1, *frames.shape[2:])


# === The same in TensorFlow ===


def _sums(frames):
    width = frames.shape[2]
    rows = tf.reshape(tf.cast(frames, tf.float32), (-1, 3 * width))
    of_rows = tf.matmul(rows, tf.tile(tf.eye(3), [width, 1]))  # whole numbers below 2²⁴, which float32 has all
    return tf.reduce_sum(tf.cast(of_rows, tf.float64), axis=0)


def _mapped(frames, affine):
    fixed = tf.round(affine * UNIT) / UNIT  # products and sums are whole numbers below 2²⁴, divided by 2¹⁰
    pixels = tf.cast(frames, tf.float32)
    mapped = tf.nn.conv2d(pixels, tf.transpose(fixed[:, :3])[tf.newaxis, tf.newaxis], 1, "VALID")
    return tf.saturate_cast(mapped + (fixed[0, 3] + 0.5), tf.uint8)
