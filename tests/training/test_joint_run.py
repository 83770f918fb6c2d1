"""A joint run with averages: what it keeps; others end as it did: extended, in a store.

With one tower, for what is asked here knows no network; `test_resuming` kills a joint run of KFS and a tower.
"""

import types

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import (
    KilledError,
    assert_same,
    eagerly,
    kill_after_epoch,
    rows_of,
    scoring_run,
    trained_by,
    watched,
    weights_beside,
)

from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.fit import fit

OPTIONS = {"training": "joint", "epochs": 4, "decay_steps": 3, "ema_momentum": 0.8}
OPTIONS |= {"fragments": "whole", "scores": "final"}


class Recorder(keras.callbacks.Callback):
    """Keeps the trainable weights after every batch."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append([np.array(variable) for variable in self.model.trainable_variables])


@pytest.fixture(scope="module")
def straight(diving_records, tmp_path_factory):
    """The run that nothing disturbed, the model that it said is the best, and the weights after every batch."""
    recorder = Recorder()
    run = watched(eagerly(scoring_run(diving_records, tmp_path_factory.mktemp("straight"), **OPTIONS)), recorder)
    return types.SimpleNamespace(run=run, best=trained_by(run), recorded=recorder.weights)


@pytest.mark.slow
def test_a_finished_run_is_extended(straight, diving_records, tmp_path):
    """Four epochs at once, and two that become four, end with the same weights, averages and figures."""
    trained_by(eagerly(scoring_run(diving_records, tmp_path, **{**OPTIONS, "epochs": 2})))
    extended = trained_by(eagerly(scoring_run(diving_records, tmp_path, **OPTIONS)))
    assert_same(weights_beside(straight.best), weights_beside(extended))
    assert rows_of(straight.run.model_dir / "joint.csv") == rows_of(tmp_path / "joint.csv")
    with refused("other_run", "--epochs"):
        fit(scoring_run(diving_records, tmp_path, **{**OPTIONS, "epochs": 3}))


@pytest.mark.slow
def test_a_kill_changes_nothing_of_averages(straight, diving_records, tmp_path, monkeypatch):
    def run():
        return trained_by(eagerly(scoring_run(diving_records, tmp_path, **OPTIONS)))

    with monkeypatch.context() as patch:
        kill_after_epoch(patch, 2)
        with pytest.raises(KilledError):
            run()
    best = run()
    assert best == tmp_path / "best.keras"
    assert_same(weights_beside(straight.best), weights_beside(best))
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"config.json", "checkpoints", "joint.csv", "tensorboard", "best.keras", "last.keras"}


@pytest.mark.slow
def test_what_is_validated_and_kept_is_the_average(straight):
    run, recorded = straight.run, straight.recorded
    average, by_epoch, steps = recorded[0], [], len(recorded) // OPTIONS["epochs"]
    for number, weights in enumerate(recorded, start=1):
        average = [0.8 * old + 0.2 * new for old, new in zip(average, weights, strict=True)]
        by_epoch += [average] if number % steps == 0 else []
    assert len(recorded) >= 4
    rows = rows_of(run.model_dir / "joint.csv")
    chosen = int(np.nanargmax([float(row["val_f_src"]) for row in rows]))
    for path, epoch in ((run.model_dir / "last.keras", -1), (straight.best, chosen)):
        kept = keras.models.load_model(path, compile=False)
        for found, expected in zip(kept.trainable_variables, by_epoch[epoch], strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
        for part in run.model.networks:
            getattr(run.model, part).set_weights(getattr(kept, part).get_weights())
        measured = run.model.evaluate(run.task.validation_batches(run), verbose=0, return_dict=True)
        logged = {name: float(rows[epoch][f"val_{name}"]) for name in measured}
        assert measured == pytest.approx(logged, rel=1e-5, nan_ok=True)
    checkpoints = Checkpoints(run.model_dir)
    checkpoints.restore(run.model, checkpoints.latest()[0])
    assert_same(run.model.trainable_variables, recorded[-1])


@pytest.mark.slow
def test_averages_change_nothing_of_what_they_average(straight, diving_records, tmp_path, monkeypatch):
    """Weights after every batch, to the bit, without averages, validated at the end alone, killed in the third epoch.

    With averages that were validated after every epoch they are those of `straight`.
    """
    recorder, changes = Recorder(), {**OPTIONS, "ema_momentum": 0.0, "validation_every": 4}
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, 3)
        with pytest.raises(KilledError):
            fit(watched(eagerly(scoring_run(diving_records, tmp_path, **changes)), recorder))
    del recorder.weights[2 * len(straight.recorded) // OPTIONS["epochs"] :]  # what is trained again
    fit(watched(eagerly(scoring_run(diving_records, tmp_path, **changes)), recorder))
    assert_same(straight.recorded, recorder.weights)
