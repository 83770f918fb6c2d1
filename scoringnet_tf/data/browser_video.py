"""Video for people: frames at a size to look at, and files that browsers play. No TensorFlow."""

import functools
import gc
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from scoringnet_tf.data.preprocessing import encode_jpeg, resize_frame, viewing_size
from scoringnet_tf.data.video import Clip, VideoError, VideoStream
from scoringnet_tf.support.threads import overlapping

QUALITY = 90  # of JPEGs for people
HEIGHT = 360  # largest height of a picture, pixels: the model sees far fewer, a person wants to see the athlete
MAX_DENOMINATOR = 1001  # of a frame rate: 30000/1001
COLLECTED = 50  # frames after which memory is freed: PyAV's are in cycles, too few for Python to look for them
CLOCK = Fraction(1, 90_000)  # seconds: the unit in which times are written, as MPEG does


class Filmed(Sequence[bytes]):
    """The frames [start, stop) in a file as JPEGs of (height, width), decoded again whenever they are iterated over.

    A slice decodes nothing. Arguments as for `filmed`; VideoError if there are fewer frames now.
    """

    def __init__(self, source: Path | Clip, size: tuple[int, int], start: int, stop: int) -> None:
        self._source, self._size, self._range = source, size, range(start, stop)

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return next(iter(self[range(len(self))[index] :]))
        numbers = self._range[index]
        return Filmed(self._source, self._size, numbers.start, numbers.stop)

    def __iter__(self) -> Iterator[bytes]:
        frames, count = filmed(self._source, self._range.start, self._range.stop, size=self._size), 0
        for jpeg in overlapping(functools.partial(encode_jpeg, quality=QUALITY), frames):
            yield jpeg
            count += 1
        if count < len(self):
            raise VideoError("changed", f"{self._source} has changed since it was read.", "Read it again.")


def filmed(
    source: Path | Clip, start: int, stop: int, height: int = HEIGHT, size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Yields the frames [start, stop) in a file, uint8 (H, W, 3), H ≤ `height`, W by the aspect as shown.

    Args:
        source: local path, or a `Clip` of it, whose frames count from the file's beginning.
        start, stop: frame numbers in the file. A damaged file gives those before the damage.
        height: largest height, pixels.
        size: (H, W) instead of that.

    Raises:
        VideoError: as `VideoStream`.
    """
    path = source.path if isinstance(source, Clip) else source
    if path.is_dir() and not isinstance(source, Clip):  # frames count from its first image, whatever its number
        video = VideoStream(Clip(path), partial=True)
        frames: Iterator[np.ndarray] = itertools.islice(video, start, stop)
    else:
        video = VideoStream(Clip(path, (start, stop)), partial=True)
        frames = iter(video)
    for frame in frames:
        if size is None:  # for all: a broadcast may change from 4:3 to 16:9 half-way
            size = viewing_size(frame.shape[:2], video.pixel_aspect, height)
        yield resize_frame(frame, size)


def encode_clip(frames: Iterable[np.ndarray], clock: Sequence[float] | np.ndarray) -> bytes:
    """Encodes L frames as `write_clip` does; `clock`, (L + 1,): seconds at which each begins, and the last one ends."""
    file = io.BytesIO()
    write_clip(file, zip(frames, clock, strict=False), (len(clock) - 1) / clock[-1])
    return file.getvalue()


def write_clip(
    target: Path | io.BytesIO, frames: Iterable[tuple[np.ndarray, float]], fps: float, mark: str = ""
) -> None:
    """Writes an MP4 (H.264) that browsers play while they load it; odd sizes lose a row or column.

    Args:
        target: a file in memory, or a local path whose folder exists.
        frames: uint8 (H, W, 3), RGB, each with its seconds, which rise from 0.
        fps: approximate frames per second.
        mark: text near the file's beginning, for programs.
    """
    rate = _rate(fps)
    in_memory = isinstance(target, io.BytesIO)  # which FFmpeg cannot read again, to move the index to its front
    file, options = (target, {}) if in_memory else (str(target), {"movflags": "faststart"})
    with av.open(file, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "26", "preset": "fast"})
        stream.codec_context.time_base = CLOCK
        if mark:
            stream.metadata["handler_name"] = mark  # comes before all that grows with the video
        for number, (frame, seconds) in enumerate(frames):
            if not number:
                height, width = (size - size % 2 for size in frame.shape[:2])
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            image.pts, image.time_base = round(seconds / CLOCK), CLOCK
            container.mux(stream.encode(image))
            if number % COLLECTED == 0:
                gc.collect(1 if number % (20 * COLLECTED) else 2)  # all of it takes longer
        container.mux(stream.encode())


def _rate(fps: float) -> Fraction:
    """Frames per second as a file states them; 1 for video with hours between frames."""
    return Fraction(fps).limit_denominator(MAX_DENOMINATOR) or Fraction(1)
