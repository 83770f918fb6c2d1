"""Intervals are never measured on training videos: which videos are held out is known, or it is said that it is not."""

import dataclasses
import json
import types

import pytest
import training_runs

import scoringnet_tf
from scoringnet_tf.data.custom_splits import resplit
from scoringnet_tf.data.dataset_info import DatasetInfo, RecordsError, shown
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training import held_out
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import learned_from, record_config
from scoringnet_tf.training.held_out import held_out_by_name, held_out_by_run, learned_among, learned_of
from scoringnet_tf.training.scoring import ScoringRun

NO_RUN = "nowhere/best.keras"  # of which nothing is known


def run_of(folder, info, ids, settings=None):
    config = {"validation_ids": ids, "data_hash": info.data_hash, "settings": settings or {}}
    config |= {"precision": "float32", "versions": {}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder / "best.keras"


@pytest.fixture
def info(diving_records):
    return DatasetInfo.load(diving_records)


def test_what_the_run_held_out(info, tmp_path):
    ids = info.splits["train"]["ids"][:2]
    found = held_out_by_run(info, run_of(tmp_path, info, ids), info.data_hash)
    assert (found.info, found.split, found.ids) == (info, "validation", ids)


def test_a_validation_split_of_the_records(info, tmp_path):
    split = {name: video["split"] for name, video in info.videos.items()}
    split[info.splits["train"]["ids"][0]] = "validation"
    new = resplit(info, split, tmp_path / "index")
    found = held_out_by_run(new, tmp_path / "best.keras", new.data_hash)
    assert (found.split, found.ids) == ("validation", None)
    said = held_out_by_run(
        new, tmp_path / "best.keras", info.data_hash
    )  # another split: these it may have learned from
    assert "not known which videos" in said


def test_videos_that_a_run_learned_from_are_known_in_other_records(info, tmp_path):
    record_config(tmp_path, {}, "others", "float32", [], {shown(info.videos["002"]), "of another"})
    assert learned_among(info, ["001", "002", "003"], tmp_path / "best.keras") == ["002"]
    assert learned_among(info, ["001", "002", "003"], tmp_path / "elsewhere/best.keras") == []


def test_where_no_run_tells_what_a_model_learned_from_its_own_records_do(info, tmp_path):
    ids, model = sorted(info.videos), tmp_path / "copied.keras"
    assert learned_of(info, ids, model, info.data_hash) == sorted(info.splits["train"]["ids"])
    assert learned_of(info, ids, model, "others") is None
    record_config(tmp_path, {}, "others", "float32", [], {shown(info.videos["002"])})
    assert learned_of(info, ids, model, "others") == ["002"]


def test_what_shows_the_same_has_the_same_name():
    whole, stretch = {"sha256": "ab" * 32, "path": "a.mp4"}, {"sha256": "ab" * 32, "path": "b.mp4#5-9"}
    assert [shown(video) for video in (whole, stretch)] == ["ab" * 8, "ab" * 8 + "#5-9"]
    assert shown({**whole, "path": "c/d.mp4"}) == shown(whole) != shown({**whole, "sha256": "cd" * 32})


def test_a_validation_split_that_the_run_before_learned_from(info, tmp_path):
    split = {name: video["split"] for name, video in info.videos.items()}
    first = info.splits["train"]["ids"][0]
    new = resplit(info, {**split, first: "validation"}, tmp_path / "index")
    record_config(tmp_path, {}, new.data_hash, "float32", [], {shown(info.videos[first])})
    said = held_out_by_run(new, tmp_path / "best.keras", new.data_hash)
    assert said == f"The model learned from 1 of the videos that were held out, the first {first}."


def test_a_run_keeps_what_it_and_its_start_learned_from(info, tmp_path, diving_records):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    (tmp_path / "first/best.keras").touch()
    record_config(tmp_path / "first", {}, "others", "float32", [], {"of another"})
    changes = {"segmenter": str(tmp_path / "first"), "training": "staged"}
    run = ScoringRun(info, training_runs.settings(tmp_path / "second", diving_records, **changes))
    run._record()
    expected = {shown(info.videos[video_id]) for video_id in run.train_ids} | {"of another"}
    assert len(expected) == len(run.train_ids) + 1
    assert learned_from(tmp_path / "second/best.keras") == expected
    Checkpoints(tmp_path / "second").save(run.model, "scoring_0001", {"steps_done": 1, "phase": "scoring", "epoch": 1})
    (tmp_path / "first/best.keras").unlink()  # a run goes on without what it started from
    run._record()
    assert learned_from(tmp_path / "second/best.keras") == expected


def test_a_start_of_which_nobody_knows_what_it_learned_from_is_said(tmp_path, diving_records, capsys):
    (tmp_path / "first").mkdir()
    (tmp_path / "first/best.keras").touch()
    options = training_runs.settings(tmp_path / "second", diving_records, segmenter=str(tmp_path / "first"))
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    run._record()
    assert f"--segmenter={tmp_path / 'first'}: no config.json of its run says which" in capsys.readouterr().out
    record_config(tmp_path / "first", {}, "others", "float32", [], {"of another"})
    run._record()
    assert "no config.json" not in capsys.readouterr().out


def test_a_run_that_held_nothing_out(info, tmp_path):
    assert held_out_by_run(info, run_of(tmp_path, info, []), info.data_hash) == NOTHING_HELD_OUT


@pytest.mark.parametrize("known", [None, "other"])
def test_records_of_which_the_model_says_nothing(info, tmp_path, known):
    found = held_out_by_run(info, run_of(tmp_path, info, info.splits["train"]["ids"][:2]), known)
    assert "not known which videos" in found and "--held_out_split" in found


def test_a_model_without_its_run(info, tmp_path):
    found = held_out_by_run(info, tmp_path / "model.keras", info.data_hash)
    assert "not known which videos were held out" in found and "no such file" in found
    other = dataclasses.replace(info, data_hash="other")
    run_of(tmp_path, other, ["001"])
    assert "another data hash" in held_out_by_run(info, tmp_path / "model.keras", info.data_hash)


@pytest.mark.parametrize(
    ("trained_on", "before", "is_known"),
    [
        ("the same", slice(0, 3), True),
        ("the same", slice(0, 1), False),
        ("the same", None, False),
        ("others", None, True),
    ],
)
def test_a_run_that_started_from_another(info, tmp_path, monkeypatch, trained_on, before, is_known):
    """What the first run learned from is no evidence, though the second held it out."""
    train = info.splits["train"]["ids"]
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.keras").touch()
    if before is not None:
        run_of(tmp_path / "first", info, train[before])
    started = {"segmenter": None, "initial_model": str(tmp_path / "first")}
    second = run_of(tmp_path / "second", info, train[:2], settings=started)
    provenance = {"data_hash": info.data_hash if trained_on == "the same" else "other"}
    monkeypatch.setattr(held_out, "load_scoring_net", lambda _: types.SimpleNamespace(provenance=provenance))
    found = held_out_by_run(info, second, info.data_hash)
    if is_known:
        assert found.ids == train[:2]
    else:
        assert (
            found
            == f"The run started from {tmp_path / 'first'}, which may have learned from the videos that it held out."
        )
    (tmp_path / "first/best.keras").unlink()
    assert "not known which videos were held out" in held_out_by_run(info, second, info.data_hash)


def test_a_run_learned_from_what_its_tower_did(info, tmp_path):
    """So they are no evidence of its errors, though it held them out, and `evaluate` counts them."""
    train = info.splits["train"]["ids"]
    known = {shown(info.videos[video_id]) for video_id in train[:2]}
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, learned_from=known)
    c3d.save(tmp_path / "c3d.keras")
    given = training_runs.settings(tmp_path / "run", info.records_dir, pretrained=str(tmp_path / "c3d.keras"))
    run = ScoringRun(info, given)
    run._record()
    assert known <= learned_from(tmp_path / "run/best.keras")
    model = tmp_path / "run/best.keras"
    assert set(learned_among(info, train, model)) == {*run.train_ids, *train[:2]}
    config = json.loads((tmp_path / "run/config.json").read_text()) | {"validation_ids": train[:2]}
    (tmp_path / "run/config.json").write_text(json.dumps(config))
    said = f"The model learned from 2 of the videos that were held out, the first {train[0]}."
    assert held_out_by_run(info, model, info.data_hash) == said


def test_a_split_that_is_named(info):
    found = held_out_by_name(info, info, "test", NO_RUN)
    assert (found.info, found.split, found.ids) == (info, "test", None)
    with pytest.raises(RecordsError, match="expected a split, one of test, train"):
        held_out_by_name(info, info, "validation", NO_RUN)


def test_videos_that_the_run_learned_from_by_other_records_are_refused(info, tmp_path):
    """Such as another fold of the same videos, or those of the model that it started from."""
    test = info.splits["test"]["ids"]
    record_config(tmp_path, {}, "others", "float32", [], {shown(info.videos[test[1]])})
    with pytest.raises(InputError, match=rf"did not learn from\. Received: 1 that the run of .* the first {test[1]}"):
        held_out_by_name(info, info, "test", tmp_path / "best.keras")


def test_training_videos_are_refused_under_any_name(info, tmp_path):
    with pytest.raises(InputError, match=r"did not learn from\. Received: 7 of the training split"):
        held_out_by_name(info, info, "train", NO_RUN)
    train, test = info.splits["train"]["ids"], info.splits["test"]["ids"]
    swapped = dict.fromkeys([*test, train[0]], "test") | dict.fromkeys(train[1:], "train")
    other = resplit(info, swapped, tmp_path / "index")
    with pytest.raises(InputError, match=f"Received: 1 of the training split .* the first {train[0]}"):
        held_out_by_name(info, other, "test", NO_RUN)
    renamed = {f"x{name}": video for name, video in info.videos.items()}
    splits = {"test": {**info.splits["train"], "ids": [f"x{name}" for name in train]}}
    with pytest.raises(InputError, match="Received: 7 of"):
        held_out_by_name(info, dataclasses.replace(info, videos=renamed, splits=splits), "test", NO_RUN)


def test_other_stretches_of_a_file_are_other_performances(info):
    first, second = info.splits["train"]["ids"][0], info.splits["test"]["ids"][0]
    videos = dict(info.videos)
    for name, stretch in ((first, "0-30"), (second, "40-70")):
        videos[name] = {**videos[name], "path": f"broadcast.mp4#{stretch}", "sha256": "same"}
    made = dataclasses.replace(info, videos=videos)
    assert held_out_by_name(made, made, "test", NO_RUN).split == "test"
    videos[second] = {**videos[second], "path": "copy.mp4#0-30"}
    with pytest.raises(InputError, match="Received: 1 of"):
        held_out_by_name(made, made, "test", NO_RUN)


@pytest.mark.parametrize(
    ("path", "stretch"),
    [("dive.mp4", ""), ("day #2/dive #3.mp4", ""), ("scores.h5#second", ""), ("day #2/cast.mp4#10-25", "#10-25")],
)
def test_what_a_video_shows_is_its_bytes_and_which_stretch_of_them(path, stretch):
    """However file and folders are called."""
    assert shown({"path": path, "sha256": 64 * "a"}) == 16 * "a" + stretch
