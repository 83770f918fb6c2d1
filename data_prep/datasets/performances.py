"""Where in its file a performance lies: columns `start_frame`, `end_frame`, or `start_time`, `end_time`, of a table.

Frames count from 0 and an end is exclusive, as of stages; times are seconds since the first frame or timecodes,
hh:mm:ss.fff or mm:ss, and mean the frame that is shown then, by the file's own timestamps.
"""

import collections
import dataclasses
import functools
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from data_prep.datasets.fields import Fields
from data_prep.datasets.sample import Problem, Sample
from scoringnet_tf.data.video import VideoError, duration_of, frame_at, frame_times, images_to_cut
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.reading import TIMECODE, seconds_of

FRAMES, TIMES, EITHER = ("start_frame", "end_frame"), ("start_time", "end_time"), ("start", "end")


def stretch_columns(path: Path, rows: Iterable[Mapping[str, str]], has_stages: bool) -> tuple[str, str] | None:
    """The two columns that say where performances start and end; None where there are none.

    Args:
        path: of the table, for messages.
        rows: its rows, by the meaning of columns.
        has_stages: `end` belongs to the columns of stages.

    Raises:
        InputError: one column of two, or several pairs; a column `start` whose unit cannot be told.
    """
    rows = list(rows)
    names = set(rows[0]) if rows else set()
    if has_stages:
        names -= {"end"}
    found = sorted(names & {*FRAMES, *TIMES, *EITHER})
    if not found:
        return None
    pair = next((pair for pair in (FRAMES, TIMES, EITHER) if set(found) == set(pair)), None)
    if pair is None:
        expected = "start_frame and end_frame, or start_time and end_time"
        raise InputError(
            "todo", f"{path}: expected {expected}, of a table's performances. Received: {', '.join(found)}"
        )
    cells = [row[name] for row in rows for name in pair if row[name]] if pair == EITHER else []
    plain = next((cell for cell in cells if not TIMECODE.fullmatch(cell)), None)
    if plain is not None:
        raise InputError(
            "todo",
            f"{path}: expected timecodes (hh:mm:ss) in the columns start and end, or other names: start_frame and "
            f"end_frame, or start_time and end_time in seconds. Received: {plain}",
        )
    return pair


def read_stretch(
    fields: Fields, row: Mapping[str, str], columns: tuple[str, str], path: Path
) -> tuple[int, int] | None:
    """(start, stop) of a row's performance, frames; None where that is wrong (a problem), or not known.

    Of a file that is not there two frames are as they are said; its last frame and its times are not known.

    Args:
        fields: of the row, which says where it lies.
        row: the same, as text.
        columns: from `stretch_columns`.
        path: of the video.
    """
    if not row[columns[0]]:
        fields.expect(f"expected a {columns[0]} beside the {columns[1]}. Received: none")
        return None
    if path.is_dir() and columns != FRAMES:
        fields.expect(
            f"expected start_frame and end_frame of images, which have no times. Received: {', '.join(columns)}"
        )
        return None
    values = [
        fields.integer(name, required=False) if columns == FRAMES else _seconds(fields, row, name) for name in columns
    ]
    if any(row[name] and value is None for name, value in zip(columns, values, strict=True)):
        return None
    if not path.exists() and (columns != FRAMES or not row[columns[1]]):  # decoding says that there is no video
        return None
    try:
        times = _times(path) if path.exists() else ()
    except (VideoError, OSError) as error:
        fields.expect(str(error))
        return None
    start, stop = values if columns == FRAMES else (frame_at(value, times) for value in values)
    num_frames = len(times) or sys.maxsize
    stop = num_frames if not row[columns[1]] else stop
    if start is None or stop is None or not 0 <= start < stop <= num_frames:
        seconds = "" if columns == FRAMES else f", {duration_of(times):.3f} s"
        of_all = f"the {counted(num_frames, 'frame')}{seconds} of " if len(times) else ""
        received = " to ".join(row[name] or "the end" for name in columns)
        fields.expect(f"expected a stretch of {of_all}{path.name}. Received: {received}")
        return None
    return start, stop


def _contents(paths):
    """{path: what it holds, the same of links and of copies} of those that are there."""
    resolved = {path: path.resolve() for path in paths if path.exists()}
    sizes = collections.Counter(path.stat().st_size for path in set(resolved.values()) if path.is_file())
    found = {}
    for path, target in resolved.items():
        has_twins = target.is_file() and sizes[target.stat().st_size] > 1
        found[path] = file_sha256(target) if has_twins else str(target)
    return found


def _times(path):
    """When each frame of a video is shown, seconds; of images, which number it has."""
    found = path.stat()
    return _times_of(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=4)  # the rows of one broadcast come in turn
def _times_of(path, _changed, _size):
    """Of the file as it was when last changed."""
    return np.arange(len(images_to_cut(path))) if path.is_dir() else frame_times(path)


def _seconds(fields, row, name):
    """Seconds of a timecode or a number; None where there is none, or it is wrong (a problem)."""
    return seconds_of(row[name]) if TIMECODE.fullmatch(row[name]) else fields.number(name, required=False)


def number_performances(samples: Sequence[Sample], are_named: Sequence[bool]) -> list[Sample]:
    """The samples with the ids `video#1`, `video#2`, … where one file has several performances.

    Args:
        samples: called as their files, or as the table says. A stretch that is wrong changes no other's number.
        are_named: whether it does; those keep their ids.
    """
    counted_in = [sample.is_stretch and not named for sample, named in zip(samples, are_named, strict=True)]
    totals = collections.Counter(sample.video_id for sample, counts in zip(samples, counted_in, strict=True) if counts)
    seen = collections.Counter[str]()
    numbered = []
    for sample, counts in zip(samples, counted_in, strict=True):
        if counts and totals[sample.video_id] > 1:
            seen[sample.video_id] += 1
            sample = dataclasses.replace(sample, video_id=f"{sample.video_id}#{seen[sample.video_id]}")
        numbered.append(sample)
    return numbered


def is_called_by_its_place(sample: Sample) -> bool:
    """Whether a performance has no name but that of its file, or that and a number: rows that come and go rename it."""
    return bool(sample.is_stretch and re.fullmatch(rf"(.*/)?{re.escape(sample.path.name)}(#\d+)?", sample.video_id))


def overlap_problems(samples: Sequence[Sample]) -> dict[str, Problem]:
    """A problem for each sample that shares frames of a file with one before it in time: {where: problem}.

    A link to a file, or a copy of its bytes, is that file.

    Args:
        samples: those that may be kept: of any other its corrected second may have the frames.
    """
    problems: dict[str, Problem] = {}
    of_file = collections.defaultdict(list)
    contents = _contents({sample.path for sample in samples} if any(sample.frames for sample in samples) else set())
    for sample in samples:
        of_file[contents.get(sample.path)].append((sample.frames or (0, sys.maxsize), sample))
    of_file.pop(None, None)
    for together in of_file.values():
        if any(sample.frames for _, sample in together):  # several rows of a whole video are found by their bytes
            together.sort(key=lambda found: found[0])
            (_, last), before = together[0]
            for (start, stop), after in together[1:]:
                if start < last:
                    what = f"expected performances that do not overlap. Received: frame {start}, as in {before.where}"
                    problems[after.where] = Problem(after.where, what)
                if stop > last:
                    last, before = stop, after
    return problems
