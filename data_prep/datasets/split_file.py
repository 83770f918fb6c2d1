"""Your own split: a CSV file (id,split) with the split of every record of a dataset.

`python -m data_prep split` writes such files; `build` and `check` read them (--split_csv) in place of the dataset's own
split. For performances called by their place in a table (`video#2`) the file also holds start_frame,end_frame: after a
change of the table the id may mean another performance, which would then be trained and tested on.
"""

import csv
import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from data_prep.datasets.performances import FRAMES, is_called_by_its_place
from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.sample import Problem, Sample, Source
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import Remark, counted, shown
from scoringnet_tf.support.reading import whole_number

COLUMNS = ("id", "split")
COLUMNS_AND_FRAMES = (*COLUMNS, *FRAMES)
SPLITS = ("train", "validation", "test")


def write_split_csv(path: Path, splits: Mapping[str, str], samples: Iterable[Sample] = ()) -> None:
    """Writes {id: split} of the samples for `with_split`; unknown frames are empty cells."""
    frames = {sample.video_id: sample.frames for sample in samples if is_called_by_its_place(sample)}
    columns = COLUMNS_AND_FRAMES if frames else COLUMNS
    rows = [(*row, *(frames.get(row[0]) or ("", "")))[: len(columns)] for row in splits.items()]
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def unknown_frames_note(samples: Iterable[Sample]) -> list[Remark]:
    """Notes performances whose frames the file lacks: nothing tells if their ids come to mean others."""
    unknown = [
        sample.video_id
        for sample in samples
        if is_called_by_its_place(sample) and sample.frames is None and not sample.problems
    ]
    what = f"Frames unknown without the videos: {shown(unknown)}. A changed table may give these ids to others."
    return [Remark("unknown_frames", f"{what} Give the rows ids, or split beside the videos.")] if unknown else []


def check_new(paths: Sequence[Path], overwrite: bool) -> None:
    """Checks that existing files may be replaced: never those that are not files of splits."""
    if others := [str(path) for path in paths if not _is_split_csv(path)]:
        raise InputError("exists", f"{', '.join(others)} exist, but are not files of splits.")
    if paths and not overwrite:
        raise InputError("exists", f"{', '.join(map(str, paths))} exist.", "Replace them with --overwrite.")


def further_folds(output: Path, folds: int) -> list[Path]:
    """Returns the files of folds beyond `folds`, without a gap, that a larger split left; not `split_2023.csv`."""
    further = (output.with_stem(f"{output.stem}_{fold}") for fold in itertools.count(folds + 1))
    return list(itertools.takewhile(_is_split_csv, further))


def _is_split_csv(path):
    headers = tuple(",".join(columns).encode() + b"\n" for columns in (COLUMNS, COLUMNS_AND_FRAMES))
    return path.is_file() and path.read_bytes().startswith(headers)


def with_split(source: Source, path: Path) -> Source:
    """Returns the source with the split of a file.

    Raises:
        InputError: the file is malformed, has other records than the source, one twice, or other frames of one.
    """
    splits: dict[str, str] = {}
    frames: dict[str, tuple[int, int]] = {}
    for row in read_csv(path, COLUMNS):
        if row["id"] in splits:
            raise InputError("duplicate", f"{path}, row {row.number}: {row['id']} is there twice.")
        if row["split"] not in SPLITS:
            raise InputError("unknown_name", f"{path}, row {row.number}: {_not_a_split(row['split'])}")
        splits[row["id"]] = row["split"]
        if all(row.get(name) for name in FRAMES):
            frames[row["id"]] = _stretch(path, row)
    ids = {sample.video_id for sample in source.samples}
    missing, unknown = ids - splits.keys(), splits.keys() - ids
    if missing or unknown:
        what = [f"{shown(missing)} are missing"] * bool(missing) + [f"{shown(unknown)} are not records"] * bool(unknown)
        raise InputError("other_records", f"{path} is not for these {counted(len(ids), 'record')}: {'; '.join(what)}.")
    _check_frames(path, source.samples, frames)
    samples = tuple(dataclasses.replace(sample, split=splits[sample.video_id]) for sample in source.samples)
    settings, published = {**source.settings, "split_csv": path.name}, source.published and source.published.in_all()
    return dataclasses.replace(source, samples=samples, settings=settings, published=published)


def _not_a_split(name):
    return f"{name!r} is not a split, {', '.join(SPLITS)}."


def _stretch(path, row):
    try:
        start, stop = (whole_number(row[name]) for name in FRAMES)
    except ValueError as error:
        cells = ",".join(row[name] for name in FRAMES)
        raise InputError("not_an_integer", f"{path}, row {row.number}: the frames {cells} are not integers.") from error
    return start, stop


def _check_frames(path, samples, frames):
    """Raises an InputError if an id has come to mean a performance without a frame of the former one."""
    moved = []
    for sample in samples:
        if sample.frames and sample.video_id in frames:
            (start, stop), (now_start, now_stop) = frames[sample.video_id], sample.frames
            if stop <= now_start or now_stop <= start:
                moved.append(f"{sample.video_id} ({start} to {stop}, now {now_start} to {now_stop})")
    if moved:
        what = f"{path}: ids have come to mean other frames: {shown(moved)}."
        raise InputError("other_frames", what, "Give the rows ids of their own, and split anew.")


def with_split_problems(source: Source) -> Source:
    """Returns the source with a problem for each sample in an unknown split."""
    samples = (
        sample
        if sample.split in SPLITS
        else sample.with_problem(Problem(sample.where, _not_a_split(sample.split), code="unknown_name"))
        for sample in source.samples
    )
    return dataclasses.replace(source, samples=tuple(samples))
