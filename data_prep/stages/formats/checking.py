"""Checks stage labels from any file against the sport, the video and each other."""

import collections
import dataclasses
from collections.abc import Sequence

from data_prep.datasets.stage_labels import segment_errors
from data_prep.records.encoding import remark_of
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted


def checked_videos(videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> list[LabelledVideo]:
    """Lists all problems of the videos, and makes their segments fit to be written.

    A stage without frames is left out. One that reaches to the end of the video gets that end, if it is known.

    Args:
        videos: as read.
        sport: of the videos.
        facts_of: see `videos.facts_reader`.

    Returns:
        The videos in the same order.
    """
    places = collections.defaultdict(list)
    for video in videos:
        places[video.video_id].append(video.where)
    return [_checked(video, places[video.video_id], sport, facts_of) for video in videos]


def _checked(video, places, sport, facts_of):
    problems, num_frames = list(video.problems), None
    try:
        num_frames = facts_of(video.video_id).num_frames
    except InputError as error:
        # A reader that needed the frame rate met the same error.
        problems = [problem for problem in problems if problem != str(error)]
        problems.append(Remark(error.code, f"{video.where}: {error}"))
    if len(places) > 1:
        problems.append(Remark("duplicate", f"{video.where}: {video.video_id} has stages in {', '.join(places)}."))
    if num_frames and video.num_frames and abs(video.num_frames - num_frames) > 1:
        message = f"labels of {counted(video.num_frames, 'frame')}, but {video.video_id} has {num_frames}."
        hint = "Label the file itself, not a part or a copy at another rate."
        problems.append(Remark("count_mismatch", f"{video.where}: {message} {hint}"))
    # Tools may count a frame more or less: the end of their video is the end of this one.
    segments = [
        segment._replace(end=None) if num_frames and segment.end == video.num_frames else segment
        for segment in video.segments
    ]
    problems += map(remark_of, segment_errors(segments, sport, num_frames))
    closed = [segment._replace(end=num_frames) if segment.end is None else segment for segment in segments]
    kept = tuple(segment for segment in closed if segment.start != segment.end)
    if not kept and not problems:
        problems.append(Remark("no_stages", f"{video.where}: there are no stages of {video.video_id}."))
    return dataclasses.replace(video, segments=kept, problems=tuple(problems))
