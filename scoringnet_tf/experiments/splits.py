"""Several splits of the videos (table 6): drawn at random, or of files; and the records that each of them makes."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.data.splits import Split, of_records, random_splits, read_split, resplit
from scoringnet_tf.experiments.report import split_sizes
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.support.messages import InputError, shown


def splits_of(surroundings: Surroundings, number: int, files: Sequence[str]) -> list[Split]:
    """Those of the files, or as many as are asked for, drawn at random: the same ones for the same records.

    The published splits of MIT-Diving are of a part of UNLV-Diving's videos, others in each: several splits may leave
    records out if all are of one size.

    Raises:
        InputError: a file is no split, of other videos, the same as another, or leaves records out for no such reason.
    """
    if not files:
        return random_splits(surroundings.records, number)
    found = [of_records(surroundings.records, read_split(Path(path))) for path in files]
    of_one_size = len(found) > 1 and len({split_sizes(split) for split in found}) == 1
    for index, (path, split) in enumerate(zip(files, found, strict=True)):
        left = surroundings.records.videos.keys() - split.keys()
        if left and not of_one_size:
            raise InputError(
                "not_in_split",
                f"{path}: it names no split for {shown(left)}.",
                "Several splits may leave videos out, if all are of one size.",
            )
        if split in found[:index]:
            same = files[found.index(split)]
            raise InputError("duplicate", f"--split_files: {same} and {path} are the same split.")
    return found


def surroundings_of(surroundings: Surroundings, splits: Sequence[Split]) -> list[Surroundings]:
    """The surroundings under each split: their indices lie in `splits/` of the folder of trainings.

    Raises:
        InputError: a rendering has other scores of what a split tests.
    """
    found = []
    for split in splits:
        name = hashlib.sha256(repr(sorted(split.items())).encode()).hexdigest()[:10]
        first, *others = (
            resplit(info, split, surroundings.folder / "splits" / f"{name}_{info.data_hash[:10]}")
            for info in surroundings.tested
        )
        check_renderings(first, others)  # their former training videos are tested now
        found.append(dataclasses.replace(surroundings, records=first, renderings=tuple(others)))
    return found
