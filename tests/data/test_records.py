"""The schema: what is written is what is read; the index finds damage before training does."""

import dataclasses
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from tiny_records import tiny_video, write_records

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.records import VideoExample, encode_example, parse_example
from scoringnet_tf.data.shards import locate_records, read_record, record_offsets


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


def _with_statistics(change):
    def changed(fields):
        change(fields["score_statistics"])
        return fields

    return changed


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
        (_with_video(final=7.5), "damaged_index", "score_statistics, test, final"),
        (_with_statistics(lambda of: of["train"]["final"].update(std=1.0)), "damaged_index", "score_statistics, train"),
        (_with_statistics(lambda of: of["test"].pop("difficulty")), "damaged_index", "test, difficulty"),
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


RECORDS = [b"first", b"", b"x" * 100_000, bytes(range(256)), b"last"]


def _write(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def test_every_record_is_found_and_read_where_it_lies(tmp_path):
    path = _write(tmp_path / "some.tfrecord", RECORDS)
    offsets = record_offsets(path)
    assert offsets.dtype == np.int64 and offsets[0] == 0 and len(offsets) == len(RECORDS)
    assert [read_record(path, offset).numpy() for offset in offsets] == RECORDS
    shuffled = tf.data.Dataset.from_tensor_slices(offsets[[3, 0, 4, 2, 1, 3]])
    read = shuffled.map(lambda offset: read_record(path, offset), num_parallel_calls=4)
    assert [record.numpy() for record in read] == [RECORDS[index] for index in (3, 0, 4, 2, 1, 3)]


def test_shards_beyond_two_gibibytes(tmp_path):
    """A hole of 3 GiB stands for the first record: it takes no room on the disk, and is not read."""
    path, length = tmp_path / "large.tfrecord", 3 * 2**30
    last = _write(tmp_path / "last.tfrecord", [b"the last one"])
    with path.open("wb") as file:
        file.write(length.to_bytes(8, "little"))
        file.seek(length + 16)
        file.write(Path(last).read_bytes())
    assert record_offsets(str(path)).tolist() == [0, length + 16]
    assert read_record(str(path), tf.constant(length + 16, tf.int64)).numpy() == b"the last one"


@pytest.mark.parametrize("change", [-1, -4, -9, -(len(RECORDS[-1]) + 16) + 1, 1, 7])
def test_a_file_that_does_not_end_with_a_record(tmp_path, change):
    path = _write(tmp_path / "some.tfrecord", RECORDS)
    with Path(path).open("r+b") as file:
        file.truncate(file.seek(0, 2) + change)
    with refused("damaged_shard", path):
        record_offsets(path)


def test_records_of_a_split_by_id_over_all_shards(tmp_path):
    names = [f"{number}" for number in (5, 3, 9, 1, 0, 7, 2)]
    stored = {"train": [tiny_video(name) for name in names], "test": [tiny_video("other")]}
    info = DatasetInfo.load(write_records(tmp_path / "records", stored, num_shards=3))
    places = locate_records(info, "train")
    assert list(places) == names
    expected = list(tf.data.TFRecordDataset(info.shard_paths("train")).as_numpy_iterator())
    assert [read_record(*places[name]).numpy() for name in names] == expected
    assert {path for path, _ in places.values()} == set(info.shard_paths("train"))
    assert [offset for _, offset in places.values()].count(0) == 3


def test_another_number_of_records_than_the_index_says(tmp_path):
    info = DatasetInfo.load(write_records(tmp_path / "records", {"train": [tiny_video("1"), tiny_video("2")]}))
    info.splits["train"]["ids"] = ["1", "2", "3"]
    with refused("count_mismatch", tmp_path / "records", "2 of 3 records"):
        locate_records(info, "train")
