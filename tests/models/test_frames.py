"""Frames are uint8, 0…255: whatever else is given, by whatever way, is an error and never scored as a black video."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.models.frames import Functional
from scoringnet_tf.support.errors import InputError

SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 16}
CLIP = (8, 32, 32, 3)
FRAMES, MASK = batch()[0].values()
# What people make of the frames of a video before they give them to a network.
OTHERS = {
    "0 to 1": FRAMES / np.float32(255),
    "0 to 1, float16": (FRAMES / 255).astype("float16"),
    "0 to 1, float64": FRAMES / 255,
    "-1 to 1": FRAMES / np.float32(127.5) - 1,
    "0 to 255, float32": FRAMES.astype("float32"),
    "int64": FRAMES.astype("int64"),
    "bool": FRAMES > 127,
    "convert_image_dtype": tf.image.convert_image_dtype(FRAMES, tf.float32),
}


def endpoint():
    return scoringnet_tf.C3D(CLIP, 1 / 16).endpoint("conv2a")


def tower():
    return scoringnet_tf.ScorePredictor(**SIZE, clip_lengths=(8, 8)).towers["execution"]


def composed():
    """A model of one's own on top, as in notebooks/reuse_a_tower.ipynb."""
    frames = keras.Input(CLIP, dtype="uint8")
    features = keras.layers.GlobalAveragePooling3D()(endpoint()(frames))
    return Functional(frames, keras.layers.Dense(1)(features))


KINDS = {
    "C3D": lambda: scoringnet_tf.C3D(CLIP, 1 / 16),
    "C3D masked": lambda: scoringnet_tf.C3D((None, 32, 32, 3), 1 / 16, temporal_pooling=False, masked=True),
    "endpoint": endpoint,
    "composed": composed,
    "segmenter": lambda: scoringnet_tf.KeyFragmentSegmenter(**SIZE),
    "ResNet50": lambda: scoringnet_tf.KeyFragmentSegmenter(**SIZE, network="resnet50"),
    "with_features": lambda: scoringnet_tf.KeyFragmentSegmenter(**SIZE).with_features(),
    "score predictor": lambda: scoringnet_tf.ScorePredictor(**SIZE, clip_lengths=(8, 8)),
    "tower": tower,
    "ScoringNet": lambda: scoringnet_tf.ScoringNet(**SMALL),
    "whole videos": lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="whole"),
}


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    made = KINDS[request.param]()
    made.compile("sgd") if isinstance(made, scoringnet_tf.ScoringNet) else made.compile("sgd", "mse")
    return made


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


WAYS = {
    "call": lambda model, x, y: model(x),
    "graph": lambda model, x, y: tf.function(model, autograph=False)(x),
    "predict": lambda model, x, y: model.predict(x, verbose=0),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "fit a dataset": lambda model, x, y: model.fit(
        tf.data.Dataset.from_tensor_slices((x, y)).batch(3), shuffle=False, verbose=0
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_into_every_model_refuses_floats(model, way):
    with pytest.raises(InputError) as caught:
        WAYS[way](model, inputs_of(model, OTHERS["0 to 1"]), targets_of(model))
    assert caught.value.code == "frames_not_uint8"


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("way", ["call", "predict"])
def test_all_but_uint8_is_refused(way, other, net):
    with pytest.raises(InputError) as caught:
        WAYS[way](net, as_one_kind({"frames": OTHERS[other], "mask": MASK}), None)
    assert caught.value.code == "frames_not_uint8"


def as_one_kind(inputs):
    """Arrays or tensors, whatever the frames are: Keras takes no mixture."""
    return inputs if isinstance(inputs["frames"], np.ndarray) else keras.tree.map_structure(tf.constant, inputs)


@pytest.fixture(scope="module")
def net():
    return telling(scoringnet_tf.ScoringNet(**SMALL))


@pytest.mark.parametrize("arrange", [lambda x: [x["frames"], x["mask"]], lambda x: {**x, "id": x["mask"]}])
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_however_inputs_are_arranged(arrange):
    segmenter = scoringnet_tf.KeyFragmentSegmenter(**SIZE)
    assert segmenter(arrange({"frames": FRAMES, "mask": MASK})).shape == (3, 12, 4)
    with pytest.raises(InputError) as caught:
        segmenter(arrange({"frames": OTHERS["0 to 1"], "mask": MASK}))
    assert caught.value.code == "frames_not_uint8"


@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_a_model_of_clips_takes_them_by_name_too():
    c3d = scoringnet_tf.C3D(CLIP, 1 / 16)
    np.testing.assert_allclose(c3d({"frames": FRAMES[:, :8]}), c3d(FRAMES[:, :8]), rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError) as caught:
        c3d({"frames": OTHERS["0 to 1"][:, :8]})
    assert caught.value.code == "frames_not_uint8"


@pytest.mark.parametrize("kind", [np.asarray, tf.constant, keras.ops.array], ids=["NumPy", "TensorFlow", "Keras"])
def test_uint8_is_taken_whatever_holds_it(net, kind):
    x = {"frames": FRAMES, "mask": MASK}
    np.testing.assert_allclose(net(keras.tree.map_structure(kind, x))["final"], net(x)["final"], rtol=1e-5)


@pytest.mark.parametrize("mask", ["bool", "int32", "float32"])
def test_the_mask_may_be_of_numbers(net, mask):
    x = {"frames": FRAMES, "mask": np.arange(12) < np.array([[12], [9], [5]])}
    np.testing.assert_allclose(net({**x, "mask": x["mask"].astype(mask)})["final"], net(x)["final"], rtol=1e-5)


def test_fragments_of_floats_are_refused(net):
    stages = batch()[1]["stages"]
    scores = net.score_fragments(FRAMES, stages, MASK)
    assert scores["final"].shape == (3,)
    with pytest.raises(InputError) as caught:
        net.score_fragments(OTHERS["0 to 1"], stages, MASK)
    assert caught.value.code == "frames_not_uint8"


def test_features_are_floats_of_any_kind():
    """Other inputs stay Keras's to convert."""
    options = {**SMALL, "features": {"size": 5, "stride": 1, "origin": None}}
    model = scoringnet_tf.ScoringNet(**options)
    x = {"features": np.random.default_rng(0).integers(0, 9, (2, 12, 5)), "mask": np.ones((2, 12), bool)}
    np.testing.assert_allclose(
        model({**x, "features": x["features"].astype("float64")})["final"], model(x)["final"], rtol=1e-5
    )


def test_a_model_of_frames_composes_saves_and_reloads(tmp_path):
    model = composed()
    model.save(tmp_path / "composed.keras")
    again = keras.models.load_model(tmp_path / "composed.keras")
    np.testing.assert_allclose(again(FRAMES[:, :8]), model(FRAMES[:, :8]), rtol=1e-5)
    with pytest.raises(InputError) as caught:
        again(OTHERS["0 to 1"][:, :8])
    assert caught.value.code == "frames_not_uint8"


# === Where pixels are seen: a cast to uint8 that was made before leaves them all but black ===

CAST = {
    "0 to 1": (FRAMES / 255).astype("uint8"),
    "0 to 1, without a white pixel": np.zeros_like(FRAMES),
}


@pytest.fixture
def preprocessor():
    return ScoringNetPreprocessor((32, 32), (32, 32))


@pytest.mark.parametrize("frames", CAST.values(), ids=CAST)
def test_the_preprocessor_refuses_an_array_without_a_picture(preprocessor, frames):
    with pytest.raises(InputError) as caught:
        preprocessor(frames[0])
    assert caught.value.code == "frames_black"


@pytest.mark.parametrize("other", OTHERS)
def test_the_preprocessor_refuses_all_but_uint8(preprocessor, other):
    with pytest.raises(InputError) as caught:
        preprocessor(OTHERS[other][0])
    assert caught.value.code == "frames_not_uint8"


@pytest.mark.parametrize("brightest", [2, 255])
def test_the_preprocessor_takes_dark_frames_and_silhouettes(preprocessor, brightest):
    dark = np.where(FRAMES[0] > 200, brightest, 0).astype("uint8")
    assert preprocessor(dark)["frames"].shape == (1, *dark.shape)


@pytest.fixture(scope="module")
def exported(net, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "1"
    export_saved_model(net, folder)
    return tf.saved_model.load(str(folder)).signatures


@pytest.mark.slow
# TensorFlow itself casts a NumPy array that is given to a signature, without a word.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("signature", ["serving_default", "segment"])
@pytest.mark.parametrize("other", {**OTHERS, **CAST})
def test_an_export_gives_the_scores_of_uint8_or_an_error(exported, signature, other):
    expected = exported[signature](frames=tf.constant(FRAMES), mask=MASK)
    try:
        found = exported[signature](**as_one_kind({"frames": {**OTHERS, **CAST}[other], "mask": MASK}))
    except tf.errors.InvalidArgumentError:
        assert other not in ("int64", "0 to 255, float32")
        return
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
