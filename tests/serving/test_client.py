"""The client in serving/, over REST and gRPC, against a server that runs the SavedModel as TF Serving does."""

import json
import re
import socketserver
import sys
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from command_forks import ROOT
from google.protobuf import text_format
from model_server import ModelServer
from tensorflow_serving.config import model_server_config_pb2
from training_runs import telling

import scoringnet_tf
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.inference.export import checked_outputs, example_videos, export_saved_model
from scoringnet_tf.models.training_statistics import TrainingStatistics, checksum

SERVING = ROOT / "serving"
sys.path.insert(0, str(SERVING))

import client  # noqa: E402

LENGTHS = (9, 4)


@pytest.fixture(scope="module")
def network():
    """Untrained, and yet it calls a video valid: nothing is asked of its stages."""
    keras.utils.set_random_seed(1)
    options = {
        "image_size": (32, 32),
        "width_multiplier": 1 / 16,
        "segmenter": {"decoding": "ordered"},
        "score_predictor": {  # one tower: less to trace
            "clip_lengths": (8, 8),
            "scores": ("final",),
            "score_statistics": {"final": (80.0, 12.0)},
        },
        "content": {"frame_size": (36, 48)},
    }
    plain = telling(scoringnet_tf.ScoringNet(**options))
    reference = TrainingStatistics(1, "hash", checksum(plain), durations={}, required=())
    return plain.with_dtype("float32", reference=reference.get_config())


@pytest.fixture(scope="module")
def server(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "1"
    export_saved_model(network, path)
    with ModelServer(path, "diving") as running:
        yield running


@pytest.fixture(params=["http", "grpc"])
def address(request, server):
    return server.rest_url if request.param == "http" else f"grpc://{server.grpc_address}"


def images_of(network):
    """Two videos of unequal length as lists of JPEGs."""
    videos = example_videos(network, LENGTHS)["frames"]
    return [
        [network.preprocessor.stored.encode(frame) for frame in video[:length]]
        for video, length in zip(videos, LENGTHS, strict=True)
    ]


def test_a_batch_of_unequal_videos_scores_as_keras_does(network, address):
    videos = example_videos(network, LENGTHS)
    expected, found = network(videos, training=False), client.connect(address, "diving").predict(videos)
    assert set(found) == {*expected, "moments", "reasons", "valid"}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


def test_wrong_requests_are_refused_in_the_words_of_the_server(network, address):
    videos, images = example_videos(network, LENGTHS), images_of(network)
    for signature, inputs, words in (
        ("unknown", {}, "not found"),
        ("serving_default", {**videos, "frames": videos["frames"][:, :, :30]}, "[wrong_shape]"),
        ("serving_default", {"frames": videos["frames"]}, "mask"),
        ("serving_default", {**videos, "frames": videos["frames"] / np.float32(255)}, "uint8"),
        ("score_encoded", client.encoded_videos([images[0], [images[1][0][:200]]]), "Invalid JPEG data"),
        ("score_encoded", client.encoded_videos([images[0], []]), "[out_of_range]"),
        ("score_encoded", client.encoded_videos([]), "[wrong_shape]"),
    ):
        with pytest.raises(client.RequestError) as caught:
            client.connect(address, "diving").predict(inputs, signature)
        assert words in str(caught.value)


def test_an_address_without_a_server_is_named():
    for address in ("http://localhost:9", "localhost:8501"):
        with pytest.raises(client.RequestError, match=address.removeprefix("http://")):
            client.connect(address, "diving").predict({})


OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


@pytest.mark.parametrize("answer", [OK % (6, b"<html>"), OK % (2, b"{}"), OK % (0, b""), bytes([0, 0, 6, 4, 0, 0])])
def test_an_answer_of_another_server_is_named(answer):
    """The last is how gRPC answers."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(10_000)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{other.server_address[1]}"
        with pytest.raises(client.RequestError, match=rf"{url}/v1"):
            client.connect(url, "diving").predict({})
        thread.join()


def test_the_command_scores_folders_of_frames(network, address, tmp_path, capsys):
    expected = []
    for folder, images in zip(("a", "b"), images_of(network), strict=True):
        (tmp_path / folder).mkdir()
        for number, image in enumerate(images):
            (tmp_path / folder / f"{number}.jpg").write_bytes(image)
        (tmp_path / folder / ".DS_Store").touch()
        inputs = network.preprocessor(np.stack([decode_jpeg(image) for image in images]))
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        expected.append({name: np.asarray(value)[0] for name, value in checked_outputs(network)(inputs).items()})
    assert client.main([address, "diving", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["valid"] for one in told] == [bool(one["valid"]) for one in expected] == [True, False]
    assert [one["reasons"] for one in told] == [[], ["too_few_frames"]]
    assert told[0]["final"] == pytest.approx(expected[0]["final"], rel=1e-5)
    assert (told[1]["video"], told[1]["final"]) == (str(tmp_path / "b"), None)
    for one, outputs in zip(told, expected, strict=True):
        spans = [stage["end_frame"] - stage["start_frame"] for stage in one["stages"]]
        names = [network.sport.stages.index(stage["name"]) for stage in one["stages"]]
        np.testing.assert_array_equal(np.repeat(names, spans), outputs["labels"])
    (tmp_path / "b/0.jpg").write_bytes(b"no image")
    for folder in ("b", "none"):
        assert client.main([address, "diving", str(tmp_path / folder)]) == 1
        assert "client: " in capsys.readouterr().err
    assert client.main([address]) == 2


def test_a_model_of_simulation_gives_moments_and_no_scores():
    outputs = {
        "valid": np.array([True, False]),
        "reasons": np.array([[False], [True]]),
        "final": np.array([80.0, 70.0]),
    }
    outputs |= {"moments": np.array([[12, -1], [12, 20]]), "labels": np.zeros((2, 3), int)}
    model = {"stages": ["noise"], "reasons": ["stage_order"], "moments": {"take-off": 0.12, "entry": None}}
    model |= {"against_scores": [{"code": "simulated_training", "message": ""}], "frame_rate": 25.0}
    first, second = (client.result(outputs, number, 3, model) for number in range(2))
    assert first["moments"] == {"take-off": {"frame": 12, "seconds": 0.48, "uncertainty": 0.12}}
    assert (first["reasons"], first["final"]) == (["simulated_training"], None)
    assert (second["reasons"], second["moments"]) == (["stage_order", "simulated_training"], {})
    assert first["stages"] == [{"name": "noise", "start_frame": 0, "end_frame": 3}]
    alone = client.result(outputs, 0, 3, model | {"moments": {}, "against_scores": []})
    assert (alone["valid"], alone["reasons"], alone["moments"], alone["final"]) == (True, [], {}, 80.0)


def test_frames_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("2.jpg", "10.jpg", "1.png", "3.PNG", ".4.jpg", "notes.txt", *map("{}.jpg".format, range(4, 10))):
        (tmp_path / name).touch()
    names = [path.name for path in client.frame_files(tmp_path)]
    assert names == ["1.png", "2.jpg", "3.PNG", *(f"{number}.jpg" for number in range(4, 11))]
    for extra, named in (("5.png", r"5\.jpg, 5\.png"), ("poster_12.png", r"1\.png, poster_12\.png")):
        (tmp_path / extra).touch()
        with pytest.raises(client.RequestError, match=named):
            client.frame_files(tmp_path)
        (tmp_path / extra).unlink()
    (tmp_path / "5.jpg").unlink()
    with pytest.raises(client.RequestError, match=r"1 to 10, .* 9 images"):
        client.frame_files(tmp_path)


def test_the_server_is_given_the_models_that_make_servables_exports():
    """models.config is read by TF Serving's own definition, and every folder that compose.yaml mounts is made."""
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((SERVING / "models.config").read_text(encoding="utf-8"), config)
    service = yaml.safe_load((SERVING / "compose.yaml").read_text(encoding="utf-8"))["services"]["scoring"]
    mounted = {}
    for source, target, mode in (volume.split(":") for volume in service["volumes"]):
        assert mode == "ro"
        mounted[target] = (SERVING / source).resolve()
    assert service["command"][0] == "--model_config_file=/models/models.config"
    assert mounted["/models/models.config"] == SERVING / "models.config"
    (exported,) = re.findall(r"^servables:.*\n\t@?for model in (.*?);", (ROOT / "Makefile").read_text(), re.M)
    servables = {ROOT / "build/servables" / name for name in exported.split()}
    assert {mounted[model.base_path] for model in config.model_config_list.config} == servables
