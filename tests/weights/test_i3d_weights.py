"""Both layouts of I3D's weights, written from the same arrays, give the same model."""

import pickle

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.weights.files import read_arrays
from scoringnet_tf.weights.i3d import BRANCHES, UNITS, build_i3d, i3d_layers

FRAMES = np.random.default_rng(0).integers(0, 256, (1, 8, 32, 32, 3), dtype=np.uint8)


def read_i3d(path):
    return i3d_layers(read_arrays(path))


@pytest.fixture(scope="module")
def arrays():
    """Name of a unit → kernel, offset, mean, variance; "Logits" → kernel, bias; of a sixteenth of the width."""
    model = I3D((None, None, None, 3), width_multiplier=1 / 16, classes=3)
    rng, found = np.random.default_rng(0), {}
    for name in UNITS:
        kernel, *moments = (
            model.get_layer(name.replace("/", "_") + suffix).get_weights() for suffix in ("", "_batch_norm")
        )
        offset, mean, variance = moments[0]
        found[name] = [
            rng.normal(size=kernel[0].shape).astype(np.float32),
            *(rng.uniform(0.5, 2, value.shape).astype(np.float32) for value in (offset, mean, variance)),
        ]
    found["Logits"] = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_layer("Logits").get_weights()]
    return found


def write_flax(path, arrays, change=lambda tree: tree):
    tree = {"params": {}, "batch_stats": {}}
    for name in UNITS:
        block, _, branch = name.partition("/")
        kernel, offset, mean, variance = arrays[name]
        values = {"Conv_0": {"kernel": kernel}, "BatchNorm_0": {"bias": offset}}
        moments = {"BatchNorm_0": {"mean": mean.reshape(1, 1, 1, 1, -1), "var": variance.reshape(1, 1, 1, 1, -1)}}
        for part, content in (("params", values), ("batch_stats", moments)):
            if branch:
                tree[part].setdefault(block, {})[branch] = content
            else:
                tree[part][block] = content
    kernel, bias = arrays["Logits"]
    tree["params"]["Logits/Conv3d_0c_1x1"] = {
        "Conv_0": {"kernel": kernel.reshape(1, 1, 1, *kernel.shape), "bias": bias}
    }
    path.write_bytes(pickle.dumps(change(tree)))


def write_pytorch(path, arrays):
    torch = pytest.importorskip("torch")
    short, state = dict(zip(BRANCHES, ("b0", "b1a", "b1b", "b2a", "b2b", "b3b"), strict=True)), {}
    for name in UNITS:
        block, _, branch = name.partition("/")
        module = f"{block}.{short[branch]}" if branch else block
        kernel, offset, mean, variance = map(torch.tensor, arrays[name])
        # What is trained anew has a scale; half of it here is in the kernel.
        state[f"{module}.conv3d.weight"] = kernel.permute(4, 3, 0, 1, 2) / 2
        state[f"{module}.bn.weight"] = torch.full_like(offset, 2.0)
        state[f"{module}.bn.bias"] = offset
        state[f"{module}.bn.running_mean"] = mean / 2
        state[f"{module}.bn.running_var"] = variance
    kernel, bias = map(torch.tensor, arrays["Logits"])
    state["logits.conv3d.weight"] = kernel.T.reshape(*kernel.T.shape, 1, 1, 1)
    state["logits.conv3d.bias"] = bias
    torch.save(state, path)


@pytest.fixture(scope="module")
def expected(arrays, tmp_path_factory):
    """The logits of the model whose weights are set one by one."""
    model = I3D((None, None, None, 3), width_multiplier=1 / 16, classes=3)
    for name in UNITS:
        kernel, *moments = arrays[name]
        model.get_layer(name.replace("/", "_")).set_weights([kernel])
        model.get_layer(name.replace("/", "_") + "_batch_norm").set_weights(moments)
    model.get_layer("Logits").set_weights(arrays["Logits"])
    return np.asarray(model(FRAMES))


@pytest.mark.parametrize("write", [write_flax, pytest.param(write_pytorch, marks=pytest.mark.interop)])
def test_every_layout_gives_the_same_model(write, arrays, expected, tmp_path):
    write(tmp_path / "weights", arrays)
    model = build_i3d(read_i3d(tmp_path / "weights"), input_shape=(None, None, None, 3), classes=3)
    np.testing.assert_array_equal(np.asarray(model(FRAMES)), expected)


class Command:
    """What a hostile pickle calls."""

    def __reduce__(self):
        return print, ("this is never run",)


def without(tree, block):
    return {part: {name: value for name, value in content.items() if name != block} for part, content in tree.items()}


def test_what_is_no_weights_of_i3d_is_refused(arrays, tmp_path, capsys):
    path = tmp_path / "weights"
    with refused("not_found", path):
        read_i3d(path)
    for content in (pickle.dumps(Command()), b"text", pickle.dumps([1])):
        path.write_bytes(content)
        with refused("damaged_weights", path):
            read_i3d(path)
    assert "never" not in capsys.readouterr().out
    write_flax(path, arrays, lambda tree: without(tree, "Mixed_4d"))
    with refused("missing_layer", path, "Mixed_4d"):
        read_i3d(path)


@pytest.mark.parametrize(
    ("value", "code"), [(np.zeros((1, 1, 1, 4, 3)), "wrong_shape"), (np.full((1, 1, 1, 4, 4), np.nan), "not_finite")]
)
def test_a_layer_of_another_shape_or_without_numbers_is_refused(value, code, arrays, tmp_path):
    changed = {**arrays, "Conv3d_2b_1x1": [value.astype(np.float32), *arrays["Conv3d_2b_1x1"][1:]]}
    write_flax(tmp_path / "weights", changed)
    with refused(code, "Conv3d_2b_1x1"):
        build_i3d(read_i3d(tmp_path / "weights"))
