r"""The first steps of a training run, of several settings side by side: the loss of every step, seconds, memory.

    python -m benchmarks.first_steps --flagfile=diving.flags --records_dir=… --max_steps=20 --output=steps.csv \
        [-- "FLAGS OF A VARIANT" …]

A variant is a string of flags of `scoringnet_tf.train` that are added to those of the command; without any, the command
is run as it is. Each runs in a process of its own. The loss is that of the step alone, not the mean of its epoch.
Beside --output lies a picture of the curves.

One step's loss depends on its batch, more than on twenty steps of learning. So the loss of the same videos, those of
the first batches, is printed as it is before the first step and after the last, without dropout.
"""

import csv
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

from absl import flags

from benchmarks.workload import peak_mib
from scoringnet_tf import train
from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.support import cli

flags.DEFINE_enum("phase", "joint", ["joint", "segmentation", "scoring"], "What is trained: all (Eq. 10), KFS, or SP.")
flags.DEFINE_string("initializer", None, "Keras's name of one for the kernels of all convolutions and ReLU layers.")
flags.DEFINE_string("output", "first_steps.csv", "CSV file, a row per step of each variant.")
flags.DEFINE_string("measure", None, "Internal: train in this process, as the variant of this name.")

PROBED = 4  # batches whose loss is compared before and after
SCORE_TERMS = ("difficulty_mse", "difficulty_ranking", "execution_mse", "execution_ranking", "weight_decay")
COLUMNS = ("variant", "step", "loss", "seconds", "peak_gib", "stage_loss", *SCORE_TERMS)


def measure(variant, output):
    """Trains as the flags say, and appends a row per step."""
    import keras

    from scoringnet_tf.models.objective import TRUE_STAGES
    from scoringnet_tf.training.run import Phase
    from scoringnet_tf.training.scoring import ScoringRun

    class StepRows(keras.callbacks.Callback):
        """A row for every step: its own loss and terms, its seconds, the largest memory of the process so far."""

        def on_train_batch_begin(self, batch, logs=None):
            self.model.reset_metrics()
            self.start = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            seconds = time.perf_counter() - self.start
            losses = {name: f"{float(logs[name]):.4g}" for name in COLUMNS if name in logs}
            row = {
                "variant": variant,
                "step": batch + 1,
                "seconds": f"{seconds:.1f}",
                "peak_gib": f"{peak_mib() / 1024:.1f}",
            }
            with output.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, COLUMNS).writerow(row | losses)

    class SameVideos(keras.callbacks.Callback):
        """The loss of some batches before and after, printed."""

        def __init__(self, batches):
            super().__init__()
            self.batches = batches

        def on_train_begin(self, logs=None):
            self.before = self.loss()

        def on_train_end(self, logs=None):
            print(f"{variant or 'as it is'}: {PROBED} batches, before {self.before}, after {self.loss()}", flush=True)

        def loss(self):
            losses = []
            for inputs, targets in self.batches:
                outputs = self.model({**inputs, TRUE_STAGES: targets["stages"]}, training=False)
                losses.append(float(self.model.compute_loss(y=targets, y_pred=outputs)))
            return f"{sum(losses) / len(losses):.4g} ({', '.join(f'{loss:.4g}' for loss in losses)})"

    class FirstSteps(ScoringRun):
        """A run that writes a row per step, from weights of another initializer where one is asked for."""

        def load_initial_weights(self):
            if flags.FLAGS.initializer:
                for layer in self.model._flatten_layers():
                    if getattr(layer, "activation", None) is keras.activations.relu:
                        initializer = keras.initializers.get(flags.FLAGS.initializer)
                        layer.kernel.assign(initializer(layer.kernel.shape))
            super().load_initial_weights()

        def further_callbacks(self, phase, log_dir):
            return [StepRows(), SameVideos(list(self.training_data(phase, 0).take(PROBED)))]

    settings = cli.flag_values(train)
    settings["image_size"], settings["clip_lengths"] = cli.size_flag("image_size"), cli.size_flag("clip_lengths")
    with tempfile.TemporaryDirectory() as folder:
        settings["model_dir"] = str(pathlib.Path(folder) / "run")
        run = FirstSteps(load_records(settings["records_dir"]), settings)
        run.phases = [Phase(flags.FLAGS.phase, settings["epochs"])]
        run.run()


def draw(output):
    """The curves of all variants of a CSV file, as PNG beside it."""
    from matplotlib.figure import Figure

    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    axes = (figure := Figure(figsize=(8, 5), layout="constrained")).subplots()
    for variant in dict.fromkeys(row["variant"] for row in rows):
        found = [row for row in rows if row["variant"] == variant]
        steps, losses = [int(row["step"]) for row in found], [float(row["loss"]) for row in found]
        axes.plot(steps, losses, label=variant or "as the command says")
    axes.set(xlabel="step", ylabel="loss of the step", yscale="log")
    axes.legend(fontsize="small")
    figure.savefig(output.with_suffix(".png"))


def main(variants):
    """Runs the command with the parsed flags."""
    values, output = flags.FLAGS, pathlib.Path(flags.FLAGS.output)
    if values.measure is not None:
        measure(values.measure, output)
        return 0
    given = [argument for argument in sys.argv[1:] if argument not in (*variants, "--")]
    with output.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(COLUMNS)
    for variant in variants or [""]:
        command = [
            sys.executable,
            "-m",
            "benchmarks.first_steps",
            *given,
            *shlex.split(variant),
            f"--measure={variant}",
        ]
        if status := subprocess.run(command).returncode:  # it has said why
            return status
        draw(output)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, may_be_empty=True))
