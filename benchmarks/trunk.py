"""Processor seconds of I3D alone, of inference and of a training step: rows `i3d` of the table.

Weights and frames are random. A step takes the mean square of the features as its loss, and the Adam that each side
trains with. Both sides have one thread: those that wait for each other are at work as the processor counts it.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import rows, workload
from benchmarks.pairs import Ask


def batch(image_size: int, num_frames: int = 16) -> np.ndarray:
    """Random frames of one video, uint8 (1, L, H, W, 3)."""
    return np.random.default_rng(0).integers(0, 256, (1, num_frames, image_size, image_size, 3), np.uint8)


def answers(infer: Callable[[], Any], step_of: Callable[[int | None], Callable[[], Any]]) -> Ask:
    """Seconds of the processor that inference or a step takes.

    Args:
        infer: runs inference.
        step_of: function of `None`, for all, or of a number of last blocks: a function that runs a step.
    """

    @functools.lru_cache(maxsize=1)
    def built(what: str) -> Callable[[], Any]:
        return infer if what == rows.INFERENCE else step_of(rows.LEARNING[what])

    def measure(what: str) -> float:
        call, start = built(what), workload.processor_seconds()
        call()
        return workload.processor_seconds() - start

    return measure


def measurements(precision: str, image_size: int) -> Ask:
    """As `answers`, of our I3D."""
    from scoringnet_tf.training.strategy import configure

    policy = configure(precision, deterministic=False)
    import tensorflow as tf

    from scoringnet_tf.models.backbones.i3d import ENDPOINTS, I3D
    from scoringnet_tf.training.optimizer import LayerwiseAdam

    tf.config.threading.set_intra_op_parallelism_threads(1)
    model = I3D((None, image_size, image_size, 3), dtype=policy)
    frames = tf.constant(batch(image_size))
    folded = model.fold()
    predict = tf.function(lambda: folded(frames, training=False), autograph=False)

    def step_of(blocks: int | None) -> Callable[[], float]:
        learning = ENDPOINTS if blocks is None else ENDPOINTS[-blocks:]
        for layer in model.layers:
            layer.trainable = layer.name.startswith(learning)
        optimizer = LayerwiseAdam(1e-6)
        optimizer.build(model.trainable_variables)
        variables = [variable.value for variable in model.trainable_variables]

        @tf.function(autograph=False)
        def step() -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.cast(model(frames, training=False), tf.float32)))
            optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
            return loss

        return lambda: float(step())

    return answers(lambda: predict().numpy(), step_of)
