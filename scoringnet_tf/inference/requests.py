"""Checks of requests to an exported model, in its graph: a wrong request gets a message, not wrong scores.

TF Serving checks names and types of the inputs, not their shapes. A mask of one column would be broadcast to all
frames. Messages end with a code in brackets, as those of the commands.
"""

import tensorflow as tf

IMAGE_STARTS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG", "BMP": b"BM"}


def checked_videos(content: tf.Tensor, mask: tf.Tensor, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Frames or features and their mask, once the checks passed; padding of features becomes zeros.

    Args:
        content: (B, L, …), called `name` in messages.
        mask: bool (B, L).

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, with one of these codes. `wrong_shape`; `wrong_mask`: a
            video without frames, or padding before its last frame; `not_finite`; `frames_not_uint8`: a video with no
            pixels but 0, 1 and 255, which is what casts of floats in 0…1 or −1…1 give.
    """
    element = content.shape[2:]
    shape, mask_shape = _shape(content), _shape(mask)
    called = f"{name} {content.dtype.name} (B, L, {', '.join(map(str, element))})"
    content, mask = _require(
        _fits(shape, [-1, -1, *element]) & _fits(mask_shape, shape[:2]),
        f"Expected {called} and mask bool (B, L), not empty. Received the shapes {{}} and {{}} [wrong_shape]",
        (shape, mask_shape),
        (content, mask),
    )
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    is_prefix = tf.reduce_all(mask == tf.sequence_mask(lengths, tf.shape(mask)[1]), axis=1)
    wrong = tf.where((lengths == 0) | ~is_prefix)[:, 0]
    content, mask = _require(
        tf.size(wrong) == 0,
        "mask: true must come first, at least once; wrong in videos {}, counted from 0 [wrong_mask]",
        (wrong,),
        (content, mask),
    )
    if content.dtype.is_floating:
        content = tf.where(mask[..., tf.newaxis], content, 0.0)  # a NaN in padding would reach `valid`
        is_finite = tf.reduce_all(tf.math.is_finite(content))
        return _require(is_finite, f"{name}: NaN or infinity among the numbers [not_finite]", (), (content, mask))
    has_other_pixels = tf.reduce_any((content > 1) & (content < 255), axis=[2, 3, 4]) & mask
    blank = tf.where(~tf.reduce_any(has_other_pixels, axis=1))[:, 0]
    return _require(
        tf.size(blank) == 0,
        f"{name}: no pixels but 0, 1 and 255 in videos {{}}, counted from 0; were floats cast? [frames_not_uint8]",
        (blank,),
        (content, mask),
    )


def checked_images(encoded: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The images of a batch of videos in one list, and their mask, once the checks passed.

    Args:
        encoded: string (B, L), anything beyond the length of a video.
        lengths: int64 (B,), frames of each video.

    Returns:
        string (N,), and bool (B, L).

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, with the code `wrong_shape`, `out_of_range` (a length) or
            `wrong_format` (not an image).
    """
    shape, lengths_shape = _shape(encoded), _shape(lengths)
    encoded, lengths = _require(
        _fits(shape, [-1, -1]) & _fits(lengths_shape, shape[:1]),
        "Expected encoded string (B, L) and lengths int64 (B,), not empty. Received the shapes {} and {} [wrong_shape]",
        (shape, lengths_shape),
        (encoded, lengths),
    )
    most = tf.shape(encoded, tf.int64)[1]
    encoded, lengths = _require(
        tf.reduce_all((lengths >= 1) & (lengths <= most)),
        "lengths: {} are not all from 1 to {}, the length of encoded [out_of_range]",
        (lengths, most),
        (encoded, lengths),
    )
    mask = tf.sequence_mask(lengths, most)
    places = tf.where(mask)
    images = tf.gather_nd(encoded, places)
    starts = [tf.strings.substr(images, 0, len(start)) == start for start in IMAGE_STARTS.values()]
    others = tf.boolean_mask(places, ~tf.reduce_any(starts, axis=0))[:8]
    return _require(
        tf.size(others) == 0,
        f"encoded: not {', '.join(IMAGE_STARTS)} at (video, frame) {{}}, counted from 0 [wrong_format]",
        (others,),
        (images, mask),
    )


def _require(condition, message, received, tensors):
    """The `tensors`, which exist only if a condition holds; `{}` in the message stand for what was `received`."""
    check = tf.debugging.Assert(condition, [tf.strings.format(message, received, summarize=-1)])
    with tf.control_dependencies([check]):
        first, second = tensors
        return tf.identity(first), tf.identity(second)


def _shape(tensor):
    """The shape that a tensor has when the graph runs, int32 (rank,): callers in C++ are free to choose it."""
    # Without the placeholder TensorFlow takes the rank from the signature, and drops the check.
    return tf.shape(tf.compat.v1.placeholder_with_default(tensor, shape=None))


def _fits(shape, expected):
    """Whether a shape is the expected one, with −1 for any size of at least 1."""
    return tf.cond(
        tf.size(shape) == tf.size(expected),
        lambda: tf.reduce_all(tf.where(tf.equal(expected, -1), shape > 0, tf.equal(shape, expected))),
        lambda: False,
    )
