"""Seconds of a training step of each phase and of inference, memory of a step; a process of `benchmarks.pairs`.

python -m benchmarks.table --only=training,backbone
"""

import time

from absl import flags

from benchmarks import rows, workload

flags.DEFINE_string("precision", "float32", "Precision of the computation.")
flags.DEFINE_float("width_multiplier", 0.125, "Of the model.")
flags.DEFINE_integer("image_size", 64, "Height and width of the frames, pixels.")
flags.DEFINE_integer("num_frames", 104, "Frames of a video.")
flags.DEFINE_integer("batch_size", 4, "Videos per step.")
flags.DEFINE_enum("backbone", rows.SEPARATE, [rows.SEPARATE, *rows.SHARED], "Network that reads the frames, untrained.")
flags.DEFINE_integer("steps", 3, "Steps in a measurement, whose mean is its figure.", 1)


def batch():
    """Inputs and targets of one batch of random videos: NumPy, as the flags say."""
    values = flags.FLAGS
    return workload.random_batch(values.batch_size, values.num_frames, (values.image_size,) * 2)


def measurements():
    """What this process answers with: seconds per step of a phase or per video of inference, MiB of a joint step."""
    from scoringnet_tf.training.strategy import configure

    values, held = flags.FLAGS, workload.peak_mib()
    policy = configure(values.precision, deterministic=False)
    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function

    network = scoringnet_tf.ScoringNet(
        image_size=(values.image_size,) * 2,
        width_multiplier=values.width_multiplier,
        score_statistics={"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)},
        backbone=_backbone(policy),
        dtype=policy,
    )
    inputs, targets = batch()
    outputs_of, compiled = prediction_function(network), {}

    def seconds(phase):
        if phase not in compiled:
            compiled.clear()
            given = values.batch_size, values.num_frames, time.perf_counter, phase
            compiled[phase] = workload.training_steps(network, *given)
            compiled[phase](0)
        return compiled[phase](values.steps) / values.steps

    def measure(what):
        if what == rows.INFERENCE:
            return timed(lambda: outputs_of(inputs, targets["stages"]), values.steps) / values.batch_size
        if what == rows.MEMORY:
            workload.forget_peak()
            seconds("joint")
            return workload.peak_mib() - held
        return seconds(what)

    return measure


def _backbone(policy):
    """The network that all parts share; None if each has a C3D."""
    from scoringnet_tf.models.backbones.backbone import Backbone
    from scoringnet_tf.models.backbones.c3d import C3D
    from scoringnet_tf.models.backbones.i3d import I3D
    from scoringnet_tf.weights.backbones import I3D_ENDPOINTS

    values, (name, _, frozen) = flags.FLAGS, flags.FLAGS.backbone.partition(" ")
    given = {"width_multiplier": values.width_multiplier, "masked": True, "dtype": policy}
    shape = (None, values.image_size, values.image_size, 3)
    if name == "C3D":
        return Backbone(C3D(shape, temporal_pooling=False, **given))
    return Backbone(I3D(shape, final_endpoint=I3D_ENDPOINTS, **given), trainable=not frozen) if name == "I3D" else None


def timed(call, times=1):
    """Seconds that a call takes, the mean of several."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times
