"""Which videos are trained on and which are held out: by neighbours in score, by class, by group, or by name."""

import collections
import math

import numpy as np
import pytest
from refusals import refused
from tiny_records import tiny_info

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import split_ids


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
