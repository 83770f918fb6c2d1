"""Renderings are of the same performances, with pixels of their own."""

import dataclasses
import json
import shutil

import pytest

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.support.errors import InputError


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
    with pytest.raises(InputError, match=rf"--renderings=.*again: expected the \d+ {split} videos of .*same scores"):
        check_renderings(DatasetInfo.load(diving_records), [changed(change)], split)


def test_the_same_pixels_are_refused(diving_records):
    info = DatasetInfo.load(diving_records)
    with pytest.raises(InputError, match="expected pixels of its own"):
        check_renderings(info, [info])


def test_records_of_another_scale_or_content_are_no_rendering(diving_records, changed):
    info, other = DatasetInfo.load(diving_records), changed(lambda index: None)
    larger = dataclasses.replace(other, frame_size=(72, 96))
    with pytest.raises(InputError, match=r"again: .* Received: frames of \(72, 96\) instead of \(36, 48\)"):
        check_renderings(info, [larger])
    slower = dataclasses.replace(other, frame_rate=24.0)
    with pytest.raises(InputError, match="Received: 24 frames/s instead of 25"):
        check_renderings(info, [slower])
    rough = dataclasses.replace(other, settings={**other.settings, "jpeg_quality": 40})
    with pytest.raises(InputError, match="Received: JPEG of quality 40 instead of 92"):
        check_renderings(info, [rough])
    of_features = dataclasses.replace(other, features={"size": 3, "stride": 1, "origin": None}, frame_size=None)
    with pytest.raises(InputError, match="Received: features instead of frames"):
        check_renderings(info, [of_features])
    wider = dataclasses.replace(of_features, features={"size": 5, "stride": 1, "origin": None})
    with pytest.raises(InputError, match="Received: size 5 instead of 3"):
        check_renderings(of_features, [wider])


def test_features_of_another_rate_are_no_rendering(diving_records, changed):
    """One vector for each video has no rate."""
    steps = {"features": {"size": 3, "stride": 1, "origin": None}, "frame_size": (0, 0)}
    info, other = (dataclasses.replace(each, **steps) for each in (DatasetInfo.load(diving_records), changed(len)))
    check_renderings(info, [dataclasses.replace(other, frame_rate=25.2)])
    faster = dataclasses.replace(other, frame_rate=50.0)
    with pytest.raises(InputError, match=r"again: .* Received: 50 steps/s instead of 25\.$"):
        check_renderings(info, [faster])
    vectors = {video_id: {**video, "num_frames": 1} for video_id, video in info.videos.items()}
    check_renderings(dataclasses.replace(info, videos=vectors), [dataclasses.replace(faster, videos=vectors)])


def test_a_rendering_given_twice_is_refused(diving_records, changed):
    again = changed(lambda index: None)
    check_renderings(DatasetInfo.load(diving_records), [again])
    with pytest.raises(InputError, match=r"again: expected pixels of its own\. Received: the same"):
        check_renderings(DatasetInfo.load(diving_records), [again, again])
