"""What happens around the epochs of a phase: reseeding, validation, TensorBoard, checkpoints, stopping on NaN."""

import math

import keras
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.inference import evaluation
from scoringnet_tf.report import plots
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.training.checkpoints import reseed


class Reseed(keras.callbacks.Callback):
    """Makes dropout and draws of an epoch a function of (seed, epoch), so that a resumed run repeats them."""

    def __init__(self, seed, first_epoch=0):
        super().__init__()
        self.seed, self.first_epoch = seed, first_epoch

    def on_epoch_begin(self, epoch, logs=None):
        reseed(self.model, self.seed, self.first_epoch + epoch)


class FragmentSchedule(keras.callbacks.Callback):
    """Lowers a `Trainer`'s share of true fragments linearly, from 1 in the first epoch to 0 in the last."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.true_fragment_share.assign(1.0 - epoch / max(1, self.params["epochs"] - 1))


class StopOnNonFiniteLoss(keras.callbacks.Callback):
    """Stops with a message that names the term and where to look."""

    def on_train_batch_end(self, batch, logs=None):
        bad = [
            name for name, value in (logs or {}).items() if not math.isfinite(float(value)) and name != "frame_accuracy"
        ]
        if bad:
            terms = ", ".join(f"{name} {float(value):.4g}" for name, value in logs.items())
            raise InputError(
                f"The loss is not finite at step {batch + 1} of this epoch: {', '.join(bad)}. Terms: {terms}. Look at "
                "--learning_rate and --warmup_steps (too fast), in train at --alpha with --pair_reduction=sum "
                "(too heavy), at --precision (try float32), and at the records (python -m data_prep inspect)."
            )


class Validation(keras.callbacks.Callback):
    """Predicts the held-out videos every `every` epochs, adds `val_*` figures to the logs, and keeps the best weights.

    Args:
        dataset_fn: makes the dataset; called each time.
        ids: names of its videos.
        criterion: name of the figure that the best weights maximise, `f_src` or `frame_accuracy`.
        save_best: called without arguments when the criterion improves.
        best: the best value so far, of a run that goes on.
    """

    def __init__(self, dataset_fn, ids, criterion, save_best, every=1, best=None):
        super().__init__()
        self.dataset_fn, self.ids, self.criterion, self.save_best = dataset_fn, ids, criterion, save_best
        self.every, self.best = every, best
        self.predictions = None
        self.outputs_of = None

    def on_train_begin(self, logs=None):
        self.outputs_of = evaluation.prediction_function(self.model.network)

    def on_epoch_end(self, epoch, logs=None):
        self.predictions = None
        last = epoch + 1 == self.params["epochs"]
        if (epoch + 1) % self.every and not last:
            return
        network = self.model.network
        self.predictions = evaluation.predict_records(self.outputs_of, self.dataset_fn(), self.ids)
        measured = evaluation.figures(self.predictions, network.sport.stages)
        per_class = measured.pop("frame_accuracy_per_class")
        logs.update({f"val_{name}": value for name, value in measured.items() if name != "num_videos"})
        logs.update({f"val_frame_accuracy/{name}": value for name, value in per_class.items()})
        value = measured[self.criterion]
        if self.best is None or value > self.best:
            self.best = value if math.isfinite(value) else None
            self.save_best()


class TensorBoardLog(keras.callbacks.Callback):
    """Writes every loss term, the learning rate and the metrics; after a validation also scatter and timeline."""

    def __init__(self, log_dir, phase, first_epoch=0, validation=None):
        super().__init__()
        self.writer = tf.summary.create_file_writer(str(log_dir))
        self.phase, self.first_epoch, self.validation = phase, first_epoch, validation

    def on_epoch_end(self, epoch, logs=None):
        step = self.first_epoch + epoch + 1
        with self.writer.as_default(step=step):
            for name, value in logs.items():
                tf.summary.scalar(f"{self.phase}/{name}", float(value))
            tf.summary.scalar(f"{self.phase}/learning_rate", float(self.model.optimizer.learning_rate))
            if self.validation is not None and self.validation.predictions is not None:
                self._images(self.validation.predictions)
        self.writer.flush()

    def _images(self, predictions):
        shown = slice(0, 8)
        strips = list(zip(predictions.stages_true[shown], predictions.stages_predicted[shown], strict=True))
        timeline = plots.stage_timeline(
            predictions.ids[shown], strips, self.model.network.sport.stages, "upper: true, lower: predicted"
        )
        tf.summary.image("validation/stages", plots.pixels(timeline)[None])
        if self.phase != "segmentation":
            tf.summary.image("validation/scores", plots.pixels(plots.score_scatter(predictions))[None])


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves the training state after every epoch; `state_fn(epoch, logs)` gives the JSON state beside the weights."""

    def __init__(self, checkpoints, phase, state_fn):
        super().__init__()
        self.checkpoints, self.phase, self.state_fn = checkpoints, phase, state_fn

    def on_epoch_end(self, epoch, logs=None):
        self.checkpoints.save(self.model, f"{self.phase}_{epoch + 1:04d}", self.state_fn(epoch + 1, logs))


class ProgressBar(keras.callbacks.Callback):
    """One bar for a whole phase, with the loss and the newest validation figures."""

    def __init__(self, name, steps_per_epoch, initial_epoch, shown):
        """`shown`: name in the logs → label on the bar."""
        super().__init__()
        self.name, self.steps_per_epoch, self.initial_epoch = name, steps_per_epoch, initial_epoch
        self.names, self.shown = shown, {}

    def on_train_begin(self, logs=None):
        total, done = self.steps_per_epoch * self.params["epochs"], self.steps_per_epoch * self.initial_epoch
        self.bar = tqdm(total=total, initial=done, desc=self.name, unit="step", mininterval=1.0)

    def on_train_batch_end(self, batch, logs=None):
        self.shown["loss"] = f"{float(logs['loss']):.3f}"
        self.bar.set_postfix(self.shown, refresh=False)
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.shown.update({label: f"{logs[name]:.3f}" for name, label in self.names.items() if name in logs})

    def on_train_end(self, logs=None):
        self.bar.close()


def save_model(network, path, **changes):
    """Saves a network as float32 `.keras`, whatever it was trained in; the file appears whole or not at all."""
    with replacing_file(path) as temporary:
        network.with_dtype("float32", **changes).save(temporary)
