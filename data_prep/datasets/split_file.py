"""A split of one's own: a CSV file (id,split) that says for every record of a dataset where it belongs.

`python -m data_prep split` writes such files; `build` and `check` read them (--split_csv) in place of the dataset's own
split, whichever the dataset is.
"""

import csv
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.sample import Problem, Source
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.wording import counted, shown

COLUMNS = ("id", "split")
SPLITS = ("train", "validation", "test")


def write_split_csv(path: Path, splits: Mapping[str, str]) -> None:
    """Writes {id: split} as `with_split` reads it."""
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *splits.items()])


def check_new(taken: Sequence[Path], overwrite: bool) -> None:
    """InputError where files that are there may not be replaced; what is no file of splits never is."""
    others = [str(path) for path in taken if not _is_split_csv(path)]
    if others:
        raise InputError(f"Expected new files. Received: {', '.join(others)}, which no split command wrote.")
    if taken and not overwrite:
        found = ", ".join(map(str, taken))
        raise InputError(f"Expected new files (--overwrite replaces files of splits). Received: {found}")


def further_folds(output: Path, folds: int) -> list[Path]:
    """The files of further folds of `output` that a split of more than `folds` left: those that follow without a gap.

    `split_2023.csv` is none of them.
    """
    further = (output.with_stem(f"{output.stem}_{fold}") for fold in itertools.count(folds + 1))
    return list(itertools.takewhile(_is_split_csv, further))


def _is_split_csv(path):
    return path.is_file() and path.read_bytes().startswith(",".join(COLUMNS).encode() + b"\n")


def with_split(source: Source, path: Path) -> Source:
    """The source with the split that the file at `path` says.

    Raises:
        InputError: the file is missing or malformed, says a record twice, or does not have the records of the source.
    """
    splits: dict[str, str] = {}
    rows: dict[str, int] = {}
    for row in read_csv(path, COLUMNS):
        if row["id"] in splits:
            both = f"rows {rows[row['id']]} and {row.number}"
            raise InputError(f"{path}: expected every id once. Received: {row['id']} in {both}")
        if row["split"] not in SPLITS:
            what = f"expected a split, one of {', '.join(SPLITS)}. Received: {row['split']!r}"
            raise InputError(f"{path}, row {row.number}: {what}")
        splits[row["id"]], rows[row["id"]] = row["split"], row.number
    ids = {sample.video_id for sample in source.samples}
    missing, unknown = ids - splits.keys(), splits.keys() - ids
    if missing or unknown:
        received = [f"none for {shown(missing)}"] if missing else []
        received += [f"{shown(unknown)}, which are no records"] if unknown else []
        raise InputError(
            f"{path}: expected a split for each of {counted(len(ids), 'record')}. Received: {'; '.join(received)}"
        )
    samples = tuple(dataclasses.replace(sample, split=splits[sample.video_id]) for sample in source.samples)
    settings, published = {**source.settings, "split_csv": path.name}, source.published and source.published.in_all()
    return dataclasses.replace(source, samples=samples, settings=settings, published=published)


def with_split_problems(source: Source) -> Source:
    """The source with a problem for each sample that is in no split that there is."""
    samples = []
    for sample in source.samples:
        if sample.split not in SPLITS:
            what = f"expected a split, one of {', '.join(SPLITS)}. Received: {sample.split!r}"
            sample = dataclasses.replace(sample, problems=(*sample.problems, Problem(sample.where, what)))
        samples.append(sample)
    return dataclasses.replace(source, samples=tuple(samples))
