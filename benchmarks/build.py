"""Frames per second of `build` against OpenCV that decodes, resizes and writes JPEG files: rows `build` of the table.

Both run in the same number of processes, whose start is counted. That of TensorFlow, which `build` needs for seconds
while it encodes, is not. Other work on the machine disturbs frames for each second of processor time less.
"""

import concurrent.futures
import functools
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from benchmarks.pairs import Ask
from benchmarks.rows import CLOCK, PROCESSOR
from benchmarks.workload import processor_seconds

SIZE = (73, 98)  # height and width of the stored frames, pixels


def measurements(videos: str, workers: int) -> Ask:
    """Of a folder in UNLV-Diving's layout; asked for `build` or `OpenCV` and the unit."""
    import tensorflow  # noqa: F401 its start is not what is measured

    ways = {"build": _build, "OpenCV": _opencv}

    def measure(what: str) -> float:
        way, unit = what.split(" ", 1)
        return _rates(lambda folder: ways[way](Path(videos), workers, folder))[unit]

    return measure


def _rates(way: Callable[[Path], int]) -> dict[str, float]:
    """Frames per second by the clock and of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), processor_seconds()
        frames = way(Path(folder))
        used = {CLOCK: time.perf_counter() - clock, PROCESSOR: processor_seconds() - processor}
        return {unit: frames / seconds for unit, seconds in used.items()}


def _build(videos: Path, workers: int, folder: Path) -> int:
    from data_prep.records.building import BuildSettings, build_records

    info, _ = build_records("unlv_diving", videos, folder / "records", BuildSettings(SIZE), workers=workers)
    return sum(split["num_frames"] for split in info.splits.values())


def _opencv(videos: Path, workers: int, folder: Path) -> int:
    write = functools.partial(_write_jpegs, folder)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, cv2.setNumThreads, (1,)) as pool:
        return sum(pool.map(write, sorted(videos.rglob("*.avi"))))


def _write_jpegs(folder: Path, path: Path) -> int:
    (target := folder / path.stem).mkdir()
    capture, count = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]), 0
    while (read := capture.read())[0]:
        small = cv2.resize(read[1], SIZE[::-1], interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(target / f"{count:06d}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 92])
        count += 1
    return count
