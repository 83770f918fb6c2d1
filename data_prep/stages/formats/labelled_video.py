"""A video with the stage labels that a file has of it, and their problems."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from data_prep.datasets.stage_labels import Segment
from data_prep.records.encoding import remark_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark


@dataclasses.dataclass(frozen=True)
class LabelledVideo:
    """The stages of one video.

    Attributes:
        video_id: as in `stage_labels.csv`.
        where: file, and row or task.
        segments: those that could be read; an `end` may be None.
        problems: with file and row, region or annotation.
        is_predicted: found by a model and not corrected yet.
        num_frames: of the labelled video, if the file counts frames and says so.
        frame_rate: frames per second at which the file counts, if it says so.
    """

    video_id: str
    where: str
    segments: tuple[Segment, ...]
    problems: tuple[Remark, ...] = ()
    is_predicted: bool = False
    num_frames: int | None = None
    frame_rate: float | None = None

    def renamed(self, video_id: str) -> "LabelledVideo":
        """The same labels under another id."""
        return dataclasses.replace(self, video_id=video_id)


def labelled_video(
    video_id: str, where: str, regions: Iterable[Any], segments_of: Callable[[Any], Iterable[Segment]]
) -> LabelledVideo:
    """Makes a `LabelledVideo` of a tool's regions, sorted by time.

    Args:
        video_id: as in `stage_labels.csv`.
        where: file, and row or task.
        regions: what the tool stored, in any order.
        segments_of: makes segments of a region; its InputError becomes a problem of the video.
    """
    segments: list[Segment] = []
    problems = []
    for region in regions:
        try:
            segments += segments_of(region)
        except InputError as error:
            problems.append(remark_of(error))
    segments.sort(key=lambda segment: segment.start)
    return LabelledVideo(video_id, where, tuple(segments), tuple(dict.fromkeys(problems)))


def require_ends(videos: Iterable[LabelledVideo]) -> None:
    """Checks that every segment has an end.

    Raises:
        InputError: segments without one; all are listed.
    """
    segments = [segment for video in videos for segment in video.segments if segment.end is None]
    if segments:
        lines = [f"{segment.where}: {segment} has no end frame." for segment in segments]
        raise InputError("missing_end", "\n".join(lines), "To count the frames, set --videos_dir.")
