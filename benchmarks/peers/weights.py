"""The weights of our `ScoringNet` under the names of the PyTorch one; needs neither Keras nor PyTorch itself."""

import numpy as np


def weights(model):
    """Name in `benchmarks.peers.network.ScoringNet` → array, of our model."""
    found, kfs = {}, model.segmenter
    found |= _trunk("segmenter.trunk", kfs.get_layer("c3d"))
    both = kfs.get_layer("bi_lstm").get_weights()
    for suffix, (kernel, recurrent, bias) in (("l0", both[:3]), ("l0_reverse", both[3:])):
        found[f"segmenter.lstm.weight_ih_{suffix}"] = kernel.T
        found[f"segmenter.lstm.weight_hh_{suffix}"] = recurrent.T
        found[f"segmenter.lstm.bias_ih_{suffix}"] = bias
        found[f"segmenter.lstm.bias_hh_{suffix}"] = np.zeros_like(bias)
    for name in ("fc1", "fc2"):
        found |= _layer(f"segmenter.{name}", kfs.get_layer(name))
    for score, tower in model.score_predictor.towers.items():
        found |= _trunk(f"towers.{score}.trunk", tower.get_layer("c3d"))
        for name in ("conv1", "conv2", "fc1", "fc2", "fc3"):
            found |= _layer(f"towers.{score}.{name}", tower.get_layer(f"regressor_{name}"))
    return found


def _trunk(name, c3d):
    layers = [layer for layer in c3d.layers if layer.weights]
    return {key: value for layer in layers for key, value in _layer(f"{name}.{layer.name}", layer).items()}


def _layer(name, layer):
    """Kernel and bias of a convolution or a fully connected layer: inputs come last here, outputs last in Keras."""
    kernel, bias = layer.get_weights()
    return {f"{name}.weight": np.moveaxis(kernel, (-1, -2), (0, 1)), f"{name}.bias": bias}
