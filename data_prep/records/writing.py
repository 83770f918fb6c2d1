"""Writes a folder with records: each split's shards, and what the index says about them."""

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import INDEX_NAME
from scoringnet_tf.data.factors import FILE as FACTORS
from scoringnet_tf.data.joints import FOLDER as JOINTS
from scoringnet_tf.data.records import UNLABELLED, VideoExample, encode_example
from scoringnet_tf.support.files import replacing_folder
from scoringnet_tf.support.messages import InputError, shown
from scoringnet_tf.support.paths import RecordsPath, RemotePath, check_store, of_a_store, writable_path

SHARD_BYTES = 64 * 2**20  # small enough to shuffle, large enough to read at full speed
MIN_SHARDS = 2  # so that a small split is also read by interleaving
SHARD = re.compile(r".+-\d{5}-of-\d{5}\.tfrecord")  # the names that `ShardWriter` gives


class ShardWriter:
    """Writes one split's at most `max_records` records, in order, into `SPLIT-00000-of-0000N.tfrecord`.

    Without `num_shards` a shard is closed at `shard_bytes`, or half-way through a small split.
    """

    def __init__(
        self, folder: Path, split: str, max_records: int, num_shards: int | None = None, shard_bytes: int = SHARD_BYTES
    ) -> None:
        self.digest = hashlib.sha256()
        self._folder, self._split, self._max_records, self._shard_bytes = folder, split, max_records, shard_bytes
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
        """Closes the last shard, renames all of them, and returns their entries for `DatasetInfo`."""
        self._close_last()
        for index, shard in enumerate(self._shards):
            name = f"{self._split}-{index:05d}-of-{len(self._shards):05d}.tfrecord"
            path = Path(self._folder, shard["file"]).rename(Path(self._folder, name))
            shard.update(file=name, bytes=path.stat().st_size)
        return self._shards

    def _shard_is_full(self) -> bool:
        if self._num_shards:
            return self._num_written * self._num_shards // self._max_records >= len(self._shards)
        small = (
            len(self._shards) < MIN_SHARDS and self._num_written >= len(self._shards) * self._max_records / MIN_SHARDS
        )
        return small or self._shards[-1]["bytes"] >= self._shard_bytes

    def _open_next(self) -> None:
        self._close_last()
        name = f"{self._split}-{len(self._shards):05d}.partial"
        import tensorflow as tf

        with _os_errors():
            self._file = tf.io.TFRecordWriter(str(self._folder / name))
        self._shards.append({"file": name, "num_records": 0, "bytes": 0})

    def _close_last(self) -> None:
        if self._file is not None:
            with _os_errors():
                self._file.close()


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raises the errors of TensorFlow, which has its own for a full disk, as OSError."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message.rpartition("; ")[2]) from error


class RecordsWriter:
    """Writes videos into their splits' shards, and counts what `DatasetInfo` says about them."""

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
def writing_to(output_dir: RecordsPath) -> Iterator[None]:
    """Raises InputError if `output_dir` cannot be written: it lies under a file, is read-only, or the disk is full.

    The errors of an object store pass: `cli.run` reports them.
    """
    try:
        yield
    except OSError as error:
        if of_a_store(error):
            raise
        raise InputError("not_writable", f"{output_dir}: cannot be written: {error.strerror or error}.") from error


@contextlib.contextmanager
def replacing_records(target: RecordsPath) -> Iterator[Path]:
    """`replacing_folder`; an object store, where nothing can be renamed, gets the files once the block has ended."""
    if not isinstance(target, RemotePath):
        with replacing_folder(target) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        _upload(Path(name), target)


def _upload(folder: Path, target: RemotePath) -> None:
    """Puts records in place of older ones, the index last: a folder without it is not whole."""
    _remove(target)
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    try:
        for name in sorted(files, key=lambda name: (name == INDEX_NAME, name)):
            (target / name).upload(files[name])
    except BaseException:
        with contextlib.suppress(Exception):  # the first error says what is wrong
            _remove(target)
        raise


def _remove(target: RemotePath) -> None:
    (target / INDEX_NAME).unlink(missing_ok=True)  # first, likewise
    if target.is_dir():
        target.rmtree()


def check_output_dir(output_dir: RecordsPath, overwrite: bool) -> None:
    """Checks that `output_dir` can be written and holds nothing that must stay.

    `overwrite` replaces a folder with records, and nothing else. In an object store this includes what an interrupted
    upload left, which has no index.
    """
    if isinstance(output_dir, RemotePath):
        check_store(output_dir, "output_dir", writing=True)
    else:
        writable_path(output_dir, "output_dir")
    if not output_dir.exists() or (output_dir.is_dir() and not any(output_dir.iterdir())):
        return
    if not (output_dir / INDEX_NAME).is_file() and not _is_cut_off(output_dir):
        message = f"{output_dir}: there is something that is not records."
        raise InputError("not_records", message, "Choose a new or empty folder.")
    if not overwrite:
        raise InputError("exists", f"{output_dir}: there are records already.", "To replace them, set --overwrite.")
    if others := _others(output_dir):
        message = f"{output_dir}: besides records there is {shown(others)}, which would be lost."
        raise InputError("would_lose_files", message, "Move it elsewhere, or choose another --output_dir.")


def _is_cut_off(folder: RecordsPath) -> bool:
    """Whether an object store holds only what a build uploads before the index."""
    return isinstance(folder, RemotePath) and folder.is_dir() and not _others(folder)


def _others(folder: RecordsPath) -> list[str]:
    names = (path.name for path in folder.iterdir())
    return [name for name in names if not (SHARD.fullmatch(name) or name in (INDEX_NAME, JOINTS, FACTORS))]
