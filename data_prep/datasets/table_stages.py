"""The stages in a user's table: boundary columns, or `stage_labels.csv` or corrections beside it.

A column for each stage holds its first frame, and `end` the first frame after the last stage. `stage_labels.csv` names
the ids of rows. Corrections are what people saved from a page of a report. All frames count from the file's start.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_prep.datasets.sample import NONMONOTONE, Fields, Sample, stage_problem
from data_prep.datasets.stage_labels import (
    NOT_IN_ORDER,
    STAGE_CSV,
    Segment,
    StageError,
    corrected_segments,
    read_stage_csv,
    segment_errors,
    within,
)
from scoringnet_tf.data.corrections import END, PATTERN, by_video, read_corrections
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.messages import InputError, Remark, shown


def boundary_columns(sport: Sport) -> tuple[str, ...]:
    """Returns the column names, sorted as their frames; none in a sport without stages."""
    return (*sport.stages[1:], END) if sport.stages[1:] else ()


def read_boundaries(fields: Fields, sport: Sport, stretch: tuple[int, int] | None = None) -> tuple[Segment, ...] | None:
    """Returns a row's segments; None if its boundaries are empty, or wrong (a problem).

    Boundaries count from the file's start, segments from where a `stretch` (start, stop) starts.
    """
    names, num_problems = boundary_columns(sport), len(fields.problems)
    frames = [fields.integer(name, required=False) for name in names]
    known = [frame for frame in frames if frame is not None]
    if not known or len(fields.problems) > num_problems:
        return None
    text = f"{','.join(names)} {','.join('' if frame is None else str(frame) for frame in frames)}"
    first, last = stretch or (0, known[-1])
    if len(known) < len(names):
        fields.report("missing_value", f"{text} are not all of them. Label single stages in {STAGE_CSV}.")
    elif known != sorted(known) or known[0] < 0:
        fields.report(NOT_IN_ORDER, f"{text} are not frames in order.", NONMONOTONE)
    elif not first <= known[0] <= known[-1] <= last:
        fields.report("out_of_range", f"{text} lie outside frames {first} to {last} of the file.")
    elif known[0] == known[-1]:
        fields.report("no_stages", f"{text} leave no frames. Unknown boundaries are empty cells.")
    else:
        starts = [0, *(frame - first for frame in known)]
        spans = zip((NOISE, *names[:-1], NOISE), starts, [*starts[1:], None], strict=True)
        return tuple(Segment(stage, start, stop, fields.where) for stage, start, stop in spans)
    return None


def stage_files(folders: Sequence[Path], beside: Iterable[Path]) -> list[Path]:
    """The only `stage_labels.csv` in some folders, or all that hold corrections, also `beside` the videos."""
    paths = [folder / STAGE_CSV for folder in folders if (folder / STAGE_CSV).is_file()]
    corrected = [folder for folder in dict.fromkeys([*folders, *beside]) if any(folder.glob(PATTERN))]
    if paths and corrected:
        raise InputError("labelled_twice", f"{paths[0]} and corrections in {corrected[0]} both hold stages.")
    if len({path.resolve() for path in paths}) > 1:
        raise InputError("labelled_twice", f"{paths[0]} and {paths[1]} both hold stages.")
    return paths[:1] or corrected


def with_stage_table(samples: Sequence[Sample], path: Path, sport: Sport) -> list[Sample]:
    """Gives samples their segments of a `stage_labels.csv`, by their ids, or a problem if those are wrong."""
    labels = read_stage_csv(path)
    if unknown := labels.keys() - {sample.video_id for sample in samples}:
        raise InputError("unknown_name", f"{path}: the video_id {shown(unknown)} is no id in the table.")
    return [_labelled(sample, labels.get(sample.video_id, ()), sport) for sample in samples]


def _labelled(sample: Sample, segments: Sequence[Segment], sport: Sport) -> Sample:
    try:
        for error in segment_errors(segments, sport):
            raise error
        inside = within(segments, sample.frames)
    except StageError as error:
        return sample.with_problem(stage_problem(sample.where, error))
    return dataclasses.replace(sample, segments=inside or None)


def with_corrections(
    samples: Sequence[Sample], folders: Sequence[Path], sport: Sport
) -> tuple[list[Sample], list[Remark]]:
    """Gives samples their parts of their files' corrections; returns (samples, notes), InputError as `by_video`."""
    corrections = read_corrections(*folders)
    paths = dict.fromkeys(str(sample.path) for sample in samples if sample.path.exists())
    found = by_video(corrections, paths, sport)
    segments = {path: corrected_segments(ones) for path, ones in found.items()}
    labelled = []
    for sample in samples:
        inside = within(segments.get(str(sample.path), ()), sample.frames, cut=True)
        labelled.append(dataclasses.replace(sample, segments=inside or None))
    unused = {one.video for one in corrections} - {one.video for ones in found.values() for one in ones}
    notes = [Remark("corrections_unused", f"Corrections of videos in no row: {shown(unused)}.")] if unused else []
    return labelled, notes
