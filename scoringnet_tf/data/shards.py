"""Random access to the records of TFRecord files. TensorFlow is imported when a record is read."""

from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo, RecordsError, without_groups
from scoringnet_tf.support.messages import counted, shown
from scoringnet_tf.support.paths import RemotePath, records_path
from scoringnet_tf.support.threads import overlapping

# A record lies between 8 bytes of its length with 4 of their checksum, and 4 of its own checksum.
LENGTH_BYTES, HEADER_BYTES, FOOTER_BYTES = 8, 12, 4
AT_ONCE = 16  # shards: in a store each header takes a request


def locate_records(info: DatasetInfo, split: str) -> dict[str, tuple[str, int]]:
    """Finds a stored split's records, in their order: {id: (shard's path, byte offset)}.

    Raises:
        RecordsError: an unknown split, a damaged shard, or another number of records than the index says.
    """
    ids = info.split(split)["ids"]
    if info.source:
        return _located_in_source(info, ids)
    paths = info.shard_paths(split)
    offsets = zip(paths, overlapping(record_offsets, paths, AT_ONCE), strict=True)
    in_order = [(path, offset) for path, of_shard in offsets for offset in of_shard.tolist()]
    if len(in_order) != len(ids):
        message = f"{info.records_dir}: the {split} split holds {len(in_order)} of {counted(len(ids), 'record')}."
        raise RecordsError("count_mismatch", message, "Build the records again.")
    return dict(zip(ids, in_order, strict=True))


def _located_in_source(info: DatasetInfo, ids: list[str]) -> dict[str, tuple[str, int]]:
    """The places for a custom split, whose records lie in its source."""
    source = DatasetInfo.load(str(info.source))
    places: dict[str, tuple[str, int]] = {}
    for stored in source.splits:
        places |= locate_records(source, stored)
    if info.settings.get("groups") == "left out":
        source = without_groups(source)
    changed = [name for name in ids if name not in places or _described(source, name) != _described(info, name)]
    if changed:
        message = f"{info.records_dir}: {info.source} has changed since it was split: {shown(changed)}."
        raise RecordsError("other_records", message, "Make the split again.")
    return {video_id: places[video_id] for video_id in ids}


def _described(info: DatasetInfo, video_id: str) -> tuple:
    """A video's entry and its stored form, in whichever split."""
    of_video = {name: value for name, value in info.videos[video_id].items() if name != "split"}
    return of_video, info.frame_size, info.stored, info.frame_rate, info.sport, info.features


def record_offsets(path: str) -> np.ndarray:
    """The records' byte offsets in a TFRecord file, int64 (N,); RecordsError if it does not end with its last."""
    offsets, position, place = [], 0, records_path(path)
    unbuffered: dict[str, Any] = {"cache_type": "none"} if isinstance(place, RemotePath) else {"buffering": 0}
    with place.open("rb", **unbuffered) as file:
        size = file.seek(0, 2)
        while position < size:
            offsets.append(position)
            file.seek(position)
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            position += HEADER_BYTES + length + FOOTER_BYTES
    if position != size:
        message = f"{path}: record {len(offsets)} ends at byte {position:,}, the file at {size:,}."
        raise RecordsError("damaged_shard", message, "Find all damage: python -m data_prep inspect")
    return np.array(offsets, np.int64)


def read_record(path: Any, offset: Any) -> Any:
    """Reads the serialized record at byte `offset` in a TFRecord file, inside a graph or eagerly.

    Raises:
        tf.errors.DataLossError: the record does not agree with its checksum.
    """
    import tensorflow as tf

    # tf.data.TFRecordDataset always begins with a file's first record; the op beneath it can begin anywhere. Without a
    # buffer it reads no byte beyond this record. Files that are all at s3:// get one of 127 MB whatever is asked for,
    # so a second name, of a file that is never opened, goes with it.
    records = tf.raw_ops.TFRecordDatasetV2(
        filenames=[path, ""], compression_type="", buffer_size=tf.constant(0, tf.int64), byte_offsets=[offset, 0]
    )
    return tf.data.experimental.from_variant(records, tf.TensorSpec((), tf.string)).take(1).get_single_element()
