"""Decoding of video files with PyAV: every frame, as RGB, or a clear error. No TensorFlow."""

import dataclasses
from pathlib import Path

import av
import numpy as np

from scoringnet_tf.errors import InputError
from scoringnet_tf.frames import resize_frame

DEFAULT_FPS = 25.0  # where a file gives neither a frame rate nor timestamps: the rate of the UNLV and UCF videos
# MPEG-4 with packed B-frames (old AVI files) announces one frame more than it holds: that is no damage.
ANNOUNCED_TOLERANCE = 1


class VideoError(InputError):
    """A video file is missing, is not a video, or cannot be decoded to its end."""


@dataclasses.dataclass(frozen=True)
class Video:
    """A decoded video.

    Attributes:
        frames: uint8 (L, H, W, 3), RGB, upright; resized if `read_video` was given a size.
        fps: frames per second.
        timestamps: float64 (L,), seconds since the first frame.
        source_size: (height, width) of the frames in the file.
        warnings: what was assumed or lost, one sentence each.
    """

    frames: np.ndarray
    fps: float
    timestamps: np.ndarray
    source_size: tuple[int, int]
    warnings: tuple[str, ...] = ()


def read_video(path, *, size=None, partial=False, num_threads=0):
    """Decodes all frames of the first video stream of a file.

    Args:
        path: a file in any format FFmpeg reads, animated GIF included.
        size: (height, width) to resize each frame to as it is decoded, so that a long video fits memory; None keeps
            the file's own.
        partial: if True, a video that is damaged half-way gives the frames before the damage and a warning instead of
            an error.
        num_threads: threads of the decoder; 0 lets FFmpeg choose.

    Returns:
        A `Video`.

    Raises:
        VideoError: the file is missing, not a video, has no frames, or (unless `partial`) is truncated or corrupt.
    """
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"{path}: expected a video file. Received: {'a folder' if path.is_dir() else 'no such file'}.")
    try:
        container = av.open(str(path.absolute()))  # "a:b.avi" alone would name a protocol
    except av.FFmpegError as error:
        raise VideoError(
            f"{path}: expected a video. Received: a file that FFmpeg cannot open ({error.strerror})."
        ) from error
    with container:
        if not container.streams.video:
            raise VideoError(f"{path}: expected a video stream. Received: none (a truncated or an audio file?).")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise VideoError(f"{path}: expected a video that FFmpeg can decode. Received: one of an unknown codec.")
        stream.codec_context.thread_count = num_threads
        decoded = _decode(container, stream, size)
        return _checked_video(path, stream, decoded, partial)


@dataclasses.dataclass
class _Decoded:
    """What came out of a stream before its end or its first error."""

    frames: list = dataclasses.field(default_factory=list)
    times: list = dataclasses.field(default_factory=list)  # seconds, None where the file has none
    source_size: tuple[int, int] = (0, 0)
    error: str = ""


def _decode(container, stream, size):
    decoded = _Decoded()
    try:
        for frame in container.decode(stream):
            image = _upright(frame)
            if not decoded.frames:
                decoded.source_size = image.shape[:2]
            # Streams may change size midway (a broadcast cutting to 4:3): all frames take the first one's.
            decoded.frames.append(resize_frame(image, size or decoded.source_size))
            decoded.times.append(frame.time)
    except av.FFmpegError as error:
        decoded.error = error.strerror
    return decoded


def _upright(frame):
    """RGB pixels, turned as the file's rotation metadata (phones) asks; `frame.rotation` is counter-clockwise."""
    image = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, k=round(frame.rotation / 90) % 4))


def _checked_video(path, stream, decoded, partial):
    num_frames, announced = len(decoded.frames), stream.frames
    if not num_frames:
        raise VideoError(f"{path}: expected at least one frame. Received: none ({decoded.error or 'empty stream'}).")
    warnings = []
    if decoded.error or num_frames < announced - ANNOUNCED_TOLERANCE:
        damage = (
            f"{path}: expected {announced or 'all'} frames. Received: {num_frames}, then "
            f"{decoded.error or 'the end of the file'} (truncated, corrupt, or recorded with dropped frames)."
        )
        if not partial:
            raise VideoError(damage)
        warnings.append(damage)
    fps, timestamps, guessed = _timing(stream, decoded.times)
    warnings += guessed
    return Video(np.stack(decoded.frames), fps, timestamps, decoded.source_size, tuple(warnings))


def _timing(stream, times):
    """Frame rate and timestamps, from whichever of the two the file states credibly; and warnings."""
    has_times = None not in times and len(times) > 1 and bool(np.all(np.diff(times) > 0))
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    warnings = []
    if not 1 <= rate <= 1000:
        rate = 1 / float(np.median(np.diff(times))) if has_times else DEFAULT_FPS
        if not has_times:
            warnings.append(f"The file states no frame rate: {DEFAULT_FPS:g} frames per second assumed.")
    # Old AVI files carry timestamps that go back: then frames are evenly spaced.
    timestamps = np.array(times) - times[0] if has_times else np.arange(len(times)) / rate
    return rate, timestamps, warnings
