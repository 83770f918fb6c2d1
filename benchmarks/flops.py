"""Floating-point operations of a model, counted from its layers: a multiplication and an addition are two."""

import math

import keras
from keras import layers


def forward(network: keras.Model, num_frames: int) -> int:
    """Of one video of `num_frames` through a functional model: convolutions, fully connected layers and LSTMs alone."""
    return sum(_of(layer, num_frames) for layer in network.layers)


def _of(layer, num_frames):
    if isinstance(layer, keras.Model):
        return forward(layer, num_frames)
    if isinstance(layer, layers.Bidirectional):
        return _of(layer.forward_layer, num_frames) + _of(layer.backward_layer, num_frames)
    if isinstance(layer, layers.LSTM):
        kernels = (layer.cell.kernel, layer.cell.recurrent_kernel)
        return 2 * num_frames * sum(math.prod(kernel.shape) for kernel in kernels)
    if isinstance(layer, (layers.Dense, layers.Conv3D)):
        places = math.prod(num_frames if size is None else size for size in layer.output.shape[1:-1])
        return 2 * places * math.prod(layer.kernel.shape)
    return 0
