"""A split's videos: as stored, held out for validation, or named; and other splits of records.

Another split has its own index; the records lie where they were built.
"""

import collections
import dataclasses
import functools
import hashlib
import itertools
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import INDEX_NAME, DatasetInfo, score_statistics, without_groups
from scoringnet_tf.support.files import read_csv, write_csv
from scoringnet_tf.support.messages import InputError, counted, shown

Split = Mapping[str, str]  # id → "train", "validation" or "test"; other videos are in none
COLUMNS, SPLITS = ("id", "split"), ("train", "validation", "test")


def stored_split(info: DatasetInfo, split: str) -> str:
    """The stored split that holds the records: held-out validation is part of the stored training."""
    return "train" if split == "validation" and split not in info.splits else split


def split_ids(
    info: DatasetInfo,
    split: str,
    validation_fraction: float = 0.0,
    ids: Iterable[str] | None = None,
) -> list[str]:
    """A split's ids, in the order of its records, as a stream without shuffling has them.

    `"train"` and `"validation"` partition the stored training split, unless the records have their own validation
    split. A run's seed does not change the held-out videos: one random video from each set of neighbours in final
    score (in each class). A group (cuts from one source) is held out whole.

    Args:
        info: the records' index.
        split: `"train"`, `"validation"` or a stored split.
        validation_fraction: share of training videos (or groups) to hold out.
        ids: in place of a fraction, the videos to take, as an earlier run recorded them.

    Raises:
        InputError: no such split; a fraction that leaves a part empty; `ids` that are empty, repeated, beside a
            fraction, or not in the records.
    """
    stored = info.split(stored_split(info, split))["ids"]
    if ids is not None:
        return _chosen(info, split, stored, list(ids), validation_fraction)
    is_whole = split == "train" and not validation_fraction
    if is_whole or "validation" in info.splits or split not in ("train", "validation"):
        return list(stored)
    drawn = _held_out(info, stored, validation_fraction)
    return [video_id for video_id in stored if (video_id in drawn) == (split == "validation")]


def _chosen(info: DatasetInfo, split: str, stored: list[str], ids: list[str], validation_fraction: float) -> list[str]:
    if validation_fraction:
        raise InputError("flags_conflict", "Give ids or a validation fraction, not both.")
    wanted = set(ids)
    unknown = sorted(wanted - set(stored))
    if unknown or not ids or len(wanted) < len(ids):
        code = "unknown_name" if unknown else "duplicate" if ids else "no_ids"
        problem = f"no records of {shown(unknown)}" if unknown else "ids are repeated" if ids else "no ids"
        raise InputError(code, f"{info.records_dir}, {stored_split(info, split)} split: {problem}.")
    return [video_id for video_id in stored if video_id in wanted]


def _held_out(info: DatasetInfo, ids: list[str], fraction: float) -> set[str]:
    units = _units(info, ids)
    num_held_out = round(fraction * len(units))
    if not 0 < num_held_out < len(units):
        kind = "training video" if len(units) == len(ids) else "training group"
        message = f"A validation fraction of {fraction} holds out {num_held_out} of {counted(len(units), kind)}."
        raise InputError("out_of_range", message, "It must take some but not all of them.")
    rng = np.random.default_rng(0)
    chosen: list[list[str]] = []
    seen = 0
    for _, run in itertools.groupby(units, key=lambda unit: info.videos[unit[0]].get("classes")):
        of_class = list(run)
        seen += len(of_class)
        share = num_held_out * seen // len(units) - len(chosen)
        for neighbours in np.array_split(np.arange(len(of_class)), share) if share else ():
            chosen.append(of_class[rng.choice(neighbours)])
    return {video_id for unit in chosen for video_id in unit}


def _groups(info: DatasetInfo, ids: Iterable[str]) -> list[list[str]]:
    """Ids by group, a video without one alone, in the order of their first id."""
    members: dict[tuple[bool, str], list[str]] = {}
    for video_id in ids:
        group = info.videos[video_id].get("group")
        members.setdefault((group is None, video_id if group is None else group), []).append(video_id)
    return list(members.values())


def _units(info: DatasetInfo, ids: Iterable[str]) -> list[list[str]]:
    """Groups, neighbours beside each other: by class, final score, id."""

    def place(unit: list[str]) -> tuple:
        classes = sorted(info.videos[unit[0]].get("classes", {}).items())
        return classes, statistics.fmean(info.videos[video_id]["final"] or 0.0 for video_id in unit), unit

    return sorted(map(sorted, _groups(info, ids)), key=place)


def random_splits(info: DatasetInfo, number: int, seed: int = 0) -> list[Split]:
    """Random splits, each with as many test videos as the records have, or just fewer if groups forbid it.

    Groups stay together; the records' validation split stays as it is.
    """
    rng = np.random.default_rng(seed)
    kept = dict.fromkeys(info.splits.get("validation", {}).get("ids", ()), "validation")
    ids = sorted([*info.split("train")["ids"], *info.split("test")["ids"]])
    groups, num_test = _groups(info, ids), len(info.split("test")["ids"])
    return [{**kept, **_drawn(groups, num_test, rng)} for _ in range(number)]


def random_folds(info: DatasetInfo, number: int, seed: int = 0) -> list[Split]:
    """Returns scikit-learn's `KFold` over all videos; InputError (`out_of_range`) for fewer videos than folds."""
    from sklearn.model_selection import KFold

    _check_folds(info, number, len(info.videos), "video")
    return _splits(info, KFold(number, shuffle=True, random_state=seed))


def group_folds(info: DatasetInfo, number: int | None = None, seed: int = 0) -> list[Split]:
    """Returns scikit-learn's `GroupKFold`, or `LeaveOneGroupOut` if `number` is None.

    A video without a group is a group alone.

    Raises:
        InputError: the records have no groups (`no_groups`), or fewer than folds (`out_of_range`).
    """
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

    groups = _groups(info, sorted(info.videos))
    if len(groups) == len(info.videos):
        hint = "Build them with a column named group."
        raise InputError("no_groups", f"{info.records_dir}: no videos share a group.", hint)
    _check_folds(info, number or len(groups), len(groups), "group")
    number_of = {video_id: number for number, unit in enumerate(groups) for video_id in unit}
    splitter = GroupKFold(number, shuffle=True, random_state=seed) if number else LeaveOneGroupOut()
    return _splits(info, splitter, [number_of[video_id] for video_id in sorted(info.videos)])


def _check_folds(info: DatasetInfo, number: int, most: int, kind: str) -> None:
    if not 2 <= number <= most:
        message = f"{info.records_dir} has {counted(most, kind)}, too few for {counted(number, 'fold')}."
        raise InputError("out_of_range", message, f"Use 2 folds or more, and at most one for each {kind}.")


def _splits(info: DatasetInfo, splitter: Any, groups: Sequence[int] | None = None) -> list[Split]:
    """A split for each fold that scikit-learn's splitter tests."""
    ids = sorted(info.videos)
    folds = splitter.split(ids, groups=groups)
    return [dict.fromkeys(ids, "train") | {ids[place]: "test" for place in tested} for _, tested in folds]


def without_parted_groups(info: DatasetInfo, splits: Iterable[Split]) -> DatasetInfo:
    """The records without groups if a split parts one, else as they are."""
    for split in splits:
        for unit in _groups(info, sorted(split.keys() & info.videos.keys())):
            if len({split[video_id] for video_id in unit}) > 1:
                return without_groups(info)
    return info


def _drawn(groups: list[list[str]], num_test: int, rng: np.random.Generator) -> dict[str, str]:
    """Groups, in random order, go to the test split as long as they fit."""
    split: dict[str, str] = {}
    for index in rng.permutation(len(groups)):
        tested = len(groups[index]) <= num_test
        num_test -= len(groups[index]) if tested else 0
        split |= dict.fromkeys(groups[index], "test" if tested else "train")
    return split


def read_split(path: Path) -> Split:
    """A file (id,split), as `write_split` writes it; InputError if it is missing or malformed."""
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of a split ({','.join(COLUMNS)}).")
    heading, *rows = [cells for _, cells in read_csv(path)] or [[]]
    ids = [row[0] for row in rows]
    wrong = [",".join(row) for row in rows if len(row) != len(heading) or row[1:2] not in [[name] for name in SPLITS]]
    wrong += sorted({video_id for video_id in ids if ids.count(video_id) > 1})
    if tuple(heading) != COLUMNS:
        wrong = [",".join(heading) or "it is empty"]
    if wrong:
        hint = f"It needs the columns {','.join(COLUMNS)}, each id once, and splits of {', '.join(SPLITS)}."
        raise InputError("damaged_split", f"{path} is not a file of a split: {wrong[0]}.", hint)
    return {row[0]: row[1] for row in rows}


def write_split(path: Path, split: Split) -> None:
    """Writes a split, in the ids' order."""
    write_csv(path, [COLUMNS, *sorted(split.items())])


def of_records(info: DatasetInfo, split: Split) -> Split:
    """The split without skipped videos; InputError if others are missing, or a split is empty."""
    unknown = sorted(split.keys() - info.videos.keys() - {video["id"] for video in info.skipped})
    if unknown:
        raise InputError("unknown_name", f"{info.records_dir} has no {', '.join(unknown[:3])} to split.")
    known = {video_id: name for video_id, name in split.items() if video_id in info.videos}
    if not {"train", "test"} <= set(known.values()):
        raise InputError("empty_split", f"{info.records_dir}: the train or the test split would be empty.")
    return known


def resplit(info: DatasetInfo, split: Split, folder: Path) -> DatasetInfo:
    """Writes the index under another split into `folder`, and loads it; errors as in `of_records`.

    Frames are counted by stage over all splits: each split then counts as having unlabelled ones if the records do.
    """
    split = of_records(info, split)
    videos = {video_id: {**info.videos[video_id], "split": split[video_id]} for video_id in sorted(split)}

    def entry(name: str) -> dict[str, Any]:
        ids = [video_id for video_id, video in videos.items() if video["split"] == name]
        num_frames = sum(videos[video_id]["num_frames"] for video_id in ids)
        return {"ids": ids, "num_videos": len(ids), "num_frames": num_frames, "shards": []}

    text = json.dumps([info.data_hash, sorted(split.items())])
    total: collections.Counter = collections.Counter()
    for counts in info.stage_frames.values():
        total.update(counts)
    new = dataclasses.replace(
        info,
        splits={name: entry(name) for name in SPLITS if name in split.values()},
        videos=videos,
        score_statistics=score_statistics(videos),
        stage_frames={name: dict(total) for name in split.values()},
        data_hash=hashlib.sha256(text.encode()).hexdigest(),
        source=info.source or str(info.records_dir.resolve()),
    )
    folder.mkdir(parents=True, exist_ok=True)
    new.save(folder)
    return DatasetInfo.load(folder)


def fewer(info: DatasetInfo, number: int, seed: int, folder: Path) -> DatasetInfo:
    """The records with only `number` training videos, drawn by `seed`; larger sets hold the smaller ones.

    The index lies in `folder`, from where it is read again as long as that of the records and their place are the same.
    """
    index = hashlib.sha256(repr(vars(info)).encode()).hexdigest()
    path = folder / f"{number}_{seed}_{index[:10]}"
    if not (path / INDEX_NAME).is_file():
        ids = info.split("train")["ids"]
        chosen = {ids[place] for place in np.random.default_rng(seed).permutation(len(ids))[:number]}
        kept = [video_id for video_id, video in info.videos.items() if video["split"] != "train" or video_id in chosen]
        resplit(info, {video_id: info.videos[video_id]["split"] for video_id in kept}, path)
    return _loaded(path)


_loaded = functools.cache(DatasetInfo.load)
