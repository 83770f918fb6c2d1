r"""Seconds per training step of each phase, and per video in inference: ours in float32 against another precision.

    python -m benchmarks.training [--precision=mixed_bfloat16] [--width_multiplier=0.125] [--image_size=64]

Each precision has a process of its own (Grappler's options are per process); the two take turns, see
`benchmarks.pairs`. Against PyTorch: `python -m benchmarks.table --only=training`.
"""

import time

from absl import flags

from benchmarks import pairs, rows, workload
from scoringnet_tf.support import cli

flags.DEFINE_string("precision", "mixed_bfloat16", "Compared with float32.")
flags.DEFINE_float("width_multiplier", 0.125, "Of the model.")
flags.DEFINE_integer("image_size", 64, "Height and width of the frames, pixels.")
flags.DEFINE_integer("num_frames", 104, "Frames of a video.")
flags.DEFINE_integer("batch_size", 4, "Videos per step.")
flags.DEFINE_integer("steps", 3, "Steps in a measurement, whose mean is its figure.", 1)
flags.DEFINE_integer("rounds", 5, "Measurements of each.", 1)
flags.DEFINE_bool("serve", False, "Internal: measure --precision in this process, as `benchmarks.pairs` asks.")


def batch():
    """Inputs and targets of one batch of random videos: NumPy, as the flags say."""
    values = flags.FLAGS
    return workload.random_batch(values.batch_size, values.num_frames, (values.image_size,) * 2)


def measurements():
    """What this process answers with: seconds per step of a phase, or per video of inference."""
    from scoringnet_tf.training.strategy import configure

    values = flags.FLAGS
    policy = configure(values.precision, deterministic=False)
    import keras
    import tensorflow as tf

    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function
    from scoringnet_tf.training.optimizer import LayerwiseAdam

    network = scoringnet_tf.ScoringNet(
        image_size=(values.image_size,) * 2,
        width_multiplier=values.width_multiplier,
        score_statistics={"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)},
        dtype=policy,
    )
    inputs, targets = batch()
    data, outputs_of = tf.data.Dataset.from_tensors((inputs, targets)), prediction_function(network)
    compiled = ""

    def measure(what):
        nonlocal compiled
        if what == rows.INFERENCE:
            return timed(lambda: outputs_of(inputs, targets["stages"]), values.steps) / values.batch_size
        if what != compiled:
            network.compile(optimizer=LayerwiseAdam(1e-4), phase=what)
            network.fit(data, verbose=0, shuffle=False)
            compiled = what
        # What `fit` takes to begin, 0.1 to 0.7 s, a run takes once an epoch: the clock starts when a step has ended.
        ends: list[float] = []
        clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))
        network.fit(data.repeat(values.steps + 1), verbose=0, shuffle=False, callbacks=[clock])
        return (ends[-1] - ends[0]) / values.steps

    return measure


def timed(call, times=1):
    """Seconds that a call takes, the mean of several."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    if values.serve:
        pairs.serve(measurements())
        return
    names = ("width_multiplier", "image_size", "num_frames", "batch_size", "steps")
    given = {name: values[name].value for name in names}
    sides = [pairs.worker("benchmarks.training", precision=p, **given) for p in (values.precision, "float32")]
    comparison = pairs.Comparison(values.precision, *sides, rows.steps("float32"))
    print(pairs.table(list(pairs.measured(comparison, values.rounds))))


if __name__ == "__main__":
    cli.run(main)
