"""From a decoded frame to the model's input: the one way, for records, training, evaluation, prediction and export.

A frame of any size is brought to its *stored form*: the aspect, size and JPEG of records. It is decoded again, and its
centre is cropped. Scoring does the same, JPEG included: the towers read details that JPEG changes.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.support.messages import InputError

FITS = ("crop", "pad", "stretch")
ASPECT_TOLERANCE = 0.05  # share by which a video's aspect may differ from the stored one's and is stored as it is
# Timestamps are rounded to milliseconds and less; by more than this share a frame rate is another one.
RATE_TOLERANCE = 0.02


def form_differences(learned: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The differences of how frames were stored, a phrase each.

    Each has `jpeg_quality`, `aspect` and `fit` of a `StoredForm` and the `frame_rate`; what is None or left out is
    unknown.
    """
    phrases = {
        "frame_rate": ("{:.4g} frames/s instead of {:.4g}", RATE_TOLERANCE),
        "aspect": ("pictures of {:.2f}:1 instead of {:.2f}:1", ASPECT_TOLERANCE),
        "jpeg_quality": ("JPEG of quality {} instead of {}", None),
        "fit": ("--fit={} instead of {}", None),
    }
    different = []
    for name, (phrase, tolerance) in phrases.items():
        ours, theirs = learned.get(name), found.get(name)
        if ours and theirs and (ours != theirs if tolerance is None else abs(theirs / ours - 1) > tolerance):
            different.append(phrase.format(theirs, ours))
    return different


def check_frames(frames: Any, name: str) -> None:
    """InputError (`frames_not_uint8`) if frames, an array or a tensor called `name` in the message, are not uint8.

    A `keras.Model` around ours casts what it is given, so the argument of a graph of TensorFlow counts as given.
    """
    dtype: Any = getattr(frames, "dtype", type(frames).__name__)
    operation: Any = getattr(frames, "op", None)
    if getattr(operation, "type", "") == "Cast" and operation.inputs[0].op.type == "Placeholder":
        dtype = operation.inputs[0].dtype
    received = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    if received != "uint8":
        raise InputError(
            "frames_not_uint8",
            f"Frames must be uint8, 0…255, RGB; {name} is {received}.",
            "Convert values in 0…1 with np.round(255 * frames).astype('uint8'). In a model of your own, start with "
            "keras.Input(…, dtype='uint8').",
        )


@dataclasses.dataclass(frozen=True)
class StoredForm:
    """How records store the frames of a video.

    Attributes:
        frame_size: (height, width) of the stored frames, pixels.
        jpeg_quality: 1–100.
        aspect: width over height, as shown, of the picture that fills a stored frame; None for any.
        fit: for videos of another aspect: `"crop"` takes the middle, `"pad"` adds black bars, `"stretch"` changes their
            shape. Deviations up to `ASPECT_TOLERANCE` are stretched.
    """

    frame_size: tuple[int, int]
    jpeg_quality: int = 92
    aspect: float | None = None
    fit: str = "crop"

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise InputError("unknown_name", f"No fit {self.fit!r}.", f"Use one of {', '.join(FITS)}.")
        if self.aspect is not None and not self.aspect > 0:
            raise InputError("out_of_range", f"An aspect must be a number above 0, or None, not {self.aspect}.")

    def encode(self, frame: np.ndarray, pixel_aspect: float = 1.0) -> bytes:
        """The JPEG that records store of a frame, uint8 (H, W, 3) RGB; `pixel_aspect`: a pixel's width over height."""
        return encode_jpeg(self.picture(frame, pixel_aspect), self.jpeg_quality)

    def picture(self, frame: np.ndarray, pixel_aspect: float = 1.0) -> np.ndarray:
        """The same before JPEG, uint8 (frame_height, frame_width, 3)."""
        height, width = (int(side) for side in self.part(frame.shape[0], frame.shape[1], pixel_aspect))
        return resize_frame(center_part(frame, height, width), self.frame_size)

    def part(self, height: Any, width: Any, pixel_aspect: float = 1.0, numpy: Any = np) -> tuple[Any, Any]:
        """(height, width) of the middle of a frame of `height` × `width` that is stored, with bars more than there is.

        `numpy` is the module that computes it; TensorFlow's has the same functions.
        """
        if self.aspect is None or self.fit == "stretch":
            return height, width
        excess = width * pixel_aspect / height / self.aspect  # above 1: too wide
        excess = numpy.where(numpy.abs(excess - 1.0) <= ASPECT_TOLERANCE, 1.0, excess)
        limit = numpy.minimum if self.fit == "crop" else numpy.maximum
        # At least a pixel: of a frame of one row nothing could be cut.
        return (
            numpy.maximum(numpy.floor(height * limit(1.0, excess) + 0.5), 1.0),
            numpy.maximum(numpy.floor(width * limit(1.0, 1.0 / excess) + 0.5), 1.0),
        )

    def departure(self, aspect: float) -> str | None:
        """A phrase for the change to a picture that is `aspect` wide and 1 high; None for no change."""
        if self.aspect is None or abs(aspect / self.aspect - 1) <= ASPECT_TOLERANCE:
            return None
        share = min(aspect, self.aspect) / max(aspect, self.aspect)
        side = "width" if aspect > self.aspect else "height"
        crop, pad = f"cut to the middle {share:.0%} of the {side}; keep the athlete there", "given black bars"
        return {"crop": crop, "pad": pad, "stretch": f"squeezed in {side}"}[self.fit]

    def encode_in_graph(self, frame: Any) -> Any:
        """`encode` inside a TensorFlow graph, for exported models: of a tensor (H, W, 3), a scalar string tensor.

        All stored pixels are equal, unless a frame is smaller than `frame_size`: OpenCV rounds otherwise.
        """
        import tensorflow as tf
        import tensorflow.experimental.numpy as tnp

        size = tf.cast(tf.shape(frame)[:2], tf.float64)
        height, width = (tf.cast(side, tf.int32) for side in self.part(size[0], size[1], numpy=tnp))
        picture = tf.cast(tf.image.resize_with_crop_or_pad(frame, height, width), tf.float32)
        sides, stored = tf.stack([height, width]), tf.constant(self.frame_size)
        whole = tf.reduce_all(sides % stored == 0)
        for axis in (1, 0):
            picture = _area_means(picture, self.frame_size[axis], axis, whole)
        # OpenCV first sums whole pixels. It rounds halves to even, but up in the mean of four.
        picture *= tf.where(whole, 1 / tf.cast(tf.reduce_prod(sides // stored), tf.float32), 1.0)
        picture = tf.where(tf.reduce_all(sides == 2 * stored), tf.floor(picture + 0.5), tf.round(picture))
        picture = tf.ensure_shape(tf.saturate_cast(picture, tf.uint8), (*self.frame_size, 3))
        return tf.io.encode_jpeg(picture, quality=self.jpeg_quality)


def _area_means(pixels: Any, stored: int, axis: int, sums: Any) -> Any:
    """Means (or sums) of `stored` equal stretches of the side `axis`, in a graph; float32 tensor (H, W, 3) in and out.

    Summed in OpenCV's order and in float32, for its sums to fall on the same side of a half.
    """
    import tensorflow as tf

    size = tf.shape(pixels)[axis]
    length = tf.cast(size, tf.float64)
    begin = length / stored * tf.range(stored, dtype=tf.float64)
    end = begin + length / stored
    first = tf.cast(tf.floor(begin), tf.int32)
    means = tf.zeros_like(tf.gather(pixels, tf.zeros(stored, tf.int32), axis=axis))
    for tap in tf.range(tf.cast(tf.math.ceil(length / stored), tf.int32) + 1):
        pixel = tf.cast(first + tap, tf.float64)
        overlap = tf.minimum(end, pixel + 1) - tf.maximum(begin, pixel)
        # OpenCV leaves out less than a thousandth of a pixel.
        whole = tf.where(sums, tf.ones_like(begin), tf.minimum(end - begin, length - begin))
        share = tf.where(overlap > 1e-3, overlap / whole, 0)
        weights = tf.reshape(tf.cast(share, tf.float32), (-1, 1) if axis == 1 else (-1, 1, 1))
        means += tf.gather(pixels, tf.minimum(first + tap, size - 1), axis=axis) * weights
    return means


def center_part(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle `height` × `width` of a frame (H, W, 3), black beyond its border; as `resize_with_crop_or_pad`."""
    top, left = max(frame.shape[0] - height, 0) // 2, max(frame.shape[1] - width, 0) // 2
    frame = frame[top : top + height, left : left + width]
    bars = height - frame.shape[0], width - frame.shape[1]
    return np.pad(frame, [*((bar // 2, bar - bar // 2) for bar in bars), (0, 0)]) if any(bars) else frame


def resize_frame(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes one uint8 frame (H, W, 3) to `size` = (height, width), averaging areas (no aliasing when shrinking)."""
    import cv2

    # Where OpenCV enlarges one side it does not average along the other: that is made smaller first.
    smaller = (min(size[0], frame.shape[0]), min(size[1], frame.shape[1]))
    for height, width in (smaller, size):
        if frame.shape[:2] != (height, width):
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return frame


def viewing_size(size: Sequence[int], pixel_aspect: float, most: int) -> tuple[int, int]:
    """The (height, width) at which people see a picture of this size: at most so high, wide as it is shown."""
    rows = min(most, size[0])
    return rows, max(2, round(rows * size[1] * pixel_aspect / size[0]))


def encode_jpeg(frame: np.ndarray, quality: int) -> bytes:
    """Encodes one uint8 RGB frame (H, W, 3) as JPEG bytes; `quality` 1–100."""
    import cv2

    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


class Decoded(Sequence[np.ndarray]):
    """JPEGs as pictures, each decoded when it is asked for."""

    def __init__(self, jpegs: Sequence[bytes]) -> None:
        self._jpegs = jpegs

    def __len__(self) -> int:
        return len(self._jpegs)

    def __getitem__(self, index: Any) -> Any:
        """A picture, uint8 (H, W, 3)."""
        return decode_jpeg(self._jpegs[index])


def decode_jpeg(encoded: bytes) -> np.ndarray:
    """The frame, uint8 (H, W, 3) RGB, of JPEG bytes; the pixels that `augmentation.FrameDecoder` gives."""
    import cv2

    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR))[..., ::-1]


def model_frames(jpegs: Sequence[bytes], image_size: Sequence[int]) -> np.ndarray:
    """The model's input, uint8 (L, H, W, 3), of L encoded frames (`StoredForm.encode`) and an `image_size` (H, W)."""
    height, width = image_size
    frames = np.empty((len(jpegs), height, width, 3), np.uint8)
    for index, jpeg in enumerate(jpegs):
        frame = decode_jpeg(jpeg)
        top, left = center_offset(frame.shape[:2], image_size)
        frames[index] = frame[top : top + height, left : left + width]
    return frames


def center_offset(stored_size: Sequence[int], image_size: Sequence[int]) -> tuple[int, int]:
    """(top, left) of the centre crop of `image_size` from `stored_size`, both (height, width); InputError if larger."""
    if image_size[0] > stored_size[0] or image_size[1] > stored_size[1]:
        stored, size = ("{}×{} (height × width)".format(*each) for each in (stored_size, image_size))
        hint = "Build records with a larger --frame_height and --frame_width."
        raise InputError("frames_too_small", f"The stored frames, {stored}, are smaller than a model's {size}.", hint)
    return (stored_size[0] - image_size[0]) // 2, (stored_size[1] - image_size[1]) // 2
