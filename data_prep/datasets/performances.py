"""Where a performance lies in its file: columns `start_frame`, `end_frame`, or `start_time`, `end_time`, of a table.

Frames count from 0 and an end is exclusive. Times are seconds since the first frame or timecodes, hh:mm:ss.fff or
mm:ss; they mean the frame shown then, by the file's timestamps.
"""

import collections
import dataclasses
import functools
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.sample import Fields, Problem, Sample
from scoringnet_tf.data.timing import duration_of, frame_at
from scoringnet_tf.data.video import VideoError, frame_times
from scoringnet_tf.data.video_files import images_to_cut
from scoringnet_tf.support.files import TIMECODE, seconds_of
from scoringnet_tf.support.messages import InputError, counted

FRAMES, TIMES = ("start_frame", "end_frame"), ("start_time", "end_time")


def stretch_columns(path: Path, columns: Collection[str]) -> tuple[str, str] | None:
    """Returns the two columns that say where performances start and end; None if there is neither pair."""
    named = {*columns} & {*FRAMES, *TIMES}
    if named in (set(), {*FRAMES}, {*TIMES}):
        return next((pair for pair in (FRAMES, TIMES) if named == {*pair}), None)
    hint = "Use start_frame and end_frame, or start_time and end_time (seconds, or hh:mm:ss)."
    raise InputError("wrong_columns", f"{path}: {', '.join(sorted(named))} is not one pair of columns.", hint)


def read_stretch(
    fields: Fields, row: Mapping[str, str], columns: tuple[str, str], path: Path
) -> tuple[int, int] | None:
    """Returns the frames (start, stop) of a row's performance; None if they are wrong (a problem), or unknown.

    Without the file at `path` two frames are taken as they are; its last frame and its times are unknown.
    """
    if not row[columns[0]]:
        fields.report("missing_value", f"{columns[0]} is missing beside {columns[1]}.")
        return None
    if path.is_dir() and columns != FRAMES:
        fields.report("wrong_columns", f"images have no {columns[0]} and {columns[1]}, but start_frame and end_frame.")
        return None
    ends: list[Any] = [
        fields.integer(name, required=False) if columns == FRAMES else _seconds(fields, row, name) for name in columns
    ]
    if any(row[name] and value is None for name, value in zip(columns, ends, strict=True)):
        return None
    if not path.exists() and (columns != FRAMES or not row[columns[1]]):  # decoding tells that there is no video
        return None
    try:
        times = _times(path) if path.exists() else ()
    except (VideoError, OSError) as error:
        fields.report("unreadable", str(error))
        return None
    start, stop = ends if columns == FRAMES else (frame_at(value, times) for value in ends)
    num_frames = len(times) or sys.maxsize
    stop = num_frames if not row[columns[1]] else stop
    if start is None or stop is None or not 0 <= start < stop <= num_frames:
        seconds = "" if columns == FRAMES else f", {duration_of(times):.3f} s"
        whole = f"the {counted(num_frames, 'frame')}{seconds} of " if len(times) else ""
        stretch = " to ".join(row[name] or "the end" for name in columns)
        fields.report("out_of_range", f"{stretch} is not a stretch of {whole}{path.name}.")
        return None
    return start, stop


def _seconds(fields: Fields, row: Mapping[str, str], name: str) -> float | None:
    return seconds_of(row[name]) if TIMECODE.fullmatch(row[name]) else fields.number(name, required=False)


def _times(path: Path) -> np.ndarray:
    status = path.stat()
    return _times_of(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4)  # the rows of one broadcast come in turn; time and size tell that a file has changed
def _times_of(path: Path, _changed: int, _size: int) -> np.ndarray:
    return np.arange(len(images_to_cut(path))) if path.is_dir() else frame_times(path)


def number_performances(samples: Sequence[Sample], are_nameless: Sequence[bool]) -> list[Sample]:
    """Returns the samples with the ids `video#1`, `video#2`, … if a file has several performances without a name."""
    pairs = list(zip(samples, are_nameless, strict=True))
    totals = collections.Counter(sample.path for sample, is_nameless in pairs if is_nameless)
    seen = collections.Counter[Path]()
    numbered = []
    for sample, is_nameless in pairs:
        if is_nameless and totals[sample.path] > 1:
            seen[sample.path] += 1
            sample = dataclasses.replace(sample, video_id=f"{sample.video_id}#{seen[sample.path]}")
        numbered.append(sample)
    return numbered


def overlap_problems(samples: Iterable[Sample]) -> dict[str, Problem]:
    """Returns a problem for each performance that shares frames with one before it in its file, {where: problem}."""
    samples = list(samples)
    if not any(sample.frames for sample in samples):
        return {}
    problems: dict[str, Problem] = {}
    of_file = collections.defaultdict(list)
    for sample in samples:
        if sample.path.exists():
            of_file[sample.path.resolve()].append((sample.frames or (0, sys.maxsize), sample))
    for together in of_file.values():
        if not any(sample.frames for _, sample in together):
            continue  # several rows of a whole video have the same bytes, which is found elsewhere
        together.sort(key=lambda pair: pair[0])
        (_, last), before = together[0]
        for (start, stop), after in together[1:]:
            if start < last:
                what = f"the performance begins at frame {start}, within that of {before.where}."
                problems[after.where] = Problem(after.where, what, code="overlap")
            if stop > last:
                last, before = stop, after
    return problems
