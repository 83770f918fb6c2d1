"""Any Keras model under the stages and the scores: what it is given, what the heads read, and when it learns."""

import keras
import numpy as np
import pytest
from conftest import write_bars
from refusals import refused
from scripted_stages import windowed
from training_runs import SMALL, batch, trained

import scoringnet_tf
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.windows import WindowedModel
from scoringnet_tf.models.backbones.backbone import Backbone, EveryFrame, at_layers
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.models.settings import merged

SIZE, WIDTH = (32, 32), 1 / 32
FEW_LAYERS = {  # where it is enough that gradients come from both kinds of heads: a third of the layers
    "score_predictor": {"scores": ("final",), "score_statistics": {"final": (80.0, 9.0)}}
}


def image_model():
    """Images of floats to (N, 8, 8, 6), with batch normalisation and dropout."""
    keras.utils.set_random_seed(0)
    image = keras.Input((*SIZE, 3))
    x = keras.layers.Conv2D(6, 4, 4, name="conv")(image)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, keras.layers.Dropout(0.5, name="dropout")(x), name="images")


def video_model(steps=4):
    """Videos of any size and length to (B, L / steps, h, w, 5)."""
    frames = keras.Input((None, None, None, 3))
    return keras.Model(frames, keras.layers.Conv3D(5, 3, (steps, 2, 2), "same", name="conv")(frames), name="videos")


BACKBONES = {
    "I3D": lambda: Backbone(I3D((None, *SIZE, 3), WIDTH, ("Mixed_3b", "Mixed_4b"), masked=True)),  # of strides 2 and 4
    "C3D": lambda: Backbone(C3D((None, *SIZE, 3), WIDTH, temporal_pooling=False, masked=True), pool="none"),
    "images": lambda: Backbone(image_model()),
}


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request):
    return BACKBONES[request.param]()


@pytest.fixture(scope="module")
def model(backbone):
    """One that no test changes."""
    return net(backbone)


def frames_of(length, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (1, length, *SIZE, 3), dtype=np.uint8)


def features(backbone, frames, mask=None):
    mask = np.ones(frames.shape[:2], bool) if mask is None else mask
    return np.asarray(backbone({"frames": frames, "mask": mask}))


def net(backbone, **options):
    return scoringnet_tf.ScoringNet(backbone=backbone, **merged(SMALL, {"content": {"frame_size": (36, 48)}}, options))


# === Features ===


@pytest.mark.parametrize("length", [1, 13])
def test_padding_changes_nothing_for_real_frames(backbone, length):
    frames = frames_of(length)
    padded = np.concatenate([frames, frames_of(24 - length, 1)], axis=1)
    mask = np.arange(24) < np.array([[length], [24]])
    both = features(backbone, np.concatenate([padded, padded[:, ::-1]]), mask)
    assert both.shape == (2, 24, backbone.size)
    np.testing.assert_allclose(both[0, :length], features(backbone, frames)[0], atol=1e-6)


@pytest.mark.parametrize(("stride", "length"), [(1, 5), (2, 7), (4, 4), (4, 18), (8, 3)])
def test_steps_are_interpolated_in_time(stride, length):
    steps = np.random.default_rng(0).normal(size=(2, -(-length // stride) + 1, 3)).astype(np.float32)
    mask = np.arange(length + 1) < np.array([[length], [length + 1]])
    found = np.asarray(EveryFrame(stride)(steps, mask))
    for row, count in enumerate((length, length + 1)):
        own = steps[row, : -(-count // stride)]
        middles = np.arange(len(own)) * stride + (stride - 1) / 2
        expected = [np.interp(np.arange(count), middles, channel) for channel in own.T]
        np.testing.assert_allclose(found[row, :count], np.transpose(expected), atol=1e-6)


def test_images_are_seen_frame_by_frame_in_the_range_that_is_declared():
    model, frames = image_model(), frames_of(6)
    backbone = Backbone(
        model, preprocessing={"channels": "bgr", "mean": 127.5, "scale": 1 / 127.5}, pool="none", pretrained=True
    )
    expected = np.asarray(model(frames[0, ..., ::-1] / 127.5 - 1.0)).reshape(6, -1)
    assert backbone.size == 8 * 8 * 6
    np.testing.assert_allclose(features(backbone, frames)[0], expected, atol=1e-5)
    mean = np.asarray(model(frames[0].astype(np.float32))).mean(axis=(1, 2))
    np.testing.assert_allclose(features(Backbone(model, pretrained=True), frames)[0], mean, rtol=1e-4, atol=1e-4)


def test_the_stride_is_that_of_the_model():
    backbone, frames = Backbone(video_model(), SIZE, pretrained=True), frames_of(16)
    assert (backbone.temporal_stride, backbone.size) == (4, 5)
    steps = np.asarray(backbone.model(frames.astype(np.float32))).mean(axis=(2, 3))
    np.testing.assert_allclose(features(backbone, frames)[0, 2], 0.875 * steps[0, 0] + 0.125 * steps[0, 1], rtol=1e-4)


def test_vectors_of_a_new_one_are_in_standard_units_frame_by_frame():
    model, frames = image_model(), frames_of(4)
    raw = np.asarray(model(frames[0].astype(np.float32))).mean(axis=(1, 2))
    expected = (raw - raw.mean(axis=1, keepdims=True)) / raw.std(axis=1, keepdims=True)
    np.testing.assert_allclose(features(Backbone(model), frames)[0], expected, atol=1e-3)
    with refused("new_backbone"):
        net(Backbone(model)).adapt_features([])


def test_layers_by_name_are_a_backbone():
    model, frames = image_model(), frames_of(3)
    both = features(Backbone(at_layers(model, ["conv", "norm"]), pretrained=True), frames)
    assert both.shape == (1, 3, 12)
    np.testing.assert_allclose(
        both[..., :6], features(Backbone(at_layers(model, ["conv"]), pretrained=True), frames), rtol=1e-6
    )
    with refused("unknown_name", "conv9"):
        at_layers(model, ["conv9"])


def test_what_is_no_backbone_is_refused():
    flat = keras.Sequential([keras.Input((*SIZE, 3)), keras.layers.Flatten(), keras.layers.Reshape((2, 1536))])
    vector = keras.Sequential([keras.Input((10,)), keras.layers.Dense(3)])
    clip = keras.Sequential([keras.Input((16, *SIZE, 3)), keras.layers.Conv3D(2, 1)])
    for code, model, options in (
        ("wrong_shape", flat, {}),
        ("wrong_shape", vector, {}),
        ("wrong_shape", clip, {}),
        ("wrong_shape", image_model(), {"frame_size": (16, 16)}),
        ("missing_value", video_model(), {}),
        ("wrong_shape", video_model(steps=5), {"frame_size": SIZE}),
        ("unknown_name", image_model(), {"pool": "max"}),
    ):
        with refused(code):
            Backbone(model, **options)
    with refused("wrong_value"):
        net("i3d")
    with refused("wrong_shape", "(40, 40)", "(32, 32)"):
        net(Backbone(image_model()), image_size=(40, 40))
    with refused("flags_conflict"):
        net(Backbone(image_model()), content={"features": {"size": 6, "stride": 1, "origin": None}})
    with refused("unknown_name"):
        net(Backbone(image_model()), score_predictor={"views": 2})


# === Under the heads ===


def test_a_video_in_windows_has_the_stages_of_the_whole(model, backbone):
    frames = frames_of(70)
    whole = model({"frames": frames, "mask": np.ones((1, 70), bool)})
    stages, vectors = windowed(WindowedModel(model, window=24), frames[0])
    np.testing.assert_allclose(stages, np.asarray(whole["stages"])[0], atol=1e-5)
    np.testing.assert_allclose(vectors, features(backbone, frames)[0], atol=1e-5)


def test_a_file_is_scored_as_its_frames_are(tmp_path):
    write_bars(tmp_path / "v.avi", 20)
    for options in (
        {},
        {"segmenter": None, "score_predictor": {"scores": ("final",), "score_statistics": {"final": (60.0, 9.0)}}},
    ):
        model = trained(net(Backbone(image_model()), **options))
        expected = model(model.preprocessor(tmp_path / "v.avi"))
        found = Predictor(model)(tmp_path / "v.avi", force=True)
        assert found.final == pytest.approx(float(expected["final"][0]), abs=1e-4)


def test_it_is_saved_and_read_again(model, backbone, tmp_path):
    inputs = {"frames": frames_of(10), "mask": np.ones((1, 10), bool)}
    model.save(tmp_path / "model.keras")
    again = scoringnet_tf.ScoringNet.from_preset(tmp_path / "model.keras")
    found = again(inputs)
    for name, value in model(inputs).items():
        np.testing.assert_allclose(np.asarray(found[name]), np.asarray(value), atol=1e-6, err_msg=name)
    assert again.backbone.get_config()["temporal_strides"] == backbone.get_config()["temporal_strides"]


def test_heads_that_learned_from_features_score_frames_with_their_backbone():
    backbone, frames = Backbone(image_model()), frames_of(12)
    heads = trained(
        scoringnet_tf.ScoringNet(**merged(SMALL, {"content": {"features": {"size": 6, "stride": 1, "origin": None}}}))
    )
    mask = np.ones((1, 12), bool)
    expected = heads({"features": features(backbone, frames), "mask": mask})
    model = heads.with_backbone(backbone)
    found = model({"frames": frames, "mask": mask})
    for name, value in expected.items():
        np.testing.assert_allclose(np.asarray(found[name]), np.asarray(value), atol=1e-6, err_msg=name)
    assert model.unlearned_parts == ["backbone"]
    with refused("other_features", "5", "6"):
        heads.with_backbone(Backbone(video_model(), SIZE))
    with refused("sees_frames"):
        model.with_backbone(backbone)


# === Learning ===


def changed(model, **options):
    """The names of the variables of the backbone that a step of training changes."""
    inputs, targets = batch()
    if model.backbone.pretrained:
        model.adapt_features([(inputs, None)])
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True, **options)
    before = {variable.path: np.asarray(variable) for variable in model.backbone.variables}
    model.train_on_batch(inputs, targets)
    return {v.path.rsplit("/", 1)[-1] for v in model.backbone.variables if (np.asarray(v) != before[v.path]).any()}


WEIGHTS, STATE = {"kernel", "bias", "gamma", "beta"}, {"moving_mean", "moving_variance", "seed_generator_state"}


@pytest.mark.parametrize(
    ("of_backbone", "of_compile", "expected"),
    [
        ({}, {}, WEIGHTS),
        ({}, {"phase": "segmentation"}, WEIGHTS),
        ({}, {"phase": "scoring"}, set()),
        ({}, {"frozen": ["backbone"]}, set()),
        ({"training_mode": True}, {}, WEIGHTS | STATE),
        ({"training_mode": True, "trainable": False}, {}, set()),
        ({"pretrained": True}, {}, set()),
        ({"pretrained": True, "trainable": True}, {}, WEIGHTS),
    ],
)
def test_it_learns_where_it_should(of_backbone, of_compile, expected):
    model = net(Backbone(image_model(), **of_backbone), **FEW_LAYERS)
    assert changed(model, **of_compile) == expected
    assert ("backbone" in model.learned_parts) == bool(of_backbone.get("pretrained") or expected)


def test_a_copy_learns_where_the_backbone_was_told_to():
    """Also under another dtype, and after it was changed by hand."""
    backbone = Backbone(image_model(), pretrained=True, name="mine")
    backbone.trainable = True
    twin = backbone.with_dtype("mixed_bfloat16")
    assert (twin.trainable, twin.name, twin.model.get_layer("conv").compute_dtype) == (True, "mine", "bfloat16")


def test_a_pretrained_one_has_learned_and_stays_so(tmp_path):
    backbone = Backbone(image_model(), pretrained=True, frame_rate=25.0, origin={"name": "mine"})
    model = net(backbone.with_dtype("mixed_bfloat16"))
    assert model.unlearned_parts == ["kfs", "difficulty", "execution"]
    model.save(tmp_path / "model.keras")
    again = scoringnet_tf.ScoringNet.from_preset(tmp_path / "model.keras")
    assert again.learned_parts == {"backbone"} and not again.backbone.trainable
    assert again.backbone.model.get_layer("conv").compute_dtype == "float32"
    assert (again.backbone.origin, again.backbone.frame_rate) == ({"name": "mine"}, 25.0)
