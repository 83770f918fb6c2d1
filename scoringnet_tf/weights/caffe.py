"""Caffe: conv3d_deepnetA_sport1m_iter_1900000 (Sports-1M), and models fine-tuned from it.

Field numbers: src/caffe/proto/caffe.proto of C3D 1.0, whose blobs have five axes, unlike those of Caffe itself.
"""

import math
import os
import pathlib
import re

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format

from scoringnet_tf.support.messages import InputError
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
NET = message_factory.GetMessageClass(POOL.FindMessageTypeByName("c3d.NetParameter"))


def read(path: str | os.PathLike) -> Weights:
    """`Weights` of a .caffemodel; InputError (`damaged_weights`) if it is another file, or not whole."""
    layers, unused = {}, []
    try:
        for layer in NET.FromString(pathlib.Path(path).read_bytes()).layers:
            name, blobs = layer.name.decode(), [_array(blob) for blob in layer.blobs]
            known = re.match(r"conv[1-5][ab]|fc[678]", name)
            if known and len(blobs) == 2:
                if known.group() in layers:
                    raise ValueError(f"several layers that begin with {known.group()}, one of them {name}")
                kernel, bias = blobs
                # A fully connected layer is (1, 1, 1, out, in), a bias (1, 1, 1, 1, out).
                kernel = kernel if name.startswith("conv") else kernel.reshape(kernel.shape[-2:])
                layers[known.group()] = Parameters(name, from_caffe(kernel), bias.reshape(-1))
            elif blobs:
                unused.append(name)
    except (ValueError, message.DecodeError) as error:
        text = f"{path} is no file of C3D weights, or it is damaged (read as a .caffemodel: {error})."
        raise InputError("damaged_weights", text, "See --help for the layouts.") from error
    return Weights(LAYOUT, layers, SPORTS1M, channels_first=True, unused=tuple(unused))


def _array(blob):
    shape = blob.num, blob.channels, blob.length, blob.height, blob.width
    if min(shape) < 0 or len(blob.data) != 4 * math.prod(shape):
        raise ValueError("a blob that is not of C3D 1.0: five axes, then as many numbers")
    return np.frombuffer(blob.data, "<f4").reshape(shape)
