"""The stages of a user's table: columns of boundaries, or `stage_labels.csv` beside it.

A column for each stage holds its first frame, and `end` the first frame after the last stage. In `stage_labels.csv` the
stages by the id of a performance come before those by its file.
"""

import collections
import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from data_prep.datasets.fields import Fields
from data_prep.datasets.sample import NONMONOTONE, Sample, stage_problem
from data_prep.datasets.stage_labels import (
    NOT_IN_ORDER,
    Segment,
    StageError,
    read_stage_csv,
    segment_errors,
    touches,
    unlabelled_note,
    within,
)
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, shown

END = "end"

# === Columns of boundaries ===


def boundary_columns(sport: Sport) -> tuple[str, ...]:
    """Returns the names of the columns in the order of their frames; none in a sport without stages."""
    return (*sport.stages[1:], END) if sport.stages[1:] else ()


def read_boundaries(fields: Fields, sport: Sport, stretch: tuple[int, int] | None = None) -> tuple[Segment, ...] | None:
    """Returns the segments of a row; None if all its boundaries are empty, or wrong (a problem).

    Between two known boundaries that are not neighbours the stages are unknown: those frames are in no segment.

    Args:
        fields: the row.
        sport: whose stages.
        stretch: frames (start, stop) of its file; boundaries count from the start of the file, segments from it.
    """
    names = boundary_columns(sport)
    num_problems = len(fields.problems)
    frames = [fields.integer(name, required=False) for name in names]
    known = {name: frame for name, frame in zip(names, frames, strict=True) if frame is not None}
    if not known or len(fields.problems) > num_problems:
        return None
    starts, text = list(known.values()), f"{','.join(known)} {','.join(map(str, known.values()))}"
    if starts != sorted(starts) or starts[0] < 0:
        fields.report(NOT_IN_ORDER, f"{text} are not frames in order.", NONMONOTONE)
    elif stretch and not stretch[0] <= starts[0] <= starts[-1] <= stretch[1]:
        fields.report("out_of_range", f"{text} lie outside frames {stretch[0]} to {stretch[1]} of the file.")
    elif len(starts) > 1 and starts[0] == starts[-1]:
        fields.report("no_stages", f"{text} leave no frames. Unknown boundaries are empty cells.")
    else:
        offset = stretch[0] if stretch else 0
        return _segments(names, [None if frame is None else frame - offset for frame in frames], fields.where)
    return None


def _segments(names, frames, where):
    """Returns noise before the first boundary, stages between two known ones, noise after `end`."""
    segments = [Segment(NOISE, 0, frames[0], where)] if frames[0] is not None else []
    for stage, start, stop in zip(names, frames, frames[1:], strict=False):
        if None not in (start, stop):
            segments.append(Segment(stage, start, stop, where))
    if frames[-1] is not None:
        segments.append(Segment(NOISE, frames[-1], None, where))
    return tuple(segments)


# === stage_labels.csv ===


@dataclasses.dataclass(frozen=True)
class _Row:
    """A performance and its labels."""

    sample: Sample
    file: str
    own: Sequence[Segment]  # those of its id, or of its file
    of_file: Sequence[Segment]
    is_shared: bool  # `own` are those of the file, which may hold other performances


def label_samples(
    samples: Sequence[Sample],
    files: Sequence[str],
    are_named: Sequence[bool],
    path: Path,
    sport: Sport,
    plain_name: Callable[[str], str],
) -> tuple[list[Sample], list[Remark]]:
    """Gives samples their segments of `stage_labels.csv`, or a problem if those are wrong.

    Args:
        samples: those of a table.
        files: the name of the file of each.
        are_named: whether the table gives the id of each.
        path: of `stage_labels.csv`, whose video_id is an id or a file; InputError if it is neither.
        sport: whose stages.
        plain_name: makes a name one of `files` however it is written.

    Returns:
        (samples, notes).
    """
    names = {*files, *(sample.video_id for sample in samples)}
    labels: dict[str, list[Segment]] = {}
    for name, segments in read_stage_csv(path).items():
        labels.setdefault(name if name in names else plain_name(name), []).extend(segments)
    if unknown := sorted(labels.keys() - names):
        raise InputError("unknown_name", f"{path}: the video_id {', '.join(unknown)} is not in the table.")
    rows = []
    for sample, file, is_named in zip(samples, files, are_named, strict=True):
        # An id of the table, or a number, is that of one performance; a file's name is that of all in it.
        has_own = sample.video_id in labels and (is_named or sample.video_id != file)
        own = labels.get(sample.video_id if has_own else file, ())
        rows.append(_Row(sample, file, own, labels.get(file, ()), not has_own))
    stretches: dict[str, list[tuple[int, int]]] = collections.defaultdict(list)
    for row in rows:
        stretches[row.file] += [row.sample.frames] if row.sample.frames else []
    labelled = [_labelled(row, stretches[row.file], sport) for row in rows]
    by_id = {sample.video_id: sample.segments for sample in labelled if not sample.problems}
    return labelled, [*_notes(rows, stretches), *unlabelled_note(by_id)]


def _labelled(row, stretches, sport):
    """Returns a sample with its segments, or its part of those of its file, whose performances are `stretches`."""
    try:
        _check_said_once(row)
        for error in segment_errors(row.own, sport):
            if not (row.is_shared and stretches) or _concerns(error.segment, row.sample.frames, stretches):
                raise error
        own = within(row.own, row.sample.frames, cut=row.is_shared)
    except StageError as error:
        return row.sample.with_problem(stage_problem(row.sample.where, error))
    return dataclasses.replace(row.sample, segments=own or None)


def _check_said_once(row):
    """Raises a StageError if a performance has stages by its id, and others by its file."""
    stretch = row.sample.frames
    own, of_file = (
        [segment for segment in segments if segment.stage != NOISE and (stretch is None or touches(segment, stretch))]
        for segments in (row.own, row.of_file)
    )
    if row.is_shared or not own or not of_file or [each[:3] for each in own] == [each[:3] for each in of_file]:
        return
    what = (
        f"{row.sample.video_id} has stages of its own ({own[0].where}), and {row.file} has others ({of_file[0].where})"
    )
    raise StageError("labelled_twice", what, own[0])


def _concerns(segment, stretch, stretches):
    """Whether a wrong segment of a file touches a performance; the first one names what touches none."""
    if stretch and touches(segment, stretch):
        return True
    return not any(touches(segment, each) for each in stretches) and stretch in (None, min(stretches))


def _notes(rows, stretches):
    """Notes stages that are cut at the ends of a performance, or lie outside all in their file: a row may be lost."""
    whole = {row.file for row in rows if not row.sample.frames}
    cut: list[str] = []
    outside: dict[str, None] = {}  # in order, each once
    for row in rows:
        for segment in row.of_file:
            end, name = math.inf if segment.end is None else segment.end, f"({segment.stage}, {segment.where})"
            if segment.stage == NOISE:
                continue
            if row.is_shared and any(segment.start < edge < end for edge in row.sample.frames or ()):
                cut.append(f"{row.sample.video_id} {name}")
            if row.file not in whole and not any(touches(segment, each) for each in stretches[row.file]):
                outside[f"{row.file} {name}"] = None
    notes = [Remark("stages_cut", f"Stages that reach beyond their performance are cut: {shown(cut)}.")] if cut else []
    what = f"Stages in no performance of the table: {shown(outside)}."
    return [*notes, Remark("stages_outside", what)] if outside else notes
