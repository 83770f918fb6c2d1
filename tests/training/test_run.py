"""Runs: resumed to the bit, extended, stopped early, refused; what they leave; which epoch they keep."""

import csv
import json
import math
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars
from training_runs import SMALL, KilledError, assert_same, kill_after_epoch, settings, weights_after

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.checkpoints import Checkpoints, reseed
from scoringnet_tf.training.config import held_out_ids, record_config
from scoringnet_tf.training.run import Phase
from scoringnet_tf.training.scoring import ScoringRun, build_network, check_stages


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# === Runs ===


@pytest.fixture(scope="module")
def straight(diving_records, tmp_path_factory):
    """Weights of runs that nothing disturbed; each is made once."""
    made = {}

    def weights(**changes):
        key = json.dumps(changes)
        if key not in made:
            made[key] = weights_after(diving_records, tmp_path_factory.mktemp("straight"), **changes)
        return made[key]

    return weights


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "killed_at"),
    [
        ({}, 1),
        ({}, 2),
        ({}, 4),
        ({"training": "joint", "fragments": "scheduled", "epochs": 3}, 2),
        ({"ema_momentum": 0.8}, 2),
        ({"ema_momentum": 0.8, "validation_fraction": 0.0}, 3),
        ({"training": "joint", "epochs": 3, "ema_momentum": 0.8, "accumulation_steps": 3}, 3),
    ],
    ids=[
        *("first epoch", "end of KFS", "last epoch of SP", "joint, scheduled fragments"),
        *(
            "averages, end of KFS",
            "averages, SP after the average of KFS",
            "averages, in the middle of an accumulation",
        ),
    ],
)
def test_killed_run_ends_with_the_same_weights(diving_records, straight, tmp_path, monkeypatch, changes, killed_at):
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, killed_at)
        with pytest.raises(KilledError):
            weights_after(diving_records, tmp_path / "killed", **changes)
    resumed = weights_after(diving_records, tmp_path / "killed", **changes)
    assert_same(straight(**changes), resumed)
    for path in (tmp_path / "killed").glob("*.csv"):  # what was trained twice is logged once
        assert [row["epoch"] for row in rows_of(path)] == [str(epoch) for epoch in range(changes.get("epochs", 2))]


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
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_a_finished_run_is_extended(diving_records, tmp_path, momentum):
    """Four epochs at once, and two that become four, end with the same weights and figures."""
    options = {"training": "joint", "decay_steps": 3, "ema_momentum": momentum}
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


@pytest.mark.slow
def test_a_second_run_over_a_finished_one_changes_nothing(diving_records, tmp_path):
    first = weights_after(diving_records, tmp_path / "run")
    rows = (tmp_path / "run/scoring.csv").read_text()
    assert_same(first, weights_after(diving_records, tmp_path / "run"))
    assert (tmp_path / "run/scoring.csv").read_text() == rows


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
    for name in started.keys() - {"model_dir", "records_dir", "scoring_epochs"}:
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
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"Received: none that does"):
        held_out_ids(tmp_path / "best.keras")


def test_non_finite_loss_says_where_to_look(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, learning_rate=1e30))
    with pytest.raises(InputError, match=r"loss is not finite in epoch \d+ .*stage_loss .*--learning_rate"):
        run.run()
    assert Checkpoints(tmp_path).latest() == (None, None)  # nothing to go on from


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoints/scoring_0001").mkdir(parents=True)
    (tmp_path / "checkpoints/scoring_0001/state.json").write_text("{")
    with pytest.raises(InputError, match=r"state\.json: expected the state of a checkpoint"):
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


# === Draws ===


def generators(network):
    return [v for v in network.variables if v.path.endswith("seed_generator_state")]


def test_reseed_is_a_function_of_seed_and_epoch():
    network = scoringnet_tf.ScoringNet(**SMALL)
    states = []
    for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0)):
        reseed(network, seed, epoch)
        states.append([tuple(np.asarray(v)) for v in generators(network)])
    assert states[0] == states[1]
    assert len({state for epoch in (states[0], *states[2:]) for state in epoch}) == 3 * len(generators(network))


def test_no_draw_of_an_epoch_returns_in_another():
    """40 epochs of 51 steps with one generator: 2,040 draws, all different."""
    layer = keras.layers.Dropout(0.5)
    inputs = keras.Input((1,))
    model, drawn = keras.Model(inputs, layer(inputs)), []
    for epoch in range(40):
        reseed(model, 3, epoch)
        drawn += [tuple(np.asarray(layer.seed_generator.next())) for _ in range(51)]
    assert len(set(drawn)) == 2040


# === Which epoch is kept ===


class ScriptedRun(ScoringRun):
    """A run whose callbacks are driven by hand."""

    def __init__(self, model_dir, patience, every):
        self.settings = {"seed": 0, "patience": patience, "validation_every": every, "max_steps": 0}
        self.settings["ema_momentum"] = 0.0
        self.folder, self.validation_ids, self.checkpoints = model_dir, ["a"], Checkpoints(model_dir)
        self.upload = lambda: None

    def validation_names(self, phase):
        return ["val_f_src"]

    def further_callbacks(self, phase, log_dir):
        return []


def kept_epochs(values, model_dir, patience=0, every=1):
    """Scripted validation figures, epochs from 1: those that were saved as the best, and the one that stopped it."""
    run, phase, saved = ScriptedRun(model_dir, patience, every), Phase("joint", len(values)), []
    validated = run._validated_epochs(phase)
    kinds = (callbacks.NotValidated, keras.callbacks.ModelCheckpoint, keras.callbacks.EarlyStopping)
    chosen = [callback for callback in run._callbacks(phase, 0, {}, 1, None) if isinstance(callback, kinds)]
    model = types.SimpleNamespace(stop_training=False, metrics=[], save=lambda *_, **__: saved.append(epoch))
    for callback in chosen:
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, value in enumerate(values, start=1):
        logs = {"val_f_src": value} if epoch in validated else {}
        for callback in chosen:
            callback.on_epoch_begin(epoch - 1)
            callback.on_epoch_end(epoch - 1, logs)
        if model.stop_training:
            return saved, epoch
    return saved, None


@pytest.mark.parametrize(
    ("values", "every", "expected"),
    [
        ([0.1, 0.5, 0.3, 0.5, 0.6], 1, [1, 2, 5]),
        ([math.nan, -0.5, math.nan, -0.2], 1, [2, 4]),  # a first NaN is not the best
        ([math.nan, math.nan], 1, []),
        ([0.9, 0.1, 0.9, 0.2, 0.3], 2, [2, 4, 5]),  # every second is validated, and the last
    ],
)
def test_the_best_epoch_is_kept(values, every, expected, tmp_path):
    assert kept_epochs(values, tmp_path, every=every) == (expected, None)


def test_early_stopping_counts_epochs_without_a_higher_figure(tmp_path):
    assert kept_epochs([0.1, 0.4, 0.3, 0.4, 0.2, 0.9], tmp_path, patience=3) == ([1, 2], 5)


def test_a_resumed_phase_goes_on_from_its_best_and_its_patience(tmp_path):
    """A checkpoint says that 0.8 was reached and one epoch was in vain since; patience is 2."""
    run = ScriptedRun(tmp_path, patience=2, every=1)
    state = {"best": 0.8, "stopping": {"wait": 1, "best": 0.8}}
    chosen = run._callbacks(Phase("joint", 9), 4, state, 1, None)
    (best,) = (callback for callback in chosen if isinstance(callback, keras.callbacks.ModelCheckpoint))
    (stopping,) = (callback for callback in chosen if isinstance(callback, keras.callbacks.EarlyStopping))
    model = types.SimpleNamespace(stop_training=False, metrics=[], save=None)  # 0.7 is not worth saving
    for callback in (best, stopping):
        callback.set_model(model)
        callback.on_train_begin()
        callback.on_epoch_begin(4)
        callback.on_epoch_end(4, {"val_f_src": 0.7})
    assert model.stop_training


@pytest.mark.slow
def test_a_run_that_stopped_early_has_stopped(diving_records, tmp_path):
    """At a rate of 0 no figure gets better: patience of 1 ends it after the second epoch, for good."""
    options = {"training": "joint", "learning_rate": 0.0, "patience": 1, "epochs": 9}
    first = weights_after(diving_records, tmp_path, **options)
    assert [row["epoch"] for row in rows_of(tmp_path / "joint.csv")] == ["0", "1"]
    assert_same(first, weights_after(diving_records, tmp_path, **options))
    assert [row["epoch"] for row in rows_of(tmp_path / "joint.csv")] == ["0", "1"]


def test_early_stopping_goes_on_counting_after_a_kill():
    def stopped_after(values, resumed=None):
        stopping = callbacks.ResumableEarlyStopping("val_f_src", 3, resumed)
        stopping.set_model(types.SimpleNamespace(stop_training=False, metrics=[]))
        stopping.on_train_begin()
        for epoch, value in enumerate(values, start=1):
            stopping.on_epoch_end(epoch, {"val_f_src": value})
            if stopping.model.stop_training:
                return epoch, None
        return None, json.loads(json.dumps(stopping.state()))

    values = [0.4, 0.3, 0.2, 0.1, 0.0]
    assert stopped_after(values)[0] == 4
    _, state = stopped_after(values[:2])
    assert stopped_after(values[2:], state)[0] == 2


def test_the_share_of_true_fragments_falls_from_1_to_0():
    network = scoringnet_tf.ScoringNet(**SMALL)
    network.compile(fragments="scheduled")
    schedule, shares = callbacks.FragmentSchedule(), []
    schedule.set_model(network)
    schedule.set_params({"epochs": 5})
    for epoch in range(5):
        schedule.on_epoch_begin(epoch)
        shares.append(float(network.training_fragments.share))
    assert shares == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_a_run_stops_after_the_steps_it_was_given(diving_records, tmp_path):
    """In a folder where one that was killed in its first epoch left a best model: that is not this run's."""
    changes = {"training": "joint", "max_steps": 3, "batch_size": 2, "validation_fraction": 0.0}
    (tmp_path / "best.keras").touch()
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))
    assert run.run() == tmp_path / "last.keras"
    assert int(run.model.optimizer.iterations) == 3


# === What a run starts from ===


@pytest.mark.slow
def test_a_stale_segmenter_replaces_nothing(diving_records, tmp_path):
    """What an earlier run left of KFS in the folder is not loaded by a run that trains none."""
    info, path = DatasetInfo.load(diving_records), str(tmp_path / "model.keras")
    first = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    first.save(path)
    (tmp_path / "run").mkdir()
    stale = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    stale.save(tmp_path / "run/segmentation.keras")
    stale.segmenter.save_weights(tmp_path / "run/segmenter.weights.h5")
    options = settings(tmp_path / "run", diving_records, segmentation_epochs=0, scoring_epochs=1, initial_model=path)
    best = keras.models.load_model(ScoringRun(info, options).run(), compile=False)
    assert_same(first.segmenter.get_weights(), best.segmenter.get_weights())


@pytest.mark.slow
def test_sp_starts_from_kfs_at_its_best(diving_records, tmp_path, monkeypatch):
    """The figures of KFS are scripted: its second epoch is the best of three."""
    values, kept, complete = iter([0.2, 0.9, 0.1]), [], callbacks.NotValidated.on_epoch_end

    def scripted(self, epoch, logs=None):
        if self.model.learned.phase == "segmentation":
            logs["val_frame_accuracy"] = next(values)
            kept.append(self.model.segmenter.get_weights())
        complete(self, epoch, logs)

    monkeypatch.setattr(callbacks.NotValidated, "on_epoch_end", scripted)
    weights_after(diving_records, tmp_path / "run", segmentation_epochs=3, scoring_epochs=1)
    last = keras.models.load_model(tmp_path / "run/last.keras", compile=False)
    assert_same(last.segmenter.get_weights(), kept[1])
    assert any((a != b).any() for a, b in zip(kept[1], kept[2], strict=True))


def test_models_that_a_run_would_overwrite_are_left_alone(diving_records, tmp_path):
    (tmp_path / "last.keras").write_bytes(b"of somebody")
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records))
    with pytest.raises(InputError, match=r"expected a new folder.*Received: last\.keras without checkpoints"):
        run.run()
    assert (tmp_path / "last.keras").read_bytes() == b"of somebody"


def test_patience_needs_videos_that_are_held_out(diving_records, tmp_path):
    changes = {"patience": 3, "validation_fraction": 0.0}
    with pytest.raises(InputError, match="--patience=3: expected held-out videos"):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))


def test_joint_training_needs_no_epochs_of_kfs(diving_records, tmp_path):
    """--segmentation_epochs belongs to staged training alone."""
    changes = {"training": "joint", "segmentation_epochs": 0}
    ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))


# === A trained KFS for videos without stage labels ===


@pytest.fixture(scope="module")
def unlabelled_records(tmp_path_factory):
    """Eight videos with scores and no stages."""
    folder = tmp_path_factory.mktemp("unlabelled")
    rows = ["video,difficulty,execution,final,split"]
    for number in range(8):
        write_bars(folder / f"{number}.avi", 20, number)
        difficulty, execution = 3.0 + 0.1 * number, 20.0 + 0.5 * number
        rows.append(f"{number}.avi,{difficulty:.1f},{execution},{difficulty * execution:.2f},train")
    (folder / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", folder, folder / "records", BuildSettings((36, 48)), workers=1, sport="diving")
    return folder / "records"


WITH_KFS = {"fragments": "predicted", "segmentation_epochs": 0, "scoring_epochs": 1}


def test_a_trained_kfs_is_used_and_not_trained(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=str(tmp_path / "model.keras"))
    trained = build_network(info, options, "float32")
    trained.save(tmp_path / "model.keras")
    best = ScoringRun(info, options).run()
    model = keras.models.load_model(best, compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())
    tower = "difficulty_tower"
    weights = [network.score_predictor.get_layer(tower).get_weights() for network in (trained, model)]
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


def test_the_kfs_of_an_initial_model_serves_videos_without_stages(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, initial_model=str(tmp_path / "model.keras"))
    trained = build_network(info, {**options, "initial_model": None}, "float32")
    trained.save(tmp_path / "model.keras")
    model = keras.models.load_model(ScoringRun(info, options).run(), compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"expected stage labels .*Give a trained KFS \(--segmenter\)"),
        ({"segmenter": "x", "fragments": "true"}, "--segmenter: expected --training=staged --fragments=predicted"),
        ({"segmenter": "x", "training": "joint"}, "--segmenter: expected .*Received: --training=joint"),
        ({"segmenter": "no.keras"}, r"--segmenter=no\.keras: expected a \.keras file"),
    ],
)
def test_what_videos_without_stages_need_is_said(unlabelled_records, tmp_path, changes, message):
    options = settings(tmp_path / "run", unlabelled_records, **{**WITH_KFS, **changes})
    with pytest.raises(InputError, match=message):
        ScoringRun(DatasetInfo.load(unlabelled_records), options).run()


@pytest.mark.parametrize(
    ("unlabelled", "changes", "allowed"),
    [
        (0, {"fragments": "true"}, True),
        (7, {"fragments": "true"}, False),
        (7, {"fragments": "scheduled"}, True),
        (100, {"fragments": "predicted"}, False),
        (100, {"fragments": "predicted", "segmenter": "kfs.keras"}, True),
        (100, {"fragments": "predicted", "initial_model": "x.keras", "segmentation_epochs": 0}, True),
        (100, {"fragments": "predicted", "initial_model": "x.keras", "segmentation_epochs": 1}, False),
    ],
)
def test_what_partly_labelled_videos_allow(unlabelled, changes, allowed):
    """Of 100 frames some have no stage."""
    counts = {"noise": 100 - unlabelled, "unlabelled": unlabelled}
    info = types.SimpleNamespace(records_dir="records", stage_frames={"train": counts})
    asked = settings("run", "records", **changes)
    if allowed:
        check_stages(info, asked)
    else:
        with pytest.raises(InputError, match=rf"records: expected stage labels .*Received: {unlabelled} frames"):
            check_stages(info, asked)


def test_a_kfs_that_is_built_otherwise_is_refused(unlabelled_records, tmp_path):
    scoringnet_tf.ScoringNet(**{**SMALL, "width_multiplier": 1 / 8}).save(tmp_path / "wide.keras")
    path = str(tmp_path / "wide.keras")
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=path)
    with pytest.raises(InputError, match=r"expected a KFS like the one .*width_multiplier 0\.125 instead of 0\.0625"):
        ScoringRun(DatasetInfo.load(unlabelled_records), options).run()


# === What is shown ===


def test_the_bar_shows_no_scores_of_an_untrained_sp(diving_records, tmp_path):
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records))
    assert list(run.shown(Phase("segmentation", 1)).values()) == ["frames"]
    for name in ("scoring", "joint"):
        assert list(run.shown(Phase(name, 1)).values()) == ["frames", "D-SRC", "E-SRC", "F-SRC"]
