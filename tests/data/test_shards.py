"""Random access to TFRecord files, against TensorFlow's own reader."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from tiny_records import tiny_video, write_records

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.shards import locate_records, read_record, record_offsets

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
