"""Backbones by name: a saved model, layers of one, and Kinetics's I3D from a package or not at all."""

import keras
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.backbones.i3d import I3D, kinetics_classes
from scoringnet_tf.support import i3d_files
from scoringnet_tf.support.i3d_files import CACHE, cached_file, is_installed
from scoringnet_tf.weights.backbones import load_backbone

SIZE = (32, 32)
FRAMES = np.random.default_rng(0).integers(0, 256, (1, 16, *SIZE, 3), dtype=np.uint8)
INPUTS = {"frames": FRAMES, "mask": np.ones((1, 16), bool)}


def at_every_frame(steps, stride):
    """(B, 16 / stride, h, w, C) → (16, C): means over places, interpolated between the middles of steps."""
    means = np.asarray(steps).mean(axis=(2, 3))[0]
    middles = np.arange(len(means)) * stride + (stride - 1) / 2
    return np.transpose([np.interp(np.arange(16), middles, channel) for channel in means.T])


@pytest.fixture(scope="module")
def i3d(tmp_path_factory):
    """(a small I3D with logits, its file)."""
    model = I3D((None, None, None, 3), 1 / 16, classes=400)
    path = tmp_path_factory.mktemp("i3d") / "i3d.keras"
    model.save(path)
    return model, path


@pytest.fixture(scope="module")
def backbone(i3d):
    return load_backbone(str(i3d[1]), SIZE)


@pytest.fixture(scope="module")
def learning(i3d):
    """One layer of the same file, which learns on."""
    return load_backbone(f"{i3d[1]}:Mixed_4f", SIZE, trainable=True)


def test_a_file_of_i3d_gives_two_endpoints_side_by_side(i3d, backbone, learning):
    model, _ = i3d
    found = np.asarray(backbone(INPUTS))[0]
    ends = [model.get_layer(name).output for name in ("Mixed_4f", "Mixed_5c")]
    four, five = keras.Model(model.input, ends)(FRAMES)
    np.testing.assert_allclose(found, np.hstack([at_every_frame(four, 4), at_every_frame(five, 8)]), atol=1e-5)
    assert backbone.pretrained and not backbone.trainable and backbone.frame_rate == 25.0
    assert len(backbone.origin["sha256"]) == 64
    np.testing.assert_allclose(np.asarray(learning(INPUTS))[0], at_every_frame(four, 4), atol=1e-5)
    assert learning.trainable


def test_a_file_of_c3d_sees_every_frame(tmp_path):
    c3d = C3D((16, *SIZE, 3), 1 / 32)
    c3d.save(tmp_path / "c3d.keras")
    backbone = load_backbone(f"{tmp_path}/c3d.keras:conv3b", SIZE)
    twin = C3D((None, *SIZE, 3), 1 / 32, temporal_pooling=False, final_endpoint="conv3b")
    for layer in twin.layers:
        layer.set_weights(c3d.get_layer(layer.name).get_weights() if layer.weights else [])
    np.testing.assert_allclose(np.asarray(backbone(INPUTS)), np.asarray(twin(FRAMES)).mean(axis=(2, 3)), atol=1e-5)


def test_a_layer_of_any_model_is_a_backbone(tmp_path):
    image = keras.Input((*SIZE, 3))
    x = keras.layers.Conv2D(4, 4, 4, name="first")(image)
    keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x))).save(tmp_path / "mine.keras")
    backbone = load_backbone(f"{tmp_path}/mine.keras:first", SIZE)
    assert np.asarray(backbone(INPUTS)).shape == (1, 16, 4)


def test_what_is_not_there_is_named(i3d, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    for code, name in (
        ("not_found", f"{tmp_path}/none.keras"),
        ("unknown_name", "i3d_rgb"),
        ("unknown_name", "c3d"),
        ("unknown_name", f"{i3d[1]}:Mixed_9z"),
        ("unknown_name", f"{i3d[1]}:Mixed_3c+Logits"),
        *([] if is_installed() else [("missing_package", "i3d")]),
    ):
        with refused(code, "--backbone", name):
            load_backbone(name, SIZE)


def test_converted_weights_are_those_of_the_network(i3d, backbone, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    model, _ = i3d
    weights = {f"{layer.name}/{place}": w for layer in model.layers for place, w in enumerate(layer.get_weights())}
    np.savez(cached_file(), **weights)
    found = load_backbone("i3d", SIZE)
    for ours, theirs in zip(found.get_weights(), backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.recognises and found.origin["sha256"] == i3d_files.SHA256


def test_a_damaged_cache_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    file = cached_file()
    file.write_bytes(b"half")
    with refused("damaged_weights", file, "--backbone=i3d"):
        load_backbone("i3d", SIZE)


def test_what_a_c3d_learned_from_goes_with_it(tmp_path):
    C3D((16, *SIZE, 3), 1 / 32, learned_from=["b", "a"]).save(tmp_path / "c3d.keras")
    assert load_backbone(f"{tmp_path}/c3d.keras:conv2a", SIZE).origin["learned_from"] == ["a", "b"]


def test_another_file_of_the_package_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    file = tmp_path / i3d_files.PACKAGE / i3d_files.PACKAGE_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"another")
    (tmp_path / i3d_files.PACKAGE / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with refused("damaged_weights", file):
        load_backbone("i3d", SIZE)
    assert not (tmp_path / "cache").exists()


def test_kinetics_classes_are_told_where_their_features_end(i3d, backbone, learning):
    model, _ = i3d
    features = np.random.default_rng(0).normal(size=(1, 5, backbone.size)).astype(np.float32)
    kernel, bias = model.get_layer("Logits").get_weights()
    assert backbone.classes == kinetics_classes() and backbone.recognises
    np.testing.assert_allclose(backbone.logits(features), features[..., -len(kernel) :] @ kernel + bias, atol=1e-4)
    backbone.trainable = True
    assert not backbone.recognises and not learning.classes
    backbone.trainable = False
