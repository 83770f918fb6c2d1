"""Files of stage labels as annotation tools write them, and what tests look at."""

import json

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats import read
from data_prep.stages.formats.labelled_video import LabelledVideo, checked_videos
from data_prep.stages.formats.videos import VideoFacts, facts_reader
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


def read_all(output, facts_of):
    """Reads what was exported, one file or a folder of them, each recognised by content."""
    paths = sorted(output.iterdir()) if output.is_dir() else [output]
    return [video for path in paths for video in read(path, facts_of)]


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


def write_elan(path, values, tiers="", media="", properties=""):
    """A file as ELAN saves it, (label, start, end) in milliseconds on the tier `Phases`, beside an empty one."""
    media = media or '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/My Videos/dive #1.mp4" MIME_TYPE="video/mp4"/>'
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{n}{side}" TIME_VALUE="{time}"/>'
        for n, (_, *times) in enumerate(values)
        for side, time in zip("ab", times, strict=True)
    )
    annotations = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{n}a" TIME_SLOT_REF2="ts{n}b">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n, (value, *_) in enumerate(values)
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="" DATE="" FORMAT="3.0" VERSION="3.0">'
        f'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{media}{properties}</HEADER><TIME_ORDER>{slots}</TIME_ORDER>'
        f'<TIER TIER_ID="default"/><TIER TIER_ID="Phases">{annotations}</TIER>{tiers}</ANNOTATION_DOCUMENT>'
    )
    return path
