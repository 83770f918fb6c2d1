"""Operations and activations of a model, counted from its layers: a multiplication and an addition are two."""

import math
from collections.abc import Sequence

import keras
from keras import layers


def forward(network: keras.Model, num_frames: int) -> int:
    """Of one video of `num_frames` through a functional model: convolutions, fully connected layers and LSTMs alone."""
    return sum(_of(layer, num_frames) for layer in network.layers)


def activations(network: keras.Model, num_frames: int) -> int:
    """Numbers that the layers of a functional model give for one video of `num_frames`."""
    inner = (activations(each, num_frames) for each in network.layers if isinstance(each, keras.Model))
    given = (each.output for each in network.layers if not isinstance(each, keras.Model | layers.InputLayer))
    tensors = (tensor for output in given for tensor in keras.tree.flatten(output))
    return sum(inner) + sum(_places(tensor.shape, num_frames) for tensor in tensors)


def _places(shape: Sequence[int | None], num_frames: int) -> int:
    return math.prod(num_frames if size is None else size for size in shape[1:])


def _of(layer: layers.Layer, num_frames: int) -> int:
    if isinstance(layer, keras.Model):
        return forward(layer, num_frames)
    if isinstance(layer, layers.Bidirectional):
        return _of(layer.forward_layer, num_frames) + _of(layer.backward_layer, num_frames)
    if isinstance(layer, layers.LSTM):
        kernels = (layer.cell.kernel, layer.cell.recurrent_kernel)
        return 2 * num_frames * sum(math.prod(kernel.shape) for kernel in kernels)
    if isinstance(layer, (layers.Dense, layers.Conv3D)):
        return 2 * _places(layer.output.shape[:-1], num_frames) * math.prod(layer.kernel.shape)
    return 0
