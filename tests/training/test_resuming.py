"""Runs go on after a kill, to the bit; what they leave and refuse. `test_joint_run` kills one without averages."""

import dataclasses
import json
import math
import shutil
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import (
    KilledError,
    QuietRun,
    assert_same,
    kill_after_epoch,
    rows_of,
    settings,
    weights_after,
    weights_beside,
)

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.metrics import SpearmanCorrelation
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.files import locked
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.scoring import ScoringRun


def copy_before_checkpoint(monkeypatch, epoch, model_dir, target):
    """Copies a run's folder as a kill leaves it in the checkpoint of an epoch (1-based, all phases)."""
    save, seen = keras.Model.save_weights, []

    def copying(self, *arguments, **options):
        seen.append(self)
        if len(seen) == epoch:
            shutil.copytree(model_dir, target)
        save(self, *arguments, **options)

    monkeypatch.setattr(keras.Model, "save_weights", copying)


def kill_at_each(monkeypatch, records, model_dir, killed_at, saved, **changes):
    """Goes on from `saved` epochs until just before the checkpoint of the first of these, and from there to the next.

    Epochs are counted over all phases, from 1.
    """
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
        ({"ema_momentum": 0.8, "scores": "final"}, (1, 2, 4)),
        ({"ema_momentum": 0.8, "scores": "final", "validation_fraction": 0.0}, (2, 3)),
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
        "averages, first epoch, end of KFS, last epoch of SP",
        "averages, nothing held out, end of KFS, SP after the average of KFS",
        "joint, scheduled fragments, averages, in the middle of an accumulation, not validated before",
    ],
)
def test_killed_run_ends_with_the_same_weights(diving_records, tmp_path, monkeypatch, changes, killed_at):
    """As one that nothing disturbed, whose folder at the first kill it starts with; when it has ended it stays."""
    first, *later = killed_at
    with monkeypatch.context() as patch:
        copy_before_checkpoint(patch, first, tmp_path / "straight", tmp_path / "killed")
        straight = weights_after(diving_records, tmp_path / "straight", **changes)
    kill_at_each(monkeypatch, diving_records, tmp_path / "killed", later, first - 1, **changes)
    resumed = weights_after(diving_records, tmp_path / "killed", **changes)
    assert_same(straight, resumed)
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


# Without colour jitter, whose mean is that of the decoded frames, and noise, which is drawn for them alone.
STAGED = {"validation_every": 2, "color_jitter": 0, "degradation": 0}


@pytest.fixture(scope="module")
def staged(diving_records, tmp_path_factory):
    """(A run that has ended, the model that it said is the best.)"""
    options = settings(tmp_path_factory.mktemp("staged"), diving_records, **STAGED, test_scores=True)
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    return run, run.run()


@pytest.mark.slow
def test_frames_that_sp_does_not_see_and_test_scores_change_nothing(staged, diving_records, tmp_path):
    """The weights agree to the bit with those of `staged`, which did not decode the ones, and kept the others."""

    class AllFrames(QuietRun):
        def frames_of_interest(self, phase):
            return {}

    assert_same(weights_beside(staged[1]), weights_beside(AllFrames(diving_records, tmp_path, **STAGED).run()))


ALONE = {**STAGED, "scoring_epochs": 0, "validation_every": 1, "clip_lengths": [4, 4], "alpha": 3.0}


@pytest.fixture(scope="module")
def kfs_alone(diving_records, tmp_path_factory):
    """The folder of a run of KFS alone, of an epoch and of one more; the settings of SP are not those of `staged`."""
    folder = tmp_path_factory.mktemp("alone")
    for epochs in (1, 2):
        weights_after(diving_records, folder, **ALONE, segmentation_epochs=epochs)
    return folder


@pytest.mark.slow
def test_a_finished_run_of_kfs_alone_is_extended(staged, kfs_alone, diving_records):
    """One epoch and one more are the two that KFS had before SP."""
    with refused("other_run", "--scoring_epochs"):
        weights_after(diving_records, kfs_alone, **{**ALONE, "scoring_epochs": 2}, segmentation_epochs=2)
    assert [row["epoch"] for row in rows_of(kfs_alone / "segmentation.csv")] == ["0", "1"]
    losses = [
        [row["loss"] for row in rows_of(folder / "segmentation.csv")] for folder in (staged[0].model_dir, kfs_alone)
    ]
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_kfs_trained_alone_is_that_of_a_staged_run_and_serves_others(staged, kfs_alone, diving_records, tmp_path):
    """Whatever SP's settings are: `staged` went on with that of its second epoch, the only one that it validated."""
    best, last, kept = (
        keras.models.load_model(path, compile=False).segmenter.get_weights()
        for path in (staged[1], kfs_alone / "last.keras", kfs_alone / "best.keras")
    )
    assert_same(best, last)
    changes = {"segmentation_epochs": 0, "segmenter": str(kfs_alone), "scoring_epochs": 1, "scores": "final"}
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **STAGED, **changes))
    assert [phase.name for phase in run.phases] == ["scoring"]
    assert_same(kept, keras.models.load_model(run.run(), compile=False).segmenter.get_weights())


@pytest.mark.slow
def test_test_scores_are_those_of_the_model_after_the_epoch(staged, diving_records):
    """Of every test video and score, in the epoch that was validated; by the model called on each video alone."""
    run, _ = staged
    rows = rows_of(run.model_dir / "scoring_test_scores.csv")
    model, info = keras.models.load_model(run.model_dir / "last.keras", compile=False), run.info
    ids = info.split("test")["ids"]
    told = [(row["epoch"], row["score"], row["video_id"]) for row in rows]
    assert sorted(told) == sorted(("2", score, video_id) for score in SCORES for video_id in ids)
    found = {}
    for inputs, _, about in run.videos("test", batch_size=1, with_info=True):
        outputs = model(inputs, training=False)
        found |= {(score, about["id"].numpy()[0].decode()): float(outputs[score][0]) for score in SCORES}
    for row in rows:
        assert float(row["true"]) == pytest.approx(info.videos[row["video_id"]][row["score"]])
        assert float(row["predicted"]) == pytest.approx(found[row["score"], row["video_id"]], abs=1e-3)
    assert not (run.model_dir / "segmentation_test_scores.csv").exists()


def test_test_scores_are_of_the_weights_that_were_validated(diving_records, tmp_path):
    """Between validations the model has the weights, and not their averages; without any it has the weights always."""
    info = DatasetInfo.load(diving_records)
    asked = {"training": "joint", "fragments": "whole", "scores": "final", "test_scores": True}
    for fraction, expected in ((0.3, ["2"]), (0.0, ["1", "2"])):
        run = ScoringRun(info, settings(tmp_path, diving_records, **asked, validation_fraction=fraction))
        run.folder = tmp_path / str(fraction)
        run.folder.mkdir()
        run.begin(run.phases[0], resumed=True)
        (scores,) = (
            each for each in run.further_callbacks(run.phases[0], run.folder) if isinstance(each, callbacks.TestScores)
        )
        scores.set_model(run.model)
        for epoch, loss in enumerate((math.nan, 1.0)):
            scores.on_epoch_begin(epoch)
            scores.on_epoch_end(epoch, {"val_loss": loss})
        rows = rows_of(run.folder / "joint_test_scores.csv")
        assert [*dict.fromkeys(row["epoch"] for row in rows)] == expected


def test_test_scores_need_test_videos_and_the_weights_that_are_kept(diving_records, tmp_path):
    """Averages of the weights are in the model at a validation alone."""
    asked = {"test_scores": True, "validation_fraction": 0.0}
    with refused("nothing_held_out", "run.test_scores"):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **asked, ema_momentum=0.9))
    info = DatasetInfo.load(diving_records)
    without = dataclasses.replace(info, splits={"train": info.splits["train"]})
    with refused("no_test_split", "run.test_scores"):
        ScoringRun(without, settings(tmp_path, diving_records, **asked))


@pytest.mark.slow
def test_a_run_leaves_what_it_promises(staged, diving_records):
    run, best = staged
    assert best == run.model_dir / "best.keras"
    config = json.loads((run.model_dir / "config.json").read_text())
    assert config["data_hash"] == DatasetInfo.load(diving_records).data_hash
    assert config["configuration"]["loss"]["alpha"] == 1.0
    assert config["validation_ids"] == run.validation_ids and len(run.validation_ids) == 2
    assert {"tensorflow", "keras", "scoringnet_tf"} <= set(config["versions"])
    names = {"val_d_src", "val_e_src", "val_f_src", "val_frame_accuracy", "val_frame_accuracy/entry", "val_loss"}
    for phase in ("segmentation", "scoring"):
        rows = rows_of(run.model_dir / f"{phase}.csv")
        assert [row["epoch"] for row in rows] == ["0", "1"]
        assert names <= set(rows[0])
        assert [math.isnan(float(row["val_loss"])) for row in rows] == [True, False]
    curves = run.model_dir / "tensorboard"
    assert {"epoch_loss", "epoch_learning_rate", "epoch_execution_ranking"} <= event_tags(curves / "scoring/train")
    assert {"epoch_f_src", "epoch_loss"} <= event_tags(curves / "scoring/validation")
    assert "epoch_stage_loss" in event_tags(curves / "segmentation/train")
    assert event_tags(curves / "scoring/pictures") == {"validation/stages", "validation/scores"}
    assert event_tags(curves / "segmentation/pictures") == {"validation/stages"}  # SP has not learned


def event_tags(log_dir):
    records = tf.data.TFRecordDataset([str(path) for path in log_dir.glob("events.*")])
    events = (tf.compat.v1.Event.FromString(record.numpy()) for record in records)
    return {value.tag for event in events for value in event.summary.value}


def test_a_second_run_does_not_train_in_the_folder_of_one_that_is_under_way(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records))
    (tmp_path / "run").mkdir(exist_ok=True)
    with locked(tmp_path / "run", "held"), refused("busy", tmp_path / "run"):
        run.run()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["lock"], "a run that is refused changes nothing"


@pytest.mark.slow
def test_non_finite_loss_says_where_to_look(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, learning_rate=1e30))
    with refused("not_finite", "stage_loss"):
        run.run()
    assert int(run.model.optimizer.iterations) <= 2  # it trains no further
    assert Checkpoints(tmp_path).latest() == (None, None)  # nothing to go on from


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoints/scoring_0001").mkdir(parents=True)
    (tmp_path / "checkpoints/scoring_0001/state.json").write_text("{")
    with refused("damaged_json", "state.json"):
        Checkpoints(tmp_path).latest()
    (tmp_path / "checkpoints/scoring_0001/state.json").write_text('{"steps_done": 3, "epoch": 3}')
    with refused("damaged", "state.json", "phase"):
        Checkpoints(tmp_path).latest()
    with refused("not_found", "model.weights.h5"):
        Checkpoints(tmp_path).restore(None, tmp_path / "checkpoints/scoring_0001")


def test_the_checkpoint_of_most_steps_is_the_newest(tmp_path):
    """Not the last by name: scoring comes before segmentation there, and 9 after 10."""
    for name, steps in (("segmentation_0002", 2), ("scoring_0010", 12), ("scoring_0009", 11)):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps({"steps_done": steps, "phase": name[:-5], "epoch": 2}))
    assert Checkpoints(tmp_path).latest()[0].name == "scoring_0010"


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
        validate(first, metric, epoch, truth, [1 + epoch, 2, 3.0156252, 4.0000004 + epoch])
    first.on_epoch_begin(3)
    first.on_epoch_end(3, {"val_loss": math.nan})  # not validated
    with (tmp_path / "scores.csv").open("a") as file:
        file.write("4,final,a")  # a kill in the middle
    before = (tmp_path / "scores.csv").read_text()
    validate(made(), metric, 2, truth, [3, 2, 3.0156252, 6.0000004])
    rows = rows_of(tmp_path / "scores.csv")
    assert [(row["epoch"], row["video_id"]) for row in rows] == [(e, v) for e in "123" for v in "acd"]
    assert [float(row["true"]) for row in rows[:3]] == [50, 70, 60]
    assert [float(row["predicted"]) for row in rows[3:6]] == [2, 3.0156252, 5.0000005]  # not a digit is lost
    assert (tmp_path / "scores.csv").read_text() == before.removesuffix("4,final,a")
