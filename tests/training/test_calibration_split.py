"""Intervals are never measured on training videos: which videos are held out is known, or the reason why not is."""

import dataclasses

import pytest
from refusals import refused

from scoringnet_tf.data.dataset_info import DatasetInfo, RecordsError, shown
from scoringnet_tf.data.splits import resplit
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT
from scoringnet_tf.training.calibration_split import held_out_by_name, held_out_by_run, learned_among, learned_of
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.run_record import RunRecord

NO_RUN = "nowhere/best.keras"  # of which nothing is known


def run_of(folder, info, ids, learned=()):
    RunRecord(TrainingConfig(), info.data_hash, validation_ids=ids).write(folder, learned)
    return folder / "best.keras"


@pytest.fixture
def info(diving_records):
    return DatasetInfo.load(diving_records)


@pytest.fixture
def first_held_out(info, tmp_path):
    """(Id of a training video that other records of the same videos hold out, these records.)"""
    split = {name: video["split"] for name, video in info.videos.items()}
    first = info.splits["train"]["ids"][0]
    return first, resplit(info, {**split, first: "validation"}, tmp_path / "index")


def test_what_the_run_held_out(info, tmp_path):
    ids = info.splits["train"]["ids"][:2]
    held_out = held_out_by_run(info, run_of(tmp_path, info, ids), info.data_hash)
    assert (held_out.info, held_out.split, held_out.ids) == (info, "validation", ids)
    assert held_out_by_run(info, run_of(tmp_path, info, []), info.data_hash) == NOTHING_HELD_OUT


def test_a_validation_split_of_the_records(info, first_held_out, tmp_path):
    first, new = first_held_out
    held_out = held_out_by_run(new, tmp_path / "best.keras", new.data_hash)
    assert (held_out.split, held_out.ids) == ("validation", None)
    assert held_out_by_run(new, tmp_path / "best.keras", info.data_hash).code == "held_out_unknown"
    RunRecord(TrainingConfig(), new.data_hash).write(tmp_path, {shown(info.videos[first])})
    assert held_out_by_run(new, tmp_path / "best.keras", new.data_hash).code == "held_out_seen"


def test_videos_that_a_run_learned_from_are_known_in_other_records(info, tmp_path):
    RunRecord(TrainingConfig(), "others").write(tmp_path, {shown(info.videos["002"]), "of another"})
    assert learned_among(info, ["001", "002", "003"], tmp_path / "best.keras") == ["002"]
    assert learned_among(info, ["001", "002", "003"], tmp_path / "elsewhere/best.keras") == []


def test_where_no_run_tells_what_a_model_learned_from_its_own_records_do(info, tmp_path):
    ids, model = sorted(info.videos), tmp_path / "copied.keras"
    assert learned_of(info, ids, model, info.data_hash) == sorted(info.splits["train"]["ids"])
    assert learned_of(info, ids, model, "others") is None
    RunRecord(TrainingConfig(), "others").write(tmp_path, {shown(info.videos["002"])})
    assert learned_of(info, ids, model, "others") == ["002"]


def test_records_or_runs_that_the_model_does_not_name(info, tmp_path):
    model = run_of(tmp_path, info, info.splits["train"]["ids"][:2])
    others = dataclasses.replace(info, data_hash="other")
    for records, path, data_hash in (
        (info, model, None),
        (info, model, "other"),
        (info, tmp_path / "elsewhere/model.keras", info.data_hash),
        (others, model, "other"),
    ):
        assert held_out_by_run(records, path, data_hash).code == "held_out_unknown"


def test_a_split_that_is_named(info):
    held_out = held_out_by_name(info, info, "test", NO_RUN)
    assert (held_out.info, held_out.split, held_out.ids) == (info, "test", None)
    with pytest.raises(RecordsError):
        held_out_by_name(info, info, "validation", NO_RUN)


def test_videos_that_the_run_learned_from_by_other_records_are_refused(info, tmp_path):
    test = info.splits["test"]["ids"]
    RunRecord(TrainingConfig(), "others").write(tmp_path, {shown(info.videos[test[1]])})
    with refused("seen_in_training", "1 video", test[1]):
        held_out_by_name(info, info, "test", tmp_path / "best.keras")


def test_training_videos_are_refused_under_any_name(info, tmp_path):
    with refused("seen_in_training", "7 videos"):
        held_out_by_name(info, info, "train", NO_RUN)
    train, test = info.splits["train"]["ids"], info.splits["test"]["ids"]
    swapped = dict.fromkeys([*test, train[0]], "test") | dict.fromkeys(train[1:], "train")
    other = resplit(info, swapped, tmp_path / "index")
    with refused("seen_in_training", "1 video", train[0]):
        held_out_by_name(info, other, "test", NO_RUN)
    renamed = {f"x{name}": video for name, video in info.videos.items()}
    splits = {"test": {**info.splits["train"], "ids": [f"x{name}" for name in train]}}
    with refused("seen_in_training", "7 videos"):
        held_out_by_name(info, dataclasses.replace(info, videos=renamed, splits=splits), "test", NO_RUN)


def test_other_stretches_of_a_file_are_other_performances(info):
    first, second = info.splits["train"]["ids"][0], info.splits["test"]["ids"][0]
    videos = dict(info.videos)
    for name, stretch in ((first, "0-30"), (second, "40-70")):
        videos[name] = {**videos[name], "path": f"broadcast.mp4#{stretch}", "sha256": "same"}
    made = dataclasses.replace(info, videos=videos)
    assert held_out_by_name(made, made, "test", NO_RUN).split == "test"
    videos[second] = {**videos[second], "path": "copy.mp4#0-30"}
    with refused("seen_in_training", "1 video"):
        held_out_by_name(made, made, "test", NO_RUN)


@pytest.mark.parametrize(
    ("path", "stretch"),
    [
        ("dive.mp4", ""),
        ("day #2/dive #3.mp4", ""),
        ("scores.h5#second", ""),
        ("day #2/cast.mp4#10-25", "#10-25"),
        ("b.mp4#5-9", "#5-9"),
    ],
)
def test_what_a_video_shows_is_its_bytes_and_which_stretch_of_them(path, stretch):
    """However file and folders are called."""
    assert shown({"path": path, "sha256": 64 * "a"}) == 16 * "a" + stretch
