"""The SavedModel against the Keras model, without our package and as TF Serving runs it; what requests it refuses."""

import json
import os
import pickle
import re
import subprocess
import sys
import types

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from command_forks import forked
from conftest import write_bars
from served_model import ServedModel
from tensorflow_serving.apis import prediction_log_pb2
from training_runs import telling

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.export import versions_in
from scoringnet_tf.inference import precision as precision_check
from scoringnet_tf.inference import serving
from scoringnet_tf.inference.model_description import model_description
from scoringnet_tf.inference.refusal import several
from scoringnet_tf.inference.request_checks import checked_videos
from scoringnet_tf.inference.serving import export_saved_model, preprocess_encoded
from scoringnet_tf.inference.versions import check_successor
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.inference.warmup import example_requests, example_videos
from scoringnet_tf.sports import definition_of, get_sport, sport_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.remarks import Remark

LENGTHS = (11, 7, 1)
UNSCORED = types.SimpleNamespace(difficulty=None, execution=None, final=None)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    plain = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        score_statistics={"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)},
        frame_size=(36, 48),
        decoding="ordered",
        provenance={"frame_rate": 25.0},
    )
    return telling(plain, 10_000.0)


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "3"
    export_saved_model(network, path, version=3)
    return path


@pytest.fixture(scope="module")
def served(exported):
    model = ServedModel(exported)
    yield model
    model.close()


@pytest.fixture(scope="module")
def features_network():
    keras.utils.set_random_seed(0)
    return scoringnet_tf.ScoringNet(
        features={"size": 5, "stride": 1, "origin": None},
        scores=("final",),
        fragments="whole",
        clip_lengths=(4, 4),
        width_multiplier=1 / 16,
        score_predictor={"head": "distribution"},
    )


# === The same numbers ===

ENCODERS = {
    "png": lambda frame: cv2.imencode(".png", frame[..., ::-1])[1].tobytes(),
    "bmp": lambda frame: cv2.imencode(".bmp", frame[..., ::-1])[1].tobytes(),
    "jpeg": lambda frame: encode_jpeg(frame, 95),
}
SIZES = ((120, 160), (36, 48), (90, 200))


def encoded_videos(network):
    """The lists of images of three videos of unequal length, size and format; and what Keras makes of their pixels."""
    images, inputs = [], example_videos(network, LENGTHS)
    pixels = np.random.default_rng(1)
    for video, (length, size, encode) in enumerate(zip(LENGTHS, SIZES, ENCODERS.values(), strict=True)):
        waves = [cv2.resize(frame, size[::-1]) for frame in inputs["frames"][video, :length]]
        images.append([encode(cv2.add(frame, pixels.integers(0, 9, frame.shape, np.uint8))) for frame in waves])
        decoded = np.stack([decode_jpeg(image) for image in images[-1]])  # OpenCV reads PNG and BMP as well
        inputs["frames"][video, :length] = network.preprocessor(decoded)["frames"][0]
    return images, inputs


def requests_and_outputs(network):
    """Signature → (request of three videos of unequal length, what the Keras model says)."""
    videos = example_videos(network, LENGTHS)
    whole = network(videos, training=False)
    found = {"serving_default": (videos, whole)}
    if network.segmenter is not None:
        found["segment"] = (videos, {name: whole[name] for name in ("stages", "labels")})
    if network.content == "frames":
        images, inputs = encoded_videos(network)
        padded = [[*frames, *[b"what comes after is not looked at"] * (11 - len(frames))] for frames in images]
        request = {"encoded": np.array(padded, object), "lengths": np.array(LENGTHS)}
        found["score_encoded"] = (request, network(inputs, training=False))
    return found


@pytest.fixture(scope="module")
def expected(network):
    found = requests_and_outputs(network)
    for name in ("serving_default", "score_encoded"):
        for score, mean in (("difficulty", 3.3), ("execution", 24.0)):  # a tower that is a hundredth off would be seen
            assert np.abs(np.asarray(found[name][1][score]) - mean).min() > 0.01 * mean
    return found


def assert_equal_outputs(found, expected):
    """`valid` is what an export adds to the outputs of the Keras model; the stages alone have none."""
    assert set(found) == {*expected} | ({"valid"} if "final" in expected else set())
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


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


def outputs_of_tensorflow_alone(path, requests, folder):
    """Signature → outputs, from a process that has TensorFlow and the files."""
    (folder / "requests").write_bytes(pickle.dumps(requests))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", WITHOUT_OUR_PACKAGE, path, folder / "requests", folder / "outputs"]
    result = subprocess.run([*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return pickle.loads((folder / "outputs").read_bytes())


@pytest.mark.slow
def test_tensorflow_alone_gives_the_numbers_of_keras(expected, exported, tmp_path):
    requests = {name: request for name, (request, _) in expected.items()}
    found = outputs_of_tensorflow_alone(exported, requests, tmp_path)
    assert set(found) == {"serving_default", "score_encoded", "segment"}
    for name, (_, outputs) in expected.items():
        assert_equal_outputs(found[name], outputs)
    assert set(expected["serving_default"][1]) == {
        *("stages", "labels", "difficulty", "execution", "final", "empty_fragments"),
    }


def test_the_c_plus_plus_loader_gives_the_numbers_of_keras(expected, served):
    """TF Serving runs this loader and a session."""
    assert set(served.signatures) == {*expected, "describe"}
    for name, (request, outputs) in expected.items():
        assert_equal_outputs(served(name, request), outputs)


@pytest.mark.slow
def test_a_model_of_features_is_served_by_features_alone(features_network, tmp_path):
    export_saved_model(features_network, tmp_path / "1")
    expected = requests_and_outputs(features_network)
    assert set(expected) == {"serving_default"}
    request, outputs = expected["serving_default"]
    assert set(outputs) == {"final", "final_std", "final_distribution"}
    assert_equal_outputs(
        outputs_of_tensorflow_alone(tmp_path / "1", {"serving_default": request}, tmp_path)["serving_default"], outputs
    )
    served = ServedModel(tmp_path / "1")
    assert_equal_outputs(served("serving_default", request), outputs)
    assert served("serving_default", request)["valid"].tolist() == [True] * 3
    padded = {**request, "features": np.where(request["mask"][..., None], request["features"], np.float32(np.nan))}
    assert np.isnan(padded["features"]).any()
    assert_equal_outputs(served("serving_default", padded), outputs)
    request["features"][1, 2, 3] = np.nan
    with pytest.raises(tf.errors.InvalidArgumentError, match="features: expected finite numbers"):
        served("serving_default", request)


def test_padding_of_features_is_zeros_to_the_model(features_network):
    """A mean over the real frames, of what a model compares with its training, would be NaN where padding is."""
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


def test_pictures_that_are_too_small_are_not_valid(network, monkeypatch):
    """As of `predict` by the smallest frame of each video: half of 32×32 is the least, on both sides."""
    monkeypatch.setattr(serving, "checks", lambda *_: {})
    monkeypatch.setattr(serving, "impossible_scores", lambda *_: {})
    score = serving.signatures(network, {})["score_encoded"]
    sizes = [(16, 16), (15, 40), (40, 15), (40, 40)]
    pictures = {size: ENCODERS["png"](np.full((*size, 3), 9, np.uint8)) for size in sizes}
    encoded = np.array([[pictures[40, 40], pictures[size], pictures[15, 40]] for size in sizes], object)
    for lengths, expected in (([2, 2, 2, 2], [True, False, False, True]), ([1, 1, 3, 2], [True, True, False, True])):
        valid = score(encoded=tf.constant(encoded), lengths=tf.constant(lengths, tf.int64))["valid"]
        assert valid.numpy().tolist() == expected


# === Requests that are refused ===

VIDEO_ERRORS = {
    "frames of another size": (
        lambda v: {"frames": v["frames"][:, :, :30]},
        "frames: expected uint8 (B, L, 32, 32, 3)",
    ),
    "frames of one video": (lambda v: {"frames": v["frames"][0]}, "Received a shape of [11 32 32 3]"),
    "grey frames": (lambda v: {"frames": v["frames"][..., :1]}, "Received a shape of [3 11 32 32 1]"),
    "no videos": (lambda v: {"frames": v["frames"][:0], "mask": v["mask"][:0]}, "B and L at least 1"),
    "no frames": (lambda v: {"frames": v["frames"][:, :0], "mask": v["mask"][:, :0]}, "B and L at least 1"),
    "floats": (lambda v: {"frames": v["frames"] / np.float32(255)}, "actual float vs. expect uint8"),
    "a mask of one column": (lambda v: {"mask": v["mask"][:, :1]}, "mask: expected bool (B, L), as long as frames"),
    "a mask of one video": (lambda v: {"mask": v["mask"][:1]}, "mask: expected bool (B, L), as long as frames"),
    "a flat mask": (lambda v: {"mask": v["mask"].ravel()}, "mask: expected bool (B, L), as long as frames"),
    "an empty video": (lambda v: {"mask": v["mask"] & (np.arange(11) < [[9], [0], [9]])}, "in videos [1]"),
    "padding first": (lambda v: {"mask": v["mask"][:, ::-1]}, "in videos [1 2]"),
}


@pytest.mark.parametrize("signature", ["serving_default", "segment"])
@pytest.mark.parametrize("wrong", VIDEO_ERRORS)
def test_malformed_videos_are_refused(expected, served, signature, wrong):
    change, message = VIDEO_ERRORS[wrong]
    videos, _ = expected["serving_default"]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        served(signature, {**videos, **change(videos)})
    assert message in str(caught.value)


def with_image(request, video, frame, image):
    changed = request["encoded"].copy()
    changed[video, frame] = image(changed[video, frame])
    return {"encoded": changed}


IMAGE_ERRORS = {
    "one list": (lambda r: {"encoded": r["encoded"][0]}, "encoded: expected string (B, L)"),
    "empty lists": (lambda r: {"encoded": r["encoded"][:, :0]}, "encoded: expected string (B, L), B and L at least 1"),
    "no lists": (lambda r: {name: value[:0] for name, value in r.items()}, "B and L at least 1"),
    "fewer lengths": (lambda r: {"lengths": r["lengths"][:2]}, "lengths: expected int64 (B,), a number for each video"),
    "lengths in a column": (lambda r: {"lengths": r["lengths"][:, None]}, "lengths: expected int64 (B,)"),
    "an empty list": (lambda r: {"lengths": r["lengths"] * [1, 0, 1]}, "expected 1 to 11 frames"),
    "a length below 0": (lambda r: {"lengths": r["lengths"] * [1, -1, 1]}, "expected 1 to 11 frames"),
    "a length beyond": (lambda r: {"lengths": r["lengths"] + 1}, "as many as encoded has at most. Received: [12 8 2]"),
    "an empty image": (lambda r: with_image(r, 1, 3, lambda _: b""), "at (video, frame) [[1 3]]"),
    "a GIF": (lambda r: with_image(r, 0, 10, lambda _: b"GIF89a"), "expected images, JPEG, PNG, BMP"),
    "half a PNG": (lambda r: with_image(r, 0, 4, lambda png: png[: len(png) // 2]), "PNG"),
    "half a BMP": (lambda r: with_image(r, 1, 4, lambda bmp: bmp[: len(bmp) // 2]), "Input size should match"),
    "half a JPEG": (lambda r: with_image(r, 2, 0, lambda jpeg: jpeg[: len(jpeg) // 2]), "Invalid JPEG data"),
    "int32 lengths": (lambda r: {"lengths": r["lengths"].astype(np.int32)}, "actual int32 vs. expect int64"),
}


@pytest.mark.parametrize("wrong", IMAGE_ERRORS)
def test_malformed_images_are_refused(expected, served, wrong):
    change, message = IMAGE_ERRORS[wrong]
    request, _ = expected["score_encoded"]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        served("score_encoded", {**request, **change(request)})
    assert message in str(caught.value)


# === What a model says of itself ===


def test_a_model_describes_itself(network, exported, served):
    """In the file, and to a client that cannot read it."""
    told = json.loads((exported / "assets.extra/model.json").read_text(encoding="utf-8"))
    assert told["stages"] == ["noise", "pre-starting", "take-flight", "entry"] and told["sport"]["name"] == "diving"
    assert (told["version"], told["frame_rate"], told["precision"]) == (3, 25.0, "float32")
    assert told["package_version"] == scoringnet_tf.__version__
    assert told["outputs"] == sorted(served.signatures["serving_default"].outputs)
    twin = ScoringNetPreprocessor.from_config(told["preprocessing"])
    assert twin.get_config() == network.preprocessor.get_config()
    values = served("describe", {"fields": np.array(list(told), object)})["values"]
    assert dict(zip(told, map(json.loads, values), strict=True)) == told
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"fields: expected some of format, .*version"):
        served("describe", {"fields": np.array(["stages", "colour"], object)})


def test_warm_up_requests_run_every_signature(exported, served):
    """TF Serving does not serve a model whose warm-up fails."""
    asked = []
    for record in tf.data.TFRecordDataset(
        str(exported / "assets.extra/tf_serving_warmup_requests")
    ).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        asked.append(request.model_spec.signature_name)
        served(asked[-1], {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()})
    assert set(asked) == set(served.signatures) - {"describe"}


def test_examples_are_videos_that_differ(network):
    videos = example_requests(network, ["serving_default"], LENGTHS)["serving_default"]
    assert videos["mask"].sum(axis=1).tolist() == list(LENGTHS)
    frames = videos["frames"].reshape(-1, 32 * 32 * 3)
    assert len(np.unique(frames, axis=0)) == len(frames)


# === Folders and precision ===


def test_versions_count_up_and_are_never_replaced(network, exported, tmp_path):
    assert versions_in(exported.parent) == {3: "3"} and versions_in(tmp_path / "none") == {}
    for name in ("9", "10", "007", ".11.77.new", "12a", "٣"):
        (tmp_path / name).mkdir()
    assert versions_in(tmp_path) == {7: "007", 9: "9", 10: "10"}
    with pytest.raises(InputError, match="10: expected a folder that does not exist yet"):
        export_saved_model(network, tmp_path / "10")


def test_a_version_is_a_number_however_its_folder_is_called(tmp_path):
    """TF Serving takes 007 for 7."""
    (tmp_path / "007").mkdir()
    result = forked("scoringnet_tf.export", f"--export_dir={tmp_path}", "--version=7")
    assert result.returncode == 1 and "007: expected a version that does not exist yet" in result.stderr


def test_an_export_of_a_model_that_cannot_tell_what_is_unlike_training_says_so(stage_model, tmp_path):
    result = forked("scoringnet_tf.export", f"--model={stage_model}", f"--export_dir={tmp_path / 'servable'}")
    assert result.returncode == 0
    assert "export: The model keeps no record of what its training videos were like" in result.stderr


def test_a_version_follows_one_of_its_own_sport_and_format(network, exported, tmp_path):
    ours = model_description(network)

    def of(sport):
        return {**ours, "sport": definition_of(sport)}

    check_successor([exported], "saved_model", ours)
    check_successor([tmp_path], "onnx", ours)  # nothing is there
    with pytest.raises(InputError, match=r"3: expected saved_model of diving, as the newest.*: saved_model of vault\."):
        check_successor([exported], "saved_model", of(get_sport("vault")))
    with pytest.raises(InputError, match=r"3: expected saved_model of diving, as the newest.*: onnx of diving\."):
        check_successor([exported], "onnx", ours)
    definition = definition_of(network.sport)
    definition["ranges"] = {**definition["ranges"], "final": [1, 144]}
    with pytest.raises(InputError, match=r"3: expected diving as the newest version there has it\..*ranges\.final"):
        check_successor([exported], "saved_model", of(sport_of(definition, "own")))
    features = {"content": "features", "preprocessing": {"size": 4, "stride": 1, "origin": None}}
    smaller = {"preprocessing": {**ours["preprocessing"], "image_size": (16, 24)}}

    def of_form(**changes):
        return {"preprocessing": {**ours["preprocessing"], **changes}}

    for changes, said in (
        (features, "input: features of 4 instead of frames of 32×32"),
        (smaller, "input: frames of 16×24 instead of frames of 32×32"),
        (of_form(frame_size=[40, 48]), "stored at 40×48 instead of 36×48"),
        (of_form(aspect=16 / 9), r"pictures of 1\.78:1 instead of 1\.33:1"),
        (of_form(jpeg_quality=75, fit="pad"), "JPEG of quality 75 instead of 92; --fit=pad instead of crop"),
        ({"frame_rate": 50.0}, "frames a second: 50 instead of 25"),
        ({"frame_rate": 25.6}, r"frames a second: 25\.6 instead of 25"),
        ({"frame_rate": None}, "frames a second: unknown instead of 25"),
        ({"scores": ["final"]}, "scores: final instead of difficulty, execution"),
        ({"decoding": None}, "stages: none instead of found"),
        ({"outputs": ["final", "labels", "valid"]}, "outputs: none of difficulty, empty_fragments, execution, stages"),
    ):
        with pytest.raises(InputError, match=rf"3: expected diving as the newest version .* Received: {said}\."):
            check_successor([exported], "saved_model", {**ours, **changes})
    (tmp_path / "model.tflite").touch()
    (tmp_path / "model.json").write_text(json.dumps({"sport": definition_of(get_sport("vault"))}))
    check_successor([tmp_path], "litert", of(get_sport("vault")))
    with pytest.raises(InputError, match=r"expected litert of vault, as the newest.*: onnx of vault\."):
        check_successor([tmp_path], "onnx", of(get_sport("vault")))
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(InputError, match=r"model\.json: expected what describes an exported model\."):
        check_successor([tmp_path], "litert", of(get_sport("vault")))


def test_a_version_may_be_of_a_rate_that_was_measured_otherwise_and_give_more(network, exported):
    ours = model_description(network)
    for changes in ({"frame_rate": 25.02}, {"frame_rate": 24.6}, {"outputs": [*ours["outputs"], "final_std"]}):
        check_successor([exported], "saved_model", {**ours, **changes})


@pytest.mark.parametrize("lacking", ["preprocessing", "scores", "decoding", "outputs"])
def test_what_a_version_does_not_say_of_itself_hides_no_other_difference(network, tmp_path, lacking):
    """One of before there were `outputs`, for example."""
    ours = model_description(network)
    kept = {name: value for name, value in ours.items() if name != lacking}
    (tmp_path / "saved_model.pb").touch()
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra/model.json").write_text(json.dumps(kept))
    check_successor([tmp_path], "saved_model", ours)
    with pytest.raises(InputError, match=r"Received: frames a second: 50 instead of 25\."):
        check_successor([tmp_path], "saved_model", {**ours, "frame_rate": 50.0})


def test_a_version_is_compared_with_the_newest_folder_that_holds_one(network, exported, tmp_path):
    """An empty folder, or an upload that is not done, is none: before it anything could follow."""
    (tmp_path / "10").mkdir()
    (tmp_path / "9").mkdir()
    (tmp_path / "9/saved_model.pb").touch()
    ours = model_description(network)
    check_successor([tmp_path / "10", tmp_path / "9", exported], "saved_model", ours)
    with pytest.raises(InputError, match=r"3: expected saved_model of diving, as the newest"):
        check_successor([tmp_path / "10", tmp_path / "9", exported], "onnx", ours)


def test_a_version_follows_one_of_the_same_features(network, tmp_path):
    """Of one size they may still be those of another network, or of other frames."""
    kept = {"size": 4, "stride": 8, "origin": {"endpoint": "fc6", "weights": {"file": "a", "sha256": "1"}}}
    ours = {**model_description(network), "content": "features", "preprocessing": kept}
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra/model.json").write_text(json.dumps(ours))
    check_successor([tmp_path], "saved_model", ours)
    for changes, said in (
        ({"stride": 16}, "stride 16 instead of 8"),
        ({"origin": {**kept["origin"], "endpoint": "pool5"}}, "endpoint 'pool5' instead of 'fc6'"),
    ):
        with pytest.raises(InputError, match=rf"as the newest version there has it\. Received: {said}\."):
            check_successor([tmp_path], "saved_model", {**ours, "preprocessing": {**kept, **changes}})
    check_successor([tmp_path], "saved_model", {**ours, "frame_rate": 25.02})
    with pytest.raises(InputError, match=r"Received: frames a second: 50 instead of 25\."):
        check_successor([tmp_path], "saved_model", {**ours, "frame_rate": 50.0})


@pytest.fixture(scope="module")
def whole_network():
    """One tower on whole videos: little to trace."""
    keras.utils.set_random_seed(0)
    options = {"image_size": (32, 32), "frame_size": (36, 48), "width_multiplier": 1 / 16, "clip_lengths": (8, 8)}
    options |= {"scores": ("final",), "fragments": "whole", "score_statistics": {"final": (60.0, 20.0)}}
    return telling(scoringnet_tf.ScoringNet(**options), 10_000.0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precision_is_what_was_asked_for(whole_network, tmp_path, precision):
    """Whatever the model was trained in; in float32 nothing of the graph is of another float type."""
    export_saved_model(whole_network.with_dtype("mixed_bfloat16"), tmp_path / "1", precision=precision)
    served = ServedModel(tmp_path / "1")
    assert set(served.signatures) == {"serving_default", "score_encoded", "describe"}
    graph = str(served.meta_graph.graph_def)
    assert "DT_FLOAT" in graph and ("DT_BFLOAT16" in graph) == (precision == "bfloat16")
    assert json.loads((tmp_path / "1/assets.extra/model.json").read_text())["precision"] == precision
    videos = example_videos(whole_network, (5, 9))
    exact = np.asarray(whole_network(videos, training=False)["final"])
    tolerance = 1e-5 if precision == "float32" else 1e-2
    assert np.abs(exact - 60).min() > 3 * tolerance * np.abs(exact).max()  # weights of another model give the mean
    np.testing.assert_allclose(served("serving_default", videos)["final"], exact, rtol=tolerance)


def test_bfloat16_must_hold_its_numbers_on_videos(whole_network, tmp_path, monkeypatch):
    write_bars(tmp_path / "dive.mp4", 12)
    said = precision_check.check_precision(whole_network, [str(tmp_path / "dive.mp4")])
    assert re.fullmatch(r"bfloat16 against float32 on 1 video, at most: final 0\.\d\d% .*", said)
    monkeypatch.setattr(precision_check, "MAX_SHARE_OF_RANGE", 0.0)
    with pytest.raises(InputError, match=r"expected final within 0% of float32\. Received: .* on .*dive\.mp4"):
        precision_check.check_precision(whole_network, [str(tmp_path / "dive.mp4")])


def test_the_command_exports_the_precision_that_it_was_asked_for(whole_network, tmp_path):
    write_bars(tmp_path / "dive.mp4", 12)
    whole_network.save(tmp_path / "model.keras")
    words = [f"--model={tmp_path / 'model.keras'}", f"--export_dir={tmp_path / 'servable'}", "--precision=bfloat16"]
    result = forked("scoringnet_tf.export", *words, f"--samples={tmp_path / 'dive.mp4'}")
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "servable/1/assets.extra/model.json").read_text())["precision"] == "bfloat16"


UNLIKE, OF_ALL = Remark("unlike_training", "It is too far."), "several_performances"


def scored_as(*against, final=60.0):
    """A `VideoScore` of diving: as many performances as there are lists of reasons against them."""
    performances = [
        Performance(9 * n, 9 * n + 9, n, n + 1, final=final, reasons=[*reasons]) for n, reasons in enumerate(against)
    ]
    stages = [{"name": "noise", "start_frame": 0, "end_frame": 9 * len(against)}]
    further = [several(len(against), len(against))] if len(against) > 1 else []
    sport = get_sport("diving")
    return VideoScore("a.mp4", sport, 9 * len(against), 9, stages, performances, [], further_reasons=further)


def scorers(monkeypatch, in_float32, in_bfloat16):
    """Those of `check_precision` give these instead."""

    def scorer(model):
        found = in_bfloat16 if model.get_config()["dtype"] == "mixed_bfloat16" else in_float32
        return lambda path, force: found

    monkeypatch.setattr(precision_check, "VideoScorer", scorer)


@pytest.mark.parametrize(
    ("in_float32", "in_bfloat16", "expected", "received"),
    [
        ([[]], [[UNLIKE]], "nothing", "unlike_training"),
        ([[], []], [[], [UNLIKE]], f"{OF_ALL}; {OF_ALL}", f"{OF_ALL}; {OF_ALL}, unlike_training"),
        (
            [[UNLIKE], []],
            [[], [UNLIKE]],
            f"{OF_ALL}, unlike_training; {OF_ALL}",
            f"{OF_ALL}; {OF_ALL}, unlike_training",
        ),
        ([[], [], []], [[], []], f"{OF_ALL}; {OF_ALL}; {OF_ALL}", f"{OF_ALL}; {OF_ALL}"),
    ],
    ids=["of one", "of the second", "of another", "of fewer"],
)
def test_a_verdict_that_bfloat16_changes_is_refused(
    whole_network, monkeypatch, in_float32, in_bfloat16, expected, received
):
    """Of a video with the same scores."""
    scorers(monkeypatch, scored_as(*in_float32), scored_as(*in_bfloat16))
    with pytest.raises(InputError, match=rf"expected {expected} to speak against a\.mp4, .* Received: {received}\."):
        precision_check.check_precision(whole_network, ["a.mp4"])


def test_bfloat16_is_proven_by_one_sound_performance_of_several(whole_network, monkeypatch):
    scorers(monkeypatch, scored_as([UNLIKE], []), scored_as([UNLIKE], [], final=60.6))
    said = precision_check.check_precision(whole_network, ["a.mp4"])
    assert said.startswith("bfloat16 against float32 on 1 video, at most: final 0.42%, stages 0.00%")


def test_a_score_that_is_no_number_in_bfloat16_is_as_far_off_as_can_be():
    sport = get_sport("diving")
    scores = types.SimpleNamespace(difficulty=3.0, execution=20.0, final=60.0)
    unknown = types.SimpleNamespace(difficulty=3.0, execution=float("nan"), final=float("nan"))
    exact, coarse = (types.SimpleNamespace(performances=[one], stages=[]) for one in (scores, unknown))
    found = precision_check._differences(sport, exact, coarse)
    assert found["difficulty"] == 0 and np.isnan([found["execution"], found["final"]]).all()
    lacking = types.SimpleNamespace(performances=[UNSCORED], stages=[])
    assert precision_check._differences(sport, exact, lacking) == dict.fromkeys(found, float("inf"))


def test_frames_that_are_of_another_stage_in_bfloat16_are_counted():
    def entering_at(frame):
        edges = {"noise": (0, frame), "entry": (frame, 10)}
        stages = [{"name": name, "start_frame": start, "end_frame": end} for name, (start, end) in edges.items()]
        return types.SimpleNamespace(performances=[UNSCORED], stages=stages)

    found = precision_check._differences(get_sport("diving"), entering_at(4), entering_at(7))
    assert found == {"stages": pytest.approx(0.3)}


@pytest.mark.parametrize(
    "found",
    [scored_as([], final=None), scored_as([UNLIKE]), scored_as([UNLIKE], [UNLIKE])],
    ids=["without", "by force", "several by force"],
)
def test_bfloat16_is_not_compared_on_videos_without_scores(network, monkeypatch, found):
    """Nor on those that have some by force alone: they are not of the kind that the model is to score."""
    scorers(monkeypatch, found, found)
    with pytest.raises(InputError, match=r"--samples of which one at least has scores, .* none in 2 videos"):
        precision_check.check_precision(network, ["a.mp4", "b.mp4"])


def test_bfloat16_is_for_models_of_frames(features_network):
    with pytest.raises(InputError, match="expected a model of frames"):
        precision_check.check_precision(features_network, ["run.npy"])
