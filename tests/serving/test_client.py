"""The client in serving/, over REST and gRPC, against a server that runs the SavedModel as TF Serving does."""

import http.server
import json
import pathlib
import socketserver
import sys
import threading
import types

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from model_server import ModelServer
from tensorflow_serving.apis import prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2
from training_runs import STATISTICS, telling

import scoringnet_tf
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.inference.export import checked_outputs, example_videos, export_saved_model
from scoringnet_tf.models.training_statistics import TrainingStatistics, checksum

ROOT = pathlib.Path(__file__).parents[2]
SERVING = ROOT / "serving"
sys.path.insert(0, str(SERVING))

import client  # noqa: E402

LENGTHS = (9, 4)


@pytest.fixture(scope="module")
def network():
    """Untrained, and yet it calls a video valid: nothing is asked of its stages."""
    keras.utils.set_random_seed(1)
    options = {"image_size": (32, 32), "frame_size": (36, 48), "width_multiplier": 1 / 16, "clip_lengths": (8, 8)}
    plain = telling(scoringnet_tf.ScoringNet(**options, decoding="ordered", score_statistics=STATISTICS))
    reference = TrainingStatistics(1, "hash", checksum(plain), durations={}, required=())
    return plain.with_dtype("float32", reference=reference.get_config())


@pytest.fixture(scope="module")
def server(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "1"
    export_saved_model(network, path)
    with ModelServer(path, "diving") as running:
        yield running


@pytest.fixture(params=["http", "grpc"])
def connected(request, server):
    address = server.rest_url if request.param == "http" else f"grpc://{server.grpc_address}"
    return client.connect(address, "diving")


def images_of(network):
    """Two videos of unequal length as lists of JPEGs."""
    videos = example_videos(network, LENGTHS)["frames"]
    return [
        [network.preprocessor.stored.encode(frame) for frame in video[:length]]
        for video, length in zip(videos, LENGTHS, strict=True)
    ]


@pytest.mark.slow
def test_a_batch_of_unequal_videos_scores_as_keras_does(network, connected):
    videos = example_videos(network, LENGTHS)
    expected = network(videos, training=False)
    found = connected.predict(videos)
    assert set(found) == {*expected, "valid"}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
    segmented = connected.predict(videos, "segment")
    np.testing.assert_array_equal(segmented["labels"], expected["labels"])


def test_lists_of_images_of_unequal_length_are_scored_together(network, connected):
    videos = images_of(network)
    found = connected.predict(client.encoded_videos(videos), "score_encoded")
    for row, images in enumerate(videos):
        inputs = network.preprocessor(np.stack([decode_jpeg(image) for image in images]))
        expected = network(inputs, training=False)
        for name in ("difficulty", "execution", "final", "empty_fragments"):
            np.testing.assert_allclose(found[name][row], expected[name][0], rtol=1e-5)
        np.testing.assert_array_equal(found["labels"][row, : len(images)], expected["labels"][0])


REFUSALS = {
    "another size": (lambda v: {**v, "frames": v["frames"][:, :, :30]}, "[wrong_shape]"),
    "a missing mask": (lambda v: {"frames": v["frames"]}, "mask"),
    "a mask of one video": (lambda v: {**v, "mask": v["mask"][:1]}, "[wrong_shape]"),
    "floats": (lambda v: {**v, "frames": v["frames"] / np.float32(255)}, "uint8"),
    "a mask of numbers": (lambda v: {**v, "mask": v["mask"].astype(np.int64)}, "bool"),
    "no videos": (lambda v: {"frames": v["frames"][:0], "mask": v["mask"][:0]}, "[wrong_shape]"),
}


@pytest.mark.parametrize("wrong", REFUSALS)
def test_malformed_videos_are_refused_in_words(network, connected, wrong):
    change, message = REFUSALS[wrong]
    with pytest.raises(client.RequestError) as caught:
        connected.predict(change(example_videos(network, LENGTHS)))
    assert message in str(caught.value)


BROKEN = {
    "a broken JPEG": (lambda videos: [videos[0], [videos[1][0][:200]]], "Invalid JPEG data"),
    "text": (
        lambda videos: [videos[0], [videos[1][0], b"no image"]],
        "[[1 1]]",
    ),
    "an empty list": (lambda videos: [videos[0], []], "[out_of_range]"),
    "empty lists": (lambda videos: [[], []], "[wrong_shape]"),
    "no list": (lambda videos: [], "[wrong_shape]"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_malformed_images_are_refused_in_words(network, connected, wrong):
    change, message = BROKEN[wrong]
    with pytest.raises(client.RequestError) as caught:
        connected.predict(client.encoded_videos(change(images_of(network))), "score_encoded")
    assert message in str(caught.value)


def test_words_of_a_description_may_be_of_any_language(monkeypatch):
    """As `describe` gives them for a sport of one's own: stages of another alphabet."""
    names = np.array([["stützen".encode(), b"landing"]], object)
    response = types.SimpleNamespace(outputs={"stages": tf.make_tensor_proto(names), "n": tf.make_tensor_proto([2.5])})
    stub = types.SimpleNamespace(Predict=lambda *_, **__: response)
    monkeypatch.setattr(prediction_service_pb2_grpc, "PredictionServiceStub", lambda _: stub)
    outputs = client.GrpcClient("localhost:9", "own").predict({})
    assert outputs["stages"].tolist() == [["stützen", "landing"]] and outputs["n"].tolist() == [2.5]


def test_what_is_not_there_is_named(server, network):
    videos = example_videos(network, LENGTHS)
    for address in (server.rest_url, f"grpc://{server.grpc_address}"):
        with pytest.raises(client.RequestError, match="Servable not found"):
            client.connect(address, "vault").predict(videos)
        with pytest.raises(client.RequestError, match='signature key "encoded" not found'):
            client.connect(address, "diving").predict(videos, "encoded")
    with pytest.raises(client.RequestError, match=r"localhost:9/v1/models/diving:predict: .*refused"):
        client.connect("http://localhost:9", "diving").predict(videos)
    with pytest.raises(client.RequestError, match=r"localhost:8501"):
        client.connect("localhost:8501", "diving")


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]", b""])
def test_an_answer_of_another_server_is_named(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        with pytest.raises(client.RequestError, match=rf"{url}/v1"):
            client.connect(url, "diving").predict({})
        thread.join()


def test_a_port_that_does_not_speak_http_is_named(tmp_path, capsys):
    """Such as that of gRPC."""
    (tmp_path / "1.jpg").write_bytes(b"jpeg")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(10_000)
            self.request.sendall(bytes([0, 0, 6, 4, 0, 0, 0, 0, 0]))  # a frame of HTTP/2

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{other.server_address[1]}"
        assert client.main([url, "diving", str(tmp_path)]) == 1
        thread.join()
    assert capsys.readouterr().err.startswith(f"client: {url}/v1/models/diving:predict: ")


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_the_command_scores_folders_of_frames(network, server, tmp_path, capsys, scheme):
    for folder, images in zip(("a", "b"), images_of(network), strict=True):
        (tmp_path / folder).mkdir()
        for number, image in enumerate(images):
            (tmp_path / folder / f"{number}.jpg").write_bytes(image)
        (tmp_path / folder / ".DS_Store").touch()
    address = server.rest_url if scheme == "http" else f"grpc://{server.grpc_address}"
    assert client.main([address, "diving", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    pixels = [np.stack([cv2.imread(str(path))[..., ::-1] for path in client.frame_files(tmp_path / "b")])]
    expected = network(network.preprocessor(pixels[0]), training=False)
    assert [one["valid"] for one in told] == [True, False]  # of which one is too short
    first = np.stack([cv2.imread(str(path))[..., ::-1] for path in client.frame_files(tmp_path / "a")])
    assert told[0]["final"] == pytest.approx(float(network(network.preprocessor(first))["final"][0]), rel=1e-5)
    assert told[1]["video"] == str(tmp_path / "b") and told[1]["stages"][-1]["end_frame"] == LENGTHS[1]
    inputs = {name: tf.constant(value) for name, value in network.preprocessor(pixels[0]).items()}
    assert told[1]["valid"] == bool(checked_outputs(network)(inputs)["valid"][0])
    assert told[1]["final"] is None
    labels = np.repeat(
        [network.sport.stages.index(stage["name"]) for stage in told[1]["stages"]],
        [stage["end_frame"] - stage["start_frame"] for stage in told[1]["stages"]],
    )
    np.testing.assert_array_equal(labels, expected["labels"][0])

    (tmp_path / "b/0.jpg").write_bytes(b"no image")
    assert client.main([address, "diving", str(tmp_path / "b")]) == 1
    assert "client: " in (error := capsys.readouterr().err) and "[wrong_format]" in error
    assert client.main([address, "diving", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_frames_come_in_the_order_of_their_numbers(tmp_path):
    for name in (
        "2.jpg",
        "10.jpg",
        "1.png",
        "3.PNG",
        ".4.jpg",
        "notes.txt",
        "b.mp4",
        *map("{}.jpg".format, range(4, 10)),
    ):
        (tmp_path / name).touch()
    names = [path.name for path in client.frame_files(tmp_path)]
    assert names == ["1.png", "2.jpg", "3.PNG", *(f"{number}.jpg" for number in range(4, 11))]
    (tmp_path / "5.png").touch()
    with pytest.raises(client.RequestError, match=r"5\.jpg, 5\.png"):
        client.frame_files(tmp_path)
    (tmp_path / "5.png").rename(tmp_path / "poster_12.png")
    with pytest.raises(client.RequestError, match=r"1\.png, poster_12\.png"):
        client.frame_files(tmp_path)
    for name in ("5.jpg", "poster_12.png"):
        (tmp_path / name).unlink()
    with pytest.raises(client.RequestError, match=r"1 to 10, .* 9 images"):
        client.frame_files(tmp_path)


def test_what_is_no_performance_has_no_score():
    outputs = {
        "valid": np.array([True, False]),
        "labels": np.array([[0, 1, 1, 0], [0, 0, 0, 0]]),
        "difficulty": np.array([3.0, 3.5]),
        "final": np.array([72.0, 70.0]),
    }
    stages = [{"name": "noise", "start_frame": 0, "end_frame": 1}, {"name": "entry", "start_frame": 1, "end_frame": 3}]
    scored = client.result(outputs, 0, 3, ["noise", "entry"])
    assert scored == {"valid": True, "stages": stages, "difficulty": 3.0, "final": 72.0}
    none = client.result(outputs, 1, 4, ["noise", "entry"])
    assert (none["valid"], none["difficulty"], none["final"]) == (False, None, None)


def test_wrong_use_of_the_command_says_how_it_is_used(capsys):
    assert client.main(["http://localhost:8501"]) == 2
    assert "python serving/client.py http://localhost:8501 diving" in capsys.readouterr().err


def test_the_server_is_given_the_models_that_ship():
    """models.config is read by TF Serving's own definition, and every folder that compose.yaml mounts is there."""
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((SERVING / "models.config").read_text(encoding="utf-8"), config)
    (service,) = yaml.safe_load((SERVING / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    mounted = {}
    for volume in service["volumes"]:
        source, target, mode = volume.split(":")
        assert (SERVING / source).exists() and mode == "ro"
        mounted[target] = SERVING / source
    assert service["command"][0] == "--model_config_file=/models/models.config" and "/models/models.config" in mounted
    for model in config.model_config_list.config:
        assert (mounted[model.base_path] / "1/saved_model.pb").is_file(), model.name
