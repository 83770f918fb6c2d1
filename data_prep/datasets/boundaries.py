"""Stages as columns of a table: for each stage its first frame, and `end`, the first frame after the last one."""

from collections.abc import Sequence
from typing import Any

from data_prep.datasets.fields import Fields
from data_prep.datasets.sample import NONMONOTONE, Problem
from data_prep.datasets.stage_labels import Segment
from scoringnet_tf.sports import NOISE, Sport

END = "end"


def boundary_columns(sport: Sport) -> tuple[str, ...]:
    """The names of the columns, in the order of their frames; none in a sport without stages."""
    return (*sport.stages[1:], END) if sport.stages[1:] else ()


def read_boundaries(fields: Fields, sport: Sport, stretch: tuple[int, int] | None = None) -> tuple[Segment, ...] | None:
    """The segments of the columns of a row; None where all are empty, or wrong (a problem).

    Where a boundary is unknown, so are the stages of the frames between the known ones beside it: they are in no
    segment.

    Args:
        fields: of the row.
        sport: whose stages.
        stretch: frames (start, stop) of the file that the row is of; boundaries count from the start of the file,
            segments from that of the stretch.
    """
    names = boundary_columns(sport)
    num_problems = len(fields.problems)
    frames = [fields.integer(name, required=False) for name in names]
    known = {name: frame for name, frame in zip(names, frames, strict=True) if frame is not None}
    if not known or len(fields.problems) > num_problems:
        return None
    received, starts = ",".join(map(str, known.values())), list(known.values())
    if starts != sorted(starts) or starts[0] < 0:
        what = f"expected 0 ≤ {' ≤ '.join(known)}. Received: {received}"
        fields.problems.append(Problem(fields.where, what, NONMONOTONE))
        return None
    if stretch and not stretch[0] <= starts[0] <= starts[-1] <= stretch[1]:
        fields.expect(f"expected stages within frames {stretch[0]} to {stretch[1]} of the file. Received: {received}")
        return None
    if len(starts) > 1 and starts[0] == starts[-1]:
        fields.expect(f"expected frames of the performance, or empty cells where none are known. Received: {received}")
        return None
    offset = stretch[0] if stretch else 0
    return _segments(names, [None if frame is None else frame - offset for frame in frames], fields.where)


def _segments(names: Sequence[str], frames: Sequence[Any], where: str) -> tuple[Segment, ...]:
    """What the known boundaries tell: noise before the first, stages whose two are known, noise after `end`."""
    found = [Segment(NOISE, 0, frames[0], where)] if frames[0] is not None else []
    for stage, start, stop in zip(names, frames, frames[1:], strict=False):
        if None not in (start, stop):
            found.append(Segment(stage, start, stop, where))
    if frames[-1] is not None:
        found.append(Segment(NOISE, frames[-1], None, where))
    return tuple(found)
