"""Caffe: conv3d_deepnetA_sport1m_iter_1900000 (Sports-1M), and models fine-tuned from it.

Field numbers: src/caffe/proto/caffe.proto of C3D 1.0, whose blobs have five axes, unlike those of Caffe itself.
"""

import math
import os
import pathlib
import re

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights.parameters import SPORTS1M, Parameters, Weights, from_caffe

LAYOUT = "Caffe (C3D 1.0)"

# The fields that are read. `name` and `data` are a string and packed floats, which are bytes on the wire: as such they
# do not become Python objects one by one.
SCHEMA = """
name: "c3d.proto"
package: "c3d"
message_type {
  name: "NetParameter"
  field { name: "layers" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".c3d.LayerParameter" }
}
message_type {
  name: "LayerParameter"
  field { name: "name" number: 4 label: LABEL_OPTIONAL type: TYPE_BYTES }
  field { name: "blobs" number: 6 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".c3d.BlobProto" }
}
message_type {
  name: "BlobProto"
  field { name: "num" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "channels" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "length" number: 3 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "height" number: 4 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "width" number: 5 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "data" number: 6 label: LABEL_OPTIONAL type: TYPE_BYTES }
}
"""
POOL = descriptor_pool.DescriptorPool()
POOL.Add(text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto()))


def read(path: str | os.PathLike) -> Weights:
    """`Weights` of a .caffemodel; InputError (`damaged_weights`) if it is another file, or not whole."""
    layers, unused = {}, []
    try:
        for layer in _parsed("NetParameter", pathlib.Path(path).read_bytes()).layers:
            name, blobs = layer.name.decode(), [_array(blob) for blob in layer.blobs]
            known = re.match(r"conv[1-5][ab]|fc[678]", name)
            if known and len(blobs) == 2:
                if known.group() in layers:
                    raise ValueError(f"several layers that begin with {known.group()}, one of them {name}")
                layers[known.group()] = _parameters(name, *blobs)
            elif blobs:
                unused.append(name)
    except ValueError as error:
        raise InputError(
            "damaged_weights",
            f"{path} is no file of C3D weights, or it is damaged: as a .caffemodel it has {error}.",
            "See --help for the layouts.",
        ) from error
    return Weights(LAYOUT, layers, SPORTS1M, channels_first=True, unused=tuple(unused))


def read_blob(content: bytes) -> np.ndarray:
    """The array of a serialised BlobProto, float32 (num, channels, length, height, width); ValueError if it is none."""
    return _array(_parsed("BlobProto", content))


def _parsed(name, content):
    kind = message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"c3d.{name}"))
    try:
        return kind.FromString(content)
    except message.DecodeError as error:
        raise ValueError(f"no {name} of protocol buffers ({error})") from error


def _array(blob):
    shape = blob.num, blob.channels, blob.length, blob.height, blob.width
    if min(shape) < 0 or len(blob.data) != 4 * math.prod(shape):
        raise ValueError("a blob that is not of C3D 1.0: five axes, then as many numbers")
    return np.frombuffer(blob.data, "<f4").reshape(shape)


def _parameters(name, kernel, bias):
    """A fully connected layer is (1, 1, 1, out, in), a bias (1, 1, 1, 1, out)."""
    kernel = kernel if name.startswith("conv") else kernel.reshape(kernel.shape[-2:])
    return Parameters(name, kernel.shape, from_caffe(kernel), bias.reshape(-1))
