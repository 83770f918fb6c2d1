"""The schema: what is written is what is read; the index finds damage before training does."""

import dataclasses
import hashlib
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from scoringnet_tf.data.records import DatasetInfo, RecordsError, VideoExample, encode_example, parse_example


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
    assert parsed["example/id"] == b"042" and parsed["example/sport"] == b"diving"
    assert parsed["example/dataset_name"] == b"unlv_diving" and parsed["image/format"] == b"jpeg"
    assert parsed["clip/data_path"] == b"diving_samples_len_ori/042.avi" and parsed["clip/sha256"] == b"ab" * 32
    assert list(parsed["image/encoded"]) == example.jpegs and parsed["clip/frames"] == 3
    assert [parsed[f"image/{key}"] for key in ("height", "width")] == [73, 98]
    assert [parsed[f"source/{key}"] for key in ("height", "width")] == [240, 320]
    np.testing.assert_array_equal(parsed["image/timestamp"], [0, 33367, 66733])
    np.testing.assert_array_equal(parsed["stage/index"], [1, -1, 0])
    assert parsed["score/difficulty"] == np.float32(3.2) and parsed["score/execution"] == 25.0
    assert math.isnan(parsed["score/final"]) and parsed["class/group"] == 2
    assert parsed["image/frame_rate"] == np.float32(29.97)


def test_the_record_is_a_media_sequence(example):
    """Read with the bare protocol buffer, as a foreign reader would: frames under MediaSequence's keys."""
    sequence = tf.train.SequenceExample.FromString(encode_example(example))
    frames = sequence.feature_lists.feature_list["image/encoded"].feature
    assert [frame.bytes_list.value[0] for frame in frames] == example.jpegs
    assert sequence.context.feature["clip/data_path"].bytes_list.value[0].endswith(b"042.avi")


def test_the_same_video_gives_the_same_bytes(example):
    assert encode_example(example) == encode_example(dataclasses.replace(example))


def test_records_of_frames_have_the_bytes_that_they_always_had(example):
    """Their data hash names them: models and runs compare it."""
    expected = "92516c0f84fcf090cecdd94e43babf159aae0d94dcfe51da1954f76ba2b6d255"
    assert hashlib.sha256(encode_example(example)).hexdigest() == expected


@pytest.fixture
def features(example):
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    return dataclasses.replace(example, jpegs=[], frame_size=(0, 0), source_size=(0, 0), features=values)


def test_round_trip_of_features(features):
    parsed = parse_example(encode_example(features), ["group"], feature_size=4)
    parsed = {key: value.numpy() for key, value in parsed.items()}
    assert parsed["feature/floats"].dtype == np.float32
    np.testing.assert_array_equal(parsed["feature/floats"], features.features)
    np.testing.assert_array_equal(parsed["feature/timestamp"], [0, 33367, 66733])
    np.testing.assert_array_equal(parsed["stage/index"], [1, -1, 0])
    assert parsed["clip/frames"] == 3 == len(features) and parsed["image/format"] == b""
    assert parsed["score/difficulty"] == np.float32(3.2) and parsed["class/group"] == 2
    assert not {"image/encoded", "image/timestamp"} & parsed.keys()


def test_features_are_a_media_sequence(features):
    sequence = tf.train.SequenceExample.FromString(encode_example(features))
    steps = sequence.feature_lists.feature_list["feature/floats"].feature
    assert [list(step.float_list.value) for step in steps] == features.features.tolist()
    assert "image/encoded" not in sequence.feature_lists.feature_list


def test_features_are_not_read_as_frames_or_of_another_size(example, features):
    for serialized, size in (
        (encode_example(features), 0),
        (encode_example(features), 3),
        (encode_example(example), 4),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            parse_example(serialized, ["group"], size)


def test_as_many_stages_as_features(features):
    with pytest.raises(ValueError, match=r"042: .* as features \(3\)\. Received: 3 timestamps, 2 stages"):
        encode_example(dataclasses.replace(features, stages=np.array([0, 0])))


def test_an_index_of_before_there_were_features(diving_copy):
    path = diving_copy / "dataset_info.json"
    fields = json.loads(path.read_text())
    assert fields.pop("features") is None
    path.write_text(json.dumps(fields))
    info = DatasetInfo.load(diving_copy)
    assert info.features is None and info.feature_size == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": np.array([0, 0])}, r"042: expected .*\(3\)\. Received: 3 timestamps, 2 stages"),
        ({"stages": np.array([0, 0, 0, 0])}, "Received: 3 timestamps, 4 stages"),
        ({"timestamps": np.array([0.0, 0.1])}, "Received: 2 timestamps, 3 stages"),
        ({"timestamps": np.arange(4) / 25}, "Received: 4 timestamps, 3 stages"),
        ({"jpegs": [b"first", b"second"]}, r"\(2\)\. Received: 3 timestamps, 3 stages"),
        ({"jpegs": []}, r"\(0\)\. Received: 3 timestamps, 3 stages"),
        ({"timestamps": np.array([0.0, 0.1]), "stages": np.array([0, 0])}, r"\(3\)\. Received: 2 timestamps, 2 stages"),
    ],
)
def test_lengths_must_agree(example, change, message):
    with pytest.raises(ValueError, match=message):
        encode_example(dataclasses.replace(example, **change))


def test_index_round_trip(diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    assert info.records_dir == diving_records
    info.save(tmp_path)
    assert json.loads((tmp_path / "dataset_info.json").read_text()) == json.loads(
        (diving_records / "dataset_info.json").read_text()
    )


def test_missing_records_name_the_two_commands_that_make_them(tmp_path):
    with pytest.raises(RecordsError) as error:
        DatasetInfo.load(tmp_path / "nowhere")
    assert "python -m data_prep simulate" in str(error.value) and "python -m data_prep build" in str(error.value)
    assert f"--output_dir={tmp_path / 'nowhere'}" in str(error.value)


def _with_video(**changes):
    return lambda fields: {**fields, "videos": {**fields["videos"], "001": {**fields["videos"]["001"], **changes}}}


def _with_shard(**changes):
    def change(fields):
        fields["splits"]["test"]["shards"][0].update(changes)
        return fields

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: {**fields, "format_version": 99}, "expected format version 1. Received: 99"),
        (lambda fields: {}, "expected format version 1. Received: None"),
        (lambda fields: [fields], "expected a JSON object. Received: list"),
        (lambda fields: {key: value for key, value in fields.items() if key != "splits"}, "expected the fields"),
        (lambda fields: {**fields, "shards": 3}, "expected the fields of DatasetInfo. Received: another one, shards"),
        (lambda fields: {**fields, "splits": []}, r"Received: splits \[\]"),
        (lambda fields: {**fields, "splits": {"train": {}}}, "Received: splits, train: no ids"),
        (lambda fields: {**fields, "frame_size": [36]}, r"Received: frame_size \[36\]"),
        (lambda fields: {**fields, "frame_rate": math.nan}, "Received: frame_rate nan"),
        (lambda fields: {**fields, "frame_rate": math.inf}, "Received: frame_rate inf"),
        (lambda fields: {**fields, "settings": None}, "Received: settings None"),
        (_with_video(final="9"), "Received: videos, 001: final '9'"),
        (_with_video(num_frames=7), "Received: splits, test: 3 videos and 78 frames instead of 3 and 60"),
        (_with_video(split="train"), "Received: splits, .*: ids that are not those of its videos"),
        (_with_shard(file="../test.tfrecord"), r"Received: splits, test: a shard in another folder, '\.\./test"),
        (_with_shard(num_records=9), "Received: splits, test: shards of .* records instead of 3"),
    ],
)
def test_index_of_another_format(diving_records, tmp_path, change, message):
    fields = json.loads((diving_records / "dataset_info.json").read_text())
    (tmp_path / "dataset_info.json").write_text(json.dumps(change(fields)))
    with pytest.raises(RecordsError, match=message):
        DatasetInfo.load(tmp_path)


def test_index_that_is_no_json(tmp_path):
    (tmp_path / "dataset_info.json").write_text('{"name": ')
    with pytest.raises(RecordsError, match="expected a JSON object"):
        DatasetInfo.load(tmp_path)


def test_truncated_and_missing_shards(diving_copy):
    shard = sorted(diving_copy.glob("train-*.tfrecord"))[0]
    content = shard.read_bytes()
    shard.write_bytes(content[:-100])
    received = rf"{shard.name}: expected a shard of {len(content)} bytes\. Received: {len(content) - 100} bytes"
    with pytest.raises(RecordsError, match=received):
        DatasetInfo.load(diving_copy)
    shard.unlink()
    with pytest.raises(RecordsError, match=rf"{shard.name}: .*no such file"):
        DatasetInfo.load(diving_copy)


def test_unknown_split_lists_those_there_are(diving_records):
    with pytest.raises(RecordsError, match=r"one of test, train\. Received: 'validation'"):
        DatasetInfo.load(diving_records).split("validation")


def test_the_schema_and_the_builder_do_not_import_tensorflow():
    """It takes seconds to import: commands check their flags and folders first."""
    code = (
        "import sys, scoringnet_tf.data.records, data_prep.records.building, data_prep.records.encoding; "
        "print('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
