"""The schema: what is written is what is read; the index finds damage before training does."""

import dataclasses
import hashlib
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from refusals import refused

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.records import VideoExample, encode_example, parse_example


@pytest.fixture
def example():
    return VideoExample(
        video_id="042",
        dataset_name="unlv_diving",
        sport="diving",
        data_path="diving_samples_len_ori/042.avi",
        sha256="ab" * 32,
        jpegs=[b"first", b"second \xff\x00", b"third"],
        frame_size=(73, 98),
        source_size=(240, 320),
        frame_rate=29.97,
        timestamps=np.array([0.0, 0.033367, 0.066733]),
        stages=np.array([1, -1, 0]),
        difficulty=3.2,
        execution=25.0,
        final=None,
        classes={"group": 2},
    )


def test_round_trip(example):
    parsed = {key: value.numpy() for key, value in parse_example(encode_example(example), ["group"]).items()}
    expected = {
        "example/id": b"042",
        "example/sport": b"diving",
        "example/dataset_name": b"unlv_diving",
        "image/format": b"jpeg",
        "clip/data_path": b"diving_samples_len_ori/042.avi",
        "clip/sha256": b"ab" * 32,
        "image/encoded": np.array(example.jpegs, object),
        "clip/frames": 3,
        "image/height": 73,
        "image/width": 98,
        "source/height": 240,
        "source/width": 320,
        "image/timestamp": [0, 33367, 66733],
        "stage/index": [1, -1, 0],
        "score/difficulty": np.float32(3.2),
        "score/execution": 25.0,
        "score/final": math.nan,
        "class/group": 2,
        "image/frame_rate": np.float32(29.97),
    }
    assert parsed.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(parsed[key], value, key)


def test_records_are_media_sequences_with_the_bytes_that_they_always_had(example):
    """Read with the bare protocol buffer, as a foreign reader would; models and runs compare the hash."""
    serialized = encode_example(example)
    frames = tf.train.SequenceExample.FromString(serialized).feature_lists.feature_list["image/encoded"].feature
    assert [frame.bytes_list.value[0] for frame in frames] == example.jpegs
    expected = "92516c0f84fcf090cecdd94e43babf159aae0d94dcfe51da1954f76ba2b6d255"
    assert hashlib.sha256(serialized).hexdigest() == expected


@pytest.fixture
def features(example):
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    return dataclasses.replace(example, jpegs=[], frame_size=(0, 0), source_size=(0, 0), features=values)


def test_round_trip_of_features(features):
    parsed = parse_example(encode_example(features), ["group"], feature_size=4)
    np.testing.assert_array_equal(parsed["feature/floats"], features.features)
    np.testing.assert_array_equal(parsed["feature/timestamp"], [0, 33367, 66733])
    assert parsed["clip/frames"] == 3 == len(features) and parsed["image/format"] == b""
    assert not {"image/encoded", "image/timestamp"} & parsed.keys()


@pytest.mark.parametrize(("stored", "size"), [("features", 0), ("features", 3), ("example", 4)])
def test_features_are_not_read_as_frames_or_of_another_size(stored, size, request):
    with pytest.raises(tf.errors.InvalidArgumentError):
        parse_example(encode_example(request.getfixturevalue(stored)), ["group"], size)


@pytest.mark.parametrize(
    "change",
    [
        {"stages": np.array([0, 0])},
        {"timestamps": np.arange(4) / 25},
        {"jpegs": []},
        {"timestamps": np.array([0.0, 0.1]), "stages": np.array([0, 0])},
        {"jpegs": [], "features": np.zeros((2, 4), np.float32)},
    ],
)
def test_lengths_must_agree(example, change):
    with refused("count_mismatch", "042"):
        encode_example(dataclasses.replace(example, **change))


def test_index_round_trip(diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    assert info.records_dir == diving_records
    info.save(tmp_path)
    assert json.loads((tmp_path / "dataset_info.json").read_text()) == json.loads(
        (diving_records / "dataset_info.json").read_text()
    )


def test_missing_records_are_named(tmp_path):
    with refused("not_found", tmp_path / "nowhere", f"--output_dir={tmp_path / 'nowhere'}"):
        DatasetInfo.load(tmp_path / "nowhere")


def _with_video(**changes):
    return lambda fields: {**fields, "videos": {**fields["videos"], "001": {**fields["videos"]["001"], **changes}}}


def _with_shard(**changes):
    def change(fields):
        fields["splits"]["test"]["shards"][0].update(changes)
        return fields

    return change


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        (lambda fields: {**fields, "format_version": 99}, "format_version", "99"),
        (lambda fields: {key: value for key, value in fields.items() if key != "splits"}, "damaged_index", "splits"),
        (lambda fields: {**fields, "shards": 3}, "damaged_index", "shards"),
        (lambda fields: {**fields, "splits": {"train": {}}}, "damaged_index", "splits, train"),
        (lambda fields: {**fields, "frame_size": [36]}, "damaged_index", "frame_size"),
        (lambda fields: {**fields, "frame_rate": math.inf}, "damaged_index", "frame_rate"),
        (lambda fields: {**fields, "settings": None}, "damaged_index", "settings"),
        (_with_video(final="9"), "damaged_index", "videos, 001"),
        (_with_video(num_frames=7), "damaged_index", "splits, test"),
        (_with_video(split="train"), "damaged_index", "splits, "),
        (_with_shard(file="../test.tfrecord"), "damaged_index", "splits, test"),
        (_with_shard(num_records=9), "damaged_index", "splits, test"),
    ],
)
def test_an_unsound_index_is_refused(diving_records, tmp_path, change, code, named):
    fields = json.loads((diving_records / "dataset_info.json").read_text())
    (tmp_path / "dataset_info.json").write_text(json.dumps(change(fields)))
    with refused(code, tmp_path / "dataset_info.json", named):
        DatasetInfo.load(tmp_path)


def test_truncated_and_missing_shards(diving_copy):
    shard = sorted(diving_copy.glob("train-*.tfrecord"))[0]
    shard.write_bytes(shard.read_bytes()[:-100])
    with refused("damaged_shard", shard):
        DatasetInfo.load(diving_copy)
    shard.unlink()
    with refused("not_found", shard):
        DatasetInfo.load(diving_copy)
