"""Processor seconds of I3D alone, random weights on random frames, one thread: row `I3D: 16 frames`."""

import numpy as np

from benchmarks import workload
from benchmarks.worker import Measure

FRAMES = np.random.default_rng(0).integers(0, 256, (1, 16, 112, 112, 3), np.uint8)


def inference() -> Measure:
    """Of our I3D, folded and traced."""
    import tensorflow as tf

    from scoringnet_tf import I3D

    tf.config.threading.set_intra_op_parallelism_threads(1)
    folded, frames = I3D((None, *FRAMES.shape[2:])).fold(), tf.constant(FRAMES)
    predict = tf.function(lambda: folded(frames, training=False), autograph=False)
    return lambda: workload.processor_seconds_of(lambda: predict().numpy())
