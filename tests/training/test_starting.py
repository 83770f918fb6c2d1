"""What a run starts from: weights left over, KFS at its best, a trained KFS for videos without stages."""

import contextlib
import types

import keras
import pytest
from conftest import write_bars
from refusals import refused
from training_runs import SMALL, QuietRun, assert_same, changed, settings

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.scoring import ScoringRun
from scoringnet_tf.training.targets import check_stages

# === What a run starts from ===


class Scripted(keras.callbacks.Callback):
    """Frame accuracies of KFS in place of those that were measured, and its weights after each epoch."""

    def __init__(self, values):
        super().__init__()
        self.values, self.kept = iter(values), []

    def on_epoch_end(self, epoch, logs=None):
        if self.model.learned.phase == "segmentation":
            logs["val_frame_accuracy"] = next(self.values)
            self.kept.append(self.model.segmenter.get_weights())


@pytest.mark.slow
def test_sp_starts_from_kfs_at_its_best(diving_records, tmp_path):
    """Its second epoch is the best of three."""
    scripted = Scripted([0.2, 0.9, 0.1])
    QuietRun(diving_records, tmp_path / "run", scripted, segmentation_epochs=3, scoring_epochs=1).run()
    last = keras.models.load_model(tmp_path / "run/last.keras", compile=False)
    assert_same(last.segmenter.get_weights(), scripted.kept[1])
    assert any((a != b).any() for a, b in zip(scripted.kept[1], scripted.kept[2], strict=True))


@pytest.mark.parametrize("config", [None, {"seed": 9}])
@pytest.mark.parametrize("name", ["last.keras", "best.keras", "model.keras"])
def test_models_that_a_run_would_overwrite_are_left_alone(diving_records, tmp_path, name, config):
    """However often it is tried, with nothing beside them or the configuration of another run, which stays."""
    info = DatasetInfo.load(diving_records)
    (tmp_path / name).write_bytes(b"of somebody")
    if config:
        other = ScoringRun(info, settings(tmp_path, diving_records, **config))
        other.as_record().write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    for _ in range(2):
        run = ScoringRun(info, settings(tmp_path, diving_records))
        with refused("exists", name):
            run.run()
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_best_model_of_many_epochs_is_no_leftover_of_a_first_one(epochs, diving_records, tmp_path):
    """Its checkpoints and last model were deleted, its configuration and figures were not."""
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, training="joint", epochs=9))
    run.as_record().write(tmp_path)
    (tmp_path / "best.keras").write_bytes(b"of somebody")
    (tmp_path / "joint.csv").write_text("epoch,loss\n" + "0,1.5\n" * epochs)
    with refused("exists", "best.keras") if epochs > 1 else contextlib.nullcontext():
        run.record()


def test_a_run_does_not_begin_in_the_folder_of_a_preset(diving_records, tmp_path):
    """Even where its own configuration is there: `model.keras` is what no run writes."""
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records))
    run.record()
    run.record()
    (tmp_path / "model.keras").write_bytes(b"of somebody")
    with refused("exists", "model.keras"):
        run.record()


def test_a_start_within_the_folder_is_refused_however_it_is_written(diving_records, tmp_path, monkeypatch):
    """Even where this very run left it there in its first epoch."""
    monkeypatch.chdir(tmp_path)
    info = DatasetInfo.load(diving_records)
    options = settings("run", diving_records, initial_model=str(tmp_path / "run/best.keras"))
    made = ScoringRun(info, settings("run", diving_records))
    (tmp_path / "run").mkdir()
    made.model.save(tmp_path / "run/best.keras")
    run = ScoringRun(info, options)
    run.as_record().write("run")
    with refused("start_in_model_dir", "--initial_model"):
        run.run()
    assert (tmp_path / "run/best.keras").is_file()


def test_patience_needs_videos_that_are_held_out(diving_records, tmp_path):
    changes = {"patience": 3, "validation_fraction": 0.0}
    with refused("nothing_held_out", "run.patience=3"):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"validation_fraction": 0.1}, "few_held_out", ["--validation_fraction=0.1", "1 video"]),
        ({"accumulation_steps": 3, "epochs": 1}, "nothing_learned", ["accumulation_steps=3", "2 batches"]),
    ],
)
def test_what_would_choose_or_learn_nothing_is_refused(changes, code, named, diving_records, tmp_path):
    changes = {"training": "joint", **changes}
    with refused(code, *named):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))


def test_kfs_alone_needs_no_scores_to_choose_by(diving_records, tmp_path):
    changes = {"training": "staged", "scoring_epochs": 0, "validation_fraction": 0.1}
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


@pytest.mark.slow
def test_a_trained_kfs_is_used_and_not_trained(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=str(tmp_path / "model.keras"))
    trained = build_network(info, options, "float32")
    trained.scores_learned = True
    trained.save(tmp_path / "model.keras")
    best = ScoringRun(info, options).run()
    model = keras.models.load_model(best, compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())
    tower = "difficulty_tower"
    weights = [network.score_predictor.get_layer(tower).get_weights() for network in (trained, model)]
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


@pytest.mark.slow
def test_the_kfs_of_an_initial_model_serves_videos_without_stages(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, initial_model=str(tmp_path / "model.keras"))
    trained = build_network(info, changed(options, start="scratch"), "float32")
    trained.scores_learned = True
    trained.save(tmp_path / "model.keras")
    model = keras.models.load_model(ScoringRun(info, options).run(), compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({}, "no_segmenter", ["--segmentation_epochs=0", "--segmenter"]),
        ({"segmenter": "x", "fragments": "true"}, "no_stages", ["--fragments=predicted"]),
        ({"segmenter": "no.keras"}, "not_found", ["--segmenter=no.keras"]),
    ],
)
def test_what_videos_without_stages_need_is_said(unlabelled_records, tmp_path, changes, code, named):
    options = settings(tmp_path / "run", unlabelled_records, **{**WITH_KFS, **changes})
    with refused(code, *named):
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
        with refused("no_stages", "records", f"{unlabelled} frames"):
            check_stages(info, asked)


def test_a_kfs_that_is_built_otherwise_is_refused(unlabelled_records, tmp_path):
    scoringnet_tf.ScoringNet(**{**SMALL, "width_multiplier": 1 / 8}).save(tmp_path / "wide.keras")
    path = str(tmp_path / "wide.keras")
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=path)
    with pytest.raises(InputError):
        ScoringRun(DatasetInfo.load(unlabelled_records), options).run()
