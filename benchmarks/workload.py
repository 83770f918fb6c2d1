"""What benchmarks work on and measure by: batches of random videos, tables of any videos, processor time, memory."""

import collections
import concurrent.futures
import csv
import fractions
import math
import multiprocessing
import os
import re
import resource
from pathlib import Path

import numpy as np

from scoringnet_tf.support.messages import InputError

# Of NumPy's products: threads that wait for each other are at work as the processor counts it.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def processor_seconds():
    """User and system time of this process and of its children that have ended; other work disturbs it less."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mib():
    """The most memory that this process has held since `forget_peak`, MiB; NaN where there is no Linux to say so.

    The resident set that `getrusage` gives is no less than that of the process which started this one.
    """
    path = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\s+(\d+)", path.read_text())[1]) / 1024 if path.exists() else math.nan


def forget_peak():
    """Has the peak begin with what is held now, where there is Linux to do so."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")


def apart(function, *arguments):
    """Runs a function in a new process, so that what it holds counts nowhere, with `ONE_THREAD`; returns its result."""
    kept = dict(os.environ)
    os.environ.update(ONE_THREAD)
    try:
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def random_batch(batch_size, num_frames, image_size):
    """Inputs and targets of one batch of random videos for a `ScoringNet` of a sport with three stages."""
    rng = np.random.default_rng(0)
    shape = (batch_size, num_frames, *image_size, 3)
    stages = np.resize(np.repeat([1, 2, 3, 0], num_frames // 4 + 1), shape[:2]).astype("int32")
    scores = {name: rng.normal(0, 1, batch_size).astype("float32") for name in ("difficulty", "execution", "final")}
    inputs = {"frames": rng.integers(0, 256, shape).astype("uint8"), "mask": np.ones(shape[:2], bool)}
    return inputs, {"stages": stages, **scores}


def videos_of(folder, number=None):
    """The first `number` videos in a folder (all where None); InputError where it has none or fewer."""
    from scoringnet_tf.data.video_files import videos_in

    found = [path for path in videos_in(Path(folder)) if path.is_file()] if Path(folder).is_dir() else []
    if len(found) < (number or 1):
        raise InputError(
            "count_mismatch", f"--videos={folder}: it has {len(found)} videos, and {number or 'some'} are needed."
        )
    return found[:number]


def write_video(path, frames, rate, encoder="mpeg4", pixel_format="yuv420p", options=()):
    """Encodes frames, [uint8 (H, W, 3) RGB], without an odd last row or column; `options` differ from an encoder's."""
    import av

    rate, options = fractions.Fraction(rate), {"x265-params": "log-level=error", **dict(options)}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=rate, options=options)
        stream.height, stream.width = (size - size % 2 for size in frames[0].shape[:2])
        stream.pix_fmt = pixel_format
        for index, frame in enumerate(frames):
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            picture = av.VideoFrame.from_ndarray(even, format="rgb24")
            picture.pts, picture.time_base = index, 1 / rate
            container.mux(stream.encode(picture.reformat(format=pixel_format)))
        container.mux(stream.encode(None))


def write_source(folder, videos):
    """Makes a folder of them for `data_prep build --dataset=manifest`: links, and a table of made-up scores."""
    folder.mkdir(parents=True)
    rows = [("video", "split", "final")]
    for number, video in enumerate(videos):
        name = f"{number:06d}{video.suffix}"
        (folder / name).symlink_to(video.resolve())
        rows.append((name, "test" if number % 5 == 0 else "train", 50 + number % 40))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def build_from(folder, videos, **settings):
    """Builds `folder`/records of the videos in this process, and returns their `DatasetInfo`."""
    from data_prep.records.building import BuildSettings, build_records

    source = folder / "source"
    if not source.exists():
        write_source(source, videos)
    settings = BuildSettings(on_lookalike="keep", **settings)
    return build_records("manifest", source, folder / "records", settings, overwrite=True, workers=1, sport="diving")[0]


def write_index(records, folder, number):
    """Makes the index of so many videos, all like one of `records`; their records are not made."""
    from scoringnet_tf.data.dataset_info import DatasetInfo

    info = DatasetInfo.load(records)
    entry = {**next(iter(info.videos.values())), "split": "train"}
    ids = [f"{index:08d}" for index in range(number)]
    info.videos = {video_id: {**entry, "path": f"{video_id}.mp4"} for video_id in ids}
    info.splits = {
        "train": {"ids": ids, "num_videos": number, "num_frames": number * entry["num_frames"], "shards": []}
    }
    folder.mkdir()
    info.save(folder)
    return folder


def compare(number):
    """Looks for the same performance in another split among so many videos of noise, every fifth of them to test on."""
    from data_prep.datasets.sample import Sample
    from data_prep.records.same_performance import BLOCK, HEIGHT, PICTURES, WIDTH, SeenPerformances

    rng = np.random.default_rng(0)
    samples = [Sample("", Path(), "train" if place % 5 else "test", "") for place in range(number)]
    seen = SeenPerformances(collections.Counter(sample.split for sample in samples))
    for start in range(0, number, BLOCK):
        block = samples[start : start + BLOCK]
        pictures = rng.integers(0, 256, (len(block), PICTURES, HEIGHT, WIDTH, 3), np.uint8)
        seen.same_in_another_split(list(zip(block, pictures, strict=True)))
    return seen


def training_steps(model, batch_size, num_frames, clock, phase="joint"):
    """A function that trains a model on random videos, one phase, and gives the seconds of so many steps.

    They come after a first one, which is not counted: with it goes what `fit` takes to begin, once an epoch of a run.
    """
    import keras
    import tensorflow as tf

    from scoringnet_tf.training.optimizer import LayerwiseAdam
    from scoringnet_tf.training.strategy import shared

    batch = random_batch(batch_size, num_frames, model.image_size)
    data = shared(tf.data.Dataset.from_tensors(batch), model.distribute_strategy.num_replicas_in_sync)
    model.compile(optimizer=LayerwiseAdam(1e-4), phase=phase)
    ends: list = []
    clocked = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(clock()))

    def train(steps):
        ends.clear()
        model.fit(data.repeat(1 + steps), verbose=0, shuffle=False, callbacks=[clocked])
        return ends[-1] - ends[0]

    return train
