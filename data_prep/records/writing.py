"""Writing a folder of records: shards per split, and what the index will say of them."""

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.joints import FOLDER as JOINTS
from scoringnet_tf.data.records import INDEX_NAME, UNLABELLED, VideoExample, encode_example
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import shown
from scoringnet_tf.support.paths import RemotePath, check_access, of_a_store

SHARD_BYTES = 64 * 2**20  # small enough to shuffle, large enough to read at full speed
MIN_SHARDS = 2  # so that even a small split is read by interleaving
SHARD = re.compile(r".+-\d{5}-of-\d{5}\.tfrecord")  # the names that `ShardWriter` gives


class ShardWriter:
    """Writes the records of one split, in order, into `SPLIT-00000-of-0000N.tfrecord`.

    Args:
        folder: where the shards go.
        split: its name.
        max_records: how many records may come; fewer is fine.
        num_shards: how many shards; None closes one at 64 MB, or half-way through a small split.
    """

    def __init__(self, folder: Path, split: str, max_records: int, num_shards: int | None = None) -> None:
        self.digest = hashlib.sha256()
        self._folder, self._split, self._max_records = folder, split, max_records
        self._num_shards = num_shards and min(num_shards, max_records)
        self._shards: list[dict[str, Any]] = []
        self._file: Any = None
        self._num_written = 0

    def write(self, serialized: bytes) -> None:
        """Appends one serialized record."""
        if self._file is None or self._shard_is_full():
            self._open_next()
        with _os_errors():
            self._file.write(serialized)
        self._shards[-1]["num_records"] += 1
        self._shards[-1]["bytes"] += len(serialized)
        self._num_written += 1
        self.digest.update(serialized)

    def close(self) -> list[dict[str, Any]]:
        """Closes the last shard, gives all their final names, and returns their entries for `DatasetInfo`."""
        self._close_last()
        for index, shard in enumerate(self._shards):
            name = f"{self._split}-{index:05d}-of-{len(self._shards):05d}.tfrecord"
            path = Path(self._folder, shard["file"]).rename(Path(self._folder, name))
            shard.update(file=name, bytes=path.stat().st_size)
        return self._shards

    def _shard_is_full(self):
        if self._num_shards:
            return self._num_written * self._num_shards // self._max_records >= len(self._shards)
        small = (
            len(self._shards) < MIN_SHARDS and self._num_written >= len(self._shards) * self._max_records / MIN_SHARDS
        )
        return small or self._shards[-1]["bytes"] >= SHARD_BYTES

    def _open_next(self):
        self._close_last()
        name = f"{self._split}-{len(self._shards):05d}.partial"
        self._file = _open(self._folder / name)
        self._shards.append({"file": name, "num_records": 0, "bytes": 0})

    def _close_last(self):
        if self._file is not None:
            with _os_errors():
                self._file.close()


def _open(path):
    import tensorflow as tf

    with _os_errors():
        return tf.io.TFRecordWriter(str(path))


@contextlib.contextmanager
def _os_errors():
    """TensorFlow's errors as those of any other file: it has its own for a full disk."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message.rpartition("; ")[2]) from error


class RecordsWriter:
    """Writes videos into the shards of their splits and counts what `DatasetInfo` will say of them."""

    def __init__(
        self, folder: Path, split_sizes: Mapping[str, int], stages: Sequence[str], num_shards: int | None = None
    ) -> None:
        self._stages = stages
        self._writers = {
            split: ShardWriter(folder, split, size, num_shards) for split, size in sorted(split_sizes.items())
        }
        self.videos: dict[str, dict[str, Any]] = {}
        self.stage_frames: dict[str, dict[str, int]] = {split: {} for split in split_sizes}
        self.frame_rates: list[float] = []
        self.features: dict[str, Any] | None = None  # as `DatasetInfo.features`

    def write(self, split: str, example: VideoExample) -> None:
        """Writes one video."""
        self._writers[split].write(encode_example(example))
        self.videos[example.video_id] = {
            "split": split,
            "path": example.data_path,
            "sha256": example.sha256,
            "num_frames": len(example),
            "difficulty": example.difficulty,
            "execution": example.execution,
            "final": example.final,
        }
        self.frame_rates.append(example.frame_rate)
        counts = self.stage_frames[split]
        for index, count in zip(*np.unique(example.stages, return_counts=True), strict=True):
            name = "unlabelled" if index == UNLABELLED else self._stages[index]
            counts[name] = counts.get(name, 0) + int(count)

    def close(self) -> tuple[dict[str, dict[str, Any]], str]:
        """Closes all shards; returns ({split: entry}, data hash) for `DatasetInfo`."""
        splits, digest = {}, hashlib.sha256()
        for split, writer in self._writers.items():
            shards = writer.close()
            ids = [video_id for video_id, video in self.videos.items() if video["split"] == split]
            num_frames = sum(self.videos[video_id]["num_frames"] for video_id in ids)
            if ids:
                splits[split] = {"ids": ids, "num_videos": len(ids), "num_frames": num_frames, "shards": shards}
                digest.update(split.encode() + writer.digest.digest())
        return splits, digest.hexdigest()


@contextlib.contextmanager
def writing_to(output_dir: Path | RemotePath) -> Iterator[None]:
    """InputError naming `output_dir` where it cannot be written: under a file, read-only, or the disk is full.

    What an object store says is left to `cli.run`.
    """
    try:
        yield
    except OSError as error:
        if of_a_store(error):
            raise
        reason = error.strerror or str(error)
        raise InputError(
            "todo", f"{output_dir}: expected a place that can be written to. Received: {reason}."
        ) from error


def check_output_dir(output_dir: Path | RemotePath, overwrite: bool) -> None:
    """Checks that `output_dir` can be written, and holds nothing that may not be replaced.

    `overwrite` allows to replace a folder of records and of nothing else, never one that was named by mistake, or that
    somebody keeps something of their own in. In an object store
    also what an upload left that was killed: shards, and joints, whose index has not come.

    Raises:
        InputError: it cannot be written, or holds something.
    """
    check_access(output_dir, "output_dir", writing=True)
    if not output_dir.exists() or (output_dir.is_dir() and not any(output_dir.iterdir())):
        return
    if (output_dir / INDEX_NAME).is_file():
        found = "records"
    elif _is_cut_off(output_dir):
        found = f"records without {INDEX_NAME}, as an upload leaves them that is cut off"
    else:
        raise InputError(
            "todo", f"{output_dir}: expected a new or empty folder. Received: something that is not records."
        )
    if not overwrite:
        raise InputError(
            "todo", f"{output_dir}: expected a new or empty folder. Received: {found} (--overwrite replaces them)."
        )
    if others := _others(output_dir):
        what = f"expected records alone, to replace them. Received: also {shown(others)}"
        raise InputError("todo", f"{output_dir}: {what}; move that elsewhere, or choose another --output_dir.")


def _is_cut_off(folder):
    """Whether a folder holds nothing but what a build uploads before the index; on a local disk none is left so."""
    if not isinstance(folder, RemotePath) or not folder.is_dir():
        return False
    return not _others(folder)


def _others(folder):
    """Names in a folder of records that `build` did not write."""
    names = (path.name for path in folder.iterdir())
    return [name for name in names if not (SHARD.fullmatch(name) or name in (INDEX_NAME, JOINTS))]
