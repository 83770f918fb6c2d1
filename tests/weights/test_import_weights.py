"""Every published layout, written from the same random weights, gives Caffe's outputs; nothing else is taken in.

The files are made here by hand or by the library that owns the format, without a line of the readers.
"""

import json
import os
import pathlib
import pickle
import sys

import h5py
import keras
import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed, refused
from test_caffe import WIDTH, blob, caffe_top, caffe_trunk, net, random_parameters

import scoringnet_tf
from scoringnet_tf.training.initialization import continue_from, preprocessing_of
from scoringnet_tf.weights.convert import build_c3d, read_mean, read_weights, with_mean
from scoringnet_tf.weights.parameters import SPORTS1M
from scoringnet_tf.weights.pytorch import read_tensors

PARAMETERS = random_parameters()
FLOAT32 = {"rtol": 1e-5, "atol": 3e-5}  # its rounding, in whatever order a processor sums; wrong ones are above 1e-3
SHORT = {"conv1a": "conv1", "conv2a": "conv2"}
BGR_MEAN, MMACTION2_MEAN = np.array([95.14, 102.86, 107.76]), np.array([104.0, 117.0, 128.0])

# === Caffe ===


def write_caffe(path, parameters):
    """With layers that have no weights between the others."""
    layers = [(b"data", [])]
    for name, arrays in parameters.items():
        layer_name = name if name.startswith("conv") else f"{name}-1"
        layers += [(layer_name.encode(), [blob(array) for array in arrays]), (f"relu_{name}".encode(), [])]
    path.write_bytes(net(*layers))


# === PyTorch: what `torch.save` writes; tests of it have the mark `interop` ===


def save_by_torch(path, value, legacy=False):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")

    def tensors(found):
        if isinstance(found, np.ndarray):
            return torch.tensor(np.ascontiguousarray(found))
        return {name: tensors(each) for name, each in found.items()} if isinstance(found, dict) else found

    torch.save(tensors(value), path, _use_new_zipfile_serialization=not legacy)


def torch_tensors(parameters, name_of):
    return {
        f"{name_of(layer)}.{kind}": array
        for layer, arrays in parameters.items()
        for kind, array in zip(("weight", "bias"), arrays, strict=True)
    }


def write_pytorch(path, parameters, legacy=False):
    save_by_torch(path, torch_tensors(parameters, lambda name: SHORT.get(name, name)), legacy)


def write_pytorch_legacy(path, parameters):
    write_pytorch(path, parameters, legacy=True)


def mmaction2_tensors(parameters, prefix=""):
    def name_of(layer):
        return "cls_head.fc_cls" if layer == "fc8" else f"{prefix}{layer}{'.conv' * layer.startswith('conv')}"

    return torch_tensors(parameters, name_of)


def write_mmaction2(path, parameters):
    """A recogniser with what a training run leaves beside the weights, such as a NumPy scalar."""
    state = mmaction2_tensors(parameters, "backbone.")
    save_by_torch(path, {"meta": {"epoch": 45, "loss": np.float64(0.5)}, "state_dict": state})


def write_mmaction2_backbone(path, parameters):
    save_by_torch(path, mmaction2_tensors({name: pair for name, pair in parameters.items() if name != "fc8"}))


# === Keras ===


def keras_last(kernel):
    return np.ascontiguousarray(np.transpose(kernel, (2, 3, 4, 1, 0)))


def keras_fc6(kernel):
    """As the converters to TensorFlow's order did it, one unit after the other."""
    columns = [row.reshape(-1, 4, 4).transpose(1, 2, 0).ravel() for row in kernel]
    return np.stack(columns, axis=1)


def write_keras(path, parameters, convolution, fc6, version=1, root="/", **attributes):
    with h5py.File(path, "w") as file:
        group = file.require_group(root)
        names = [SHORT.get(name, name) for name in parameters]
        group.attrs["layer_names"] = [name.encode() for name in (*names, "pool1")]
        group.create_group("pool1").attrs["weight_names"] = np.array([], "S1")
        for name, (layer, (kernel, bias)) in zip(names, parameters.items(), strict=True):
            kernel = convolution(kernel) if layer.startswith("conv") else fc6(kernel) if layer == "fc6" else kernel.T
            suffixes = (f"{name}_W", f"{name}_b") if version == 1 else (f"{name}/kernel:0", f"{name}/bias:0")
            group.create_group(name).attrs["weight_names"] = [suffix.encode() for suffix in suffixes]
            for suffix, array in zip(suffixes, (kernel, bias), strict=True):
                group[name].create_dataset(suffix, data=array)
        for name, value in attributes.items():
            (file if name == "model_config" else group).attrs[name] = value


def write_keras1_theano(path, parameters):
    write_keras(path, parameters, lambda kernel: kernel[:, :, ::-1, ::-1, ::-1], np.transpose)


def write_keras1_tensorflow(path, parameters):
    write_keras(path, parameters, keras_last, keras_fc6)


def write_keras2_tensorflow(path, parameters):
    write_keras(path, parameters, keras_last, keras_fc6, version=2, backend=b"tensorflow")


def write_keras2_theano(path, parameters, functional=False):
    """A whole model with channels first; Theano's backend of Keras 2 has TensorFlow's shapes and flipped kernels."""
    layers = [{"class_name": "Conv3D", "config": {"name": "conv1", "data_format": "channels_first"}}]
    if functional:
        layers = {"name": "c3d", "layers": [{"class_name": "InputLayer", "config": {"name": "frames"}}, *layers]}
    config = json.dumps({"class_name": "Model" if functional else "Sequential", "config": layers}).encode()
    options = {"version": 2, "root": "model_weights", "backend": b"theano", "model_config": config}
    write_keras(path, parameters, lambda kernel: keras_last(kernel)[::-1, ::-1, ::-1], np.transpose, **options)


# === TensorFlow ===


def write_checkpoint(path, parameters, fc6=keras_fc6, version=1):
    import tensorflow as tf

    names = {**SHORT, **{f"fc{6 + i}": name for i, name in enumerate(("d1", "d2", "out"))}}
    with tf.Graph().as_default(), tf.compat.v1.variable_scope("var_name"):
        for layer, (kernel, bias) in parameters.items():
            kernel = keras_last(kernel) if kernel.ndim == 5 else fc6(kernel) if layer == "fc6" else kernel.T
            name = names.get(layer, layer).replace("conv", "c")
            tf.compat.v1.get_variable(f"w{name}", initializer=kernel)
            tf.compat.v1.get_variable(f"b{name}", initializer=bias)
        tf.compat.v1.get_variable("global_step", initializer=0)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            saver = tf.compat.v1.train.Saver(write_version=version)
            saver.save(session, str(path), write_meta_graph=False, write_state=False)


def write_checkpoint_v2(path, parameters):
    write_checkpoint(path, parameters, version=2)


def write_fine_tuned(path, parameters):
    write_checkpoint(path, parameters, fc6=np.transpose)


# === The same outputs ===

UCF101 = {**PARAMETERS, "fc8": tuple(array[:101] for array in PARAMETERS["fc8"])}
SPORTS, TUNED = (PARAMETERS, "bgr", BGR_MEAN), (UCF101, "rgb", BGR_MEAN)
WRITERS = {  # writer → weights, then channels and mean that they were trained with
    write_caffe: SPORTS,
    write_pytorch: SPORTS,
    write_pytorch_legacy: SPORTS,
    write_mmaction2: (UCF101, "rgb", MMACTION2_MEAN),
    write_mmaction2_backbone: SPORTS,
    write_keras1_theano: SPORTS,
    write_keras1_tensorflow: SPORTS,
    write_keras2_theano: SPORTS,
    write_keras2_tensorflow: SPORTS,
    write_checkpoint: SPORTS,
    write_checkpoint_v2: SPORTS,
    write_fine_tuned: TUNED,
}
OF_TORCH = (write_pytorch, write_pytorch_legacy, write_mmaction2, write_mmaction2_backbone)
EVERY_LAYOUT = [
    pytest.param(
        writer,
        id=writer.__name__.removeprefix("write_"),
        marks=[pytest.mark.interop] if writer in OF_TORCH else [],
    )
    for writer in WRITERS
]


@pytest.fixture(scope="module")
def clip():
    return np.random.default_rng(2).integers(0, 256, (16, 112, 112, 3)).astype("uint8")


@pytest.fixture(scope="module")
def pool5(clip):
    """Caffe's features for each preprocessing that weights were trained with."""
    inputs = {
        ("bgr", 95.14): clip[..., ::-1] - BGR_MEAN,
        ("rgb", 95.14): clip - BGR_MEAN,
        ("rgb", 104.0): clip - MMACTION2_MEAN,
    }
    return {key: caffe_trunk(PARAMETERS, frames)["pool5"] for key, frames in inputs.items()}


def outputs(model, clip, names):
    layers = {name: model.get_layer(name).output for name in names}
    return {name: np.asarray(value)[0] for name, value in keras.Model(model.input, layers)(clip[np.newaxis]).items()}


def built(path, *arguments):
    return build_c3d(read_weights(path, *arguments), str(path), log=lambda line: None)


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


def test_a_functional_keras_model_says_as_a_sequential_one_does_which_axis_is_first(tmp_path):
    for functional in (False, True):
        write_keras2_theano(tmp_path / "weights", PARAMETERS, functional)
        assert read_weights(tmp_path / "weights").channels_first
    write_keras2_tensorflow(tmp_path / "weights", PARAMETERS)
    assert not read_weights(tmp_path / "weights").channels_first


def test_pretraining_goes_on_from_all_but_the_classes(tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    source = built(tmp_path / "weights")
    source.save(tmp_path / "c3d.keras")
    preprocessing = preprocessing_of(tmp_path / "c3d.keras", (112, 112))
    model = scoringnet_tf.C3D(width_multiplier=WIDTH, heads={"group": 6}, preprocessing=preprocessing)
    continue_from(model, tmp_path / "c3d.keras", log=lambda line: None)
    for a, b in zip(source.get_weights()[:-2], model.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(a, b)
    longer = scoringnet_tf.C3D((32, 112, 112, 3), WIDTH, heads={"group": 6}, preprocessing=preprocessing)
    with refused("other_model", "fc6"):
        continue_from(longer, tmp_path / "c3d.keras")


def test_the_log_names_each_layer_and_what_is_not_used(tmp_path):
    write_checkpoint(tmp_path / "weights", PARAMETERS)
    lines = []
    build_c3d(read_weights(tmp_path / "weights"), "weights", log=lines.append)
    for line, names in zip(lines[1:-1], (("wc1", "conv1a"), *[("", "")] * 7, ("wd1", "fc6")), strict=False):
        assert all(name in line for name in names)
    assert "global_step" in lines[-1]


def test_a_checkpoint_of_several_towers_is_refused(tmp_path):
    """Neither is the one that is meant."""
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for tower in ("tower_0", "tower_1"):
            with tf.compat.v1.variable_scope(tower):
                tf.compat.v1.get_variable("wc1", initializer=np.zeros((3, 3, 3, 3, 4), np.float32))
                tf.compat.v1.get_variable("bc1", initializer=np.zeros(4, np.float32))
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver()
        saver.save(session, str(tmp_path / "weights"), write_meta_graph=False, write_state=False)
    with refused("duplicate", "tower_0/wc1", "tower_1/wc1"):
        read_weights(tmp_path / "weights")


def test_fc6_order_of_a_checkpoint_may_be_given_and_of_nothing_else(clip, pool5, tmp_path):
    write_checkpoint(tmp_path / "weights", UCF101)  # fine-tuned in Caffe, then converted: auto would take it for TF's
    expected = caffe_top(UCF101, pool5["bgr", 95.14])["fc6"]
    model = built(tmp_path / "weights", "channels_last")
    np.testing.assert_allclose(outputs(model, clip, ["fc6"])["fc6"], expected, rtol=1e-5, atol=1e-5)
    write_caffe(tmp_path / "caffe", PARAMETERS)
    with refused("flag_unused", "fc6_order", "caffe"):
        read_weights(tmp_path / "caffe", "channels_last")


@pytest.mark.interop
@pytest.mark.parametrize("zipped", [True, False])
def test_views_and_parameters_that_pytorch_wrote_are_read(zipped, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    tensors = torch_tensors(PARAMETERS, lambda name: SHORT.get(name, name))
    state = {name: torch.tensor(array) for name, array in tensors.items()}
    state["fc7.weight"] = torch.tensor(tensors["fc7.weight"].T.copy()).T  # strides of a transposed view
    state["fc6.weight"] = torch.nn.Parameter(state["fc6.weight"])
    torch.save(state, tmp_path / "weights", _use_new_zipfile_serialization=zipped)
    weights = read_weights(tmp_path / "weights")
    for layer, (kernel, bias) in PARAMETERS.items():
        np.testing.assert_array_equal(weights.layers[layer].bias, bias)
        np.testing.assert_array_equal(np.moveaxis(weights.layers[layer].kernel, (-1, -2), (0, 1)), kernel)


@pytest.mark.interop
def test_other_classes_by_the_names_of_sports1m_leave_the_convolutions(clip, pool5, tmp_path):
    """As of C3D-ucf101: its fc6 has learned behind another pool5, and on frames less another mean."""
    write_pytorch(tmp_path / "weights", UCF101)
    model = built(tmp_path / "weights")
    assert "fc6" not in {layer.name for layer in model.layers}
    expected = np.moveaxis(pool5["bgr", 95.14], 0, -1)
    np.testing.assert_allclose(outputs(model, clip, ["pool5"])["pool5"], expected, rtol=1e-5, atol=1e-5)


# === The mean ===


def mean_clip(height=128, width=171):
    """(3, 16, H, W), as Caffe has it, different at every pixel and frame."""
    around = np.array(SPORTS1M["mean"]).reshape(3, 1, 1, 1)
    return (around + np.random.default_rng(3).uniform(-40, 40, (3, 16, height, width))).astype("float32")


def write_mean(path):
    path.write_bytes(blob(mean_clip()[np.newaxis]))
    return path


@pytest.mark.parametrize("kind", ["binaryproto", "npy", "npy, channels last", "npy, cropped"])
def test_the_mean_is_cropped_as_frames_are(kind, tmp_path):
    clip, path = mean_clip(), tmp_path / "mean"
    expected = np.moveaxis(clip, 0, -1)[:, 8:120, 29:141]
    if kind == "binaryproto":
        write_mean(path)
    else:
        content = {"npy": clip, "npy, channels last": np.moveaxis(clip, 0, -1), "npy, cropped": expected}[kind]
        with path.open("wb") as file:
            np.save(file, content)
    np.testing.assert_allclose(read_mean(path), expected.mean(0), atol=0.00501)


def test_a_mean_image_is_subtracted_and_survives_saving(clip, tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    mean = read_mean(write_mean(tmp_path / "mean"))
    model = build_c3d(with_mean(read_weights(tmp_path / "weights"), mean), "weights", log=lambda line: None)
    model.save(tmp_path / "c3d.keras")
    again = keras.models.load_model(tmp_path / "c3d.keras")
    assert again.preprocessing == {**SPORTS1M, "mean": mean}
    expected = clip[..., ::-1] - np.array(mean)
    np.testing.assert_allclose(outputs(again, clip, ["rescale"])["rescale"], expected, atol=1e-4)


@pytest.mark.interop
def test_a_mean_is_for_weights_that_had_one(tmp_path):
    write_mmaction2(tmp_path / "weights", UCF101)
    with refused("flags_conflict", "--mean", "104.0"):
        with_mean(read_weights(tmp_path / "weights"), read_weights)


LAST = np.moveaxis(mean_clip(), 0, -1)
MEANS = {
    "from 0 to 1": (LAST / 255, "wrong_scale"),
    "RGB": (LAST[..., ::-1], "wrong_scale"),
    "a NaN": (np.where(LAST.max() == LAST, np.nan, LAST), "wrong_scale"),
    "no clip": (np.zeros((2, 2)), "wrong_shape"),
    "too small": (np.zeros((16, 64, 64, 3)), "wrong_shape"),
    "objects": (np.array([{}]), "damaged_mean"),
}


@pytest.mark.parametrize(("array", "code"), MEANS.values(), ids=MEANS)
def test_another_mean_is_refused(array, code, tmp_path):
    with (tmp_path / "mean").open("wb") as file:
        np.save(file, array, allow_pickle=True)
    with refused(code, tmp_path / "mean"):
        read_mean(tmp_path / "mean")


def test_a_blob_of_axes_alone_is_no_mean(tmp_path):
    (tmp_path / "mean").write_bytes(bytes([8, 1, 16, 3, 24, 1, 32, 1, 40, 1]))
    with refused("damaged_mean", tmp_path / "mean"):
        read_mean(tmp_path / "mean")


def test_the_averages_are_those_of_the_real_mean():
    if "SCORINGNET_REAL_DATA" not in os.environ:
        pytest.skip("needs crop_mean.npy: set SCORINGNET_REAL_DATA to the folder of real files")
    image = read_mean(pathlib.Path(os.environ["SCORINGNET_REAL_DATA"], "c3d/crop_mean.npy"))
    np.testing.assert_allclose(np.mean(image, axis=(0, 1)), SPORTS1M["mean"], atol=0.006)


# === What is refused ===


@pytest.mark.parametrize("writer", EVERY_LAYOUT)
def test_a_truncated_file_is_refused(writer, tmp_path):
    path = tmp_path / "weights"
    writer(path, WRITERS[writer][0])
    cut = next(iter(tmp_path.glob("*.data-*")), path)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with refused("damaged_weights", path):
        read_weights(path)


class Malicious:
    """Unpickled, it would make a folder."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["zip", "legacy", "bare"])
def test_a_malicious_pickle_is_refused_and_not_run(kind, tmp_path):
    pytest.importorskip("torch")
    target, path = tmp_path / "made", tmp_path / "weights"
    value = {"state_dict": {"conv1.weight": Malicious(target)}}
    pickle.loads(pickle.dumps(value, protocol=2))
    assert target.exists()  # the attack works where it is let in
    target.rmdir()
    if kind == "bare":
        path.write_bytes(pickle.dumps(value, protocol=2))
    else:
        save_by_torch(path, value, legacy=kind == "legacy")
    with refused("damaged_weights", path):
        read_weights(path)
    assert not target.exists()


@pytest.mark.interop
def test_many_tensors_may_not_show_the_same_storage(tmp_path):
    """A few may: tied weights do. Many would ask for more memory than the file makes believe."""
    torch = pytest.importorskip("torch")
    storage = torch.zeros(10_000)
    for views in (3, 300):
        torch.save({f"w{number}": storage for number in range(views)}, tmp_path / f"{views}")
    assert len(read_tensors(tmp_path / "3")) == 3
    with refused("damaged_weights", "300"):
        read_tensors(tmp_path / "300")


def test_without_pytorch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "weights").write_bytes(b"PK\x03\x04")
    with refused("missing_package", "torch"):
        read_weights(tmp_path / "weights")


@pytest.mark.interop
def test_foreign_names_and_a_keras_model_are_refused(tmp_path):
    save_by_torch(tmp_path / "weights", {"features.0.weight": np.zeros((2, 2), np.float32)})
    with refused("wrong_format", "features.0.weight"):
        read_weights(tmp_path / "weights")
    scoringnet_tf.C3D((4, 16, 16, 3), 1 / 16).save(tmp_path / "c3d.keras")
    with refused("damaged_weights", "c3d.keras"):
        read_weights(tmp_path / "c3d.keras")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "not_found"),
        (b"", "missing_layer"),
        (b"not weights", "damaged_weights"),
        (b"\x08", "damaged_weights"),
        (bytes(range(256)), "damaged_weights"),
    ],
)
def test_other_bytes_are_refused(content, code, tmp_path):
    if content is not None:
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


def write_normalised_pytorch(path):
    tensors = torch_tensors(PARAMETERS, lambda name: SHORT.get(name, name))
    tensors |= {f"bn1.{name}": np.ones(4, np.float32) for name in ("weight", "bias", "running_mean", "running_var")}
    save_by_torch(path, tensors)


def write_normalised_keras(path):
    write_keras2_tensorflow(path, PARAMETERS)
    with h5py.File(path, "r+") as file:
        file.attrs["layer_names"] = [name.encode() for name in (*map(SHORT.get, PARAMETERS, PARAMETERS), "bn1")]
        names = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
        file.create_group("bn1").attrs["weight_names"] = [name.encode() for name in names]
        for name in names:
            file["bn1"].create_dataset(name, data=np.ones(4, np.float32))


@pytest.mark.parametrize(
    "write", [pytest.param(write_normalised_pytorch, marks=pytest.mark.interop), write_normalised_keras]
)
def test_a_c3d_with_batch_normalisation_is_refused(write, tmp_path):
    write(tmp_path / "weights")
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


def test_the_command_subtracts_the_mean_that_it_is_given(tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    mean, output = write_mean(tmp_path / "mean"), tmp_path / "c3d.keras"
    result = forked("scoringnet_tf.import_weights", tmp_path / "weights", f"--output={output}", f"--mean={mean}")
    assert result.returncode == 0, result.stderr
    assert keras.models.load_model(output).preprocessing == {**SPORTS1M, "mean": read_mean(mean)}


def refused_by_the_command(*arguments):
    """The code that it prints."""
    result = forked("scoringnet_tf.import_weights", *arguments)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    return code_printed(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("weights", "--output=c3d.h5"), "wrong_value"),
        (("one", "two", "--output=c3d.keras"), "wrong_value"),
        (("missing", "--output=c3d.keras"), "not_found"),
    ],
)
def test_the_command_names_what_is_wrong(arguments, code):
    assert refused_by_the_command(*arguments) == code


def test_the_model_of_a_run_is_not_replaced(tmp_path):
    for name in ("best.keras", "c3d.keras"):
        (tmp_path / name).write_bytes(b"of a run")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    for written in ("model.keras", "c3d.keras", "sub/../best.keras"):
        assert refused_by_the_command(tmp_path / "best.keras", f"--output={tmp_path}/{written}") == "exists"
    assert not (tmp_path / "model.keras").exists()
    assert (tmp_path / "c3d.keras").read_bytes() == (tmp_path / "best.keras").read_bytes() == b"of a run"
