"""Renderings are of the same performances, with pixels of their own."""

import dataclasses

import pytest
from refusals import refused

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.renderings import check_renderings


@pytest.fixture
def info(diving_records):
    return DatasetInfo.load(diving_records)


def again(info, **changes):
    """The records with another data hash and other changes."""
    return dataclasses.replace(info, **{"data_hash": "0123456789ab", **changes})


def rescored(info, split, points):
    """The records in which the first video of a split has another final score."""
    first = info.splits[split]["ids"][0]
    video = info.videos[first]
    return again(info, videos=info.videos | {first: {**video, "final": video["final"] + points}})


def fewer(info):
    ids = info.splits["test"]["ids"][1:]
    return again(info, splits=info.splits | {"test": {**info.splits["test"], "ids": ids}})


def test_the_same_performances_are_accepted(info):
    check_renderings(info, [rescored(rescored(info, "test", 0.004), "train", 1)])


@pytest.mark.parametrize(
    "change",
    [lambda info: rescored(info, "test", 1), fewer, lambda info: again(info, sport="sync_diving")],
    ids=["score", "fewer", "sport"],
)
def test_others_are_refused(info, change):
    with refused("other_videos", "--renderings"):
        check_renderings(info, [change(info)])


def test_pixels_count_once(info):
    for renderings in ([info], [again(info), again(info)]):
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
def test_records_of_another_scale_rate_or_content_are_no_rendering(info, ours, theirs, named):
    ours, other = dataclasses.replace(info, **ours), again(info, **theirs)
    with refused(None if named is None else "other_records", "--renderings", named):
        check_renderings(ours, [other])


def test_one_vector_for_each_video_has_no_rate(info):
    vectors = {video_id: {**video, "num_frames": 1} for video_id, video in info.videos.items()}
    ours = dataclasses.replace(info, **FEATURES, videos=vectors)
    check_renderings(ours, [again(ours, frame_rate=50.0)])
