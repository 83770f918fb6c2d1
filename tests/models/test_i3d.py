"""I3D against independent truths: the same network in PyTorch, and NumPy's averages."""

import keras
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.models.backbones.i3d import ENDPOINTS, I3D, LAYERS, temporal_stride
from scoringnet_tf.weights.i3d import BRANCHES

WIDTH = 1 / 16


def randomised(model):
    """The model with weights under which no layer is trivial: variances and offsets that differ."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        values = [rng.normal(0.1, 0.3, weight.shape) for weight in layer.weights]
        if isinstance(layer, keras.layers.BatchNormalization):
            values[2] = rng.uniform(0.5, 2, values[2].shape)
        layer.set_weights(values)
    return model


@pytest.fixture(scope="module")
def model():
    return randomised(I3D((None, None, None, 3), width_multiplier=WIDTH, classes=5))


@pytest.mark.parametrize("shape", [(1, 32, 32), (9, 33, 47), (16, 64, 48)])
def test_an_endpoint_has_a_step_for_each_stride_of_frames(shape, model):
    length, height, width = shape
    strides = {"Conv3d_1a_7x7": 2, "Mixed_3c": 2, "Mixed_4f": 4, "Mixed_5c": 8}
    assert {name: temporal_stride(name) for name in strides} == strides
    outputs = {name: model.get_layer(name).output for name in strides if name != "Conv3d_1a_7x7"}
    steps = keras.Model(model.input, outputs)(np.zeros((2, length, height, width, 3), np.uint8))
    for name, value in steps.items():
        size = 4 * strides[name]  # of the picture, halved twice more
        assert value.shape[1:4] == (-(-length // strides[name]), -(-height // size), -(-width // size))


@pytest.mark.parametrize("length", [5, 8, 9, 24, 40])
def test_logits_are_means_over_windows_of_two_steps(model, length):
    frames = np.random.default_rng(length).integers(0, 256, (2, length, 40, 36, 3), dtype=np.uint8)
    features = np.asarray(keras.Model(model.input, model.get_layer("Mixed_5c").output)(frames))
    kernel, bias = model.get_layer("Logits").get_weights()
    pooled = features.mean(axis=(2, 3))
    windows = [pooled[:, k : k + 2].mean(axis=1) for k in range(max(pooled.shape[1] - 1, 1))]
    expected = np.mean([window @ kernel + bias for window in windows], axis=0)
    np.testing.assert_allclose(np.asarray(model(frames)), expected, rtol=1e-4, atol=1e-4)


def test_folded_it_gives_the_same_logits_without_batch_normalisation(model):
    frames = np.random.default_rng(3).integers(0, 256, (1, 12, 40, 36, 3), dtype=np.uint8)
    folded = model.fold()
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    expected = np.asarray(model(frames))
    np.testing.assert_allclose(np.asarray(folded(frames)), expected, atol=1e-4 * np.abs(expected).max())
    assert folded.fold() is folded
    again = I3D.from_config(folded.get_config())
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in folded.weights]


def test_wrong_endpoints_are_refused():
    with refused("unknown_name", "Mixed_6a"):
        I3D(final_endpoint="Mixed_6a")
    with refused("flags_conflict"):
        I3D(final_endpoint="Mixed_4f", classes=400)
    with refused("unknown_name", "Logits"):
        temporal_stride("Logits")


@pytest.mark.interop
@pytest.mark.parametrize("shape", [(9, 32, 48), (16, 57, 35)])
def test_it_is_the_network_that_pytorch_computes(model, shape):
    torch = pytest.importorskip("torch")
    frames = np.random.default_rng(1).integers(0, 256, (1, *shape, 3), dtype=np.uint8)

    def padded(x, kernel, stride, value):
        """As TensorFlow pads: what is odd comes last."""
        sides = []
        for size, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
            total = max((-(-size // s) - 1) * s + k - size, 0)
            sides += [total // 2, total - total // 2]
        return torch.nn.functional.pad(x, sides, value=value)

    def unit(x, name, stride):
        kernel = torch.tensor(model.get_layer(name).get_weights()[0]).permute(4, 3, 0, 1, 2)
        offset, mean, variance = map(torch.tensor, model.get_layer(f"{name}_batch_norm").get_weights())
        x = torch.nn.functional.conv3d(padded(x, kernel.shape[2:], (stride,) * 3, 0.0), kernel, stride=stride)
        return torch.relu(torch.nn.functional.batch_norm(x, mean, variance, bias=offset, eps=1e-3))

    def pool(x, window, stride):
        return torch.nn.functional.max_pool3d(padded(x, window, stride, -np.inf), window, stride)

    x = torch.tensor(frames.astype(np.float32)).permute(0, 4, 1, 2, 3) / 127.5 - 1
    for name, kind, parts in LAYERS:
        if kind == "conv":
            x = unit(x, name, parts[2])
        elif kind == "pool":
            x = pool(x, *parts)
        else:
            names = [f"{name}_{branch.replace('/', '_')}" for branch in BRANCHES]
            ends = [unit(x, names[0], 1), *(unit(unit(x, names[k], 1), names[k + 1], 1) for k in (1, 3))]
            x = torch.cat([*ends, unit(pool(x, (3, 3, 3), (1, 1, 1)), names[5], 1)], dim=1)
    features = keras.Model(model.input, model.get_layer(ENDPOINTS[-1]).output)(frames)
    expected = x.permute(0, 2, 3, 4, 1).numpy()
    np.testing.assert_allclose(np.asarray(features), expected, atol=1e-4 * np.abs(expected).max())
