"""Renderings are of the same performances, with pixels of their own."""

import dataclasses
import json
import shutil

import pytest
from refusals import refused

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.renderings import check_renderings


@pytest.fixture
def changed(diving_records, tmp_path):
    """A function: the records with another data hash, and their index changed by a function."""

    def make(change):
        folder = tmp_path / "again"
        shutil.copytree(diving_records, folder)
        index = json.loads((folder / "dataset_info.json").read_text()) | {"data_hash": "0123456789ab"}
        change(index)
        (folder / "dataset_info.json").write_text(json.dumps(index))
        return DatasetInfo.load(folder)

    return make


def other_score(index, split="test"):
    index["videos"][index["splits"][split]["ids"][0]]["final"] += 1


def fewer(index):
    split = index["splits"]["test"]
    video = index["videos"].pop(split["ids"].pop())
    split["num_videos"] -= 1
    split["num_frames"] -= video["num_frames"]
    split["shards"][-1]["num_records"] -= 1


def test_the_same_performances_are_accepted(diving_records, changed):
    """Scores are rounded, and those of another split do not count."""

    def change(index):
        index["videos"][index["splits"]["test"]["ids"][0]]["final"] += 0.004
        other_score(index, "train")

    check_renderings(DatasetInfo.load(diving_records), [changed(change)])


@pytest.mark.parametrize(
    ("change", "split"),
    [
        (other_score, "test"),
        (lambda index: other_score(index, "train"), "train"),
        (fewer, "test"),
        (lambda index: index.update(sport="sync_diving"), "test"),
    ],
    ids=["score", "of another split", "fewer", "sport"],
)
def test_others_are_refused(diving_records, changed, change, split):
    with refused("other_videos", "--renderings", "again", split):
        check_renderings(DatasetInfo.load(diving_records), [changed(change)], split)


def test_the_same_pixels_are_refused(diving_records, changed):
    info, again = DatasetInfo.load(diving_records), changed(lambda index: None)
    for renderings in ([info], [again, again]):
        with refused("duplicate", "--renderings"):
            check_renderings(info, renderings)


FEATURES = {"features": {"size": 3, "stride": 1, "origin": None}, "frame_size": (0, 0)}


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        ({}, {"frame_size": (72, 96)}, "(72, 96) instead of (36, 48)"),
        ({}, {"settings": {"jpeg_quality": 40}}, "40"),
        ({}, FEATURES, "features"),
        (FEATURES, {**FEATURES, "features": {"size": 5, "stride": 1, "origin": None}}, "size 5"),
        (FEATURES, {**FEATURES, "frame_rate": 25.2}, None),
        (FEATURES, {**FEATURES, "frame_rate": 50.0}, "50"),
    ],
)
def test_records_of_another_scale_rate_or_content_are_no_rendering(diving_records, changed, ours, theirs, named):
    info = dataclasses.replace(DatasetInfo.load(diving_records), **ours)
    other = dataclasses.replace(changed(lambda index: None), **theirs)
    if named is None:
        check_renderings(info, [other])
    else:
        with refused("other_records", "again", named):
            check_renderings(info, [other])


def test_one_vector_for_each_video_has_no_rate(diving_records, changed):
    both = (DatasetInfo.load(diving_records), changed(lambda index: None))
    vectors = {video_id: {**video, "num_frames": 1} for video_id, video in both[0].videos.items()}
    info, other = (dataclasses.replace(each, **FEATURES, videos=vectors) for each in both)
    check_renderings(info, [dataclasses.replace(other, frame_rate=50.0)])
