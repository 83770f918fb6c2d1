"""Caffe: conv3d_deepnetA_sport1m_iter_1900000 (Sports-1M), and models fine-tuned from it.

Field numbers: src/caffe/proto/caffe.proto of C3D 1.0, whose blobs have five axes, unlike those of Caffe itself.
"""

import math
import pathlib
import re

import numpy as np

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights.convert import SPORTS1M, Parameters, Weights, from_caffe
from scoringnet_tf.weights.protobuf import WireError, fields, messages

LAYOUT = "Caffe (C3D 1.0)"

NET_LAYERS = 2  # NetParameter
LAYER_NAME, LAYER_BLOBS = 4, 6  # LayerParameter
BLOB_AXES, BLOB_DATA = (1, 2, 3, 4, 5), 6  # BlobProto: num, channels, length, height, width; packed float


def read(path):
    """`Weights` of a .caffemodel; InputError where the file is another, or not whole."""
    layers, unused = {}, []
    try:
        for name, blobs in _layers(memoryview(pathlib.Path(path).read_bytes())):
            layer = re.match(r"conv[1-5][ab]|fc[678]", name)
            if layer and len(blobs) == 2:
                layers[layer.group()] = _parameters(name, *blobs)
            elif blobs:
                unused.append(name)
    except (WireError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: expected C3D's weights in a layout that is known (see --help); read as a .caffemodel, since it "
            f"is none of the others. Received: {error}."
        ) from error
    return Weights(LAYOUT, layers, SPORTS1M, channels_first=True, unused=tuple(unused))


def blob(message):
    """A BlobProto, a memoryview, as float32 (num, channels, length, height, width); WireError if it is none."""
    found = dict(fields(message))
    shape, data = tuple(found.get(axis, 0) for axis in BLOB_AXES), found.get(BLOB_DATA, b"")
    if not all(isinstance(size, int) for size in shape) or isinstance(data, int) or len(data) != 4 * math.prod(shape):
        raise WireError("a blob that is not of C3D 1.0: five axes, then as many numbers")
    return np.frombuffer(data, "<f4").reshape(shape)


def _layers(net):
    """(name, blobs) of every layer of a NetParameter."""
    for layer in messages(net, NET_LAYERS):
        name = b"".join(messages(layer, LAYER_NAME)).decode()
        yield name, [blob(message) for message in messages(layer, LAYER_BLOBS)]


def _parameters(name, kernel, bias):
    """A fully connected layer is (1, 1, 1, out, in), a bias (1, 1, 1, 1, out)."""
    kernel = kernel if name.startswith("conv") else kernel.reshape(kernel.shape[-2:])
    return Parameters(name, kernel.shape, from_caffe(kernel), bias.reshape(-1))
