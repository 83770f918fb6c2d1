"""Splits of a dataset's records: at random, alike in score, or by group; one or k folds, the same for one seed."""

import collections
import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np

from data_prep.datasets.sample import Sample
from data_prep.datasets.split_file import SPLITS
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted, shown

WAYS = ("random", "score", "group", "own")


@dataclasses.dataclass(frozen=True)
class SplitSettings:
    """How records are split; the meaning of each is that of the flag of `python -m data_prep split`."""

    by: str = "random"
    test_fraction: float = 0.2
    validation_fraction: float = 0.0
    folds: int | None = None
    seed: int = 0


def make_splits(samples: Iterable[Sample], settings: SplitSettings) -> list[dict[str, str]]:
    """One split, or one for each fold, whose test records together are all of them: [{id: split}], as the samples come.

    By `"own"` it is the one that the samples have.

    Raises:
        InputError: ids that are not distinct, records without the score or group that they are split by, or so few that
            a split would be empty.
    """
    samples, rng = list(samples), np.random.default_rng(settings.seed)
    repeated = sorted(
        name for name, count in collections.Counter(sample.video_id for sample in samples).items() if count > 1
    )
    if repeated:
        raise InputError("todo", f"Expected distinct ids to split by. Received: {shown(repeated)} more than once")
    if settings.by == "own":
        unsplit = [sample.where for sample in samples if sample.split not in SPLITS]
        if unsplit:
            expected = f"a split of every record, one of {', '.join(SPLITS)}"
            raise InputError("todo", f"Expected {expected}. Received: another or none in {shown(unsplit)}")
        return [{sample.video_id: sample.split for sample in samples}]
    units = _units(samples, settings.by)
    if settings.folds:
        tested = _parts(units, [1 / settings.folds] * settings.folds, settings.by, rng)
    else:
        tested = _parts(units, [settings.test_fraction, 1 - settings.test_fraction], settings.by, rng)[:1]
    return [_split(samples, units, test, settings, rng) for test in tested]


def torn_groups(splits: Iterable[tuple[str | None, str]]) -> list[str]:
    """The groups (athletes, source videos) of (group, split) that are in more than one split."""
    found: dict[str, set[str]] = {}
    for group, split in splits:
        if group:
            found.setdefault(group, set()).add(split)
    return sorted(group for group, of_group in found.items() if len(of_group) > 1)


def torn_note(groups: Sequence[str]) -> list[str]:
    """A sentence on those: a model may know them by their looks."""
    return [f"Groups that are in more than one split: {shown(groups)}."] if groups else []


def _is_known(score):
    return score is not None and math.isfinite(score)


def _units(samples, by):
    """What goes into a split as a whole: groups of samples, or each by itself; in order of score where that matters."""
    expected, lacking = {
        "random": ("", []),
        "score": ("a final score", [sample for sample in samples if not _is_known(sample.final)]),
        "group": ("a group", [sample for sample in samples if sample.group is None]),
    }[by]
    if lacking:
        where = shown(sample.where for sample in lacking)
        raise InputError("todo", f"Expected {expected} of every record to split by. Received: none in {where}")
    if by == "score":
        return [[sample] for sample in sorted(samples, key=lambda sample: sample.final)]
    if by == "random":
        return [[sample] for sample in samples]
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group, []).append(sample)
    return list(groups.values())


def _split(samples, units, test, settings, rng):
    """{id: split} of the samples, of which the units `test` are to test on, and of the others a share to validate."""
    tested = {sample.video_id for unit in test for sample in unit}
    validated: set[str] = set()
    if settings.validation_fraction:
        rest = [unit for unit in units if unit[0].video_id not in tested]
        share = settings.validation_fraction * len(samples) / max(len(samples) - len(tested), 1)
        held_out = _parts(rest, [min(share, 1.0), max(1 - share, 0.0)], settings.by, rng)[0]
        validated = {sample.video_id for unit in held_out for sample in unit}
    split = {
        sample.video_id: "test"
        if sample.video_id in tested
        else "validation"
        if sample.video_id in validated
        else "train"
        for sample in samples
    }
    shares = {"test": settings.folds or settings.test_fraction, "validation": settings.validation_fraction}
    expected = {"train", *(name for name, share in shares.items() if share)}
    if set(split.values()) != expected:
        raise InputError(
            "todo",
            f"Expected records for {', '.join(sorted(expected))}. Received: {counted(len(samples), 'record')}, "
            f"{len(units)} to be kept apart, which leave one of these empty",
        )
    return split


def _parts(units: Sequence[list[Sample]], shares: Sequence[float], by: str, rng: np.random.Generator) -> list[list]:
    """The units in as many parts as there are shares, which sum to 1."""
    return _alike_parts(units, shares, rng) if by == "score" else _random_parts(units, shares, rng)


def _random_parts(units, shares, rng):
    """Large groups first, each to the part that lacks most of its share."""
    shuffled = sorted((units[index] for index in rng.permutation(len(units))), key=len, reverse=True)
    lacking = np.array(shares) * sum(map(len, units))
    parts: list[list] = [[] for _ in shares]
    for unit in shuffled:
        part = int(np.argmax(lacking))
        parts[part].append(unit)
        lacking[part] -= len(unit)
    return parts


def _alike_parts(units, shares, rng):
    """Of units in order of score each part takes one from each of as many sets of neighbours as it shall have."""
    ends = np.rint(np.cumsum(shares) * len(units)).astype(int)
    left, parts = list(units), []
    for size in np.diff(ends, prepend=0)[:-1]:
        neighbours = np.array_split(np.arange(len(left)), size) if size else []
        chosen = {int(rng.choice(indices)) for indices in neighbours}
        parts.append([left[index] for index in sorted(chosen)])
        left = [unit for index, unit in enumerate(left) if index not in chosen]
    return [*parts, left]
