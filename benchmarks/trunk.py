"""Processor seconds of I3D alone, of inference and of a training step; a process of `benchmarks.pairs`.

    python -m benchmarks.table --only=i3d

Weights and frames are random. A step takes the mean square of the features as its loss, and the Adam that each side
trains with. Both sides have one thread: those that wait for each other are at work as the processor counts it.
"""

import numpy as np
from absl import flags

from benchmarks import rows, workload

FLAGS = flags.FLAGS
flags.DEFINE_string("precision", "float32", "Precision of the computation.")
flags.DEFINE_integer("image_size", 112, "Height and width of the frames, pixels.")
flags.DEFINE_integer("num_frames", 16, "Frames of a video.")


def batch():
    """Random frames of one video, uint8 (1, L, H, W, 3)."""
    shape = (1, FLAGS.num_frames, FLAGS.image_size, FLAGS.image_size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def answers(infer, step_of):
    """What either side answers with: seconds of the processor that inference or a step takes.

    Args:
        infer: runs inference.
        step_of: function of `None`, for all, or of a number of last blocks: a function that runs a step.
    """
    built = {}

    def measure(what):
        if what not in built:
            built.clear()
            built[what] = infer if what == rows.INFERENCE else step_of(rows.LEARNING[what])
            built[what]()
        start = workload.processor_seconds()
        built[what]()
        return workload.processor_seconds() - start

    return measure


def measurements():
    """What this process answers with."""
    from scoringnet_tf.training.strategy import configure

    policy = configure(FLAGS.precision, deterministic=False)
    import tensorflow as tf

    from scoringnet_tf.models.backbones.i3d import ENDPOINTS, I3D
    from scoringnet_tf.training.optimizer import LayerwiseAdam

    tf.config.threading.set_intra_op_parallelism_threads(1)
    model = I3D((None, FLAGS.image_size, FLAGS.image_size, 3), dtype=policy)
    frames = tf.constant(batch())
    folded = model.fold()
    predict = tf.function(lambda: folded(frames, training=False), autograph=False)

    def step_of(blocks):
        learning = ENDPOINTS if blocks is None else ENDPOINTS[-blocks:]
        for layer in model.layers:
            layer.trainable = layer.name.startswith(learning)
        optimizer = LayerwiseAdam(1e-6)
        optimizer.build(model.trainable_variables)
        variables = [variable.value for variable in model.trainable_variables]

        @tf.function(autograph=False)
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.cast(model(frames, training=False), tf.float32)))
            optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
            return loss

        return lambda: float(step())

    return answers(lambda: predict().numpy(), step_of)
