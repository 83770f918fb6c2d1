"""The input pipeline: what comes out is what was stored, chosen before decoding, and the same for the same seeds."""

import collections
import gc
import math

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
    Augmentation,
    FrameDecoder,
    clip_indices,
    fold,
    frame_range,
    spaced_clips,
    spaced_indices,
    stage_span,
    video_seeds,
)
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import clips, video_clips, videos
from scoringnet_tf.data.preprocessing import center_offset, encode_jpeg
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
        a[0] == b[0] and np.array_equal(a[1], b[1]) and np.array_equal(a[2], b[2])
        for a, b in zip(first, second, strict=True)
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


def test_unknown_scores_are_nan(motion_records):
    _, targets = next(iter(videos(motion_records, "train", image_size=WHOLE, batch_size=2)))
    assert np.isnan(targets["difficulty"]).all() and (targets["stages"].numpy() == -1).all()


@pytest.mark.parametrize(
    ("kwargs", "batches"),
    [({}, 4), ({"drop_remainder": True}, 3), ({"epochs": 3}, 12), ({"first_epoch": 2, "epochs": 2}, 0)],
)
def test_number_of_batches_is_known_and_right(diving_records, kwargs, batches):
    dataset = videos(diving_records, "train", image_size=WHOLE, batch_size=2, **kwargs)
    assert int(dataset.cardinality()) == batches == len(list(dataset))


def test_equal_seeds_give_equal_data_whatever_the_global_seed(diving_records):
    settings = {"shuffle": True, "augmentation": Augmentation(), "epochs": 2, "image_size": (20, 30)}
    tf.random.set_seed(1)
    first, _ = _read(diving_records, seed=5, **settings)
    tf.random.set_seed(2)
    assert _same(first, _read(diving_records, seed=5, **settings)[0])
    assert not _same(first, _read(diving_records, seed=6, **settings)[0])


@pytest.mark.slow
def test_each_pass_over_one_dataset_is_the_next_epoch(diving_records):
    """As `fit(epochs=3)` goes through it; the variable that counts lives as long as the dataset."""
    settings = {"shuffle": True, "augmentation": Augmentation(), "seed": 3, "image_size": (20, 30), "batch_size": 2}
    dataset = videos(diving_records, "train", first_epoch=1, **settings)
    gc.collect()
    passes = [[inputs["frames"].numpy() for inputs, _ in dataset] for _ in range(3)]
    assert len(passes[0]) == int(dataset.cardinality()) == 4
    for epoch, found in enumerate(passes, 1):
        expected = videos(diving_records, "train", first_epoch=epoch, epochs=epoch + 1, **settings)
        for frames, (inputs, _) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(frames, inputs["frames"])


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(diving_records):
    settings = {"shuffle": True, "augmentation": Augmentation(), "seed": 3, "image_size": (20, 30)}
    whole, _ = _read(diving_records, epochs=3, **settings)
    resumed, _ = _read(diving_records, first_epoch=1, epochs=3, **settings)
    assert _same(whole[7:], resumed)


def test_pipelines_share_the_videos_of_each_global_batch(diving_records):
    settings = {"shuffle": True, "augmentation": Augmentation(), "seed": 3, "drop_remainder": True, "epochs": 2}
    _, alone = _read(diving_records, batch_size=2, **settings)
    shared = [
        _read(diving_records, batch_size=1, num_input_pipelines=2, input_pipeline_id=index, **settings)[1]
        for index in range(2)
    ]
    assert len(alone) == len(shared[0]) == len(shared[1]) == 6
    for whole, first, second in zip(alone, *shared, strict=True):
        assert list(whole[2]["id"]) == [*first[2]["id"], *second[2]["id"]]
        length = first[0]["mask"].sum()
        np.testing.assert_array_equal(whole[0]["frames"][0][:length], first[0]["frames"][0][:length])


def test_start_shift_removes_up_to_five_frames_and_their_stages(diving_records):
    plain = {video_id: stages for video_id, _, stages in _read(diving_records)[0]}
    found, _ = _read(diving_records, augmentation=SHIFT_ONLY, epochs=12)
    shifts = collections.Counter()
    for video_id, frames, stages in found:
        indices = _indices(frames)
        assert indices == list(range(indices[0], len(plain[video_id])))
        np.testing.assert_array_equal(stages, plain[video_id][indices[0] :])
        shifts[indices[0]] += 1
    assert set(shifts) == {0, 1, 2, 3, 4, 5}


def test_max_frames_keeps_the_first_in_evaluation_and_the_labelled_ones_in_training(diving_records):
    for _, frames, _ in _read(diving_records, max_frames=10)[0]:
        assert _indices(frames) == list(range(10))
    no_shift = Augmentation(max_start_shift=0, flip=False, crop_shift=0, color_jitter=0)
    starts = set()
    for video_id, frames, stages in _read(diving_records, max_frames=30, augmentation=no_shift, epochs=6)[0]:
        indices, number = _indices(frames), int(video_id)
        assert indices == list(range(indices[0], indices[0] + min(30, 24 + number)))
        labelled = range(18 + number)
        assert set(labelled) <= set(indices) or len(labelled) > 30
        np.testing.assert_array_equal(np.bincount(stages, minlength=4)[1:].sum() > 0, True)
        starts.add(indices[0])
    assert len(starts) == 1  # all labelled stages begin at frame 0 here


def test_windows_against_all_windows():
    """Every window that holds all labelled stages but noise (0) occurs, and no other; if none can, those within."""
    cases = [
        ([0, 0, 0, 1, 2, 3, 0, 0, 0, 0], 5, {1, 2, 3}),
        ([1, 2, 3, 0, 0, 0], 4, {0}),
        ([0, -1, 0, 0, 2, 3], 3, {3}),
        ([0, 1, 1, 2, 2, 3, 3, 0], 4, {1, 2, 3}),
        ([0, 0, -1, -1, 0], 3, {0, 1, 2}),
        ([1, 2, 3], 9, {0}),
    ]
    no_shift = Augmentation(max_start_shift=0)
    for stages, size, expected in cases:
        labels = tf.constant(stages, tf.int64)
        draw = tf.function(
            lambda seed, labels=labels, size=size: frame_range(labels, 0, size, no_shift, lambda _: seed)
        )
        ranges = {tuple(map(int, draw(tf.constant([seed, 1], tf.int64)))) for seed in range(60)}
        assert ranges == {(start, min(start + size, len(stages))) for start in expected}, (stages, size)


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


def test_only_stages_leave_the_fragments_as_they_were(diving_records):
    fragments = ("take-flight", "entry")
    settings = {"augmentation": SHIFT_ONLY, "epochs": 3}
    whole = _read(diving_records, **settings)[0]
    found = _read(diving_records, only_stages=[fragments, fragments[:1]], margin=2, **settings)[0]
    assert len(whole) == len(found)
    for (_, frames, stages), (_, kept_frames, kept_stages) in zip(whole, found, strict=True):
        in_fragment = np.flatnonzero(np.isin(stages, (2, 3)))
        expected = np.arange(max(in_fragment[0] - 2, 0), min(in_fragment[-1] + 3, len(stages)))
        np.testing.assert_array_equal(kept_stages, stages[expected])
        np.testing.assert_array_equal(kept_frames, frames[expected])


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
    records = _broken_records(tmp_path / "records", range(12), 40)
    found, _ = _read(records, max_frames=12)
    assert found[0][1].shape == (12, *WHOLE, 3)
    spaced, _ = _read(_broken_records(tmp_path / "spaced", (0, 13, 26, 39), 40), num_frames=4)
    assert spaced[0][1].shape == (4, *WHOLE, 3)
    with pytest.raises(tf.errors.InvalidArgumentError):
        _read(records)
    middle = _broken_records(tmp_path / "middle", range(17, 23), 40, classes={"action": ["A", "B"]})
    options = {"image_size": WHOLE, "batch_size": 1}
    ((frames, _),) = clips(middle, "train", clip_length=6, sampling="consecutive", **options)
    assert frames.shape == (1, 6, *WHOLE, 3)
    ((frames, _),) = video_clips(middle, "train", clip_length=6, clips_per_video=1, **options)
    assert frames.shape == (1, 1, 6, *WHOLE, 3)


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"image_size": (64, 64)}, "frames_too_small", ["64×64", "36×48"]),
        ({"split": "dev"}, "unknown_name", ["dev", "test, train"]),
        ({"batch_size": 0}, "out_of_range", ["batch_size"]),
        ({"num_input_pipelines": 2, "input_pipeline_id": 2}, "out_of_range", ["input_pipeline_id"]),
        ({"max_frames": 0}, "out_of_range", ["max_frames"]),
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
        clips(diving_records, "train", image_size=WHOLE, batch_size=1)
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


def test_training_clips_are_repeatable_and_differ_by_epoch(motion_records):
    def read(**kwargs):
        settings = {"clip_length": 6, "image_size": (20, 30), "batch_size": 2, "shuffle": True, "epochs": 2}
        dataset = clips(motion_records, "train", augmentation=Augmentation(), **(settings | kwargs))
        return np.concatenate([frames for frames, _ in dataset.as_numpy_iterator()])

    np.testing.assert_array_equal(read(seed=4), read(seed=4))
    np.testing.assert_array_equal(read(seed=4)[4:], read(seed=4, first_epoch=1))
    assert not np.array_equal(read(seed=4)[:4], read(seed=4)[4:])


@pytest.mark.parametrize("length", [1, 5, 32, 100])
def test_clip_indices(length):
    plain = clip_indices(length, 8, None, None).numpy()
    np.testing.assert_array_equal(plain, np.round(np.linspace(0, length - 1, 8)))
    for epoch in range(20):
        indices = clip_indices(length, 8, Augmentation(), video_seeds(0, tf.constant(epoch, tf.int64), "1")).numpy()
        assert (np.diff(indices) >= 0).all() and indices[0] <= 0.1 * length and indices[-1] >= 0.9 * (length - 1) - 0.5
        assert indices[0] >= 0 and indices[-1] < length


# === Clips of consecutive frames ===


def _clip_frames(records, **kwargs):
    """Frame indices of every clip, in order, of the training split."""
    settings = {"clip_length": 6, "sampling": "consecutive", "image_size": WHOLE, "batch_size": 2}
    return [_indices(clip) for frames, _ in clips(records, "train", **(settings | kwargs)) for clip in frames.numpy()]


def test_consecutive_clips_are_random_in_training_and_the_middle_ones_in_evaluation(ucf101_records):
    """Videos of 20 frames: starts 0 to 14."""
    drawn = _clip_frames(ucf101_records, augmentation=SHIFT_ONLY, epochs=40, seed=3)
    assert all(clip == list(range(clip[0], clip[0] + 6)) for clip in drawn)
    assert {clip[0] for clip in drawn} == set(range(15))
    assert drawn[80:] == _clip_frames(ucf101_records, augmentation=SHIFT_ONLY, first_epoch=20, epochs=40, seed=3)
    assert _clip_frames(ucf101_records) == [list(range(7, 13))] * 4
    assert _clip_frames(ucf101_records, shuffle=True) == [list(range(7, 13))] * 4


def test_a_short_video_repeats_its_last_frame(ucf101_records):
    expected = [*range(20), *[19] * 5]
    assert _clip_frames(ucf101_records, clip_length=25) == [expected] * 4
    assert _clip_frames(ucf101_records, clip_length=25, augmentation=SHIFT_ONLY) == [expected] * 4


def test_video_clips_are_evenly_spaced(ucf101_records):
    options = {"clip_length": 6, "clips_per_video": 3, "image_size": WHOLE, "batch_size": 3}
    batches = list(video_clips(ucf101_records, "train", **options).as_numpy_iterator())
    assert [frames.shape for frames, _ in batches] == [(3, 3, 6, *WHOLE, 3), (1, 3, 6, *WHOLE, 3)]
    for frames, _ in batches:
        for video in frames:
            assert [_indices(clip) for clip in video] == [list(range(start, start + 6)) for start in (2, 7, 11)]
    labels = np.concatenate([classes["action"] for _, classes in batches])
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])


@pytest.mark.parametrize("num_clips", [1, 2, 10])
@pytest.mark.parametrize("length", [1, 16, 17, 29, 1776])
def test_spaced_clips(length, num_clips):
    indices = spaced_clips(length, 16, num_clips).numpy()
    last_start = max(0, length - 16)
    for k in range(num_clips):
        start = math.floor((k + 0.5) / num_clips * last_start + 1e-9)
        np.testing.assert_array_equal(indices[k], np.minimum(np.arange(start, start + 16), length - 1))


def _encoded_noise(num_frames=3):
    rng = np.random.default_rng(0)
    frames = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), WHOLE[::-1], interpolation=cv2.INTER_CUBIC)
    jpegs = [encode_jpeg(np.roll(frames, index, axis=1), 95) for index in range(num_frames)]
    return tf.constant(jpegs), np.stack([cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)[..., ::-1] for jpeg in jpegs])


def test_crop_and_flip_are_the_same_for_all_frames_and_reach_everywhere():
    encoded, stored = _encoded_noise()
    decode = FrameDecoder(WHOLE, (34, 46), Augmentation(color_jitter=0))
    seen = set()
    for epoch in range(150):
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


def test_augmentations_can_be_turned_off_alone():
    encoded, stored = _encoded_noise()
    seeds = video_seeds(0, tf.constant(7, tf.int64), "001")
    off = FrameDecoder(WHOLE, WHOLE, Augmentation(0, False, 0, 0, 0))
    np.testing.assert_array_equal(off(encoded, seeds), stored)
    both = FrameDecoder(WHOLE, (20, 30), Augmentation(flip=False, color_jitter=0))(encoded, seeds)
    crop = FrameDecoder(WHOLE, (20, 30), Augmentation(max_start_shift=0, flip=False, color_jitter=0))(encoded, seeds)
    np.testing.assert_array_equal(both, crop)


def test_center_offset():
    assert center_offset((73, 98), (64, 64)) == (4, 17)
    assert center_offset((128, 171), (112, 112)) == (8, 29)  # C3D's own crop: rows 8:120, columns 29:141
    with refused("frames_too_small", "113×112", "112×112"):
        center_offset((112, 112), (113, 112))


# === num_frames ===


@pytest.mark.parametrize("num_frames", [1, 2, 3, 8, 16, 32, 103])
def test_spaced_indices_are_those_of_a_fragment(num_frames):
    for length in (1, 2, 3, 7, 16, 31, 100):
        expected = np.asarray(resampling_indices(np.ones((1, length), bool), num_frames))[0]
        np.testing.assert_array_equal(spaced_indices(length, num_frames), expected)


@pytest.mark.parametrize("num_frames", [1, 8, 40])
def test_num_frames_are_evenly_spaced(diving_records, num_frames):
    whole, _ = _read(diving_records)
    found, batches = _read(diving_records, num_frames=num_frames)
    assert {batch[0]["frames"].shape[1] for batch in batches} == {num_frames}  # not rounded up
    assert all(batch[0]["mask"].all() for batch in batches)
    for (video_id, frames, stages), (_, all_frames, all_stages) in zip(found, whole, strict=True):
        length = len(all_frames)
        expected = np.round(np.float32(np.arange(num_frames) / np.float32(max(num_frames - 1, 1))) * (length - 1))
        assert length == 24 + int(video_id) and _indices(frames) == expected.astype(int).tolist()
        np.testing.assert_array_equal(stages, all_stages[_indices(frames)])


def test_num_frames_of_what_the_other_options_leave(diving_records):
    found, _ = _read(diving_records, num_frames=5, only_stages=[("entry",)], margin=1)
    for video_id, frames, _ in found:
        start, end = 12 + int(video_id) - 1, 18 + int(video_id) + 1
        assert _indices(frames) == (start + np.round(np.linspace(0, end - 1 - start, 5))).astype(int).tolist()
    found, _ = _read(diving_records, num_frames=3, max_frames=9)
    assert {tuple(_indices(frames)) for _, frames, _ in found} == {(0, 4, 8)}


# === Features ===


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


def test_the_shape_of_features_is_known(feature_records):
    inputs, _ = videos(feature_records, "train", batch_size=2).element_spec
    assert inputs["features"].shape.as_list() == [None, None, 3]
    inputs, targets = videos(feature_records, "train", batch_size=2, num_frames=6, drop_remainder=True).element_spec
    assert inputs["features"].shape.as_list()[1:] == [6, 3] and targets["stages"].shape.as_list()[1:] == [6]


def _steps(folder, **options):
    """{id: steps that are given}, read from the first number."""
    found = {}
    for inputs, targets, info in videos(folder, "train", batch_size=2, with_info=True, **options):
        for row, video_id in enumerate(info["id"].numpy()):
            mask = np.asarray(inputs["mask"][row])
            steps = np.asarray(inputs["features"][row])[mask, 0].astype(int)
            expected = steps * 3 // {b"v0": 5, b"v1": 12, b"v2": 9}[video_id] + 1
            np.testing.assert_array_equal(np.asarray(targets["stages"][row])[mask], expected)
            found[video_id.decode()] = steps.tolist()
    return found


def test_the_options_choose_steps(feature_records):
    def chosen(**options):
        return _steps(feature_records, **options)

    assert chosen(max_frames=4) == {f"v{number}": [0, 1, 2, 3] for number in range(3)}
    assert chosen(only_stages=[("take-flight",)], margin=1)["v1"] == list(range(3, 9))
    assert chosen(num_frames=3) == {"v0": [0, 2, 4], "v1": [0, 6, 11], "v2": [0, 4, 8]}
    assert chosen(num_frames=7)["v0"] == [0, 1, 1, 2, 3, 3, 4]
    assert list(chosen(ids=["v2"])) == ["v2"]
    shifted = [chosen(augmentation=SHIFT_ONLY, shuffle=True, seed=seed, epochs=1) for seed in (0, 1, 2)]
    starts = {steps[0] for found in shifted for steps in found.values()}
    assert starts <= set(range(6)) and len(starts) > 2  # a video of five steps keeps its last


@pytest.mark.parametrize(
    "option", [{"flip": True}, {"crop_shift": 1}, {"zoom": 0.1}, {"color_jitter": 0.1}, {"degradation": 0.1}]
)
def test_features_are_not_augmented_as_pixels_are(feature_records, option):
    nothing = {"flip": False, "crop_shift": 0, "zoom": 0.0, "color_jitter": 0.0}
    with refused("flags_conflict", feature_records, *option):
        videos(feature_records, "train", batch_size=1, augmentation=Augmentation(**nothing | option))
