r"""Seconds per training step of each phase, and per video in inference, side by side in float32 and another precision.

    python -m benchmarks.training [--precision=mixed_bfloat16] [--width_multiplier=0.125] [--image_size=64]

Each precision runs in a process of its own (Grappler's options are per process), in turn, several rounds; the table
shows medians and the ratio of the two.
"""

import json
import os
import statistics
import subprocess
import sys
import time

from absl import app, flags

from benchmarks.workload import random_batch

flags.DEFINE_string("precision", "mixed_bfloat16", "Compared with float32.")
flags.DEFINE_float("width_multiplier", 0.125, "Of the model.")
flags.DEFINE_integer("image_size", 64, "Height and width of the frames, pixels.")
flags.DEFINE_integer("num_frames", 104, "Frames of a video.")
flags.DEFINE_integer("batch_size", 4, "Videos per step.")
flags.DEFINE_integer("rounds", 3, "Processes per precision.")
flags.DEFINE_string("measure", None, "Internal: measure this precision in this process and print JSON.")


def measure(precision, steps=6):
    """Seconds per step of each phase and per video of inference, in this process."""
    from scoringnet_tf.training import runtime

    policy = runtime.configure(precision, deterministic=False)
    import keras
    import tensorflow as tf

    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function

    values, image_size = flags.FLAGS, (flags.FLAGS.image_size,) * 2
    network = scoringnet_tf.ScoringNet(
        image_size=image_size,
        width_multiplier=values.width_multiplier,
        score_statistics={"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)},
        dtype=policy,
    )
    (inputs, targets), seconds = random_batch(values.batch_size, values.num_frames, image_size), {}
    data = tf.data.Dataset.from_tensors((inputs, targets))
    for phase in ("segmentation", "scoring", "joint"):
        network.compile(optimizer=keras.optimizers.Adam(1e-4), phase=phase)
        network.fit(data.repeat(2), verbose=0, shuffle=False)
        seconds[f"{phase} step"] = timed(lambda: network.fit(data.repeat(steps), verbose=0, shuffle=False)) / steps
    outputs_of = prediction_function(network)
    outputs_of(inputs, targets["stages"])
    seconds["inference, per video"] = timed(lambda: outputs_of(inputs, targets["stages"])) / values.batch_size
    return seconds


def timed(call):
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main(argv):
    """Runs the command with the parsed flags."""
    if flags.FLAGS.measure:
        print("JSON", json.dumps(measure(flags.FLAGS.measure)))
        return
    results = {"float32": [], flags.FLAGS.precision: []}
    for _ in range(flags.FLAGS.rounds):
        for precision, rounds in results.items():
            command = [sys.executable, "-m", "benchmarks.training", f"--measure={precision}", *sys.argv[1:]]
            printed = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
            rounds.append(json.loads(printed.split("JSON", 1)[1]))
    print(f"{'':24}{'float32':>10}{flags.FLAGS.precision:>16}{'ratio':>8}")
    for name in results["float32"][0]:
        base, other = (statistics.median(run[name] for run in rounds) for rounds in results.values())
        print(f"{name:24}{base:>9.3f}s{other:>15.3f}s{base / other:>8.2f}")


if __name__ == "__main__":
    app.run(main)
