"""Both layouts of I3D's weights, written from the same model, give that model again."""

import pickle

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.weights.files import read_arrays
from scoringnet_tf.weights.i3d import BRANCHES, UNITS, build_i3d, i3d_layers

OPTIONS = {"input_shape": (None, None, None, 3), "classes": 3}


def read_i3d(path):
    return i3d_layers(read_arrays(path))


@pytest.fixture(scope="module")
def model():
    """An I3D a sixteenth as wide, with weights that all differ."""
    network, rng = I3D(width_multiplier=1 / 16, **OPTIONS), np.random.default_rng(0)
    network.set_weights([rng.uniform(0.5, 2, value.shape).astype(np.float32) for value in network.get_weights()])
    return network


def unit_weights(model, name):
    """Kernel, offset, mean and variance of a convolution and its batch normalisation."""
    layer = name.replace("/", "_")
    return *model.get_layer(layer).get_weights(), *model.get_layer(f"{layer}_batch_norm").get_weights()


def write_flax(path, model, change=lambda tree: tree):
    tree = {"params": {}, "batch_stats": {}}
    for name in UNITS:
        block, _, branch = name.partition("/")
        kernel, offset, mean, variance = unit_weights(model, name)
        values = {"Conv_0": {"kernel": kernel}, "BatchNorm_0": {"bias": offset}}
        moments = {"BatchNorm_0": {"mean": mean.reshape(1, 1, 1, 1, -1), "var": variance.reshape(1, 1, 1, 1, -1)}}
        for part, content in (("params", values), ("batch_stats", moments)):
            if branch:
                tree[part].setdefault(block, {})[branch] = content
            else:
                tree[part][block] = content
    kernel, bias = model.get_layer("Logits").get_weights()
    logits = {"kernel": kernel.reshape(1, 1, 1, *kernel.shape), "bias": bias}
    tree["params"]["Logits/Conv3d_0c_1x1"] = {"Conv_0": logits}
    path.write_bytes(pickle.dumps(change(tree)))


def write_pytorch(path, model):
    torch = pytest.importorskip("torch")
    short, state = dict(zip(BRANCHES, ("b0", "b1a", "b1b", "b2a", "b2b", "b3b"), strict=True)), {}
    for name in UNITS:
        block, _, branch = name.partition("/")
        module = f"{block}.{short[branch]}" if branch else block
        kernel, offset, mean, variance = map(torch.tensor, unit_weights(model, name))
        # What is trained anew has a scale; half of it here is in the kernel.
        state[f"{module}.conv3d.weight"] = kernel.permute(4, 3, 0, 1, 2) / 2
        state[f"{module}.bn.weight"] = torch.full_like(offset, 2.0)
        state |= {f"{module}.bn.bias": offset, f"{module}.bn.running_mean": mean / 2}
        state[f"{module}.bn.running_var"] = variance
    kernel, bias = map(torch.tensor, model.get_layer("Logits").get_weights())
    state |= {"logits.conv3d.weight": kernel.T.reshape(*kernel.T.shape, 1, 1, 1), "logits.conv3d.bias": bias}
    torch.save(state, path)


@pytest.mark.parametrize("write", [write_flax, pytest.param(write_pytorch, marks=pytest.mark.interop)])
def test_every_layout_gives_the_same_model(write, model, tmp_path):
    write(tmp_path / "weights", model)
    found = build_i3d(read_i3d(tmp_path / "weights"), **OPTIONS).get_weights()
    for ours, theirs in zip(found, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Command:
    """What a hostile pickle calls."""

    def __reduce__(self):
        return print, ("this is never run",)


def test_what_is_no_weights_of_i3d_is_refused(model, tmp_path, capsys):
    path = tmp_path / "weights"
    with refused("not_found", path):
        read_i3d(path)
    for content in (pickle.dumps(Command()), b"text", pickle.dumps([1])):
        path.write_bytes(content)
        with refused("damaged_weights", path):
            read_i3d(path)
    assert "never" not in capsys.readouterr().out
    write_flax(path, model, lambda tree: {**tree, "params": {**tree["params"], "Mixed_4d": {}}})
    with refused("missing_layer", path, "Mixed_4d"):
        read_i3d(path)


@pytest.mark.parametrize(("shape", "value", "code"), [((4, 3), 1, "wrong_shape"), ((4, 4), np.nan, "not_finite")])
def test_a_layer_of_another_shape_or_without_numbers_is_refused(shape, value, code, model, tmp_path):
    kernel = np.full((1, 1, 1, *shape), value, np.float32)
    changed = {"Conv3d_2b_1x1": {"Conv_0": {"kernel": kernel}, "BatchNorm_0": {"bias": np.zeros(4, np.float32)}}}
    write_flax(tmp_path / "weights", model, lambda tree: {**tree, "params": {**tree["params"], **changed}})
    with refused(code, "Conv3d_2b_1x1"):
        build_i3d(read_i3d(tmp_path / "weights"))
