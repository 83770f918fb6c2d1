"""Stage labels: their files, their checks, and a stage per frame.

Frames count from 0, and an end is exclusive. What is inconsistent is named by file and row; nothing is guessed.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_prep.datasets.readers.text import read_csv
from scoringnet_tf.data.corrections import END, Correction
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.sports import NOISE, SHORTEST, Sport, get_sport
from scoringnet_tf.support.files import whole_number
from scoringnet_tf.support.messages import InputError, Remark, counted, shown

STAGE_CSV = "stage_labels.csv"
STAGE_COLUMNS = ("video_id", "stage", "start_frame", "end_frame")
DIVING, DIVING_PHASES = "diving", "diving_phases"  # the sports whose stages the times of a dive give
NOT_IN_ORDER = "not_in_order"  # code of segments that go back in time


class StageError(InputError):
    """Stage labels contradict the video or the sport."""


class Segment(NamedTuple):
    """Frames [start, end) show a stage; `end` None reaches to the video's end. `where` is its file and row."""

    stage: str
    start: int
    end: int | None
    where: str = ""

    def __str__(self) -> str:
        return f"{self.stage} [{self.start}, {'end' if self.end is None else self.end})"


def diving_segments(times: Sequence[int], where: str = "", sport: str = DIVING) -> tuple[Segment, ...]:
    """Returns the segments that a row `t0,t1,t2,t3` in `jump_drop_water_label.txt` means.

    The times are the first frames of jumping, dropping, entering the water and ending. Jumping and dropping are the
    paper's take-flight (§4.3), and two stages of `DIVING_PHASES`. StageError if they go back, or a stage but the first
    has no frames.
    """
    t0, t1, t2, t3 = times
    row = f"{where}: {','.join(map(str, times))}"
    if list(times) != sorted(times) or t0 < 0:
        raise StageError(NOT_IN_ORDER, f"{row} are not times in order, t0 ≤ t1 ≤ t2 ≤ t3.")
    noise, *stages = get_sport(sport).stages
    edges = (0, t0, t1, t2, t3, None) if sport == DIVING_PHASES else (0, t0, t2, t3, None)
    segments = tuple(Segment(*each, where) for each in zip((*stages, noise), edges[:-1], edges[1:], strict=True))
    if empty := [segment.stage for segment in segments[1:-1] if segment.start == segment.end]:
        raise StageError("no_stages", f"{row} leave no frames to {' and '.join(empty)}.")
    return segments


def segment_errors(segments: Iterable[Segment], sport: Sport, num_frames: int | None = None) -> Iterator[StageError]:
    """Yields a `StageError` for each unknown stage, each segment out of order, each beyond frame `num_frames`."""
    previous_end: float = 0
    for segment in segments:
        if segment.stage not in sport.stages:
            what = f"{segment.where}: {segment.stage!r} is not a stage of {sport.name}, {', '.join(sport.stages)}."
            yield StageError("unknown_name", what)
        end = math.inf if segment.end is None else segment.end
        if segment.start < previous_end or end < segment.start:
            after = "the end" if previous_end == math.inf else f"frame {previous_end}"
            what = f"{segment.where}: {segment} does not follow {after}, or ends before it starts."
            yield StageError(NOT_IN_ORDER, what)
        if num_frames is not None:
            yield from _beyond(segment, num_frames)
        previous_end = max(previous_end, end)


def _beyond(segment: Segment, num_frames: int) -> Iterator[StageError]:
    if max(segment.start, segment.end or 0) > num_frames:
        what = f"{segment.where}: {segment} lies beyond the video's {counted(num_frames, 'frame')}."
        yield StageError("out_of_range", what)


def corrected_segments(corrections: Iterable[Correction]) -> list[Segment]:
    """A video's segments by corrections of its performances: noise around them, none where a frame is unknown.

    Nothing is known of the frames before a performance if the one before it was not corrected.
    """
    segments: list[Segment] = []
    end: int | None = 0
    performance, where = 0, ""
    for one in sorted(corrections, key=lambda one: one.performance):
        starts = [(NOISE, end if one.performance == performance + 1 else None), *one.frames.items()]
        edges = itertools.pairwise(starts)
        known = [(stage, start, stop) for (stage, start), (_, stop) in edges if None not in (start, stop)]
        segments += [Segment(stage, start, stop, one.where) for stage, start, stop in known]  # type: ignore[arg-type]
        end, performance, where = one.frames[END], one.performance, one.where
    return segments if end is None else [*segments, Segment(NOISE, end, None, where)]


def frame_stages(segments: Iterable[Segment] | None, num_frames: int, sport: Sport) -> np.ndarray:
    """Returns every frame's stage, int64 (L,), `UNLABELLED` outside all segments; or StageError."""
    stages = np.full(num_frames, UNLABELLED, np.int64)
    for segment in segments or ():
        for error in _beyond(segment, num_frames):
            raise error
        end = num_frames if segment.end is None else segment.end
        stages[segment.start : end] = sport.stage_index(segment.stage)
    return stages


def odd_segments(labelled: Mapping[str, Sequence[Segment] | None]) -> list[Remark]:
    """Notes stages, {video_id: segments}, that may be in seconds, or whose ends may be inclusive."""
    return [*_short_performances(labelled), *_inclusive_ends(labelled)]


def _short_performances(labelled: Mapping[str, Sequence[Segment] | None]) -> list[Remark]:
    short = []
    for video_id, segments in labelled.items():
        own = [segment for segment in segments or () if segment.stage != NOISE]
        # A single stage may be all that is known of a performance.
        if len(own) > 1 and own[-1].end is not None and own[-1].end - own[0].start < SHORTEST:
            short.append(f"{video_id} ({own[-1].end - own[0].start})")
    what = f"Stages span fewer than the {SHORTEST} frames that a model needs in {shown(short)}; maybe they are seconds."
    return [Remark("short_performances", what)] if short else []


def _inclusive_ends(labelled: Mapping[str, Sequence[Segment] | None]) -> list[Remark]:
    pairs = [pair for segments in labelled.values() for pair in itertools.pairwise(segments or ())]
    gaps = [after.start - before.end for before, after in pairs if before.end is not None]
    what = "Every stage ends one frame before the next begins; maybe end_frame is inclusive. Add 1 to each then."
    return [Remark("inclusive_ends", what)] if gaps and set(gaps) == {1} else []


def unlabelled_note(labelled: Mapping[str, Sequence[Segment] | None]) -> list[Remark]:
    """Notes videos, {video_id: segments}, without stage labels while others have some."""
    names = [video_id for video_id, segments in labelled.items() if not segments]
    what = f"Without stage labels, which others have: {shown(names)}."
    return [Remark("some_unlabelled", what)] if 0 < len(names) < len(labelled) else []


def within(segments: Iterable[Segment], stretch: tuple[int, int] | None, cut: bool = False) -> tuple[Segment, ...]:
    """Returns a file's segments inside a stretch; StageError if one reaches outside and `cut` is not set."""
    if stretch is None:
        return tuple(segments)
    (first, last), inside = stretch, []
    for segment in segments:
        end = last if segment.end is None else segment.end
        if not cut and not first <= segment.start <= end <= last:
            what = f"{segment.where}: {segment} lies outside frames {first} to {last} of the file."
            raise StageError("out_of_range", what)
        start, end = max(segment.start, first), min(end, last)
        if start < end:
            inside.append(segment._replace(start=start - first, end=end - first))
    return tuple(inside)


def read_stage_csv(path: Path) -> dict[str, list[Segment]]:
    """Reads `stage_labels.csv` (video_id,stage,start_frame,end_frame), {video_id: segments in file order}.

    An empty end_frame reaches to the video's end. InputError lists rows whose frames are not integers.
    """
    segments: dict[str, list[Segment]] = {}
    malformed = []
    for row in read_csv(path, STAGE_COLUMNS):
        try:
            where = f"{Path(path).name}, row {row.number}"
            end = whole_number(row["end_frame"]) if row["end_frame"] else None
            segment = Segment(row["stage"], whole_number(row["start_frame"]), end, where)
        except ValueError:
            frames = f"{row['start_frame']},{row['end_frame']}"
            malformed.append(f"{path}, row {row.number}: the frames {frames} are not integers.")
        else:
            segments.setdefault(row["video_id"], []).append(segment)
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    return segments
