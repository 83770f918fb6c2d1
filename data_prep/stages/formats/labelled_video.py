"""A video with stage labels, as it was read from a file, and what is wrong with them."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from data_prep.datasets.stage_labels import Segment
from scoringnet_tf.support.errors import InputError


@dataclasses.dataclass(frozen=True)
class LabelledVideo:
    """The stages of one video.

    Attributes:
        video_id: as `stage_labels.csv` names videos.
        where: file, and row or task.
        segments: what was readable; an `end` may be None.
        problems: what was wrong, one message each, with file and row, region or annotation.
        is_predicted: a model found the stages, and nobody has corrected them yet.
        num_frames: of the video that was labelled, where the file says so and counts no time.
        frame_rate: frames per second at which the file says that it counts frames.
    """

    video_id: str
    where: str
    segments: tuple[Segment, ...]
    problems: tuple[str, ...] = ()
    is_predicted: bool = False
    num_frames: int | None = None
    frame_rate: float | None = None

    def renamed(self, video_id: str) -> "LabelledVideo":
        """The same labels of a video that is called otherwise."""
        return dataclasses.replace(self, video_id=video_id)


def labelled_video(
    video_id: str, where: str, regions: Iterable[Any], segments_of: Callable[[Any], Iterable[Segment]]
) -> LabelledVideo:
    """A `LabelledVideo` of a tool's regions, in order of time, which is not the order that tools write them in.

    Args:
        video_id: as `stage_labels.csv` names videos.
        where: file, and row or task.
        regions: what the tool stored.
        segments_of: makes segments of one region; an InputError of it becomes a problem of the video.
    """
    segments: list[Segment] = []
    problems = []
    for region in regions:
        try:
            segments += segments_of(region)
        except InputError as error:
            problems.append(str(error))
    segments.sort(key=lambda segment: segment.start)
    return LabelledVideo(video_id, where, tuple(segments), tuple(dict.fromkeys(problems)))


def require_ends(videos: Iterable[LabelledVideo]) -> None:
    """Checks that every segment has an end.

    Raises:
        InputError: segments reach to the end of a video whose length is unknown; every one is listed.
    """
    open_ended = [
        f"{segment.where}: expected an end frame, or --videos_dir to count the frames. Received: {segment}"
        for video in videos
        for segment in video.segments
        if segment.end is None
    ]
    if open_ended:
        raise InputError("todo", "\n".join(open_ended))
