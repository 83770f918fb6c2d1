"""The stored form of a frame: aspect, size and JPEG against hand-made pictures, and in a graph against OpenCV's."""

import functools
import json

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars, write_images, write_video
from refusals import refused

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.data.preprocessing import (
    StoredForm,
    center_part,
    decode_jpeg,
    encode_jpeg,
    model_frames,
    resize_frame,
)
from scoringnet_tf.data.video import Clip, VideoError, read_video

BLACK, RED, GREEN = (0, 0, 0), (220, 10, 10), (10, 200, 10)


@functools.cache
def picture(height, width, seed=0):
    """A frame with detail at every scale, so that a pixel that is treated otherwise shows."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth.astype(int) + rng.integers(-20, 20, smooth.shape), 0, 255).astype(np.uint8)


def framed(height, width, border_height, border_width):
    """A green frame with red borders of these sizes."""
    frame = np.full((height, width, 3), RED, np.uint8)
    frame[border_height : height - border_height, border_width : width - border_width] = GREEN
    return frame


@pytest.mark.parametrize(
    ("frame", "pixel_aspect"),
    [
        (framed(90, 160, 0, 20), 1.0),  # 16:9
        (framed(160, 90, 46, 0), 1.0),  # a telephone held upright: 90 × 67.5 of it
        (framed(90, 120, 0, 15), 4 / 3),  # 16:9, squeezed into 4:3 in the file
    ],
)
def test_crop_stores_the_middle_at_the_aspect(frame, pixel_aspect):
    stored = StoredForm((30, 40), aspect=4 / 3, fit="crop").picture(frame, pixel_aspect)
    assert stored.shape == (30, 40, 3)
    np.testing.assert_array_equal(stored[2:-2], np.broadcast_to(GREEN, (26, 40, 3)))


def test_pad_stores_the_whole_with_black_bars():
    stored = StoredForm((30, 40), aspect=4 / 3, fit="pad").picture(np.full((90, 160, 3), RED, np.uint8))
    rows = stored[:, 20]  # 160 × 120 of which 15 rows above and below are bars: 3.75 of 30
    np.testing.assert_array_equal(rows[[0, 1, 2, 27, 28, 29]], np.broadcast_to(BLACK, (6, 3)))
    np.testing.assert_array_equal(rows[4:26], np.broadcast_to(RED, (22, 3)))
    upright = StoredForm((30, 40), aspect=4 / 3, fit="pad").picture(np.full((40, 30, 3), RED, np.uint8))
    np.testing.assert_array_equal(upright[15, [0, 7, 32, 39]], np.broadcast_to(BLACK, (4, 3)))
    np.testing.assert_array_equal(upright[:, 9:30], np.broadcast_to(RED, (30, 21, 3)))


@pytest.mark.parametrize("form", [StoredForm((30, 40), aspect=4 / 3, fit="stretch"), StoredForm((30, 40))])
def test_without_an_aspect_or_stretched_the_whole_frame_is_stored(form):
    frame = picture(90, 160)
    np.testing.assert_array_equal(form.picture(frame), cv2.resize(frame, (40, 30), interpolation=cv2.INTER_AREA))


def test_a_few_percent_are_not_worth_a_word():
    form, near = StoredForm((30, 40), aspect=4 / 3), picture(90, 125)
    np.testing.assert_array_equal(form.picture(near), cv2.resize(near, (40, 30), interpolation=cv2.INTER_AREA))
    assert form.departure(125 / 90) is None and form.part(90, 125) == (90, 125)
    assert form.departure(128 / 90) and form.part(90, 128) == (90, 120)
    assert StoredForm((3, 4)).departure(16 / 9) is None  # its aspect is not known


def test_what_is_no_stored_form():
    with refused("unknown_name", "cut", "crop, pad, stretch"):
        StoredForm((3, 4), fit="cut")
    with refused("out_of_range", 0):
        StoredForm((3, 4), aspect=0)


@pytest.mark.parametrize("size", [(5, 9), (6, 10), (7, 4), (9, 12), (8, 13), (1, 1)])
def test_center_part_is_tensorflows(size):
    frame = picture(7, 10)
    np.testing.assert_array_equal(center_part(frame, *size), tf.image.resize_with_crop_or_pad(frame, *size))


@pytest.mark.parametrize("size", [(30, 40), (30, 200), (90, 40)])
def test_resizing_averages_areas_even_where_one_side_grows(size):
    frame = picture(60, 80)
    expected = frame.astype(float)
    for axis, stored in enumerate(size):
        edges = np.linspace(0, frame.shape[axis], stored + 1)
        pixel = np.arange(frame.shape[axis])
        overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
        shares = np.maximum(overlap, 0) / np.diff(edges)[:, None]
        expected = np.moveaxis(np.tensordot(shares, expected, (1, axis)), 0, axis)
    assert np.abs(resize_frame(frame, size) - expected).max() <= 1.01


def test_records_are_decoded_to_the_same_pixels_with_and_without_tensorflow():
    jpegs = [encode_jpeg(picture(73, 98, seed), quality) for seed, quality in enumerate((50, 75, 92, 100))]
    decoded = FrameDecoder((73, 98), (64, 60), augmentation=None)(tf.constant(jpegs), seeds=lambda _: None)
    np.testing.assert_array_equal(decoded, model_frames(jpegs, (64, 60)))
    red = decode_jpeg(encode_jpeg(np.full((8, 8, 3), RED, np.uint8), 100))
    np.testing.assert_allclose(red.astype(int), np.broadcast_to(RED, (8, 8, 3)), atol=3)


SHRINKING = [(240, 320), (720, 1280), (360, 640), (288, 352), (640, 360), (480, 480), (241, 321), (73, 98), (128, 171)]
WHOLE_MULTIPLES = [(146, 196), (219, 294), (292, 392), (438, 588), (146, 392)]


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_graph_stores_the_same_pixels(fit):
    form = StoredForm((73, 98), 92, 4 / 3, fit)
    encode = tf.function(form.encode_in_graph, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)])
    for size in SHRINKING + WHOLE_MULTIPLES:
        frame = picture(*size)
        encoded = encode(frame).numpy()
        np.testing.assert_array_equal(decode_jpeg(encoded), decode_jpeg(form.encode(frame)), str(size))
    assert encode.experimental_get_tracing_count() == 1


def test_a_graph_stores_halves_as_opencv_rounds_them():
    """Pictures of few grey levels, whose means are halves more often than not."""
    frame = (100 + np.random.default_rng(0).integers(0, 2, (240, 320, 3))).astype(np.uint8)
    for size in ((73, 98), (120, 160), (60, 80), (40, 53), (48, 64)):
        form = StoredForm(size, 100)
        np.testing.assert_array_equal(decode_jpeg(form.encode_in_graph(frame).numpy()), decode_jpeg(form.encode(frame)))


@pytest.fixture
def preprocessor():
    return ScoringNetPreprocessor(image_size=(32, 32), frame_size=(36, 48))


def test_gives_the_pixels_of_the_records_to_the_bit(diving_records, tmp_path):
    """The video is that of the fixture's 001; so are size, aspect and quality."""
    write_bars(tmp_path / "001.avi", 25, number=1)
    info = DatasetInfo.load(diving_records)
    preprocessor = ScoringNetPreprocessor((20, 30), info.frame_size, **info.stored)
    ((inputs, _, facts),) = videos(diving_records, "test", image_size=(20, 30), batch_size=3, with_info=True)
    row = facts["id"].numpy().tolist().index(b"001")
    evaluated = inputs["frames"].numpy()[row][inputs["mask"].numpy()[row]]
    np.testing.assert_array_equal(preprocessor(tmp_path / "001.avi")["frames"], evaluated[np.newaxis])


def test_takes_a_path_a_clip_an_array_or_a_tensor(tmp_path, preprocessor):
    write_bars(tmp_path / "v.avi", 12)
    write_images(tmp_path / "folder", 12, name="{}.png", first=0)
    frames = read_video(tmp_path / "v.avi").frames
    expected = preprocessor(frames)
    assert expected["frames"].shape == (1, 12, 32, 32, 3) and expected["frames"].dtype == np.uint8
    np.testing.assert_array_equal(expected["mask"], np.ones((1, 12), bool))
    for video in (str(tmp_path / "v.avi"), tmp_path / "v.avi", tf.constant(frames), keras.ops.array(frames)):
        np.testing.assert_array_equal(preprocessor(video)["frames"], expected["frames"])
    part = preprocessor(Clip(tmp_path / "folder", (3, 8)))
    np.testing.assert_array_equal(part["frames"], preprocessor(tmp_path / "folder")["frames"][:, 3:8])


@pytest.mark.parametrize("shape", [(60, 80, 3), (1, 1, 4, 60, 80, 3), (4, 60, 80, 1), (0, 60, 80, 3)])
def test_what_is_no_video_is_refused(preprocessor, shape):
    with refused("wrong_shape", shape):
        preprocessor(np.zeros(shape, np.uint8))


def test_paths_without_a_video_and_frames_that_are_too_small_are_refused(preprocessor, tmp_path):
    with pytest.raises(VideoError):
        preprocessor(tmp_path / "none.mp4")
    with refused("wrong_value"):
        preprocessor("")
    with pytest.raises(ValueError):  # a model's image larger than the stored frame
        ScoringNetPreprocessor((40, 32), (36, 48))(np.full((1, 60, 80, 3), 90, np.uint8))


def test_wide_video_is_cut_and_it_is_said(tmp_path, preprocessor):
    frames = np.full((5, 48, 86, 3), 200, np.uint8)
    frames[:, :, :11] = frames[:, :, -11:] = 0
    write_video(tmp_path / "wide.avi", frames)
    video = preprocessor.read(tmp_path / "wide.avi")
    assert [warning.code for warning in video.warnings] == ["aspect"]
    assert video.aspect == pytest.approx(86 / 48)
    assert preprocessor.frames(video.frames).min() > 150


def test_a_saved_model_keeps_how_its_frames_were_stored(tmp_path):
    stored = {"jpeg_quality": 80, "aspect": 16 / 9, "fit": "pad"}
    model = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        segmenter=None,
        score_predictor={"clip_lengths": (8, 8), "scores": ("final",)},
        content={"frame_size": (36, 48), "stored": stored},
        provenance={"frame_rate": 25.0},
    )
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", compile=False)
    expected = {"image_size": [32, 32], "frame_size": [36, 48], **stored, "frame_rate": 25.0}
    assert again.preprocessor.get_config() == expected == again.with_dtype("float32").preprocessor.get_config()
    serialized = json.loads(json.dumps(keras.saving.serialize_keras_object(again.preprocessor)))
    made = keras.saving.deserialize_keras_object(serialized)
    frames = np.random.default_rng(0).integers(0, 256, (3, 60, 80, 3)).astype(np.uint8)
    np.testing.assert_array_equal(made(frames)["frames"], ScoringNetPreprocessor(**expected)(frames)["frames"])


def test_that_of_a_preset_is_its_models_without_the_weights(tmp_path):
    shipped = scoringnet_tf.from_preset("diving_small").preprocessor
    assert ScoringNetPreprocessor.from_preset("diving_small").get_config() == shipped.get_config()
    assert shipped.frame_rate == 25 and ScoringNetPreprocessor.from_preset("vault_small").stored.fit == "crop"
    with refused("wrong_model", "c3d.keras", "ScoringNet", "C3D"):
        ScoringNetPreprocessor.from_preset("motion_small")
    (tmp_path / "model.keras").write_bytes(b"PK")
    with refused("damaged_model", "model.keras"):
        ScoringNetPreprocessor.from_preset(tmp_path / "model.keras")
    features = {"size": 4, "stride": 2, "origin": None}
    model = scoringnet_tf.ScoringNet(
        width_multiplier=1 / 16, content={"features": features}, score_predictor={"clip_lengths": (4, 4)}
    )
    model.save_to_preset(tmp_path / "features")
    with refused("sees_features", "features"):
        ScoringNetPreprocessor.from_preset(tmp_path / "features")
