"""What one video costs, as `benchmarks.scaling` reckons with it: measured here, kept as JSON, replaced by flags."""

import collections
import dataclasses
import json
import math
import platform
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from benchmarks.workload import apart, build_from, random_batch, videos_of, write_index
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.reading import read_json

PAIRED = 10_000  # videos that are compared with each other, and twice as many
INDEXED = 20_000  # videos in an index that is read
STEPS = 3  # of training
BATCH = 4


@dataclasses.dataclass(frozen=True)
class Costs:
    """Means over videos. Seconds are of processor time, user and system.

    Attributes:
        machine: what it was measured on.
        videos: how many.
        frames: of a video.
        spread: standard deviation of that over the mean.
        video_bytes: of a file.
        record_bytes: of a record.
        index_bytes: of a video in `dataset_info.json`.
        result_bytes: of a line of `predict --json`.
        encode: seconds, in a process of `build`: decode a video, encode its frames in their stored form, keep them.
        write: seconds, in the one process of `build` that writes: read them again, check, write the record.
        compare: seconds, there, for each pair of videos, of which a fifth is to test on: do two splits show the same?
        start: seconds, of a process of `predict`, until it has scored its first video, but for that one.
        read: seconds, in `predict`: decode a video, encode its frames in their stored form.
        model: seconds, in `predict`: stages and scores of what was read.
        load: seconds, in training: a record becomes part of a batch.
        step: seconds, in training: a video's share of a step, both ways.
        index: seconds, in each process of training, for each video in the index, until it is read.
        index_memory: bytes, in each process of training, for each video in the index, at most.
        parameters: of the model.
        memory: bytes, in the one process of `build`: what is kept of a video until the last one.
    """

    machine: str
    videos: int
    frames: float
    spread: float
    video_bytes: float
    record_bytes: float
    index_bytes: float
    result_bytes: float
    encode: float
    write: float
    compare: float
    start: float
    read: float
    model: float
    load: float
    step: float
    index: float
    index_memory: float
    parameters: int
    memory: float

    @property
    def state_bytes(self) -> int:
        """Of a checkpoint: float32 weights, and Adam's two moments of each."""
        return 3 * 4 * self.parameters

    def save(self, path):
        """Writes them as JSON."""
        write_json(Path(path), dataclasses.asdict(self))


def load_costs(path, flag="costs"):
    """Costs from a JSON file; InputError where one is missing, no number, negative or unknown."""
    values, fields = read_json(Path(path)), dataclasses.fields(Costs)
    names = {field.name for field in fields}
    if values.keys() != names:
        wrong = ", ".join(sorted(values.keys() ^ names))
        raise InputError(f"--{flag}={path}: expected {', '.join(sorted(names))}. Received: others in {wrong}.")
    for field in fields:
        value = values[field.name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if field.type is not str and not (number and 0 <= value < math.inf):
            raise InputError(f"--{flag}={path}: expected {field.name} as a number from 0 up. Received: {value!r}.")
    return Costs(**values)


def processor_name():
    """The processor and how many of its cores this process may use."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {len(names) or '?'} cores"


def measure(folder, model=None, number=None):
    """Measures all costs in this process, in turn.

    Args:
        folder: of videos.
        model: as of `predict --model`.
        number: of the videos to take; None for all.

    Raises:
        InputError: no videos there, or no model.
    """
    videos = videos_of(folder, number)
    scored, scorer = _scoring(videos, model)
    with tempfile.TemporaryDirectory() as temporary:
        built = _building(videos, Path(temporary), scorer.preprocessor.stored)
        load = _loading(Path(temporary), scorer.preprocessor.image_size)
        index = _indexing(write_index(Path(temporary, "records"), Path(temporary, "many"), INDEXED))
    lengths = built.pop("lengths")
    return Costs(
        machine=processor_name(),
        videos=len(videos),
        frames=float(np.mean(lengths)),
        spread=float(np.std(lengths) / np.mean(lengths)),
        video_bytes=float(np.mean([video.stat().st_size for video in videos])),
        **scored,
        **built,
        **apart(_comparing, PAIRED),
        load=load,
        **index,
        parameters=scorer.model.count_params(),  # before a step, which adds variables that are none of its own
        step=_stepping(scorer.model, round(np.mean(lengths))),
    )


def _timed(call, *arguments):
    """What a call returns, and its seconds of processor time in this process, all threads of it."""
    start = time.process_time()
    found = call(*arguments)
    return found, time.process_time() - start


def _scoring(videos, model):
    """The costs of `predict`, and its scorer. To be called first: `start` is all that the process has done so far."""
    from scoringnet_tf.inference.prediction import scorer_of

    scorer = scorer_of(model)
    scorer(videos[0], force=True)
    first = time.process_time()
    read, model_seconds, lines = [], [], []
    for video in videos:
        found, seconds = _timed(scorer.read, video)
        read.append(seconds)
        score, seconds = _timed(lambda found, video: scorer.score(found, video, force=True), found, video)
        model_seconds.append(seconds)
        lines.append(len(json.dumps(score.to_dict())) + 1)
    costs = {"read": np.mean(read), "model": np.median(model_seconds), "result_bytes": np.mean(lines)}
    costs["start"] = first - costs["read"] - costs["model"]
    return {name: float(value) for name, value in costs.items()}, scorer


def _building(videos, folder, stored):
    """The costs of `build`, and the lengths of the videos; leaves records in `folder`."""
    from data_prep.records.kept_videos import keep_video, read_frames
    from data_prep.records.writing import RecordsWriter
    from scoringnet_tf.data.records import VideoExample
    from scoringnet_tf.data.video import Clip

    kept = folder / "kept"
    kept.mkdir()
    _, encode = _timed(lambda: [keep_video(Clip(video), stored, kept) for video in videos])
    encoded = [keep_video(Clip(video), stored, kept) for video in videos]  # they are there by now
    writer = RecordsWriter(kept, {"train": len(videos) + 1}, ["noise"])

    def write(number, video):
        jpegs, stages = read_frames(video.file), np.zeros(len(video), int)
        facts = (stored.frame_size, video.source_size, video.fps, video.timestamps, stages)
        writer.write("train", VideoExample(f"{number:06d}", "manifest", "diving", "", video.sha256, jpegs, *facts))

    write(0, encoded[0])  # imports TensorFlow
    _, seconds = _timed(lambda: [write(number, video) for number, video in enumerate(encoded, start=1)])
    writer.close()
    info = build_from(folder, videos, **dataclasses.asdict(stored))
    stored_bytes = sum(shard["bytes"] for split in info.splits.values() for shard in split["shards"])
    number = len(videos)
    return {
        "lengths": [len(video) for video in encoded],
        "encode": encode / number,
        "write": seconds / number,
        "record_bytes": stored_bytes / number,
    }


def compare(number):
    """Looks for the same performance in another split among so many videos of noise; returns what it was kept in.

    Every fifth video is to test on, as of `workload.write_source`.
    """
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


def _comparing(number):
    """Costs of that: of each pair, of what n and 2n videos take, for T(2n) − 2T(n) is that of n² pairs; and memory."""
    compare(2)  # imports what it needs
    _, once = _timed(compare, number)
    seen, twice = _timed(compare, 2 * number)
    memory = sum(pictures.nbytes for pictures in seen._pictures.values()) / (2 * number)
    return {"compare": max(0.0, twice - 2 * once) / number**2, "memory": memory}


def _indexing(folder):
    """Costs of reading an index, for each video in it."""
    from scoringnet_tf.data.records import INDEX_NAME, DatasetInfo

    info, seconds = _timed(DatasetInfo.load, folder)
    number, size = len(info.videos), (folder / INDEX_NAME).stat().st_size
    del info
    tracemalloc.start()
    DatasetInfo.load(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"index": seconds / number, "index_bytes": size / number, "index_memory": peak / number}


def _loading(folder, image_size):
    """Seconds for each video of a shuffled and augmented epoch."""
    import scoringnet_tf

    augmentation = scoringnet_tf.Augmentation()
    options = {"image_size": tuple(image_size), "batch_size": BATCH, "shuffle": True, "augmentation": augmentation}

    def read(epochs):
        batches = scoringnet_tf.videos(folder / "records", "train", epochs=epochs, **options)
        return sum(len(targets["final"]) for _, targets in batches.as_numpy_iterator())

    read(1)  # which traces it
    number, seconds = _timed(read, 4)
    return seconds / number


def training_steps(model, batch_size, num_frames, clock):
    """A function that trains a model on random videos, KFS and SP at once, and gives the seconds of so many steps.

    They come after a first one, which is not counted: with it goes what `fit` takes to begin, once an epoch of a run.
    """
    import keras
    import tensorflow as tf

    from scoringnet_tf.training.optimizer import LayerwiseAdam
    from scoringnet_tf.training.strategy import shared

    batch = random_batch(batch_size, num_frames, model.preprocessor.image_size)
    data = shared(tf.data.Dataset.from_tensors(batch), model.distribute_strategy.num_replicas_in_sync)
    model.compile(optimizer=LayerwiseAdam(1e-4), phase="joint")
    ends: list = []
    clocked = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(clock()))

    def train(steps):
        ends.clear()
        model.fit(data.repeat(1 + steps), verbose=0, shuffle=False, callbacks=[clocked])
        return ends[-1] - ends[0]

    return train


def _stepping(model, num_frames):
    """Seconds for each video of a step, of random videos as long as these."""
    return training_steps(model, BATCH, num_frames, time.process_time)(STEPS) / STEPS / BATCH
