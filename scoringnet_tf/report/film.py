"""What a page shows of the pixels of a performance: frames evenly spaced, and each key fragment as a clip to play."""

import collections
import dataclasses
import fractions
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg, resize_frame
from scoringnet_tf.data.video import Clip, Video, VideoStream
from scoringnet_tf.sports import NOISE

HEIGHT = 360  # lines of a page's pictures at most: the model is shown far fewer, a person wants to see the athlete
FILM_FRAMES = 12
QUALITY = 85  # of their JPEGs


@dataclasses.dataclass(frozen=True)
class Film:
    """Pictures of a performance; frames are counted from the first that its page shows.

    Attributes:
        frames: (number, JPEG), evenly spaced.
        clips: (stage, MP4, JPEG of its middle) of each run of a stage that is not noise.
    """

    frames: Sequence[tuple[int, bytes]] = ()
    clips: Sequence[tuple[str, bytes, bytes]] = ()


def filmed(source: Path | Clip, start: int, stop: int, stream: int | None = None) -> Iterator[np.ndarray]:
    """The frames [start, stop) of a file as they were filmed, uint8 (H, W, 3), no higher than `HEIGHT`, W as shown.

    Args:
        source: local path, or a `Clip` of it, whose frames count from the beginning of the file.
        start, stop: numbers in the file.
        stream: as of `VideoStream`, whose errors it raises; of a file that is damaged half-way those before.
    """
    path = source.path if isinstance(source, Clip) else source
    if path.is_dir() and not isinstance(source, Clip):  # frames count from its first image, whatever number that has
        video = VideoStream(Clip(path), partial=True)
        frames: Iterator[np.ndarray] = itertools.islice(video, start, stop)
    else:
        video = VideoStream(Clip(path, (start, stop)), partial=True, stream=stream)
        frames = iter(video)
    size = None
    for frame in frames:
        if size is None:  # of all: a broadcast may change from 4:3 to 16:9 half-way
            height = min(HEIGHT, frame.shape[0])
            size = height, max(2, round(height * frame.shape[1] * video.pixel_aspect / frame.shape[0]))
        yield resize_frame(frame, size)


def stored(video: Video) -> Iterator[np.ndarray]:
    """The frames of a `Video` in stored form, such as that of a record."""
    return map(decode_jpeg, video.frames)


def film_of(frames: Iterable[np.ndarray], num_frames: int, stages: Sequence[Mapping], fps: float) -> Film:
    """The film of the frames of a page, of which one is in memory at a time.

    Args:
        frames: uint8 (H, W, 3) each; fewer than `num_frames` where a file is damaged.
        num_frames: L.
        stages: runs in order of time, frames counted from the first of these; frames between them are of no clip.
        fps: frames per second.
    """
    wanted, shown, posters = {*film_frames(num_frames)}, [], {}
    middles = {(stage["start_frame"] + stage["end_frame"]) // 2 for stage in stages if stage["name"] != NOISE}

    def watched():
        for index, frame in enumerate(frames):
            if index in wanted or index in middles:
                jpeg = encode_jpeg(frame, QUALITY)
                shown.extend([(index, jpeg)] * (index in wanted))
                posters[index] = jpeg
            yield frame

    passing, position, clips = watched(), 0, []
    for stage in (stage for stage in stages if stage["name"] != NOISE):
        start, end = stage["start_frame"], stage["end_frame"]
        collections.deque(itertools.islice(passing, start - position), maxlen=0)
        run, position = itertools.islice(passing, end - start), end
        if (first := next(run, None)) is not None:
            clip = encode_clip(itertools.chain([first], run), fps)
            clips.append((stage["name"], clip, posters.get((start + end) // 2) or encode_jpeg(first, QUALITY)))
    collections.deque(passing, maxlen=0)  # what lies behind the last stage
    return Film(shown, clips)


def film_frames(num_frames: int, count: int = FILM_FRAMES) -> list[int]:
    """The frames at the centres of `count` equal spans of a video."""
    return ((np.arange(count) + 0.5) * num_frames / count).astype(int).tolist()


def encode_clip(frames: Iterable[np.ndarray], fps: float) -> bytes:
    """An MP4 (H.264) that browsers play, of frames uint8 (H, W, 3), RGB; odd sizes lose a row or column."""
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
