"""Trains a run: one loop over its phases, each of which goes on after a kill.

A folder is held by one run at a time. If several machines train together, the first writes it; the others go on from a
copy of their own, which they throw away.
"""

import contextlib
import csv
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras.callbacks import Callback, CSVLogger

from scoringnet_tf.models.loss_terms import PHASES
from scoringnet_tf.support import replicas
from scoringnet_tf.support.files import locked, write_csv
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.plan import LAST, Phase, ResolvedRun, check_folder
from scoringnet_tf.training.startup import announce
from scoringnet_tf.training.strategy import check_replicas, noticing_the_gone, shared

SHOWN = {  # on the bar
    "val_mean_accuracy": "accuracy",
    "val_frame_accuracy": "frames",
    "val_d_src": "D-SRC",
    "val_e_src": "E-SRC",
    "val_f_src": "F-SRC",
}


def fit(run: ResolvedRun) -> None:
    """Trains what is left; the best models so far are in `checkpoints/`, the last weights in `run.model`.

    Raises:
        InputError: among others, another of several machines is gone, or another run trains in the folder.
    """
    with alone_in_folder(run):
        if run.worker == 0:
            if Checkpoints(run.model_dir).latest()[1] is None:
                check_folder(run)
            announce(run)
            run.record.write(run.model_dir, run.videos_seen)
        wait_for_all(run)
        if run.worker > 0:
            run.record.check(run.model_dir)
        with run.strategy.scope(), _folder_of(run) as folder:
            wait_for_all(run)
            with noticing_the_gone(run.workers):
                _fit_phases(run, folder)
            wait_for_all(run)


def alone_in_folder(run: ResolvedRun) -> AbstractContextManager[Any]:
    """Holds the folder for this run: two would delete each other's checkpoints."""
    if run.worker:
        return contextlib.nullcontext()
    run.model_dir.mkdir(parents=True, exist_ok=True)
    return locked(run.model_dir, f"--model_dir={run.model_dir}: another run trains there.")


@contextlib.contextmanager
def _folder_of(run: ResolvedRun) -> Iterator[Path]:
    """The folder of the run; for another machine than the first a copy, which is thrown away."""
    if run.worker == 0:
        yield run.model_dir
        return
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(run.model_dir, copy, dirs_exist_ok=True)
        yield Path(copy)


def wait_for_all(run: ResolvedRun) -> None:
    """Until every machine is here: none writes what another still reads, or ends while another needs it."""
    if run.workers > 1:
        with noticing_the_gone(run.workers):
            run.strategy.run(tf.function(lambda: replicas.summed([tf.ones(())])))


def _fit_phases(run: ResolvedRun, folder: Path) -> None:
    checkpoints = Checkpoints(folder)
    newest: tuple[Any, Any] = checkpoints.latest()
    checkpoint, state = newest
    if state is not None:
        _check_goes_on(run, folder, state)
    else:  # of a kill in the first epoch
        for phase in run.phases:
            checkpoints.best(phase.name).unlink(missing_ok=True)
    left = [phase for phase in run.phases if _epochs_done(phase, state) is not None]
    for phase in left:
        done = _epochs_done(phase, state) or 0
        if not done and phase.name == "scoring":
            _start_from_best_kfs(run, checkpoints)
        run.task.compile_phase(run, phase)
        run.model.optimizer.build(run.model.trainable_variables)
        if done:
            checkpoints.restore(run.model, checkpoint)
        if phase is left[0]:
            check_replicas(run.strategy, run.workers, run.model, state["steps_done"] if state else 0)
        if done < phase.epochs and not (done and state.get("stopped")):
            (folder / LAST).unlink(missing_ok=True)  # by which `finish` knows that it has finished
            _fit_phase(run, phase, folder, done, state if done else {})
        # As every `fit` ends: averages, if any, for the weights; here for a phase that had nothing left to fit.
        run.model.optimizer.finalize_variable_values(run.model.trainable_variables)


def _epochs_done(phase: Phase, state: dict[str, Any] | None) -> int | None:
    """Epochs of the phase that a checkpoint's state has behind it; None if it is in a later phase already."""
    if state is None:
        return 0
    if state["phase"] == phase.name:
        return state["epoch"]
    return None if state["steps_done"] > phase.first_epoch else 0


def _check_goes_on(run: ResolvedRun, folder: Path, state: dict[str, Any]) -> None:
    """InputError if the newest checkpoint is of another run, or the best model until then is gone."""
    names, best = [phase.name for phase in run.phases], state.get("best")
    if state["phase"] not in names:
        message = f"{run.model_dir / 'checkpoints'}: this run has no phase {state['phase']}, only {names}."
        raise InputError("other_run", message, "Choose another --model_dir.")
    phase = run.phases[names.index(state["phase"])]
    kept = Checkpoints(folder).best(phase.name)
    if best is not None and best > phase.nothing and not kept.is_file():
        message = f"{kept}, the best model until epoch {state['epoch']}, is missing."
        raise InputError("not_found", message, "Put it back, or choose another --model_dir.")


def _start_from_best_kfs(run: ResolvedRun, checkpoints: Checkpoints) -> None:
    """Gives SP the KFS of the best validation to learn beside."""
    kept = checkpoints.best("segmentation")
    if run.phases[0].name == "segmentation" and kept.is_file():
        best: Any = keras.models.load_model(kept, compile=False)
        for part in [part for part in run.model.networks if part in PHASES["segmentation"]]:
            getattr(run.model, part).set_weights(getattr(best, part).get_weights())


# === A phase ===


def _fit_phase(run: ResolvedRun, phase: Phase, folder: Path, done: int, state: dict[str, Any]) -> None:
    """Trains a phase with so many epochs `done`; `state` is that of the checkpoint, or empty."""
    figures, number = folder / f"{phase.name}.csv", run.strategy.num_replicas_in_sync
    _keep_epochs(figures, done - 1)  # Keras counts from 0
    _keep_epochs(folder / f"{phase.name}_scores.csv", done)
    logger = callbacks.FiguresLog(figures, phase.monitor) if run.validation_ids else CSVLogger(figures, append=True)
    try:
        history = run.model.fit(
            shared(run.task.training_batches(run, phase, done), number),
            initial_epoch=done,
            epochs=phase.epochs,
            steps_per_epoch=run.steps,
            validation_data=shared(run.task.validation_batches(run), number) if run.validation_ids else None,
            validation_freq=validated_epochs(phase, run.config.data.validation_every),
            shuffle=False,
            verbose=0,
            callbacks=phase_callbacks(run, phase, folder, done, state, logger),
        )
    finally:
        if logger.csv_file is not None:  # Keras closes it only at the end of a training that went well
            logger.csv_file.close()
    _check_finite(history.history)


def validated_epochs(phase: Phase, every: int) -> list[int]:
    """Every so many epochs and the last, counted from 1."""
    return [epoch for epoch in range(1, phase.epochs + 1) if epoch % every == 0 or epoch == phase.epochs]


def phase_callbacks(
    run: ResolvedRun, phase: Phase, folder: Path, done: int, state: dict[str, Any], logger: Callback
) -> list[Callback]:
    """Those of a phase, in their order."""
    options, checkpoints, best_so_far = run.config.run, Checkpoints(folder), state.get("best")
    threshold = phase.nothing if best_so_far is None else best_so_far
    kept = checkpoints.best(phase.name)
    best = callbacks.KeepBest(kept, phase.monitor, threshold, state.get("waited", 0), options.patience)
    held_out = [best, *([callbacks.AveragedWeights()] if run.config.optimizer.ema_momentum else [])]
    shown = {name: label for name, label in SHOWN.items() if phase.name != "segmentation" or "src" not in name}
    total = run.steps * phase.epochs
    if options.max_steps:
        total = min(total, options.max_steps * run.config.optimizer.accumulation_steps)
    return [
        callbacks.Reseed(options.seed, phase.first_epoch),
        keras.callbacks.TerminateOnNaN(),
        callbacks.StopAfter(options.max_steps),
        *run.task.own_callbacks(run, phase, folder),
        *(held_out if run.validation_ids else []),
        logger,
        keras.callbacks.TensorBoard(folder / "tensorboard" / phase.name, write_graph=False),
        callbacks.SaveCheckpoint(checkpoints, phase, best),
        callbacks.ProgressBar(phase.name, total, run.steps * done, shown),
    ]


def _keep_epochs(path: Path, last: int) -> None:
    """Drops the rows of later epochs from a CSV file: what was logged after the checkpoint will be logged again."""
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8") as file:
        heading, *rows = [*csv.reader(file)] or [[]]
    kept = [row for row in rows if len(row) == len(heading) and int(row[0]) <= last]
    write_csv(path, [heading, *kept] if kept else [])


def _check_finite(history: dict[str, list[float]]) -> None:
    """InputError that names the terms if the loss is not finite, and says where to look."""
    last = {name: values[-1] for name, values in history.items() if not name.startswith("val_")}
    if last and not math.isfinite(last["loss"]):
        terms = ", ".join(f"{name} {float(value):.4g}" for name, value in last.items())
        message = f"The loss is not finite in epoch {len(history['loss'])} since this start: {terms}."
        hint = (
            "Lower --learning_rate or --alpha, raise --warmup_steps, try --precision=float32, or inspect the records."
        )
        raise InputError("not_finite", message, hint)
