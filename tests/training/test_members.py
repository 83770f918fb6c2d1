"""`train --members`: trainings that differ in seed and held-out videos, resumed one by one, and their one model."""

import dataclasses
import json

import numpy as np
import pytest
from refusals import refused
from training_runs import settings

from data_prep.records.building import build_records
from scoringnet_tf import from_preset, videos
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT, add_reference
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.training_statistics import half_width
from scoringnet_tf.sports import read_sport
from scoringnet_tf.training.calibration_split import held_out_by_run
from scoringnet_tf.training.config import Data, Joint, Model, Staged, TrainingConfig, TrainingRunOptions, WholeVideos
from scoringnet_tf.training.members import MembersRun, train
from scoringnet_tf.training.run_record import held_out_of
from scoringnet_tf.training.scoring import ScoringRun

NUMBER = 3


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Twelve vectors to learn a final score from, and four to test."""
    folder, rng = tmp_path_factory.mktemp("golf"), np.random.default_rng(0)
    rows = ["features,split,final"]
    for number, level in enumerate(rng.permutation(np.linspace(0, 1, 16))):
        np.save(folder / f"{number:02d}.npy", 4 * level * np.linspace(-1, 1, 8) + rng.normal(size=8) / 8)
        rows.append(f"{number:02d}.npy,{'test' if number % 4 == 0 else 'train'},{110 + 180 * level:.1f}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    (folder / "golf.yaml").write_text("name: golf\nranges:\n  final: [100, 300]\n")
    build_records("manifest", folder, folder / "records", sport=read_sport(folder / "golf.yaml"))
    return folder


def of_vectors(source, model_dir, number=NUMBER, **data):
    model = Model(width_multiplier=1 / 16, clip_lengths=(1, 1), fragments=WholeVideos(), members=number)
    run = TrainingRunOptions(model_dir=str(model_dir), precision="float32", seed=5)
    return TrainingConfig(Data(str(source / "records"), **data), model, schedule=Joint(1), run=run)


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    """A run that was stopped once two members were trained, and went on; (folder, when these were trained)."""
    folder = tmp_path_factory.mktemp("run")

    def stopped(self):
        if self.model_dir.name == str(NUMBER):
            raise KeyboardInterrupt
        return whole(self)

    whole, ScoringRun.run = ScoringRun.run, stopped
    try:
        with pytest.raises(KeyboardInterrupt):
            train(of_vectors(source, folder))
    finally:
        ScoringRun.run = whole
    assert not (folder / "best.keras").is_file()
    saved = {file: file.stat().st_mtime_ns for file in folder.glob("members/*/checkpoints/*/state.json")}
    assert train(of_vectors(source, folder)) == folder / "best.keras"
    return folder, saved


@pytest.fixture(scope="module")
def info(source):
    return DatasetInfo.load(source / "records")


def predictions(model, info):
    batches = videos(info.records_dir, "train", batch_size=4, with_info=True)
    return predict_records(prediction_function(model), batches)


@pytest.mark.slow
def test_the_model_is_the_mean_of_the_members(run, info):
    folder, _ = run
    files = sorted(folder.glob("members/*/best.keras"))
    each = np.stack([predictions(from_preset(file), info).predicted["final"] for file in files], axis=1)
    found = predictions(from_preset(folder), info)
    np.testing.assert_allclose(found.members["final"], each, rtol=1e-6)
    np.testing.assert_allclose(found.predicted["final"], each.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.deviations["final"], each.std(axis=1, ddof=1), rtol=1e-3)
    configs = [json.loads((file.parent / "config.json").read_text()) for file in files]
    assert [config["configuration"]["run"]["seed"] for config in configs] == [5, 6, 7]
    held_out = [config["validation_ids"] for config in configs]
    assert sorted(video_id for ids in held_out for video_id in ids) == sorted(info.splits["train"]["ids"])


@pytest.mark.slow
def test_what_was_trained_is_not_trained_anew(run, source):
    folder, saved = run
    assert len(saved) == NUMBER - 1 and {file: file.stat().st_mtime_ns for file in saved} == saved
    kept = (folder / "best.keras").stat().st_mtime_ns
    with refused("other_run", "--members"):
        train(of_vectors(source, folder, NUMBER + 1))
    with refused("exists", "best.keras"):
        train(of_vectors(source, folder, 1, validation_fraction=0.3))
    assert train(of_vectors(source, folder)) and (folder / "best.keras").stat().st_mtime_ns == kept


@pytest.mark.slow
def test_intervals_are_of_the_members_that_did_not_learn_from_a_video(run, info):
    folder, _ = run
    file, found = folder / "best.keras", predictions(from_preset(folder), info)
    held_out = held_out_by_run(info, file, info.data_hash)
    picked = [split_ids(info, "validation", 1 / NUMBER, fold=member + 1) for member in range(NUMBER)]
    assert held_out.members == {video_id: member for member, ids in enumerate(picked) for video_id in ids}
    errors = [
        found.members["final"][row, held_out.members[video_id]] - found.truth["final"][row]
        for row, video_id in enumerate(found.ids)
    ]
    _, calibrated = add_reference(file, info, held_out)
    assert calibrated.reference.intervals.half_widths["final"] == pytest.approx(half_width(np.array(errors)), rel=1e-5)
    assert not held_out_of(info, file)  # what all members held out
    for member in range(1, NUMBER + 1):  # what KFS of all has learned from is held out of none
        path = folder / f"members/{member}/config.json"
        text = path.read_text()
        path.write_text(json.dumps(json.loads(text) | {"learned_from": [*map(shown, info.videos.values())]}))
        left = held_out_by_run(info, file, info.data_hash)
        assert left == NOTHING_HELD_OUT if member == NUMBER else {*left.members.values()} == {*range(member, NUMBER)}


@pytest.mark.slow
def test_a_video_has_its_spread_in_text_json_and_tables(run, source):
    score = score_video(source / "00.npy", run[0], force=True)
    spread = score.deviations["final"]
    assert spread > 0 and score.to_dict()["deviations"] == {"final": spread}
    assert f"± {spread:.2f}" in str(score)


def test_kfs_is_that_of_the_first_member(info, tmp_path):
    config = dataclasses.replace(of_vectors(tmp_path, tmp_path), schedule=Staged(2, 3))
    config = dataclasses.replace(config, model=Model(members=NUMBER))
    first, *others = [member.schedule for member in MembersRun(info, config).members]
    assert first == Staged(2, 3)
    assert others == [Staged(0, 3, str(tmp_path / "members/1"))] * (NUMBER - 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"training": "joint"}, "joint"),
        ({"scoring_epochs": 0}, "scoring_epochs"),
        ({"backbone": "c3d:conv5b"}, "backbone"),
        ({"backbone": "i3d", "lr_multipliers": {"backbone/Mixed_5": 0.1}}, "backbone"),
    ],
)
def test_members_that_would_differ_in_more_than_towers_are_refused(changes, named, info, tmp_path):
    config = settings(tmp_path, info.records_dir, **{"members": NUMBER, **changes})
    with refused("flags_conflict", "--members=3", named):
        MembersRun(info, config)
    with refused("several_members", "3 members"):
        ScoringRun(info, config)


def test_what_nothing_or_a_split_of_its_own_is_held_out_of_has_no_folds(info, tmp_path):
    stored = dataclasses.replace(info, splits={**info.splits, "validation": info.splits["test"]})
    for records, fraction in ((stored, 0.1), (info, 0.0)):
        members = MembersRun(records, of_vectors(tmp_path, tmp_path, validation_fraction=fraction)).members
        assert {(member.data.validation_fraction, member.data.validation_fold) for member in members} == {(fraction, 0)}
