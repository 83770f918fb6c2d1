"""What a request to an exported model must be like, checked in its graph: whoever sent another is told what is wrong.

TF Serving itself checks the names and the types of the inputs, not their shapes: a mask of one column would be spread
over all frames, and frames of another size would come out as another number of them.
"""

import tensorflow as tf


def _require(condition, message, *received):
    """An operation that fails with a message; `{}` in it stand for the tensors `received`."""
    return tf.debugging.Assert(condition, [tf.strings.format(message, received, summarize=-1)])


def _shape(tensor):
    """The shape that a tensor has when the graph runs, which a caller in C++ is free to choose: int32 (rank,)."""
    # Without this TensorFlow takes the rank from the signature, and leaves the question out of the graph.
    return tf.shape(tf.compat.v1.placeholder_with_default(tensor, shape=None))


def _text(numbers):
    return tf.strings.reduce_join(tf.strings.as_string(numbers), separator=",")


def _has_shape(shape, start, rest=()):
    """Whether a shape is `start`, a regular expression or a shape, and then `rest`; whatever its rank."""
    end = "".join(f",{size}" for size in rest)
    if isinstance(start, str):
        return tf.strings.regex_full_match(_text(shape), start + end)
    return _text(shape) == _text(start) + end


def checked_videos(content: tf.Tensor, mask: tf.Tensor, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Frames or features with their mask, as they are but for zeros as the padding of features, after these checks.

    Args:
        content: (B, L, …), called `name` in messages.
        mask: bool (B, L).

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs: one of them has another shape or is empty; a video has no
            frames, or padding before its last one; a feature is not finite; all pixels of a video are 0, 1 or 255, as
            TensorFlow in Python casts floats in 0…1 or −1…1.
    """
    element = content.shape[2:]
    called = f"{content.dtype.name} (B, L, {', '.join(map(str, element))})"
    shape, mask_shape = _shape(content), _shape(mask)
    shapes = [
        _require(
            _has_shape(shape, r"[1-9]\d*,[1-9]\d*", element),
            f"{name}: expected {called}, B and L at least 1. Received a shape of {{}}",
            shape,
        ),
        _require(
            _has_shape(shape, mask_shape, element),
            f"mask: expected bool (B, L), as long as {name}. Received a shape of {{}}, and {name} of {{}}",
            *(mask_shape, shape),
        ),
    ]
    with tf.control_dependencies(shapes):
        content, mask = tf.identity(content), tf.identity(mask)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        prefix = tf.reduce_all(mask == tf.sequence_mask(lengths, tf.shape(mask)[1]), axis=1)
    wrong = tf.where((lengths == 0) | ~prefix)[:, 0]
    values = [
        _require(
            tf.size(wrong) == 0,
            "mask: expected true for one or more frames from the first, then false. Received another in videos {}, "
            "counted from 0",
            wrong,
        )
    ]
    if content.dtype.is_floating:
        content = tf.where(mask[..., tf.newaxis], content, 0.0)  # a NaN in padding would reach `valid`
        finite = tf.reduce_all(tf.math.is_finite(content))
        values.append(_require(finite, f"{name}: expected finite numbers. Received NaN or infinity"))
    else:
        pictured = tf.reduce_any((content > 1) & (content < 255), axis=[2, 3, 4]) & mask
        blank = tf.where(~tf.reduce_any(pictured, axis=1))[:, 0]
        values.append(
            _require(
                tf.size(blank) == 0,
                f"{name}: expected pictures, uint8 0…255. Received pixels of 0, 1 and 255 alone (floats that were "
                "cast?) in videos {}, counted from 0",
                blank,
            )
        )
    with tf.control_dependencies(values):
        return tf.identity(content), tf.identity(mask)


IMAGE_STARTS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG", "BMP": b"BM"}


def checked_images(encoded: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The images of a batch of videos, flat, and where they belong, after these checks.

    Args:
        encoded: string (B, L), anything beyond the length of a video.
        lengths: int64 (B,), frames of each video.

    Returns:
        string (N,), and their mask, bool (B, L).

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs: another shape; a video without frames, or with more than
            there are; what is no image.
    """
    shape, lengths_shape = _shape(encoded), _shape(lengths)
    shapes = [
        _require(
            _has_shape(shape, r"[1-9]\d*,[1-9]\d*"),
            "encoded: expected string (B, L), B and L at least 1. Received a shape of {}",
            shape,
        ),
        _require(
            _has_shape(lengths_shape, shape[:1]),
            "lengths: expected int64 (B,), a number for each video. Received a shape of {}, and encoded of {}",
            *(lengths_shape, shape),
        ),
    ]
    with tf.control_dependencies(shapes):
        encoded, lengths = tf.identity(encoded), tf.identity(lengths)
    most = tf.shape(encoded, tf.int64)[1]
    possible = _require(
        tf.reduce_all((lengths >= 1) & (lengths <= most)),
        "lengths: expected 1 to {} frames, as many as encoded has at most. Received: {}",
        *(most, lengths),
    )
    with tf.control_dependencies([possible]):
        mask = tf.sequence_mask(lengths, most)
    places = tf.where(mask)
    images = tf.gather_nd(encoded, places)
    begins = [tf.strings.substr(images, 0, len(start)) == start for start in IMAGE_STARTS.values()]
    others = tf.boolean_mask(places, ~tf.reduce_any(begins, axis=0))[:8]
    known = _require(
        tf.size(others) == 0,
        f"encoded: expected images, {', '.join(IMAGE_STARTS)}. Received something else at (video, frame) {{}}, counted "
        "from 0",
        others,
    )
    with tf.control_dependencies([known]):
        return tf.identity(images), mask
