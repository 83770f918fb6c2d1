"""Reads every record back and checks it against the index: `python -m data_prep inspect`."""

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
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.records import UNLABELLED, parse_example
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.threads import overlapping

ROUNDING = 1e-6  # relative, of float32


def read_records(
    info: DatasetInfo, split: str, function: Callable[[dict[str, Any]], Any] | None = None
) -> Iterator[tuple[bytes, Any]]:
    """Reads a split in order, a few records at a time.

    Yields:
        (serialized bytes, record from `parse_example` with NumPy values, or what `function` makes from it in threads).
    """

    def read(serialized: tf.Tensor) -> tuple[bytes, Any]:
        try:
            parsed = parse_example(serialized, tuple(info.classes), info.feature_size, info.stores_joints)
        except tf.errors.InvalidArgumentError as error:  # whole by its checksum, but no record of this index
            raise tf.errors.DataLossError(None, None, error.message) from error
        record = {key: value.numpy() for key, value in parsed.items()}
        return serialized.numpy(), record if function is None else function(record)

    return overlapping(read, tf.data.TFRecordDataset(info.shard_paths(split)), os.cpu_count() or 1)


def decode_frames(encoded: Iterable[bytes]) -> list[np.ndarray | None]:
    """Decodes JPEG bytes to uint8 (H, W, 3) RGB; None for bytes that are no image."""
    frames = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in encoded)
    return [None if frame is None else frame[..., ::-1] for frame in frames]


def num_steps(record: dict[str, Any]) -> int:
    """L, a record's frames or feature steps."""
    return len(record["feature/floats"] if "feature/floats" in record else record["image/encoded"])


def verify_records(info: DatasetInfo) -> list[Remark]:
    """Decodes everything, and returns what is damaged or differs from the index."""
    problems, digest, rates = list[Remark](), hashlib.sha256(), set()
    total = sum(split["num_videos"] for split in info.splits.values())
    with tqdm(total=total, desc="Verifying", unit="video") as progress:
        for split in sorted(info.splits):
            split_digest, ids, stage_frames = hashlib.sha256(), [], collections.Counter[str]()
            try:
                for serialized, checked in read_records(info, split, functools.partial(_checked, info)):
                    video_id, rate, stages, wrong = checked
                    split_digest.update(serialized)
                    ids.append(video_id)
                    rates.add(rate)
                    stage_frames.update(stages)
                    problems += [Remark(code, f"{split}, {video_id}: {message}") for code, message in wrong]
                    progress.update()
            except tf.errors.OpError as error:
                message = f"{split}: damaged after {counted(len(ids), 'record')}: {error.message}"
                problems.append(Remark("damaged", message))
            problems += _split_problems(info, split, ids, stage_frames)
            digest.update(split.encode() + split_digest.digest())
    if rates and not min(rates) * (1 - ROUNDING) <= info.frame_rate <= max(rates) * (1 + ROUNDING):
        message = f"the index has {info.frame_rate:g} frames/s, the records {min(rates):g} to {max(rates):g}."
        problems.append(Remark("other_frame_rate", message))
    if digest.hexdigest() != info.data_hash:
        message = f"the data hash is {digest.hexdigest()}, in the index {info.data_hash}."
        problems.append(Remark("other_data_hash", message))
    return problems


def _split_problems(
    info: DatasetInfo, split: str, ids: list[str], stage_frames: collections.Counter[str]
) -> list[Remark]:
    expected = info.splits[split]["ids"]
    if ids != expected:
        message = f"{split}: {counted(len(ids), 'record')}, {ids}, where the index lists {len(expected)}."
        return [Remark("other_ids", message)]
    if stage_frames != collections.Counter(info.stage_frames.get(split)):
        message = f"the records have {dict(sorted(stage_frames.items()))}, the index {info.stage_frames.get(split)}."
        return [Remark("other_stage_frames", f"{split}: frames of each stage: {message}")]
    return []


def _checked(info: DatasetInfo, record: dict[str, Any]) -> tuple[str, float, list[str], list[tuple[str, str]]]:
    names = {UNLABELLED: "unlabelled", **dict(enumerate(info.stages))}
    stages = [names.get(index, str(index)) for index in record["stage/index"].tolist()]
    rate = float(record["image/frame_rate"])
    return record["example/id"].decode(), rate, stages, list(_record_problems(info, record))


def _record_problems(info: DatasetInfo, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    entry = info.videos.get(record["example/id"].decode())
    if entry is None:
        yield "other_ids", "this id is not in the index."
        return
    kind, stages = "feature" if info.features else "image", record["stage/index"]
    counts = {
        "clip/frames": int(record["clip/frames"]),
        f"{kind}s": num_steps(record),
        "timestamps": len(record[f"{kind}/timestamp"]),
        "stages": len(stages),
    }
    if set(counts.values()) != {entry["num_frames"]}:
        yield "count_mismatch", f"{counts}, where the index has {entry['num_frames']} of each."
    if record["clip/sha256"].decode() != entry["sha256"]:
        yield "other_source", "the hash of the source is not that of the index."
    yield from _label_problems(info, entry, record)
    if stages.min(initial=0) < UNLABELLED or stages.max(initial=UNLABELLED) >= len(info.stages):
        yield "out_of_range", f"stages {np.unique(stages)}, but the index has {len(info.stages)}."
    if info.features:
        if features_hash(record["feature/floats"]) != record["clip/sha256"].decode():
            yield "other_features", "the features are not those of the hash in the record."
        return
    shapes = {None if frame is None else frame.shape for frame in decode_frames(record["image/encoded"])}
    if shapes != {(*info.frame_size, 3)}:
        yield "wrong_shape", f"frames of {shapes}, where the index has {info.frame_size}."


def _label_problems(info: DatasetInfo, entry: dict[str, Any], record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Scores and classes that differ: a run takes its targets from the record or from the index."""
    expected = {f"score/{score}": entry.get(score) for score in SCORES}
    expected |= {f"class/{head}": entry["classes"][head] for head in info.classes}
    for name, value in expected.items():
        found = float(record[name])
        if not np.isclose(found, np.nan if value is None else value, rtol=1e-6, equal_nan=True):
            yield "other_label", f"{name} is {found:g}, in the index {value}."
