"""Label Studio: tasks with regions on the timeline of a video, as JSON.

A project whose labelling interface is

    <View>
      <Video name="video" value="$video" frameRate="$fps"/>
      <TimelineLabels name="stages" toName="video">
        <Label value="take-flight"/> …
      </TimelineLabels>
    </View>

imports what `write` wrote as predictions to correct. Without its frame rate a video is taken to have 24 frames/s, and
every region lies beside its stage; `write` states it where it is known. Timelines count frames from 1, both ends
inclusive (https://labelstud.io/tags/timelinelabels), at that rate: in a video whose frame rate varies they are times.
The older template, which labels the audio of a video, counts seconds.
"""

import dataclasses
import json
import numbers
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from data_prep.datasets.readers.text import read_text
from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.labelled_video import LabelledVideo, labelled_video, require_ends
from data_prep.stages.formats.media import VIDEO_ID, check_names, video_name
from data_prep.stages.formats.timing import MAX_RATE, begin_of, exact_rate
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json

VIDEO, FPS = "video", "fps"  # with `VIDEO_ID`, keys of a task's data; Label Studio keeps those it does not know
STAGES = "stages"  # name of the control tag
MAX_NUMBER = 2**53  # beyond, JSON's numbers are not exact
LOCAL_FILES = "/data/local-files/?d="  # how Label Studio serves files of a storage below its document root


def recognises(path: Path, text: str) -> bool:
    """JSON: an object, or a list of objects."""
    return text.lstrip("[ \n\r\t").startswith("{")


# === Reading ===


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per task of an export ("JSON", not "JSON-MIN"), or of what `write` wrote.

    Raises:
        InputError: not JSON, or a task without data or without annotations and predictions; every one is listed.
    """
    tasks, videos, malformed = _tasks(path), [], []
    for number, task in enumerate(tasks, start=1):
        where = f"{path}, task {task.get('id', number) if isinstance(task, dict) else number}"
        try:
            videos.append(_video(task, where, facts_of))
        except InputError as error:
            malformed.append(str(error))
    if malformed:
        raise InputError("todo", "\n".join(malformed))
    return videos


def _tasks(path):
    try:
        loaded = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError("todo", f"{path}: expected JSON. Received: {type(error).__name__}: {error}") from error
    return loaded if isinstance(loaded, list) else [loaded]


def _video(task, where, facts_of):
    data = _field(task, "data", dict, where)
    video_id = _video_id(data, where)
    try:
        regions, rate = _regions(task, where), _stated_rate(data, where)
    except Unusable as error:
        return LabelledVideo(video_id, where, (), (str(error),))

    def segments_of(numbered):
        number, region = numbered
        return _segments(number, region, where, lambda: facts_of(video_id), rate)

    video = labelled_video(video_id, where, enumerate(regions, start=1), segments_of)
    frame_rate = None if rate is None else float(rate)
    return dataclasses.replace(video, is_predicted="annotations" not in task, frame_rate=frame_rate)


def _video_id(data, where):
    """What `write` wrote; else the name of the video that `data` refers to."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    if VIDEO_ID in texts:
        if VIDEO in texts:
            check_names(texts[VIDEO_ID], video_name(texts[VIDEO], where), where)
        return texts[VIDEO_ID]
    references = [texts[VIDEO]] if VIDEO in texts else list(texts.values())
    if len(references) != 1:
        raise InputError(
            "todo", f"{where}: expected the video as data.{VIDEO}. Received: {', '.join(data) or 'no data'}"
        )
    return video_name(references[0], where)


class Unusable(InputError):
    """A task that was not labelled, or labelled by several people, or counts frames at a rate that is none."""


def _stated_rate(data, where):
    """The exact frame rate at which a task says that it counts frames; None where it says none."""
    fps = data.get(FPS)
    if fps in (None, ""):  # the latter is an empty cell of a table from which tasks were imported
        return None
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 1 <= fps <= MAX_RATE:
        raise Unusable("todo", f"{where}: expected {FPS} from 1 to {MAX_RATE}, a number. Received: {fps!r}")
    return exact_rate(fps)


def _regions(task, where):
    """The regions of the only annotation; of a task that Label Studio has not seen, those of its only prediction."""
    kind = "annotations" if "annotations" in task else "predictions"
    results = [entry for entry in _field(task, kind, list, where) if not _is_cancelled(entry)]
    if len(results) != 1:
        received = f"{len(results)}, which may disagree" if results else "none (skipped, or not labelled yet)"
        raise Unusable("todo", f"{where}: expected one of its {kind}. Received: {received}")
    return _field(results[0], "result", list, where)


def _is_cancelled(entry):
    return isinstance(entry, dict) and bool(entry.get("was_cancelled"))


def _segments(number, region, where, facts, rate):
    """Segments of one region; none of one that labels no time, such as a rectangle or a choice.

    `facts` gives the `VideoFacts`, `rate` is the frame rate that the task states.
    """
    name = region.get("id", number) if isinstance(region, dict) else number
    where = f"{where}, region {name}"
    value = _field(region, "value", dict, where)
    if "timelinelabels" in value or "ranges" in value:
        stage = _label(value, "timelinelabels", where)
        return [_of_frames(stage, span, where, facts(), rate) for span in _field(value, "ranges", list, where)]
    if "labels" in value and "start" in value:
        return [_of_seconds(_label(value, "labels", where), value, facts(), where)]
    return []


def _of_frames(stage, span, where, facts, rate):
    first, last = (_number(span, name, where) for name in ("start", "end"))
    if first != int(first) or last != int(last) or first < 1:
        raise InputError("todo", f"{where}: expected frames, integers from 1. Received: {first} to {last}")
    if facts.timestamps is None and (rate is None or facts.fps in (None, rate)):  # nothing to convert, or to round
        return Segment(stage, int(first) - 1, int(last), where)
    if rate is None:
        raise InputError(
            "todo", f"{where}: expected {FPS} in the task's data, for the video's rate varies. Received: none."
        )
    return Segment(stage, facts.frame_at((int(first) - 1) / rate), facts.frame_at(int(last) / rate), where)


def _of_seconds(stage, value, facts, where):
    start, end = (facts.frame_at(_number(value, name, where)) for name in ("start", "end"))
    return Segment(stage, start, end, where)


def _label(value, key, where):
    labels = value.get(key)
    if not (isinstance(labels, list) and len(labels) == 1 and isinstance(labels[0], str)):
        raise InputError("todo", f"{where}: expected one label. Received: {labels}")
    return labels[0]


def _number(container, name, where):
    value = _field(container, name, numbers.Real, where)
    if isinstance(value, bool) or not abs(value) < MAX_NUMBER:  # NaN compares false
        raise InputError("todo", f"{where}: expected a number as {name}. Received: {value}")
    return value


def _field(container, name, kind, where):
    """A field of a JSON object; InputError where it is missing or of another kind."""
    value = container.get(name) if isinstance(container, dict) else None
    if not isinstance(value, kind):
        raise InputError("todo", f"{where}: expected {name}, {kind.__name__}. Received: {type(value).__name__}")
    return value


# === Writing ===


def write(output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes tasks to import, the stages as predictions.

    Label Studio (tried with 1.23) finds the videos where LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED is true,
    LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT is the folder that holds their folder, and the project has a storage "Local
    files" of their folder; that itself may not be the document root.

    Raises:
        InputError: a segment has no end.
    """
    require_ends(videos)
    write_json(output, [_task(video, facts_of) for video in videos])


def _task(video, facts_of):
    facts = facts_of(video.video_id)
    file = video.video_id if facts.path is None else _below_parent(facts.path, video.video_id)
    rate = {} if facts.fps is None else {FPS: float(facts.fps)}
    return {
        "data": {VIDEO: LOCAL_FILES + quote(file), VIDEO_ID: video.video_id, **rate},
        "predictions": [
            {"result": [_region(video.video_id, *item, facts) for item in enumerate(video.segments, start=1)]}
        ],
    }


def _below_parent(path, video_id):
    """The path of a video from the parent of the folder of all videos, within which its id is a path."""
    path = path.absolute()
    folders = min(video_id.count("/") + 1, len(path.parents) - 1)
    return path.relative_to(path.parents[folders]).as_posix()


def _region(video_id, number, segment, facts):
    first, end = segment.start, segment.end
    if facts.timestamps is not None:
        first, end = (round(begin_of(frame, facts.fps, facts.timestamps) * facts.fps) for frame in (first, end))
        if first == end:
            raise InputError(
                "todo",
                f"{video_id}: expected stages of a frame at least at its mean rate, {float(facts.fps):.4g} a second, "
                f"by which Label Studio counts. Received: {segment.stage} in the frames {segment.start} to "
                f"{segment.end - 1}, where it has more (another --to).",
            )
    return {
        "id": f"stage{number}",
        "from_name": STAGES,
        "to_name": VIDEO,
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": first + 1, "end": end}],
            "timelinelabels": [segment.stage],
        },
    }
