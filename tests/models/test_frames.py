"""Frames are uint8, 0…255: whatever else is given, by whatever way, is an error and never scored as a black video."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.models.saving import Functional

SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 16}
CLIP = (8, 32, 32, 3)
FRAMES, MASK = batch()[0].values()
CODE = "frames_not_uint8"
# What people make of the frames of a video before they give them to a network.
OTHERS = {
    "0 to 1": FRAMES / np.float32(255),
    "0 to 1, float16": (FRAMES / 255).astype("float16"),
    "-1 to 1": FRAMES / np.float32(127.5) - 1,
    "0 to 255, float32": FRAMES.astype("float32"),
    "int64": FRAMES.astype("int64"),
    "bool": FRAMES > 127,
    "convert_image_dtype": tf.image.convert_image_dtype(FRAMES, tf.float32),
}


def endpoint():
    return scoringnet_tf.C3D(CLIP, 1 / 16).endpoint("conv2a")


def composed():
    """A model of one's own on top, as in notebooks/reuse_a_tower.ipynb."""
    frames = keras.Input(CLIP, dtype="uint8")
    features = keras.layers.GlobalAveragePooling3D()(endpoint()(frames))
    return Functional(frames, keras.layers.Dense(1)(features))


KINDS = {
    "C3D masked": lambda: scoringnet_tf.C3D((None, 32, 32, 3), 1 / 16, temporal_pooling=False, masked=True),
    "composed": composed,
    "with_features": lambda: scoringnet_tf.KeyFragmentSegmenter(**SIZE).with_features(),
    "score predictor": lambda: scoringnet_tf.ScorePredictor(**SIZE, clip_lengths=(8, 8)),
    "ScoringNet": lambda: scoringnet_tf.ScoringNet(**SMALL),
}


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    made = KINDS[request.param]()
    made.compile("sgd") if isinstance(made, scoringnet_tf.ScoringNet) else made.compile("sgd", "mse")
    return made


@pytest.fixture(scope="module")
def net():
    return telling(scoringnet_tf.ScoringNet(**SMALL))


def inputs_of(model, frames):
    """What the model takes, made of frames (B, L, H, W, 3) of any dtype."""
    if not isinstance(model.input, dict):
        return frames[:, :8]
    content = {"mask": np.ones(frames.shape[:2], bool), "frames": frames}
    return {name: content.get(name, frames[:, :8]) for name in model.input}


def targets_of(model):
    if isinstance(model, scoringnet_tf.ScoringNet):
        return batch()[1]
    return keras.tree.map_structure(lambda output: np.zeros((3, *[n or 1 for n in output.shape[1:]])), model.output)


def as_one_kind(inputs):
    """Arrays or tensors, whatever the frames are: Keras takes no mixture."""
    return inputs if isinstance(inputs["frames"], np.ndarray) else keras.tree.map_structure(tf.constant, inputs)


WAYS = {
    "call": lambda model, x, y: model(x),
    "graph": lambda model, x, y: tf.function(model, autograph=False)(x),
    "predict": lambda model, x, y: model.predict(x, verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "fit a dataset": lambda model, x, y: model.fit(
        tf.data.Dataset.from_tensor_slices((x, y)).batch(3), shuffle=False, verbose=0
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_into_every_model_refuses_floats(model, way):
    with refused(CODE):
        WAYS[way](model, inputs_of(model, OTHERS["0 to 1"]), targets_of(model))


@pytest.mark.parametrize("other", OTHERS)
def test_all_but_uint8_is_refused(other, net):
    with refused(CODE):
        net(as_one_kind({"frames": OTHERS[other], "mask": MASK}))
    with refused(CODE):
        ScoringNetPreprocessor((32, 32), (32, 32))(OTHERS[other][0])


@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_a_model_of_clips_takes_them_by_name_too():
    c3d = scoringnet_tf.C3D(CLIP, 1 / 16)
    np.testing.assert_allclose(c3d({"frames": FRAMES[:, :8]}), c3d(FRAMES[:, :8]), rtol=1e-5, atol=1e-6)
    with refused(CODE):
        c3d({"frames": OTHERS["0 to 1"][:, :8]})


def test_a_model_of_frames_composes_saves_and_reloads(tmp_path):
    model = composed()
    model.save(tmp_path / "composed.keras")
    again = keras.models.load_model(tmp_path / "composed.keras")
    np.testing.assert_allclose(again(FRAMES[:, :8]), model(FRAMES[:, :8]), rtol=1e-5)
    with refused(CODE):
        again(OTHERS["0 to 1"][:, :8])


# === Where pixels are seen: a cast to uint8 that was made before leaves them all but black ===

CAST = {"cast from 0 to 1": (FRAMES / 255).astype("uint8"), "cast, without a white pixel": np.zeros_like(FRAMES)}


@pytest.mark.parametrize("frames", CAST.values(), ids=CAST)
def test_the_preprocessor_refuses_an_array_without_a_picture(frames):
    with refused("frames_black"):
        ScoringNetPreprocessor((32, 32), (32, 32))(frames[0])


@pytest.mark.parametrize("brightest", [2, 255])
def test_the_preprocessor_takes_dark_frames_and_silhouettes(brightest):
    dark = np.where(FRAMES[0] > 200, brightest, 0).astype("uint8")
    assert ScoringNetPreprocessor((32, 32), (32, 32))(dark)["frames"].shape == (1, *dark.shape)


@pytest.fixture(scope="module")
def exported(net, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "1"
    export_saved_model(net, folder)
    return tf.saved_model.load(str(folder)).signatures["serving_default"]


@pytest.mark.slow
# TensorFlow itself casts a NumPy array that is given to a signature, without a word.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("other", {**OTHERS, **CAST})
def test_an_export_gives_the_scores_of_uint8_or_an_error(exported, other):
    expected = exported(frames=tf.constant(FRAMES), mask=MASK)
    try:
        found = exported(**as_one_kind({"frames": {**OTHERS, **CAST}[other], "mask": MASK}))
    except tf.errors.InvalidArgumentError:
        assert other not in ("int64", "0 to 255, float32")
        return
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
