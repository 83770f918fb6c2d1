"""A training run: a folder (docs/training.md lists its files), phases of training, and how it goes on after a stop.

`ScoringRun` and `PretrainingRun` say which model, which data and which phases. Of several machines that train together
the first writes the folder; the others go on from a copy of their own, which they throw away.
"""

import contextlib
import csv
import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support import replicas
from scoringnet_tf.support.files import locked, mirrored_folder, replacing_file
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import NAMES, model_path
from scoringnet_tf.support.paths import RemotePath, as_path
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import STATE, Checkpoints
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.initialization import learned_before
from scoringnet_tf.training.run_record import RunRecord, learned_from
from scoringnet_tf.training.strategy import (
    check_replicas,
    configure,
    noticing_the_gone,
    shared,
    strategy_of_run,
    workers,
)

BEST, LAST = "best.keras", "last.keras"


@dataclasses.dataclass(frozen=True)
class Phase:
    """Epochs in which the same parts of a model are trained."""

    name: str  # of its curves, figures and checkpoints
    epochs: int
    first_epoch: int = 0  # of the whole run, by which data and dropout are drawn
    monitor: str = "val_f_src"  # the validation figure whose highest value chooses the epoch that is kept
    best: str = BEST  # the file that keeps it
    nothing: float = -math.inf  # what the figure is above where it says something


class Run:
    """Everything of one run; `run()` trains what is left to train and returns the path of the model to use.

    A subclass makes `self.model` and says, by the methods below, what it is trained on.
    """

    def __init__(self, info: DatasetInfo, config: TrainingConfig | PretrainingConfig, phases: Sequence[Phase]) -> None:
        self.info, self.config, self.phases = info, config, phases
        self.model_dir = as_path(config.run.model_dir)
        self.worker, self.workers = workers()
        self.strategy = strategy_of_run(config)
        self.dtype = configure(config.run.precision, config.run.seed, config.run.deterministic)
        self.train_ids, self.validation_ids = self.split()
        self.steps = -(-len(self.train_ids) // config.data.batch_size)  # of an epoch
        batches = min((phase.epochs for phase in phases if phase.epochs), default=0) * self.steps
        if 0 < batches < config.optimizer.accumulation_steps:
            message = f"optimizer.accumulation_steps={config.optimizer.accumulation_steps}: a phase has only "
            message += f"{counted(batches, 'batch', plural='batches')}, so no update is made."
            raise InputError("nothing_learned", message, f"Use at most {batches}.")
        if config.run.patience and not self.validation_ids:
            message = f"run.patience={config.run.patience}: no video is held out, so nothing ends a phase early."
            raise InputError("nothing_held_out", message, "Set --validation_fraction above 0, or no patience.")

    # === What a subclass defines ===

    def split(self) -> tuple[list[str], list[str]]:
        """(ids to train on, ids to validate on); the latter may be empty."""
        raise NotImplementedError

    def load_initial_weights(self) -> None:
        """Fills a new run's model with the weights that the configuration names."""

    def begin(self, phase: Phase, resumed: bool) -> None:
        """Compiles the model for a phase; one that does not resume it may start from what the phase before kept."""
        raise NotImplementedError

    def training_data(self, phase: Phase, first_epoch: int) -> tf.data.Dataset:
        """tf.data.Dataset of the phase's epochs from `first_epoch` (counted within the phase) on."""
        raise NotImplementedError

    def validation_data(self, phase: Phase) -> tf.data.Dataset:
        """tf.data.Dataset of one pass over the held-out videos."""
        raise NotImplementedError

    def validation_names(self, phase: Phase) -> list[str]:
        """The names under which a validation is logged."""
        return []

    def further_callbacks(self, phase: Phase) -> list[keras.callbacks.Callback]:
        """Callbacks of this kind of run alone, called before those that keep anything."""
        return []

    def shown(self, phase: Phase) -> dict[str, str]:
        """Figures of a validation on the progress bar: name in the logs → label."""
        return {}

    model: keras.Model

    # === Training ===

    def run(self) -> Path | RemotePath:
        """Trains what is left; returns the path of the best model, or of the last one where nothing was held out.

        A remote folder is mirrored by a local one, which is uploaded after every epoch, unless another run has begun
        in the folder since: then this one ends.

        Raises:
            InputError: among others, another of several machines is gone, or another run trains in the folder.
        """
        refusal = f"--model_dir={self.model_dir}: another run, which began later, trains there."
        mirror = mirrored_folder(self.model_dir, refusal, last=STATE, kept=self.worker == 0)
        with self._alone():
            self.record()
            with self.strategy.scope(), mirror as (self.folder, self.upload):
                self._wait_for_all()
                with noticing_the_gone(self.workers):
                    name = self._train()
                self._wait_for_all()
                return self.model_dir / name

    def _alone(self):
        """Holds a local folder for this run: two would delete each other's checkpoints."""
        if self.worker or isinstance(self.model_dir, RemotePath):
            return contextlib.nullcontext()
        self.model_dir.mkdir(parents=True, exist_ok=True)
        return locked(self.model_dir, f"--model_dir={self.model_dir}: another run trains there.")

    def record(self) -> None:
        """Writes the configuration; InputError if the run to go on with has another, or models are in the way."""
        record = self.as_record()
        if self.worker == 0:
            self._check_room(record)
            record.write(self.model_dir, self.learned_from())
        self._wait_for_all()
        if self.worker > 0:
            record.check(self.model_dir)

    def as_record(self) -> RunRecord:
        """What config.json holds of the run."""
        return RunRecord(self.config, self.info.data_hash, self.dtype, self.validation_ids, self.built_of())

    def built_of(self) -> dict[str, str | None]:
        """Constants of the model that neither a checkpoint nor the data hash holds: name → a hash, or None."""
        config = self.model.get_config()
        value = config.get("content", config)["preprocessing"]  # a C3D has no content
        value = value and {**value, "frame_size": None}  # of the records; it changes nothing
        return {"preprocessing": hashed(value), "sport": self.info.beside_records().get("sport")}

    def learned_from(self) -> set[str]:
        """What the training videos show, and those of the models that the run starts from."""
        learned = {shown(self.info.videos[video_id]) for video_id in self.train_ids}
        for flag, start in self.config.starts.items():
            unknown = flag != "pretrained"  # published weights learned from none
            try:
                before = learned_before(start) if flag == "pretrained" else learned_from(model_path(start, flag))
            except InputError as error:
                if error.code == "not_found":  # it may be gone when a run goes on; a new one will miss it
                    continue
                before, unknown = set(), True
            if unknown and not before:
                print(f"--{flag}={start}: it is unknown which videos this model learned from (by its config.json).")
                before = self._may_have_learned(flag, start)
            learned |= before
        return learned

    def _may_have_learned(self, flag, start):
        """What all training videos show, if a model is of the same records."""
        if flag != "pretrained":
            with contextlib.suppress(InputError):  # as of one that is damaged, which a new run will miss
                if (load_scoring_net(start).provenance or {}).get("data_hash") == self.info.data_hash:
                    return {shown(self.info.videos[name]) for name in self.info.splits["train"]["ids"]}
        return set()

    def _wait_for_all(self):
        """Until every machine is here: none writes what another still reads, or ends while another needs it."""
        if self.workers > 1:
            with noticing_the_gone(self.workers):
                self.strategy.run(tf.function(lambda: replicas.summed([tf.ones(())])))

    def _train(self):
        """Trains what is left in the local `self.folder`; returns the name of the model to use."""
        self.checkpoints, last = Checkpoints(self.folder), self.folder / LAST
        newest: tuple[Any, Any] = self.checkpoints.latest()
        folder, state = newest
        if state is not None:
            self._check_goes_on(state)
        else:
            for name in self._models:
                (self.folder / name).unlink(missing_ok=True)
            self.load_initial_weights()
        left = [phase for phase in self.phases if _epochs_done(phase, state) is not None]
        for phase in left:
            done = _epochs_done(phase, state)
            self.begin(phase, resumed=done > 0)
            self.model.optimizer.build(self.model.trainable_variables)
            if done:
                self.checkpoints.restore(self.model, folder)
            if phase is left[0]:
                check_replicas(self.strategy, self.workers, self.model, state["steps_done"] if state else 0)
            if done < phase.epochs and not (done and state.get("stopped")):
                last.unlink(missing_ok=True)
                self._fit(phase, done, state if done else {})
            # As every `fit` ends: averages, if any, for the weights; here for a phase that had nothing left to fit.
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        if not last.is_file():  # else what `calibrate` has put into it since stays there
            with replacing_file(last) as temporary:
                self.model.save(temporary)
        best = self.phases[-1].best
        return best if (self.folder / best).is_file() else LAST

    @property
    def _models(self):
        """Names of the models that the run writes."""
        return [LAST, *(phase.best for phase in self.phases)]

    def _check_room(self, record):
        """InputError if a model lies there without checkpoints.

        A best model of this run is replaced, if the run was killed in its first epoch.
        """
        if Checkpoints(self.model_dir).latest()[1] is not None:
            return
        left = [name for name in (*NAMES, *self._models) if (self.model_dir / name).is_file()]
        epochs = sum(len(_rows(self.model_dir / f"{phase.name}.csv")[1:]) for phase in self.phases)
        others = LAST in left or not {*left} <= {*self._models}
        if left and (others or epochs > 1 or not record.is_written(self.model_dir)):
            message = f"--model_dir={self.model_dir}: {left[0]} lies there, without checkpoints/ to go on from."
            raise InputError("exists", message, "Choose another --model_dir, or delete what is there.")
        for flag, start in self.config.starts.items():
            places = [_place(as_path(start)), _place(as_path(start).parent)]
            if _place(self.model_dir) in places:
                message = f"--{flag}={start}: the model lies in --model_dir, beside a config.json to overwrite."
                raise InputError("start_in_model_dir", message, "Choose another --model_dir.")

    def _check_goes_on(self, state):
        """InputError if the newest checkpoint is of another run, or the best model until then is gone."""
        names, best = [phase.name for phase in self.phases], state.get("best")
        if state["phase"] not in names:
            message = f"{self.model_dir / 'checkpoints'}: this run has no phase {state['phase']}, only {names}."
            raise InputError("other_run", message, "Choose another --model_dir.")
        phase = self.phases[names.index(state["phase"])]
        if best is not None and best > phase.nothing and not (self.folder / phase.best).is_file():
            message = f"{self.model_dir / phase.best}, the best model until epoch {state['epoch']}, is missing."
            raise InputError("not_found", message, "Put it back, or choose another --model_dir.")

    def _fit(self, phase, done, state):
        figures, number = self.folder / f"{phase.name}.csv", self.strategy.num_replicas_in_sync
        _keep_epochs(figures, done - 1)  # Keras counts from 0
        _keep_epochs(self.folder / f"{phase.name}_scores.csv", done)
        logger = keras.callbacks.CSVLogger(figures, append=True)
        try:
            history = self.model.fit(
                shared(self.training_data(phase, done), number),
                initial_epoch=done,
                epochs=phase.epochs,
                steps_per_epoch=self.steps,
                validation_data=shared(self.validation_data(phase), number) if self.validation_ids else None,
                validation_freq=self.validated_epochs(phase),
                shuffle=False,
                verbose=0,
                callbacks=self.callbacks_of(phase, done, state, logger),
            )
        finally:
            if logger.csv_file is not None:  # Keras closes it only at the end of a training that went well
                logger.csv_file.close()
        _check_finite(history.history)

    def validated_epochs(self, phase: Phase) -> list[int]:
        """Every `validation_every`-th epoch and the last, counted from 1."""
        every = self.config.data.validation_every
        return [epoch for epoch in range(1, phase.epochs + 1) if epoch % every == 0 or epoch == phase.epochs]

    def callbacks_of(
        self, phase: Phase, done: int, state: dict[str, Any], logger: keras.callbacks.Callback
    ) -> list[keras.callbacks.Callback]:
        """Those of a phase with so many epochs `done`, in their order; `state` is that of the checkpoint, or empty."""
        options, best_so_far = self.config.run, state.get("best")
        best = keras.callbacks.ModelCheckpoint(
            self.folder / phase.best,
            monitor=phase.monitor,
            mode="max",
            save_best_only=True,
            initial_value_threshold=phase.nothing if best_so_far is None else best_so_far,  # None takes a first NaN
        )
        stopping = callbacks.StopInVain(best, options.patience, state.get("waited", 0))
        held_out = [best, stopping, *([callbacks.AveragedWeights()] if self.config.optimizer.ema_momentum else [])]

        def state_of(epoch):
            return {
                "phase": phase.name,
                "epoch": epoch,
                "steps_done": phase.first_epoch + epoch,
                "best": best.best,
                "waited": stopping.waited,
                "stopped": bool(self.model.stop_training),
            }

        steps = self.steps * phase.epochs, self.steps * done
        return [
            callbacks.Reseed(options.seed, phase.first_epoch),
            keras.callbacks.TerminateOnNaN(),
            callbacks.StopAfter(options.max_steps),
            callbacks.NotValidated(self.validation_names(phase) if self.validation_ids else []),
            *self.further_callbacks(phase),
            *(held_out if self.validation_ids else []),
            logger,
            keras.callbacks.TensorBoard(self.folder / "tensorboard" / phase.name, write_graph=False),
            callbacks.SaveCheckpoint(self.checkpoints, phase.name, state_of),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self.upload()),
            callbacks.progress_bar(phase.name, *steps, self.shown(phase)),
        ]


def hashed(value: Any) -> str:
    """A hash of JSON values and arrays, the same for equal ones."""
    text = json.dumps(value, sort_keys=True, default=lambda array: np.asarray(array).tolist())
    return hashlib.sha256(text.encode()).hexdigest()


def _place(path):
    """A path by which two names of one folder are equal."""
    return path if isinstance(path, RemotePath) else path.resolve()


def _epochs_done(phase, state):
    """Epochs of the phase that a checkpoint's state has behind it; None if it is in a later phase already."""
    if state is None:
        return 0
    if state["phase"] == phase.name:
        return state["epoch"]
    return None if state["steps_done"] > phase.first_epoch else 0


def _keep_epochs(path, last):
    """Drops the rows of later epochs from a CSV file: what was logged after the checkpoint will be logged again."""
    rows = _rows(path)
    if not rows:
        return
    kept = [row for row in rows[1:] if len(row) == len(rows[0]) and int(row[0]) <= last]
    with replacing_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([rows[0], *kept] if kept else [])


def _rows(path):
    """Rows of a CSV file, its heading first; none if there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _check_finite(history):
    """InputError that names the terms where a loss is not finite, and says where to look."""
    last = {name: values[-1] for name, values in history.items() if not name.startswith("val_")}
    if last and not math.isfinite(last["loss"]):
        terms = ", ".join(f"{name} {float(value):.4g}" for name, value in last.items())
        message = f"The loss is not finite in epoch {len(history['loss'])} since this start: {terms}."
        hint = (
            "Lower --learning_rate or --alpha, raise --warmup_steps, try --precision=float32, or inspect the records."
        )
        raise InputError("not_finite", message, hint)
