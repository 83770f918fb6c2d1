"""Runs go on after a kill, to the bit; what they leave and refuse."""

import json
import math
import shutil
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import assert_same, copied_before, eagerly, rows_of, scoring_run, trained_by, weights_beside

from scoringnet_tf.metrics import SpearmanCorrelation
from scoringnet_tf.support.files import locked
from scoringnet_tf.training import callbacks, scoring
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.fit import fit


def assert_ended_alike(first, second):
    """The weights of both models of two folders, and their figures: what was trained twice is logged once."""
    assert_same(*(weights_beside(folder / "best.keras") for folder in (first, second)))
    assert tables_of(first) == tables_of(second)


def tables_of(folder):
    return {path.name: path.read_text() for path in folder.glob("*.csv")}


# Without colour jitter, whose mean is that of the decoded frames, and noise, which is drawn for them alone.
STAGED = {"validation_every": 2, "color_jitter": 0, "degradation": 0, "ema_momentum": 0.8}
STAGED["stage_network"] = "c3d_bi_lstm"


def staged_run(records, folder, **changes):
    return eagerly(scoring_run(records, folder, **{**STAGED, **changes}))


@pytest.fixture(scope="module")
def staged(diving_records, tmp_path_factory):
    """(A run that has ended, the model that it said is the best, copies of its folder at the epochs of a kill.)"""
    folder = tmp_path_factory.mktemp("staged")
    run = staged_run(diving_records, folder / "straight")
    with copied_before((1, 3, 4), run.model_dir, folder):
        return run, trained_by(run), folder


@pytest.mark.slow
def test_killed_run_ends_as_one_that_nothing_disturbed(staged, diving_records):
    """Killed in the last epoch of SP, the one before not validated; when it has ended it stays."""
    run, _, copies = staged
    trained_by(staged_run(diving_records, copies / "4"))
    assert_ended_alike(run.model_dir, copies / "4")
    ended = {path: path.read_bytes() for path in (copies / "4").glob("*.*")}
    trained_by(staged_run(diving_records, copies / "4"))
    assert {path: path.read_bytes() for path in (copies / "4").glob("*.*")} == ended


@pytest.mark.slow
def test_frames_that_sp_does_not_see_change_nothing(staged, diving_records, monkeypatch):
    """A run killed at the end of KFS ends to the bit as `staged`, which did not decode them."""

    run, _, copies = staged
    monkeypatch.setattr(scoring, "frames_of_interest", lambda *_: {})
    trained_by(staged_run(diving_records, copies / "3"))
    assert_ended_alike(run.model_dir, copies / "3")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("records", "killed_at", "changes"),
    [
        ("diving_records", 3, {}),
        (
            "diving_features",
            2,
            {"training": "joint", "fragments": "predicted", "accumulation_steps": 2, "lr_multipliers": {"kfs": 0.5}},
        ),
    ],
    ids=["SP after the average of KFS", "joint, predicted fragments, in the middle of an accumulation"],
)
def test_killed_run_that_holds_nothing_out_ends_alike(records, killed_at, changes, tmp_path, request):
    """With every augmentation of its frames; in graphs, as a user's runs are."""
    changes = {"scores": "final", "validation_fraction": 0.0, "ema_momentum": 0.8, **changes}
    records, straight, killed = request.getfixturevalue(records), tmp_path / "straight", tmp_path / str(killed_at)
    with copied_before((killed_at,), straight, tmp_path):
        expected = weights_beside(trained_by(scoring_run(records, straight, **changes)))
    assert_same(expected, weights_beside(trained_by(scoring_run(records, killed, **changes))))
    assert tables_of(straight) == tables_of(killed)


ALONE = {"scoring_epochs": 0, "validation_every": 1, "clip_lengths": [4, 4], "alpha": 3.0}


@pytest.mark.slow
def test_kfs_alone_is_extended_is_that_of_a_staged_run_and_serves_others(staged, diving_records, tmp_path):
    """Of an epoch and one more, whatever SP's settings; `staged` went on with that of its second, the validated one.

    What a kill in the first epoch left is replaced.
    """
    straight, best, copies = staged
    (tmp_path / "kfs/checkpoints").mkdir(parents=True)
    shutil.copy(copies / "1/segmentation.csv", tmp_path / "kfs")
    (tmp_path / "kfs/checkpoints/segmentation.keras").write_bytes(b"of the first epoch")
    for epochs in (1, 2):
        trained_by(staged_run(diving_records, tmp_path / "kfs", **ALONE, segmentation_epochs=epochs))
    with refused("other_run", "--scoring_epochs"):
        fit(staged_run(diving_records, tmp_path / "kfs", **{**ALONE, "scoring_epochs": 2}, segmentation_epochs=2))
    folders = (straight.model_dir, tmp_path / "kfs")
    losses = [[row["loss"] for row in rows_of(folder / "segmentation.csv")] for folder in folders]
    assert len(losses[0]) == 2 and losses[0] == losses[1]

    def kfs_of(path):
        return keras.models.load_model(path, compile=False).segmenter.get_weights()

    assert_same(kfs_of(best), kfs_of(tmp_path / "kfs/last.keras"))
    changes = {"segmentation_epochs": 0, "segmenter": str(tmp_path / "kfs"), "scoring_epochs": 1, "scores": "final"}
    run = staged_run(diving_records, tmp_path / "other", ema_momentum=0.0, **changes)
    assert [phase.name for phase in run.phases] == ["scoring"]
    assert_same(kfs_of(tmp_path / "kfs/best.keras"), kfs_of(trained_by(run)))


@pytest.mark.slow
def test_a_run_leaves_what_it_promises(staged):
    run, best, _ = staged
    assert best == run.model_dir / "best.keras"
    config = json.loads((run.model_dir / "config.json").read_text())
    assert config["data_hash"] == run.info.data_hash and config["configuration"]["loss"]["alpha"] == 1.0
    assert config["validation_ids"] == run.validation_ids and len(run.validation_ids) == 2
    assert {"tensorflow", "keras", "scoringnet_tf"} <= set(config["versions"])
    names = {"val_d_src", "val_e_src", "val_f_src", "val_frame_accuracy", "val_frame_accuracy/entry", "val_loss"}
    for phase in ("segmentation", "scoring"):
        rows = rows_of(run.model_dir / f"{phase}.csv")
        assert [row["epoch"] for row in rows] == ["0", "1"] and names <= set(rows[0])
        assert [math.isnan(float(row["val_loss"])) for row in rows] == [True, False]
    curves = run.model_dir / "tensorboard"
    assert {"epoch_loss", "epoch_learning_rate", "epoch_execution_ranking"} <= event_tags(curves / "scoring/train")
    assert {"epoch_f_src", "epoch_loss"} <= event_tags(curves / "scoring/validation")


def event_tags(log_dir):
    records = tf.data.TFRecordDataset([str(path) for path in log_dir.glob("events.*")])
    events = (tf.compat.v1.Event.FromString(record.numpy()) for record in records)
    return {value.tag for event in events for value in event.summary.value}


# === What must be there for a run to go on ===


def test_a_second_run_does_not_train_in_the_folder_of_one_that_is_under_way(diving_features, tmp_path):
    run = scoring_run(diving_features, tmp_path, lr_multipliers={})
    with locked(tmp_path, "held"), refused("busy", tmp_path):
        fit(run)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"], "a run that is refused changes nothing"


@pytest.mark.parametrize(
    ("phase", "best", "code", "named"),
    [
        ("joint", 0.81, "not_found", "joint.keras"),
        ("joint", None, "not_found", "model.weights.h5"),
        ("scoring", None, "other_run", "scoring"),
    ],
)
def test_a_checkpoint_without_what_belongs_to_it_is_refused(diving_features, tmp_path, phase, best, code, named):
    """Its best model, or if there was none yet its weights; its phase; or its configuration: any would go on."""
    run = scoring_run(diving_features, tmp_path, training="joint", lr_multipliers={})
    run.record.write(tmp_path)
    checkpoint = tmp_path / f"checkpoints/{phase}_0001"
    checkpoint.mkdir(parents=True)
    state = {"phase": phase, "steps_done": 1, "epoch": 1, "best": best}
    (checkpoint / "state.json").write_text(json.dumps(state))
    with refused(code, named):
        fit(run)
    (tmp_path / "config.json").unlink()
    with refused("not_found", "config.json"):
        fit(run)
    assert not (tmp_path / "config.json").exists()


@pytest.mark.slow
def test_non_finite_loss_says_where_to_look(diving_features, tmp_path):
    run = eagerly(scoring_run(diving_features, tmp_path, learning_rate=1e30, lr_multipliers={}))
    with refused("not_finite", "stage_loss"):
        fit(run)
    assert int(run.model.optimizer.iterations) <= 2  # it trains no further
    assert Checkpoints(tmp_path).latest() == (None, None)  # nothing to go on from


def test_the_checkpoint_of_most_steps_is_the_newest_and_a_damaged_one_is_named(tmp_path):
    """Not the last by name: scoring comes before segmentation there, and 9 after 10."""
    for name, steps in (("segmentation_0002", 2), ("scoring_0010", 12), ("scoring_0009", 11)):
        state = tmp_path / "checkpoints" / name / "state.json"
        state.parent.mkdir(parents=True)
        state.write_text(json.dumps({"steps_done": steps, "phase": name[:-5], "epoch": 2}))
    assert Checkpoints(tmp_path).latest()[0].name == "scoring_0010"
    for text, code in (("{", "damaged_json"), ('{"steps_done": 3, "epoch": 3}', "damaged")):
        state.write_text(text)
        with refused(code, "state.json"):
            Checkpoints(tmp_path).latest()


def test_scores_of_every_validation_are_kept(tmp_path):
    metric, truth = SpearmanCorrelation(), np.float32([50, np.nan, 70, 60])
    callback = callbacks.ValidationScores(tmp_path / "scores.csv", {"final": [("a", 50.0), ("c", 70.0), ("d", 60.0)]})
    callback.set_model(types.SimpleNamespace(terms=types.SimpleNamespace(metrics={"final": [metric]})))
    for epoch in range(3):
        predicted = np.float32([1 + epoch, 2, 3.0156252, 4.0000004 + epoch])
        metric.reset_state()
        for part in (slice(0, 2), slice(2, None)):
            metric.update_state(truth[part], predicted[part])
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
    callback.on_epoch_end(3, {"val_loss": math.nan})  # not validated
    rows = rows_of(tmp_path / "scores.csv")
    assert [(row["epoch"], row["video_id"]) for row in rows] == [(e, v) for e in "123" for v in "acd"]
    assert [float(row["true"]) for row in rows[:3]] == [50, 70, 60]
    assert [float(row["predicted"]) for row in rows[3:6]] == [2, 3.0156252, 5.0000005]
