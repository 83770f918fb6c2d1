"""What a run reads, and what it leaves: every model once, calibrated, also if it is killed at the end."""

import collections
import dataclasses
import types

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import KilledError, assert_same, eagerly, scoring_run, settings, trained, trained_by, weights_beside

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.calibration import is_calibrated
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support.files import locked
from scoringnet_tf.training import train
from scoringnet_tf.training.config import PretrainingConfig
from scoringnet_tf.training.finish import finish
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.plan import LAST, Phase

OPTIONS = {"training": "joint", "epochs": 1, "lr_multipliers": {}, "scores": "final", "reference": True}


@pytest.fixture
def reads(monkeypatch):
    """How often each file was read as a model, by its name."""
    load, seen = keras.models.load_model, collections.Counter()

    def counting(path, *arguments, **options):
        seen[path.name] += 1
        return load(path, *arguments, **options)

    monkeypatch.setattr(keras.models, "load_model", counting)
    return seen


@pytest.mark.slow
def test_every_model_to_start_from_is_read_once(diving_records, tmp_path, reads):
    info, config = DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records)
    for name in ("whole", "kfs"):
        trained(build_network(info, config, "float32")).save(tmp_path / f"{name}.keras")
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16).save(tmp_path / "c3d.keras")
    starts = {name: str(tmp_path / f"{name}.keras") for name in ("whole", "kfs", "c3d")}
    frozen = {"kfs": 0, "execution": 0}
    both = {"initial_model": starts["whole"], "segmenter": starts["kfs"], "lr_multipliers": frozen}
    for changes, files in (
        (both, ["whole.keras", "kfs.keras"]),
        ({"pretrained": starts["c3d"]}, ["c3d.keras"]),
        ({"backbone": f"{starts['c3d']}:conv2a", "lr_multipliers": {}}, ["c3d.keras"]),
    ):
        reads.clear()
        scoring_run(diving_records, tmp_path / "run", **changes)
        assert reads == dict.fromkeys(files, 1)
    assert not (tmp_path / "run").exists(), "a check has changed something"


# === The end of a run, without a training ===


def network(number):
    """A model whose one weight is a number."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.full((1, 1), number, "float32")])
    return model


def weight_in(path):
    return keras.models.load_model(path, compile=False).get_weights()[0].item()


def at_its_end(folder, worker=0, kept=None):
    """A run with its last epoch behind it, whose weight is 1; `kept` was the weight at its best validation."""
    if kept is not None:
        (folder / "checkpoints").mkdir()
        network(kept).save(folder / "checkpoints/joint.keras")
    run = types.SimpleNamespace(model_dir=folder, phases=[Phase("kfs", 1), Phase("joint", 1)], best="best.keras")
    vars(run).update(worker=worker, workers=1, model=network(1), config=PretrainingConfig())
    return run


@pytest.mark.parametrize(("kept", "left"), [(None, {"last.keras": 1}), (2, {"best.keras": 2, "last.keras": 1})])
def test_the_first_of_several_machines_alone_writes_what_was_best_and_what_was_last(tmp_path, kept, left):
    for worker, written in ((1, {}), (0, left)):
        folder = tmp_path / f"{worker}"
        folder.mkdir()
        assert finish(at_its_end(folder, worker, kept)) == folder / min(left)
        assert {path.name: weight_in(path) for path in folder.glob("*.keras")} == written


@pytest.mark.parametrize(
    ("best", "last", "is_left"),
    [(2, None, True), (3, None, False), (3, 4, True)],
    ids=["killed before the last model", "of an earlier end", "ended before"],
)
def test_what_a_run_has_written_at_its_end_is_left(tmp_path, best, last, is_left):
    """A best model that is not the run's stays only if the last one says that the run had ended."""
    run = at_its_end(tmp_path, kept=2)
    network(best).save(tmp_path / "best.keras")
    if last is not None:
        network(last).save(tmp_path / "last.keras")
    before = (tmp_path / "best.keras").read_bytes()
    finish(run)
    assert ((tmp_path / "best.keras").read_bytes() == before) == is_left
    assert [weight_in(tmp_path / name) for name in ("best.keras", "last.keras")] == [best if is_left else 2, last or 1]


def test_a_model_that_is_damaged_is_named(tmp_path):
    run = at_its_end(tmp_path, kept=2)
    (tmp_path / "checkpoints/joint.keras").write_bytes(b"damaged")
    with refused("damaged_model", "--model_dir", "joint.keras"):
        finish(run)


def test_the_end_of_a_run_is_its_own(tmp_path):
    with locked(tmp_path, "held"), refused("busy"):
        finish(at_its_end(tmp_path))


@pytest.fixture(scope="module")
def labelled_run(diving_features, tmp_path_factory):
    """A run of features, as if trained, with its best model kept: what its videos are like can be measured."""
    run = scoring_run(diving_features, tmp_path_factory.mktemp("run"), **OPTIONS, fragments="whole")
    run.record.write(run.model_dir)
    (run.model_dir / "checkpoints").mkdir()
    trained(run.model).save(run.model_dir / "checkpoints/joint.keras")
    return run


def test_the_best_model_is_calibrated_once_on_the_videos_of_the_run(labelled_run):
    folder, best = labelled_run.model_dir, finish(labelled_run)
    model, kept, last = (load_scoring_net(path) for path in (best, folder / "checkpoints/joint.keras", folder / LAST))
    assert model.reference.num_videos == 7 and is_calibrated(model, labelled_run.info)
    assert model.reference.intervals.num_videos == {"final": 2} and len(labelled_run.validation_ids) == 2
    assert kept.reference is None is last.reference
    assert_same(model.get_weights(), kept.get_weights())
    own = dataclasses.replace(model.reference, num_videos=3)
    model.with_dtype("float32", reference=own.get_config()).save(best)
    (folder / LAST).unlink()
    assert finish(labelled_run) == best and load_scoring_net(best).reference == own and (folder / LAST).is_file()


# === Runs that end ===


@pytest.fixture(scope="module")
def straight(diving_features, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    run = eagerly(scoring_run(diving_features, tmp_path_factory.mktemp("straight"), **OPTIONS))
    assert trained_by(run) == run.model_dir / "best.keras"
    return run.model_dir


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best.keras", "last.keras"])
def test_a_run_that_is_killed_at_its_end_ends_alike(straight, diving_features, tmp_path, monkeypatch, name):
    run, save = eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)), scoringnet_tf.ScoringNet.save

    def dying(self, path, *arguments, **options):
        if path.name == name:
            raise KilledError
        save(self, path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(scoringnet_tf.ScoringNet, "save", dying)
        with pytest.raises(KilledError):
            trained_by(run)
    figures = (tmp_path / "joint.csv").read_text()
    best = trained_by(eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)))
    assert_same(weights_beside(best), weights_beside(straight / "best.keras"))
    assert load_scoring_net(best).reference == load_scoring_net(straight / "best.keras").reference
    assert (tmp_path / "joint.csv").read_text() == figures


@pytest.mark.slow
def test_a_run_without_held_out_videos_calibrates_its_last_model_later_too(diving_features, tmp_path):
    changes = {**OPTIONS, "validation_fraction": 0.0, "reference": False, "max_steps": 1}
    last = train(settings(tmp_path, diving_features, **changes))
    assert last == tmp_path / "last.keras" and load_scoring_net(last).reference is None
    assert train(settings(tmp_path, diving_features, **changes | {"reference": True})) == last
    assert load_scoring_net(last).reference.num_videos == 7
    before = last.read_bytes()
    train(settings(tmp_path, diving_features, **changes | {"reference": True}))
    assert last.read_bytes() == before and not (tmp_path / "best.keras").exists()
