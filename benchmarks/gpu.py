r"""Models, losses and a training step on a GPU: on JAX and on TensorFlow, against PyTorch, by precision and batch.

    python -m benchmarks.gpu [--ways=jax,tensorflow,torch,torch_compiled] [--precisions=float32,bfloat16,float16]

Each way and precision has a process of its own, which is asked for larger and larger batches until memory ends. The
table has videos per second, the share of the card's peak that the counted operations are, and the most memory held.
Without a GPU every row says that it was not measured; --cpu measures there all the same, to try this program out. Under
JAX TensorFlow is not imported, and need not be installed.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from absl import flags

from benchmarks import pairs, workload
from benchmarks.figures import machine, new_file
from scoringnet_tf.experiments.plan import PEAKS
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import unknown_name

WAYS = {  # → the module that measures it
    "jax": "benchmarks.gpu",
    "tensorflow": "benchmarks.gpu",
    "torch": "benchmarks.peers.gpu",
    "torch_compiled": "benchmarks.peers.gpu",
}
PRECISIONS = ("float32", "bfloat16", "float16")
MEASURED = ("inference", "evaluation", "joint step")

FLAGS = flags.FLAGS
flags.DEFINE_list("ways", list(WAYS), f"Which to measure, of {', '.join(WAYS)}.")
flags.DEFINE_list("precisions", list(PRECISIONS), f"Which to measure, of {', '.join(PRECISIONS)}.")
flags.DEFINE_float("width_multiplier", 1.0, "Of the model.")
flags.DEFINE_integer("image_size", 112, "Height and width of the frames, pixels.", 16)
flags.DEFINE_integer("num_frames", 104, "Frames of a video.", 8)
flags.DEFINE_integer("largest_batch", 256, "Where to stop if memory has not ended before, videos.", 1)
flags.DEFINE_integer("steps", 8, "Batches in a measurement.", 1)
flags.DEFINE_bool("cpu", False, "Measure on the CPU, to try this program out.")
flags.DEFINE_string("output_dir", "build/bench", "Folder for the figures.")
flags.DEFINE_enum("way", "jax", list(WAYS), "Internal: of a process that measures.")
flags.DEFINE_enum("precision", "float32", PRECISIONS, "Internal: of a process that measures.")


def batch(size):
    """Inputs and targets of `size` random videos: NumPy."""
    return workload.random_batch(size, FLAGS.num_frames, (FLAGS.image_size,) * 2)


# === Keras, on JAX or TensorFlow ===


def measurements():
    """What this process answers with: `"device"`, `"flops"`, or one of `MEASURED` and a batch size, see `answer`."""
    os.environ["KERAS_BACKEND"] = FLAGS.way
    import numpy as np

    import scoringnet_tf
    from scoringnet_tf.models import flops

    policy = "float32" if FLAGS.precision == "float32" else f"mixed_{FLAGS.precision}"
    network = scoringnet_tf.ScoringNet(
        image_size=(FLAGS.image_size,) * 2,
        width_multiplier=FLAGS.width_multiplier,
        score_statistics={"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)},
        dtype=policy,
    )
    network.compile(scoringnet_tf.LayerwiseAdam(1e-4), metrics={})
    device, memory = _jax_device() if FLAGS.way == "jax" else _tensorflow_device()

    def run(what, size):
        given = batch(size)

        def call(number):
            repeat = np.tile(np.arange(size), number)
            inputs, targets = ({name: value[repeat] for name, value in part.items()} for part in given)
            ways = {
                "inference": lambda: network.predict(inputs, batch_size=size, verbose=0),
                "evaluation": lambda: network.evaluate(inputs, targets, batch_size=size, verbose=0),
                "joint step": lambda: network.fit(inputs, targets, batch_size=size, shuffle=False, verbose=0),
            }
            start = time.perf_counter()
            ways[what]()
            return time.perf_counter() - start

        return call

    def measure(what):
        if what == "flops":
            return flops.forward(network, FLAGS.num_frames)
        return device if what == "device" else answer(what, run, memory)

    return measure


def answer(what, run, memory):
    """Seconds of a batch and MiB of memory at its peak, or None where memory ends.

    Args:
        what: one of `MEASURED` and the number of videos in a batch.
        run: from both to a function: number of batches → seconds. A call of one takes off what it takes to begin.
        memory: a function that gives the most memory held so far, MiB.
    """
    name, _, size = what.rpartition(" ")
    try:
        call = run(name, int(size))
        call(2)  # traces, compiles, chooses algorithms
        begun = min(call(1) for _ in range(2))
        return {"seconds": (call(1 + FLAGS.steps) - begun) / FLAGS.steps, "memory": memory()}
    except Exception as error:  # each backend has one of its own
        said = f"{type(error).__name__}: {error}".lower().replace("_", "")
        if any(words in said for words in ("memoryerror", "out of memory", "resourceexhausted")):
            return None
        raise


def _jax_device():
    import jax

    device = jax.local_devices()[0]
    if device.platform != "gpu":
        return None, workload.peak_mib
    return device.device_kind, lambda: device.memory_stats()["peak_bytes_in_use"] / 2**20


def _tensorflow_device():
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return None, workload.peak_mib
    name = tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")
    return name, lambda: tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20


# === The table ===


def peak(device: str | None, precision: str) -> float | None:
    """TFLOP/s of a card; None of one that is not known."""
    known = next((values for name, values in PEAKS.items() if device and name in device), None)
    return known[PRECISIONS.index(precision)] if known else None


def settings() -> dict[str, object]:
    """Flags that every process that measures is given."""
    return {name: FLAGS[name].value for name in ("width_multiplier", "image_size", "num_frames", "steps")}


def rows(way: str, precision: str) -> Iterator[dict]:
    """What is measured of a way in a precision, a row for each of `MEASURED` and batch size; at last why no more is.

    Each of `MEASURED` has a process of its own, whose batches grow: so the most memory held so far is that of a row.
    """
    given = settings() | {"way": way, "precision": precision}
    row = {"way": way, "precision": precision}
    try:
        for what in MEASURED:
            with pairs.worker(WAYS[way], **given)() as ask:
                if "flops" not in row:
                    device = ask("device")
                    if device is None and not FLAGS.cpu:
                        raise pairs.NotMeasured("no GPU")
                    row |= {"device": device or "CPU", "flops": _flops(ask, given), "peak": peak(device, precision)}
                yield from _batches(ask, what, row)
    except pairs.NotMeasured as error:
        yield {**row, "missing": str(error)}


def _flops(ask, given):
    """Operations of one video; PyTorch's model is ours, and a process of ours counts, under JAX or else TensorFlow."""
    found = ask("flops")
    for way in ("jax", "tensorflow"):
        with contextlib.suppress(pairs.NotMeasured):
            if found is None:
                with pairs.worker("benchmarks.gpu", **{**given, "way": way, "precision": "float32"})() as ours:
                    found = ours("flops")
    return found


def _batches(ask, what, row):
    """Rows of one measurement with batches of 1, 2, 4, … until memory ends."""
    size = 1
    while size <= FLAGS.largest_batch and (found := ask(f"{what} {size}")):
        # A step also takes the gradients of inputs and of kernels, each as much again.
        operations = row["flops"] * size * (3 if what == "joint step" else 1)
        rate = operations / found["seconds"] / 1e12
        share = rate / row["peak"] if row["peak"] else None
        yield {**row, "measured": what, "batch": size, **found, "tflops": rate, "share": share}
        size *= 2


LINE = "{:16}{:10}{:12}{:>6}{:>11}{:>9}{:>8}{:>9}"


def line(row: dict) -> str:
    """A row as text."""
    if "missing" in row:
        return f"{row['way']:16}{row['precision']:10}not measured: {row['missing']}"
    share = "–" if row["share"] is None else f"{row['share']:.0%}"
    figures = f"{row['batch'] / row['seconds']:.3g}", f"{row['tflops']:.3g}", share, f"{row['memory']:,.0f}"
    return LINE.format(row["way"], row["precision"], row["measured"], row["batch"], *figures)


def main(_):
    """Runs the command with the parsed flags."""
    for flag, known in (("ways", WAYS), ("precisions", PRECISIONS)):
        for value in FLAGS[flag].value:
            if value not in known:
                raise unknown_name(f"--{flag}", value, known)
    output, found = new_file(FLAGS.output_dir, "gpu"), []
    run = {"machine": machine(), "settings": settings(), "rows": found}
    print(LINE.format("", "", "", "batch", "videos/s", "TFLOP/s", "peak", "MiB"), flush=True)
    for way in FLAGS.ways:
        for precision in FLAGS.precisions:
            for new in rows(way, precision):
                found.append(new)
                print(line(new), flush=True)
                write_json(output, run)  # of hours on a card nothing is lost
    print(f"All figures: {output}", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main)
