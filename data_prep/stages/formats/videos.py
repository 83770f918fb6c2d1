"""What exporting, and reading what counts time, needs to know of the videos themselves."""

import dataclasses
import functools
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path, PurePosixPath

from data_prep.datasets.readers.layout import find_video
from data_prep.stages.formats.timing import MAX_RATE, exact_rate, frame_at, milliseconds_of, varying
from scoringnet_tf.data.video import read_video
from scoringnet_tf.support.errors import InputError

FRAME_SIZE = (8, 8)  # nothing is kept of the pixels


@dataclasses.dataclass(frozen=True)
class VideoFacts:
    """What is known of a video; None is unknown.

    Attributes:
        fps: frames per second, exact.
        path: of the video file, or of the folder of its images.
        num_frames: how many can be decoded.
        size: (height, width), pixels.
        timestamps: of each frame, seconds since the first one, where the frame rate varies.
    """

    fps: Fraction | None = None
    path: Path | None = None
    num_frames: int | None = None
    size: tuple[int, int] | None = None
    timestamps: tuple[Fraction, ...] | None = None

    def frame_at(self, seconds: float | Fraction) -> int:
        """The frame that a mark at `seconds` means, see `timing.frame_at`; InputError as of `frame_rate`."""
        return frame_at(seconds, self.frame_rate, self.timestamps)

    def milliseconds_of(self, frame: int) -> int:
        """When a frame is shown, see `timing.milliseconds_of`; InputError as of `frame_rate`."""
        return milliseconds_of(frame, self.frame_rate, self.timestamps)

    @property
    def frame_rate(self) -> Fraction:
        """`fps`, for what counts time.

        Raises:
            InputError: it is unknown, or too high for milliseconds.
        """
        if self.fps is None:
            raise InputError(
                "todo",
                "--fps: expected frames per second, or --videos_dir to read them from, for a file that counts time. "
                "Received: neither.",
            )
        if self.fps > MAX_RATE:
            raise InputError(
                "todo", f"{self.path}: expected at most {MAX_RATE} frames/s. Received: {float(self.fps):g}"
            )
        return self.fps


FactsOf = Callable[[str], VideoFacts]  # a video's id in, what is known of it out; InputError where that is wrong


def facts_reader(videos_dir: str | Path | None = None, fps: float | None = None) -> FactsOf:
    """A function of a video id that gives its `VideoFacts`.

    Args:
        videos_dir: folder of the videos, which are decoded to count their frames; None where there are none.
        fps: frames per second, whatever the videos say; None for what each states, and its timestamps.

    Returns:
        The function; it raises InputError for an id that is no path inside a folder, and where `videos_dir` has no such
        video, or a damaged one.
    """

    @functools.cache
    def facts_of(video_id):
        if videos_dir is None:
            _check_id(video_id)
            return VideoFacts(None if fps is None else exact_rate(fps))
        path = video_path(Path(videos_dir), video_id)
        video = read_video(path, size=FRAME_SIZE)
        rate = exact_rate(fps or video.fps)
        timestamps = varying(video.timestamps.tolist(), rate) if fps is None else None
        return VideoFacts(rate, path, len(video.frames), video.source_size, timestamps)

    return facts_of


def video_path(videos_dir: Path, video_id: str) -> Path:
    """Where a video is, whether it exists or not; InputError for an id that is no path inside a folder."""
    _check_id(video_id)
    return find_video(videos_dir, video_id)


def _check_id(video_id):
    path = PurePosixPath(video_id.replace("\\", "/"))
    unwritable = [letter for letter in video_id if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")]
    if unwritable:
        raise InputError("todo", f"expected the name of a video without {unwritable[0]!r}. Received: {video_id!r}")
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise InputError("todo", f"expected the name of a video, which lies inside a folder. Received: {video_id!r}")
