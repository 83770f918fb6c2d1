"""Decoding clips and encoding their frames as JPEG at the stored size, one process per core. No TensorFlow."""

import concurrent.futures
import dataclasses
import functools
import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.data.video import Clip, VideoError, read_video


@dataclasses.dataclass(frozen=True)
class EncodedVideo:
    """A clip's frames as they will be stored, and what the record says of their source; or the error it gave.

    Attributes:
        jpegs: L encoded frames.
        timestamps: float64 (L,), seconds.
        fps: frames per second.
        source_size: (height, width) in the source.
        sha256: of the file, or of the images one after the other, hexadecimal.
        warnings: what decoding assumed.
        error: None, or why the video could not be decoded; then all else is empty.
    """

    jpegs: list[bytes] = dataclasses.field(default_factory=list)
    timestamps: np.ndarray | None = None
    fps: float = 0.0
    source_size: tuple[int, int] = (0, 0)
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    error: str | None = None


def encode_video(clip: Clip, size: tuple[int, int], quality: int) -> EncodedVideo:
    """Decodes a clip, resizes its frames and encodes them; one that cannot be decoded does not raise, but says so.

    Args:
        clip: what to decode.
        size: (height, width) of the stored frames, pixels.
        quality: of JPEG, 1–100.
    """
    try:
        video = read_video(clip, size=size, num_threads=1)
        sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    except (VideoError, OSError) as error:
        return EncodedVideo(error=str(error))
    jpegs = [encode_jpeg(frame, quality) for frame in video.frames]
    return EncodedVideo(jpegs, video.timestamps, video.fps, video.source_size, sha256, video.warnings)


def encode_videos(clips: Iterable[Clip], size: tuple[int, int], quality: int, workers: int) -> Iterator[EncodedVideo]:
    """Yields `encode_video` of each clip, in order, computed by `workers` processes (one: this one)."""
    encode = functools.partial(encode_video, size=size, quality=quality)
    if workers == 1:
        yield from map(encode, clips)
        return
    # Spawned, not forked: a fork of a process in which TensorFlow runs threads may hang.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        try:
            yield from pool.map(encode, clips)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
