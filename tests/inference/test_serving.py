"""The SavedModel against the Keras model, and its preprocessing against that of training."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.inference.serving import export_saved_model, preprocess_encoded


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        score_statistics={"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)},
        frame_size=(36, 48),
    )


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "1"
    export_saved_model(network, path)
    return path


@pytest.fixture
def video():
    """Smooth moving colours (L, H, W, 3): JPEG keeps them nearly unchanged."""
    t, y, x = np.meshgrid(np.arange(10), np.linspace(0, 3, 120), np.linspace(0, 4, 160), indexing="ij")
    waves = [np.sin(x + 0.3 * t), np.cos(y - 0.2 * t), np.sin(x + y)]
    return (127.5 + 120 * np.stack(waves, axis=-1)).astype("uint8")


def test_serving_default_equals_keras(network, exported):
    frames = np.random.default_rng(0).integers(0, 256, (2, 11, 32, 32, 3)).astype("uint8")
    mask = np.ones((2, 11), bool)
    mask[1, 7:] = False
    signature = tf.saved_model.load(str(exported)).signatures["serving_default"]
    served = signature(frames=tf.constant(frames), mask=tf.constant(mask))
    expected = network({"frames": frames, "mask": mask}, training=False)
    assert set(expected) == {"stages", "labels", "difficulty", "execution", "final", "empty_fragments"}
    assert set(served) == {*expected, "valid"}
    for name, value in expected.items():
        np.testing.assert_allclose(served[name], value, rtol=1e-5, atol=1e-6)


def test_a_model_of_features_is_served_by_features_alone(tmp_path):
    keras.utils.set_random_seed(0)
    model = scoringnet_tf.ScoringNet(
        features={"size": 5, "stride": 1, "origin": None},
        scores=("final",),
        fragments="whole",
        clip_lengths=(4, 4),
        width_multiplier=1 / 16,
        score_predictor={"head": "distribution"},
    )
    export_saved_model(model, tmp_path / "1")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    assert list(signatures) == ["serving_default"]
    inputs = {
        "features": np.random.default_rng(0).normal(size=(2, 9, 5)).astype("float32"),
        "mask": np.ones((2, 9), bool),
    }
    served = signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
    expected = model(inputs, training=False)
    assert (
        set(expected) == {"final", "final_std", "final_distribution"} and served["valid"].numpy().tolist() == [True] * 2
    )
    assert set(served) == {*expected, "valid"}
    for name, value in expected.items():
        np.testing.assert_allclose(served[name], value, rtol=1e-5, atol=1e-6)


ENCODERS = {
    "png": lambda frame: cv2.imencode(".png", frame[..., ::-1])[1].tobytes(),
    "bmp": lambda frame: cv2.imencode(".bmp", frame[..., ::-1])[1].tobytes(),
    "jpeg": lambda frame: encode_jpeg(frame, 95),
}


@pytest.mark.parametrize("size", [(120, 160), (90, 160), (144, 192)])
@pytest.mark.parametrize("stored", [{}, {"jpeg_quality": 60, "fit": "pad"}, {"aspect": 16 / 9}])
def test_encoded_frames_are_treated_as_in_training(stored, size):
    """To the bit: the same stored form, the same decoder."""
    preprocessor = ScoringNetPreprocessor((32, 32), (36, 48), **stored)
    video = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    encoded = tf.constant([ENCODERS["png"](frame) for frame in video])
    np.testing.assert_array_equal(preprocess_encoded(encoded, preprocessor), preprocessor(video)["frames"][0])


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoded_signature_scores_one_video_as_keras_does(network, exported, video, encoder):
    encoded = [ENCODERS[encoder](frame) for frame in video]
    pixels = np.stack([decode_jpeg(image) for image in encoded])  # OpenCV reads PNG and BMP as well
    served = tf.saved_model.load(str(exported)).signatures["encoded"](encoded=tf.constant(encoded))
    expected = network(network.preprocessor(pixels), training=False)
    assert set(served) == {*expected, "valid"} and served["stages"].shape == (1, 10, 4)
    for name, value in expected.items():
        np.testing.assert_allclose(served[name], value, rtol=1e-5, atol=1e-6)


def test_the_c_plus_plus_loader_serves_it(network, exported):
    """TF Serving runs this loader and a session."""
    frames = np.zeros((1, 8, 32, 32, 3), "uint8")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(exported))
        signature = meta.signature_def["serving_default"]
        feeds = {signature.inputs["frames"].name: frames, signature.inputs["mask"].name: np.ones((1, 8), bool)}
        final = session.run(signature.outputs["final"].name, feeds)
    expected = network({"frames": frames, "mask": np.ones((1, 8), bool)}, training=False)["final"]
    np.testing.assert_allclose(final, expected, rtol=1e-5)


def test_a_bfloat16_model_is_exported_in_float32(network, tmp_path):
    """Its scores are those of the float32 model, and nothing in its graph is of another float type."""
    export_saved_model(network.with_dtype("mixed_bfloat16"), tmp_path / "1")
    frames = np.random.default_rng(1).integers(0, 256, (1, 8, 32, 32, 3)).astype("uint8")
    mask = np.ones((1, 8), bool)
    signature = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    served = signature(frames=tf.constant(frames), mask=tf.constant(mask))
    expected = network({"frames": frames, "mask": mask}, training=False)
    for name in ("stages", "difficulty", "execution", "final"):
        np.testing.assert_allclose(served[name], expected[name], rtol=1e-5)
    (graph,) = saved_model_pb2.SavedModel.FromString((tmp_path / "1/saved_model.pb").read_bytes()).meta_graphs
    assert "DT_FLOAT" in str(graph.graph_def) and "DT_BFLOAT16" not in str(graph.graph_def)
