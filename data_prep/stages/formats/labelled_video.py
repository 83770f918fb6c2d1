"""A video with the stage labels that a file has of it, checked against the sport, the video and other files."""

import collections
import dataclasses
from collections.abc import Sequence

from data_prep.datasets.stage_labels import Segment, segment_errors
from data_prep.records.encoding import remark_of
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.messages import InputError, Remark


@dataclasses.dataclass(frozen=True)
class LabelledVideo:
    """The stages of one video."""

    video_id: str  # as in `stage_labels.csv`
    where: str  # file, and row or task
    segments: tuple[Segment, ...]  # those that could be read; an `end` may be None
    problems: tuple[Remark, ...] = ()  # with file and row, region or annotation
    is_predicted: bool = False  # found by a model and not corrected yet
    frame_rate: float | None = None  # frames per second at which the file counts, if it says so


def checked_videos(videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> list[LabelledVideo]:
    """Lists all problems of the videos, and makes their segments fit to be written.

    A stage without frames is left out. One that reaches to the end of the video gets that end, if it is known.
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
    problems += map(remark_of, segment_errors(video.segments, sport, num_frames))
    closed = [segment._replace(end=num_frames) if segment.end is None else segment for segment in video.segments]
    kept = tuple(segment for segment in closed if segment.start != segment.end)
    if not kept and not problems:
        problems.append(Remark("no_stages", f"{video.where}: there are no stages of {video.video_id}."))
    return dataclasses.replace(video, segments=kept, problems=tuple(problems))
