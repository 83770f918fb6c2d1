"""What a run reads, and what it leaves: every model once, calibrated, also if it is killed at the end."""

import collections
import dataclasses

import keras
import pytest
from refusals import refused
from training_runs import (
    KilledError,
    assert_same,
    eagerly,
    scoring_run,
    settings,
    trained,
    trained_by,
    weights_beside,
)

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.training import train
from scoringnet_tf.training.fit import fit
from scoringnet_tf.training.network import build_network

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


@pytest.fixture(scope="module")
def straight(diving_features, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    run = eagerly(scoring_run(diving_features, tmp_path_factory.mktemp("straight"), **OPTIONS))
    assert trained_by(run) == run.model_dir / "best.keras"
    return run.model_dir


@pytest.mark.slow
def test_the_best_model_is_calibrated_and_the_kept_one_is_as_it_was_trained(straight):
    best, kept = (load_scoring_net(straight / name) for name in ("best.keras", "checkpoints/joint.keras"))
    assert best.reference.num_videos == 7 and best.reference.intervals.half_widths == {} and kept.reference is None
    assert_same(best.get_weights(), kept.get_weights())
    assert load_scoring_net(straight / "last.keras").reference is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best.keras", "last.keras"])
def test_a_run_that_is_killed_at_its_end_ends_alike(straight, diving_features, tmp_path, monkeypatch, name):
    """Whatever it was about to write; what was trained is not trained again."""
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
    """`train` in Python does what the command does."""
    changes = {**OPTIONS, "validation_fraction": 0.0, "reference": False, "max_steps": 1}
    last = train(settings(tmp_path, diving_features, **changes))
    assert last == tmp_path / "last.keras" and load_scoring_net(last).reference is None
    assert train(settings(tmp_path, diving_features, **changes | {"reference": True})) == last
    assert load_scoring_net(last).reference.num_videos == 7
    before = last.read_bytes()
    train(settings(tmp_path, diving_features, **changes | {"reference": True}))
    assert last.read_bytes() == before and not (tmp_path / "best.keras").exists()


@pytest.mark.slow
def test_a_run_of_an_older_version_goes_on(straight, diving_features, tmp_path):
    """Its best model so far lay beside `checkpoints`; without either there is nothing to compare the next one with."""
    trained_by(eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)))
    for name in ("checkpoints/joint.keras", "last.keras"):
        (tmp_path / name).unlink()
    best = trained_by(eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)))
    assert_same(weights_beside(best), weights_beside(straight / "best.keras"))
    for name in ("checkpoints/joint.keras", "best.keras"):
        (tmp_path / name).unlink()
    with refused("not_found", "joint.keras"):
        fit(scoring_run(diving_features, tmp_path, **OPTIONS))


@pytest.mark.slow
def test_a_best_model_that_its_user_calibrated_stays_without_the_last_one(diving_features, tmp_path):
    best = trained_by(eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)))
    model = load_scoring_net(best)
    own = dataclasses.replace(model.reference, num_videos=3)
    model.with_dtype("float32", reference=own.get_config()).save(best)
    (tmp_path / "last.keras").unlink()
    trained_by(eagerly(scoring_run(diving_features, tmp_path, **OPTIONS)))
    assert load_scoring_net(best).reference == own and (tmp_path / "last.keras").is_file()
