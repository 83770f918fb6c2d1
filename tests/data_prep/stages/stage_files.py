"""Files of stage labels as annotation tools write them, and what tests look at."""

import json

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats import read
from data_prep.stages.formats.videos import LabelledVideo, VideoFacts, checked_videos, facts_reader
from scoringnet_tf.sports import get_sport

DIVING = get_sport("diving")
NUM_FRAMES = 100_000
STAGES = {
    "001": [("noise", 0, 3), ("pre-starting", 3, 7), ("take-flight", 7, 8), ("entry", 8, 13), ("noise", 13, 100)],
    "2024 (final)/dive #1, 100%.mp4": [
        ("take-flight", 33, 1001),
        ("entry", 29_970, 99_999),
        ("noise", 99_999, 100_000),
    ],
}
REGION = {"id": "r1", "from_name": "s", "to_name": "video", "type": "timelinelabels"}


def facts_at(fps, num_frames=NUM_FRAMES):
    """What is known of any video."""
    return lambda video_id: VideoFacts(fps, None, num_frames)


def labelled(stages):
    """`LabelledVideo`s of {video id: (stage, start, end)}."""
    return [LabelledVideo(name, "test", tuple(Segment(*row, "test") for row in rows)) for name, rows in stages.items()]


def plain(videos):
    """{video id: [(stage, start, end)]} of videos without problems."""
    assert [video.problems for video in videos] == [()] * len(videos)
    return {video.video_id: [tuple(segment)[:3] for segment in video.segments] for video in videos}


def problems(path, facts_of=None, code=None):
    """The problems of a file's videos, or those of a code."""
    facts_of = facts_of or facts_reader(fps=25)
    found = [problem for video in checked_videos(read(path, facts_of), DIVING, facts_of) for problem in video.problems]
    return [problem for problem in found if code in (None, problem.code)]


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


def timeline(start, end, label="entry"):
    return {**REGION, "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}}


def task(*regions, video="/data/upload/3/1a2b3c4d-dive_1.mp4", **data):
    """A task as Label Studio exports it."""
    result = {"id": 7, "was_cancelled": False, "result": list(regions)}
    return {"id": 12, "data": {"video": video, **data}, "annotations": [result], "predictions": []}
