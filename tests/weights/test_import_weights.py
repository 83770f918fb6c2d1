"""Every published layout, written from the same random weights, gives Caffe's outputs; nothing else is taken in.

The files are made here by hand or by the library that owns the format, without a line of the readers.
"""

import os
import pickle
import shutil
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from command_forks import forked
from refusals import code_printed, refused
from test_caffe import blob, caffe_top, caffe_trunk, net, random_parameters

import scoringnet_tf
from scoringnet_tf.weights.c3d import build_c3d
from scoringnet_tf.weights.files import read_arrays

PARAMETERS = random_parameters()
FLOAT32 = {"rtol": 1e-5, "atol": 3e-5}  # its rounding, in whatever order a processor sums; wrong ones are above 1e-3
SHORT = {"conv1a": "conv1", "conv2a": "conv2"}
BGR_MEAN, MMACTION2_MEAN = np.array([95.14, 102.86, 107.76]), np.array([104.0, 117.0, 128.0])

# === The layouts. PyTorch's are what `torch.save` writes: tests of them have the mark `interop` ===


def write_caffe(path, parameters):
    """With layers that have no weights between the others."""
    layers = [(b"data", [])]
    for name, arrays in parameters.items():
        layer_name = name if name.startswith("conv") else f"{name}-1"
        layers += [(layer_name.encode(), [blob(array) for array in arrays]), (f"relu_{name}".encode(), [])]
    path.write_bytes(net(*layers))


def save_by_torch(path, state, legacy=False, **beside):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
    state = {name: torch.tensor(np.ascontiguousarray(array)) for name, array in state.items()}
    value = {**beside, "state_dict": state} if beside else state
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)


def state_dict(parameters, name_of=lambda layer: SHORT.get(layer, layer)):
    return {
        f"{name_of(layer)}.{kind}": array
        for layer, arrays in parameters.items()
        for kind, array in zip(("weight", "bias"), arrays, strict=True)
    }


def write_pytorch(path, parameters, legacy=False):
    save_by_torch(path, state_dict(parameters), legacy)


def write_pytorch_legacy(path, parameters):
    write_pytorch(path, parameters, legacy=True)


def write_mmaction2(path, parameters):
    """A recogniser with what a training run leaves beside the weights, such as a NumPy scalar."""
    heads = {"fc6": "backbone.fc6", "fc7": "backbone.fc7", "fc8": "cls_head.fc_cls"}
    state = state_dict(parameters, lambda layer: heads.get(layer, f"backbone.{layer}.conv"))
    save_by_torch(path, state, meta={"epoch": 45, "loss": np.float64(0.5)})


def write_mmaction2_backbone(path, parameters):
    layers = {name: pair for name, pair in parameters.items() if name != "fc8"}
    save_by_torch(path, state_dict(layers, lambda layer: layer if layer in ("fc6", "fc7") else f"{layer}.conv"))


UCF101 = {**PARAMETERS, "fc8": tuple(array[:101] for array in PARAMETERS["fc8"])}
SPORTS = (PARAMETERS, "bgr", BGR_MEAN)
WRITERS = {  # writer → weights, then channels and mean that they were trained with
    write_caffe: SPORTS,
    write_pytorch: SPORTS,
    write_pytorch_legacy: SPORTS,
    write_mmaction2: (UCF101, "rgb", MMACTION2_MEAN),
    write_mmaction2_backbone: SPORTS,
}
EVERY_LAYOUT = [
    pytest.param(writer, id=writer.__name__.removeprefix("write_"), marks=[pytest.mark.interop] * (place > 0))
    for place, writer in enumerate(WRITERS)
]

# === The same outputs ===


@pytest.fixture(scope="module")
def clip():
    return np.random.default_rng(2).integers(0, 256, (16, 112, 112, 3)).astype("uint8")


@pytest.fixture(scope="module")
def pool5(clip):
    """Caffe's features for each preprocessing that weights were trained with."""
    inputs = {("bgr", 95.14): clip[..., ::-1] - BGR_MEAN, ("rgb", 104.0): clip - MMACTION2_MEAN}
    return {key: caffe_trunk(PARAMETERS, frames)["pool5"] for key, frames in inputs.items()}


def outputs(model, clip, names):
    layers = {name: model.get_layer(name).output for name in names}
    return {name: np.asarray(value)[0] for name, value in keras.Model(model.input, layers)(clip[np.newaxis]).items()}


def built(path):
    return build_c3d(read_arrays(path))


@pytest.mark.slow
@pytest.mark.parametrize("writer", EVERY_LAYOUT)
def test_every_layout_gives_caffes_outputs(writer, clip, pool5, tmp_path):
    parameters, channels, mean = WRITERS[writer]
    writer(tmp_path / "weights", parameters)  # a name that says nothing
    model, features = built(tmp_path / "weights"), pool5[channels, mean[0]]
    expected = {**caffe_top(parameters, features), "pool5": np.moveaxis(features, 0, -1)}
    names = ["fc6", "fc7", *(["fc8"] if writer is not write_mmaction2_backbone else [])]
    if writer is write_mmaction2:  # its fc6 has learned behind another pool5
        names = ["pool5"]
        assert "fc6" not in {layer.name for layer in model.layers}
    for name, value in outputs(model, clip, names).items():
        np.testing.assert_allclose(value, expected[name], **FLOAT32, err_msg=name)
    if writer is write_mmaction2_backbone:
        np.testing.assert_allclose(np.asarray(model(clip[np.newaxis]))[0], expected["fc7"], **FLOAT32)
    assert np.ptp(expected["fc8"]) > 0.01


@pytest.mark.interop
def test_other_classes_by_the_names_of_sports1m_leave_the_convolutions(clip, pool5, tmp_path):
    """As of C3D-ucf101: its fc6 has learned behind another pool5, and on frames less another mean."""
    write_pytorch(tmp_path / "weights", UCF101)
    model = built(tmp_path / "weights")
    assert "fc6" not in {layer.name for layer in model.layers}
    expected = np.moveaxis(pool5["bgr", 95.14], 0, -1)
    np.testing.assert_allclose(outputs(model, clip, ["pool5"])["pool5"], expected, rtol=1e-5, atol=1e-5)


# === What is refused ===


@pytest.mark.parametrize("writer", EVERY_LAYOUT)
def test_a_truncated_file_is_refused(writer, tmp_path):
    path = tmp_path / "weights"
    writer(path, WRITERS[writer][0])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with refused("damaged_weights", path):
        read_arrays(path)


class Malicious:
    """Unpickled, it would make a folder."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["zip", "bare"])
def test_a_malicious_pickle_is_refused_and_not_run(kind, tmp_path):
    torch = pytest.importorskip("torch")
    target, path = tmp_path / "made", tmp_path / "weights"
    value = {"conv1.weight": Malicious(target)}
    pickle.loads(pickle.dumps(value, protocol=2))
    assert target.exists()  # the attack works where it is let in
    target.rmdir()
    if kind == "bare":
        path.write_bytes(pickle.dumps(value, protocol=2))
    else:
        torch.save(value, path)
    with refused("damaged_weights", path):
        read_arrays(path)
    assert not target.exists()


def test_a_checkpoint_of_tensorflow_is_told_how_to_convert(tmp_path):
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "v2"), tensor_names=["wc1"], shape_and_slices=[""], tensors=[tf.zeros((2, 2))]
    )
    shutil.copy(tmp_path / "v2.index", tmp_path / "v1.ckpt")
    for name in ("v2", "v2.index", "v1.ckpt"):
        with refused("wrong_format", name, "0.2.0"):
            read_arrays(tmp_path / name)


def test_without_pytorch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with zipfile.ZipFile(tmp_path / "weights", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    with refused("missing_package", "torch"):
        read_arrays(tmp_path / "weights")


@pytest.mark.parametrize(("share", "code"), [(1.0, "wrong_format"), (0.6, "damaged_weights")])
def test_an_archive_of_numpy_is_named_without_pytorch(monkeypatch, tmp_path, share, code):
    monkeypatch.setitem(sys.modules, "torch", None)
    np.savez(tmp_path / "weights.npz", conv1=np.ones((5, 5)))
    content = (tmp_path / "weights.npz").read_bytes()
    (tmp_path / "weights.npz").write_bytes(content[: round(share * len(content))])
    with refused(code, "weights.npz") as caught:
        read_arrays(tmp_path / "weights.npz")
    assert "torch" not in str(caught.value).lower()


@pytest.mark.interop
def test_foreign_names_and_a_keras_model_are_refused(tmp_path):
    save_by_torch(tmp_path / "weights", {"features.0.weight": np.zeros((2, 2), np.float32)})
    with refused("wrong_format", "features.0.weight"):
        built(tmp_path / "weights")
    scoringnet_tf.C3D((4, 16, 16, 3), 1 / 16).save(tmp_path / "c3d.keras")
    with refused("damaged_weights", "c3d.keras"):
        read_arrays(tmp_path / "c3d.keras")


@pytest.mark.parametrize(("content", "code"), [(b"", "missing_layer"), (b"not weights", "damaged_weights")])
def test_other_bytes_are_refused(content, code, tmp_path):
    (tmp_path / "c3d.caffemodel").write_bytes(content)
    with refused(code, tmp_path / "c3d.caffemodel"):
        built(tmp_path / "c3d.caffemodel")


@pytest.mark.parametrize(
    ("layer", "change", "code", "named"),
    [
        ("conv3b", None, "missing_layer", "conv3b"),
        ("conv4a", lambda kernel, bias: (kernel[:, :, :2], bias), "wrong_shape", "(3, 3, 3, 16, 32)"),
        ("fc6", lambda kernel, bias: (kernel[:, :288], bias), "wrong_shape", "fc6-1"),
        ("fc7", lambda kernel, bias: (kernel + np.float32(np.inf), bias), "not_finite", "fc7"),
        ("conv2a", lambda kernel, bias: (kernel, bias + np.float32(np.nan)), "not_finite", "conv2a"),
    ],
)
def test_what_does_not_fit_c3d_is_named(layer, change, code, named, tmp_path):
    changed = {**PARAMETERS, layer: change(*PARAMETERS[layer])} if change else dict(PARAMETERS)
    if not change:
        del changed[layer]
    write_caffe(tmp_path / "weights", {name: tuple(map(np.ascontiguousarray, p)) for name, p in changed.items()})
    with refused(code, tmp_path / "weights", named):
        built(tmp_path / "weights")


@pytest.mark.interop
def test_a_c3d_with_batch_normalisation_is_refused(tmp_path):
    tensors = state_dict(PARAMETERS)
    tensors |= {f"bn1.{name}": np.ones(4, np.float32) for name in ("weight", "bias", "running_mean", "running_var")}
    save_by_torch(tmp_path / "weights", tensors)
    with refused("other_model", tmp_path / "weights", "bn1"):
        built(tmp_path / "weights")


# === The command ===


@pytest.mark.slow
def test_the_command_writes_a_c3d(clip, pool5, tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    result = forked("scoringnet_tf.import_weights", tmp_path / "weights", f"--output={tmp_path / 'c3d.keras'}")
    assert result.returncode == 0, result.stderr
    model = keras.models.load_model(tmp_path / "c3d.keras")
    assert {weight.dtype for weight in model.weights} == {"float32"}
    expected = caffe_top(PARAMETERS, pool5["bgr", 95.14])["fc8"]
    np.testing.assert_allclose(np.asarray(model(clip[np.newaxis])["fc8"])[0], expected, rtol=1e-5, atol=1e-5)


def test_no_model_is_replaced_and_none_passes_for_that_of_a_run(tmp_path):
    (tmp_path / "other.keras").write_bytes(b"another model")
    (tmp_path / "config.json").write_text("{}")
    for written in ("model.keras", "other.keras"):
        result = forked("scoringnet_tf.import_weights", tmp_path / "weights", f"--output={tmp_path / written}")
        assert (result.returncode, code_printed(result.stderr)) == (1, "exists")
    assert (tmp_path / "other.keras").read_bytes() == b"another model" and not (tmp_path / "model.keras").exists()


@pytest.mark.interop
def test_many_tensors_may_not_show_the_same_storage(tmp_path):
    """A few may: tied weights do. Many would ask for more memory than the file makes believe."""
    torch = pytest.importorskip("torch")
    storage = torch.zeros(10_000)
    for views in (3, 300):
        torch.save({f"w{number}": storage for number in range(views)}, tmp_path / f"{views}")
    assert len(read_arrays(tmp_path / "3").values) == 3
    with refused("damaged_weights", "300"):
        read_arrays(tmp_path / "300")
