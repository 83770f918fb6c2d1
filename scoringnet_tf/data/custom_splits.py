"""Other splits of existing records: an index of its own, whose records lie where they were built."""

import collections
import csv
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.support.reading import read_csv

Split = Mapping[str, str]  # id → "train", "validation" or "test"; other videos are in none
COLUMNS, SPLITS = ("id", "split"), ("train", "validation", "test")
WITH_FRAMES = (*COLUMNS, "start_frame", "end_frame")  # of a table's performances, for whoever reads that table


def random_splits(info: DatasetInfo, number: int, seed: int = 0) -> list[Split]:
    """Random splits, each with as many test videos as the records have, or just fewer if groups forbid it.

    Videos of one group stay together; a validation split of the records stays as it is.
    """
    rng = np.random.default_rng(seed)
    kept = dict.fromkeys(info.splits.get("validation", {}).get("ids", ()), "validation")
    ids = sorted([*info.split("train")["ids"], *info.split("test")["ids"]])
    groups: dict[str, list[str]] = {}
    for video_id in ids:
        group = info.videos[video_id].get("group")
        groups.setdefault(f"group {group}" if group is not None else f"video {video_id}", []).append(video_id)
    return [{**kept, **_drawn(list(groups.values()), len(info.split("test")["ids"]), rng)} for _ in range(number)]


def _drawn(groups, num_test, rng):
    """Groups of ids, in a random order, go to the test split as long as they fit."""
    split: dict[str, str] = {}
    for index in rng.permutation(len(groups)):
        tested = len(groups[index]) <= num_test
        num_test -= len(groups[index]) if tested else 0
        split |= dict.fromkeys(groups[index], "test" if tested else "train")
    return split


def read_split(path: Path) -> Split:
    """A file (id,split) as `data_prep split` and `write_split` write it; InputError if it is missing or malformed."""
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of a split ({','.join(COLUMNS)}).")
    heading, *rows = [cells for _, cells in read_csv(path)] or [[]]
    ids = [row[0] for row in rows]
    wrong = [",".join(row) for row in rows if len(row) != len(heading) or row[1:2] not in [[name] for name in SPLITS]]
    wrong += sorted({video_id for video_id in ids if ids.count(video_id) > 1})
    if tuple(heading) not in (COLUMNS, WITH_FRAMES):
        wrong = [",".join(heading) or "it is empty"]
    if wrong:
        hint = f"It needs the columns {','.join(COLUMNS)}, each id once, and splits of {', '.join(SPLITS)}."
        raise InputError("damaged_split", f"{path} is not a file of a split: {wrong[0]}.", hint)
    return {row[0]: row[1] for row in rows}


def write_split(path: Path, split: Split) -> None:
    """Writes it, in order of the ids."""
    with replacing_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *sorted(split.items())])


def of_records(info: DatasetInfo, split: Split) -> Split:
    """The split without videos that were left out when the records were built (`DatasetInfo.skipped`).

    Raises:
        InputError: it names others that the records lack, or leaves none to train or to test on.
    """
    unknown = sorted(split.keys() - info.videos.keys() - {video["id"] for video in info.skipped})
    if unknown:
        raise InputError("unknown_name", f"{info.records_dir} has no {', '.join(unknown[:3])} to split.")
    known = {video_id: name for video_id, name in split.items() if video_id in info.videos}
    if not {"train", "test"} <= set(known.values()):
        raise InputError("empty_split", f"{info.records_dir}: the train or the test split would be empty.")
    return known


def resplit(info: DatasetInfo, split: Split, folder: Path) -> DatasetInfo:
    """Writes the index of `info`'s records under another split into `folder`, and loads it; errors as `of_records`.

    Frames are counted by stage over all splits: each split then counts as having unlabelled ones if the records do.
    """
    split = of_records(info, split)
    videos = {video_id: {**info.videos[video_id], "split": split[video_id]} for video_id in sorted(split)}
    text = json.dumps([info.data_hash, sorted(split.items())])
    total: collections.Counter = collections.Counter()
    for counts in info.stage_frames.values():
        total.update(counts)
    new = dataclasses.replace(
        info,
        splits={name: _entry(videos, name) for name in SPLITS if name in split.values()},
        videos=videos,
        score_statistics=score_statistics(videos),
        stage_frames={name: dict(total) for name in split.values()},
        data_hash=hashlib.sha256(text.encode()).hexdigest(),
        source=info.source or str(as_path(str(info.records_dir)).resolve()),
    )
    folder.mkdir(parents=True, exist_ok=True)
    new.save(folder)
    return DatasetInfo.load(folder)


def _entry(videos, name):
    ids = [video_id for video_id, video in videos.items() if video["split"] == name]
    num_frames = sum(videos[video_id]["num_frames"] for video_id in ids)
    return {"ids": ids, "num_videos": len(ids), "num_frames": num_frames, "shards": []}
