"""C3D against Caffe: convolution and ceil-mode pooling written down independently in NumPy, from Caffe's sources.

And Caffe's files that are not whole, byte by byte as Google's encoding guide has them: protobuf.dev/programming-guides.
"""

import itertools

import keras
import numpy as np
import pytest
from refusals import refused

import scoringnet_tf
from scoringnet_tf.models.backbones.c3d import ENDPOINTS, TRUNK
from scoringnet_tf.weights.c3d import build_c3d
from scoringnet_tf.weights.files import read_arrays

WIDTH = 1 / 16


def random_parameters(classes=487, seed=0):
    """Caffe's blobs of a narrow C3D: layer → (kernel (out, in, T, H, W) or (out, in), bias), float32.

    He's scale keeps the features of every layer of one size; conv1a brings 0…255 down to it.
    """
    rng = np.random.default_rng(seed)
    parameters, inputs = {}, 3
    for name, filters in TRUNK:
        if name.startswith("conv"):
            outputs = round(filters * WIDTH)
            scale = np.sqrt(2 / (27 * inputs)) * (0.01 if name == "conv1a" else 1)
            parameters[name] = rng.normal(0, scale, (outputs, inputs, 3, 3, 3)), rng.normal(0, 0.1, outputs)
            inputs = outputs
    for name, units, outputs in (("fc6", inputs * 16, 256), ("fc7", 256, 256), ("fc8", 256, classes)):
        parameters[name] = rng.normal(0, np.sqrt(2 / units), (outputs, units)), rng.normal(0, 0.1, outputs)
    return {name: tuple(value.astype(np.float32) for value in pair) for name, pair in parameters.items()}


def convolution(x, kernel, bias):
    """convolution3d_layer.cpp: pad 1, stride 1, correlation; x (C, T, H, W), then ReLU."""
    padded = np.pad(x, [(0, 0)] + [(1, 1)] * 3)
    result = np.zeros((len(kernel), *x.shape[1:])) + bias[:, None, None, None]
    for t, h, w in itertools.product(range(3), repeat=3):
        window = padded[:, t : t + x.shape[1], h : h + x.shape[2], w : w + x.shape[3]]
        result += np.tensordot(kernel[:, :, t, h, w], window, axes=1)
    return np.maximum(result, 0)


def max_pooling(x, window):
    """pooling3d_layer.cpp: ceil((size − window) / stride) + 1 windows an axis; the last ones end with the input."""
    sizes = [int(np.ceil((size - step) / step)) + 1 for size, step in zip(x.shape[1:], window, strict=True)]
    result = np.empty((len(x), *sizes))
    for index in itertools.product(*map(range, sizes)):
        part = [slice(i * step, (i + 1) * step) for i, step in zip(index, window, strict=True)]
        result[(slice(None), *index)] = x[(slice(None), *part)].max(axis=(1, 2, 3))
    return result


def caffe_trunk(parameters, frames):
    """endpoint → (C, T, H, W), for preprocessed frames (T, H, W, C)."""
    x, outputs = np.moveaxis(frames.astype(np.float64), -1, 0), {}
    for name, spec in TRUNK:
        x = convolution(x, *parameters[name]) if name.startswith("conv") else max_pooling(x, spec)
        outputs[name] = x
    return outputs


def caffe_top(parameters, pool5):
    """fc6, fc7 and the class probabilities of pool5 (C, T, H, W), flattened in that order."""
    outputs, x = {}, pool5.ravel()
    for name in ("fc6", "fc7"):
        kernel, bias = parameters[name]
        x = outputs[name] = np.maximum(kernel @ x + bias, 0)
    kernel, bias = parameters["fc8"]
    exponentials = np.exp(kernel @ x + bias - np.max(kernel @ x + bias))
    return {**outputs, "fc8": exponentials / exponentials.sum()}


@pytest.mark.parametrize(("frames", "height", "width"), [(4, 112, 112), (5, 37, 51)])
def test_every_endpoint_is_caffes(frames, height, width):
    parameters = random_parameters()
    clip = np.random.default_rng(1).integers(0, 256, (frames, height, width, 3)).astype("uint8")
    model = scoringnet_tf.C3D((frames, height, width, 3), WIDTH, preprocessing={"scale": 1.0})
    for name in ENDPOINTS:
        if name.startswith("conv"):
            kernel, bias = parameters[name]
            model.get_layer(name).set_weights([np.transpose(kernel, (2, 3, 4, 1, 0)), bias])
    endpoints = keras.Model(model.input, {name: model.get_layer(name).output for name in ENDPOINTS})
    ours = endpoints(clip[np.newaxis])
    for name, expected in caffe_trunk(parameters, clip - 127.5).items():
        found = np.moveaxis(np.asarray(ours[name])[0], -1, 0)
        assert found.shape == expected.shape, name
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=name)
        assert 0.3 < expected.max() < 30, name  # neither died out on the way nor blew up


def varint(value):
    """Seven bits a byte, the lowest first; a negative number is 64 bits of two's complement."""
    value, encoded = value % 2**64, []
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def number(field, value):
    return varint(field << 3) + varint(value)


def chunk(field, content):
    """A string, a message or packed numbers."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def blob(array, shape=None, data=None):
    shape = (1,) * (5 - array.ndim) + array.shape if shape is None else shape
    axes = b"".join(number(field, size) for field, size in enumerate(shape, 1))
    return axes + (chunk(6, array.astype("<f4").tobytes()) if data is None else data)


def net(*layers):
    """A NetParameter of (name, blobs), with fields around that the reader has no use for."""
    parts = [chunk(2, chunk(4, name) + b"".join(chunk(6, content) for content in blobs)) for name, blobs in layers]
    return chunk(1, b"DeepNetA") + b"".join(parts) + number(5, 1)


KERNEL, BIAS = np.arange(162, dtype=np.float32).reshape(2, 3, 3, 3, 3), np.float32([0.5, -1])
LAYER = (b"conv1a", [blob(KERNEL), blob(BIAS)])


def conv1a(*arguments, **options):
    return net((b"conv1a", [blob(KERNEL, *arguments, **options), blob(BIAS)]))


def test_arrays_are_read_to_the_bit(tmp_path):
    """Layers without weights, or with other than two blobs, among them."""
    (tmp_path / "net").write_bytes(net((b"data", []), LAYER, (b"fc9", [blob(BIAS)])))
    found = read_arrays(tmp_path / "net").values
    assert [*found] == ["conv1a.weight", "conv1a.bias", "fc9.0"]
    np.testing.assert_array_equal(found["conv1a.weight"], KERNEL)
    np.testing.assert_array_equal(found["conv1a.bias"].ravel(), BIAS)


BROKEN = {
    "another product": conv1a((2, 3, 3, 3, 4)),
    "huge axes": conv1a((2**31 - 1,) * 5),
    "a byte too few": conv1a(data=chunk(6, KERNEL.tobytes()[:-1])),
    "data a number": conv1a(data=number(6, 1)),
    "two layers of one part": net(LAYER, (b"conv1a-2", [blob(KERNEL), blob(BIAS)])),
    "a name that is no UTF-8": net((b"conv\xff", [blob(KERNEL), blob(BIAS)])),
    "cut off": net(LAYER)[:-40],
    "endless": b"\x12" + b"\xff" * 11,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_not_c3ds_is_refused(content, tmp_path):
    (tmp_path / "net").write_bytes(content)
    with refused("damaged_weights", tmp_path / "net"):
        build_c3d(read_arrays(tmp_path / "net"))
