"""The SavedModel gives the numbers of Keras, in TensorFlow alone and in TF Serving, and refuses wrong requests."""

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
from tensorflow_serving.apis import prediction_log_pb2
from training_runs import telling

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.export import versions_in
from scoringnet_tf.inference.export import (
    check_successor,
    example_videos,
    export_saved_model,
    model_description,
    preprocess_encoded,
)
from scoringnet_tf.inference.requests import checked_videos
from scoringnet_tf.sports import definition_of, get_sport, sport_of

LENGTHS = (11, 7, 1)
SMALL = {"width_multiplier": 1 / 16, "image_size": (32, 32), "frame_size": (36, 48), "clip_lengths": (8, 8)}
FEATURES = {"size": 5, "stride": 1, "origin": None}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    statistics = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}
    options = {"score_statistics": statistics, "decoding": "ordered", "provenance": {"frame_rate": 25.0}}
    return telling(scoringnet_tf.ScoringNet(**SMALL, **options), 10_000.0)


@pytest.fixture(scope="module")
def whole_network():
    """One tower on whole videos: little to trace. Nothing but the size of a picture makes a video invalid."""
    keras.utils.set_random_seed(0)
    options = {"scores": ("final",), "fragments": "whole", "score_statistics": {"final": (60.0, 1.0)}}
    return telling(scoringnet_tf.ScoringNet(**SMALL, **options), 3_000.0)


@pytest.fixture(scope="module")
def features_network():
    keras.utils.set_random_seed(0)
    options = {"scores": ("final",), "fragments": "whole", "clip_lengths": (4, 4), "width_multiplier": 1 / 16}
    return scoringnet_tf.ScoringNet(features=FEATURES, **options, score_predictor={"head": "distribution"})


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
def served_whole(whole_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "1"
    export_saved_model(whole_network.with_dtype("mixed_bfloat16"), path)
    yield from serving(path)


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


def encoded_videos(network):
    """The images of three videos of unequal length, size and format; and Keras's inputs of the same pixels."""
    images, inputs = [], example_videos(network, LENGTHS)
    pixels = np.random.default_rng(1)
    for video, (length, size, encode) in enumerate(zip(LENGTHS, SIZES, ENCODERS.values(), strict=True)):
        waves = [cv2.resize(frame, size[::-1]) for frame in inputs["frames"][video, :length]]
        images.append([encode(cv2.add(frame, pixels.integers(0, 9, frame.shape, np.uint8))) for frame in waves])
        decoded = np.stack([decode_jpeg(image) for image in images[-1]])  # OpenCV reads PNG and BMP as well
        inputs["frames"][video, :length] = network.preprocessor(decoded)["frames"][0]
    return images, inputs


@pytest.fixture(scope="module")
def expected(network):
    """Signature → (request of three videos of unequal length, outputs of the Keras model)."""
    videos = example_videos(network, LENGTHS)
    whole = network(videos, training=False)
    images, inputs = encoded_videos(network)
    padded = [[*frames, *[b"padding may be anything"] * (11 - len(frames))] for frames in images]
    found = {
        "serving_default": (videos, whole),
        "segment": (videos, {name: whole[name] for name in ("stages", "labels")}),
        "score_encoded": (
            {"encoded": np.array(padded, object), "lengths": np.array(LENGTHS)},
            network(inputs, training=False),
        ),
    }
    for name in ("serving_default", "score_encoded"):
        for score, mean in (("difficulty", 3.3), ("execution", 24.0)):  # a tower that is a hundredth off would be seen
            assert np.abs(np.asarray(found[name][1][score]) - mean).min() > 0.01 * mean
    return found


def assert_equal_outputs(outputs, expected):
    """An export adds `valid` to the outputs of the Keras model, but not to the stages alone."""
    assert set(outputs) == {*expected} | ({"valid"} if "final" in expected else set())
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


WITHOUT_OUR_PACKAGE = """
import pathlib, pickle, sys
import tensorflow as tf

requests = pickle.loads(pathlib.Path(sys.argv[2]).read_bytes())
signatures = tf.saved_model.load(sys.argv[1]).signatures
assert set(signatures) == {*requests, "describe"}
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
    assert set(outputs) == set(expected)
    for name, (_, values) in expected.items():
        assert_equal_outputs(outputs[name], values)


def test_the_c_plus_plus_loader_gives_the_numbers_of_keras(expected, served):
    """TF Serving runs this loader and a session."""
    assert set(served.signatures) == {*expected, "describe"}
    assert {"stages", "labels", "difficulty", "execution", "final", "empty_fragments"} == set(
        expected["serving_default"][1]
    )
    for name, (request, outputs) in expected.items():
        assert_equal_outputs(served(name, request), outputs)


def test_a_model_of_features_is_served_by_features(features_network, served_features):
    assert set(served_features.signatures) == {"serving_default", "describe"}
    request = example_videos(features_network, LENGTHS)
    outputs = features_network(request, training=False)
    assert set(outputs) == {"final", "final_std", "final_distribution"}
    found = served_features("serving_default", request)
    assert_equal_outputs(found, outputs)
    assert found["valid"].tolist() == [True] * 3
    padded = {**request, "features": np.where(request["mask"][..., None], request["features"], np.float32(np.nan))}
    assert np.isnan(padded["features"]).any()
    assert_equal_outputs(served_features("serving_default", padded), outputs)
    request["features"][1, 2, 3] = np.nan
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[not_finite\]"):
        served_features("serving_default", request)


def test_padding_of_features_becomes_zeros(features_network):
    """Else a mean over the real frames, which some checks take, would be NaN."""
    videos = example_videos(features_network, LENGTHS)
    real = videos["mask"][..., None]
    padded = np.where(real, videos["features"], np.float32(np.nan))
    content, mask = checked_videos(tf.constant(padded), tf.constant(videos["mask"]), "features")
    np.testing.assert_array_equal(content, np.where(real, videos["features"], 0))
    np.testing.assert_array_equal(mask, videos["mask"])


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
    """To the bit: the same stored form, the same decoder."""
    preprocessor = ScoringNetPreprocessor((32, 32), (36, 48), **stored)
    video = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    encoded = tf.constant([ENCODERS["png"](frame) for frame in video])
    frames, sizes = preprocess_encoded(encoded, preprocessor)
    np.testing.assert_array_equal(frames, preprocessor(video)["frames"][0])
    assert sizes.numpy().tolist() == [list(size)] * 3


def test_a_model_of_another_precision_is_exported_in_float32(whole_network, served_whole):
    assert set(served_whole.signatures) == {"serving_default", "score_encoded", "describe"}
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
        found = served_whole("score_encoded", {"encoded": encoded, "lengths": np.array(lengths)})["valid"]
        assert found.tolist() == valid


# === Wrong requests ===

VIDEO_ERRORS = {
    "frames of another size": ("[wrong_shape]", lambda v: {"frames": v["frames"][:, :, :30]}),
    "frames of one video": ("[wrong_shape]", lambda v: {"frames": v["frames"][0]}),
    "grey frames": ("[wrong_shape]", lambda v: {"frames": v["frames"][..., :1]}),
    "no videos": ("[wrong_shape]", lambda v: {"frames": v["frames"][:0], "mask": v["mask"][:0]}),
    "no frames": ("[wrong_shape]", lambda v: {"frames": v["frames"][:, :0], "mask": v["mask"][:, :0]}),
    "a mask of one column": ("[wrong_shape]", lambda v: {"mask": v["mask"][:, :1]}),
    "a mask of one video": ("[wrong_shape]", lambda v: {"mask": v["mask"][:1]}),
    "a flat mask": ("[wrong_shape]", lambda v: {"mask": v["mask"].ravel()}),
    "floats": ("actual float vs. expect uint8", lambda v: {"frames": v["frames"] / np.float32(255)}),
    "cast floats": ("[frames_not_uint8]", lambda v: {"frames": (v["frames"] / 255).astype(np.uint8)}),
    "an empty video": ("in videos [1]", lambda v: {"mask": v["mask"] & (np.arange(11) < [[9], [0], [9]])}),
    "padding first": ("in videos [1 2]", lambda v: {"mask": v["mask"][:, ::-1]}),
}


@pytest.mark.parametrize("signature", ["serving_default", "segment"])
@pytest.mark.parametrize("wrong", VIDEO_ERRORS)
def test_malformed_videos_are_refused(expected, served, signature, wrong):
    message, change = VIDEO_ERRORS[wrong]
    videos, _ = expected["serving_default"]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        served(signature, {**videos, **change(videos)})
    assert message in str(caught.value)


def with_image(request, video, frame, image):
    changed = request["encoded"].copy()
    changed[video, frame] = image(changed[video, frame])
    return {"encoded": changed}


IMAGE_ERRORS = {
    "one list": ("[wrong_shape]", lambda r: {"encoded": r["encoded"][0]}),
    "empty lists": ("[wrong_shape]", lambda r: {"encoded": r["encoded"][:, :0]}),
    "no lists": ("[wrong_shape]", lambda r: {name: value[:0] for name, value in r.items()}),
    "fewer lengths": ("[wrong_shape]", lambda r: {"lengths": r["lengths"][:2]}),
    "lengths in a column": ("[wrong_shape]", lambda r: {"lengths": r["lengths"][:, None]}),
    "an empty list": ("[out_of_range]", lambda r: {"lengths": r["lengths"] * [1, 0, 1]}),
    "a length below 0": ("[out_of_range]", lambda r: {"lengths": r["lengths"] * [1, -1, 1]}),
    "a length beyond": ("[12 8 2]", lambda r: {"lengths": r["lengths"] + 1}),
    "an empty image": ("[[1 3]]", lambda r: with_image(r, 1, 3, lambda _: b"")),
    "a GIF": ("[wrong_format]", lambda r: with_image(r, 0, 10, lambda _: b"GIF89a")),
    "half a PNG": ("PNG", lambda r: with_image(r, 0, 4, lambda png: png[: len(png) // 2])),
    "half a BMP": ("Input size should match", lambda r: with_image(r, 1, 4, lambda bmp: bmp[: len(bmp) // 2])),
    "half a JPEG": ("Invalid JPEG data", lambda r: with_image(r, 2, 0, lambda jpeg: jpeg[: len(jpeg) // 2])),
    "int32 lengths": ("actual int32 vs. expect int64", lambda r: {"lengths": r["lengths"].astype(np.int32)}),
}


@pytest.mark.parametrize("wrong", IMAGE_ERRORS)
def test_malformed_images_are_refused(expected, served, wrong):
    message, change = IMAGE_ERRORS[wrong]
    request, _ = expected["score_encoded"]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        served("score_encoded", {**request, **change(request)})
    assert message in str(caught.value)


# === Description and warm-up ===


def test_a_model_describes_itself(network, exported, served):
    """In a file, and to a client that cannot read the file."""
    description = json.loads((exported / "assets.extra/model.json").read_text(encoding="utf-8"))
    assert description["stages"] == ["noise", "pre-starting", "take-flight", "entry"]
    assert (description["sport"]["name"], description["version"], description["frame_rate"]) == ("diving", 3, 25.0)
    assert description["package_version"] == scoringnet_tf.__version__
    assert description["outputs"] == sorted(served.signatures["serving_default"].outputs)
    twin = ScoringNetPreprocessor.from_config(description["preprocessing"])
    assert twin.get_config() == network.preprocessor.get_config()
    values = served("describe", {"fields": np.array(list(description), object)})["values"]
    assert dict(zip(description, map(json.loads, values), strict=True)) == description
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[unknown_name\]"):
        served("describe", {"fields": np.array(["stages", "colour"], object)})


def test_warm_up_requests_run_every_signature(exported, served):
    """TF Serving does not serve a model whose warm-up fails."""
    asked = []
    records = tf.data.TFRecordDataset(str(exported / "assets.extra/tf_serving_warmup_requests"))
    for record in records.as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        asked.append(request.model_spec.signature_name)
        served(asked[-1], {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()})
    assert set(asked) == set(served.signatures) - {"describe"}


def test_example_videos_differ(network):
    videos = example_videos(network, LENGTHS)
    assert videos["mask"].sum(axis=1).tolist() == list(LENGTHS)
    frames = videos["frames"].reshape(-1, 32 * 32 * 3)
    assert len(np.unique(frames, axis=0)) == len(frames)


# === Versions ===


def test_versions_count_up_and_are_never_replaced(network, exported, tmp_path):
    """TF Serving reads the number: 007 is 7."""
    assert versions_in(exported.parent) == {3: "3"} and versions_in(tmp_path / "none") == {}
    for name in ("9", "10", "007", ".11.77.new", "12a", "٣"):
        (tmp_path / name).mkdir()
    assert versions_in(tmp_path) == {7: "007", 9: "9", 10: "10"}
    result = forked("scoringnet_tf.export", f"--export_dir={tmp_path}", "--version=7")
    assert (result.returncode, code_printed(result.stderr)) == (1, "exists") and "007" in result.stderr


@pytest.mark.slow
def test_an_export_warns_of_a_model_without_training_statistics(stage_model, tmp_path):
    result = forked("scoringnet_tf.export", f"--model={stage_model}", f"--export_dir={tmp_path / 'servable'}")
    assert result.returncode == 0 and result.stderr.startswith("export: ")
    assert (tmp_path / "servable/1/saved_model.pb").is_file()


def described(description, folder):
    """A version's folder with nothing but the description."""
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "assets.extra/model.json").write_text(json.dumps(description))
    return folder


def own_sport(sport):
    """The sport with another range of the final score."""
    definition = definition_of(sport)
    return sport_of({**definition, "ranges": {**definition["ranges"], "final": [1, 144]}}, "own")


DIFFERENT = {
    "sport": {"sport": definition_of(get_sport("vault"))},
    "ranges": {"sport": definition_of(own_sport(get_sport("diving")))},
    "features": {"content": "features", "preprocessing": {"size": 4, "stride": 1, "origin": None}},
    "image_size": {"preprocessing": {"image_size": (16, 24)}},
    "frame_size": {"preprocessing": {"frame_size": [40, 48]}},
    "aspect": {"preprocessing": {"aspect": 16 / 9}},
    "jpeg": {"preprocessing": {"jpeg_quality": 75}},
    "fit": {"preprocessing": {"fit": "pad"}},
    "rate": {"frame_rate": 25.6},
    "no rate": {"frame_rate": None},
    "scores": {"scores": ["final"]},
    "stages": {"decoding": None},
    "outputs": {"outputs": ["final", "labels", "valid"]},
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_version_must_serve_the_clients_of_the_newest_one(name, network, exported):
    ours, changes = model_description(network), DIFFERENT[name]
    if "preprocessing" in changes and "content" not in changes:
        changes = {"preprocessing": {**ours["preprocessing"], **changes["preprocessing"]}}
    with refused("other_servable", exported):
        check_successor([exported], "saved_model", {**ours, **changes})


def test_a_version_may_be_of_nearly_the_same_rate_and_give_more(network, exported, tmp_path):
    ours = model_description(network)
    check_successor([tmp_path], "onnx", ours)  # nothing is there
    for changes in ({}, {"frame_rate": 25.02}, {"frame_rate": 24.6}, {"outputs": [*ours["outputs"], "final_std"]}):
        check_successor([exported], "saved_model", {**ours, **changes})


def test_a_version_is_of_the_format_of_the_newest_folder_that_holds_one(network, exported, tmp_path):
    """An empty folder, or an upload that is not complete, is no version."""
    for name in ("10", "9"):
        (tmp_path / name).mkdir()
    (tmp_path / "9/saved_model.pb").touch()
    folders, ours = [tmp_path / "10", tmp_path / "9", exported], model_description(network)
    check_successor(folders, "saved_model", ours)
    with refused("other_servable", exported, "onnx"):
        check_successor(folders, "onnx", ours)
    (tmp_path / "model.tflite").touch()
    (tmp_path / "model.json").write_text(json.dumps({"sport": ours["sport"]}))
    check_successor([tmp_path], "litert", ours)
    with refused("other_servable", "onnx", "litert"):
        check_successor([tmp_path], "onnx", ours)
    (tmp_path / "model.json").write_text("{}")
    with refused("damaged_description", "model.json"):
        check_successor([tmp_path], "litert", ours)


@pytest.mark.parametrize("lacking", ["preprocessing", "scores", "decoding", "outputs"])
def test_a_version_that_describes_less_hides_no_other_difference(network, tmp_path, lacking):
    """An older version has no `outputs`, for example."""
    ours = model_description(network)
    kept = described({name: value for name, value in ours.items() if name != lacking}, tmp_path / "1")
    check_successor([kept], "saved_model", ours)
    with refused("other_servable", "50"):
        check_successor([kept], "saved_model", {**ours, "frame_rate": 50.0})


def test_a_version_takes_the_same_features(network, tmp_path):
    """Features of one size may still be those of another network."""
    features = {"size": 4, "stride": 8, "origin": {"endpoint": "fc6", "weights": {"file": "a", "sha256": "1"}}}
    ours = {**model_description(network), "content": "features", "preprocessing": features}
    kept = described(ours, tmp_path / "1")
    check_successor([kept], "saved_model", {**ours, "frame_rate": 25.02})
    for changes, named in (({"stride": 16}, "16"), ({"origin": {**features["origin"], "endpoint": "pool5"}}, "pool5")):
        with refused("other_servable", named):
            check_successor([kept], "saved_model", {**ours, "preprocessing": {**features, **changes}})
