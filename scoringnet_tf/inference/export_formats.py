"""Exports to LiteRT and ONNX, whose numbers are compared with Keras before they appear."""

import importlib
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.inference import export
from scoringnet_tf.models.layers import Conv3D
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.files import new_folder, write_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

TOLERANCE = 1e-3  # between Keras and another runtime, in the unit of the output: points, probabilities
OPSET = 18  # of ONNX


def export_onnx(network: ScoringNet, path: AnyPath, version: int | None = None) -> pathlib.Path:
    """Writes `model.onnx` in float32 and its description `model.json` to the folder `path`, whole or not at all.

    Inputs and outputs are those of `serving_default`, for any B and L. It is run in ONNX Runtime before it appears.

    Returns:
        The path of the model's file.

    Raises:
        InputError: an extra is missing, something is at `path`, the model cannot be converted, or an output differs
            from Keras by more than `TOLERANCE`.
    """
    tf2onnx, onnx, onnxruntime = _extras("onnx", "tf2onnx", "onnx", "onnxruntime")

    def convert(network: ScoringNet) -> bytes:
        function = _function(network, None)
        model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        onnx.checker.check_model(model)  # tf2onnx writes operations that it does not know as they are
        return model.SerializeToString()

    def run(file: Any, videos: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, videos), strict=True))

    return _export_file(network, path, version, "onnx", convert, run, (11, 7))


def export_litert(network: ScoringNet, path: AnyPath, version: int | None = None) -> pathlib.Path:
    """As `export_onnx`: writes `model.tflite`, for one video of any length, and runs it in LiteRT."""
    (litert,) = _extras("litert", "ai_edge_litert.interpreter")

    def convert(network: ScoringNet) -> bytes:
        networks: list[keras.Model] = []

        def adapted(model: keras.Model) -> keras.Model:
            networks.append(pooled_in_two_dimensions(model))
            return networks[-1]

        concrete = _function(network, 1, adapted).get_concrete_function()
        module = tf.Module()  # without it the converter misses the variables, and their values
        module.weights = [variable.value for model in (network, *networks) for variable in model.variables]
        return tf.lite.TFLiteConverter.from_concrete_functions([concrete], module).convert()

    def run(file: Any, videos: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return litert.Interpreter(str(file)).get_signature_runner()(**videos)

    return _export_file(network, path, version, "litert", convert, run, (11,))


def _extras(form: str, *libraries: str) -> list[Any]:
    try:
        return [importlib.import_module(library) for library in libraries]
    except ImportError as error:
        message = f"--format={form} needs more packages: {error}."
        raise InputError("missing_package", message, f"Install them with pip install '.[{form}]'.") from error


def _export_file(
    network: ScoringNet,
    path: AnyPath,
    version: int | None,
    form: str,
    convert: Callable,
    run: Callable,
    lengths: Sequence[int],
) -> pathlib.Path:
    """Converts a model, compares its numbers with Keras on example videos, and writes it and its description."""
    network, name = network.with_dtype("float32").for_inference(), export.FILES[form]
    try:
        content = convert(network)
    except (MemoryError, OSError, tf.errors.ResourceExhaustedError):  # not the model's fault
        raise
    except Exception as error:  # converters raise anything
        reason = [type(error).__name__, *str(error).strip().splitlines()][-1]
        raise InputError("not_convertible", f"--format={form}: the converter failed: {reason}.") from error
    with new_folder(path) as temporary:
        (temporary / name).write_bytes(content)
        for videos in (export.example_videos(network, each) for each in (lengths, (1,), (40,))):
            outputs = run(temporary / name, videos)
            for output, expected in export.checked_outputs(network)(videos).items():
                difference = np.max(np.abs(outputs[output].astype(float) - expected.numpy()), initial=0)
                if not difference <= TOLERANCE:
                    message = f"--format={form}: {output} differs from Keras by {difference}, more than {TOLERANCE}."
                    raise InputError("numbers_differ", message)
        write_json(temporary / export.MODEL_JSON, export.model_description(network, version))
    return as_path(path) / name


def _function(
    network: ScoringNet, batch: int | None, adapted: Callable[[keras.Model], keras.Model] = lambda model: model
) -> Any:
    """The model as a function of content and mask, for `batch` videos (None: any) of any length."""
    outputs_of = export.checked_outputs(network, adapted)
    return tf.function(
        lambda content, mask: outputs_of({network.content: content, "mask": mask}),
        input_signature=export.video_specs(network, batch),
    )


class _MaxPooling(keras.layers.MaxPooling3D):
    """`MaxPooling3D` in two dimensions."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return _max_pooled(inputs, self.pool_size, self.strides)


class _Conv3D(Conv3D):
    """Our `Conv3D` that pools in two dimensions."""

    def call(self, inputs: tf.Tensor, pool_size: tuple[int, int, int] | None = None) -> tf.Tensor:
        if pool_size is None:
            return super().call(inputs)
        x = _max_pooled(self.convolution_op(inputs, self.kernel), pool_size)
        return self.activation(x + self.bias)


IN_TWO_DIMENSIONS: dict[Any, Any] = {keras.layers.MaxPooling3D: _MaxPooling, Conv3D: _Conv3D}


def pooled_in_two_dimensions(model: keras.Model) -> keras.Model:
    """A copy of a functional model that LiteRT can express: it pools in two dimensions, first space, then time."""

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind: Any = IN_TWO_DIMENSIONS.get(type(layer), type(layer))
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=copied, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _max_pooled(x: tf.Tensor, pool_size: tuple[int, int, int], strides: Sequence[int] | None = None) -> tf.Tensor:
    # The maximum over a box is that over its lines of maxima; each axis is padded by itself ("same").
    (time, *space), (step, *steps) = pool_size, strides or pool_size
    batch, length = x.shape[0], tf.shape(x)[1]  # LiteRT's loops need a static batch
    frames = tf.reshape(x, (-1, *x.shape[2:]))
    frames = tf.nn.max_pool2d(frames, space, steps, "SAME")
    height, width, channels = frames.shape[1:]
    if (time, step) != (1, 1):
        columns = tf.reshape(frames, (batch, length, height * width, channels))
        frames = tf.nn.max_pool2d(columns, (time, 1), (step, 1), "SAME")
        length = tf.shape(frames)[1]
    return tf.reshape(frames, (batch, length, height, width, channels))
