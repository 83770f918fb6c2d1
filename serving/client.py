"""A client for an exported model in TF Serving, over REST or gRPC, to use or to copy: it needs no `scoringnet_tf`.

    python serving/client.py http://localhost:8501 diving FRAMES_FOLDER…
    python serving/client.py grpc://localhost:8500 diving FRAMES_FOLDER…

Each video is a folder of numbered JPEG or PNG frames of one performance, at the frame rate of training (`describe`:
frame_rate). All are scored in one request. Prints a line of JSON for each; its scores are null if there are `reasons`
against them, or against all scores of the model (docs/serving.md). REST needs NumPy; gRPC needs
`tensorflow-serving-api`.
"""

import base64
import http.client
import itertools
import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

import numpy as np

TIMEOUT = 300  # seconds
DESCRIBED = ("stages", "reasons", "moments", "against_scores", "frame_rate")  # what `result` needs
FRAME = re.compile(r"(?!\.)(?:.*?\D)?(\d+)\.(?:jpe?g|png)", re.IGNORECASE)


class RequestError(Exception):
    """The server cannot be reached, or refused a request; with its message."""


class RestClient:
    """Asks the model called `model` at `url`, e.g. http://localhost:8501."""

    def __init__(self, url: str, model: str):
        self.url = f"{url.rstrip('/')}/v1/models/{model}:predict"

    def predict(self, inputs: dict[str, np.ndarray], signature: str = "serving_default") -> dict[str, np.ndarray]:
        """The outputs of a signature, name → array; RequestError if there are none."""
        body = {"signature_name": signature, "inputs": {name: _as_json(value) for name, value in inputs.items()}}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                outputs = json.load(response)["outputs"]
        except urllib.error.HTTPError as error:
            raise RequestError(_message(error.read())) from error
        except (OSError, http.client.HTTPException) as error:
            raise RequestError(f"{self.url}: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise RequestError(f"{self.url} does not answer as TF Serving does.") from error
        # The only output of a signature comes without its name.
        outputs = outputs if isinstance(outputs, dict) else {"values": outputs}
        return {name: np.array(value) for name, value in outputs.items()}


class GrpcClient:
    """Asks the model called `model` at `address`, e.g. localhost:8500."""

    def __init__(self, address: str, model: str):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.model = model
        channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def predict(self, inputs: dict[str, np.ndarray], signature: str = "serving_default") -> dict[str, np.ndarray]:
        """The outputs of a signature, name → array; RequestError if there are none."""
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self.model, signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value, tf.string if value.dtype == object else None))
        try:
            response = self._stub.Predict(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            raise RequestError(error.details()) from error
        outputs = {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}
        texts = {name: value for name, value in outputs.items() if value.dtype == object}
        return outputs | {name: np.char.decode(value.astype(bytes), "utf-8") for name, value in texts.items()}


def connect(address: str, model: str) -> RestClient | GrpcClient:
    """A client for an address that begins with http://, https:// or grpc://."""
    scheme, _, rest = address.partition("://")
    if scheme not in ("http", "https", "grpc") or not rest:
        raise RequestError(f"{address} is not an address: use http://HOST:PORT or grpc://HOST:PORT.")
    return GrpcClient(rest, model) if scheme == "grpc" else RestClient(address, model)


def encoded_videos(videos: list[list[bytes]]) -> dict[str, np.ndarray]:
    """The inputs of `score_encoded`: each video is a list of encoded frames; shorter ones are padded."""
    longest = max(map(len, videos), default=0)
    encoded = np.array([[*frames, *[b""] * (longest - len(frames))] for frames in videos], object)
    return {"encoded": encoded.reshape(len(videos), longest), "lengths": np.array([*map(len, videos)], np.int64)}


def runs(labels: np.ndarray, names: list[str]) -> list[dict]:
    """Runs of stages from the label of every frame (L,): name, first frame, and the frame after the last."""
    found, start = [], 0
    for label, group in itertools.groupby(labels.tolist()):
        end = start + len(list(group))
        found.append({"name": names[label], "start_frame": start, "end_frame": end})
        start = end
    return found


def described(model: RestClient | GrpcClient) -> dict:
    """What a model says of itself, by `DESCRIBED`."""
    values = model.predict({"fields": np.array([*map(str.encode, DESCRIBED)], object)}, "describe")["values"]
    return dict(zip(DESCRIBED, map(json.loads, values), strict=True))


def result(outputs: dict[str, np.ndarray], index: int, num_frames: int, model: dict) -> dict:
    """The result of `score_encoded` for one video of a batch: `valid`, `reasons`, `moments`, `stages` and scores.

    There are no moments if `valid` is false, and scores are None if there are any reasons: the model gives a number for
    any video, but it means nothing. `model` is what it says of itself, `described`.
    """
    valid = bool(outputs["valid"][index])
    labels = outputs["labels"][index, :num_frames] if "labels" in outputs else np.array([], int)
    reasons = [code for number, code in enumerate(model["reasons"]) if outputs["reasons"][index, number]]
    reasons += [each["code"] for each in model["against_scores"]]
    scores = (name for name in ("difficulty", "execution", "final") if name in outputs)
    found = {name: float(outputs[name][index]) if valid and not reasons else None for name in scores}
    moments = _moments(outputs["moments"][index], model) if valid and model["moments"] else {}
    return {"valid": valid, "reasons": reasons, "moments": moments, "stages": runs(labels, model["stages"]), **found}


def _moments(frames, model):
    """Name → frame, seconds and their uncertainty, of the moments that a video shows."""
    rate = model["frame_rate"]
    return {
        name: {"frame": int(frame), "seconds": rate and round(int(frame) / rate, 3), "uncertainty": uncertainty}
        for frame, (name, uncertainty) in zip(frames, model["moments"].items(), strict=True)
        if frame >= 0
    }


def _as_json(value):
    """An array as nested lists, bytes as TF Serving's REST wants them."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return _as_json(value.tolist()) if isinstance(value, np.ndarray) else value


def _message(body):
    try:
        return json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")


def frame_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The numbered images of a folder (`1.jpg`, `img_00002.png`, …) in the order of their numbers.

    Raises:
        RequestError: there are none, a number is missing or occurs twice, or the names differ in more than numbers.
    """
    images: dict[int, pathlib.Path] = {}
    forms: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        match = FRAME.fullmatch(path.name)
        if match:
            forms.setdefault(path.name[: match.start(1)], path.name)
        if len(forms) > 1:
            names = ", ".join(forms.values())
            raise RequestError(f"{folder}: the names of the images differ in more than their numbers: {names}.")
        if match and (other := images.setdefault(int(match[1]), path)) != path:
            raise RequestError(f"{folder}: two images have one number: {other.name}, {path.name}.")
    if not images:
        raise RequestError(f"{folder} has no numbered images (.jpg, .png).")
    if len(images) != max(images) - min(images) + 1:
        numbers = f"the numbers {min(images)} to {max(images)}, but only {len(images)} images"
        raise RequestError(f"{folder} has {numbers}.")
    return [images[number] for number in sorted(images)]


def main(arguments: list[str]) -> int:
    """Runs the command; the exit status."""
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    address, name, *folders = arguments
    try:
        client = connect(address, name)
        videos = [[path.read_bytes() for path in frame_files(pathlib.Path(folder))] for folder in folders]
        model = described(client)
        scores = client.predict(encoded_videos(videos), "score_encoded")
    except (RequestError, OSError) as error:
        print(f"client: {error}", file=sys.stderr)
        return 1
    for index, (folder, frames) in enumerate(zip(folders, videos, strict=True)):
        print(json.dumps({"video": folder, **result(scores, index, len(frames), model)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
