"""Runs go on: after a kill, to the bit; extended; with averages beside the weights; what they leave and refuse."""

import csv
import json
import math
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import SMALL, KilledError, assert_same, kill_after_epoch, settings, weights_after

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.metrics import SpearmanCorrelation
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import held_out_ids, record_config
from scoringnet_tf.training.scoring import ScoringRun


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def kill_at_each(monkeypatch, records, model_dir, killed_at, **changes):
    """Trains until just before the checkpoint of the first of these epochs (1-based, all phases), and to the next."""
    saved = 0
    for epoch in killed_at:
        with monkeypatch.context() as patch:
            kill_after_epoch(patch, epoch - saved)
            with pytest.raises(KilledError):
                weights_after(records, model_dir, **changes)
        saved = epoch - 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "killed_at"),
    [
        ({}, (1, 2, 4)),
        ({"ema_momentum": 0.8}, (2,)),
        ({"ema_momentum": 0.8, "validation_fraction": 0.0}, (2, 3)),
        (
            {
                "training": "joint",
                "fragments": "scheduled",
                "epochs": 3,
                "validation_every": 3,
                "ema_momentum": 0.8,
                "accumulation_steps": 3,
            },
            (2, 3),
        ),
    ],
    ids=[
        "first epoch, end of KFS, last epoch of SP",
        "averages, end of KFS",
        "averages, nothing held out, end of KFS, SP after the average of KFS",
        "joint, scheduled fragments, averages, in the middle of an accumulation, not validated before",
    ],
)
def test_killed_run_ends_with_the_same_weights(diving_records, tmp_path, monkeypatch, changes, killed_at):
    """As one that nothing disturbed; a run over what has ended changes nothing."""
    kill_at_each(monkeypatch, diving_records, tmp_path / "killed", killed_at, **changes)
    resumed = weights_after(diving_records, tmp_path / "killed", **changes)
    assert_same(weights_after(diving_records, tmp_path / "straight", **changes), resumed)
    kept = sorted((tmp_path / "killed").glob("*_scores.csv"))
    tables = sorted({*(tmp_path / "killed").glob("*.csv")} - {*kept})
    for path in tables:  # what was trained twice is logged once
        assert [row["epoch"] for row in rows_of(path)] == [str(epoch) for epoch in range(changes.get("epochs", 2))]
    for path in kept:
        told = [tuple(row.values())[:-2] for row in rows_of(path)]  # epoch, score and video
        assert len(told) == len({*told})
    logged = [path.read_text() for path in tables]
    assert_same(resumed, weights_after(diving_records, tmp_path / "killed", **changes))
    assert [path.read_text() for path in tables] == logged


@pytest.mark.slow
def test_a_run_in_an_object_store_goes_on_there(diving_records, tmp_path, monkeypatch):
    """Killed and resumed on a remote filesystem, it ends with the weights of a local run."""
    changes = {"training": "joint", "epochs": 2}
    _, local = weights_after(diving_records, tmp_path / "run", **changes)
    options = settings("memory://runs/one", diving_records, **changes)
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, 2)
        with pytest.raises(KilledError):
            ScoringRun(DatasetInfo.load(diving_records), options).run()
    best = ScoringRun(DatasetInfo.load(diving_records), options).run()
    assert str(best) == "memory://runs/one/best.keras"
    assert_same(local, scoringnet_tf.from_preset("memory://runs/one").get_weights())
    names = {path.name for path in as_path("memory://runs/one").iterdir()}
    assert names >= {"config.json", "checkpoints", "joint.csv", "tensorboard", "best.keras", "last.keras"}


@pytest.mark.slow
def test_frames_that_sp_does_not_see_change_nothing(diving_records, tmp_path, monkeypatch):
    """Without colour jitter, whose mean is that of the decoded frames, the weights agree to the bit."""
    few = weights_after(diving_records, tmp_path / "few", color_jitter=0)
    monkeypatch.setattr(ScoringRun, "_frames_of_interest", lambda self, phase: {})
    every = weights_after(diving_records, tmp_path / "all", color_jitter=0)
    assert_same(few, every)


@pytest.mark.slow
def test_a_finished_run_is_extended(diving_records, tmp_path):
    """Four epochs at once, and two that become four, end with the same weights, averages and figures."""
    options = {"training": "joint", "decay_steps": 3, "ema_momentum": 0.8}
    straight = weights_after(diving_records, tmp_path / "straight", **options, epochs=4)
    weights_after(diving_records, tmp_path / "extended", **options, epochs=2)
    assert_same(straight, weights_after(diving_records, tmp_path / "extended", **options, epochs=4))
    assert rows_of(tmp_path / "straight/joint.csv") == rows_of(tmp_path / "extended/joint.csv")
    with pytest.raises(InputError, match=r"--epochs \(was 4, now 3\)"):
        weights_after(diving_records, tmp_path / "extended", **options, epochs=3)


@pytest.mark.slow
def test_a_run_leaves_what_it_promises(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records, validation_every=2))
    assert run.run() == tmp_path / "run/best.keras"
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["data_hash"] == DatasetInfo.load(diving_records).data_hash
    assert config["settings"]["alpha"] == 1.0
    assert config["validation_ids"] == run.validation_ids and len(run.validation_ids) == 2
    assert {"tensorflow", "keras", "scoringnet_tf"} <= set(config["versions"])
    names = {"val_d_src", "val_e_src", "val_f_src", "val_frame_accuracy", "val_frame_accuracy/entry", "val_loss"}
    for phase in ("segmentation", "scoring"):
        rows = rows_of(tmp_path / f"run/{phase}.csv")
        assert [row["epoch"] for row in rows] == ["0", "1"]
        assert names <= set(rows[0])
        assert [math.isnan(float(row["val_loss"])) for row in rows] == [True, False]
    curves = tmp_path / "run/tensorboard"
    assert {"epoch_loss", "epoch_learning_rate", "epoch_execution_ranking"} <= event_tags(curves / "scoring/train")
    assert {"epoch_f_src", "epoch_loss"} <= event_tags(curves / "scoring/validation")
    assert "epoch_stage_loss" in event_tags(curves / "segmentation/train")
    assert event_tags(curves / "scoring/pictures") == {"validation/stages", "validation/scores"}


def event_tags(log_dir):
    records = tf.data.TFRecordDataset([str(path) for path in log_dir.glob("events.*")])
    events = (tf.compat.v1.Event.FromString(record.numpy()) for record in records)
    return {value.tag for event in events for value in event.summary.value}


def test_settings_may_not_change_within_a_run(diving_records, tmp_path):
    def config(precision="float32", data_hash="hash", ids=("a",), **changes):
        record_config(tmp_path, settings(tmp_path, diving_records, **changes), data_hash, precision, list(ids))

    config()
    config(alpha=2.0)  # nothing has been trained yet: the settings may still be mended
    started = settings(tmp_path, diving_records, alpha=2.0)
    network = scoringnet_tf.ScoringNet(**SMALL)
    network.compile()
    Checkpoints(tmp_path).save(network, "scoring_0001", {"steps_done": 1, "phase": "scoring"})
    with pytest.raises(InputError, match=r"--alpha \(was 2\.0, now 3\.0\)"):
        config(alpha=3.0)
    for name in started.keys() - {
        "data_service",
        "model_dir",
        "records_dir",
        "replicas",
        "training_ids",
        "scoring_epochs",
    }:
        with pytest.raises(InputError, match=rf"--{name} \(was .*, now another\)"):
            record_config(tmp_path, {**started, name: "another"}, "hash", "float32", ["a"])
    with pytest.raises(InputError, match=r"precision \(was float32, now mixed_bfloat16\)"):
        config("mixed_bfloat16", alpha=2.0)
    with pytest.raises(InputError, match="another data hash"):
        config(data_hash="other", alpha=2.0)
    with pytest.raises(InputError, match="the held-out videos"):
        config(ids=["b"], alpha=2.0)
    with pytest.raises(InputError, match=r"--segmentation_epochs \(was 2, now 3\)"):
        config(alpha=2.0, segmentation_epochs=3)
    with pytest.raises(InputError, match=r"--scoring_epochs \(was 2, now 1\)"):
        config(alpha=2.0, scoring_epochs=1)
    config(alpha=2.0, scoring_epochs=5)
    with pytest.raises(InputError, match=r"--scoring_epochs \(was 5, now 6\)"):
        config(alpha=2.0, scoring_epochs=6, fragments="scheduled")


def test_what_a_run_held_out_is_read_from_beside_its_model(tmp_path):
    record_config(tmp_path, {}, "hash", "float32", ["b", "a"])
    assert held_out_ids(tmp_path / "best.keras") == (["b", "a"], "hash")
    with pytest.raises(InputError, match=r"config\.json: expected the configuration .* Received: no such file"):
        held_out_ids(tmp_path / "elsewhere/best.keras")
    of_old = {"settings": {}, "data_hash": "hash", "precision": "float32", "versions": {}}
    (tmp_path / "config.json").write_text(json.dumps(of_old))
    with pytest.raises(InputError, match=r"Received: none that does"):
        held_out_ids(tmp_path / "best.keras")


@pytest.mark.parametrize(
    ("damaged", "received"),
    [
        ("{", "expected a JSON object"),
        ("[" * 100_000, "expected a JSON object"),
        ("[]", "expected a JSON object. Received: list"),
        ("{}", "expected the configuration of a run, .* Received: no settings, no data_hash, no precision"),
        ('{"settings": 1, "data_hash": "", "precision": "", "versions": {}}', "expected .* Received: settings 1"),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path, damaged, received):
    record_config(tmp_path, {}, "hash", "float32", ["b", "a"])
    (tmp_path / "config.json").write_text(damaged)
    with pytest.raises(InputError, match=rf"config\.json: {received}"):
        held_out_ids(tmp_path / "best.keras")


def test_non_finite_loss_says_where_to_look(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, learning_rate=1e30))
    with pytest.raises(InputError, match=r"loss is not finite in epoch \d+ .*stage_loss .*--learning_rate"):
        run.run()
    assert Checkpoints(tmp_path).latest() == (None, None)  # nothing to go on from


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoints/scoring_0001").mkdir(parents=True)
    (tmp_path / "checkpoints/scoring_0001/state.json").write_text("{")
    with pytest.raises(InputError, match=r"state\.json: expected a JSON object"):
        Checkpoints(tmp_path).latest()
    with pytest.raises(InputError, match=r"model\.weights\.h5: expected the weights of a checkpoint"):
        Checkpoints(tmp_path).restore(None, tmp_path / "checkpoints/scoring_0001")


def test_the_checkpoint_of_most_steps_is_the_newest(tmp_path):
    """Not the last by name: scoring comes before segmentation there, and 9 after 10."""
    for name, steps in (("segmentation_0002", 2), ("scoring_0010", 12), ("scoring_0009", 11)):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps({"steps_done": steps}))
    assert Checkpoints(tmp_path).latest()[0].name == "scoring_0010"


# === Averages ===


def recorded_weights(monkeypatch):
    """A list that every batch of a run adds its trainable weights to."""
    recorded, seen = [], callbacks.StopAfter.on_train_batch_end

    def recording(self, batch, logs=None):
        recorded.append([np.array(variable) for variable in self.model.trainable_variables])
        seen(self, batch, logs)

    monkeypatch.setattr(callbacks.StopAfter, "on_train_batch_end", recording)
    return recorded


@pytest.mark.slow
def test_what_is_validated_and_kept_is_the_average(diving_records, tmp_path, monkeypatch):
    """Of the weights after each batch, by hand; what the checkpoint holds is the last of them."""
    recorded = recorded_weights(monkeypatch)
    options = settings(tmp_path, diving_records, training="joint", ema_momentum=0.7)
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    best = run.run()
    average, by_epoch, steps = recorded[0], [], len(recorded) // 2
    for number, weights in enumerate(recorded, start=1):
        average = [0.7 * old + 0.3 * new for old, new in zip(average, weights, strict=True)]
        by_epoch += [average] if number % steps == 0 else []
    assert len(recorded) >= 4
    rows = rows_of(tmp_path / "joint.csv")
    chosen = int(np.nanargmax([float(row["val_f_src"]) for row in rows]))
    for path, epoch in ((tmp_path / "last.keras", 1), (best, chosen)):
        kept = keras.models.load_model(path, compile=False)
        for found, expected in zip(kept.trainable_variables, by_epoch[epoch], strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
        for part in ("segmenter", "score_predictor"):
            getattr(run.model, part).set_weights(getattr(kept, part).get_weights())
        measured = run.model.evaluate(run.validation_data(run.phases[0]), verbose=0, return_dict=True)
        logged = {name: float(rows[epoch][f"val_{name}"]) for name in measured}
        assert measured == pytest.approx(logged, rel=1e-5, nan_ok=True)
    run.checkpoints.restore(run.model, run.checkpoints.latest()[0])
    assert_same(run.model.trainable_variables, recorded[-1])


@pytest.mark.slow
def test_averages_change_nothing_of_what_they_average(diving_records, tmp_path, monkeypatch):
    """Weights after every batch, with and without averages, validated after every epoch or at the end: to the bit."""
    found = []
    for number, (momentum, every) in enumerate([(0.0, 1), (0.8, 1), (0.8, 3)]):
        with monkeypatch.context() as patch:
            found.append(recorded_weights(patch))
            changes = {"training": "joint", "epochs": 3, "ema_momentum": momentum, "validation_every": every}
            weights_after(diving_records, tmp_path / str(number), **changes)
    assert_same(found[0], found[1])
    assert_same(found[0], found[2])


# === What was predicted of the held-out videos, epoch by epoch ===


def validate(callback, metric, epoch, truth, predicted):
    """What `fit` does in an epoch: a validation of two batches, whose metrics stay as they are until the next."""
    callback.on_epoch_begin(epoch)
    metric.reset_state()
    for part in (slice(0, 2), slice(2, None)):
        metric.update_state(np.float32(truth[part]), np.float32(predicted[part]))
    callback.on_epoch_end(epoch, {"val_loss": 1.0})


def test_scores_of_every_validation_are_kept_and_those_after_a_kill_replaced(tmp_path):
    """In the order of the videos, without the one whose score is unknown, and without a row cut short."""
    metric = SpearmanCorrelation()
    model = types.SimpleNamespace(learned=types.SimpleNamespace(metrics={"final": [metric]}))
    known = [("a", 50.0), ("c", 70.0), ("d", 60.0)]

    def made():
        callback = callbacks.ValidationScores(tmp_path / "scores.csv", {"final": known})
        callback.set_model(model)
        return callback

    first, truth = made(), [50, np.nan, 70, 60]
    for epoch in range(3):
        validate(first, metric, epoch, truth, [1 + epoch, 2, 3, 4.0000004 + epoch])
    first.on_epoch_begin(3)
    first.on_epoch_end(3, {"val_loss": math.nan})  # not validated
    with (tmp_path / "scores.csv").open("a") as file:
        file.write("4,final,a")  # a kill in the middle
    before = (tmp_path / "scores.csv").read_text()
    validate(made(), metric, 2, truth, [3, 2, 3, 6.0000004])
    rows = rows_of(tmp_path / "scores.csv")
    assert [(row["epoch"], row["video_id"]) for row in rows] == [(e, v) for e in "123" for v in "acd"]
    assert [float(row["true"]) for row in rows[:3]] == [50, 70, 60]
    assert [float(row["predicted"]) for row in rows[3:6]] == [2, 3, 5]
    assert (tmp_path / "scores.csv").read_text() == before.removesuffix("4,final,a")
