"""A small TF Serving: PredictionService over gRPC and the predict API of REST, for one SavedModel.

It runs the C++ loader and session that TF Serving runs (`ServedModel`).
"""

import base64
import concurrent.futures
import http.server
import json
import threading

import grpc
import numpy as np
import tensorflow as tf
from served_model import ServedModel
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


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

    def predict(self, model, signature, values_of):
        """Outputs by name; ValueError for what is not there or what the session refuses."""
        if model != self.name or signature not in self.model.signatures:
            raise ValueError(f"{model}, {signature}: not found")
        try:
            inputs = self.model.signatures[signature].inputs
            return self.model(signature, {name: values_of(name, info.dtype) for name, info in inputs.items()})
        except KeyError as error:
            raise ValueError(f"missing input {error}") from error
        except tf.errors.OpError as error:
            raise ValueError(error.message) from error


class _Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, server):
        self.server = server

    def Predict(self, request, context):
        spec, response = request.model_spec, predict_pb2.PredictResponse()
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        try:
            outputs = self.server.predict(spec.name, spec.signature_name, lambda name, _: inputs[name])
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response


def _rest_handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model = self.path.removeprefix("/v1/models/").removesuffix(":predict")
            try:
                given = lambda name, dtype: _tensor(request["inputs"][name], tf.dtypes.as_dtype(dtype))  # noqa: E731
                outputs = server.predict(model, request["signature_name"], given)
                outputs = {name: _json_values(value) for name, value in outputs.items()}
                status, answer = 200, {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
            except ValueError as error:
                status, answer = 400, {"error": str(error)}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            """Nothing: a test's output is no log."""

    return Handler


def _tensor(value, dtype):
    """The dense array that nested lists are; ValueError if they are ragged, or of another type."""
    array = np.array(_decoded(value), object if dtype == tf.string else None)
    kinds = {"bool": "b", "float32": "fi", "string": "O"}.get(dtype.name, "i")
    if array.size and array.dtype.kind not in kinds:
        raise ValueError(f"not of expected type: {dtype.name}")
    return array.astype(dtype.as_numpy_dtype)


def _decoded(value):
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value


def _json_values(value):
    return [item.decode() for item in value] if value.dtype == object else value.tolist()
