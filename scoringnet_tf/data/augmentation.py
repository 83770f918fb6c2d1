"""Which frames are used and how they are changed, by stateless seeds from (run, epoch, video, decision)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from scoringnet_tf import defaults
from scoringnet_tf.data.preprocessing import center_offset
from scoringnet_tf.support.messages import InputError

CLIP_JITTER = 0.1  # share of a clip that training may cut off at each end

# One stream of random numbers per decision, so that turning one off leaves the others as they were.
SHIFT, WINDOW, FLIP, CROP, COLOR, SHUFFLE, ZOOM, DEGRADATION, FILM = range(9)
Seeds = Callable[[int], tf.Tensor]  # of a decision → its seed pair, see `video_seeds`


PIXEL_OPTIONS = ("flip", "crop_shift", "zoom", "color_jitter", "degradation")  # of `Augmentation`


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random changes to a training video; each is drawn once per video and epoch and applied to all its frames.

    Features have no pixels: only `max_start_shift` changes them. InputError for a number beyond its range.

    Attributes:
        max_start_shift: the start frame moves forward by 0 to this many frames (§4.2: 5).
        flip: mirror left and right, one time in two.
        crop_shift: the crop lies up to this many pixels from the centre, each way.
        zoom: strength s: the crop is 1 ± s times as large, and resized; at most the stored frame.
        color_jitter: strength s: contrast and saturation are scaled by 1 ± s, brightness moves by ± s/2 ranges.
        degradation: strength s, like a bad encoding: blur by up to s times a 3×3 binomial filter, and luma noise up to
            s times 16 levels in blocks of 2×2 pixels, anew in every frame.
    """

    max_start_shift: int = defaults.MAX_START_SHIFT
    flip: bool = defaults.FLIP
    crop_shift: int = defaults.CROP_SHIFT
    zoom: float = defaults.ZOOM
    color_jitter: float = defaults.COLOR_JITTER
    degradation: float = defaults.DEGRADATION

    def __post_init__(self) -> None:
        limits = {"max_start_shift": np.inf, "crop_shift": np.inf, "zoom": 0.999, "color_jitter": 1, "degradation": 1}
        for name, limit in limits.items():
            if not 0 <= getattr(self, name) <= limit:
                raise InputError("out_of_range", f"{name} must be from 0 to {limit}, not {getattr(self, name)}.")


def fold(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """A seed pair derived from another one and an integer."""
    return tf.random.experimental.stateless_fold_in(seed, number)


def video_seeds(seed: int, epoch: tf.Tensor, video_id: str | tf.Tensor) -> Seeds:
    """A function from a decision (`FLIP`, …) to its seed pair, for this video in this epoch."""
    hashed = tf.strings.to_hash_bucket_fast(video_id, 2**31 - 1)
    base = fold(tf.stack([tf.cast(seed, tf.int64), epoch]), hashed)
    return lambda decision: fold(base, decision)


def _uniform_int(seed: tf.Tensor, low: Any, high: Any) -> tf.Tensor:
    """A random integer in [low, high], int32."""
    return tf.random.stateless_uniform([], seed, low, high + 1, dtype=tf.int32)


def first_frame(length: tf.Tensor, augmentation: Augmentation | None, seeds: Seeds) -> tf.Tensor:
    """The first frame to use, by the start shift of §4.2."""
    if augmentation and augmentation.max_start_shift:
        return tf.minimum(_uniform_int(seeds(SHIFT), 0, augmentation.max_start_shift), length - 1)
    return tf.constant(0)


def stage_span(stages: tf.Tensor, fragments: Sequence[Sequence[int]], margin: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Frames [first, last) that span all fragments, and `margin` more at both ends.

    `stages` are the frames', `fragments` each fragment's. The whole video if a fragment has no frame: its tower then
    sees all (`models.fragments.FragmentSelector`).
    """
    members = tf.stack([tf.reduce_any([stages == stage for stage in fragment], axis=0) for fragment in fragments])
    carrying = tf.reduce_any(members, axis=0) | ~tf.reduce_all(tf.reduce_any(members, axis=1))
    indices = tf.cast(tf.where(carrying)[:, 0], tf.int32)
    return tf.maximum(indices[0] - margin, 0), tf.minimum(indices[-1] + 1 + margin, tf.size(stages))


def clip_indices(
    length: int | tf.Tensor, clip_length: int, augmentation: Augmentation | None, seeds: Seeds
) -> tf.Tensor:
    """`clip_length` evenly spaced frame indices, int32 (T,); the first and the last frame included."""
    start, end = 0.0, tf.cast(length - 1, tf.float32)
    if augmentation:
        cut = tf.random.stateless_uniform([2], seeds(WINDOW), 0, CLIP_JITTER) * end
        start, end = cut[0], end - cut[1]
    return tf.cast(tf.round(tf.linspace(start, end, clip_length)), tf.int32)


def spaced_indices(length: int | tf.Tensor, num_frames: int) -> tf.Tensor:
    """K evenly spaced indices in 0 … length − 1, int32 (K,), as `models.fragments.resampling_indices`."""
    positions = tf.range(num_frames, dtype=tf.float32) / max(num_frames - 1, 1)
    return tf.cast(tf.round(positions * tf.cast(length - 1, tf.float32)), tf.int32)


def consecutive_clip(length: int | tf.Tensor, clip_length: int, seeds: Seeds | None) -> tf.Tensor:
    """Consecutive frame indices, int32 (T,), from a random start, or the middle ones without `seeds`.

    A short video repeats its last frame.
    """
    last_start = tf.maximum(length - clip_length, 0)
    start = _uniform_int(seeds(WINDOW), 0, last_start) if seeds else last_start // 2
    return tf.minimum(start + tf.range(clip_length), length - 1)


Crop = Callable[[Any, Any, Any, Any], tf.Tensor]  # of (top, left, height, width) → uint8 (T, height, width, 3)


class FrameDecoder:
    """Decodes encoded frames, string (T,), to uint8 (T, H, W, 3): cropped, and augmented if asked."""

    def __init__(
        self, stored_size: Sequence[int], image_size: Sequence[int], augmentation: Augmentation | None
    ) -> None:
        self.offset = center_offset(stored_size, image_size)
        self.stored_size, self.image_size = stored_size, image_size
        self.augmentation: Any = augmentation  # None: no method but `__call__` and `augmented` is called

    def __call__(self, encoded: tf.Tensor, seeds: Seeds) -> tf.Tensor:
        """Decodes one video's frames; `seeds` from `video_seeds`."""

        def crop(top: Any, left: Any, height: Any, width: Any) -> tf.Tensor:
            def decode(jpeg: tf.Tensor) -> tf.Tensor:
                # The accurate method gives the pixels of OpenCV and Pillow exactly; TensorFlow's default is up to 8
                # levels off, and decode_and_crop_jpeg differs at the border.
                whole = tf.io.decode_jpeg(jpeg, 3, dct_method="INTEGER_ACCURATE")
                return whole[top : top + height, left : left + width]

            return tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec((None, None, 3), tf.uint8))

        return self.augmented(crop, seeds)

    def augmented(self, crop: Crop, seeds: Seeds) -> tf.Tensor:
        """The same for frames that `crop` gives, cut to any part."""
        size = self._random_size(seeds(ZOOM)) if self.augmentation and self.augmentation.zoom else self.image_size
        top, left = self._random_offset(size, seeds(CROP)) if self.augmentation else self.offset
        frames = crop(top, left, *tf.unstack(size))
        if size is not self.image_size:
            frames = tf.saturate_cast(tf.round(tf.image.resize(frames, self.image_size)), tf.uint8)
        frames = tf.ensure_shape(frames, (None, *self.image_size, 3))
        return self._change_pixels(frames, seeds) if self.augmentation else frames

    def _random_size(self, seed: tf.Tensor) -> tf.Tensor:
        """A crop's height and width, zoomed, within the stored frame; int32 (2,)."""
        strength = self.augmentation.zoom
        largest = min(stored / size for stored, size in zip(self.stored_size, self.image_size, strict=True))
        scale = tf.minimum(tf.random.stateless_uniform([], seed, 1 - strength, 1 + strength), largest)
        return tf.minimum(tf.cast(tf.round(scale * self.image_size), tf.int32), self.stored_size)

    def _random_offset(self, size: Any, seed: tf.Tensor) -> list[tf.Tensor]:
        """A crop's top and left, near the centre; int32 (2,)."""
        largest = self.stored_size - tf.convert_to_tensor(size)
        low = tf.maximum(largest // 2 - self.augmentation.crop_shift, 0)
        high = tf.minimum(largest // 2 + self.augmentation.crop_shift, largest)
        drawn = tf.random.stateless_uniform([2], seed) * tf.cast(high - low + 1, tf.float32)
        return tf.unstack(low + tf.cast(drawn, tf.int32))

    def _change_pixels(self, frames: tf.Tensor, seeds: Seeds) -> tf.Tensor:
        if self.augmentation.flip:
            mirrored = _uniform_int(seeds(FLIP), 0, 1) == 1
            # tf.reverse has a kernel of its own for three dimensions: 5 µs for a frame of 112×112, where it takes 28 in
            # four; [:, :, ::-1] is far slower still.
            rows = tf.reshape(frames, (-1, self.image_size[1], 3))
            rows = tf.cond(mirrored, lambda: tf.reverse(rows, [1]), lambda: rows)
            frames = tf.reshape(rows, (-1, *self.image_size, 3))
        if self.augmentation.color_jitter:
            frames = _jitter_colors(frames, self.augmentation.color_jitter, seeds(COLOR))
        if self.augmentation.degradation:
            frames = _degrade(frames, self.augmentation.degradation, seeds(DEGRADATION))
        return frames


LUMA = (0.299, 0.587, 0.114)


def _jitter_colors(frames: tf.Tensor, strength: float, seed: tf.Tensor) -> tf.Tensor:
    """Scales contrast and saturation, and moves brightness, alike in all frames: one affine map.

    OpenCV computes it for a whole video, at most one level from exact arithmetic.
    """

    def channel_sums(values: np.ndarray) -> np.ndarray:
        return np.array(cv2.sumElems(_rows(values))[:3], np.float64)

    def transform(values: np.ndarray, affine: np.ndarray) -> np.ndarray:
        return cv2.transform(_rows(values), affine).reshape(values.shape)

    brightness, contrast, saturation = tf.unstack(tf.random.stateless_uniform([3], seed, -strength, strength))
    sums = tf.ensure_shape(tf.numpy_function(channel_sums, [frames], tf.float64, stateful=False), (3,))
    means = tf.cast(sums / tf.cast(tf.size(frames) // 3, tf.float64), tf.float32)
    matrix = (1 + contrast) * ((1 + saturation) * tf.eye(3) - saturation * tf.constant([LUMA] * 3))
    offset = 127.5 * brightness - contrast * tf.tensordot(means, tf.constant(LUMA), 1)
    affine = tf.concat([matrix, tf.fill([3, 1], offset)], axis=1)
    return tf.ensure_shape(tf.numpy_function(transform, [frames, affine], tf.uint8, stateful=False), frames.shape)


def _rows(frames: np.ndarray) -> np.ndarray:
    return frames.reshape(-1, *frames.shape[2:])


NOISE = 16  # levels, its standard deviation at a strength of 1
BLOCK = 2  # pixels: 8 of a broadcast's, seen four times as small


def _degrade(frames: tf.Tensor, strength: float, seed: tf.Tensor) -> tf.Tensor:
    """Blurs all frames alike, and adds noise to each."""
    blur, noise = tf.unstack(tf.random.stateless_uniform([2], seed, 0, strength))
    filtered = blur / 4 * tf.constant([1.0, -2.0, 1.0]) + tf.constant([0.0, 1.0, 0.0])
    kernel = tf.tile((filtered[:, tf.newaxis] * filtered)[:, :, tf.newaxis, tf.newaxis], [1, 1, 3, 1])
    padded = tf.pad(tf.cast(frames, tf.float32), [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    blurred = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")
    length, height, width, _ = tf.unstack(tf.shape(frames))
    blocks = [length, -(-height // BLOCK), -(-width // BLOCK), 1]
    grain = NOISE * noise * tf.random.stateless_normal(blocks, fold(seed, 1))
    grain = tf.repeat(tf.repeat(grain, BLOCK, axis=1), BLOCK, axis=2)[:, :height, :width]
    return tf.saturate_cast(tf.round(blurred + grain), tf.uint8)
