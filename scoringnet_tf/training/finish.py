"""Ends a run: measures its best model, and writes what it leaves."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from scoringnet_tf.inference.calibration import calibrate, can_be_measured, is_calibrated
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.training.calibration_split import held_out_by_run
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fit import alone_in_folder, wait_for_all
from scoringnet_tf.training.plan import LAST, ResolvedRun


def finish(run: ResolvedRun) -> Path:
    """Writes the best model, calibrated, then the last one: with that a run has ended, and what lies there stays.

    Returns:
        Path of the best model, or of the last if nothing was held out to choose by.
    """
    last, kept = run.model_dir / LAST, Checkpoints(run.model_dir).best(run.phases[-1].name)
    result = run.model_dir / run.best if kept.is_file() else last
    if run.worker:
        wait_for_all(run)  # the first one writes as long as the others are there
        return result
    with alone_in_folder(run):
        best = _load(kept) if kept.is_file() else run.model
        there = _load(result) if result.is_file() else None
        has_ended = there is not None and (last.is_file() or _have_equal_weights(there, best))
        model = there if has_ended else best  # the user may have calibrated it otherwise
        calibrated = _calibrated(run, model)
        if calibrated is not model or not has_ended:
            calibrated.save(result)
        if not last.is_file():
            run.model.save(last)
    wait_for_all(run)
    return result


def _load(path: Path) -> Any:
    return load_keras(path, keras.Model, "model_dir")


def _have_equal_weights(model: keras.Model, other: keras.Model) -> bool:
    weights = model.get_weights(), other.get_weights()
    return len(weights[0]) == len(weights[1]) and all(map(np.array_equal, *weights))


def _calibrated(run: ResolvedRun, model: keras.Model) -> keras.Model:
    """The model with what its training videos are like, unless it has that or they cannot be compared."""
    is_asked = isinstance(run.config, TrainingConfig) and run.config.run.reference
    if not is_asked or not can_be_measured(model) or is_calibrated(model, run.info):
        return model
    held_out = held_out_by_run(run.info, run.model_dir / run.best, run.info.data_hash)
    return calibrate(model.with_dtype("float32"), run.info, held_out)
