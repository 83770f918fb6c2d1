r"""Where the time of a training step goes, operation by operation: ours beside PyTorch's, with what differs first.

    python -m benchmarks.step_profile [--phase=joint] [--precision=float32] [--width_multiplier=0.125] [--image_size=64]

A process for each side, one after the other; each is warm before it is profiled. Milliseconds a step are those in which
an operation runs, counted by themselves: what runs beside another operation counts twice, so that a sum may exceed the
clock, and what is between operations (starting them, waiting for memory) is in no row but the last.
"""

import collections
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks import rows, training
from scoringnet_tf.support import cli

flags.DEFINE_enum("phase", "joint", rows.PHASES, "What is trained.")
flags.DEFINE_enum("side", None, ["ours", "theirs"], "Internal: profile this one in this process.")
flags.adopt_module_key_flags(training)

BACKWARD, FORWARD = "convolutions, backward", "convolutions, forward"
POOLING, LSTM, DENSE = "pooling", "Bi-LSTM", "dense layers"
OPTIMIZER, LAYOUT, REST = "optimizer", "casts and copies", "all other operations"
BETWEEN = "clock less all operations"
# Operation → row, by a part of its name in lower case; the first that fits. TensorFlow's names are `path:kind`.
OURS = (
    (LSTM, ("lstm",)),
    (OPTIMIZER, ("adam", ":assign", "resourceapply")),
    (BACKWARD, ("conv3dbackprop",)),
    (FORWARD, ("conv3d",)),
    (POOLING, ("maxpool3d",)),
    (DENSE, (":matmul", ":_mklmatmul", ":_fusedmatmul", ":_mklnativefusedmatmul")),
    (LAYOUT, (":cast", ":transpose", ":_mkltotf", ":concat", ":pack", ":stridedslice", ":pad", ":identity")),
)
THEIRS = (
    (LSTM, ("rnn", "lstm")),
    (OPTIMIZER, ("adam",)),
    (BACKWARD, ("convolution_backward",)),
    (FORWARD, ("conv3d", "convolution")),
    (POOLING, ("max_pool3d",)),
    (DENSE, ("addmm", "aten::mm", "linear")),
    (LAYOUT, ("copy", "_to_copy", "clone", "contiguous", "aten::cat", "aten::pad", "constant_pad")),
)
WHOLE = {"While", "_While", "If", "PartitionedCall", "StatefulPartitionedCall"}  # kinds that hold other operations


def row_of(name, known):
    """The row of an operation, by its name."""
    name = name.lower()
    return next((row for row, parts in known if any(part in name for part in parts)), REST)


def profiled(side, phase, steps):
    """{row: milliseconds a step} of a side, and of the clock, in this process."""
    module = {"ours": "benchmarks.training", "theirs": "benchmarks.peers.training"}[side]
    measure = importlib.import_module(module).measurements()
    measure(phase)
    seconds, of_operation = {"ours": _of_tensorflow, "theirs": _of_pytorch}[side](lambda: measure(phase))
    steps += side == "ours"  # `training.measurements` takes one more, before its clock starts
    found: collections.Counter[str] = collections.Counter()
    for name, milliseconds in of_operation.items():
        found[row_of(name, OURS if side == "ours" else THEIRS)] += milliseconds / steps
    found[BETWEEN] = 1000 * seconds - sum(found.values())
    return dict(found)


def _of_tensorflow(call):
    """(what the call returns, {`path:kind` of an operation: milliseconds})."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        seconds = call()
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(file.read_bytes())
    found: collections.Counter[str] = collections.Counter()
    for plane in (plane for plane in space.planes if plane.name == "/host:CPU"):
        names = {number: metadata.name for number, metadata in plane.event_metadata.items()}
        for event in (event for line in plane.lines for event in line.events):
            path, _, kind = names[event.metadata_id].rpartition(":")
            if "/" in path and kind not in WHOLE:
                found[f"{path}:{kind}"] += event.duration_ps / 1e9
    return seconds, found


def _of_pytorch(call):
    import torch

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        seconds = call()
    return seconds, {event.key: event.self_cpu_time_total / 1000 for event in profile.key_averages()}


def table(ours, theirs):
    """Lines of Markdown: rows by how much longer ours takes; the sum is the clock's."""
    names = sorted({*ours, *theirs} - {BETWEEN}, key=lambda row: theirs.get(row, 0) - ours.get(row, 0))
    lines = ["| ms a step | ours | PyTorch | difference |", "|---|---|---|---|"]
    for name in (*names, BETWEEN):
        pair = ours.get(name, 0.0), theirs.get(name, 0.0)
        lines.append(f"| {name} | {pair[0]:.1f} | {pair[1]:.1f} | {pair[0] - pair[1]:+.1f} |")
    clock = sum(ours.values()), sum(theirs.values())
    lines.append(f"| clock | {clock[0]:.1f} | {clock[1]:.1f} | {clock[0] - clock[1]:+.1f} |")
    return lines


def _asked(side):
    """What a process of its own says of a side."""
    command = [sys.executable, "-m", "benchmarks.step_profile", *sys.argv[1:], f"--side={side}"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    if values.side:
        print(json.dumps(profiled(values.side, values.phase, values.steps)))
        return
    print("\n".join(table(*(_asked(side) for side in ("ours", "theirs")))))


if __name__ == "__main__":
    cli.run(main)
