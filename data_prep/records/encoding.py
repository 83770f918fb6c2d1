"""Decoding clips and encoding their frames as JPEG at the stored size, one process per core. No TensorFlow."""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import multiprocessing
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoError, VideoStream


@dataclasses.dataclass(frozen=True)
class EncodedVideo:
    """A clip's frames as they will be stored, and what the record says of their source; or the error it gave.

    Attributes:
        jpegs: L encoded frames.
        timestamps: float64 (L,), seconds.
        fps: frames per second.
        source_size: (height, width) in the source.
        aspect: width over height of the source's picture as shown.
        sha256: of the file, or of the images one after the other, hexadecimal.
        warnings: what decoding assumed.
        error: None, or why the video could not be decoded; then all else is empty.
    """

    jpegs: list[bytes] = dataclasses.field(default_factory=list)
    timestamps: np.ndarray | None = None
    fps: float = 0.0
    source_size: tuple[int, int] = (0, 0)
    aspect: float = 0.0
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    error: str | None = None


def encode_video(clip: Clip, stored: StoredForm) -> EncodedVideo:
    """Decodes a clip and encodes its frames in their stored form; a bad one does not raise, but says so.

    Args:
        clip: what to decode.
        stored: what is kept of a frame.
    """
    stream = VideoStream(clip, num_threads=1)
    try:
        jpegs = [stored.encode(frame, stream.pixel_aspect) for frame in stream]
        sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    except (VideoError, OSError) as error:
        return EncodedVideo(error=str(error))
    video = stream.video(jpegs)
    return EncodedVideo(jpegs, video.timestamps, video.fps, video.source_size, video.aspect, sha256, video.warnings)


def aspect_of(clip: Clip) -> float | None:
    """Width over height of the picture of a clip, of its first frame; None for a bad one."""
    stream = VideoStream(clip, num_threads=1)
    try:
        next(iter(stream))
    except (VideoError, OSError):
        return None
    return stream.aspect


@contextlib.contextmanager
def in_processes(workers: int) -> Iterator[Callable]:
    """A `map` that keeps the order and computes in `workers` processes (one: this one)."""
    if workers == 1:
        yield map
        return
    # Spawned, not forked: a fork of a process in which TensorFlow runs threads may hang.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
