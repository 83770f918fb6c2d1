"""CVAT: "CVAT for video 1.1", XML with one task, which is one video (https://docs.cvat.ai/docs/other/xml_format).

CVAT exports it as `annotations.xml` in a ZIP; both are read. The format cannot label frames
(https://github.com/cvat-ai/cvat/issues/7198). So a stage is a track: a box over the whole frame, visible when the stage
starts and `outside` when it has ended. Frames count from 0.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.labelled_video import LabelledVideo, labelled_video
from data_prep.stages.formats.videos import FactsOf
from data_prep.stages.formats.xml_file import add, attribute, read_root, write_folder
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError

ROOT = "annotations"
MEMBER = "annotations.xml"  # of the ZIP that CVAT exports


def recognises(path: Path, text: str) -> bool:
    """Whether it has the root element, or is a ZIP."""
    return (text.startswith("<") and f"<{ROOT}" in text) or text.startswith("PK\x03\x04")


# === Reading ===


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """Reads the video of a task, named as its file.

    Raises:
        InputError: the XML is of another kind, or names no video.
    """
    root = read_root(path, ROOT, MEMBER)
    meta = root.find("meta")
    if meta is None or root.find("image") is not None or any(meta.find(tag) is not None for tag in ("project", "job")):
        message = f"{path}: a project, a job, or a task for images."
        raise InputError("wrong_format", message, "Export a whole task as CVAT for video 1.1.")
    video_id = meta.findtext(".//source")
    if not video_id:
        raise InputError("missing_key", f"{path}: there is no meta/…/source, the name of the video.")
    stop = _stop(meta, path)
    video = labelled_video(video_id, str(path), root.iterfind("track"), lambda track: _segments(track, stop, str(path)))
    return [dataclasses.replace(video, num_frames=stop)]


def _stop(meta, path):
    """The frame after the last one of the task; None if the file does not say."""
    last, size = meta.findtext(".//stop_frame"), meta.findtext(".//size")
    try:
        return int(last) + 1 if last else int(size) if size else None
    except ValueError:
        message = f"{path}: stop_frame {last!r} or size {size!r} is no integer."
        raise InputError("wrong_value", message) from None


def _segments(track, stop, path):
    """One segment for each time that a track is visible; the last shape holds until the video ends."""
    where = f"{path}, track {track.get('id', '')}"
    stage = attribute(track, "label", where)
    shapes = sorted(
        (attribute(shape, "frame", where, int), attribute(shape, "outside", where, int) != 0)
        for shape in track
        if shape.tag != "attribute"
    )
    segments, start = [], None
    for frame, is_outside in shapes:
        if is_outside and start is not None:
            segments.append(Segment(stage, start, frame, where))
            start = None
        elif not is_outside and start is None:
            start = frame
    return segments if start is None else [*segments, Segment(stage, start, stop, where)]


# === Writing ===


def write(output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes a folder of XML files, one per video, each to be uploaded to a task with that video.

    Raises:
        InputError: `facts_of` knows no frame sizes, or the folder exists.
    """
    if any(facts_of(video.video_id).size is None for video in videos):
        raise InputError("missing_flag", "CVAT's boxes need the size of the videos.", "Set --videos_dir.")
    roots = {video.video_id: _document(video, sport, facts_of(video.video_id)) for video in videos}
    write_folder(output, roots, ".xml")


def _document(video, sport, facts):
    root = ElementTree.Element(ROOT)
    add(root, "version", "1.1")
    task = add(add(root, "meta"), "task")
    fields = {"name": video.video_id, "size": facts.num_frames, "mode": "interpolation", "overlap": 0}
    for name, value in {**fields, "start_frame": 0, "stop_frame": facts.num_frames - 1}.items():
        add(task, name, value)
    labels = add(task, "labels")
    for stage in sport.stages:
        add(add(labels, "label"), "name", stage)
    size = add(task, "original_size")
    for name, value in zip(("height", "width"), facts.size, strict=True):
        add(size, name, value)
    add(task, "source", video.video_id)
    for number, segment in enumerate(video.segments):
        _add_track(root, number, segment, facts)
    return root


def _add_track(root, number, segment, facts):
    track = add(root, "track", id=number, label=segment.stage, source="auto")
    height, width = facts.size
    end = facts.num_frames if segment.end is None else segment.end
    # CVAT refuses shapes after the last frame: such a track goes on.
    frames = [(segment.start, 0), *([(end, 1)] if end < facts.num_frames else [])]
    for frame, outside in frames:
        box = {"frame": frame, "keyframe": 1, "outside": outside, "occluded": 0}
        add(track, "box", **box, xtl=0, ytl=0, xbr=width, ybr=height, z_order=0)
