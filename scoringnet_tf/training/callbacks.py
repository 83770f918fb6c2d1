"""Callbacks that Keras lacks: reseeding, averages, the best model with patience, figures by epoch, a phase's bar."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from tqdm import tqdm

from scoringnet_tf.metrics import SpearmanCorrelation
from scoringnet_tf.sports import as_points
from scoringnet_tf.support.files import read_csv, write_csv
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.checkpoints import Checkpoints, reseed
from scoringnet_tf.training.plan import Phase

Logs: TypeAlias = dict[str, Any] | Any  # of a method that reads them: Keras gives a dict, never its default None


class Reseed(keras.callbacks.Callback):
    """Makes an epoch's dropout and draws a function of (seed, epoch), so that a resumed run repeats them."""

    def __init__(self, seed: int, first_epoch: int = 0) -> None:
        super().__init__()
        self.seed, self.first_epoch = seed, first_epoch

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        reseed(self.model, self.seed, self.first_epoch + epoch)


class StopAfter(keras.callbacks.Callback):
    """Stops after so many steps, to try settings out; 0 never stops."""

    def __init__(self, max_steps: int) -> None:
        super().__init__()
        self.max_steps = max_steps

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.max_steps and int(keras.ops.convert_to_numpy(self.model.optimizer.iterations)) >= self.max_steps:
            self.model.stop_training = True


class FiguresLog(keras.callbacks.CSVLogger):
    """Keras's, of which every row has the columns of a validation: NaN in an epoch without one."""

    def __init__(self, path: Path, monitor: str) -> None:
        super().__init__(path, append=True)
        self.monitor = monitor

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        names = getattr(self.model, "result_names", logs.keys)()  # a ScoringNet's are more than what it trains by
        columns = [self.monitor, *(f"val_{name}" for name in names if not name.startswith("val_"))]
        super().on_epoch_end(epoch, dict.fromkeys(columns, math.nan) | logs)


class StagesLabelled(keras.callbacks.Callback):
    """InputError if no training frame had a stage label in the first epoch: the loss is 0 only then.

    The records' index counts labels before videos are held out.
    """

    def __init__(self, records_dir: str) -> None:
        super().__init__()
        self.records_dir = records_dir

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if epoch == 0 and logs["stage_loss"] == 0 and not self.model.stop_training:
            message = f"{self.records_dir}: no training video has stage labels, only held-out ones."
            raise InputError("no_stages", message, "Lower --validation_fraction, or label more videos.")


class KeepBest(keras.callbacks.Callback):
    """Saves the model at its best validation; ends a phase after `patience` validations without a better one, if any.

    `best` and `waited` are what they were before a kill: what `monitor` must exceed, and for how long nothing did.
    """

    def __init__(self, path: Path, monitor: str, best: float, waited: int = 0, patience: int = 0) -> None:
        super().__init__()
        self.path, self.monitor = path, monitor
        self.best, self.waited, self.patience = best, waited, patience

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if all(math.isnan(logs.get(name, math.nan)) for name in ("val_loss", self.monitor)):
            return  # not validated
        self.waited += 1
        if logs[self.monitor] > self.best:  # which NaN is not
            self.best, self.waited = float(logs[self.monitor]), 0
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.model.save(self.path)
        if 0 < self.patience <= self.waited:
            self.model.stop_training = True


class AveragedWeights(keras.callbacks.Callback):
    """Puts the weights' moving averages into the model, from a validation's beginning to the epoch's end.

    Comes after the callbacks that keep what was validated, and before `SaveCheckpoint`: training goes on from the
    weights themselves. Keras's `SwapEMAWeights` exchanges them by sums, which round, and in the last epoch gives up the
    weights; a run that is resumed or extended would not be the same to the bit.
    """

    averaged = False

    def on_test_begin(self, logs: Logs = None) -> None:
        """Averages in."""
        self._swap(True)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Averages out, if there was a validation."""
        self._swap(False)

    def _swap(self, averaged: bool) -> None:
        if averaged != self.averaged:
            optimizer = self.model.optimizer
            getattr(optimizer, "inner_optimizer", optimizer).swap_averages()  # inner: of a LossScaleOptimizer
            self.averaged = averaged


class ValidationScores(keras.callbacks.Callback):
    """Keeps what each validation predicted for held-out videos: a CSV row for every epoch, score and video.

    `truth` is score → [(id, points)] for known scores, in validation order. The SRC metric holds what was predicted.
    """

    def __init__(self, path: Path, truth: Mapping[str, Sequence[tuple[str, float]]]) -> None:
        super().__init__()
        self.path, self.truth = path, truth

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if math.isnan(logs.get("val_loss", math.nan)):
            return
        rows: list[Any] = [cells for _, cells in read_csv(self.path)] if self.path.is_file() else []
        rows = rows or [("epoch", "score", "video_id", "true", "predicted")]
        for score, videos in self.truth.items():
            metric = next(m for m in self.model.terms.metrics[score] if isinstance(m, SpearmanCorrelation))
            points = as_points(keras.ops.convert_to_numpy(metric.predictions)[: metric.capacity])
            for (video_id, true), value in zip(videos, points, strict=False):  # beyond them nothing is held
                rows.append((epoch + 1, score, video_id, float(true), float(value)))
        write_csv(self.path, rows)


class MeanAccuracy(keras.callbacks.Callback):
    """Adds `val_mean_accuracy`, the mean over a C3D's heads, to a validated epoch's logs."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if accuracies := [logs[name] for name in logs if name.startswith("val_") and name.endswith("accuracy")]:
            logs["val_mean_accuracy"] = float(np.mean(accuracies))


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves the training state after every epoch whose loss is finite."""

    def __init__(self, checkpoints: Checkpoints, phase: Phase, best: KeepBest) -> None:
        super().__init__()
        self.checkpoints, self.phase, self.best = checkpoints, phase, best

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not math.isfinite(logs["loss"]):
            return
        state = {
            "phase": self.phase.name,
            "epoch": epoch + 1,
            "steps_done": self.phase.first_epoch + epoch + 1,
            "best": self.best.best,
            "waited": self.best.waited,
            "stopped": bool(self.model.stop_training),
        }
        self.checkpoints.save(self.model, f"{self.phase.name}_{epoch + 1:04d}", state)


class ProgressBar(keras.callbacks.Callback):
    """A bar for a phase's `total` steps; the seconds that a step takes are printed after the second.

    `shown` is name in the logs → label, of the figures beside the loss.
    """

    def __init__(self, name: str, total: int, done: int, shown: Mapping[str, str]) -> None:
        super().__init__()
        self.bar = tqdm(total=total, initial=done, desc=name, unit="step", mininterval=1.0)
        self.shown, self.figures, self.ends = shown, dict[str, str](), list[float]()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.figures["loss"] = f"{float(logs['loss']):.3f}"
        self.bar.set_postfix(self.figures, refresh=False)
        self.bar.update()
        if len(self.ends) < 2:
            self.ends.append(time.monotonic())
            left = self.bar.total - self.bar.n
            if len(self.ends) == 2 and left:  # the first step makes the graph
                seconds = self.ends[1] - self.ends[0]
                minutes = seconds * left / 60
                needed = f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.0f} h"
                needed = "less than a minute" if minutes < 1 else needed
                tqdm.write(f"{self.bar.desc}: {seconds:.2g} s a step, {needed} for the {left} steps left.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        newest = {label: logs.get(name, math.nan) for name, label in self.shown.items()}
        self.figures.update({label: f"{value:.3f}" for label, value in newest.items() if not math.isnan(value)})

    def on_train_end(self, logs: Logs = None) -> None:
        self.bar.close()
