"""The stored form of a frame: aspect, size and JPEG against hand-made pictures, and in a graph against OpenCV's."""

import functools

import cv2
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused

from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.data.preprocessing import (
    StoredForm,
    center_part,
    decode_jpeg,
    encode_jpeg,
    model_frames,
    resize_frame,
)

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
