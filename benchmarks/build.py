"""Frames per second of `build` against OpenCV that does as much; a process of `benchmarks.pairs`.

    python -m benchmarks.table --only=build

OpenCV decodes, resizes and writes JPEG files. Both run in the same number of processes, in turns; the start of these is
counted, that of TensorFlow, which `build` needs for seconds while it encodes, is not. Beside the clock stand frames for
every second of processor time, which other work on the machine disturbs less.
"""

import concurrent.futures
import functools
import importlib
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import cv2
from absl import flags

from benchmarks.rows import CLOCK, PROCESSOR
from benchmarks.workload import processor_seconds
from data_prep.commands import dataset_flags

FLAGS = flags.FLAGS
flags.DEFINE_integer("workers", os.cpu_count(), "Processes.", lower_bound=1)
flags.DEFINE_integer("frame_height", 73, "Height of the stored frames, pixels.", lower_bound=1)
flags.DEFINE_integer("frame_width", 98, "Width of the stored frames, pixels.", lower_bound=1)


def measurements():
    """What this process answers with: `build` or `OpenCV`, in `CLOCK` or `PROCESSOR`."""
    importlib.import_module("tensorflow")  # its start is not what is measured
    ways = {"build": _build, "OpenCV": _opencv}

    def measure(what):
        way, unit = what.split(" ", 1)
        return _rates(ways[way])[unit]

    return measure


def _rates(way):
    """Frames per second by the clock and of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), processor_seconds()
        frames = way(Path(folder))
        used = {CLOCK: time.perf_counter() - clock, PROCESSOR: processor_seconds() - processor}
        return {unit: frames / seconds for unit, seconds in used.items()}


def _build(folder):
    from data_prep.records.building import BuildSettings, build_records

    settings = BuildSettings((FLAGS.frame_height, FLAGS.frame_width))
    options = dataset_flags.options()
    source = FLAGS.source_dir
    info, _ = build_records(FLAGS.dataset, source, folder / "records", settings, workers=FLAGS.workers, **options)
    return sum(split["num_frames"] for split in info.splits.values())


def _opencv(folder):
    from data_prep.datasets import DATASETS

    source = DATASETS[FLAGS.dataset](Path(FLAGS.source_dir), **dataset_flags.options())
    paths = [str(sample.path) for sample in source.samples]
    write = functools.partial(_write_jpegs, str(folder), (FLAGS.frame_width, FLAGS.frame_height))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(FLAGS.workers, context, cv2.setNumThreads, (1,)) as pool:
        return sum(pool.map(write, paths))


def _write_jpegs(folder, size, path):
    target = Path(folder, Path(path).stem)
    target.mkdir()
    capture, count = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]), 0
    while True:
        found, frame = capture.read()
        if not found:
            return count
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(target / f"{count:06d}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 92])
        count += 1
