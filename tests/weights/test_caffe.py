"""C3D against Caffe: convolution and ceil-mode pooling written down independently in NumPy, from Caffe's sources."""

import itertools

import keras
import numpy as np
import pytest

import scoringnet_tf
from scoringnet_tf.models.c3d import ENDPOINTS, TRUNK

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
