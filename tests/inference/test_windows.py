"""KFS in windows: the result for the whole video, whatever its length, and no more frames at a time than a window."""

import keras
import numpy as np
import pytest
from scripted_stages import windowed

import scoringnet_tf
from scoringnet_tf.inference import windows
from scoringnet_tf.inference.windows import WindowedBackbone, WindowedModel, window_of
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.i3d import I3D

WINDOW = 16
SIZE = (32, 32)


@pytest.fixture(scope="module")
def model():
    """Untrained, of weights that are large enough for its probabilities to differ from frame to frame."""
    keras.utils.set_random_seed(0)
    net = scoringnet_tf.ScoringNet(image_size=SIZE, width_multiplier=1 / 16)
    kernel, bias = net.segmenter.get_layer("fc2").get_weights()
    net.segmenter.get_layer("fc2").set_weights([4 * kernel, bias])
    return net


@pytest.fixture(scope="module")
def segmenter(model):
    return model.segmenter


@pytest.fixture(scope="module")
def with_features(segmenter):
    return segmenter.with_features()


@pytest.fixture(scope="module")
def reader(model):
    return WindowedModel(model, WINDOW)


def clip(length):
    return np.random.default_rng(length).integers(0, 256, (length, *SIZE, 3)).astype(np.uint8)


def whole(segmenter, frames):
    inputs = {"frames": frames[np.newaxis], "mask": np.ones((1, len(frames)), bool)}
    return np.asarray(segmenter(inputs, training=False))[0]


@pytest.mark.parametrize("length", [1, 16, 17, 60])
def test_equals_the_whole_video(with_features, reader, length):
    frames = clip(length)
    found, features = windowed(reader, frames)
    seen = with_features({"frames": frames[np.newaxis], "mask": np.ones((1, length), bool)}, training=False)
    np.testing.assert_allclose(features, np.asarray(seen["features"])[0], atol=1e-5)
    expected = np.asarray(seen["stages"])[0]
    assert found.shape == (length, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    if length > 2 * WINDOW:
        assert np.ptp(expected, axis=0).max() > 0.05  # else anything would do


def test_each_frame_is_read_once_a_window_at_a_time(reader):
    assert reader.pieces(100) == [(0, 15), (15, 30), (30, 45), (45, 60), (60, 75), (75, 90), (90, 100)]


def test_the_weights_are_the_segmenters(segmenter, reader):
    """Not a copy: what is trained further is used."""
    frames = clip(20)
    layer = segmenter.get_layer("bi_lstm").forward_layer.cell
    before = layer.recurrent_kernel.numpy()
    try:
        layer.recurrent_kernel.assign(2 * before)
        found, _ = windowed(reader, frames)
        np.testing.assert_allclose(found, whole(segmenter, frames), atol=1e-5)
    finally:
        layer.recurrent_kernel.assign(before)


@pytest.fixture(scope="module")
def trunk():
    network = I3D((None, *SIZE, 3), 1 / 16, ("Mixed_4f", "Mixed_5c"), masked=True, folded=True)
    for layer in network.layers:  # biases, too, so that padding shows
        layer.set_weights([np.random.default_rng(0).normal(0.02, 0.1, weight.shape) for weight in layer.weights])
    return Backbone(network, pretrained=True)


@pytest.fixture(scope="module")
def chain(trunk):
    """Traced for the first video, and then for all."""
    return WindowedBackbone(trunk, trunk.reach, every=3)


@pytest.mark.parametrize(("length", "stretch"), [(1, 1024), (9, 1024), (129, 1024), (300, 1024), (129, 64)])
def test_a_chain_computes_what_it_computes_of_the_whole_video(trunk, chain, length, stretch, monkeypatch):
    """Also where one stretch of vectors that are interpolated meets the next."""
    monkeypatch.setattr(windows, "STRETCH", stretch)
    frames = clip(length)
    found = windowed(chain, frames)
    inputs = {"frames": frames[np.newaxis], "mask": np.ones((1, length), bool)}
    np.testing.assert_allclose(found, np.asarray(trunk(inputs))[0, ::3], rtol=1e-5, atol=1e-6)
    pieces = chain.pieces(length)
    assert [place for piece in pieces for place in range(*piece)] == [*range(length)]
    assert max(stop - start for start, stop in pieces) <= 128 and np.ptp(found, axis=1).min() > 0.1


def test_blocks_of_a_users_model_are_no_chain():
    frames = keras.Input((None, *SIZE, 3))
    model = keras.Model(frames, keras.layers.Conv3D(4, 1)(frames))
    model.blocks = ["a stage of theirs"]
    trunk, video = Backbone(model), clip(9)
    found = windowed(WindowedBackbone(trunk, trunk.reach), video)
    inputs = {"frames": video[np.newaxis], "mask": np.ones((1, 9), bool)}
    np.testing.assert_allclose(found, np.asarray(trunk(inputs))[0], atol=1e-5)


@pytest.mark.parametrize(("width", "size", "window"), [(1 / 8, 64, 256), (1 / 2, 112, 167)])
def test_wide_models_have_short_windows(width, size, window):
    """2²⁶ numbers of conv1a: 64 · width · size² a frame."""
    model = scoringnet_tf.KeyFragmentSegmenter(image_size=(size, size), width_multiplier=width)
    assert window_of(model.get_layer("c3d")) == window
