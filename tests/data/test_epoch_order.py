"""The order of an epoch: a permutation of all records at once, the same for every way of reading it; ids stay true."""

import collections
import json

import numpy as np
import pytest
import tensorflow as tf
from conftest import bar_color, read_index
from layouts import write_manifest
from tiny_records import SIZE, gray_jpeg, tiny_video, write_records

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import Augmentation, clips, video_clips, videos

NUM_CLASSES, CLIPS_PER_CLASS = 101, 20


@pytest.fixture(scope="module")
def action_records(tmp_path_factory):
    """As UCF-101 is stored: clips in the order of their 101 classes, in 16 shards."""
    names = [(action, clip) for action in range(NUM_CLASSES) for clip in range(CLIPS_PER_CLASS)]
    clips_in_order = [tiny_video(f"{action:03d}_{clip:02d}", classes={"action": action}) for action, clip in names]
    classes = {"action": [f"action {index}" for index in range(NUM_CLASSES)]}
    return write_records(
        tmp_path_factory.mktemp("actions") / "records", {"train": clips_in_order}, num_shards=16, classes=classes
    )


def _order(records, split="train", **options):
    """The ids of the stream, in order."""
    settings = {"image_size": SIZE, "batch_size": 128, "with_info": True, "shuffle": True}
    batches = videos(records, split, **(settings | options)).as_numpy_iterator()
    return [video_id.decode() for *_, info in batches for video_id in info["id"]]


@pytest.fixture(scope="module")
def two_epochs(action_records):
    order = _order(action_records, seed=3, epochs=2)
    return order[: len(order) // 2], order[len(order) // 2 :]


def test_each_epoch_has_every_record_once_in_an_order_of_its_own(action_records, two_epochs):
    stored = DatasetInfo.load(action_records).splits["train"]["ids"]
    assert all(sorted(epoch) == stored for epoch in two_epochs)
    assert two_epochs[0] != two_epochs[1] and stored not in two_epochs
    assert _order(action_records, seed=4) not in two_epochs


def test_classes_are_mixed_over_the_whole_epoch(two_epochs):
    """512 of 2,020 clips drawn at random miss a third of a class of 101 in the mean: 95 are surely among them."""
    for epoch in two_epochs:
        for start in (0, 512, len(epoch) - 512):
            assert len({video_id[:3] for video_id in epoch[start : start + 512]}) >= 95


@pytest.mark.parametrize("period", [64, 128, 512, 568, 1010])
def test_no_stretch_of_an_epoch_repeats_the_permutation_of_another(action_records, two_epochs, period):
    """Ranks within stretches of a period: of a true permutation two stretches agree in about one place, not in all."""
    position = {
        video_id: index for index, video_id in enumerate(DatasetInfo.load(action_records).splits["train"]["ids"])
    }
    for epoch in two_epochs:
        places = np.array([position[video_id] for video_id in epoch])
        stretches = places[: len(places) // period * period].reshape(-1, period)
        ranks = stretches.argsort(axis=1).argsort(axis=1)
        agreeing = (ranks[1:] == ranks[:-1]).mean(axis=1)
        assert agreeing.max() < 0.2
        # Where a record lands says nothing of where it was stored: |ρ| of 2,020 independent places is below 4 / √2,020.
        assert abs(np.corrcoef(places, np.arange(len(places)))[0, 1]) < 0.089


@pytest.mark.parametrize("num_pipelines", [2, 3])
def test_pipelines_share_one_order(action_records, two_epochs, num_pipelines):
    options = {"seed": 3, "num_input_pipelines": num_pipelines}
    parts = [_order(action_records, input_pipeline_id=index, **options) for index in range(num_pipelines)]
    assert parts == [two_epochs[0][index::num_pipelines] for index in range(num_pipelines)]


def test_clips_come_in_the_order_of_videos(action_records, two_epochs):
    batches = clips(
        action_records, "train", clip_length=1, image_size=SIZE, batch_size=128, seed=3, shuffle=True
    ).as_numpy_iterator()
    labels = np.concatenate([classes["action"] for _, classes in batches])
    np.testing.assert_array_equal(labels, [int(video_id[:3]) for video_id in two_epochs[0]])


def test_another_number_of_shards_gives_the_same_order(tmp_path):
    stored = {"train": [tiny_video(f"{index:02d}") for index in range(30)]}
    few, many = (write_records(tmp_path / str(count), stored, num_shards=count) for count in (1, 7))
    assert _order(few, epochs=3) == _order(many, epochs=3)


# === Ids ===


@pytest.fixture(scope="module")
def unsorted_records(tmp_path_factory):
    """253 videos whose ids are in no order; each shows its own number of frames, at its own level of grey."""
    numbers = np.random.default_rng(0).permutation(253)
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
        {"ids": [f"video {number}" for number in range(0, 250, 7)]},
        {"shuffle": True, "drop_remainder": True, "augmentation": Augmentation(max_start_shift=0, color_jitter=0)},
    ],
    ids=str,
)
def test_the_id_is_that_of_the_pixels(unsorted_records, options):
    settings = {"image_size": SIZE, "batch_size": 16, "with_info": True, "pad_to_multiple": 1}
    found = _check_ids(videos(unsorted_records, "train", **(settings | options)).as_numpy_iterator())
    assert len(found) >= 36


def test_the_id_is_that_of_the_pixels_in_a_manifest_of_ones_own(tmp_path):
    """Rows of a table are in no order, and neither are then the records."""
    rows = [
        ("dive 2", "", "", 56.0, "train", "", "", "", ""),
        ("2024 (final)/dive.avi", "", "", 60.0, "train", "", "", "", ""),
        ("dive #1, 100%!!.mp4", "", "", 63.0, "train", "", "", "", ""),
    ]
    source = write_manifest(tmp_path / "source", rows)
    build_records("manifest", source, tmp_path / "records", BuildSettings((36, 48)), workers=1, sport="diving")
    numbers = {"dive 2": 2, "2024 (final)/dive.avi": 3, "dive #1, 100%!!.mp4": 1}
    options = {"image_size": (36, 48), "batch_size": 2, "with_info": True}
    for shuffle in (False, True):
        found = []
        for inputs, _, info in videos(tmp_path / "records", "train", shuffle=shuffle, **options).as_numpy_iterator():
            for frames, mask, video_id in zip(inputs["frames"], inputs["mask"], info["id"], strict=True):
                color = frames[mask][:, :12].mean(axis=(0, 1, 2))
                np.testing.assert_allclose(color, bar_color(numbers[video_id.decode()]), atol=8)
                assert [read_index(frame) for frame in frames[mask]] == list(range(20))
                found.append(video_id.decode())
        assert sorted(found) == sorted(numbers) and (shuffle or found == [row[0] for row in rows])


def test_a_selection_gives_exactly_those_records(unsorted_records):
    """45 of 253, in the order of the records."""
    stored = DatasetInfo.load(unsorted_records).splits["train"]["ids"]
    wanted = [str(video_id) for video_id in np.random.default_rng(1).choice(stored, 45, replace=False)]
    settings = {"image_size": SIZE, "batch_size": 7, "with_info": True, "pad_to_multiple": 1}
    dataset = videos(unsorted_records, "train", ids=wanted, **settings)
    assert _check_ids(dataset.as_numpy_iterator()) == [video_id for video_id in stored if video_id in set(wanted)]
    assert int(dataset.cardinality()) == 7
    shuffled = _check_ids(videos(unsorted_records, "train", ids=wanted, shuffle=True, **settings).as_numpy_iterator())
    assert shuffled != sorted(shuffled) and collections.Counter(shuffled) == collections.Counter(wanted)


def test_records_that_are_not_selected_are_not_read(unsorted_records, tmp_path):
    """All bytes of all other records are turned to nonsense: their checksums would not pass."""
    records, kept = tmp_path / "records", "video 17"
    records.mkdir()
    for path in unsorted_records.iterdir():
        (records / path.name).write_bytes(path.read_bytes())
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
    with pytest.raises(tf.errors.DataLossError):
        list(videos(records, "train", ids=[kept, "video 3"], **options))


def test_an_index_in_another_order_than_its_records_is_found(unsorted_records, tmp_path):
    """Records are selected by their place in the index."""
    records = tmp_path / "records"
    records.mkdir()
    for path in unsorted_records.iterdir():
        (records / path.name).write_bytes(path.read_bytes())
    fields = json.loads((records / "dataset_info.json").read_text())
    ids = fields["splits"]["train"]["ids"]
    ids[0], ids[1] = ids[1], ids[0]
    (records / "dataset_info.json").write_text(json.dumps(fields))
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{ids[0]} .*{ids[1]}"):
        list(videos(records, "train", image_size=SIZE, batch_size=1))


def test_labels_of_video_clips_stay_with_their_pixels(tmp_path):
    """Class c shows grey 10 c: in the order of the records, which is not that of the ids."""
    labels = np.random.default_rng(2).permutation(20)
    stored = [tiny_video(f"{label:02d}", [gray_jpeg(10 * label + 20)], classes={"action": label}) for label in labels]
    records = write_records(tmp_path / "records", {"train": stored}, classes={"action": [str(c) for c in range(20)]})
    batches = video_clips(records, "train", clip_length=1, clips_per_video=2, image_size=SIZE, batch_size=6)
    read = [(frames.mean(axis=(1, 2, 3, 4, 5)), classes["action"]) for frames, classes in batches.as_numpy_iterator()]
    np.testing.assert_array_equal(np.concatenate([label for _, label in read]), labels)
    np.testing.assert_allclose(np.concatenate([gray for gray, _ in read]), 10.0 * labels + 20, atol=2)
