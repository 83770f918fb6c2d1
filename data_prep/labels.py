"""Stage labels: their file formats, their checks, and a stage per frame.

Frames count from 0 and an end is exclusive throughout. All label files are read here; nothing is guessed: what is
inconsistent is named by file and row.
"""

import csv
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scoringnet_tf.errors import InputError
from scoringnet_tf.records import UNLABELLED


class StageError(ValueError):
    """Stage labels that contradict the video or the sport."""


class StageOrderError(StageError):
    """Stage boundaries that go back in time."""


class Segment(NamedTuple):
    """Frames [start, end) show a stage; `end` None reaches to the end of the video. `where` is its file and row."""

    stage: str
    start: int
    end: int | None
    where: str = ""

    def __str__(self):
        return f"{self.stage} [{self.start}, {'end' if self.end is None else self.end})"


def diving_segments(times, where=""):
    """Segments of one row `t0,t1,t2,t3` of `jump_drop_water_label.txt`.

    The times are the first frames of jumping, dropping, entering the water and ending. Jumping and dropping together
    are the paper's take-flight (§4.3).

    Raises:
        StageOrderError: a time precedes the one before it.
    """
    t0, _, t2, t3 = times
    if list(times) != sorted(times) or t0 < 0:
        raise StageOrderError(f"{where}: expected 0 ≤ t0 ≤ t1 ≤ t2 ≤ t3. Received: {','.join(map(str, times))}")
    return (
        Segment("pre-starting", 0, t0, where),
        Segment("take-flight", t0, t2, where),
        Segment("entry", t2, t3, where),
        Segment("noise", t3, None, where),
    )


def check_segments(segments, sport):
    """Raises StageError for an unknown stage, StageOrderError for an empty, backward or overlapping segment."""
    previous_end = 0
    for segment in segments:
        if segment.stage not in sport.stages:
            known = ", ".join(sport.stages)
            raise StageError(f"{segment.where}: expected a stage, one of {known}. Received: {segment.stage!r}")
        end = segment.start if segment.end is None else segment.end
        if segment.start < previous_end or end < segment.start:
            raise StageOrderError(
                f"{segment.where}: expected segments in order, start ≤ end, without overlap. Received: {segment} after "
                f"frame {previous_end}"
            )
        previous_end = end


def frame_stages(segments, num_frames, sport):
    """Stage index of every frame.

    Args:
        segments: checked `Segment`s, or None for a video without stage labels.
        num_frames: L, frames of the decoded video.
        sport: `sports.Sport`.

    Returns:
        int64 (L,), `UNLABELLED` where no segment lies.

    Raises:
        StageError: a segment ends beyond the last frame.
    """
    stages = np.full(num_frames, UNLABELLED, np.int64)
    for segment in segments or ():
        end = num_frames if segment.end is None else segment.end
        if end > num_frames or segment.start > num_frames:
            raise StageError(
                f"{segment.where}: expected stages within the video's {num_frames} frames. Received: {segment}"
            )
        stages[segment.start : end] = sport.stage_index(segment.stage)
    return stages


def read_text(path):
    """The text of a label file, with any line ends; InputError if it is missing or not UTF-8."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a text file. Received: no such file.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8. Received: {error}") from error


def read_diving_times(path):
    """`jump_drop_water_label.txt` → {row number from 1: (t0, t1, t2, t3)}; InputError listing every malformed row."""
    times, malformed = {}, []
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            t0, t1, t2, t3 = (int(field) for field in line.split(","))
        except ValueError:
            malformed.append(f"{path}, row {row}: expected t0,t1,t2,t3 (four integers). Received: {line!r}")
        else:
            times[row] = (t0, t1, t2, t3)
    if malformed:
        raise InputError("\n".join(malformed))
    return times


def read_csv(path, columns):
    """Rows of a CSV file with a header, as dicts; InputError if the file or a column is missing, or a row is short."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a CSV file with the columns {','.join(columns)}. Received: no such file.")
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{path}: expected the columns {','.join(columns)}. Received: {reader.fieldnames}")
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num + 1}: expected CSV. Received: {error}") from error
    uneven = [str(number) for number, row in enumerate(rows, start=2) if None in row or None in row.values()]
    if uneven:
        raise InputError(
            f"{path}: expected {len(reader.fieldnames)} fields in every row. Received: another number in row "
            f"{', '.join(uneven)}"
        )
    return rows


def read_stage_csv(path):
    """`stage_labels.csv` (video_id,stage,start_frame,end_frame) → {video_id: segments in file order}.

    Raises:
        InputError: a column is missing, or a frame is not an integer; every such row is listed.
    """
    segments, malformed = {}, []
    for number, row in enumerate(read_csv(path, ("video_id", "stage", "start_frame", "end_frame")), start=2):
        try:
            where = f"{Path(path).name}, row {number}"
            segment = Segment(row["stage"], int(row["start_frame"]), int(row["end_frame"]), where)
        except ValueError:
            received = f"{row['start_frame']},{row['end_frame']}"
            malformed.append(f"{path}, row {number}: expected integer frames. Received: {received}")
        else:
            segments.setdefault(row["video_id"], []).append(segment)
    if malformed:
        raise InputError("\n".join(malformed))
    return segments
