"""The exports give the numbers of Keras in TF Serving; wrong requests and models are refused."""

import json
import os
import pickle
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from command_forks import forked
from refusals import code_printed, refused
from served_model import ServedModel
from training_runs import telling

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.inference.checks import REASONS
from scoringnet_tf.inference.export import (
    check_successor,
    example_videos,
    export_saved_model,
    model_description,
    preprocess_encoded,
)
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import definition_of, get_sport

LENGTHS = (11, 7, 1)
SMALL = {
    "width_multiplier": 1 / 16,
    "image_size": (32, 32),
    "score_predictor": {"clip_lengths": (8, 8)},
    "content": {"frame_size": (36, 48)},
    "provenance": {"frame_rate": 25.0},
}
FEATURES = {"size": 5, "stride": 1, "origin": None}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    statistics = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}
    options = {"score_predictor": {"score_statistics": statistics}, "segmenter": {"decoding": "ordered"}}
    return telling(scoringnet_tf.ScoringNet(**merged(SMALL, options)), 10_000.0)


@pytest.fixture(scope="module")
def whole_network():
    """One tower on whole videos: little to trace. Nothing but the size of a picture makes a video invalid."""
    keras.utils.set_random_seed(0)
    scores = {"scores": ("final",), "score_statistics": {"final": (60.0, 1.0)}}
    options = merged(SMALL, {"segmenter": None, "score_predictor": scores})
    return telling(scoringnet_tf.ScoringNet(**options), 3_000.0)


@pytest.fixture(scope="module")
def features_network():
    keras.utils.set_random_seed(0)
    return scoringnet_tf.ScoringNet(
        width_multiplier=1 / 16,
        segmenter=None,
        score_predictor={"scores": ("final",), "clip_lengths": (4, 4), "head": "distribution"},
        content={"features": FEATURES},
    )


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "3"
    export_saved_model(network, path, version=3)
    return path


def serving(path):
    model = ServedModel(path)
    yield model
    model.close()


@pytest.fixture(scope="module")
def served(exported):
    yield from serving(exported)


@pytest.fixture(scope="module")
def exported_whole(whole_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "3"
    export_saved_model(whole_network.with_dtype("mixed_bfloat16"), path, version=3)
    return path


@pytest.fixture(scope="module")
def served_whole(exported_whole):
    yield from serving(exported_whole)


@pytest.fixture(scope="module")
def served_features(features_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("features") / "1"
    export_saved_model(features_network, path)
    yield from serving(path)


# === The same numbers ===

ENCODERS = {
    "png": lambda frame: cv2.imencode(".png", frame[..., ::-1])[1].tobytes(),
    "bmp": lambda frame: cv2.imencode(".bmp", frame[..., ::-1])[1].tobytes(),
    "jpeg": lambda frame: encode_jpeg(frame, 95),
}
SIZES = ((120, 160), (36, 48), (90, 200))


def example_requests(network):
    """Signature → (request of three videos of unequal length, size and format; what the Keras model sees of them)."""
    videos, inputs, encoded = example_videos(network, LENGTHS), example_videos(network, LENGTHS), []
    for video, (length, size, encode) in enumerate(zip(LENGTHS, SIZES, ENCODERS.values(), strict=True)):
        images = [encode(cv2.resize(frame, size[::-1])) for frame in inputs["frames"][video, :length]]
        decoded = np.stack([decode_jpeg(image) for image in images])  # OpenCV reads PNG and BMP as well
        inputs["frames"][video, :length] = network.preprocessor(decoded)["frames"][0]
        encoded.append([*images, *[b"padding may be anything"] * (LENGTHS[0] - length)])
    request = {"encoded": np.array(encoded, object), "lengths": np.array(LENGTHS)}
    return {"serving_default": (videos, videos), "score_encoded": (request, inputs)}


@pytest.fixture(scope="module")
def requests(whole_network):
    return example_requests(whole_network)


@pytest.fixture(scope="module")
def expected(network):
    """Signature → (request, outputs of the Keras model)."""
    examples = example_requests(network)
    found = {name: (request, network(inputs, training=False)) for name, (request, inputs) in examples.items()}
    for _, outputs in found.values():  # a tower that is a hundredth off would be seen
        assert np.abs(np.asarray(outputs["execution"]) - 24).min() > 0.24
    return found


def assert_equal_outputs(outputs, expected):
    """An export adds `reasons` and `valid` to the outputs of the Keras model, and `moments` if it has stages."""
    assert set(outputs) == {*expected, "reasons", "valid", *(["moments"] if "labels" in expected else [])}
    assert outputs["valid"].tolist() == (~outputs["reasons"].any(axis=1)).tolist()
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def reasons_of(outputs):
    """The codes that an export gives each video."""
    return [[code for code, holds in zip(REASONS, row, strict=True) if holds] for row in outputs["reasons"]]


WITHOUT_OUR_PACKAGE = """
import pathlib, pickle, sys
import tensorflow as tf

requests = pickle.loads(pathlib.Path(sys.argv[2]).read_bytes())
signatures = tf.saved_model.load(sys.argv[1]).signatures
outputs = {
    name: signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
    for name, inputs in requests.items()
}
outputs = {name: {key: value.numpy() for key, value in found.items()} for name, found in outputs.items()}
assert not any(name.startswith("scoringnet_tf") for name in sys.modules)
pathlib.Path(sys.argv[3]).write_bytes(pickle.dumps(outputs))
"""


@pytest.mark.slow
def test_tensorflow_alone_gives_the_numbers_of_keras(expected, exported, tmp_path):
    (tmp_path / "requests").write_bytes(pickle.dumps({name: request for name, (request, _) in expected.items()}))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", WITHOUT_OUR_PACKAGE, exported, tmp_path / "requests", tmp_path / "outputs"]
    result = subprocess.run([*map(str, command)], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    outputs = pickle.loads((tmp_path / "outputs").read_bytes())
    for name, (_, values) in expected.items():
        assert_equal_outputs(outputs[name], values)


def test_the_c_plus_plus_loader_gives_the_numbers_of_keras(whole_network, requests, served_whole):
    """TF Serving runs this loader and a session."""
    for name, (request, inputs) in requests.items():
        assert_equal_outputs(served_whole(name, request), whole_network(inputs, training=False))


def test_a_model_of_features_is_served_by_features(features_network, served_features):
    request = example_videos(features_network, LENGTHS)
    outputs = features_network(request, training=False)
    found = served_features("serving_default", request)
    assert_equal_outputs(found, outputs)
    assert found["valid"].tolist() == [True] * 3
    padded = {**request, "features": np.where(request["mask"][..., None], request["features"], np.float32(np.nan))}
    found = served_features("serving_default", padded)
    assert_equal_outputs(found, outputs)
    assert found["valid"].tolist() == [True] * 3
    request["features"][1, 2, 3] = np.nan
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[not_finite\]"):
        served_features("serving_default", request)


@pytest.mark.slow
def test_a_video_scores_the_same_alone_and_beside_longer_ones(expected, served):
    request, _ = expected["score_encoded"]
    together = served("score_encoded", request)
    for video, length in enumerate(LENGTHS):
        alone = {"encoded": request["encoded"][video : video + 1, :length], "lengths": request["lengths"][[video]]}
        for name, value in served("score_encoded", alone).items():
            padded = together[name][video : video + 1]
            real = padded[:, :length] if name in ("stages", "labels") else padded
            np.testing.assert_allclose(value, real, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("size", [(120, 160), (90, 160), (144, 192)])
@pytest.mark.parametrize("stored", [{}, {"jpeg_quality": 60, "fit": "pad"}, {"aspect": 16 / 9}])
def test_encoded_frames_are_treated_as_in_training(stored, size):
    preprocessor = ScoringNetPreprocessor((32, 32), (36, 48), **stored)
    video = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    encoded = tf.constant([ENCODERS["png"](frame) for frame in video])
    frames, sizes = preprocess_encoded(encoded, preprocessor)
    np.testing.assert_array_equal(frames, preprocessor(video)["frames"][0])
    assert sizes.numpy().tolist() == [list(size)] * 3


def test_a_model_of_another_precision_is_exported_in_float32(whole_network, served_whole):
    graph = str(served_whole.meta_graph.graph_def)
    assert "DT_FLOAT" in graph and "DT_BFLOAT16" not in graph
    videos = example_videos(whole_network, (5, 9))
    exact = np.asarray(whole_network(videos, training=False)["final"])
    assert np.abs(exact - 60).min() > 3e-5 * np.abs(exact).max()  # weights of another model give the mean
    np.testing.assert_allclose(served_whole("serving_default", videos)["final"], exact, rtol=1e-5)


def test_pictures_that_are_too_small_are_not_valid(served_whole):
    """The smallest frame of each video counts, as in `predict`: both sides need half of 32×32."""
    sizes = [(16, 16), (15, 40), (40, 15), (40, 40)]
    pictures = {size: ENCODERS["png"](np.full((*size, 3), 99, np.uint8)) for size in sizes}
    encoded = np.array([[pictures[40, 40]] * 12 + [pictures[size], pictures[15, 40]] for size in sizes], object)
    for lengths, valid in (
        ([13, 13, 13, 13], [True, False, False, True]),
        ([12, 12, 14, 13], [True, True, False, True]),
    ):
        found = served_whole("score_encoded", {"encoded": encoded, "lengths": np.array(lengths)})
        assert found["valid"].tolist() == valid
        assert reasons_of(found) == [[] if one else ["picture_too_small"] for one in valid]


def test_a_model_describes_itself(whole_network, exported_whole, served_whole):
    description = json.loads((exported_whole / "assets.extra/model.json").read_text(encoding="utf-8"))
    assert description["stages"] == ["noise", "pre-starting", "take-flight", "entry"]
    assert (description["sport"]["name"], description["version"], description["frame_rate"]) == ("diving", 3, 25.0)
    twin = ScoringNetPreprocessor.from_config(description["preprocessing"])
    assert twin.get_config() == whole_network.preprocessor.get_config()
    values = served_whole("describe", {"fields": np.array([*description, "colour"], object)})["values"]
    assert [json.loads(value) for value in values] == [*description.values(), None]


# === Wrong requests ===

VIDEO_ERRORS = {
    "frames of another size": ("[wrong_shape]", lambda v: {"frames": v["frames"][:, :, :30]}),
    "frames of one video": ("[wrong_shape]", lambda v: {"frames": v["frames"][0]}),
    "no videos": ("[wrong_shape]", lambda v: {"frames": v["frames"][:0], "mask": v["mask"][:0]}),
    "no frames": ("[wrong_shape]", lambda v: {"frames": v["frames"][:, :0], "mask": v["mask"][:, :0]}),
    "a mask of one column": ("[wrong_shape]", lambda v: {"mask": v["mask"][:, :1]}),
    "a flat mask": ("[wrong_shape]", lambda v: {"mask": v["mask"].ravel()}),
    "floats": ("actual float vs. expect uint8", lambda v: {"frames": v["frames"] / np.float32(255)}),
    "cast floats": ("[frames_not_uint8]", lambda v: {"frames": (v["frames"] / 255).astype(np.uint8)}),
    "an empty video": ("[wrong_mask]", lambda v: {"mask": v["mask"] & (np.arange(11) < [[9], [0], [9]])}),
    "padding first": ("[wrong_mask]", lambda v: {"mask": v["mask"][:, ::-1]}),
}
IMAGE_ERRORS = {
    "one list": ("[wrong_shape]", lambda r: {"encoded": r["encoded"][0]}),
    "empty lists": ("[wrong_shape]", lambda r: {"encoded": r["encoded"][:, :0]}),
    "fewer lengths": ("[wrong_shape]", lambda r: {"lengths": r["lengths"][:2]}),
    "lengths in a column": ("[wrong_shape]", lambda r: {"lengths": r["lengths"][:, None]}),
    "an empty list": ("[out_of_range]", lambda r: {"lengths": r["lengths"] * [1, 0, 1]}),
    "a length below 0": ("[out_of_range]", lambda r: {"lengths": r["lengths"] * [1, -1, 1]}),
    "a length beyond": ("[out_of_range]", lambda r: {"lengths": r["lengths"] + 1}),
    "text": ("Unknown image file format", lambda r: with_image(r, lambda _: b"text")),
    "half a JPEG": ("Invalid JPEG data", lambda r: with_image(r, lambda jpeg: jpeg[: len(jpeg) // 2], (2, 0))),
    "int32 lengths": ("actual int32 vs. expect int64", lambda r: {"lengths": r["lengths"].astype(np.int32)}),
}
REQUESTS = [*(("serving_default", *error) for error in VIDEO_ERRORS.values())]
REQUESTS += [("score_encoded", *error) for error in IMAGE_ERRORS.values()]


def with_image(request, image, place=(0, 4)):
    changed = request["encoded"].copy()
    changed[place] = image(changed[place])
    return {"encoded": changed}


@pytest.mark.parametrize(("signature", "message", "change"), REQUESTS, ids=[*VIDEO_ERRORS, *IMAGE_ERRORS])
def test_malformed_requests_are_refused(requests, served_whole, signature, message, change):
    request, _ = requests[signature]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        served_whole(signature, {**request, **change(request)})
    assert message in str(caught.value)


# === The command ===


@pytest.mark.parametrize("name", ["7", "007"])  # TF Serving reads both as 7
def test_versions_are_never_replaced(name, tmp_path):
    (tmp_path / name).mkdir()
    result = forked("scoringnet_tf.export", f"--export_dir={tmp_path}", "--version=7")
    assert (result.returncode, code_printed(result.stderr)) == (1, "exists") and str(tmp_path / name) in result.stderr


@pytest.mark.slow
def test_versions_count_up_and_a_model_without_training_statistics_says_so(stage_model, tmp_path):
    for name in ("9", "10", ".11.77.new", "12a"):
        (tmp_path / name).mkdir()
    result = forked("scoringnet_tf.export", f"--model={stage_model}", f"--export_dir={tmp_path}")
    assert result.returncode == 0 and result.stderr.startswith("export: ")
    assert (tmp_path / "11/saved_model.pb").is_file()


def described(folder, description):
    """A version's folder with nothing but a model's name and the description."""
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    (folder / "assets.extra/model.json").write_text(json.dumps(description))
    return folder


@pytest.fixture(scope="module")
def published(network, tmp_path_factory):
    return described(tmp_path_factory.mktemp("published") / "3", model_description(network, version=3))


@pytest.mark.parametrize(
    "changes",
    [
        {"sport": definition_of(get_sport("vault"))},
        {"content": "features", "preprocessing": {"size": 4, "stride": 1, "origin": None}},
        {"preprocessing": {"image_size": (16, 24)}},
        {"preprocessing": {"frame_size": [40, 48]}},
        {"preprocessing": {"aspect": 16 / 9}},
        {"preprocessing": {"fit": "pad"}},
        {"frame_rate": 25.6},
        {"frame_rate": None},
        {"scores": ["final"]},
        {"outputs": ["final", "labels", "valid"]},
    ],
)
def test_a_version_must_serve_the_clients_of_the_newest_one(changes, network, published, tmp_path):
    """An older version may not say all of it. An empty folder is no version."""
    ours = model_description(network)
    given = {**ours, **changes}
    if "content" not in changes:
        given["preprocessing"] = {**ours["preprocessing"], **changes.get("preprocessing", {})}
    with refused("other_servable", published):
        check_successor([tmp_path, published], "saved_model", given)
    lacking = described(tmp_path / "1", {"sport": ours["sport"]})
    with refused("other_servable" if "sport" in changes else None):
        check_successor([lacking], "saved_model", given)


def test_a_version_may_be_of_nearly_the_same_rate_and_give_more(network, published, tmp_path):
    ours = model_description(network)
    check_successor([tmp_path], "onnx", ours)  # nothing is there
    for changes in ({}, {"frame_rate": 25.02}, {"frame_rate": 24.6}, {"outputs": [*ours["outputs"], "final_std"]}):
        check_successor([published], "saved_model", {**ours, **changes})
    with refused("other_servable", published, "onnx"):
        check_successor([published], "onnx", ours)
    with refused("damaged_description", "model.json"):
        check_successor([described(tmp_path / "1", {})], "saved_model", ours)


def test_a_version_takes_the_same_features(features_network, tmp_path):
    """Features of one size may still be those of another network."""
    features = {"size": 4, "stride": 8, "origin": {"endpoint": "fc6", "weights": {"file": "a", "sha256": "1"}}}
    ours = {**model_description(features_network), "preprocessing": features}
    kept = described(tmp_path / "1", ours)
    check_successor([kept], "saved_model", ours)
    for changes, named in (({"stride": 16}, "16"), ({"origin": {**features["origin"], "endpoint": "pool5"}}, "pool5")):
        with refused("other_servable", named):
            check_successor([kept], "saved_model", {**ours, "preprocessing": {**features, **changes}})
