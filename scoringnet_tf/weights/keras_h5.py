"""Keras HDF5: sports1M_weights_th.h5, sports1M_weights_tf.h5 and their kin, of Keras 1 and 2.

Files of the same name differ. What tells them apart: kernels of Keras 1 with Theano's dimension order are
(out, in, T, H, W), all others (T, H, W, in, out); Theano convolves where the others correlate, so its kernels are
flipped, and Keras 2 names the backend in an attribute; the order in which fc6 reads follows the model's.
"""

import json

import h5py
import numpy as np

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights.parameters import CLASSES, REQUIRED, SPORTS1M, Parameters, Weights, from_caffe
from scoringnet_tf.weights.pytorch import NAMES

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def read(path: str) -> Weights:
    """`Weights` of an HDF5 file.

    Raises:
        InputError: it is another file, or not whole (`damaged_weights`).
    """
    try:
        with h5py.File(path) as file:
            root = file.get("model_weights", file)
            arrays = {_text(name): _arrays(root[name]) for name in root.attrs["layer_names"]}
            backend = _text(root.attrs.get("backend"))
            data_format = _data_format(json.loads(file.attrs.get("model_config", "{}")))
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        message = f"{path} holds no weights of Keras 1 or 2, or it is damaged: {error}."
        raise InputError("damaged_weights", message) from error
    return _weights(arrays, backend, data_format)


def _arrays(group):
    return [np.asarray(group[name], np.float32) for name in group.attrs["weight_names"]]


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _data_format(config):
    """That of the first convolution in the configuration of a whole model; None for weights alone."""
    layers = config.get("config", [])
    layers = layers["layers"] if isinstance(layers, dict) else layers
    return next((layer["config"]["data_format"] for layer in layers if "data_format" in layer["config"]), None)


def _weights(arrays, backend, data_format):
    modules = {layer: NAMES.get(layer, layer) for layer in (*REQUIRED, CLASSES)}
    pairs = {layer: arrays[module] for layer, module in modules.items() if len(arrays.get(module, ())) == 2}
    theano_order = "conv1a" in pairs and pairs["conv1a"][0].shape[2:] == (3, 3, 3)
    flipped = (backend or ("theano" if theano_order else "tensorflow")) == "theano"
    layers = {}
    for layer, (kernel, bias) in pairs.items():
        ours = from_caffe(kernel) if theano_order and kernel.ndim == 5 else kernel
        ours = np.flip(ours, (0, 1, 2)) if flipped and kernel.ndim == 5 else ours
        layers[layer] = Parameters(modules[layer], kernel.shape, ours, bias)
    unused = {name: values for name, values in arrays.items() if values and name not in modules.values()}
    return Weights(
        f"Keras HDF5, {'Theano' if theano_order else 'TensorFlow'} order{', flipped kernels' if flipped else ''}",
        layers,
        SPORTS1M,
        channels_first=theano_order or data_format == "channels_first",
        unused=tuple(unused),
        normalised=tuple(name for name, values in unused.items() if len(values) == 4),  # scale, shift, mean, variance
    )
