"""Seconds per training step of each phase, and per video in inference; a process of `benchmarks.pairs`.

python -m benchmarks.table --only=training
"""

import time

from absl import flags

from benchmarks import rows, workload

flags.DEFINE_string("precision", "float32", "Precision of the computation.")
flags.DEFINE_float("width_multiplier", 0.125, "Of the model.")
flags.DEFINE_integer("image_size", 64, "Height and width of the frames, pixels.")
flags.DEFINE_integer("num_frames", 104, "Frames of a video.")
flags.DEFINE_integer("batch_size", 4, "Videos per step.")
flags.DEFINE_integer("steps", 3, "Steps in a measurement, whose mean is its figure.", 1)


def batch():
    """Inputs and targets of one batch of random videos: NumPy, as the flags say."""
    values = flags.FLAGS
    return workload.random_batch(values.batch_size, values.num_frames, (values.image_size,) * 2)


def measurements():
    """What this process answers with: seconds per step of a phase, or per video of inference."""
    from scoringnet_tf.training.strategy import configure

    values = flags.FLAGS
    policy = configure(values.precision, deterministic=False)
    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function

    network = scoringnet_tf.ScoringNet(
        image_size=(values.image_size,) * 2,
        width_multiplier=values.width_multiplier,
        score_statistics={"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)},
        dtype=policy,
    )
    inputs, targets = batch()
    outputs_of, compiled = prediction_function(network), {}

    def measure(what):
        if what == rows.INFERENCE:
            return timed(lambda: outputs_of(inputs, targets["stages"]), values.steps) / values.batch_size
        if what not in compiled:
            compiled.clear()
            given = values.batch_size, values.num_frames, time.perf_counter, what
            compiled[what] = workload.training_steps(network, *given)
            compiled[what](0)
        return compiled[what](values.steps) / values.steps

    return measure


def timed(call, times=1):
    """Seconds that a call takes, the mean of several."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times
