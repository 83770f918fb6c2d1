"""A run in full: what it is made of and goes on record, and whose videos its weights will have learned from."""

import dataclasses
import json

import numpy as np
import pytest
from refusals import refused
from tiny_records import feature_video, write_records
from training_runs import assert_same, pretraining_settings, scoring_run, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.training import pretraining, scoring
from scoringnet_tf.training.calibration_split import held_out_by_run
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import hashed, resolve
from scoringnet_tf.training.run_record import RunRecord

STAGED = {"scores": "final", "lr_multipliers": {}, "validation_fraction": 0.5}
KEPT_KFS = {**STAGED, "segmentation_epochs": 0, "fragments": "predicted"}
WHOLE = {"fragments": "whole", "scores": "final", "training": "joint", "lr_multipliers": {}, "validation_fraction": 0.5}


def records_of(folder, scores):
    """Records of a video of six steps, two in each stage, for every final score."""
    rng, videos = np.random.default_rng(int(scores[0])), []
    for number, score in enumerate(scores):
        values, stages = rng.normal(size=(6, 4)).astype("float32"), [1, 1, 2, 2, 3, 3]
        video = feature_video(f"{number}", values, stages, difficulty=2.0, execution=score / 2, final=score)
        videos.append(dataclasses.replace(video, sha256=f"{number}" * 64))
    return write_records(folder, {"train": videos})


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return records_of(tmp_path_factory.mktemp("records") / "records", [60.0, 61.0, 64.0, 68.0])


@pytest.fixture(scope="module")
def saved(records, tmp_path_factory):
    """The bytes of a model of the records, as if trained."""
    folder = tmp_path_factory.mktemp("saved")
    trained(scoring_run(records, folder / "none", **STAGED).model).save(folder / "best.keras")
    return (folder / "best.keras").read_bytes()


@pytest.fixture
def first(saved, tmp_path):
    """The path of that model, with nothing beside it."""
    path = tmp_path / "first/best.keras"
    path.parent.mkdir()
    path.write_bytes(saved)
    return path


def own_videos(run):
    """What the training videos of a run show."""
    return {shown(run.info.videos[video_id]) for video_id in run.train_ids}


@pytest.mark.parametrize("flag", ["pretrained", "initial_model", "segmenter"])
def test_a_damaged_start_is_named_by_its_flag(records, first, flag):
    first.write_bytes(b"damaged")
    settings = KEPT_KFS if flag == "segmenter" else STAGED
    with refused("damaged_model", f"--{flag}={first}"):
        scoring_run(records, first.parent / "run", **settings, **{flag: str(first)})


def test_what_a_run_is_made_of(records, tmp_path):
    run = scoring_run(records, tmp_path, **STAGED, precision="float32")
    assert (run.task, run.worker, run.workers, run.dtype) == (scoring, 0, 1, "float32")
    assert [phase.name for phase in run.phases] == ["segmentation", "scoring"] and len(run.validation_ids) == 2
    assert run.strategy.num_replicas_in_sync == 1 and run.model.dtype_policy.name == "float32"
    record = run.record
    assert (record.config, record.data_hash, record.precision) == (run.config, run.info.data_hash, "float32")
    assert record.validation_ids == run.validation_ids and run.videos_seen == own_videos(run)
    half = scoring_run(records, tmp_path, **STAGED, precision="mixed_bfloat16")
    assert half.dtype == "mixed_bfloat16"


def test_weights_are_drawn_by_the_seed(records, tmp_path, first):
    """Also beside a KFS that is read, which draws as well."""
    drawn, other = (scoring_run(records, tmp_path, **STAGED, seed=seed).model for seed in (3, 4))
    assert any((a != b).any() for a, b in zip(drawn.get_weights(), other.get_weights(), strict=True))
    beside = scoring_run(records, tmp_path, **KEPT_KFS, seed=3, segmenter=str(first)).model
    assert_same(beside.score_predictor.get_weights(), drawn.score_predictor.get_weights())
    assert_same(beside.segmenter.get_weights(), load_scoring_net(first).segmenter.get_weights())


# === What goes on record beside the configuration ===


def test_constants_of_a_model_are_told_apart(records, tmp_path):
    built = scoring_run(records, tmp_path, **STAGED).record.built_of
    other = scoring_run(records_of(tmp_path / "records", [60.0, 61.0, 64.0, 69.0]), tmp_path, **STAGED)
    assert different(built, other.record.built_of) == ["scale of the scores, of the records or --initial_model"]
    near = scoring_run(records_of(tmp_path / "near", [60.0, 61.0, 64.0, 68.0 + 1e-9]), tmp_path, **STAGED, seed=8)
    assert built == near.record.built_of  # as another machine sums; a seed changes none of it
    assert built["weights of --backbone"] is None and built["sport"] is None
    assert built["preprocessing"] == hashed(None)
    parts = {**STAGED, "scores": "parts", "difficulty_fragment": ["entry"]}
    with pytest.raises(ValueError):  # every difficulty is 2
        scoring_run(records, tmp_path, **parts)


def different(first, second):
    assert first.keys() == second.keys()
    return [name for name in first if first[name] != second[name]]


def test_other_stages_of_a_tower_are_told_in_any_order(diving_features, tmp_path):
    options = {"lr_multipliers": {}, "clip_lengths": [2, 2]}
    built = [
        scoring_run(diving_features, tmp_path, **options, execution_fragment=stages).record.built_of
        for stages in (["entry", "take-flight"], ["take-flight", "entry"], ["entry"])
    ]
    assert built[0] == built[1]
    assert different(built[0], built[2]) == ["stages of the towers, of the sport or --initial_model"]


def test_hashes_are_those_of_equal_values():
    array = np.float32([[1, 2]])
    assert hashed({"b": array, "a": (1,)}) == hashed({"a": [1], "b": [[1.0, 2.0]]}) != hashed({"a": [1], "b": [[1, 3]]})
    assert len(hashed("é")) == 64


# === Whose videos the weights will have learned from ===


def test_a_run_has_learned_from_what_its_starts_have(records, first, tmp_path, capsys):
    """Each says so in its run; one of which nobody knows is named."""
    second = tmp_path / "second/best.keras"
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    starts = {"initial_model": str(first.parent), "segmenter": str(second)}
    RunRecord(TrainingConfig(), "others").write(first.parent, {"of the first"})
    run = scoring_run(records, tmp_path / "run", **KEPT_KFS, **starts)
    printed, all_videos = capsys.readouterr().out, {shown(video) for video in run.info.videos.values()}
    assert f"--segmenter={second}: " in printed and "--initial_model" not in printed
    assert run.videos_seen == all_videos | {"of the first"}  # it had these records
    RunRecord(TrainingConfig(), "others").write(second.parent, {"of the second"})
    run = scoring_run(records, tmp_path / "run", **KEPT_KFS, **starts)
    assert run.videos_seen == own_videos(run) | {"of the first", "of the second"}
    assert "it is unknown" not in capsys.readouterr().out
    # A run that goes on has it in its record: the KFS is not read again.
    run.record.write(run.model_dir, run.videos_seen)
    Checkpoints(run.model_dir).save(run.model, "scoring_0001", {"steps_done": 1, "phase": "scoring", "epoch": 1})
    second.unlink()
    again = scoring_run(records, tmp_path / "run", **KEPT_KFS, **starts)
    again.record.write(again.model_dir, again.videos_seen)
    known = json.loads((tmp_path / "run/config.json").read_text())["learned_from"]
    assert {*known} == own_videos(run) | {"of the first", "of the second"}


def test_a_run_has_learned_from_what_its_backbone_has(diving_records, tmp_path):
    """The C3D of a tower knows the videos that the tower was trained on, and the run beside it others."""
    options = {**WHOLE, "image_size": [16, 16], "width_multiplier": 1 / 64, "clip_lengths": [2, 2]}
    c3d = scoringnet_tf.C3D((8, 16, 16, 3), 1 / 64, learned_from=["of the tower"])
    c3d.save(tmp_path / "c3d.keras")

    def run(**changes):
        return scoring_run(diving_records, tmp_path / "run", **options, **changes)

    backbone = f"{tmp_path}/c3d.keras:conv2a"
    known = run(backbone=backbone)
    assert known.videos_seen == own_videos(known) | {"of the tower"}
    RunRecord(TrainingConfig(), "hash").write(tmp_path, {"of the run"})
    assert run(backbone=backbone).videos_seen == known.videos_seen | {"of the run"}
    new = run(backbone="c3d:conv2a")
    assert new.videos_seen == own_videos(new)
    name = "weights of --backbone"
    assert known.record.built_of[name] == file_sha256(tmp_path / "c3d.keras") and new.record.built_of[name] is None


def test_a_start_whose_record_is_that_of_an_older_version_is_named(records, first, tmp_path, capsys):
    """A damaged one: `test_what_is_said_of_a_damaged_start`."""
    (first.parent / "config.json").write_text('{"data_hash": "a", "configuration": {}}')
    run = scoring_run(records, tmp_path / "run", **KEPT_KFS, initial_model=str(first))
    assert f"--initial_model={first}: " in capsys.readouterr().out and run.videos_seen >= own_videos(run)


def test_a_start_of_which_nothing_is_known_may_have_learned_from_what_is_held_out(records, tmp_path):
    """If it had the same records; then errors on them say nothing."""
    info, model = DatasetInfo.load(records), scoring_run(records, tmp_path / "none", **WHOLE).model
    all_videos = {shown(video) for video in info.videos.values()}
    for data_hash, code in ((info.data_hash, "held_out_seen"), ("other", "")):
        first = tmp_path / f"first{code}.keras"
        trained(model.with_dtype("float32", provenance={"data_hash": data_hash})).save(first)
        run = scoring_run(records, tmp_path / f"run{code}", **WHOLE, initial_model=str(first))
        assert run.videos_seen == (all_videos if code else own_videos(run))
        run.record.write(run.model_dir, run.videos_seen)
        held_out = held_out_by_run(info, run.model_dir / "best.keras", info.data_hash)
        assert getattr(held_out, "code", "") == code


def test_a_c3d_keeps_what_its_start_learned_from(motion_records, tmp_path, capsys):
    tiny, info = {"image_size": [16, 16], "width_multiplier": 1 / 64}, DatasetInfo.load(motion_records)
    seen, folder = {"a dive", "another"}, tmp_path / "first"
    folder.mkdir()

    def run(**changes):
        start = {"pretrained": str(folder / "c3d.keras")}
        config = pretraining_settings(tmp_path / "run", records_dir=str(motion_records), **tiny, **start | changes)
        return resolve(check(config, info))

    for learned in ((), seen):
        scoringnet_tf.C3D((8, 16, 16, 3), 1 / 64, heads={"splash": 4}, learned_from=learned).save(folder / "c3d.keras")
        made = run()
        assert made.task is pretraining and made.model.learned_from == {*learned}
        assert made.videos_seen == own_videos(made) | {*learned}
    RunRecord(TrainingConfig(), "others").write(folder, {"of the run"})
    made = run()
    assert made.model.learned_from == seen | {"of the run"} == made.videos_seen - own_videos(made)
    assert "unknown" not in capsys.readouterr().out
    (folder / "config.json").write_text("{")
    assert run().model.learned_from == seen
    bgr = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [16, 16]}
    scoringnet_tf.C3D((8, 16, 16, 3), 1 / 64, heads={"splash": 4}, preprocessing=bgr).save(folder / "c3d.keras")
    assert different(made.record.built_of, run().record.built_of) == ["preprocessing"]
    policies = {layer.dtype_policy.name for layer in run(precision="mixed_bfloat16").model.layers}
    assert "mixed_bfloat16" in policies  # of features the heads compute in float32, whatever is asked for
    smaller = dataclasses.replace(info, frame_size=(20, 24))
    config = pretraining_settings(tmp_path / "run", records_dir=str(motion_records), **tiny)
    assert resolve(check(config, smaller)).record.built_of == made.record.built_of


def test_what_is_said_of_a_damaged_start(motion_records, tmp_path, capsys):
    scoringnet_tf.C3D((8, 16, 16, 3), 1 / 64, heads={"splash": 4}).save(tmp_path / "c3d.keras")
    (tmp_path / "config.json").write_text("{")
    changes = {"image_size": [16, 16], "width_multiplier": 1 / 64, "pretrained": str(tmp_path / "c3d.keras")}
    config = pretraining_settings(tmp_path / "run", records_dir=str(motion_records), **changes)
    run = resolve(check(config, DatasetInfo.load(motion_records)))
    assert f"--pretrained={tmp_path}/c3d.keras: " in capsys.readouterr().out and run.videos_seen == own_videos(run)
