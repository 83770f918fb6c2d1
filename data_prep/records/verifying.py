"""Reads every record back and checks it against the index: what `python -m data_prep inspect` does before it draws."""

import collections
import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from data_prep.records.encoding import features_hash
from scoringnet_tf.data.records import UNLABELLED, DatasetInfo, parse_example, score_statistics
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.threads import overlapping

ROUNDING = 1e-6  # relative, of float32


def read_records(
    info: DatasetInfo, split: str, function: Callable[[dict[str, Any]], Any] | None = None
) -> Iterator[tuple[bytes, Any]]:
    """Reads a split in order, a few records at a time.

    Args:
        info: index of the records.
        split: name of a stored split.
        function: of a record, to be called in threads; None for the record itself.

    Yields:
        (serialized bytes, record as of `parse_example` with NumPy values, or `function` of it).

    Raises:
        RecordsError: there is no such split.
        tf.errors.OpError: a record is damaged.
    """

    def read(serialized):
        try:
            parsed = parse_example(serialized, tuple(info.classes), info.feature_size)
        except tf.errors.InvalidArgumentError as error:  # whole by its checksum, but no record of this index
            raise tf.errors.DataLossError(None, None, error.message) from error
        record = {key: value.numpy() for key, value in parsed.items()}
        return serialized.numpy(), record if function is None else function(record)

    return overlapping(read, tf.data.TFRecordDataset(info.shard_paths(split)), os.cpu_count() or 1)


def decode_frames(encoded: Iterable[bytes]) -> list[np.ndarray | None]:
    """Frames, uint8 (H, W, 3) RGB, of JPEG bytes; None where the bytes are no image."""
    frames = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in encoded)
    return [None if frame is None else frame[..., ::-1] for frame in frames]


def verify_records(info: DatasetInfo) -> list[str]:
    """Decodes everything.

    Returns:
        What is wrong, one sentence each: damaged or undecodable records, lengths that differ, stages out of range, ids,
        counts, frames of each stage, scores, classes, statistics or a frame rate other than the index says, features
        whose hash is another, and a data hash that is not the index's.
    """
    problems, digest, rates = _statistics_problems(info), hashlib.sha256(), set()
    total = sum(split["num_videos"] for split in info.splits.values())
    with tqdm(total=total, desc="Verifying", unit="video") as progress:
        for split in sorted(info.splits):
            split_digest, ids, stage_frames = hashlib.sha256(), [], collections.Counter[str]()
            try:
                for serialized, (video_id, rate, stages, found) in read_records(
                    info, split, functools.partial(_checked, info)
                ):
                    split_digest.update(serialized)
                    ids.append(video_id)
                    rates.add(rate)
                    stage_frames.update(stages)
                    problems += [f"{split}, {video_id}: {problem}" for problem in found]
                    progress.update()
            except tf.errors.OpError as error:
                problems.append(
                    f"{split}: expected a record after {counted(len(ids), 'other')}. Received: {error.message}"
                )
            expected = info.splits[split]["ids"]
            if ids != expected:
                problems.append(
                    f"{split}: expected the {counted(len(expected), 'id')} of the index. Received: {len(ids)}, {ids}"
                )
            elif stage_frames != collections.Counter(info.stage_frames.get(split)):
                what = f"expected the frames of each stage that its records have, {dict(sorted(stage_frames.items()))}"
                problems.append(f"{split}: {what}. Received: {info.stage_frames.get(split)}")
            digest.update(split.encode() + split_digest.digest())
    if rates and not min(rates) * (1 - ROUNDING) <= info.frame_rate <= max(rates) * (1 + ROUNDING):
        what = f"expected a frame rate of the records, {min(rates):g} to {max(rates):g}"
        problems.append(f"{what}. Received: {info.frame_rate:g}")
    if digest.hexdigest() != info.data_hash:
        problems.append(f"expected the data hash {info.data_hash}. Received: {digest.hexdigest()}")
    return problems


def _statistics_problems(info):
    """Where the statistics of the index, by which SP's outputs are scaled, are not those of its scores."""
    known = score_statistics(info.videos)
    return [
        f"{split}: expected statistics of its scores, {score} {stats}. Received: {given}"
        for split, of_scores in known.items()
        for score, stats in of_scores.items()
        if not (given := info.score_statistics.get(split, {}).get(score))
        or any(not np.isclose(given.get(key, np.nan), value) for key, value in stats.items())
    ]


def _checked(info, record):
    """(id, frames per second, name of the stage of every frame, problems) of a record."""
    names = {UNLABELLED: "unlabelled", **dict(enumerate(info.stages))}
    stages = [names.get(index, str(index)) for index in record["stage/index"].tolist()]
    rate = float(record["image/frame_rate"])
    return record["example/id"].decode(), rate, stages, _record_problems(info, record)


def _record_problems(info, record):
    entry = info.videos.get(record["example/id"].decode())
    if entry is None:
        return ["expected an id of the index. Received: another"]
    problems = []
    counts = {
        "clip/frames": int(record["clip/frames"]),
        "features" if info.features else "frames": num_steps(record),
        "timestamps": len(record["feature/timestamp" if info.features else "image/timestamp"]),
        "stages": len(record["stage/index"]),
    }
    if set(counts.values()) != {entry["num_frames"]}:
        problems.append(f"expected {entry['num_frames']} of each. Received: {counts}")
    if record["clip/sha256"].decode() != entry["sha256"]:
        problems.append("expected the source hash of the index. Received: another")
    problems += _label_problems(info, entry, record)
    stages = record["stage/index"]
    if stages.min(initial=0) < UNLABELLED or stages.max(initial=UNLABELLED) >= len(info.stages):
        problems.append(f"expected stages from {UNLABELLED} to {len(info.stages) - 1}. Received: {np.unique(stages)}")
    return problems + (_feature_problems(record) if info.features else _frame_problems(info, record))


def _label_problems(info, entry, record):
    """Where the index has other scores or classes than the record: a run takes its targets from either."""
    expected = {f"score/{score}": entry.get(score) for score in SCORES}
    expected |= {f"class/{head}": entry["classes"][head] for head in info.classes}
    problems = []
    for name, value in expected.items():
        found = float(record[name])
        if not np.isclose(found, np.nan if value is None else value, rtol=1e-6, equal_nan=True):
            problems.append(f"expected {name} {value} of the index. Received: {found:g}")
    return problems


def num_steps(record: dict[str, Any]) -> int:
    """L of a record, its frames or steps of features."""
    return len(record["feature/floats"] if "feature/floats" in record else record["image/encoded"])


def _feature_problems(record):
    if features_hash(record["feature/floats"]) == record["clip/sha256"].decode():
        return []
    return ["expected the features that the record's hash was made of. Received: others"]


def _frame_problems(info, record):
    shapes = {None if frame is None else frame.shape for frame in decode_frames(record["image/encoded"])}
    if shapes == {(*info.frame_size, 3)}:
        return []
    return [f"expected frames of {info.frame_size}. Received: {shapes}"]
