"""Frames that are kept decoded change no batch and no weight; a file of them is whole, and of these records."""

import concurrent.futures
import dataclasses
import os

import pytest
from refusals import refused
from training_runs import KilledError, assert_same, eagerly, kill_after_epoch, scoring_run, weights_after

from scoringnet_tf.data.augmentation import Augmentation
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import clips, videos
from scoringnet_tf.training.fit import fit

WAYS = [
    {"augmentation": Augmentation(), "shuffle": True, "epochs": 2, "seed": 3},
    {"augmentation": Augmentation(zoom=0.3, degradation=0.5), "shuffle": True, "validation_fraction": 0.3},
    {"num_frames": 5},
    {"ids": ["004", "006"]},
]


def batches(records, make=videos, **options):
    return list(make(records, "train", image_size=(20, 30), batch_size=3, **options).as_numpy_iterator())


def files(records):
    return sorted(records.with_name(f"{records.name}.frames").glob("*.frames"))


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_batches_are_those_without_it(diving_records, options):
    assert_same(batches(diving_records, cache="memory", **options), batches(diving_records, **options))


@pytest.mark.parametrize("sampling", ["whole", "consecutive"])
def test_clips_are_those_without_it(motion_records, sampling):
    options = {"make": clips, "sampling": sampling, "clip_length": 40, "augmentation": Augmentation()}
    assert_same(batches(motion_records, cache="memory", **options), batches(motion_records, **options))


@pytest.mark.slow
def test_weights_are_those_without_it_cold_warm_and_resumed(diving_copy, tmp_path, monkeypatch):
    changes = {"scoring_epochs": 0}
    expected = weights_after(diving_copy, tmp_path / "none", **changes)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_after_epoch(patch, 2)
        fit(eagerly(scoring_run(diving_copy, tmp_path / "disk", cache="disk", **changes)))
    assert_same(weights_after(diving_copy, tmp_path / "disk", cache="disk", **changes), expected)


def test_a_file_that_is_cut_off_or_of_other_records_is_not_used(diving_copy):
    expected = batches(diving_copy)
    assert_same(batches(diving_copy, cache="disk"), expected)
    (kept,) = files(diving_copy)
    os.truncate(kept, 1000)
    (kept.parent / f".12345678.{kept.name}").touch()  # as a killed run leaves it
    assert_same(batches(diving_copy, cache="disk"), expected)
    assert files(diving_copy) == [kept] and not [*kept.parent.glob(".*")]
    kept.write_bytes(bytes(kept.stat().st_size))
    dataclasses.replace(DatasetInfo.load(diving_copy), data_hash="0" * 64).save(diving_copy)
    assert_same(batches(diving_copy, cache="disk"), expected)
    assert len(files(diving_copy)) == 2


@pytest.mark.parametrize("place", [0, -1])
def test_a_file_that_changed_is_removed_and_its_frames_are_decoded_anew(diving_copy, capsys, place):
    """A byte of the frames, or of a checksum: seen at first use, however long the run is."""
    expected = batches(diving_copy, epochs=2)
    batches(diving_copy, cache="disk")
    (kept,) = files(diving_copy)
    content = bytearray(kept.read_bytes())
    content[place] ^= 1
    kept.write_bytes(content)
    assert_same(batches(diving_copy, cache="disk", epochs=2), expected)
    name = DatasetInfo.load(diving_copy).split("train")["ids"][place]
    assert capsys.readouterr().err.count(f"{kept} was damaged, and is removed: {name} is decoded anew.") == 1
    assert files(diving_copy) == []
    assert_same(batches(diving_copy, cache="disk"), batches(diving_copy))


def test_two_runs_at_once_make_one_file(diving_copy):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: batches(diving_copy, cache="disk"), range(2))
    assert_same(first, second)
    assert len(files(diving_copy)) == 1


def longer(records, frames):
    """The records, whose index says that their first training video has more frames."""
    info = DatasetInfo.load(records)
    for counts in (info.videos[info.splits["train"]["ids"][0]], info.splits["train"]):
        counts["num_frames"] += frames
    info.save(records)
    return records


@pytest.mark.parametrize("cache", ["memory", "disk"])
@pytest.mark.parametrize(("frames", "code"), [(10**12, "no_space"), (1, "count_mismatch")])
def test_what_does_not_fit_is_refused_and_leaves_nothing(diving_copy, cache, frames, code):
    with refused(code):
        batches(longer(diving_copy, frames), cache=cache)
    assert not files(diving_copy)


def test_what_a_cache_cannot_do_is_refused(diving_features, diving_copy):
    with refused("flags_conflict"):
        videos(diving_features, "train", batch_size=1, cache="memory")
    with refused("not_local"):
        batches(diving_copy, cache="s3://bucket/frames")
