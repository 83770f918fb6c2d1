"""Pictures of a performance for its page: evenly spaced frames, and a clip of each key fragment."""

import collections
import fractions
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from scoringnet_tf.data.preprocessing import encode_jpeg, resize_frame
from scoringnet_tf.data.video import Clip, VideoStream
from scoringnet_tf.sports import NOISE

HEIGHT = 360  # largest height of a picture, pixels: the model sees far fewer, a person wants to see the athlete
FILM_FRAMES = 12
QUALITY = 85  # of the JPEGs


def filmed(source: Path | Clip, start: int, stop: int) -> Iterator[np.ndarray]:
    """The frames [start, stop) of a file, uint8 (H, W, 3), H ≤ `HEIGHT`, W by the aspect as shown.

    Args:
        source: local path, or a `Clip` of it, whose frames count from the beginning of the file.
        start, stop: frame numbers in the file. A damaged file gives those before the damage.

    Raises:
        VideoError: as of `VideoStream`.
    """
    path = source.path if isinstance(source, Clip) else source
    if path.is_dir() and not isinstance(source, Clip):  # frames count from its first image, whatever its number
        video = VideoStream(Clip(path), partial=True)
        frames: Iterator[np.ndarray] = itertools.islice(video, start, stop)
    else:
        video = VideoStream(Clip(path, (start, stop)), partial=True)
        frames = iter(video)
    size = None
    for frame in frames:
        if size is None:  # for all: a broadcast may change from 4:3 to 16:9 half-way
            height = min(HEIGHT, frame.shape[0])
            size = height, max(2, round(height * frame.shape[1] * video.pixel_aspect / frame.shape[0]))
        yield resize_frame(frame, size)


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


def encode_clip(frames: Iterable[np.ndarray], fps: float) -> bytes:
    """An MP4 (H.264) that browsers play, from frames uint8 (H, W, 3), RGB; odd sizes lose a row or column."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        rate = fractions.Fraction(fps).limit_denominator(1001) or 1
        stream = container.add_stream("libx264", rate=rate, options={"crf": "26", "preset": "fast"})
        for number, frame in enumerate(frames):
            if not number:
                height, width = (size - size % 2 for size in frame.shape[:2])
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode())
    return file.getvalue()
