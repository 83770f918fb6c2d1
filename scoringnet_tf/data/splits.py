"""The videos of a split: as stored, held out of the training split for validation, or named one by one."""

import itertools
import statistics
from collections.abc import Iterable

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted


def stored_split(info: DatasetInfo, split: str) -> str:
    """The stored split with the records of `split`: held-out validation is part of the stored training."""
    return "train" if split == "validation" and split not in info.splits else split


def split_ids(
    info: DatasetInfo, split: str, validation_fraction: float = 0.0, ids: Iterable[str] | None = None
) -> list[str]:
    """The ids of a split, in the order of its records: that of a stream that is not shuffled.

    `"train"` and `"validation"` partition the stored training split, unless the records have a validation split of
    their own. The held-out videos do not depend on the seed of a run, so that runs can be compared. They are one random
    video from each of as many sets of neighbours in final score. In a dataset of classes, neighbours are of one class,
    and each class gives its share to within one. A group (cuts of one source) is held out as a whole, and counts as
    one.

    Args:
        info: of the records.
        split: `"train"`, `"validation"` or a stored split.
        validation_fraction: share of the training videos (or groups) that is held out.
        ids: in place of a fraction, the videos to take: those of `split` that an earlier run recorded.

    Raises:
        InputError: no such split; a fraction that leaves a part empty; `ids` that are empty, repeated, beside a
            fraction, or not in the records.
    """
    stored = info.split(stored_split(info, split))["ids"]
    if ids is not None:
        return _chosen(info, split, stored, list(ids), validation_fraction)
    if "validation" in info.splits or split not in ("train", "validation"):
        return list(stored)
    if split == "train" and not validation_fraction:
        return list(stored)
    held_out = _held_out(info, stored, validation_fraction)
    return [video_id for video_id in stored if (video_id in held_out) == (split == "validation")]


def _chosen(info, split, stored, ids, validation_fraction):
    """`ids` in the order of `stored`, once they are checked."""
    if validation_fraction:
        raise InputError("flags_conflict", "Give ids or a validation fraction, not both.")
    wanted = set(ids)
    unknown = sorted(wanted - set(stored))
    if unknown or not ids or len(wanted) < len(ids):
        code = "unknown_name" if unknown else "duplicate" if ids else "no_ids"
        problem = f"no records of {', '.join(unknown)}" if unknown else "ids are repeated" if ids else "no ids"
        raise InputError(code, f"{info.records_dir}, {stored_split(info, split)} split: {problem}.")
    return [video_id for video_id in stored if video_id in wanted]


def _held_out(info, ids, fraction):
    """The ids of the validation part of `ids`."""
    units = _units(info, ids)
    num_held_out = round(fraction * len(units))
    if not 0 < num_held_out < len(units):
        kind = "training video" if len(units) == len(ids) else "training group"
        raise InputError(
            "out_of_range",
            f"A validation fraction of {fraction} holds out {num_held_out} of {counted(len(units), kind)}.",
            "It must take some but not all of them.",
        )
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


def _units(info, ids):
    """The groups of `ids` and the videos of no group, neighbours beside each other: by class, final score, id."""
    members: dict[tuple[bool, str], list[str]] = {}
    for video_id in ids:
        group = info.videos[video_id].get("group")
        members.setdefault((group is None, group or video_id), []).append(video_id)

    def place(unit):
        classes = sorted(info.videos[unit[0]].get("classes", {}).items())
        return classes, statistics.fmean(info.videos[video_id]["final"] or 0.0 for video_id in unit), unit

    return sorted(map(sorted, members.values()), key=place)
