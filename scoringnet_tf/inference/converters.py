"""Exports to LiteRT and ONNX. Their runtimes must give the numbers of Keras before a file appears.

TensorFlow has LiteRT's converter; its runtime, and everything for ONNX, are the extras `litert` and `onnx`.
"""

import contextlib
import importlib
import logging
import os
import pathlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.inference.export import FILES, checked_outputs, example_videos, model_description, video_specs
from scoringnet_tf.models import layers
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import new_folder, write_json
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

TOLERANCE = 1e-3  # between Keras and another runtime, in the unit of the output: points, probabilities
OPSET = 18  # of ONNX


def export_onnx(network: "ScoringNet", path: AnyPath, version: int) -> pathlib.Path | RemotePath:
    """Writes `model.onnx` in float32 and its description `model.json` to the folder `path`.

    Inputs and outputs are those of `serving_default`, for any B and L. The file is run in ONNX Runtime before it
    appears.

    Args:
        network: the model.
        path: the folder, local or remote, which appears whole or not at all.
        version: the number of the folder, for the description.

    Returns:
        The path of the model's file.

    Raises:
        InputError: an extra is missing, something is at `path`, the model cannot be converted, or an output differs
            from Keras by more than `TOLERANCE`.
    """
    tf2onnx, onnx, onnxruntime = _extras("onnx", "tf2onnx", "onnx", "onnxruntime")

    def convert(network):
        logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # the checker names the same operations
        function = _function(network, None)
        with _converting("onnx", r"No Op registered for (\w+)"):
            model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
            onnx.checker.check_model(model)  # tf2onnx writes operations that it does not know as they are
        return model.SerializeToString()

    def run(file, videos):
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, videos), strict=True))

    return _export_file(network, path, version, "onnx", convert, run, [(11, 7), (1,), (40,)])


def export_litert(network: "ScoringNet", path: AnyPath, version: int) -> pathlib.Path | RemotePath:
    """As `export_onnx`: writes `model.tflite`, for one video of any length, and runs it in LiteRT."""
    (litert,) = _extras("litert", "ai_edge_litert.interpreter")

    def convert(network):
        with (
            mock.patch.object(keras.layers.MaxPooling3D, "call", pooled_in_two_dimensions),
            mock.patch.object(layers, "max_pooled", _max_pooled),
        ):
            concrete = _function(network, 1).get_concrete_function()
        module = tf.Module()  # without it the converter misses the variables, and their values
        module.weights = [variable.value for variable in network.variables]
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
        with _converting("litert", r"'tf\.(\w+)' op"), _without_native_messages():
            return converter.convert()

    def run(file, videos):
        with _without_native_messages():
            return litert.Interpreter(str(file)).get_signature_runner()(**videos)

    return _export_file(network, path, version, "litert", convert, run, [(11,), (1,), (40,)])


def _export_file(network, path, version, form, convert, run, batches):
    """Converts a model, compares its numbers with Keras on batches of example videos, and writes both files."""
    network, (name, description) = network.with_dtype("float32"), FILES[form]
    with new_folder(path, last=name) as temporary:
        (temporary / name).write_bytes(convert(network))
        for videos in (example_videos(network, lengths) for lengths in batches):
            _check_numbers(form, run(temporary / name, videos), checked_outputs(network)(videos))
        write_json(temporary / description, model_description(network, version))
    return as_path(path) / name


def _extras(form, *libraries):
    try:
        return [importlib.import_module(library) for library in libraries]
    except ImportError as error:
        message = f"--format={form} needs more packages: {error}."
        raise InputError("missing_package", message, f"Install them with pip install '.[{form}]'.") from error


def _check_numbers(form, outputs, expected):
    for name, value in expected.items():
        difference = np.max(np.abs(outputs[name].astype(np.float64) - keras.ops.convert_to_numpy(value)), initial=0)
        if not difference <= TOLERANCE:
            message = f"--format={form}: {name} differs from Keras by {difference}, more than {TOLERANCE}."
            raise InputError("numbers_differ", message)


def _function(network, batch):
    """The model as a function of content and mask, for `batch` videos (None: any) of any length."""
    outputs_of = checked_outputs(network)
    return tf.function(
        lambda content, mask: outputs_of({network.content: content, "mask": mask}),
        input_signature=video_specs(network, batch),
    )


@contextlib.contextmanager
def _converting(form: str, operation: str) -> Iterator[None]:
    """Turns what a converter raises into an InputError; the pattern `operation` finds operations named in it."""
    try:
        yield
    except (MemoryError, OSError, tf.errors.ResourceExhaustedError):  # not the model's fault
        raise
    except Exception as error:  # converters raise anything
        if operations := sorted(set(re.findall(operation, str(error)))):
            message = f"--format={form} has no {', '.join(operations)}, which this model needs."
            raise InputError("unknown_operation", message) from error
        reason = [type(error).__name__, *str(error).strip().splitlines()][-1]
        raise InputError("not_convertible", f"--format={form}: the converter failed: {reason}.") from error


def pooled_in_two_dimensions(layer: keras.layers.MaxPooling3D, x: tf.Tensor) -> tf.Tensor:
    """`MaxPooling3D.call` for LiteRT, which pools in two dimensions only: first space, then time."""
    return _max_pooled(x, layer.pool_size, layer.strides)


def _max_pooled(x, pool_size, strides=None):
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


@contextlib.contextmanager
def _without_native_messages():
    """Silences file descriptor 2, where MLIR writes pages for each operation that it cannot convert."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123, os.devnull is no path to be joined
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
