"""A split of one's own: a CSV file (id,split) that says for every record of a dataset where it belongs.

`python -m data_prep split` writes such files; `build` and `check` read them (--split_csv) in place of the dataset's own
split, whichever the dataset is.

Of performances that are called by their place in a table (`video#2`) they also say the frames, start_frame,end_frame:
an id that has come to mean others would be trained and tested on.
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
from scoringnet_tf.support.messages import counted, shown
from scoringnet_tf.support.reading import whole_number

COLUMNS = ("id", "split")
COLUMNS_AND_FRAMES = (*COLUMNS, *FRAMES)
SPLITS = ("train", "validation", "test")


def write_split_csv(path: Path, splits: Mapping[str, str], samples: Iterable[Sample] = ()) -> None:
    """Writes {id: split} of the samples as `with_split` reads it; cells of frames that are not known are empty."""
    frames = {sample.video_id: sample.frames for sample in samples if is_called_by_its_place(sample)}
    columns = COLUMNS_AND_FRAMES if frames else COLUMNS
    rows = [(*row, *(frames.get(row[0]) or ("", "")))[: len(columns)] for row in splits.items()]
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def unknown_frames_note(samples: Iterable[Sample]) -> list[str]:
    """A sentence on performances whose frames a file of splits lacks: nothing tells whether their ids mean others."""
    unknown = [
        sample.video_id
        for sample in samples
        if is_called_by_its_place(sample) and sample.frames is None and not sample.problems
    ]
    said = "Their frames are not known without the videos, so that nothing tells when these ids come to mean others"
    return [f"{said}: {shown(unknown)}; give the rows ids, or split where the videos are."] if unknown else []


def check_new(taken: Sequence[Path], overwrite: bool) -> None:
    """InputError where files that are there may not be replaced; what is no file of splits never is."""
    others = [str(path) for path in taken if not _is_split_csv(path)]
    if others:
        raise InputError("todo", f"Expected new files. Received: {', '.join(others)}, which no split command wrote.")
    if taken and not overwrite:
        found = ", ".join(map(str, taken))
        raise InputError("todo", f"Expected new files (--overwrite replaces files of splits). Received: {found}")


def further_folds(output: Path, folds: int) -> list[Path]:
    """The files of further folds of `output` that a split of more than `folds` left: those that follow without a gap.

    `split_2023.csv` is none of them.
    """
    further = (output.with_stem(f"{output.stem}_{fold}") for fold in itertools.count(folds + 1))
    return list(itertools.takewhile(_is_split_csv, further))


def _is_split_csv(path):
    headers = tuple(",".join(columns).encode() + b"\n" for columns in (COLUMNS, COLUMNS_AND_FRAMES))
    return path.is_file() and path.read_bytes().startswith(headers)


def with_split(source: Source, path: Path) -> Source:
    """The source with the split that the file at `path` says.

    Raises:
        InputError: the file is missing or malformed, says a record twice, does not have the records of the source, or
            says other frames of one of them.
    """
    splits: dict[str, str] = {}
    frames: dict[str, tuple[int, int]] = {}
    rows: dict[str, int] = {}
    for row in read_csv(path, COLUMNS):
        if row["id"] in splits:
            both = f"rows {rows[row['id']]} and {row.number}"
            raise InputError("todo", f"{path}: expected every id once. Received: {row['id']} in {both}")
        if row["split"] not in SPLITS:
            what = f"expected a split, one of {', '.join(SPLITS)}. Received: {row['split']!r}"
            raise InputError("todo", f"{path}, row {row.number}: {what}")
        splits[row["id"]], rows[row["id"]] = row["split"], row.number
        if all(row.get(name) for name in FRAMES):
            frames[row["id"]] = _stretch(path, row)
    ids = {sample.video_id for sample in source.samples}
    missing, unknown = ids - splits.keys(), splits.keys() - ids
    if missing or unknown:
        received = [f"none for {shown(missing)}"] if missing else []
        received += [f"{shown(unknown)}, which are no records"] if unknown else []
        raise InputError(
            "todo",
            f"{path}: expected a split for each of {counted(len(ids), 'record')}. Received: {'; '.join(received)}",
        )
    _check_frames(path, source.samples, frames)
    samples = tuple(dataclasses.replace(sample, split=splits[sample.video_id]) for sample in source.samples)
    settings, published = {**source.settings, "split_csv": path.name}, source.published and source.published.in_all()
    return dataclasses.replace(source, samples=samples, settings=settings, published=published)


def _stretch(path, row):
    try:
        start, stop = (whole_number(row[name]) for name in FRAMES)
    except ValueError as error:
        received = ",".join(row[name] for name in FRAMES)
        raise InputError("todo", f"{path}, row {row.number}: expected integer frames. Received: {received}") from error
    return start, stop


def _check_frames(path, samples, frames):
    """InputError where an id has come to mean a performance that shares no frame with the one that it meant."""
    moved = []
    for sample in samples:
        if sample.frames and sample.video_id in frames:
            (start, stop), (now_start, now_stop) = frames[sample.video_id], sample.frames
            if stop <= now_start or now_stop <= start:
                moved.append(f"{sample.video_id} ({start} to {stop}, now {now_start} to {now_stop})")
    if moved:
        what = "expected the frames that its ids were written for. Received: others as"
        raise InputError("todo", f"{path}: {what} {shown(moved)}; give the rows ids of their own, and split anew.")


def with_split_problems(source: Source) -> Source:
    """The source with a problem for each sample that is in no split that there is."""
    samples = []
    for sample in source.samples:
        if sample.split not in SPLITS:
            what = f"expected a split, one of {', '.join(SPLITS)}. Received: {sample.split!r}"
            sample = dataclasses.replace(sample, problems=(*sample.problems, Problem(sample.where, what)))
        samples.append(sample)
    return dataclasses.replace(source, samples=tuple(samples))
