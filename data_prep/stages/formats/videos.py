"""Videos as labels and their export need them: what is known about each, and the stages that a file has for it.

Frame k of a video is shown from k / fps to (k + 1) / fps, or as its timestamps say if its frame rate varies. Files hold
whole milliseconds, which seldom are such a moment: at 29.97 frames/s frame 1 begins at 33.37 ms. Fractions keep this
exact in videos of any length.
"""

import bisect
import collections
import dataclasses
import functools
import itertools
import math
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath

from data_prep.datasets.readers.layout import find_video
from data_prep.datasets.stage_labels import Segment, segment_errors
from scoringnet_tf.data.video import read_video
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.messages import InputError, Remark, error_remark

FRAME_SIZE = (8, 8)  # no pixel is kept
MILLISECOND = Fraction(1, 1000)
MAX_RATE = 500  # frames/s: shorter frames are not told apart by milliseconds
MAX_DENOMINATOR = 1001  # 29.97 is stated as 30000/1001, or rounded to hundredths or thousandths


def exact_rate(fps: float | Fraction) -> Fraction:
    """The fraction that a rounded frame rate stands for, frames per second."""
    return Fraction(fps).limit_denominator(MAX_DENOMINATOR)


def varying(timestamps: Sequence[float], fps: Fraction) -> tuple[Fraction, ...] | None:
    """Exact timestamps of frames, (L,), seconds since the first; None if the rate is constant, `fps`."""
    even = all(abs(time - frame / fps) <= MILLISECOND for frame, time in enumerate(timestamps))
    return None if even else tuple(Fraction(time).limit_denominator(10**6) for time in timestamps)


@dataclasses.dataclass(frozen=True)
class VideoFacts:
    """What is known of a video; None is unknown."""

    fps: Fraction | None = None  # frames per second, exact
    path: Path | None = None  # of the video file, or of the folder of its images
    num_frames: int | None = None  # how many can be decoded
    timestamps: tuple[Fraction, ...] | None = None  # (L,), seconds since the first frame, if the frame rate varies

    @property
    def frame_rate(self) -> Fraction:
        """`fps`, for files that count time; InputError if it is unknown, or too high for milliseconds."""
        if self.fps is None:
            hint = "Set --fps, or --videos_dir to read it from the videos."
            raise InputError("missing_flag", "A file that counts time needs the frame rate of its videos.", hint)
        if self.fps > MAX_RATE:
            raise InputError("out_of_range", f"{self.path}: {float(self.fps):g} frames/s is above {MAX_RATE}.")
        return self.fps

    def begin_of(self, frame: int) -> Fraction:
        """Seconds at which `frame` begins; after the last frame the frame rate counts on."""
        if self.timestamps is None:
            return frame / self.frame_rate
        last = len(self.timestamps) - 1
        return self.timestamps[min(frame, last)] + max(frame - last, 0) / self.frame_rate

    def frame_at(self, seconds: float | Fraction) -> int:
        """The frame that a mark at `seconds` means.

        Tools cut a frame's beginning to a whole millisecond, when the frame before is still shown: the last
        millisecond of a frame means the next one. With a varying rate, the last frame may last as long as any.
        """
        rate, moment = self.frame_rate, Fraction(seconds) + MILLISECOND
        if self.timestamps is None:
            return math.floor(moment * rate)
        num_frames = len(self.timestamps)
        if moment < self.begin_of(num_frames):
            return bisect.bisect_right(self.timestamps, moment) - 1
        longest = max(later - time for time, later in itertools.pairwise(self.timestamps))
        return num_frames + max(math.floor((moment - self.timestamps[-1] - longest) * rate), 0)


FactsOf = Callable[[str], VideoFacts]  # of a video's id; InputError if the id or the video is wrong


def facts_reader(videos_dir: str | Path | None = None, fps: float | None = None) -> FactsOf:
    """Makes a function of a video id that returns its `VideoFacts`; InputError if the id or its video is wrong.

    The videos of `videos_dir` are decoded to count their frames; `fps` goes before what they state.
    """

    @functools.cache
    def facts_of(video_id: str) -> VideoFacts:
        if videos_dir is None:
            _check_id(video_id)
            return VideoFacts(None if fps is None else exact_rate(fps))
        path = video_path(Path(videos_dir), video_id)
        video = read_video(path, size=FRAME_SIZE)
        rate = exact_rate(fps or video.fps)
        timestamps = varying(video.timestamps.tolist(), rate) if fps is None else None
        return VideoFacts(rate, path, len(video.frames), timestamps)

    return facts_of


def video_path(videos_dir: Path, video_id: str) -> Path:
    """A video's path, whether it exists or not; InputError if the id is no path in a folder."""
    _check_id(video_id)
    return find_video(videos_dir, video_id)


def _check_id(video_id: str) -> None:
    path = PurePosixPath(video_id.replace("\\", "/"))
    is_outside = not path.name or path.is_absolute() or ".." in path.parts
    if is_outside or any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in video_id):
        raise InputError("outside_folder", f"{video_id!r} is not the name of a video in a folder.")


@dataclasses.dataclass(frozen=True)
class LabelledVideo:
    """One video's stages."""

    video_id: str  # as in `stage_labels.csv`
    where: str  # file, and row or task
    segments: tuple[Segment, ...]  # those that could be read; an `end` may be None
    problems: tuple[Remark, ...] = ()  # with file and row, region or annotation
    is_predicted: bool = False  # found by a model and not corrected yet
    frame_rate: float | None = None  # frames per second at which the file counts, if it says so


def checked_videos(videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> list[LabelledVideo]:
    """Lists all problems of the videos, and makes their segments fit to be written.

    A stage without frames is left out. One that reaches to the video's end gets that end, if it is known.
    """
    places = collections.defaultdict(list)
    for video in videos:
        places[video.video_id].append(video.where)
    return [_checked(video, places[video.video_id], sport, facts_of) for video in videos]


def _checked(video: LabelledVideo, places: list[str], sport: Sport, facts_of: FactsOf) -> LabelledVideo:
    problems, num_frames = list(video.problems), None
    try:
        num_frames = facts_of(video.video_id).num_frames
    except InputError as error:
        # A reader that needed the frame rate met the same error.
        problems = [problem for problem in problems if problem != str(error)]
        problems.append(Remark(error.code, f"{video.where}: {error}"))
    if len(places) > 1:
        problems.append(Remark("duplicate", f"{video.where}: {video.video_id} has stages in {', '.join(places)}."))
    problems += map(error_remark, segment_errors(video.segments, sport, num_frames))
    closed = [segment._replace(end=num_frames) if segment.end is None else segment for segment in video.segments]
    kept = tuple(segment for segment in closed if segment.start != segment.end)
    if not kept and not problems:
        problems.append(Remark("no_stages", f"{video.where}: there are no stages of {video.video_id}."))
    return dataclasses.replace(video, segments=kept, problems=tuple(problems))
