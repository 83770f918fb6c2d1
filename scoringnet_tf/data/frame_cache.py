"""Frames of records, decoded once: kept in memory, or in a file that runs share.

They are kept as records store them, so one cache serves every crop, augmentation and seed. A file's name is a hash of
all that its pixels depend on; it appears once it is whole. It ends with a checksum of each video's frames, which is
compared before a run uses them for the first time: what has changed is decoded anew.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import math
import mmap
import os
import pathlib
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo, RecordsError
from scoringnet_tf.support.files import locked, replacing_file
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.paths import writable_path

MEMORY, DISK = "memory", "disk"  # what `cache` may be, beside a folder
NONE = ("none", "")
VERSION = 2  # of a file
SHARE = 0.8  # largest part that a cache takes of the free space
GIB = 2**30
GROUPS = pathlib.Path("/sys/fs/cgroup")  # of this process, as a container sees it
V1 = ("memory", "limit_in_bytes", "usage_in_bytes", "total_inactive_file")  # what older ones call folder and files
ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"  # TensorFlow's name for a resource that goes with its last user
WAIT = 1.0  # seconds between looks at another run's file
SUM = np.dtype("<u4")  # of a checksum in a file
AT_ONCE = 2  # caches in memory: training and validation


@dataclasses.dataclass(frozen=True)
class FrameCache:
    """Decoded frames of some videos.

    Attributes:
        first: id → index of its first frame.
        frames: a resource that holds uint8 (N, H, W · 3), without a copy.
        compare: index of a video's first frame → the same, once its frames are those that were written; None in memory.
    """

    first: Mapping[str, int]
    frames: tf.Tensor
    compare: Callable[[np.ndarray], np.ndarray] | None = None

    def crop(self, place: tf.Tensor, chosen: tf.Tensor, top: Any, left: Any, height: Any, width: Any) -> tf.Tensor:
        """Crops the frames at ascending indices, int32 (T,), of the video whose first is `place`.

        Returns uint8 (T, height, width, 3).
        """
        if self.compare:
            place = tf.ensure_shape(tf.numpy_function(self.compare, [place], tf.int32, stateful=False), ())
        chosen += place
        frames = tf.raw_ops.ReadVariableOp(resource=self.frames, dtype=tf.uint8)
        rows, columns = slice(top, top + height), slice(3 * left, 3 * (left + width))
        begin, end = chosen[0], chosen[-1] + 1
        crops = tf.cond(
            end - begin == tf.size(chosen),  # in a row: only the crop is copied
            lambda: frames[begin:end, rows, columns],
            lambda: tf.gather(frames, chosen)[:, rows, columns],
        )
        return tf.reshape(crops, (-1, height, width, 3))


def frame_cache(
    info: DatasetInfo, ids: Iterable[str], cache: str, decoded: Callable[[], Iterable], decode: Callable
) -> FrameCache:
    """Returns the frames of videos; decodes them if needed, and prints the space first.

    Args:
        info: the records.
        ids: videos, in the order of `decoded`.
        cache: `"memory"`, `"disk"` (a folder beside the records) or another folder.
        decoded: gives uint8 (L, H, W, 3) for each video.
        decode: id → the same for one video, whichever thread asks.

    Raises:
        InputError: they do not fit (`no_space`), or cannot be written.
        RecordsError: a record has another number of frames than the index says.
    """
    lengths = {video_id: info.videos[video_id]["num_frames"] for video_id in ids}
    height, width = info.frame_size
    shape = (sum(lengths.values()), height, 3 * width)
    facts = [VERSION, tf.__version__, info.data_hash, list(info.frame_size), list(lengths.items())]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    first = dict(zip(lengths, itertools.accumulate(lengths.values(), initial=0), strict=False))

    def fill(frames: np.ndarray) -> list[int]:
        videos = tqdm(decoded(), "Decoding", len(lengths), unit="video", leave=False, disable=None)
        sums = []
        for (video_id, length), video in zip(lengths.items(), videos, strict=True):
            if len(video) != length:
                message = f"{info.records_dir}: {video_id} has {counted(len(video), 'frame')}, in the index {length}."
                raise RecordsError("count_mismatch", message, "Build the records again.")
            kept = frames[first[video_id] : first[video_id] + length]
            kept[:] = video.reshape(kept.shape)
            sums.append(zlib.crc32(kept.data))
        return sums

    if cache != MEMORY:
        path = _folder(info, cache) / f"{key}.frames"
        frames, sums = _on_disk(path, shape, len(lengths), fill)
        return FrameCache(first, _resource(frames), _comparison(path, frames, lengths, sums, decode))
    if key not in _kept:
        while len(_kept) >= AT_ONCE:
            _kept.pop(next(iter(_kept)))
        _kept[key] = _resource(_in_memory(shape, fill))
    return FrameCache(first, _kept[key])


def _comparison(
    path: pathlib.Path, frames: np.ndarray, lengths: Mapping[str, int], sums: np.ndarray, decode: Callable
) -> Callable[[np.ndarray], np.ndarray]:
    """A function for `FrameCache.compare`, of frames in a file's memory."""
    videos = dict(zip(np.cumsum([0, *lengths.values()]).tolist(), zip(lengths, sums, strict=True), strict=False))
    compared: set[int] = set()

    def compare(place: np.ndarray) -> np.ndarray:
        if (first := int(place)) not in compared:
            name, expected = videos[first]
            kept = frames[first : first + lengths[name]]
            if zlib.crc32(kept.data) != expected:
                path.unlink(missing_ok=True)
                print(f"{path} was damaged, and is removed: {name} is decoded anew.", file=sys.stderr)
                kept[:] = decode(name).reshape(kept.shape)
            compared.add(first)
        return place

    return compare


_kept: dict[str, tf.Tensor] = {}


def _resource(array: np.ndarray) -> tf.Tensor:
    """A resource that holds an array in mapped memory, and keeps it open."""
    with tf.device("CPU:0"):
        # A graph copies a tensor that it captures, and a resource by its name.
        resource = tf.raw_ops.VarHandleOp(dtype=tf.uint8, shape=array.shape, shared_name=ANONYMOUS)
        tensor = tf.experimental.dlpack.from_dlpack(array.__dlpack__())
        tf.raw_ops.AssignVariableOp(resource=resource, value=tensor)
    return resource


def _check_space(where: str, needed: int, free: float, hint: str) -> None:
    """Prints the bytes that a cache needs and those that are free; InputError if it does not fit."""
    stated = f"{needed / GIB:.3g} GiB of {where}"
    if needed > SHARE * free:
        message = f"--cache={where}: the frames need {stated}, and {free / GIB:.3g} are free."
        raise InputError("no_space", message, f"{hint} Or build records with smaller frames.")
    print(f"Cache: decoded frames take {stated}" + f", {free / GIB:.3g} are free." * math.isfinite(free))


def _in_memory(shape: tuple[int, ...], fill: Callable[[np.ndarray], Any]) -> np.ndarray:
    _check_space(MEMORY, math.prod(shape), free_memory(), "Use --cache=disk, or --cache=none.")
    frames = np.frombuffer(mmap.mmap(-1, math.prod(shape)), np.uint8).reshape(shape)
    fill(frames)
    return frames


def free_memory() -> float:
    """Bytes that this process may still take, as far as Linux says; elsewhere infinity."""
    free = [math.inf]
    meminfo = pathlib.Path("/proc/meminfo")
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = meminfo.read_text().splitlines()
        free.append(1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]))
    for folder, *names, cached in ("", "max", "current", "inactive_file"), V1:
        with contextlib.suppress(OSError, ValueError, KeyError):  # a container's; "max" if it has no limit
            limit, used, stat = ((GROUPS / folder / f"memory.{name}").read_text() for name in (*names, "stat"))
            gives_way = int(dict(line.split() for line in stat.splitlines())[cached])  # a cache of files
            free.append(int(limit) - int(used) + gives_way)
    return min(free)


def _folder(info: DatasetInfo, cache: str) -> pathlib.Path:
    """The folder of the files; InputError if it cannot be written."""
    records: Any = info.records_dir
    folder = writable_path(records.parent / f"{records.name}.frames" if cache == DISK else cache, "cache")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _on_disk(
    path: pathlib.Path, shape: tuple[int, ...], num_videos: int, fill: Callable[[np.ndarray], list[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """The frames in a file, which is made if it is not there, and the checksum of each video's."""
    size = math.prod(shape)
    needed = size + SUM.itemsize * num_videos
    with _alone(path.parent):
        if path.is_file() and path.stat().st_size == needed:
            print(f"Cache: {path}")
        else:
            for left in path.parent.glob(f".*.{path.name}"):  # by a run that was killed
                left.unlink()
            free = shutil.disk_usage(path.parent).free
            _check_space(DISK, needed, free, "Use --cache=FOLDER on another disk.")
            with replacing_file(path) as temporary, temporary.open("w+b") as file:
                file.truncate(needed)
                buffer = mmap.mmap(file.fileno(), needed)
                sums = fill(np.frombuffer(buffer, np.uint8, size).reshape(shape))
                buffer[size:] = np.array(sums, SUM).tobytes()
                buffer.flush()
                os.fsync(file.fileno())  # else a rename may outlive a crash that the bytes do not
        with path.open("rb") as file:
            buffer = mmap.mmap(file.fileno(), needed, access=mmap.ACCESS_COPY)
    return np.frombuffer(buffer, np.uint8, size).reshape(shape), np.frombuffer(buffer, SUM, offset=size)


def _alone(folder: pathlib.Path) -> contextlib.AbstractContextManager:
    """Waits until no other run makes a file there."""
    waits = False
    while True:
        try:
            return locked(folder, f"{folder}: another run writes there.")
        except InputError as error:
            if not waits:
                print(f"Cache: {error} This one waits.")
            waits = True
            time.sleep(WAIT)
