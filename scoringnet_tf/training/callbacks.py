"""Callbacks that Keras lacks: reseeding, fragments by epoch, averages, pictures, resumable states, a phase's bar."""

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
from scoringnet_tf.report import plots
from scoringnet_tf.sports import as_points
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training.checkpoints import Checkpoints, reseed

Logs: TypeAlias = dict[str, Any] | Any  # of a method that reads them: Keras gives a dict, never its default None


class Reseed(keras.callbacks.Callback):
    """Makes dropout and draws of an epoch a function of (seed, epoch), so that a resumed run repeats them."""

    def __init__(self, seed: int, first_epoch: int = 0) -> None:
        super().__init__()
        self.seed, self.first_epoch = seed, first_epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Seeds the epoch."""
        reseed(self.model, self.seed, self.first_epoch + epoch)


class StopAfter(keras.callbacks.Callback):
    """Stops after so many steps of a phase, to try settings out; 0 never stops."""

    def __init__(self, max_steps: int) -> None:
        super().__init__()
        self.max_steps = max_steps

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Asks Keras to stop after this step."""
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
        """Adds what is missing."""
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

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Goes on from the state of the checkpoint."""
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

    Comes after the callbacks that draw or keep what was validated, and before `SaveCheckpoint`: training goes on from
    the weights themselves. Keras's `SwapEMAWeights` exchanges them by sums, which round, and in the last epoch gives up
    the weights; a run that is resumed or extended would not be the same to the bit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.averaged = False

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Averages in."""
        if not self.averaged:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Averages out, if there was a validation."""
        if self.averaged:
            self._swap()

    def _swap(self):
        optimizer = self.model.optimizer
        getattr(optimizer, "inner_optimizer", optimizer).swap_averages()  # inner: of a LossScaleOptimizer
        self.averaged = not self.averaged


class ValidationPictures(keras.callbacks.Callback):
    """Draws, for TensorBoard, stages and scores of the first held-out videos after every validation.

    Args:
        log_dir: folder of the event files.
        videos: a dataset of `input_pipeline.videos` with `with_info`, one pass.
    """

    def __init__(self, log_dir: Path, videos: tf.data.Dataset) -> None:
        super().__init__()
        self.videos = videos
        self.writer = tf.summary.create_file_writer(str(log_dir / "pictures"))
        self.outputs_of: Callable[..., dict[str, Any]] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draws, where the epoch was validated."""
        if math.isnan(logs.get("val_loss", math.nan)):
            return
        if self.outputs_of is None:
            self.outputs_of = evaluation.prediction_function(self.model)
        predictions = evaluation.predict_records(self.outputs_of, self.videos)
        with self.writer.as_default(step=epoch):
            if "segmenter" in self.model.networks:
                strips = list(zip(predictions.stages_true, predictions.stages_predicted, strict=True))
                title = "upper: true, lower: predicted"
                timeline = plots.stage_timeline(predictions.ids, strips, self.model.sport.stages, title)
                tf.summary.image("validation/stages", plots.pixels(timeline)[None])
            if self.model.learned.phase != "segmentation":
                tf.summary.image(
                    "validation/scores", plots.pixels(plots.score_scatter(predictions, self.model.sport))[None]
                )
        self.writer.flush()


class EpochScores(keras.callbacks.Callback):
    """Keeps what is predicted of some videos epoch by epoch: a row for every epoch, score and video.

    Args:
        path: CSV file (epoch,score,video_id,true,predicted), epochs counted from 1; what it has of epochs that are
            trained now is replaced.
    """

    COLUMNS = ("epoch", "score", "video_id", "true", "predicted")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.begun = path, False

    def predicted(self, logs: Mapping[str, Any]) -> Iterable[tuple[str, str, float, float]]:
        """(score, id, true, predicted), in points, after an epoch of these logs; none if it is not to be kept."""
        raise NotImplementedError

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch: removes what was kept of it and of those after it, before a kill."""
        if self.begun:
            return
        self.begun = True
        rows = list(csv.reader(self.path.read_text(encoding="utf-8").splitlines())) if self.path.is_file() else []
        kept = [row for row in rows[1:] if len(row) == len(self.COLUMNS) and int(row[0]) <= epoch]
        with replacing_file(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([self.COLUMNS, *kept])

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds what was predicted."""
        rows = [
            [epoch + 1, score, video_id, float(true), float(value)]
            for score, video_id, true, value in self.predicted(logs)
        ]
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


class ValidationScores(EpochScores):
    """Keeps what each validation predicted of the held-out videos.

    The scores are those that the metric of SRC holds after a validation; nothing is predicted again.

    Args:
        path: as of `EpochScores`.
        truth: score → [(id, points)] of the held-out videos whose score is known, in the order of their validation.
    """

    def __init__(self, path: Path, truth: Mapping[str, Sequence[tuple[str, float]]]) -> None:
        super().__init__(path)
        self.truth = truth

    def predicted(self, logs: Mapping[str, Any]) -> Iterator[tuple[str, str, float, float]]:
        """Where the epoch was validated."""
        if math.isnan(logs.get("val_loss", math.nan)):
            return
        for score, known in self.truth.items():
            metric = next(m for m in self.model.learned.metrics[score] if isinstance(m, SpearmanCorrelation))
            predicted = as_points(keras.ops.convert_to_numpy(metric.predictions)[: metric.capacity])
            for (video_id, true), value in zip(known, predicted, strict=False):  # beyond them nothing is held
                yield score, video_id, true, value


class TestScores(EpochScores):
    """Keeps what the model predicts of the test videos after each epoch. Nothing is chosen by it.

    Where validations put averages of the weights into the model, that is of use after a validation alone.

    Args:
        path: as of `EpochScores`.
        videos: a dataset of `input_pipeline.videos` with `with_info`, one pass.
        validated_alone: leave out epochs that were not validated.
    """

    def __init__(self, path: Path, videos: tf.data.Dataset, validated_alone: bool) -> None:
        super().__init__(path)
        self.videos, self.validated_alone = videos, validated_alone
        self.outputs_of: Callable[..., dict[str, Any]] | None = None

    def predicted(self, logs: Mapping[str, Any]) -> Iterator[tuple[str, str, float, float]]:
        """For every video whose score is known."""
        if self.validated_alone and math.isnan(logs.get("val_loss", math.nan)):
            return
        if self.outputs_of is None:
            self.outputs_of = evaluation.prediction_function(self.model)
        predictions = evaluation.predict_records(self.outputs_of, self.videos)
        for score, values in predictions.predicted.items():
            for video_id, true, value in zip(predictions.ids, predictions.truth[score], values, strict=True):
                if not math.isnan(true):
                    yield score, video_id, true, value


class MeanAccuracy(keras.callbacks.Callback):
    """Adds `val_mean_accuracy`, the mean over the heads of a C3D, to the logs of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds it."""
        accuracies = [value for name, value in logs.items() if name.startswith("val_") and name.endswith("accuracy")]
        logs["val_mean_accuracy"] = float(np.mean(accuracies))


class LabelledFrames(keras.callbacks.Callback):
    """InputError after a first epoch in which KFS saw no labelled frame: all of them are of held-out videos.

    An index of records counts labelled frames by split, and a split is told apart only as it is read.

    Args:
        records_dir: of the records.
    """

    def __init__(self, records_dir: AnyPath) -> None:
        super().__init__()
        self.records_dir = records_dir

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the loss: it is 0 of no frame, and of no other epoch that was not cut short."""
        if epoch == 0 and logs["stage_loss"] == 0 and not self.model.stop_training:
            raise InputError(
                "no_stages",
                f"{self.records_dir}: no training video has stage labels, only held-out ones.",
                "Lower --validation_fraction, or label more videos.",
            )


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves the training state after every epoch whose loss is finite; `state_of(epoch)` gives the JSON beside it."""

    def __init__(self, checkpoints: Checkpoints, phase: str, state_of: Callable[[int], dict[str, Any]]) -> None:
        super().__init__()
        self.checkpoints, self.phase, self.state_of = checkpoints, phase, state_of

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves."""
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
        self.name, self.steps_per_epoch, self.initial_epoch = name, steps_per_epoch, initial_epoch
        self.names = shown
        self.shown: dict[str, str] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the bar."""
        total, done = self.steps_per_epoch * self.params["epochs"], self.steps_per_epoch * self.initial_epoch
        self.bar = tqdm(total=total, initial=done, desc=self.name, unit="step", mininterval=1.0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Moves the bar."""
        self.shown["loss"] = f"{float(logs['loss']):.3f}"
        self.bar.set_postfix(self.shown, refresh=False)
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Shows the figures of the validation."""
        figures = {label: logs[name] for name, label in self.names.items() if not math.isnan(logs.get(name, math.nan))}
        self.shown.update({label: f"{value:.3f}" for label, value in figures.items()})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the bar."""
        self.bar.close()
