"""Ends a run: measures its best model, and writes what it leaves."""

from pathlib import Path

import keras

from scoringnet_tf.inference.calibration import calibrate, can_be_measured, is_calibrated
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.support.paths import RemotePath
from scoringnet_tf.training.calibration_split import held_out_by_run
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fit import alone_in_folder
from scoringnet_tf.training.plan import LAST, ResolvedRun


def finish(run: ResolvedRun) -> Path | RemotePath:
    """Writes the best model, calibrated, then the last one: with that a run has ended, and what lies there stays.

    Returns:
        Path of the best model, or of the last if nothing was held out to choose by.
    """
    last, kept = run.model_dir / LAST, Checkpoints(run.model_dir).best(run.phases[-1].name)
    result = run.model_dir / run.best if kept.is_file() else last
    if run.worker:
        return result
    with alone_in_folder(run):
        has_ended = last.is_file() and result.is_file()
        source = result if has_ended else kept
        model = load_keras(source, keras.Model, "model_dir") if source.is_file() else run.model
        calibrated = _calibrated(run, model)
        if calibrated is not model or not has_ended:
            calibrated.save(result)
        if not last.is_file():
            run.model.save(last)
    return result


def _calibrated(run: ResolvedRun, model: keras.Model) -> keras.Model:
    """The model with what its training videos are like, unless it has that or they cannot be compared."""
    is_asked = isinstance(run.config, TrainingConfig) and run.config.run.reference
    if not is_asked or not can_be_measured(model) or is_calibrated(model, run.info):
        return model
    held_out = held_out_by_run(run.info, run.model_dir / run.best, run.info.data_hash)
    return calibrate(model.with_dtype("float32"), run.info, held_out)
