"""Which videos are trained on and which are held out: by neighbours in score, by class, by group, or by name."""

import collections
import dataclasses
import math
import shutil

import numpy as np
import pytest
from refusals import refused
from tiny_records import gray_jpeg, tiny_info, tiny_video, write_records

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.data.splits import (
    group_folds,
    random_folds,
    random_splits,
    read_split,
    resplit,
    split_ids,
    without_parted_groups,
    write_split,
)


def _info(train):
    """An index of training videos in the order of `train`, {id: what is known of it}, and one to test."""
    known = {video_id: {"split": "train", "final": None, **fields} for video_id, fields in train.items()}
    splits = {"train": {"ids": list(train)}, "test": {"ids": ["other"]}}
    return tiny_info(splits=splits, videos={**known, "other": {"split": "test", "final": 1.0}})


@pytest.fixture(scope="module")
def scored():
    """40 videos in no order of their ids; scores are in another order again, and four are unknown."""
    rng = np.random.default_rng(7)
    ids = [f"v{number:02d}" for number in rng.permutation(40)]
    finals = rng.permutation(40) * 1.5 + 20
    return _info({v: {"final": None if i % 13 == 0 else float(finals[i])} for i, v in enumerate(ids)})


@pytest.fixture(scope="module")
def actions():
    """As the first training list of UCF-101: 101 classes of 18 groups of 4 to 7 clips."""
    rng = np.random.default_rng(0)
    train = {}
    for action in range(101):
        for group in range(8, 26):
            name = f"v_{action:03d}_g{group:02d}"
            fields = {"group": name, "classes": {"action": action}}
            train |= {f"{name}_c{clip:02d}": fields for clip in range(1, rng.integers(4, 8) + 1)}
    return _info(train)


@pytest.mark.parametrize("fraction", [0.05, 0.5])
def test_train_and_validation_partition_the_training_split_in_its_order(scored, actions, fraction):
    for info in (scored, actions):
        stored = info.splits["train"]["ids"]
        train, validation = (split_ids(info, split, fraction) for split in ("train", "validation"))
        held_out = set(validation)
        assert train == [video_id for video_id in stored if video_id not in held_out]
        assert validation == [video_id for video_id in stored if video_id in held_out]
        assert split_ids(info, "train") == stored and split_ids(info, "test", fraction) == ["other"]


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.15, 0.3, 0.5])
def test_validation_has_one_video_of_every_neighbourhood_in_final_score(scored, fraction):
    by_score = sorted(scored.splits["train"]["ids"], key=lambda v: (scored.videos[v]["final"] or 0.0, v))
    validation = set(split_ids(scored, "validation", fraction))
    assert len(validation) == round(40 * fraction)
    for neighbours in np.array_split(by_score, len(validation)):
        assert len(validation & set(neighbours)) == 1


def test_what_is_held_out_of_scored_videos_stays_what_it_was(scored):
    """Figures of runs can be compared only where they are of the same videos."""
    assert sorted(split_ids(scored, "validation", 0.1)) == ["v02", "v19", "v31", "v37"]
    assert sorted(split_ids(scored, "validation", 0.15)) == ["v00", "v03", "v15", "v25", "v26", "v34"]


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.25, 0.5])
def test_groups_are_held_out_whole_and_every_class_gives_its_share(actions, fraction):
    validation = split_ids(actions, "validation", fraction)
    held_out = {actions.videos[video_id]["group"] for video_id in validation}
    assert not held_out & {actions.videos[video_id]["group"] for video_id in split_ids(actions, "train", fraction)}
    assert len(held_out) == round(fraction * 101 * 18)
    per_class = collections.Counter(group[:5] for group in held_out)
    shares = {per_class[f"v_{action:03d}"] for action in range(101)}
    assert shares <= {math.floor(fraction * 18), math.ceil(fraction * 18)}
    assert len({group[-2:] for group in held_out}) > 9  # of all numbers, not the first of each class


def test_a_group_counts_by_its_mean_score_and_videos_of_no_group_by_their_own():
    """Ten pairs and ten videos alone."""
    train = {}
    for number in range(10):
        train |= {f"{number}{half}": {"final": 10.0 * number + half, "group": f"pair {number}"} for half in (0, 9)}
        train[f"alone {number}"] = {"final": 10.0 * number + 6}
    info = _info(dict(sorted(train.items(), key=lambda item: item[0][::-1])))
    validation = set(split_ids(info, "validation", 0.5))
    for number in range(10):  # the two at 10 n + 4.5 and 10 n + 6 are neighbours
        pair, alone = {f"{number}0", f"{number}9"}, {f"alone {number}"}
        assert validation & (pair | alone) in (pair, alone)


def test_a_group_may_have_the_name_of_a_video():
    info = _info({"a": {"final": 1.0}, "b": {"final": 2.0, "group": "a"}, "c": {"final": 3.0, "group": "a"}})
    assert sorted(map(len, (split_ids(info, split, 0.5) for split in ("train", "validation")))) == [1, 2]


def test_a_stored_validation_split_is_used_as_it_is(motion_records):
    info = DatasetInfo.load(motion_records)
    assert split_ids(info, "validation", 0.5) == ["00004", "00005"]
    assert split_ids(info, "train", 0.5) == ["00000", "00001", "00002", "00003"]


@pytest.mark.parametrize("fraction", [0.0, 0.01, 1.0])
def test_a_fraction_that_leaves_a_part_empty(diving_records, fraction):
    with refused("out_of_range", "7 training videos"):
        split_ids(DatasetInfo.load(diving_records), "validation", fraction)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_ids_in_place_of_a_fraction(scored, split):
    stored = scored.splits["test" if split == "test" else "train"]["ids"]
    for wanted in (stored[-1:], sorted(stored[:7]), tuple(stored)):
        assert split_ids(scored, split, ids=wanted) == [video_id for video_id in stored if video_id in wanted]


@pytest.mark.parametrize(
    ("ids", "fraction", "code", "named"),
    [
        (["v01", "gone", "away"], 0.0, "unknown_name", ["train split", "away, gone"]),
        ([], 0.0, "no_ids", []),
        (["v01", "v02", "v01"], 0.0, "duplicate", []),
        (["v01"], 0.1, "flags_conflict", []),
    ],
)
def test_ids_that_cannot_be(scored, ids, fraction, code, named):
    with refused(code, *named):
        split_ids(scored, "validation", fraction, ids=ids)


def test_a_split_that_is_not_there(scored):
    with refused("unknown_name", "dev", "test, train"):
        split_ids(scored, "dev")
    with refused("unknown_name", "train", "test"):
        split_ids(tiny_info(splits={"test": {"ids": ["other"]}}, videos={}), "validation", 0.1)


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
    statistics = score_statistics(info.videos)
    dataclasses.replace(info, score_statistics=statistics, **of_records).save(info.records_dir)
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


def test_a_file_is_read_as_it_was_written(tmp_path):
    write_split(tmp_path / "split.csv", SPLIT)
    assert read_split(tmp_path / "split.csv") == SPLIT


@pytest.mark.parametrize(
    "text", ["", "id,split\n1,training\n", "id,split\n1,train\n1,test\n", "id,split\n1\n", "id,split,to\n1,train,30\n"]
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
