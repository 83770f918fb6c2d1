"""Pictures of a performance for its page: a clip of its frames, and some of them."""

import itertools
from collections.abc import Collection, Iterable

import numpy as np

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.preprocessing import encode_jpeg

QUALITY = 85  # of the JPEGs


def pictured(frames: Iterable[np.ndarray], fps: float, chosen: Collection[int]) -> tuple[bytes, dict[int, bytes]]:
    """The frames as an MP4, and a JPEG of each of the `chosen`, made with one frame in memory at a time.

    Args:
        frames: uint8 (H, W, 3) each; a damaged file gives fewer than it holds. Without any, there is no clip.
        fps: frames per second.
        chosen: numbers of frames, counted from the first.
    """
    jpegs, frames = {}, iter(frames)
    if (first := next(frames, None)) is None:
        return b"", {}

    def watched():
        for index, frame in enumerate(itertools.chain([first], frames)):
            if index in chosen:
                jpegs[index] = encode_jpeg(frame, QUALITY)
            yield frame

    return encode_clip(watched(), fps), jpegs
