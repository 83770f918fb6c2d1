"""What a run starts from: weights left over, KFS at its best, a trained KFS for videos without stage labels."""

import contextlib
import copy
import dataclasses
import pathlib

import keras
import pytest
from conftest import write_bars
from refusals import refused
from training_runs import SMALL, WatchedRun, assert_same, batch, changed, eagerly, scoring_run, settings, trained

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.scoring import ScoringRun


class Scripted(keras.callbacks.Callback):
    """Frame accuracies of KFS in place of those that were measured, and its weights after each epoch."""

    def __init__(self, values):
        super().__init__()
        self.values, self.kept = iter(values), []

    def on_epoch_end(self, epoch, logs=None):
        if self.model.terms.phase == "segmentation":
            logs["val_frame_accuracy"] = next(self.values)
            self.kept.append(self.model.segmenter.get_weights())


@pytest.mark.slow
def test_sp_starts_from_kfs_at_its_best(diving_features, tmp_path):
    """Its second epoch is the best of three."""
    scripted = Scripted([0.2, 0.9, 0.1])
    options = {"segmentation_epochs": 3, "scoring_epochs": 1, "scores": "final", "lr_multipliers": {}}
    eagerly(WatchedRun(diving_features, tmp_path / "run", scripted, **options)).run()
    last = keras.models.load_model(tmp_path / "run/last.keras", compile=False)
    assert_same(last.segmenter.get_weights(), scripted.kept[1])
    assert any((a != b).any() for a, b in zip(scripted.kept[1], scripted.kept[2], strict=True))


@pytest.fixture(scope="module")
def run(diving_records, tmp_path_factory):
    """One whose folder tests choose."""
    return scoring_run(diving_records, tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("beside", ["nothing", "another run", "this run"])
@pytest.mark.parametrize("name", ["last.keras", "best.keras", "model.keras"])
def test_models_that_a_run_would_overwrite_are_left_alone(run, tmp_path, name, beside):
    """However often it is tried. Beside its own configuration a best model is what a kill in the first epoch left."""
    run.model_dir = tmp_path
    (tmp_path / name).write_bytes(b"of somebody")
    if beside != "nothing":
        data_hash = run.info.data_hash if beside == "this run" else "another"
        dataclasses.replace(run.as_record(), data_hash=data_hash).write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    is_left_by_it = (name, beside) == ("best.keras", "this run")
    for _ in range(2):
        with contextlib.nullcontext() if is_left_by_it else refused("exists", name):
            run.record()
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}.keys() == before.keys()
        assert (tmp_path / name).read_bytes() == b"of somebody"


@pytest.mark.parametrize("place", ["", "best.keras", "mine.keras"])
def test_a_model_to_start_from_is_not_overwritten(run, tmp_path, monkeypatch, place):
    """Not even by a run that may have left it there in its first epoch; however its folder is written."""
    run, run.model_dir = copy.copy(run), tmp_path
    run.config = changed(run.config, initial_model=str(tmp_path / place))
    run.as_record().write(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    (tmp_path / (place or "best.keras")).touch()
    monkeypatch.chdir(tmp_path.parent)
    run.model_dir = pathlib.Path(tmp_path.name)
    with refused("start_in_model_dir", "--initial_model"):
        run.record()
    assert (tmp_path / "config.json").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"patience": 3, "validation_fraction": 0.0}, "nothing_held_out", ["run.patience=3"]),
        ({"validation_fraction": 0.1}, "few_held_out", ["--validation_fraction=0.1", "1 video"]),
        ({"accumulation_steps": 3, "epochs": 1}, "nothing_learned", ["accumulation_steps=3", "2 batches"]),
    ],
)
def test_what_would_choose_or_learn_nothing_is_refused(changes, code, named, diving_records, tmp_path):
    with refused(code, *named):
        scoring_run(diving_records, tmp_path / "run", **{"training": "joint", **changes})
    assert not (tmp_path / "run").exists()


def test_a_best_model_of_several_epochs_is_left_alone_where_its_checkpoints_are_gone(run, tmp_path):
    """By the same command, which replaces what a kill in the first epoch left."""
    run.model_dir = tmp_path
    run.record()
    (tmp_path / "segmentation.keras").write_bytes(b"of hours")
    rows = ["epoch,loss", "0,3", "1,2"]
    for length, code in ((2, None), (3, "exists")):
        (tmp_path / "segmentation.csv").write_text("\n".join(rows[:length]))
        with refused(code, "segmentation.keras") if code else contextlib.nullcontext():
            run.record()


@pytest.mark.parametrize("labelled", [0, 1])
def test_stage_labels_of_held_out_videos_alone_end_a_run_after_an_epoch(run, labelled):
    """A label in a single training video is enough; an epoch that was cut short may have missed it."""
    (phase, scoring), (inputs, targets) = run.phases, batch()
    run.begin(phase, resumed=False)
    targets["stages"][labelled:] = -1
    run.model.compute_loss(y=targets, y_pred=run.model(inputs))
    logs = {"stage_loss": float(run.model.terms.trackers["stage_loss"].result())}
    run.folder = run.model_dir
    (check,) = run.further_callbacks(phase)
    run.model.stop_training = True
    check.on_epoch_end(0, logs)
    run.model.stop_training = False
    with contextlib.nullcontext() if labelled else refused("no_stages", run.info.records_dir):
        check.on_epoch_end(0, logs)
    assert len(run.further_callbacks(scoring)) == 1  # it keeps scores


def test_kfs_alone_needs_no_scores_to_choose_by_and_joint_training_no_epochs_of_kfs(diving_records, tmp_path):
    scoring_run(diving_records, tmp_path, training="staged", scoring_epochs=0, validation_fraction=0.1)
    scoring_run(diving_records, tmp_path, training="joint", segmentation_epochs=0)


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


WITH_KFS = {"fragments": "predicted", "segmentation_epochs": 0, "scoring_epochs": 1, "scores": "final"}
WITH_KFS |= {"validation_fraction": 0.0}


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["segmenter", "initial_model"])
def test_a_trained_kfs_is_used_and_not_trained(unlabelled_records, tmp_path, flag):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, **{flag: str(tmp_path / "model.keras")})
    first = trained(build_network(info, changed(options, start="scratch"), "float32", ["final"]))
    first.save(tmp_path / "model.keras")
    model = keras.models.load_model(eagerly(ScoringRun(info, options)).run(), compile=False)
    assert_same(first.segmenter.get_weights(), model.segmenter.get_weights())
    towers = [network.score_predictor.towers["final"].get_weights() for network in (first, model)]
    assert any((a != b).any() for a, b in zip(*towers, strict=True))


@pytest.mark.parametrize(
    ("segmenter", "code"), [(None, "no_segmenter"), ("no.keras", "not_found"), ("wide.keras", "other_model")]
)
def test_a_kfs_that_is_missing_or_built_otherwise_is_refused(unlabelled_records, tmp_path, segmenter, code):
    if code == "other_model":
        scoringnet_tf.ScoringNet(**{**SMALL, "width_multiplier": 1 / 8}).save(tmp_path / segmenter)
    start = {"segmenter": str(tmp_path / segmenter)} if segmenter else {}
    with refused(code, "--seg"):
        scoring_run(unlabelled_records, tmp_path / "run", **WITH_KFS, **start).run()
