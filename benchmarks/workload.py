"""What benchmarks work on and measure by: random batches, processor time, memory, training steps."""

import math
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

# Threads that wait for each other are at work as the processor counts it.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def seconds(call: Callable[[], Any], times: int = 1) -> float:
    """Seconds that a call takes, the mean of several."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def processor_seconds() -> float:
    """User and system time of this process and of its children that have ended; other work disturbs it less."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mib() -> float:
    """The most memory that this process has held since `forget_peak`, MiB; NaN without Linux.

    The resident set that `getrusage` gives is no less than that of the process which started this one.
    """
    path = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", path.read_text()) if path.exists() else None
    return int(found[1]) / 1024 if found else math.nan


def forget_peak() -> None:
    """Has the peak begin with what is held now, on Linux."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")


def random_batch(batch_size: int, num_frames: int, image_size: tuple[int, int]) -> tuple[dict, dict]:
    """Inputs and targets of one batch of random videos for a `ScoringNet` of a sport with three stages."""
    rng = np.random.default_rng(0)
    shape = (batch_size, num_frames, *image_size, 3)
    stages = np.resize(np.repeat([1, 2, 3, 0], num_frames // 4 + 1), shape[:2]).astype("int32")
    scores = {name: rng.normal(0, 1, batch_size).astype("float32") for name in ("difficulty", "execution", "final")}
    inputs = {"frames": rng.integers(0, 256, shape).astype("uint8"), "mask": np.ones(shape[:2], bool)}
    return inputs, {"stages": stages, **scores}


def training_steps(model: "ScoringNet", batch_size: int, num_frames: int, phase: str) -> Callable[[int], float]:
    """A function that trains a model on random videos, one phase, and gives the seconds of so many steps.

    They come after a first one, which is not counted: with it goes what `fit` takes to begin, once an epoch of a run.
    """
    import keras
    import tensorflow as tf

    from scoringnet_tf.training.optimizer import LayerwiseAdam

    data = tf.data.Dataset.from_tensors(random_batch(batch_size, num_frames, model.image_size))
    model.compile(optimizer=LayerwiseAdam(1e-4), phase=phase)
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))

    def train(steps: int) -> float:
        ends.clear()
        model.fit(data.repeat(1 + steps), verbose=0, shuffle=False, callbacks=[clock])
        return ends[-1] - ends[0]

    return train
