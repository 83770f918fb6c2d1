"""Seconds and memory of a joint step at full width, by the network that reads the frames: rows `C3D` and `I3D`."""

import time
from typing import Any

import numpy as np

from benchmarks import workload
from benchmarks.worker import Measure

FRAMES, SIZE = 32, (112, 112)
I3D = "I3D"


def step(backbone: str) -> Measure:
    """Seconds of a step."""
    return _steps(_model(backbone))


def memory(backbone: str) -> Measure:
    """MiB that a step holds at its peak beside what Python and its libraries held before."""
    import keras  # noqa: F401 held before
    import tensorflow  # noqa: F401

    held = workload.peak_mib()
    steps = _steps(_model(backbone))

    def measure() -> float:
        workload.forget_peak()
        steps()
        return workload.peak_mib() - held

    return measure


def _model(backbone: str) -> Any:
    """A ScoringNet whose parts share a C3D or I3D, or have a C3D each."""
    import scoringnet_tf
    from scoringnet_tf import C3D, Backbone
    from scoringnet_tf.weights.backbones import I3D_ENDPOINTS

    shape, shared = (None, *SIZE, 3), None
    if backbone == "C3D":
        shared = Backbone(C3D(shape, temporal_pooling=False, masked=True))
    elif backbone == I3D:
        shared = Backbone(scoringnet_tf.I3D(shape, final_endpoint=I3D_ENDPOINTS, masked=True))
    statistics = {"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)}
    return scoringnet_tf.ScoringNet(image_size=SIZE, score_predictor={"score_statistics": statistics}, backbone=shared)


def _steps(model: Any) -> Measure:
    """A joint step on a random video; one before it is not counted: with it goes what `fit` takes to begin."""
    import keras
    import tensorflow as tf

    from scoringnet_tf.training.optimizer import LayerwiseAdam

    data = tf.data.Dataset.from_tensors(_random_batch())
    model.compile(optimizer=LayerwiseAdam(1e-4), phase="joint")
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))

    def measure() -> float:
        ends.clear()
        model.fit(data.repeat(2), verbose=0, shuffle=False, callbacks=[clock])
        return ends[1] - ends[0]

    return measure


def _random_batch() -> tuple[dict, dict]:
    """Inputs and targets of one random video of a sport with three stages."""
    rng, shape = np.random.default_rng(0), (1, FRAMES, *SIZE, 3)
    stages = np.repeat([[1, 2, 3, 0]], FRAMES // 4, axis=1).astype("int32")
    scores = {name: rng.normal(0, 1, 1).astype("float32") for name in ("difficulty", "execution", "final")}
    inputs = {"frames": rng.integers(0, 256, shape).astype("uint8"), "mask": np.ones(shape[:2], bool)}
    return inputs, {"stages": stages, **scores}
