"""One run: what it draws, which epoch it keeps, when it stops, what it shows."""

import dataclasses
import math
import types

import keras
import numpy as np
import pytest
from training_runs import (
    SMALL,
    assert_same,
    changed,
    eagerly,
    rows_of,
    scoring_run,
    settings,
    trained_by,
    weights_after,
    weights_beside,
)

import scoringnet_tf
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import Checkpoints, reseed
from scoringnet_tf.training.fit import phase_callbacks, validated_epochs
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.plan import Phase, phases

# The smallest network that a run trains, where it is the run that is looked at.
ONE_TOWER = {"training": "joint", "fragments": "whole", "scores": "final"}


def test_no_draw_of_an_epoch_returns_in_another():
    """Two phases of 20 epochs of 51 steps with one generator: 2,040 draws, all different; another seed draws others."""
    layer = keras.layers.Dropout(0.5)
    inputs = keras.Input((1,))
    model, drawn = keras.Model(inputs, layer(inputs)), []

    def draws_of(seed, first_epoch, epoch):
        callback = callbacks.Reseed(seed, first_epoch)
        callback.set_model(model)
        callback.on_epoch_begin(epoch)
        return [tuple(np.asarray(layer.seed_generator.next())) for _ in range(51)]

    for first_epoch in (0, 20):
        for epoch in range(20):
            drawn += draws_of(3, first_epoch, epoch)
    assert len(set(drawn)) == 2040
    assert draws_of(3, 20, 1) == drawn[21 * 51 : 22 * 51] and not {*draws_of(4, 20, 1)} & {*drawn}


def test_generators_of_a_model_draw_apart():
    network, states = scoringnet_tf.ScoringNet(**SMALL), []
    for seed, epoch in ((1, 0), (1, 1)):
        reseed(network, seed, epoch)
        found = [tuple(np.asarray(v)) for v in network.variables if v.path.endswith("seed_generator_state")]
        states += found
    assert len({*states}) == 2 * len(found) > 2


def test_a_validation_whose_loss_overflows_can_be_the_best(tmp_path):
    saved = []
    best = callbacks.KeepBest(tmp_path / "best.keras", "val_f_src", 0.1)
    best.set_model(types.SimpleNamespace(save=saved.append, stop_training=False))
    for logs in ({"val_loss": math.nan, "val_f_src": 0.5}, {"val_loss": math.nan, "val_f_src": math.nan}):
        best.on_epoch_end(0, logs)
    assert saved == [tmp_path / "best.keras"] and (best.best, best.waited) == (0.5, 0)


def scripted_run(model_dir, patience=0, **changes):
    """A run whose callbacks are driven by hand."""
    config = settings(model_dir, "", patience=patience, **changes)
    task = types.SimpleNamespace(own_callbacks=lambda *_: [])
    return types.SimpleNamespace(config=config, task=task, validation_ids=["a"], steps=1, model_dir=model_dir)


def kept_epochs(values, run, phase=None, done=0, state=None, every=1):
    """Scripted validation figures of epochs: those that were saved as the best, and the one that stopped it."""
    phase, saved = phase or Phase("joint", done + len(values)), []
    listed = phase_callbacks(run, phase, run.model_dir, done, state or {}, None)
    model = types.SimpleNamespace(stop_training=False, metrics=[], save=lambda *_, **__: saved.append(epoch))
    chosen = [each for each in listed if isinstance(each, callbacks.KeepBest)]
    for callback in chosen:
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, value in enumerate(values, start=done + 1):
        logs = {"val_loss": 1.0, phase.monitor: value} if epoch in validated_epochs(phase, every) else {}
        for callback in chosen:
            callback.on_epoch_begin(epoch - 1)
            callback.on_epoch_end(epoch - 1, logs)
        if model.stop_training:
            return saved, epoch
    return saved, None


@pytest.mark.parametrize(
    ("values", "patience", "every", "expected"),
    [
        ([0.1, 0.5, 0.3, 0.5, 0.6], 0, 1, ([1, 2, 5], None)),
        ([math.nan, -0.5, math.nan, -0.2], 0, 1, ([2, 4], None)),  # a first NaN is not the best
        ([math.nan, math.nan], 0, 1, ([], None)),
        ([0.9, 0.1, 0.9, 0.2, 0.3], 0, 2, ([2, 4, 5], None)),  # every second is validated, and the last
        ([0.1, 0.4, 0.3, 0.4, 0.2, 0.9], 3, 1, ([1, 2], 5)),
        # Every fifth is validated: the first is the best, and three after it are not higher.
        ([0.9] * 4 + [0.5] + [0.9] * 4 + [0.4] + [0.9] * 4 + [0.3] + [0.9] * 4 + [0.2] + [0.9] * 5, 3, 5, ([5], 20)),
    ],
)
def test_the_best_epoch_is_kept_and_patience_counts_validations_in_vain(values, patience, every, expected, tmp_path):
    assert kept_epochs(values, scripted_run(tmp_path, patience), every=every) == expected


def test_a_resumed_phase_goes_on_from_its_best_and_its_patience(tmp_path):
    """The checkpoint says that 0.8 was reached, and one epoch was in vain since."""
    state = {"best": 0.8, "waited": 1}
    assert kept_epochs([0.7], scripted_run(tmp_path, patience=2), done=4, state=state) == ([], 5)
    assert kept_epochs([0.9, 0.8], scripted_run(tmp_path, patience=2), done=4, state=state) == ([5], None)


def test_an_accuracy_of_held_out_videos_without_labels_chooses_no_epoch(tmp_path):
    """It is 0 in every one of them; the first would be kept as the best."""
    staged = settings(tmp_path, tmp_path, training="staged")
    for phase in (phases(changed(staged, scoring_epochs=0))[0], phases(staged)[0]):
        longer = dataclasses.replace(phase, epochs=4)
        assert kept_epochs([0.0, 0.0, 0.4, 0.0], scripted_run(tmp_path), longer) == ([3], None)


def test_the_average_is_validated_and_kept_and_training_goes_on_from_the_weights(tmp_path):
    """One weight, after each of three batches; `test_joint_run` has a whole run."""
    run, weights, ones = scripted_run(tmp_path, ema_momentum=0.5, learning_rate=0.1), [], np.ones((3, 1), "float32")
    run.model = model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(make_optimizer(run.config.optimizer, "float32"), loss="mse", jit_compile=False)

    def record(batch, logs):
        weights.append(model.get_weights()[0].item())

    phase, checkpoints = Phase("joint", 1, monitor="val_loss"), Checkpoints(tmp_path)
    kinds = (callbacks.KeepBest, callbacks.AveragedWeights, callbacks.SaveCheckpoint)
    chosen = [each for each in phase_callbacks(run, phase, tmp_path, 0, {}, None) if isinstance(each, kinds)]
    recorder = keras.callbacks.LambdaCallback(on_train_batch_end=record)
    options = {"batch_size": 1, "verbose": 0, "validation_data": (ones, 9 * ones), "callbacks": [recorder, *chosen]}
    losses = model.fit(ones, 9 * ones, **options).history["val_loss"]
    average = weights[0] / 4 + weights[1] / 4 + weights[2] / 2
    kept = keras.models.load_model(checkpoints.best("joint"), compile=False).get_weights()[0].item()
    assert (kept, losses) == (pytest.approx(average, rel=1e-5), [pytest.approx((9 - average) ** 2, rel=1e-5)])
    checkpoints.restore(model, checkpoints.latest()[0])
    assert model.get_weights()[0].item() == weights[2] != pytest.approx(average, rel=1e-3)


@pytest.mark.slow
def test_a_run_that_stopped_early_has_stopped(diving_records, tmp_path):
    """At a rate of almost 0 no figure gets better: patience of 1 ends it after the second epoch, for good."""
    options = {**ONE_TOWER, "learning_rate": 1e-12, "patience": 1, "epochs": 9}
    first = weights_after(diving_records, tmp_path, **options)
    assert_same(first, weights_after(diving_records, tmp_path, **options))
    assert [row["epoch"] for row in rows_of(tmp_path / "joint.csv")] == ["0", "1"]


@pytest.mark.slow
def test_a_run_stops_after_the_steps_it_was_given(diving_records, tmp_path):
    """In a folder where one that was killed in its first epoch left a best model: that is not this run's."""
    changes = {**ONE_TOWER, "max_steps": 3, "batch_size": 2, "validation_fraction": 0.0}
    run, left = eagerly(scoring_run(diving_records, tmp_path, **changes)), Checkpoints(tmp_path).best("joint")
    left.parent.mkdir()
    left.touch()
    assert trained_by(run) == tmp_path / "last.keras" and not left.exists()
    assert int(run.model.optimizer.iterations) == 3
    figures = (tmp_path / "joint.csv").read_text()
    assert_same(weights_after(diving_records, tmp_path, **changes), weights_beside(tmp_path / "last.keras"))
    assert (tmp_path / "joint.csv").read_text() == figures, "given again it trains on"


@pytest.mark.parametrize(
    ("changes", "total"),
    [({}, 12), ({"max_steps": 5}, 5), ({"max_steps": 5, "accumulation_steps": 2}, 10), ({"max_steps": 50}, 12)],
)
def test_the_bar_counts_to_the_end_of_the_phase(changes, total, tmp_path):
    run = scripted_run(tmp_path, **changes)
    run.steps = 4
    *_, bar = phase_callbacks(run, Phase("joint", 3), tmp_path, 0, {}, None)
    assert bar.bar.total == total


@pytest.mark.parametrize(
    ("phase", "shown"), [("segmentation", ["frames=0.5"]), ("joint", ["frames=0.5", "D-SRC=0.2", "F-SRC=0.1"])]
)
def test_the_bar_shows_no_scores_of_an_untrained_sp(tmp_path, capsys, phase, shown):
    *_, bar = phase_callbacks(scripted_run(tmp_path), Phase(phase, 1), tmp_path, 0, {}, None)
    logs = {"loss": 1.0, "val_frame_accuracy": 0.5, "val_d_src": 0.2, "val_e_src": math.nan, "val_f_src": 0.1}
    bar.on_epoch_end(0, logs)
    bar.on_train_batch_end(1, logs)
    bar.on_train_end(logs)
    printed = capsys.readouterr().err
    assert all(each in printed for each in shown) and ("SRC" in printed) == (phase == "joint")
