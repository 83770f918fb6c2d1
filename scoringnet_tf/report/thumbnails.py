"""Pictures of a performance for its page: evenly spaced frames, and a clip of each key fragment."""

import collections
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.sports import NOISE

FILM_FRAMES = 12
QUALITY = 85  # of the JPEGs


def thumbnails(
    frames: Iterable[np.ndarray], num_frames: int, stages: Sequence[Mapping], fps: float
) -> tuple[list[tuple[int, bytes]], list[tuple[str, bytes, bytes]]]:
    """The pictures of a page, made with one frame in memory at a time.

    Args:
        frames: uint8 (H, W, 3) each; fewer than `num_frames` if the file is damaged.
        num_frames: L.
        stages: runs in order of time, frames counted from the first of `frames`.
        fps: frames per second.

    Returns:
        (frame number, JPEG) of evenly spaced frames; (stage, MP4, JPEG of its middle) of each run that is not noise.
    """
    stages = [stage for stage in stages if stage["name"] != NOISE]
    middles = {(stage["start_frame"] + stage["end_frame"]) // 2 for stage in stages}
    chosen, film, posters = {*film_frames(num_frames)}, [], {}

    def watched():
        for index, frame in enumerate(frames):
            if index in chosen or index in middles:
                posters[index] = encode_jpeg(frame, QUALITY)
            if index in chosen:
                film.append((index, posters[index]))
            yield frame

    passing, position, clips = watched(), 0, []
    for stage in stages:
        start, end = stage["start_frame"], stage["end_frame"]
        collections.deque(itertools.islice(passing, start - position), maxlen=0)
        run, position = itertools.islice(passing, end - start), end
        if (first := next(run, None)) is not None:
            clip = encode_clip(itertools.chain([first], run), fps)
            clips.append((stage["name"], clip, posters.get((start + end) // 2) or encode_jpeg(first, QUALITY)))
    collections.deque(passing, maxlen=0)  # the frames behind the last stage
    return film, clips


def film_frames(num_frames: int, count: int = FILM_FRAMES) -> list[int]:
    """The frames at the centres of `count` equal spans of a video."""
    return ((np.arange(count) + 0.5) * num_frames / count).astype(int).tolist()
