"""Pictures of a performance for its page: a clip of its frames, and some of them."""

import fractions
import io
import itertools
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from scoringnet_tf.data.preprocessing import encode_jpeg, resize_frame
from scoringnet_tf.data.video import Clip, VideoStream

HEIGHT = 360  # largest height of a picture, pixels: the model sees far fewer, a person wants to see the athlete
QUALITY = 85  # of the JPEGs
X264 = {"crf": "26", "preset": "fast", "g": "15"}  # a key frame twice a second: a slider moves from one to the next


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


def pictured(frames: Iterable[np.ndarray], fps: float, chosen: Collection[int]) -> tuple[bytes, dict[int, bytes]]:
    """The frames as an MP4, and a JPEG of each of the `chosen`, made with one frame in memory at a time.

    Args:
        frames: uint8 (H, W, 3) each; a damaged file gives fewer than it holds.
        fps: frames per second.
        chosen: numbers of frames, counted from the first.
    """
    jpegs = {}

    def watched():
        for index, frame in enumerate(frames):
            if index in chosen:
                jpegs[index] = encode_jpeg(frame, QUALITY)
            yield frame

    return encode_clip(watched(), fps), jpegs


def encode_clip(frames: Iterable[np.ndarray], fps: float) -> bytes:
    """An MP4 (H.264) that browsers play and move to any frame of, from frames uint8 (H, W, 3), RGB.

    Odd sizes lose a row or column.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        rate = fractions.Fraction(fps).limit_denominator(1001) or 1
        stream = container.add_stream("libx264", rate=rate, options=X264)
        for number, frame in enumerate(frames):
            if not number:
                height, width = (size - size % 2 for size in frame.shape[:2])
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode())
    return file.getvalue()
