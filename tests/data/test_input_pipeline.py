"""The input pipeline: what comes out is what was stored, chosen before decoding, and the same for the same seeds."""

import dataclasses
import gc

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import read_index
from refusals import refused
from tiny_records import feature_video, gray_jpeg, tiny_video, write_records

from data_prep.records.verifying import read_records
from scoringnet_tf.data.augmentation import (
    COLOR,
    DEGRADATION,
    PIXEL_OPTIONS,
    Augmentation,
    FrameDecoder,
    clip_indices,
    fold,
    spaced_indices,
    stage_span,
    video_seeds,
)
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import clips, videos
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.models.fragments import FragmentSelector, resampling_indices

WHOLE = (36, 48)  # the stored size of the fixtures: nothing is cropped, so that indices can be read
SHIFT_ONLY = Augmentation(flip=False, crop_shift=0, color_jitter=0)


def _read(records, split="train", **kwargs):
    """All videos as {id: (frames without padding, stages, scores)} in order of appearance, and the batches."""
    defaults = {"image_size": WHOLE, "batch_size": 2, "with_info": True}
    batches = list(videos(records, split, **(defaults | kwargs)).as_numpy_iterator())
    found = []
    for inputs, targets, info in batches:
        for row, video_id in enumerate(info["id"]):
            mask = inputs["mask"][row]
            found.append((video_id.decode(), inputs["frames"][row][mask], targets["stages"][row][mask]))
    return found, batches


def _indices(frames):
    return [read_index(frame) for frame in frames]


def _same(first, second):
    return len(first) == len(second) and all(
        a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True)
    )


def test_evaluation_gives_every_frame_as_stored_centre_cropped(diving_records):
    info = DatasetInfo.load(diving_records)
    found, _ = _read(diving_records, "test", image_size=(20, 30))
    assert [video_id for video_id, _, _ in found] == ["001", "002", "003"]
    for (_, frames, stages), (_, record) in zip(found, read_records(info, "test"), strict=True):
        stored = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)[8:28, 9:39, ::-1] for jpeg in record["image/encoded"]]
        np.testing.assert_array_equal(frames, stored)
        np.testing.assert_array_equal(stages, record["stage/index"])


def test_padding_and_targets(diving_records):
    _, batches = _read(diving_records, "test", batch_size=3, pad_to_multiple=8)
    (inputs, targets, info), *others = batches
    assert not others and list(info["id"]) == [b"001", b"002", b"003"] and list(info["frame_rate"]) == [25] * 3
    assert inputs["frames"].shape == (3, 32, *WHOLE, 3) and inputs["frames"].dtype == np.uint8  # 25, 26, 27 → 32
    assert inputs["mask"].dtype == bool and list(inputs["mask"].sum(axis=1)) == [25, 26, 27]
    assert not inputs["frames"][~inputs["mask"]].any()
    assert targets["stages"].dtype == np.int32 and (targets["stages"][~inputs["mask"]] == -1).all()
    assert (targets["stages"][inputs["mask"]] >= 0).all()
    np.testing.assert_allclose(targets["execution"], [16, 17, 18], atol=1e-4)
    np.testing.assert_allclose(targets["final"], targets["difficulty"] * targets["execution"], rtol=1e-5)
    assert all(targets[name].dtype == np.float32 for name in ("difficulty", "execution", "final"))


@pytest.mark.parametrize(
    ("kwargs", "batches"),
    [({}, 4), ({"drop_remainder": True}, 3), ({"epochs": 3}, 12), ({"first_epoch": 2, "epochs": 2}, 0)],
)
def test_number_of_batches_is_known_and_right(diving_records, kwargs, batches):
    dataset = videos(diving_records, "train", image_size=WHOLE, batch_size=2, **kwargs)
    assert int(dataset.cardinality()) == batches == len(list(dataset))


RANDOM = {"shuffle": True, "augmentation": Augmentation(), "seed": 3, "image_size": (20, 30)}


@pytest.fixture(scope="module")
def three_epochs(diving_records):
    return _read(diving_records, epochs=3, **RANDOM)[0]


def test_equal_seeds_give_equal_data_whatever_the_global_seed_and_a_resumed_run_the_rest(diving_records, three_epochs):
    tf.random.set_seed(2)
    assert _same(three_epochs[7:], _read(diving_records, first_epoch=1, epochs=3, **RANDOM)[0])
    assert not _same(three_epochs[:7], _read(diving_records, epochs=1, **{**RANDOM, "seed": 6})[0])
    one, other = (_read(diving_records, **{**RANDOM, "shuffle": False, "seed": seed}, epochs=1)[0] for seed in (3, 6))
    assert not _same(one, other) and [video_id for video_id, *_ in one] == [video_id for video_id, *_ in other]


def test_each_pass_over_one_dataset_is_the_next_epoch(diving_records, three_epochs):
    """As `fit(epochs=2)` goes through it; the variable that counts lives as long as the dataset."""
    dataset = videos(diving_records, "train", first_epoch=1, batch_size=1, with_info=True, **RANDOM)
    gc.collect()
    assert int(dataset.cardinality()) == 7
    passes = [facts["id"].numpy()[0].decode() for _ in range(2) for _, _, facts in dataset]
    assert passes == [video_id for video_id, _, _ in three_epochs[7:]]


def test_stage_span_against_a_loop():
    cases = [
        ([0, 1, 2, 2, 3, 0, 0], [(2, 3)], 0),
        ([0, 1, 2, 0, 2], [(2,)], 1),
        ([3, 0, 0], [(3,)], 2),
        ([0, 1], [(2,)], 1),
        ([0, 1, 2, 2, 3, 0], [(2, 3), (2,)], 0),
        ([0, 1, 2, 2, 0], [(2,), (3,)], 0),  # the tower of the second sees the whole video
        ([0, 1, 2, 2, 0], [(2, 3), (2,)], 0),
    ]
    for stages, fragments, margin in cases:
        marked = [[index for index, stage in enumerate(stages) if stage in fragment] for fragment in fragments]
        marked = [index for each in marked for index in each] if all(marked) else range(len(stages))
        reached = [i for i in range(len(stages)) if any(abs(i - index) <= margin for index in marked)]
        first, last = stage_span(tf.constant(stages, tf.int64), fragments, margin)
        assert (int(first), int(last)) == (reached[0], reached[-1] + 1), stages


def test_a_tower_whose_stages_a_video_lacks_sees_all_of_it(tmp_path):
    """Take-flight and no entry: with and without `only_stages` each tower sees the same steps."""
    values = np.arange(24, dtype=np.float32)[:, None]
    video = feature_video("v", values, [0] * 5 + [1] * 4 + [2] * 6 + [0] * 9)
    records = write_records(tmp_path / "records", {"train": [video]})

    def seen(**options):
        ((inputs, targets),) = videos(records, "train", batch_size=1, **options)
        selectors = [FragmentSelector((2,), 8), FragmentSelector((3,), 8)]
        clips = [selector(inputs["features"], targets["stages"], inputs["mask"])[0] for selector in selectors]
        return np.array(clips)[:, 0, :, 0].tolist()

    whole = seen()
    assert whole[0][0] == 9 and whole[1][0] == 0
    assert seen(only_stages=[["take-flight"], ["entry"]], margin=1) == whole


def _broken_records(folder, good, num_frames, classes=None):
    """One video of which only the frames `good` are JPEG."""
    jpegs = [gray_jpeg(90, WHOLE) if index in good else b"broken" for index in range(num_frames)]
    video = tiny_video("001", jpegs, WHOLE, classes=dict.fromkeys(classes or {}, 0))
    return write_records(folder, {"train": [video]}, classes=classes)


def test_frames_that_are_not_used_are_not_decoded(tmp_path):
    records = _broken_records(tmp_path / "spaced", (0, 13, 26, 39), 40)
    spaced, _ = _read(records, num_frames=4)
    assert spaced[0][1].shape == (4, *WHOLE, 3)
    with pytest.raises(tf.errors.InvalidArgumentError):
        _read(records)
    middle = _broken_records(tmp_path / "middle", range(17, 23), 40, classes={"action": ["A", "B"]})
    options = {"image_size": WHOLE, "batch_size": 1}
    ((frames, _),) = clips(middle, "train", clip_length=6, sampling="consecutive", **options)
    assert frames.shape == (1, 6, *WHOLE, 3)


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"image_size": (64, 64)}, "frames_too_small", ["64×64", "36×48"]),
        ({"split": "dev"}, "unknown_name", ["dev", "test, train"]),
        ({"batch_size": 0}, "out_of_range", ["batch_size"]),
        ({"num_input_pipelines": 2, "input_pipeline_id": 2}, "out_of_range", ["input_pipeline_id"]),
        ({"num_frames": 0}, "out_of_range", ["num_frames"]),
        ({"only_stages": [["flight"]]}, "unknown_name", ["flight"]),
        ({"only_stages": [[]]}, "unknown_name", ["only_stages"]),
        ({"margin": -1}, "out_of_range", ["margin", -1]),
    ],
)
def test_options_that_cannot_be(diving_records, options, code, named):
    with refused(code, *named):
        _read(diving_records, **options)


def test_clips_need_classes_and_a_sampling(diving_records, ucf101_records):
    with refused("no_classes", diving_records):
        clips(diving_records, "train", batch_size=1)
    with refused("unknown_name", "dense", "whole, consecutive"):
        clips(ucf101_records, "train", sampling="dense", batch_size=1)


def test_clips_are_the_whole_video_at_a_fixed_length(motion_records):
    dataset = clips(motion_records, "train", clip_length=6, image_size=WHOLE, batch_size=4)
    ((frames, labels),) = dataset.as_numpy_iterator()
    assert frames.shape == (4, 6, *WHOLE, 3) and frames.dtype == np.uint8
    for clip in frames:
        assert _indices(clip) == [0, 4, 8, 11, 15, 19]
    assert {head: list(values) for head, values in labels.items()} == {
        "group": [0, 1, 2, 0],
        "half_somersaults": [0, 1, 2, 3],
        "position": [0, 1, 0, 1],
        "half_twists": [0, 0, 0, 0],
    }
    assert all(values.dtype == np.int32 for values in labels.values())


@pytest.mark.parametrize("length", [1, 5, 32, 100])
def test_clip_indices(length):
    plain = clip_indices(length, 8, None, None).numpy()
    np.testing.assert_array_equal(plain, np.round(np.linspace(0, length - 1, 8)))
    for epoch in range(20):
        indices = clip_indices(length, 8, Augmentation(), video_seeds(0, tf.constant(epoch, tf.int64), "1")).numpy()
        assert (np.diff(indices) >= 0).all() and indices[0] <= 0.1 * length and indices[-1] >= 0.9 * (length - 1) - 0.5
        assert indices[0] >= 0 and indices[-1] < length


def test_consecutive_clips_are_random_in_training_and_the_middle_ones_in_evaluation(ucf101_records):
    """Videos of 20 frames: starts 0 to 14."""

    def drawn(**options):
        settings = {"clip_length": 6, "sampling": "consecutive", "image_size": WHOLE, "batch_size": 2}
        batches = clips(ucf101_records, "train", **settings, **options)
        return [_indices(clip) for frames, _ in batches for clip in frames.numpy()]

    found = drawn(augmentation=SHIFT_ONLY, epochs=25, seed=3)
    assert all(clip == list(range(clip[0], clip[0] + 6)) for clip in found)
    assert {clip[0] for clip in found} == set(range(15))
    assert drawn() == [list(range(7, 13))] * 4


def _encoded_noise(num_frames=3):
    rng = np.random.default_rng(0)
    frames = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), WHOLE[::-1], interpolation=cv2.INTER_CUBIC)
    jpegs = [encode_jpeg(np.roll(frames, index, axis=1), 95) for index in range(num_frames)]
    return tf.constant(jpegs), np.stack([cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)[..., ::-1] for jpeg in jpegs])


def test_crop_and_flip_are_the_same_for_all_frames_and_reach_everywhere():
    encoded, stored = _encoded_noise()
    decode = FrameDecoder(WHOLE, (34, 46), Augmentation(color_jitter=0))
    seen = set()
    for epoch in range(120):
        frames = decode(encoded, video_seeds(0, tf.constant(epoch, tf.int64), "001")).numpy()
        matches = [
            (top, left, flip)
            for top in range(3)
            for left in range(3)
            for flip in (1, -1)
            if np.array_equal(stored[:, top : top + 34, left : left + 46][:, :, ::flip], frames)
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 18


def test_zoom_scales_both_axes_alike_within_the_stored_frame():
    rows, columns = np.mgrid[: WHOLE[0], : WHOLE[1]] * 5
    ramps = np.stack((rows, columns, 0 * rows), axis=-1).astype(np.uint8)
    encoded = tf.constant([tf.io.encode_jpeg(ramps, quality=100, chroma_downsampling=False).numpy()] * 2)
    # Square crops of a frame of 36×48: beyond 1.5 times 24 the rows end, and the columns may not go on alone.
    decode = FrameDecoder(WHOLE, (24, 24), Augmentation(flip=False, zoom=0.8, color_jitter=0))
    scales = []
    for epoch in range(40):
        frames = decode(encoded, video_seeds(0, tf.constant(epoch, tf.int64), "001")).numpy().astype(float)
        assert frames.shape == (2, 24, 24, 3)
        np.testing.assert_array_equal(frames[0], frames[1])
        inner = frames[0, 2:-2, 2:-2]
        vertical, horizontal = (np.diff(inner[..., axis], axis=axis).mean() / 5 for axis in (0, 1))
        assert vertical == pytest.approx(horizontal, abs=0.05)  # sizes are whole pixels
        scales.append(vertical)
    assert min(scales) < 0.5 and max(scales) == pytest.approx(1.5, abs=0.02)


def test_color_jitter_against_numpy():
    encoded, stored = _encoded_noise()
    decode = FrameDecoder(WHOLE, WHOLE, Augmentation(0, False, 0, 0, 0.2, 0))
    luma = np.array([0.299, 0.587, 0.114])
    for seed in range(5):
        brightness, contrast, saturation = tf.random.stateless_uniform([3], [seed, COLOR], -0.2, 0.2).numpy()
        gray = (stored @ luma)[..., np.newaxis]
        saturated = gray + (1 + saturation) * (stored - gray)
        expected = gray.mean() + (1 + contrast) * (saturated - gray.mean()) + 127.5 * brightness
        jittered = decode(encoded, lambda decision, seed=seed: [seed, decision])
        np.testing.assert_allclose(jittered, np.clip(np.round(expected), 0, 255), atol=1)
        assert not np.array_equal(jittered, stored)


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_degradation_against_loops(strength):
    """Blur by a 3×3 filter, the border repeated; noise alike within 2×2 pixels, of another frame another."""
    pictures = cv2.resize(np.random.default_rng(0).integers(60, 196, (2, 2, 3), np.uint8), (6, 5))
    encoded = tf.constant([encode_jpeg(picture, 95) for picture in (pictures, pictures[:, ::-1])])
    frames = FrameDecoder((5, 6), (5, 6), None)(encoded, None).numpy()
    decode = FrameDecoder((5, 6), (5, 6), Augmentation(0, False, 0, 0, 0, strength))
    for seed in range(4):
        pair = tf.constant([seed, DEGRADATION], tf.int64)
        blur, noise = tf.random.stateless_uniform([2], pair, 0, strength).numpy()
        normal = tf.random.stateless_normal((2, 3, 3, 1), fold(pair, 1)).numpy()
        side = np.array([blur / 4, 1 - blur / 2, blur / 4])
        expected = np.zeros(frames.shape)
        for t, i, j in np.ndindex(2, 5, 6):
            for k, m in np.ndindex(3, 3):
                row, column = np.clip(i + k - 1, 0, 4), np.clip(j + m - 1, 0, 5)
                expected[t, i, j] += side[k] * side[m] * frames[t, row, column]
            expected[t, i, j] += 16 * noise * normal[t, i // 2, j // 2]
        degraded = decode(encoded, lambda decision, seed=seed: tf.constant([seed, decision], tf.int64)).numpy()
        expected = np.clip(expected, 0, 255)
        np.testing.assert_allclose(degraded, np.round(expected), atol=1)
        assert np.abs(degraded - expected).mean() < 0.3  # rounded, to the nearest
        assert not np.array_equal(degraded, frames)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 8, 16, 32, 103])
def test_spaced_indices_are_those_of_a_fragment(num_frames):
    for length in (1, 2, 3, 7, 16, 31, 100):
        expected = np.asarray(resampling_indices(np.ones((1, length), bool), num_frames))[0]
        np.testing.assert_array_equal(spaced_indices(length, num_frames), expected)


def _feature_videos(lengths=(5, 12, 9), size=3):
    """Videos of features whose first number is the step; stages in the order of the sport, a third each."""
    for number, length in enumerate(lengths):
        values = np.random.default_rng(number).normal(size=(length, size)).astype(np.float32)
        values[:, 0] = np.arange(length)
        yield feature_video(f"v{number}", values, np.arange(length) * 3 // length + 1, difficulty=3.0 + number)


@pytest.fixture(scope="module")
def feature_records(tmp_path_factory):
    return write_records(tmp_path_factory.mktemp("features") / "records", {"train": list(_feature_videos())})


def test_features_in_place_of_frames(feature_records):
    ((inputs, targets, info),) = videos(feature_records, "train", batch_size=3, pad_to_multiple=8, with_info=True)
    assert inputs.keys() == {"features", "mask"}
    assert inputs["features"].shape == (3, 16, 3) and inputs["features"].dtype == tf.float32
    for row, example in enumerate(_feature_videos()):
        length = len(example)
        np.testing.assert_array_equal(inputs["features"][row, :length], example.features)
        assert not np.asarray(inputs["features"][row, length:]).any()
        np.testing.assert_array_equal(inputs["mask"][row], np.arange(16) < length)
        np.testing.assert_array_equal(targets["stages"][row, :length], example.stages)
        assert (np.asarray(targets["stages"][row, length:]) == -1).all()
    np.testing.assert_allclose(targets["difficulty"], [3, 4, 5])
    assert np.isnan(targets["final"]).all()
    assert [video_id.decode() for video_id in info["id"].numpy()] == ["v0", "v1", "v2"]
    np.testing.assert_allclose(info["frame_rate"], 5.0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"only_stages": [("take-flight",)], "margin": 1}, {"v1": list(range(3, 9))}),
        ({"num_frames": 3}, {"v0": [0, 2, 4], "v1": [0, 6, 11], "v2": [0, 4, 8]}),
        ({"num_frames": 7}, {"v0": [0, 1, 1, 2, 3, 3, 4]}),
        ({"ids": ["v2"]}, {"v2": list(range(9))}),
    ],
)
def test_the_options_choose_steps(feature_records, options, expected):
    """The first number of a feature is its step, and stages are a third each."""
    found = {}
    for inputs, targets, info in videos(feature_records, "train", batch_size=2, with_info=True, **options):
        for row, video_id in enumerate(info["id"].numpy()):
            mask = np.asarray(inputs["mask"][row])
            steps = np.asarray(inputs["features"][row])[mask, 0].astype(int)
            stages = steps * 3 // {b"v0": 5, b"v1": 12, b"v2": 9}[video_id] + 1
            np.testing.assert_array_equal(np.asarray(targets["stages"][row])[mask], stages)
            found[video_id.decode()] = steps.tolist()
    assert found == found | expected and found.keys() == set(options.get("ids", found))


@pytest.mark.parametrize("option", PIXEL_OPTIONS)
def test_features_are_not_augmented_as_pixels_are(feature_records, option):
    augmentation = dataclasses.replace(Augmentation(0, False, 0, 0, 0, 0), **{option: 0.1})
    with refused("flags_conflict", feature_records, option):
        videos(feature_records, "train", batch_size=1, augmentation=augmentation)
