"""Splits of a dataset's records: at random, alike in score, or by group; their files; one split or k folds.

A file (id,split) says every record's split. `python -m data_prep split` writes it; `build` and `check` read it
(--split_csv) in place of the dataset's own split. For performances called by their place in a table (`video#2`) it
also holds start_frame,end_frame: after a change of the table the id may mean another performance.
"""

import collections
import dataclasses
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from data_prep.datasets.performances import FRAMES
from data_prep.datasets.readers.text import Row, read_csv
from data_prep.datasets.sample import ALL, Fields, Problem, Published, Sample, Source
from scoringnet_tf.support.files import write_csv
from scoringnet_tf.support.messages import InputError, Remark, counted, shown

WAYS = ("random", "score", "group", "own")


@dataclasses.dataclass(frozen=True)
class SplitSettings:
    """How records are split; each field is a flag of `python -m data_prep split`."""

    by: str = "random"
    test_fraction: float = 0.2
    validation_fraction: float = 0.0
    folds: int | None = None
    seed: int = 0


def make_splits(samples: Iterable[Sample], settings: SplitSettings) -> list[dict[str, str]]:
    """Returns one split {id: split}, one for each fold, or ("own") that of the samples; or InputError."""
    samples, rng = list(samples), np.random.default_rng(settings.seed)
    counts = collections.Counter(sample.video_id for sample in samples)
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise InputError("duplicate", f"Several records have one id: {shown(repeated)}.")
    if settings.by == "own":
        _check_known("no_split", "split", (sample.where for sample in samples if sample.split not in SPLITS))
        return [{sample.video_id: sample.split for sample in samples}]
    units = _units(samples, settings.by)
    folds, fraction = settings.folds, settings.test_fraction
    shares = [1 / folds] * folds if folds else [fraction, 1 - fraction]
    tested = _parts(units, shares, settings.by, rng)[: folds or 1]
    return [_split(samples, units, test, settings, rng) for test in tested]


def _check_known(code: str, what: str, rows: Iterable[str]) -> None:
    if names := list(rows):
        raise InputError(code, f"Records without a known {what} to split by: {shown(names)}.")


def torn_note(samples: Iterable[Sample]) -> list[Remark]:
    """Notes groups (athletes, source videos) that are in more than one split: a model may recognise them."""
    splits: dict[str, set[str]] = {}
    for sample in samples:
        if sample.group:
            splits.setdefault(sample.group, set()).add(sample.split)
    torn = sorted(group for group, names in splits.items() if len(names) > 1)
    return [Remark("torn_groups", f"Groups in more than one split: {shown(torn)}.")] if torn else []


def _units(samples: list[Sample], by: str) -> list[list[Sample]]:
    """Returns what stays together: groups, or each sample by itself; sorted by score if that matters."""
    if by == "score":
        _check_known("no_score", "score", (s.where for s in samples if s.final is None or not math.isfinite(s.final)))
        return [[sample] for sample in sorted(samples, key=lambda sample: sample.final or 0.0)]
    if by == "random":
        return [[sample] for sample in samples]
    _check_known("no_group", "group", (sample.where for sample in samples if sample.group is None))
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group or "", []).append(sample)
    return list(groups.values())


def _split(
    samples: list[Sample], units: list[list[Sample]], test: list[list[Sample]], settings: SplitSettings, rng: Generator
) -> dict[str, str]:
    split = dict.fromkeys((sample.video_id for sample in samples), "train")
    split |= {sample.video_id: "test" for unit in test for sample in unit}
    if settings.validation_fraction:
        rest = [unit for unit in units if split[unit[0].video_id] == "train"]
        num_rest = sum(name == "train" for name in split.values())
        share = settings.validation_fraction * len(samples) / max(num_rest, 1)
        held_out = _parts(rest, [min(share, 1.0), max(1 - share, 0.0)], settings.by, rng)[0]
        split |= {sample.video_id: "validation" for unit in held_out for sample in unit}
    shares = {"test": settings.folds or settings.test_fraction, "validation": settings.validation_fraction}
    expected = {"train", *(name for name, share in shares.items() if share)}
    if set(split.values()) != expected:
        what = f"{counted(len(samples), 'record')}, {len(units)} to keep apart"
        hint = f"Take at most --folds={len(units)}." if (settings.folds or 0) > len(units) > 1 else "Add some."
        raise InputError("too_few", f"{what}, leave one of {', '.join(sorted(expected))} empty.", hint)
    return split


def _parts(units: Sequence[list[Sample]], shares: Sequence[float], by: str, rng: Generator) -> list[list]:
    """Divides the units into as many parts as there are shares, which sum to 1."""
    if by == "score":
        return _alike_parts(units, shares, rng)
    # Large groups come first, each to the part that lacks most of its share.
    shuffled = sorted((units[index] for index in rng.permutation(len(units))), key=len, reverse=True)
    lacking = np.array(shares) * sum(map(len, units))
    parts: list[list] = [[] for _ in shares]
    for unit in shuffled:
        part = int(np.argmax(lacking))
        parts[part].append(unit)
        lacking[part] -= len(unit)
    return parts


def _alike_parts(units: Sequence[list[Sample]], shares: Sequence[float], rng: Generator) -> list[list]:
    """Each part takes one unit from each set; sets are neighbours by score, as many as it needs units."""
    ends = np.rint(np.cumsum(shares) * len(units)).astype(int)
    left, parts = list(units), []
    for size in np.diff(ends, prepend=0)[:-1]:
        neighbours = np.array_split(np.arange(len(left)), size) if size else []
        chosen = {int(rng.choice(indices)) for indices in neighbours}
        parts.append([left[index] for index in sorted(chosen)])
        left = [unit for index, unit in enumerate(left) if index not in chosen]
    return [*parts, left]


COLUMNS = ("id", "split")
HEADERS = (COLUMNS, (*COLUMNS, *FRAMES))
SPLITS = ("train", "validation", "test")


def write_split_csv(path: Path, splits: Mapping[str, str], samples: Iterable[Sample] = ()) -> None:
    """Writes {id: split} of the samples for `with_split`; unknown frames are empty cells."""
    frames = {sample.video_id: sample.frames for sample in samples if sample.is_stretch and _is_named_by_file(sample)}
    header = HEADERS[bool(frames)]
    rows = [(*row, *(frames.get(row[0]) or ("", "")))[: len(header)] for row in splits.items()]
    write_csv(path, [header, *rows])


def _is_named_by_file(sample: Sample) -> bool:
    return bool(re.fullmatch(rf"{re.escape(sample.path.name)}(#\d+)?", Path(sample.video_id).name))


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


def _is_split_csv(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(tuple(f"{','.join(names)}\n".encode() for names in HEADERS))


def with_split(source: Source, path: Path) -> Source:
    """Returns the source with a file's split; InputError if it is malformed, or of other records or frames."""
    splits: dict[str, str] = {}
    frames = {sample.video_id: sample.frames for sample in source.samples}
    for row in read_csv(path, COLUMNS):
        if row["id"] in splits:
            raise InputError("duplicate", f"{path}, row {row.number}: {row['id']} is there twice.")
        if row["split"] not in SPLITS:
            raise InputError("unknown_name", f"{path}, row {row.number}: {_not_a_split(row['split'])}")
        _check_frames(path, row, frames.get(row["id"]))
        splits[row["id"]] = row["split"]
    ids = {sample.video_id for sample in source.samples}
    missing, unknown = ids - splits.keys(), splits.keys() - ids
    if missing or unknown:
        what = [f"{shown(missing)} are missing"] * bool(missing) + [f"{shown(unknown)} are not records"] * bool(unknown)
        raise InputError("other_records", f"{path} is not for these {counted(len(ids), 'record')}: {'; '.join(what)}.")
    samples = tuple(dataclasses.replace(sample, split=splits[sample.video_id]) for sample in source.samples)
    settings, published = {**source.settings, "split_csv": path.name}, source.published
    if published:  # the sum of all splits holds under any
        published = Published({ALL: sum(published.videos.values())}, published.source)
    return dataclasses.replace(source, samples=samples, settings=settings, published=published)


def _not_a_split(name: str) -> str:
    return f"{name!r} is not a split, {', '.join(SPLITS)}."


def _check_frames(path: Path, row: Row, frames: tuple[int, int] | None) -> None:
    """Raises an InputError if an id has come to mean a performance, `frames`, without a frame of the former one."""
    fields = Fields(f"{path}, row {row.number}", row)
    start, stop = (fields.integer(name, required=False) for name in FRAMES)
    for problem in fields.problems:
        raise InputError("not_an_integer", str(problem))
    if frames and start is not None and stop is not None and (stop <= frames[0] or frames[1] <= start):
        what = f"{fields.where}: {row['id']}, once frames {start} to {stop}, is now {frames[0]} to {frames[1]}."
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
