"""A small TF Serving: PredictionService over gRPC and the predict API of REST, for one SavedModel.

It runs the C++ loader and session that TF Serving runs (`ServedModel`). What the server itself checks and how it words
that is taken from its sources: predict_util.cc (names of inputs) and json_tensor.cc (JSON).
"""

import base64
import concurrent.futures
import http.server
import json
import re
import threading

import grpc
import numpy as np
import tensorflow as tf
from served_model import ServedModel
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


class Refused(Exception):
    """A request that the server refuses: a gRPC status code and a message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class ModelServer:
    """Serves the SavedModel at `path` as `name` while the `with` block runs: `grpc_address`, `rest_url`."""

    def __init__(self, path, name):
        self.model, self.name = ServedModel(path), name

    def __enter__(self):
        options = [("grpc.max_receive_message_length", -1)]
        self._grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(2), options=options)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Servicer(self), self._grpc)
        self.grpc_address = f"localhost:{self._grpc.add_insecure_port('localhost:0')}"
        self._grpc.start()
        self._rest = http.server.ThreadingHTTPServer(("localhost", 0), _rest_handler(self))
        self.rest_url = f"http://localhost:{self._rest.server_address[1]}"
        threading.Thread(target=self._rest.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._grpc.stop(None).wait()
        self._rest.shutdown()
        self._rest.server_close()
        self.model.close()

    def signature(self, model, name):
        if model != self.name:
            raise Refused("NOT_FOUND", f"Servable not found for request: Latest({model})")
        if (name := name or "serving_default") not in self.model.signatures:
            raise Refused("FAILED_PRECONDITION", f'Serving signature key "{name}" not found.')
        return name, self.model.signatures[name]

    def predict(self, model, name, inputs):
        """Outputs by name; Refused where a name is missing or the session fails."""
        name, signature = self.signature(model, name)
        missing, extra = ({*signature.inputs} - {*inputs}, {*inputs} - {*signature.inputs})
        if missing or extra:
            raise Refused(
                "INVALID_ARGUMENT",
                f"input size does not match signature: {len(inputs)}!={len(signature.inputs)} "
                f"Sent extra: {{{','.join(sorted(extra))}}}. Missing but required: {{{','.join(sorted(missing))}}}.",
            )
        try:
            return self.model(name, inputs)
        except tf.errors.OpError as error:
            raise Refused(type(error).__name__, error.message) from error


class _Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, server):
        self.server = server

    def Predict(self, request, context):
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        spec = request.model_spec
        try:
            outputs = self.server.predict(spec.name, spec.signature_name, inputs)
        except Refused as refused:
            code = getattr(grpc.StatusCode, refused.code, grpc.StatusCode.INVALID_ARGUMENT)
            context.abort(code, str(refused))
        response = predict_pb2.PredictResponse()
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response


def _rest_handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, answer = 200, _rest_predict(server, self.path, body)
            except Refused as refused:
                status, answer = (404 if refused.code == "NOT_FOUND" else 400), {"error": str(refused)}
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            """Nothing: a test's output is no log."""

    return Handler


def _rest_predict(server, path, body):
    """The answer to a request in the column format, `{"inputs": {name: nested lists}}`."""
    found = re.fullmatch(r"/v1/models/(\w+):predict", path)
    if not found:
        raise Refused("NOT_FOUND", f"Malformed request: POST {path}")
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Refused("INVALID_ARGUMENT", "JSON Parse error: Invalid value.") from error
    name, signature = server.signature(found[1], request.get("signature_name"))
    if "inputs" not in request:
        raise Refused("INVALID_ARGUMENT", "Missing 'inputs' or 'instances' key")
    inputs = {}
    for key, info in signature.inputs.items():
        if key not in request["inputs"]:
            raise Refused("INVALID_ARGUMENT", f"Missing named input: {key} in 'inputs' object.")
        inputs[key] = _tensor(request["inputs"][key], info.dtype)
    outputs = {key: _json_values(value) for key, value in server.predict(found[1], name, inputs).items()}
    return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}


def _tensor(value, dtype):
    """The dense array that nested lists are; their shape is that of the first items."""
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    numpy_dtype = tf.dtypes.as_dtype(dtype).as_numpy_dtype
    array = np.empty(shape, numpy_dtype)
    _fill(array, value, (), tf.dtypes.as_dtype(dtype))
    return array


def _fill(array, value, index, dtype):
    if len(index) < array.ndim:
        if not isinstance(value, list) or len(value) != array.shape[len(index)]:
            size = len(value) if isinstance(value, list) else 0
            raise Refused(
                "INVALID_ARGUMENT",
                f"Encountered list at unexpected size: {size} at level: {len(index)} expected size: "
                f"{array.shape[len(index)]}",
            )
        for number, item in enumerate(value):
            _fill(array, item, (*index, number), dtype)
        return
    if dtype == tf.string:
        array[index] = base64.b64decode(value["b64"]) if isinstance(value, dict) else str(value).encode()
        return
    kinds = bool if dtype == tf.bool else (float, int) if dtype.is_floating else int
    if not isinstance(value, kinds) or (isinstance(value, bool) and dtype != tf.bool):
        raise Refused("INVALID_ARGUMENT", f"JSON Value: {json.dumps(value)} is not of expected type: {dtype.name}")
    array[index] = value


def _json_values(value):
    return [item.decode() for item in value] if value.dtype == object else value.tolist()
