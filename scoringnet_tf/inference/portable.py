"""Exports for other runtimes, LiteRT and ONNX: where they give the numbers of Keras, else not at all.

The converter of LiteRT is TensorFlow's own; its runtime and both of ONNX are the extras `litert` and `onnx`. What was
converted is run before it gets its name.
"""

import collections.abc
import contextlib
import importlib
import logging
import os
import pathlib
import re
import typing
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.inference.model_description import model_description
from scoringnet_tf.inference.serving import checked_outputs
from scoringnet_tf.inference.warmup import example_videos
from scoringnet_tf.models import layers
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import new_folder, write_json
from scoringnet_tf.support.paths import RemotePath

if typing.TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

TOLERANCE = 1e-3  # of what the output is given in: points, probabilities
OPSET = 18  # of ONNX
PORTABLE_DESCRIPTION = "model.json"  # beside the model


def export_portable(
    network: "ScoringNet", path: pathlib.Path | RemotePath, version: int, form: str
) -> pathlib.Path | RemotePath:
    """Writes a `ScoringNet` in float32 to the folder `path`: `model.tflite` or `model.onnx`, and `model.json`.

    Inputs and outputs are those of `serving_default`; LiteRT takes one video at a time, of any length. `model.json` is
    the `model_description`.

    Args:
        network: the model.
        path: the folder, local or remote, which appears whole or not at all.
        version: the number of the folder, for the description.
        form: `"litert"` or `"onnx"`.

    Returns:
        The path of the model's file.

    Raises:
        InputError: an extra is not installed, something is at `path`, the model cannot be converted, or the result
            differs from Keras by more than `TOLERANCE`.
    """
    name, libraries, convert, run = FORMATS[form]
    _check_installed(form, libraries)
    network = network.with_dtype("float32")
    with new_folder(path, last=name) as temporary:
        (temporary / name).write_bytes(convert(network))
        lengths = [(11,), (1,), (40,)] if form == "litert" else [(11, 7), (1,), (40,)]
        for videos in (example_videos(network, batch) for batch in lengths):
            _check_numbers(form, run(temporary / name, videos), checked_outputs(network)(videos))
        write_json(temporary / PORTABLE_DESCRIPTION, model_description(network, version))
    return path / name


def _check_installed(form, libraries):
    try:
        for library in libraries:
            importlib.import_module(library)
    except ImportError as error:
        raise InputError(
            "todo",
            f"--format={form}: expected {', '.join(libraries)}, which pip install '.[{form}]' brings. "
            f"Received: {error}.",
        ) from error


def _check_numbers(form, found, expected):
    for name, value in expected.items():
        difference = np.max(np.abs(found[name].astype(np.float64) - keras.ops.convert_to_numpy(value)), initial=0)
        if not difference <= TOLERANCE:
            raise InputError(
                "todo", f"--format={form}: expected {name} within {TOLERANCE} of Keras. Received: {difference}."
            )


def _function(network, batch):
    """The model as a function of content and mask, of `batch` videos (None: any) of any length."""
    given = network.input[network.content]
    specs = [
        tf.TensorSpec((batch, *given.shape[1:]), keras.backend.standardize_dtype(given.dtype), name=network.content),
        tf.TensorSpec((batch, None), tf.bool, name="mask"),
    ]
    outputs_of = checked_outputs(network)
    return tf.function(
        lambda content, mask: outputs_of({network.content: content, "mask": mask}), input_signature=specs
    )


@contextlib.contextmanager
def _converting(form, operation):
    """What a converter raises in the block, whatever it is, is a refusal; `operation` finds operations named in it."""
    try:
        yield
    except (MemoryError, OSError, tf.errors.ResourceExhaustedError):  # no fault of the model
        raise
    except Exception as error:  # ConverterError and ValidationError, or whatever the converter did not foresee
        if operations := sorted(set(re.findall(operation, str(error)))):
            refusal = f"expected operations that it has. Received a model with: {', '.join(operations)}."
        else:
            last = [type(error).__name__, *str(error).strip().splitlines()][-1]
            refusal = f"expected a model that can be converted. Received: {last}."
        raise InputError("todo", f"--format={form}: {refusal}") from error


# === LiteRT ===


def _to_litert(network):
    with (
        mock.patch.object(keras.layers.MaxPooling3D, "call", _call_in_two_dimensions),
        mock.patch.object(layers, "max_pooled", _max_pooled_in_two_dimensions),
    ):
        concrete = _function(network, 1).get_concrete_function()
    module = tf.Module()  # a Keras model does not tell the converter of its variables, which then have no values
    module.weights = [variable.value for variable in network.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    with _converting("litert", r"'tf\.(\w+)' op"), _without_native_messages():
        return converter.convert()


def _call_in_two_dimensions(layer, x):
    """`MaxPooling3D.call`."""
    return _max_pooled_in_two_dimensions(x, layer.pool_size, layer.strides)


def _max_pooled_in_two_dimensions(x, pool_size, strides=None):
    """What `MaxPooling3D` does to x (B, L, H, W, C), for LiteRT has it in two dimensions alone: first space, then time.

    A maximum over a box is one over its lines of maxima; padding "same" is done to each axis by itself.
    """
    (time, *space), (step, *steps) = pool_size, strides or pool_size
    batch, length = x.shape[0], tf.shape(x)[1]  # LiteRT's loops need a batch that is known before
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
    """MLIR writes every operation that it cannot convert to file descriptor 2, with pages of history; LiteRT greets."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123, os.devnull is no path to be joined
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _run_litert(path, videos):
    litert = importlib.import_module("ai_edge_litert.interpreter")
    with _without_native_messages():
        return litert.Interpreter(str(path)).get_signature_runner()(**videos)


# === ONNX ===


def _to_onnx(network):
    tf2onnx, onnx = importlib.import_module("tf2onnx"), importlib.import_module("onnx")
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it says of the model, the checker says too
    function = _function(network, None)
    with _converting("onnx", r"No Op registered for (\w+)"):
        model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        onnx.checker.check_model(model)  # an operation that it does not know tf2onnx writes as it is
    return model.SerializeToString()


def _run_onnx(path, videos):
    onnxruntime = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, videos), strict=True))


class _Format(typing.NamedTuple):
    file: str
    libraries: tuple[str, ...]
    convert: collections.abc.Callable
    run: collections.abc.Callable


FORMATS = {
    "litert": _Format("model.tflite", ("ai_edge_litert",), _to_litert, _run_litert),
    "onnx": _Format("model.onnx", ("onnx", "onnxruntime", "tf2onnx"), _to_onnx, _run_onnx),
}
