"""The order of an epoch: a permutation of all records at once, the same for every way of reading it; ids stay true."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tiny_records import SIZE, gray_jpeg, tiny_video, write_records

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import Augmentation, clips, videos


def _order(records, **options):
    """The ids of the stream, in order."""
    settings = {"image_size": SIZE, "batch_size": 128, "with_info": True, "shuffle": True}
    batches = videos(records, "train", **(settings | options)).as_numpy_iterator()
    return [video_id.decode() for *_, info in batches for video_id in info["id"]]


@pytest.mark.parametrize("num_shards", [1, 7])
def test_an_epoch_is_a_permutation_of_its_own_that_pipelines_share(unsorted_records, tmp_path, num_shards):
    stored = DatasetInfo.load(unsorted_records).splits["train"]["ids"]
    copies = write_records(tmp_path / "few", {"train": [tiny_video(name) for name in stored]}, num_shards=num_shards)
    order = _order(unsorted_records, seed=3, epochs=2)
    first, second = order[: len(stored)], order[len(stored) :]
    assert sorted(first) == sorted(second) == sorted(stored) and stored != first != second != stored
    assert _order(copies, seed=3, epochs=2) == order != _order(copies, seed=4, epochs=2)
    assert _order(copies, seed=3, num_input_pipelines=3, input_pipeline_id=1) == first[1::3]


@pytest.fixture(scope="module")
def unsorted_records(tmp_path_factory):
    """125 videos whose ids are in no order; each shows its own number of frames, at its own level of grey."""
    numbers = np.random.default_rng(0).permutation(125)
    stored = [_numbered_video(number) for number in numbers]
    return write_records(tmp_path_factory.mktemp("unsorted") / "records", {"train": stored}, num_shards=5)


def _numbered_video(number):
    jpegs = [gray_jpeg(level) for level in _levels(number)]
    return tiny_video(f"video {number}", jpegs, final=float(number), classes={})


def _levels(number):
    """Grey of a first and a second frame that together are the number."""
    return 20 + 12 * (number // 16), 20 + 12 * (number % 16)


def _read_number(frames):
    """The number that the frames of a video show."""
    high, low = (round((float(frame.mean()) - 20) / 12) for frame in frames)
    return 16 * high + low


def _check_ids(batches):
    """Asserts that each id is that of its pixels and of its score; returns the ids."""
    found = []
    for inputs, targets, info in batches:
        for frames, mask, final, video_id in zip(
            inputs["frames"], inputs["mask"], targets["final"], info["id"], strict=True
        ):
            assert video_id.decode() == f"video {_read_number(frames[mask])}" == f"video {round(float(final))}"
            found.append(video_id.decode())
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": True, "epochs": 2},
        {"num_input_pipelines": 3, "input_pipeline_id": 1, "shuffle": True},
        {"validation_fraction": 0.2, "shuffle": True},
        {"ids": [f"video {number}" for number in range(0, 120, 3)]},
        {"ids": [f"video {number}" for number in range(0, 120, 3)], "shuffle": True},
        {"shuffle": True, "drop_remainder": True, "augmentation": Augmentation(max_start_shift=0, color_jitter=0)},
    ],
    ids=str,
)
def test_the_id_is_that_of_the_pixels(unsorted_records, options):
    settings = {"image_size": SIZE, "batch_size": 16, "with_info": True, "pad_to_multiple": 1}
    found = _check_ids(videos(unsorted_records, "train", **(settings | options)).as_numpy_iterator())
    stored = DatasetInfo.load(unsorted_records).splits["train"]["ids"]
    assert len(found) >= 36 and sorted(found) == sorted(options.get("ids", found))
    assert options.get("shuffle") or found == [video_id for video_id in stored if video_id in found]


def test_records_that_are_not_selected_are_not_read(unsorted_records, tmp_path):
    """All bytes of all other records are turned to nonsense: their checksums would not pass."""
    records, kept = shutil.copytree(unsorted_records, tmp_path / "records"), "video 17"
    for path in records.glob("*.tfrecord"):
        content = bytearray(path.read_bytes())
        begin = 0
        while begin < len(content):
            end = begin + 12 + int.from_bytes(content[begin : begin + 8], "little")
            if kept.encode() not in content[begin:end]:
                content[begin + 12 : end] = bytes(end - begin - 12)
            begin = end + 4
        path.write_bytes(content)
    options = {"image_size": SIZE, "batch_size": 1, "with_info": True, "pad_to_multiple": 1}
    assert _check_ids(videos(records, "train", ids=[kept], **options).as_numpy_iterator()) == [kept]
    with pytest.raises(tf.errors.DataLossError):  # their checksums are wrong
        list(videos(records, "train", ids=[kept, "video 3"], **options))


def test_an_index_in_another_order_than_its_records_is_found(unsorted_records, tmp_path):
    records = shutil.copytree(unsorted_records, tmp_path / "records")
    fields = json.loads((records / "dataset_info.json").read_text())
    ids = fields["splits"]["train"]["ids"]
    ids[0], ids[1] = ids[1], ids[0]
    (records / "dataset_info.json").write_text(json.dumps(fields))
    with pytest.raises(tf.errors.InvalidArgumentError, match=ids[1]):
        list(videos(records, "train", image_size=SIZE, batch_size=1))


def test_labels_of_clips_stay_with_their_pixels(tmp_path):
    """Class c shows grey 10 c: in the order of the records, which is not that of the ids."""
    labels = np.random.default_rng(2).permutation(20)
    stored = [tiny_video(f"{label:02d}", [gray_jpeg(10 * label + 20)], classes={"action": label}) for label in labels]
    records = write_records(tmp_path / "records", {"train": stored}, classes={"action": [str(c) for c in range(20)]})
    batches = clips(records, "train", clip_length=1, image_size=SIZE, batch_size=6)
    read = [(frames.mean(axis=(1, 2, 3, 4)), classes["action"]) for frames, classes in batches.as_numpy_iterator()]
    np.testing.assert_array_equal(np.concatenate([label for _, label in read]), labels)
    np.testing.assert_allclose(np.concatenate([gray for gray, _ in read]), 10.0 * labels + 20, atol=2)
