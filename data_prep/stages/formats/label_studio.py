"""Label Studio: tasks with regions on a video's timeline, as JSON.

A project with this labelling interface

    <View>
      <Video name="video" value="$video" frameRate="$fps"/>
      <TimelineLabels name="stages" toName="video">
        <Label value="take-flight"/> …
      </TimelineLabels>
    </View>

imports what `write` wrote, as predictions to correct. Timelines count frames from 1, both ends inclusive
(https://labelstud.io/tags/timelinelabels), at the task's frame rate: 24 frames/s, unless `write` states another.
If a video's rate varies, they are times.
"""

import json
import numbers
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from data_prep.datasets.readers.text import read_text
from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.videos import MAX_RATE, FactsOf, LabelledVideo, VideoFacts, exact_rate
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import InputError, error_remark

VIDEO, VIDEO_ID, FPS = "video", "video_id", "fps"  # keys of a task's data; Label Studio keeps those it does not know
STAGES = "stages"  # name of the control tag
MAX_NUMBER = 2**53  # larger numbers are not exact in JSON
LOCAL_FILES = "/data/local-files/?d="  # Label Studio serves the files of a storage here
# Label Studio puts eight hexadecimal digits before the name of an uploaded file.
UPLOAD = re.compile(r"/upload/\d+/[0-9a-f]{8}-(?P<name>[^/]+)$")


def recognises(path: Path, text: str) -> bool:
    """Whether it is JSON: an object, or a list of objects."""
    return text.lstrip("[ \n\r\t").startswith("{")


# === Reading ===


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """Reads a video per task in an export ("JSON", not "JSON-MIN"), or of what `write` wrote; or InputError."""
    videos, errors = [], []
    for number, task in enumerate(_tasks(path), start=1):
        where = f"{path}, task {task.get('id', number) if isinstance(task, dict) else number}"
        try:
            videos.append(_video(task, where, facts_of))
        except InputError as error:
            errors.append(error)
    if errors:
        raise InputError(errors[0].code, "\n".join(map(str, errors)))
    return videos


def _tasks(path: Path) -> list[Any]:
    try:
        loaded = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError("damaged_json", f"{path}: not JSON ({type(error).__name__}: {error}).") from error
    return loaded if isinstance(loaded, list) else [loaded]


def _video(task: Any, where: str, facts_of: FactsOf) -> LabelledVideo:
    data = _field(task, "data", dict, where)
    video_id = _video_id(data, where)
    try:
        regions, rate = _regions(task, where), _stated_rate(data, where)
    except InputError as error:
        return LabelledVideo(video_id, where, (), (error_remark(error),))

    segments: list[Segment] = []
    problems = []
    for number, region in enumerate(regions, start=1):
        place = f"{where}, region {region.get('id', number) if isinstance(region, dict) else number}"
        try:
            spans = _labelled_spans(region, place)
            segments += [_of_frames(stage, span, place, facts_of(video_id), rate) for stage, span in spans]
        except InputError as error:
            problems.append(error_remark(error))
    segments.sort(key=lambda segment: segment.start)
    is_predicted, frame_rate = "annotations" not in task, None if rate is None else float(rate)
    return LabelledVideo(video_id, where, tuple(segments), tuple(dict.fromkeys(problems)), is_predicted, frame_rate)


def _video_id(data: dict[str, Any], where: str) -> str:
    """The id that `write` wrote, else the name that `data` gives the video."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    if VIDEO_ID in texts:
        if VIDEO in texts:
            _check_names(texts[VIDEO_ID], video_name(texts[VIDEO], where), where)
        return texts[VIDEO_ID]
    references = [texts[VIDEO]] if VIDEO in texts else list(texts.values())
    if len(references) != 1:
        raise InputError("missing_key", f"{where}: there is no data.{VIDEO}, but {', '.join(data) or 'no data'}.")
    return video_name(references[0], where)


def _check_names(video_id: str, file: str, where: str) -> None:
    name, path = PurePosixPath(video_id), PurePosixPath(file)
    if not {name.name, name.stem} & {path.name, path.stem}:
        raise InputError("other_video", f"{where}: its {VIDEO_ID} is {video_id}, but it refers to the file {file}.")


def video_name(reference: str, where: str) -> str:
    """The file name in the URL or path of a video; InputError, which says `where`, if it is neither.

    Label Studio's `/data/local-files/?d=PATH` has it in the query, `/data/upload/PROJECT/HASH-NAME` after a hash.
    """
    try:
        url = urlsplit(reference.replace("\\", "/"), allow_fragments=False)  # "dive #1.mp4" may be a path
    except ValueError as error:
        raise InputError("wrong_value", f"{where}: {reference!r} is no URL of a video ({error}).") from error
    is_local = url.path.endswith("/local-files/")
    path = parse_qs(url.query).get("d", [""])[0] if is_local else unquote(url.path)
    upload = UPLOAD.search(path)
    return upload["name"] if upload else PurePosixPath(path).name


def _stated_rate(data: dict[str, Any], where: str) -> Fraction | None:
    fps = data.get(FPS)
    if fps in (None, ""):  # the latter is an empty cell of a table from which tasks were imported
        return None
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 1 <= fps <= MAX_RATE:
        raise InputError("out_of_range", f"{where}: {FPS} is {fps!r}, no number from 1 to {MAX_RATE}.")
    return exact_rate(fps)


def _regions(task: Any, where: str) -> list[Any]:
    """The regions in the only annotation, or in the only prediction if Label Studio has not seen the task."""
    kind = "annotations" if "annotations" in task else "predictions"
    entries = _field(task, kind, list, where)
    results = [entry for entry in entries if not (isinstance(entry, dict) and entry.get("was_cancelled"))]
    if not results:
        raise InputError("not_labelled", f"{where}: there are no {kind}: it was skipped, or not labelled yet.")
    if len(results) > 1:
        raise InputError("ambiguous_labels", f"{where}: there are {len(results)} {kind}, which may disagree.")
    return _field(results[0], "result", list, where)


def _labelled_spans(region: Any, where: str) -> list[tuple[str, Any]]:
    """(stage, span) in a region's frames; none for a rectangle or a choice."""
    value = _field(region, "value", dict, where)
    if not {"timelinelabels", "ranges"} & value.keys():
        return []
    labels = value.get("timelinelabels")
    if not (isinstance(labels, list) and len(labels) == 1 and isinstance(labels[0], str)):
        raise InputError("wrong_value", f"{where}: {labels} is not one label.")
    return [(labels[0], span) for span in _field(value, "ranges", list, where)]


def _of_frames(stage: str, span: Any, where: str, facts: VideoFacts, rate: Fraction | None) -> Segment:
    first, last = (_number(span, name, where) for name in ("start", "end"))
    if first != int(first) or last != int(last) or first < 1:
        raise InputError("wrong_value", f"{where}: {first} to {last} are no frames, integers from 1.")
    if facts.timestamps is None and (rate is None or facts.fps in (None, rate)):  # nothing to convert, or to round
        return Segment(stage, int(first) - 1, int(last), where)
    if rate is None:
        raise InputError("missing_key", f"{where}: the rate of the video varies, and the task's data has no {FPS}.")
    return Segment(stage, facts.frame_at((int(first) - 1) / rate), facts.frame_at(int(last) / rate), where)


def _number(container: Any, name: str, where: str) -> Any:
    value = _field(container, name, numbers.Real, where)
    if isinstance(value, bool) or not abs(value) < MAX_NUMBER:  # NaN compares false
        raise InputError("wrong_value", f"{where}: {name} is {value}, no number.")
    return value


def _field(container: Any, name: str, kind: type, where: str) -> Any:
    value = container.get(name) if isinstance(container, dict) else None
    if not isinstance(value, kind):
        code = "missing_key" if value is None else "wrong_value"
        raise InputError(code, f"{where}: {name} is {type(value).__name__} instead of {kind.__name__}.")
    return value


# === Writing ===


def write(output: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> None:
    """Writes tasks to import, the stages as predictions.

    Label Studio (tried with 1.23) finds the videos if LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED is true,
    LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT is the parent of their folder, and the project has a storage "Local files" of
    their folder, which must not be the document root.
    """
    endless = [segment for video in videos for segment in video.segments if segment.end is None]
    if endless:
        lines = [f"{segment.where}: {segment} has no end frame." for segment in endless]
        raise InputError("missing_end", "\n".join(lines), "To count the frames, set --videos_dir.")
    write_json(output, [_task(video, facts_of) for video in videos])


def _task(video: LabelledVideo, facts_of: FactsOf) -> dict[str, Any]:
    facts = facts_of(video.video_id)
    file = video.video_id
    if facts.path is not None:  # as seen from the parent of the folder in which the id is a path
        path = facts.path.absolute()
        file = path.relative_to(path.parents[min(file.count("/") + 1, len(path.parents) - 1)]).as_posix()
    rate = {} if facts.fps is None else {FPS: float(facts.fps)}
    return {
        "data": {VIDEO: LOCAL_FILES + quote(file), VIDEO_ID: video.video_id, **rate},
        "predictions": [
            {"result": [_region(video.video_id, *item, facts) for item in enumerate(video.segments, start=1)]}
        ],
    }


def _region(video_id: str, number: int, segment: Segment, facts: VideoFacts) -> dict[str, Any]:
    first, end = segment.start, segment.end
    if facts.timestamps is not None and end is not None:
        first, end = (round(facts.begin_of(frame) * facts.frame_rate) for frame in (first, end))
        if first == end:
            message = f"{video_id}: {segment} is shorter than a frame at the mean rate, by which Label Studio counts."
            raise InputError("stage_too_short", message, "Choose another --to.")
    return {
        "id": f"stage{number}",
        "from_name": STAGES,
        "to_name": VIDEO,
        "type": "timelinelabels",
        "value": {"ranges": [{"start": first + 1, "end": end}], "timelinelabels": [segment.stage]},
    }
