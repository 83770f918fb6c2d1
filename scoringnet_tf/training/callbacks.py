"""Callbacks that Keras lacks: reseeding, averages, resumable states, scores by epoch, a phase's bar."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.inference import evaluation
from scoringnet_tf.metrics import SpearmanCorrelation
from scoringnet_tf.sports import as_points
from scoringnet_tf.training.checkpoints import Checkpoints, reseed

Logs: TypeAlias = dict[str, Any] | Any  # of a method that reads them: Keras gives a dict, never its default None
ScoredVideo: TypeAlias = tuple[str, str, float, float]  # score, id, true and predicted points


class Reseed(keras.callbacks.Callback):
    """Makes dropout and draws of an epoch a function of (seed, epoch), so that a resumed run repeats them."""

    def __init__(self, seed: int, first_epoch: int = 0) -> None:
        super().__init__()
        self.seed, self.first_epoch = seed, first_epoch

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        reseed(self.model, self.seed, self.first_epoch + epoch)


class StopAfter(keras.callbacks.Callback):
    """Stops after so many steps of a phase, to try settings out; 0 never stops."""

    def __init__(self, max_steps: int) -> None:
        super().__init__()
        self.max_steps = max_steps

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if has_taken(self.model, self.max_steps):
            self.model.stop_training = True


def has_taken(model: keras.Model, max_steps: int) -> bool:
    """Whether the optimizer of a model has taken so many steps; never 0."""
    return bool(max_steps) and int(keras.ops.convert_to_numpy(model.optimizer.iterations)) >= max_steps


class NotValidated(keras.callbacks.Callback):
    """Logs NaN for the figures of an epoch that was not validated: never the best, and every row has all columns."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for name in self.names:
            logs.setdefault(name, math.nan)


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping on a figure to maximise, whose count of epochs in vain survives a kill.

    Args:
        monitor: name in the logs.
        patience: epochs without a higher value.
        resumed: what `state` gave at the checkpoint, or None.
    """

    def __init__(self, monitor: str, patience: float, resumed: Mapping[str, Any] | None = None) -> None:
        super().__init__(monitor=monitor, mode="max", patience=patience)
        self.resumed = resumed or {"wait": 0, "best": -math.inf}
        self._resume()

    def on_train_begin(self, logs: Logs = None) -> None:
        super().on_train_begin(logs)
        self._resume()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Counts epochs that were validated: in others nothing was in vain."""
        if not math.isnan(logs.get("val_loss", 0.0)):
            super().on_epoch_end(epoch, logs)

    def _resume(self):
        best = self.resumed["best"]
        self.wait, self.best, self.stopped_epoch = self.resumed["wait"], -math.inf if best is None else best, 0

    def state(self) -> dict[str, float]:
        """JSON values to go on from; JSON knows no infinity, and has None for the best if there is none yet."""
        return {"wait": self.wait, "best": float(self.best)}


class AveragedWeights(keras.callbacks.Callback):
    """Puts the moving averages of the weights into the model, from the beginning of a validation to the epoch's end.

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

    def _swap(self, averaged):
        if averaged != self.averaged:
            optimizer = self.model.optimizer
            getattr(optimizer, "inner_optimizer", optimizer).swap_averages()  # inner: of a LossScaleOptimizer
            self.averaged = averaged


class EpochScores(keras.callbacks.Callback):
    """Keeps what is predicted of some videos epoch by epoch: a row of a CSV file for every epoch, score and video.

    Args:
        path: of the file (epoch,score,video_id,true,predicted), epochs counted from 1.
        predicted: gives the scored videos of a model.
        validated_alone: leave out epochs that were not validated.
    """

    def __init__(
        self, path: Path, predicted: Callable[[keras.Model], Iterable[ScoredVideo]], validated_alone: bool = True
    ) -> None:
        super().__init__()
        self.path, self.predicted, self.validated_alone = path, predicted, validated_alone

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.validated_alone and math.isnan(logs.get("val_loss", math.nan)):
            return
        is_new = not self.path.is_file() or not self.path.stat().st_size
        with self.path.open("a", newline="", encoding="utf-8") as file:
            heading = [("epoch", "score", "video_id", "true", "predicted")] if is_new else []
            csv.writer(file).writerows([*heading, *([epoch + 1, *video] for video in self.predicted(self.model))])


def held_out_scores(
    truth: Mapping[str, Sequence[tuple[str, float]]],
) -> Callable[[keras.Model], Iterator[ScoredVideo]]:
    """For `EpochScores`: what the metric of SRC holds after a validation; nothing is predicted again.

    Args:
        truth: score → [(id, points)] of the held-out videos whose score is known, in the order of their validation.
    """

    def predicted(model):
        for score, videos in truth.items():
            metric = next(m for m in model.learned.metrics[score] if isinstance(m, SpearmanCorrelation))
            points = as_points(keras.ops.convert_to_numpy(metric.predictions)[: metric.capacity])
            for (video_id, true), value in zip(videos, points, strict=False):  # beyond them nothing is held
                yield score, video_id, float(true), float(value)

    return predicted


def scores_after_epochs(videos: tf.data.Dataset) -> Callable[[keras.Model], Iterator[ScoredVideo]]:
    """For `EpochScores`: what the model predicts of test videos whose score is known. Nothing is chosen by it.

    Args:
        videos: a dataset of `input_pipeline.videos` with `with_info`, one pass.
    """
    functions: list[Any] = []  # traced once

    def predicted(model):
        functions[:] = functions or [evaluation.prediction_function(model)]
        predictions = evaluation.predict_records(functions[0], videos)
        for score, values in predictions.predicted.items():
            for video_id, true, value in zip(predictions.ids, predictions.truth[score], values, strict=True):
                if not math.isnan(true):
                    yield score, video_id, float(true), float(value)

    return predicted


class MeanAccuracy(keras.callbacks.Callback):
    """Adds `val_mean_accuracy`, the mean over the heads of a C3D, to the logs of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        accuracies = [value for name, value in logs.items() if name.startswith("val_") and name.endswith("accuracy")]
        logs["val_mean_accuracy"] = float(np.mean(accuracies))


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves the training state after every epoch whose loss is finite; `state_of(epoch)` gives the JSON beside it."""

    def __init__(self, checkpoints: Checkpoints, phase: str, state_of: Callable[[int], dict[str, Any]]) -> None:
        super().__init__()
        self.checkpoints, self.phase, self.state_of = checkpoints, phase, state_of

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if math.isfinite(logs["loss"]):
            self.checkpoints.save(self.model, f"{self.phase}_{epoch + 1:04d}", self.state_of(epoch + 1))


class ProgressBar(keras.callbacks.Callback):
    """One bar for a whole phase, with the loss and the newest validation figures.

    Args:
        name: label of the bar.
        steps_per_epoch: steps.
        initial_epoch: epochs that are done already.
        shown: name in the logs → label on the bar.
    """

    def __init__(self, name: str, steps_per_epoch: int, initial_epoch: int, shown: Mapping[str, str]) -> None:
        super().__init__()
        self.name, self.steps_per_epoch, self.initial_epoch, self.shown = name, steps_per_epoch, initial_epoch, shown
        self.figures: dict[str, str] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        total, done = self.steps_per_epoch * self.params["epochs"], self.steps_per_epoch * self.initial_epoch
        self.bar = tqdm(total=total, initial=done, desc=self.name, unit="step", mininterval=1.0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.figures["loss"] = f"{float(logs['loss']):.3f}"
        self.bar.set_postfix(self.figures, refresh=False)
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for name, label in self.shown.items():
            if not math.isnan(logs.get(name, math.nan)):
                self.figures[label] = f"{logs[name]:.3f}"

    def on_train_end(self, logs: Logs = None) -> None:
        self.bar.close()
