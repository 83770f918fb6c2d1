"""Stage labels: their file formats, their checks, and a stage per frame.

Frames count from 0 and an end is exclusive throughout. Nothing is guessed: what is
inconsistent is named by file and row.
"""

import csv
import math
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_prep.datasets.readers.text import read_csv
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.sports import NOISE, SHORTEST, Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import counted, shown
from scoringnet_tf.support.reading import whole_number

STAGE_COLUMNS = ("video_id", "stage", "start_frame", "end_frame")


class StageError(InputError):
    """Stage labels that contradict the video or the sport; `segment` is the one that does, where it is one."""

    def __init__(self, code: str, message: str, segment: "Segment | None" = None) -> None:
        super().__init__(code, message)
        self.segment = segment


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


def diving_segments(times: Sequence[int], where: str = "") -> tuple[Segment, ...]:
    """Segments of one row `t0,t1,t2,t3` of `jump_drop_water_label.txt`.

    The times are the first frames of jumping, dropping, entering the water and ending. Jumping and dropping together
    are the paper's take-flight (§4.3).

    Raises:
        StageOrderError: a time precedes the one before it.
        StageError: take-flight or entry have no frames, as in a row that was never filled in.
    """
    t0, _, t2, t3 = times
    if list(times) != sorted(times) or t0 < 0:
        raise StageOrderError(
            "not_in_order", f"{where}: expected 0 ≤ t0 ≤ t1 ≤ t2 ≤ t3. Received: {','.join(map(str, times))}"
        )
    if not t0 < t2 < t3:
        expected = "frames of take-flight and of entry, t0 < t2 < t3"
        raise StageError("no_stages", f"{where}: expected {expected}. Received: {','.join(map(str, times))}")
    return (
        Segment("pre-starting", 0, t0, where),
        Segment("take-flight", t0, t2, where),
        Segment("entry", t2, t3, where),
        Segment("noise", t3, None, where),
    )


def check_segments(segments: Iterable[Segment], sport: Sport) -> None:
    """Checks segments in order.

    Raises:
        StageError: the first of `segment_errors`.
    """
    for error in segment_errors(segments, sport):
        raise error


def segment_errors(segments: Iterable[Segment], sport: Sport, num_frames: int | None = None) -> Iterator[StageError]:
    """What is wrong with segments, all of it.

    Args:
        segments: `Segment`s in order.
        sport: `sports.Sport`.
        num_frames: L, frames of the video; None where unknown.

    Yields:
        StageError for an unknown stage or one beyond the last frame, StageOrderError for a backward or overlapping
        segment.
    """
    previous_end: float = 0
    for segment in segments:
        if segment.stage not in sport.stages:
            known = ", ".join(sport.stages)
            what = f"expected a stage, one of {known}. Received: {segment.stage!r}"
            yield StageError("unknown_name", f"{segment.where}: {what}", segment)
        end = math.inf if segment.end is None else segment.end
        if segment.start < previous_end or end < segment.start:
            after = "the end" if previous_end == math.inf else f"frame {previous_end}"
            what = f"expected segments in order, start ≤ end, without overlap. Received: {segment} after {after}"
            yield StageOrderError("not_in_order", f"{segment.where}: {what}", segment)
        if num_frames is not None and _is_beyond(segment, num_frames):
            yield _beyond(segment, num_frames)
        previous_end = max(previous_end, end)


def _is_beyond(segment, num_frames):
    return segment.start > num_frames or (segment.end is not None and segment.end > num_frames)


def _beyond(segment, num_frames):
    what = f"expected stages within the video's {counted(num_frames, 'frame')}. Received: {segment}"
    return StageError("out_of_range", f"{segment.where}: {what}")


def frame_stages(segments: Iterable[Segment] | None, num_frames: int, sport: Sport) -> np.ndarray:
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
        if _is_beyond(segment, num_frames):
            raise _beyond(segment, num_frames)
        end = num_frames if segment.end is None else segment.end
        stages[segment.start : end] = sport.stage_index(segment.stage)
    return stages


def short_performances(labelled: Mapping[str, Sequence[Segment] | None]) -> list[str]:
    """A note on labelled performances that are too short to be scored; of most, stages may be in other units.

    Args:
        labelled: {video_id: its segments}; a performance that reaches to the end of its video says nothing.
    """
    lengths, short = [], {}
    for video_id, segments in labelled.items():
        own = [segment for segment in segments or () if segment.stage != NOISE]
        if not own or own[-1].end is None:
            continue
        length = own[-1].end - own[0].start
        lengths.append(length)
        if length < SHORTEST:
            short[video_id] = (length, len(own))
    needed = f"the {SHORTEST} frames that a model needs"
    if 2 * len(short) > len(lengths):
        median = statistics.median(length for length, _ in short.values())
        found = f"{len(short)} of {counted(len(lengths), 'performance')}"
        return [f"Stages span fewer than {needed} in {found} (median: {median:g}); maybe they are in seconds."]
    # One stage alone may be all that is known of a performance.
    named = [f"{video_id} ({length})" for video_id, (length, num_stages) in short.items() if num_stages > 1]
    return [f"Stages span fewer than {needed} in {shown(named)}."] if named else []


def unlabelled_note(labelled: Mapping[str, Sequence[Segment] | None]) -> list[str]:
    """A note on videos, {video_id: segments}, that a file of stage labels leaves out while it has those of others."""
    names = [video_id for video_id, segments in labelled.items() if not segments]
    return [f"No stage labels, which others have, of {shown(names)}."] if 0 < len(names) < len(labelled) else []


def within(segments: Iterable[Segment], stretch: tuple[int, int] | None, cut: bool = False) -> tuple[Segment, ...]:
    """Segments of a file's frames as those of a stretch of it.

    Args:
        segments: of the file.
        stretch: (start, stop), frames of the file; None for all of it.
        cut: leave out what lies outside the stretch.

    Raises:
        StageError: unless `cut`, a segment that reaches outside the stretch.
    """
    if stretch is None:
        return tuple(segments)
    (first, last), found = stretch, []
    for segment in segments:
        end = last if segment.end is None else segment.end
        if not cut and not first <= segment.start <= end <= last:
            what = f"expected stages within frames {first} to {last} of the file. Received: {segment}"
            raise StageError("out_of_range", f"{segment.where}: {what}")
        start, end = max(segment.start, first), min(end, last)
        if start < end:
            found.append(segment._replace(start=start - first, end=end - first))
    return tuple(found)


def touches(segment: Segment, stretch: tuple[int, int]) -> bool:
    """Whether a segment of a file shows frames of a stretch (start, stop) of it, even if it goes back in time."""
    end = sys.maxsize if segment.end is None else segment.end
    return min(segment.start, end) < stretch[1] and max(segment.start, end) > stretch[0]


def read_stage_csv(path: Path) -> dict[str, list[Segment]]:
    """The segments of `stage_labels.csv` (video_id,stage,start_frame,end_frame), {video_id: in file order}.

    An empty end_frame reaches to the end of the video.

    Raises:
        InputError: a column is missing, or a frame is not an integer; every such row is listed.
    """
    segments: dict[str, list[Segment]] = {}
    malformed = []
    for row in read_csv(path, STAGE_COLUMNS):
        try:
            where = f"{Path(path).name}, row {row.number}"
            end = whole_number(row["end_frame"]) if row["end_frame"] else None
            segment = Segment(row["stage"], whole_number(row["start_frame"]), end, where)
        except ValueError:
            received = f"{row['start_frame']},{row['end_frame']}"
            malformed.append(f"{path}, row {row.number}: expected integer frames. Received: {received}")
        else:
            segments.setdefault(row["video_id"], []).append(segment)
    if malformed:
        raise InputError("todo", "\n".join(malformed))
    return segments


def write_stage_csv(path: Path, segments: Mapping[str, Sequence[Segment]]) -> None:
    """Writes {video_id: segments} as `read_stage_csv` reads it; whole or not at all."""
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(STAGE_COLUMNS)
        for video_id, rows in segments.items():
            # csv writes None as an empty cell.
            writer.writerows((video_id, segment.stage, segment.start, segment.end) for segment in rows)
