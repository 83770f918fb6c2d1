"""The stages in a user's table: boundary columns, or `stage_labels.csv` or corrections beside it.

A column for each stage holds its first frame, and `end` the first frame after the last stage. In `stage_labels.csv` the
stages by a performance's id come before those by its file. Corrections are what people saved from a page of a report.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from data_prep.datasets.sample import NONMONOTONE, Fields, Sample, stage_problem
from data_prep.datasets.stage_labels import (
    NOT_IN_ORDER,
    Segment,
    StageError,
    corrected_segments,
    read_stage_csv,
    segment_errors,
    touches,
    unlabelled_note,
    within,
)
from scoringnet_tf.data.corrections import END, PATTERN, by_video, read_corrections
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.messages import InputError, Remark, shown

STAGE_CSV = "stage_labels.csv"


def boundary_columns(sport: Sport) -> tuple[str, ...]:
    """Returns the column names, sorted as their frames; none in a sport without stages."""
    return (*sport.stages[1:], END) if sport.stages[1:] else ()


def read_boundaries(fields: Fields, sport: Sport, stretch: tuple[int, int] | None = None) -> tuple[Segment, ...] | None:
    """Returns a row's segments; None if all its boundaries are empty, or wrong (a problem).

    Between two known boundaries that are not neighbours the stages are unknown: those frames are in no segment.
    Boundaries count from the file's start, segments from where a `stretch` (start, stop) starts.
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


def _segments(names: Sequence[str], frames: list[int | None], where: str) -> tuple[Segment, ...]:
    """Returns noise before the first boundary, stages between two known ones, noise after `end`."""
    segments = [Segment(NOISE, 0, frames[0], where)] if frames[0] is not None else []
    for stage, start, stop in zip(names, frames, frames[1:], strict=False):
        if start is not None and stop is not None:
            segments.append(Segment(stage, start, stop, where))
    if frames[-1] is not None:
        segments.append(Segment(NOISE, frames[-1], None, where))
    return tuple(segments)


def label_samples(
    samples: Sequence[Sample],
    files: Sequence[str],
    are_named: Sequence[bool],
    paths: Sequence[Path],
    sport: Sport,
    plain_name: Callable[[str], str],
) -> tuple[list[Sample], list[Remark]]:
    """Gives samples their segments of `stage_files`, or a problem if those are wrong; returns (samples, notes).

    A video_id is an id, if the table gives one (`are_named`), or one of `files`, as `plain_name` makes it.
    """
    names = {*files, *(sample.video_id for sample in samples)}
    labels: dict[str, list[Segment]] = {}
    is_table = paths[0].is_file()
    named, notes = (read_stage_csv(paths[0]), []) if is_table else _corrected(paths, samples, files, sport)
    for name, segments in named.items():
        labels.setdefault(name if name in names else plain_name(name), []).extend(segments)
    if unknown := labels.keys() - names:
        raise InputError("unknown_name", f"{paths[0]}: the video_id {shown(unknown)} is not in the table.")
    labelled = []
    stretches: dict[str, list[tuple[int, int] | None]] = {}
    for sample, file, is_named in zip(samples, files, are_named, strict=True):
        # An id of the table, or a number, is that of one performance; a file's name is that of all in it.
        has_own = is_named or sample.video_id != file
        own = labels.get(sample.video_id, ()) if has_own else ()
        labelled.append(_labelled(sample, own, labels.get(file, ()), sport))
        stretches.setdefault(file, []).append(sample.frames)
    by_id = {sample.video_id: sample.segments for sample in labelled if not sample.problems}
    return labelled, [*notes, *_outside_note(labels, stretches), *unlabelled_note(by_id)]


def stage_files(folders: Sequence[Path], beside: Iterable[Path]) -> list[Path]:
    """The only `stage_labels.csv` in some folders, or all that hold corrections, also `beside` the videos."""
    paths = [folder / STAGE_CSV for folder in folders if (folder / STAGE_CSV).is_file()]
    corrected = [folder for folder in dict.fromkeys([*folders, *beside]) if any(folder.glob(PATTERN))]
    if paths and corrected:
        raise InputError("labelled_twice", f"{paths[0]} and corrections in {corrected[0]} both hold stages.")
    if len({path.read_bytes() for path in paths}) > 1:
        raise InputError("labelled_twice", f"{paths[0]} and {paths[1]} hold different stages.")
    return paths[:1] or corrected


def _corrected(
    folders: Sequence[Path], samples: Sequence[Sample], files: Sequence[str], sport: Sport
) -> tuple[dict[str, list[Segment]], list[Remark]]:
    """File → its segments, by the corrections in folders, and notes; InputError as `corrections.by_video`."""
    file_of = {str(sample.path): file for sample, file in zip(samples, files, strict=True) if sample.path.exists()}
    corrections = read_corrections(*folders)
    found = by_video(corrections, list(file_of), sport)
    unused = {one.video for one in corrections} - {one.video for ones in found.values() for one in ones}
    notes = [Remark("corrections_unused", f"Corrections of videos in no row: {shown(unused)}.")] if unused else []
    return {file_of[path]: corrected_segments(ones) for path, ones in found.items()}, notes


def _outside_note(labels: dict[str, list[Segment]], stretches: dict[str, list[tuple[int, int] | None]]) -> list[Remark]:
    """Notes stages outside all performances: a table row may be lost."""
    outside = [
        f"{file} ({segment.stage}, {segment.where})"
        for file, frames in stretches.items()
        for segment in labels.get(file, ())
        if segment.stage != NOISE and None not in frames and not any(each and touches(segment, each) for each in frames)
    ]
    return [Remark("stages_outside", f"Stages in no performance of the table: {shown(outside)}.")] if outside else []


def _labelled(sample: Sample, own: Sequence[Segment], of_file: Sequence[Segment], sport: Sport) -> Sample:
    """Returns a sample with its own segments, or its part from its file's; with a problem if both differ."""
    of_file = [segment for segment in of_file if sample.frames is None or touches(segment, sample.frames)]
    try:
        for error in segment_errors(own or of_file, sport):
            raise error
        part = within(of_file, sample.frames, cut=True)
        segments = within(own, sample.frames) if own else part
        if own and _spans(part) not in ([], _spans(segments)):
            what = f"{sample.video_id} has stages of its own ({own[0].where}), and its file others ({part[0].where})"
            raise StageError("labelled_twice", what)
    except StageError as error:
        return sample.with_problem(stage_problem(sample.where, error))
    return dataclasses.replace(sample, segments=segments or None)


def _spans(segments: Iterable[Segment]) -> list[tuple]:
    return [segment[:3] for segment in segments if segment.stage != NOISE]
