"""Other splits of records: the same records, read where they lie, with the statistics of the new split."""

import dataclasses
import shutil

import numpy as np
import pytest
from refusals import refused
from tiny_records import gray_jpeg, tiny_video, write_records

from data_prep.datasets.splits import write_split_csv
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import (
    group_folds,
    random_folds,
    random_splits,
    read_split,
    resplit,
    without_parted_groups,
    write_split,
)

IDS = [f"{number:02d}" for number in range(10)]


def score(number):
    return {"difficulty": 2.0 + number / 10, "execution": 20.0 + number, "final": 50.0 + number}


@pytest.fixture
def info(tmp_path):
    """Ten grey videos, each of a level of its own, the last three to test."""
    videos = [tiny_video(video_id, [gray_jpeg(20 * n)], **score(n)) for n, video_id in enumerate(IDS)]
    return DatasetInfo.load(write_records(tmp_path / "records", {"train": videos[:7], "test": videos[7:]}))


SPLIT = {"00": "test", "01": "train", "04": "train", "08": "train", "09": "test"}


def test_the_records_of_another_split_are_the_same_records(info, tmp_path):
    new = resplit(info, SPLIT, tmp_path / "new")
    for split, expected in (("train", ["01", "04", "08"]), ("test", ["00", "09"])):
        found = input_pipeline.videos(new.records_dir, split, image_size=(8, 8), batch_size=1, with_info=True)
        ids, levels = [], []
        for inputs, targets, described in found:
            ids.append(described["id"][0].numpy().decode())
            levels.append(float(inputs["frames"][0, 0].numpy().mean()))
            assert float(targets["final"][0]) == 50 + int(ids[-1])
        assert ids == expected
        np.testing.assert_allclose(levels, [20 * int(video_id) for video_id in expected], atol=2)
    finals = [51.0, 54.0, 58.0]
    assert new.score_statistics["train"]["final"]["mean"] == pytest.approx(np.mean(finals))
    assert new.splits["train"]["num_videos"] == 3 and new.videos["08"]["split"] == "train"


def test_the_hash_is_of_records_and_split(info, tmp_path):
    other = dataclasses.replace(info, data_hash="other")
    ways = [(info, SPLIT), (info, {**SPLIT, "01": "test"}), (other, SPLIT), (info, dict(reversed(SPLIT.items())))]
    hashes = {resplit(*way, tmp_path / str(number)).data_hash for number, way in enumerate(ways)}
    assert len(hashes) == 3 and info.data_hash not in hashes


def test_an_index_without_records_says_where_they_are(info, tmp_path):
    new = resplit(info, SPLIT, tmp_path / "new")
    with refused("no_shards", info.records_dir):
        new.shard_paths("train")
    shutil.rmtree(info.records_dir)
    with refused("not_found", info.records_dir):
        list(input_pipeline.videos(new.records_dir, "test", image_size=(8, 8), batch_size=1))


@pytest.mark.parametrize(
    ("of_video", "of_records"),
    [
        *(({"final": 51.5}, {}), ({"sha256": "0" * 64}, {}), ({"group": "one"}, {})),
        *(
            ({}, {"frame_size": (16, 16)}),
            ({}, {"aspect": 1.1}),
            ({}, {"frame_rate": 50.0}),
            ({}, {"settings": {"fit": "pad"}}),
        ),
    ],
)
def test_records_that_were_built_anew_are_not_those_that_were_split(info, tmp_path, of_video, of_records):
    new = resplit(info, SPLIT, tmp_path / "new")
    info.videos["01"] |= of_video
    dataclasses.replace(info, **of_records).save(info.records_dir)
    with refused("other_records", tmp_path / "new", "01"):
        list(input_pipeline.videos(new.records_dir, "train", image_size=(8, 8), batch_size=1))


@pytest.mark.parametrize(
    ("split", "code"), [({**SPLIT, "77": "train"}, "unknown_name"), ({"01": "train"}, "empty_split")]
)
def test_a_split_of_other_records_is_refused(info, tmp_path, split, code):
    with refused(code, info.records_dir):
        resplit(info, split, tmp_path / "new")


def test_videos_that_the_records_left_out_and_frames_without_a_label_may_be_anywhere(info, tmp_path):
    """Such as rows 32 and 95 in UNLV-Diving, whose stages are in no order; published splits name them."""
    skipped = [{"id": "77", "split": "train", "problems": ["no order"]}]
    frames = {"train": {"noise": 7}, "test": {"noise": 2, "unlabelled": 1}}
    some = dataclasses.replace(info, skipped=skipped, stage_frames=frames)
    new = resplit(some, {**SPLIT, "77": "train"}, tmp_path / "new")
    assert sorted(new.videos) == sorted(SPLIT) and new.stage_frames["train"] == {"noise": 9, "unlabelled": 1}


def test_random_splits_are_of_the_size_of_the_stored_one_and_differ(info, tmp_path):
    splits = random_splits(info, 6)
    assert all(sorted(split) == IDS and list(split.values()).count("test") == 3 for split in splits)
    assert len({tuple(sorted(split.items())) for split in splits}) > 3
    assert splits == random_splits(info, 6) != random_splits(info, 6, seed=1)
    for split in random_splits(grouped(info, "aabbccddee"), 5):
        assert all(split[IDS[n]] == split[IDS[n + 1]] for n in range(0, 10, 2))
        assert list(split.values()).count("test") == 2
    apart = {"02", "08"}
    new = resplit(info, {name: "validation" if name in apart else info.videos[name]["split"] for name in IDS}, tmp_path)
    for split in random_splits(new, 4):
        assert sorted(split) == IDS and {name for name, of in split.items() if of == "validation"} == apart


def test_files_are_those_of_data_prep(tmp_path):
    write_split_csv(tmp_path / "theirs.csv", SPLIT)
    assert read_split(tmp_path / "theirs.csv") == SPLIT
    write_split(tmp_path / "ours.csv", SPLIT)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id,split\n1,training\n",
        "id,split\n1,train\n1,test\n",
        "id,split\n1\n",
        "id,split\n1,train,10,30\n",
    ],
)
def test_what_is_no_split_is_refused(tmp_path, text):
    (tmp_path / "split.csv").write_text(text)
    with refused("damaged_split", tmp_path / "split.csv"):
        read_split(tmp_path / "split.csv")
    with refused("not_found", tmp_path / "none.csv"):
        read_split(tmp_path / "none.csv")


# === Folds ===


def grouped(info, groups):
    videos = {name: {**video, "group": group} for (name, video), group in zip(info.videos.items(), groups, strict=True)}
    return dataclasses.replace(info, videos=videos)


def ids_tested(split):
    return {video_id for video_id, name in split.items() if name == "test"}


@pytest.mark.parametrize(
    ("draw", "number", "expected"), [(random_folds, 3, 3), (group_folds, None, 5), (group_folds, 3, 3)]
)
def test_every_video_is_tested_once_and_groups_are_whole(info, draw, number, expected):
    known = grouped(info, "aaabbccdde")
    folds = draw(known, number)
    assert len(folds) == expected and sorted(name for split in folds for name in ids_tested(split)) == IDS
    assert all(sorted(split) == IDS and {*split.values()} == {"train", "test"} for split in folds)
    if draw is group_folds:
        members = [[name for name in IDS if known.videos[name]["group"] == letter] for letter in "abcde"]
        assert all(len({split[name] for name in group}) == 1 for split in folds for group in members)
    assert folds == draw(known, number)


def test_too_many_folds_or_no_groups_are_refused(info):
    with refused("out_of_range"):
        random_folds(info, 11)
    with refused("out_of_range"):
        group_folds(grouped(info, "aaaaabbbbb"), 3)
    with refused("no_groups"):
        group_folds(info)


def test_groups_that_a_split_parts_are_no_groups_to_it(info, tmp_path):
    known = grouped(info, "aaabbccdde")
    assert without_parted_groups(known, group_folds(known)) is known
    alone = without_parted_groups(known, random_folds(known, 2))
    assert {video["group"] for video in alone.videos.values()} == {None}
    new = resplit(alone, random_folds(known, 2)[0], tmp_path / "new")
    assert len(list(input_pipeline.videos(new.records_dir, "test", image_size=(8, 8), batch_size=1))) == 5
