"""Every published layout, written from the same random weights, gives Caffe's outputs; nothing else is taken in.

The files are made here by hand or by the library that owns the format, without a line of the readers.
"""

import io
import json
import os
import pathlib
import pickle
import re
import sys

import h5py
import keras
import numpy as np
import pytest
from command_forks import forked
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from refusals import refused
from test_caffe import WIDTH, caffe_top, caffe_trunk, random_parameters
from test_commands import started

import scoringnet_tf
from scoringnet_tf.models.c3d import TRUNK
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.initialization import continue_from, preprocessing_of
from scoringnet_tf.weights.convert import SPORTS1M, build_c3d, with_mean
from scoringnet_tf.weights.layouts import read_weights
from scoringnet_tf.weights.mean import read_mean
from scoringnet_tf.weights.torch_file import read_tensors

PARAMETERS = random_parameters()
FLOAT32 = {"rtol": 1e-5, "atol": 3e-5}  # its rounding, in whatever order a processor sums; wrong ones are above 1e-3
SHORT = {"conv1a": "conv1", "conv2a": "conv2"}
BGR_MEAN, MMACTION2_MEAN = np.array([95.14, 102.86, 107.76]), np.array([104.0, 117.0, 128.0])

# === Caffe: Google's protobuf library with the messages of C3D's caffe.proto ===


def caffe_messages():
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="c3d_caffe.proto", package="c3d_caffe", syntax="proto2")

    def message(name, *fields):
        proto = file.message_type.add(name=name)
        for number, field_name, kind, repeated, type_name in fields:
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            proto.field.add(name=field_name, number=number, type=kind, label=label, type_name=type_name)
        return proto

    axes = enumerate(("num", "channels", "length", "height", "width"), 1)
    blob = message(
        "BlobProto",
        *((number, name, field.TYPE_INT32, False, None) for number, name in axes),
        (6, "data", field.TYPE_FLOAT, True, None),
    )
    blob.field[-1].options.packed = True
    message(
        "LayerParameter",
        (2, "bottom", field.TYPE_STRING, True, None),
        (4, "name", field.TYPE_STRING, False, None),
        (5, "type", field.TYPE_INT32, False, None),
        (6, "blobs", field.TYPE_MESSAGE, True, ".c3d_caffe.BlobProto"),
        (7, "blobs_lr", field.TYPE_FLOAT, True, None),
    )
    message(
        "NetParameter",
        (1, "name", field.TYPE_STRING, False, None),
        (2, "layers", field.TYPE_MESSAGE, True, ".c3d_caffe.LayerParameter"),
        (5, "force_backward", field.TYPE_BOOL, False, None),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name.removeprefix("c3d_caffe."): kind for name, kind in classes.items()}


CAFFE = caffe_messages()


def caffe_blob(array):
    shape = (1,) * (5 - array.ndim) + array.shape
    axes = dict(zip(("num", "channels", "length", "height", "width"), shape, strict=True))
    return CAFFE["BlobProto"](**axes, data=array.ravel())


def write_caffe(path, parameters):
    net = CAFFE["NetParameter"](name="DeepNetA", force_backward=True)
    net.layers.add(name="data", type=33)
    for name, arrays in parameters.items():
        layer_name = name if name.startswith("conv") else f"{name}-1"
        net.layers.add(name=layer_name, bottom=["x"], blobs=[caffe_blob(a) for a in arrays], blobs_lr=[1, 2])
        net.layers.add(name=f"relu_{name}", type=18)
    path.write_bytes(net.SerializeToString())


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
WRITERS = {  # writer → weights, then channels and mean that they were trained with
    write_caffe: (PARAMETERS, "bgr", BGR_MEAN),
    write_pytorch: (PARAMETERS, "bgr", BGR_MEAN),
    write_pytorch_legacy: (PARAMETERS, "bgr", BGR_MEAN),
    write_mmaction2: (UCF101, "rgb", MMACTION2_MEAN),
    write_mmaction2_backbone: (PARAMETERS, "bgr", BGR_MEAN),
    write_keras1_theano: (PARAMETERS, "bgr", BGR_MEAN),
    write_keras1_tensorflow: (PARAMETERS, "bgr", BGR_MEAN),
    write_keras2_theano: (PARAMETERS, "bgr", BGR_MEAN),
    write_keras2_tensorflow: (PARAMETERS, "bgr", BGR_MEAN),
    write_checkpoint: (PARAMETERS, "bgr", BGR_MEAN),
    write_checkpoint_v2: (PARAMETERS, "bgr", BGR_MEAN),
    write_fine_tuned: (UCF101, "rgb", BGR_MEAN),
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


@pytest.mark.slow
@pytest.mark.parametrize("writer", EVERY_LAYOUT)
def test_every_layout_gives_caffes_outputs(writer, clip, pool5, tmp_path):
    parameters, channels, mean = WRITERS[writer]
    path, lines = tmp_path / "weights", []  # a name that says nothing
    writer(path, parameters)
    model = build_c3d(read_weights(path), path, log=lines.append)
    expected = caffe_top(parameters, pool5[channels, mean[0]])
    names = ["fc6", "fc7", *(["fc8"] if writer is not write_mmaction2_backbone else [])]
    if writer is write_mmaction2:  # whose fc6 has learned behind another pool5
        names, expected = ["pool5"], {**expected, "pool5": np.moveaxis(pool5[channels, mean[0]], 0, -1)}
        assert "fc6" not in {layer.name for layer in model.layers}
        assert "behind a pool5 that pads on all sides" in lines[-1] and "cls_head.fc_cls.weight" in lines[-1]
    for name, value in outputs(model, clip, names).items():
        np.testing.assert_allclose(value, expected[name], **FLOAT32, err_msg=name)
    assert np.ptp(expected["fc8"]) > 0.01
    assert len([line for line in lines if " → " in line]) == 8 + len([name for name in names if name != "pool5"])


def test_a_functional_keras_model_says_as_a_sequential_one_does_which_axis_is_first(tmp_path):
    for functional in (False, True):
        write_keras2_theano(tmp_path / "weights", PARAMETERS, functional)
        assert read_weights(tmp_path / "weights").channels_first
    write_keras2_tensorflow(tmp_path / "weights", PARAMETERS)
    assert not read_weights(tmp_path / "weights").channels_first


@pytest.mark.interop
def test_the_features_of_a_backbone_are_the_models_output(clip, pool5, tmp_path):
    write_mmaction2_backbone(tmp_path / "weights", PARAMETERS)
    model = build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)
    features = np.asarray(model(clip[np.newaxis]))[0]
    np.testing.assert_allclose(features, caffe_top(PARAMETERS, pool5["bgr", 95.14])["fc7"], rtol=1e-5, atol=1e-5)


def test_pretraining_goes_on_from_all_but_the_classes(tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    source = build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)
    source.save(tmp_path / "c3d.keras")
    preprocessing = preprocessing_of(tmp_path / "c3d.keras", (112, 112))
    model, lines = scoringnet_tf.C3D(width_multiplier=WIDTH, heads={"group": 6}, preprocessing=preprocessing), []
    continue_from(model, tmp_path / "c3d.keras", log=lines.append)
    for a, b in zip(source.get_weights()[:-2], model.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(a, b)
    assert lines[-1].endswith("not used: fc8")
    longer = scoringnet_tf.C3D((32, 112, 112, 3), WIDTH, heads={"group": 6}, preprocessing=preprocessing)
    with refused("other_model", "fc6"):
        continue_from(longer, tmp_path / "c3d.keras")


def test_the_log_says_what_went_where(tmp_path):
    write_checkpoint(tmp_path / "weights", PARAMETERS)
    lines = []
    build_c3d(read_weights(tmp_path / "weights"), "weights", log=lines.append)
    assert lines[0].endswith("channels_last; BGR frames less 95.14, 102.86, 107.76, times 1")
    assert lines[1] == "var_name/wc1 (3, 3, 3, 3, 4) → conv1a (3, 3, 3, 3, 4)"
    assert lines[9] == "var_name/wd1 (512, 256) → fc6 (512, 256)"
    assert lines[-1] == "weights: not used: var_name/global_step"


def test_a_checkpoint_of_several_towers_is_refused(tmp_path):
    """Neither is the one that is meant."""
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for tower in ("tower_0", "tower_1"):
            with tf.compat.v1.variable_scope(tower):
                for layer in ("c1", "c2"):
                    tf.compat.v1.get_variable(f"w{layer}", initializer=np.zeros((3, 3, 3, 3, 4), np.float32))
                    tf.compat.v1.get_variable(f"b{layer}", initializer=np.zeros(4, np.float32))
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver()
        saver.save(session, str(tmp_path / "weights"), write_meta_graph=False, write_state=False)
    expected = r"weights: expected one variable wc1\. Received: tower_0/wc1 and tower_1/wc1\."
    with pytest.raises(InputError, match=expected):
        read_weights(tmp_path / "weights")


def test_fc6_order_of_a_checkpoint_may_be_given(clip, pool5, tmp_path):
    write_checkpoint(tmp_path / "weights", UCF101)  # fine-tuned in Caffe, then converted: auto would take it for TF's
    model = build_c3d(read_weights(tmp_path / "weights", "channels_last"), "weights", log=lambda line: None)
    expected = caffe_top(UCF101, pool5["bgr", 95.14])["fc6"]
    np.testing.assert_allclose(outputs(model, clip, ["fc6"])["fc6"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.interop
@pytest.mark.parametrize("zipped", [True, False])
def test_pytorch_itself_writes_what_is_read(zipped, tmp_path):
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


def pytorch_outputs(torch, state, frames):
    """fc6, fc7 and the probabilities of a `c3d.pickle`, by PyTorch, for preprocessed frames (T, H, W, C).

    In float64: two float32 libraries may differ by more than what is asked of one.
    """
    functional = torch.nn.functional
    state = {name: tensor.double() for name, tensor in state.items()}
    x, found = torch.tensor(np.moveaxis(frames, -1, 0)[np.newaxis]).double(), {}
    for name, spec in TRUNK:
        if name.startswith("conv"):
            weights = (state[f"{SHORT.get(name, name)}.{kind}"] for kind in ("weight", "bias"))
            x = functional.relu(functional.conv3d(x, *weights, padding=1))
        else:
            x = functional.max_pool3d(x, spec, ceil_mode=True)
    found["pool5"] = np.moveaxis(x[0].detach().numpy(), 0, -1)
    x = x.flatten(1)
    for name in ("fc6", "fc7", "fc8"):
        x = functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])
        x = x.softmax(1) if name == "fc8" else functional.relu(x)
        found[name] = x[0].detach().numpy()
    return found


@pytest.mark.interop
@pytest.mark.parametrize("layout", ["c3d.pickle", "c3d.pickle, legacy", "mmaction2"])
def test_weights_that_pytorch_saved_give_the_outputs_of_pytorch(layout, clip, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    parameters = UCF101 if layout == "mmaction2" else PARAMETERS
    tensors = torch_tensors(parameters, lambda name: SHORT.get(name, name))
    state = saved = {name: torch.tensor(array) for name, array in tensors.items()}
    frames = clip[..., ::-1] - BGR_MEAN
    if layout == "mmaction2":
        named = mmaction2_tensors(parameters, "backbone.")
        saved = {"meta": {"epoch": 45}, "state_dict": {name: torch.tensor(array) for name, array in named.items()}}
        frames = clip - MMACTION2_MEAN
    torch.save(saved, tmp_path / "weights", _use_new_zipfile_serialization="legacy" not in layout)
    model = build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)
    expected = pytorch_outputs(torch, state, frames)
    names = ["pool5"] if layout == "mmaction2" else ["pool5", "fc6", "fc7", "fc8"]
    for name, value in outputs(model, clip, names).items():
        np.testing.assert_allclose(value, expected[name], **FLOAT32, err_msg=name)


# === The mean ===


def mean_clip(height=128, width=171):
    """(3, 16, H, W), as Caffe has it, different at every pixel and frame."""
    around = np.array(SPORTS1M["mean"]).reshape(3, 1, 1, 1)
    return (around + np.random.default_rng(3).uniform(-40, 40, (3, 16, height, width))).astype("float32")


@pytest.mark.parametrize("kind", ["binaryproto", "npy", "npy, channels last", "npy, cropped"])
def test_the_mean_is_cropped_as_frames_are(kind, tmp_path):
    clip, path = mean_clip(), tmp_path / "mean"
    expected = np.moveaxis(clip, 0, -1)[:, 8:120, 29:141]
    if kind == "binaryproto":
        path.write_bytes(caffe_blob(clip[np.newaxis]).SerializeToString())
    else:
        content = {"npy": clip, "npy, channels last": np.moveaxis(clip, 0, -1), "npy, cropped": expected}[kind]
        with path.open("wb") as file:
            np.save(file, content)
    np.testing.assert_allclose(read_mean(path), expected.mean(0), atol=0.00501)


def test_a_mean_image_is_subtracted_and_survives_saving(clip, tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    (tmp_path / "mean").write_bytes(caffe_blob(mean_clip()[np.newaxis]).SerializeToString())
    mean = read_mean(tmp_path / "mean")
    model = build_c3d(with_mean(read_weights(tmp_path / "weights"), mean), "weights", log=lambda line: None)
    model.save(tmp_path / "c3d.keras")
    again = keras.models.load_model(tmp_path / "c3d.keras")
    assert again.preprocessing == {**SPORTS1M, "mean": mean}
    expected = clip[..., ::-1] - np.array(mean)
    np.testing.assert_allclose(outputs(again, clip, ["rescale"])["rescale"], expected, atol=1e-4)


@pytest.mark.interop
def test_a_mean_is_for_weights_that_had_one(tmp_path):
    write_mmaction2(tmp_path / "weights", UCF101)
    with pytest.raises(InputError, match=r"--mean: expected weights .* MMAction2, whose mean is \[104.0, 117.0"):
        with_mean(read_weights(tmp_path / "weights"), read_weights)


@pytest.mark.parametrize(
    "change",
    [lambda mean: mean / 255, lambda mean: mean[..., ::-1], lambda mean: np.where(mean == mean.max(), np.nan, mean)],
    ids=["from 0 to 1", "RGB", "a NaN"],
)
def test_a_mean_of_other_units_or_channels_is_refused(change, tmp_path):
    with (tmp_path / "mean").open("wb") as file:
        np.save(file, change(np.moveaxis(mean_clip(), 0, -1)))
    with pytest.raises(
        InputError, match=r"--mean=.*mean: expected that of Sports-1M, BGR from 0 to 255, on average 95"
    ):
        read_mean(tmp_path / "mean")


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((2, 2)), r"an array of \(2, 2\)"),
        (np.zeros((16, 64, 64, 3)), r"an array of \(16, 64, 64, 3\)"),
        (np.array([{}]), "allow_pickle"),
        (None, "a blob that is not of C3D 1.0"),
    ],
)
def test_another_mean_is_refused(array, found, tmp_path):
    content = io.BytesIO()
    if array is not None:
        np.save(content, array, allow_pickle=True)
    (tmp_path / "mean").write_bytes(content.getvalue() or bytes([8, 1, 16, 3, 24, 1, 32, 1, 40, 1]))  # axes alone
    with pytest.raises(InputError, match=f"mean: expected the mean of clips.*{found}"):
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
    with pytest.raises(InputError, match=r"weights: expected .* Received: "):
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
    with pytest.raises(InputError) as error:
        read_weights(path)
    assert error.value.code == "torch_file" and not target.exists()


@pytest.mark.interop
@pytest.mark.parametrize("views", [3, 300])
def test_many_tensors_may_not_show_the_same_storage(views, tmp_path):
    """A few may: tied weights do. Many would ask for more memory than the file makes believe."""
    torch = pytest.importorskip("torch")
    storage = torch.zeros(10_000)
    torch.save({f"w{number}": storage for number in range(views)}, tmp_path / "weights")
    if views == 3:
        assert len(read_tensors(tmp_path / "weights")) == 3
        return
    with pytest.raises(InputError) as error:
        read_tensors(tmp_path / "weights")
    assert error.value.code == "torch_file"


def test_without_pytorch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "weights").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError) as error:
        read_weights(tmp_path / "weights")
    assert error.value.code == "torch_missing"


@pytest.mark.interop
def test_a_keras_model_is_not_a_weights_file(tmp_path):
    pytest.importorskip("torch")
    scoringnet_tf.C3D((4, 16, 16, 3), 1 / 16).save(tmp_path / "c3d.keras")
    with pytest.raises(InputError) as error:
        read_weights(tmp_path / "c3d.keras")
    assert error.value.code == "torch_file"


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x08", bytes(range(256))])
def test_other_bytes_are_refused(content, tmp_path):
    (tmp_path / "c3d.caffemodel").write_bytes(content)
    with pytest.raises(InputError, match=r"c3d\.caffemodel: expected .* Received: "):
        build_c3d(read_weights(tmp_path / "c3d.caffemodel"), tmp_path / "c3d.caffemodel")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing: expected a file of weights\. Received: no such file"):
        read_weights(tmp_path / "missing")


def test_fc6_order_is_for_checkpoints_alone(tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    with pytest.raises(InputError, match="expected a TensorFlow checkpoint with --fc6_order"):
        read_weights(tmp_path / "weights", "channels_last")


@pytest.mark.interop
def test_foreign_names_are_listed(tmp_path):
    tensors = {"features.0.weight": np.zeros((2, 2), np.float32)}
    save_by_torch(tmp_path / "weights", tensors)
    with pytest.raises(InputError, match=r"expected the names of PyTorch .* Received: features\.0\.weight\."):
        read_weights(tmp_path / "weights")


@pytest.mark.parametrize(
    ("layer", "change", "message"),
    [
        ("conv3b", None, r"expected all layers of C3D .* Received: no conv3b; found: conv1a,"),
        (
            "conv4a",
            lambda kernel: kernel[:, :, :2],
            r"kernel of conv4a .* one of \(3, 3, 3, 16, 32\).* \(2, 3, 3,",
        ),
        (
            "fc6",
            lambda kernel: kernel[:, :288],
            r"kernel of fc6-1 .* \(512, 256\), for fc6 .* \(256, 288\) in the file",
        ),
        ("fc7", lambda kernel: kernel * np.float32(np.inf), "finite numbers. Received: NaN or infinity in the kernel"),
    ],
)
def test_what_does_not_fit_c3d_is_named(layer, change, message, tmp_path):
    kernel, bias = PARAMETERS[layer]
    changed = {**PARAMETERS, layer: (change(kernel), bias)} if change else dict(PARAMETERS)
    if not change:
        del changed[layer]
    with np.errstate(invalid="ignore"):
        write_caffe(tmp_path / "weights", {name: tuple(map(np.ascontiguousarray, p)) for name, p in changed.items()})
    with pytest.raises(InputError, match=message):
        build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)


def test_a_bias_that_is_no_number_is_named(tmp_path):
    kernel, bias = PARAMETERS["conv2a"]
    write_caffe(tmp_path / "weights", {**PARAMETERS, "conv2a": (kernel, np.full_like(bias, np.nan))})
    with pytest.raises(InputError, match=r"finite numbers\. Received: NaN or infinity in the bias of conv2a\."):
        build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)


@pytest.mark.interop
def test_other_classes_by_the_names_of_sports1m_leave_the_convolutions(clip, pool5, tmp_path):
    """As of C3D-ucf101: its fc6 has learned behind another pool5, and on frames less another mean."""
    write_pytorch(tmp_path / "weights", UCF101)
    lines = []
    model = build_c3d(read_weights(tmp_path / "weights"), "weights", log=lines.append)
    assert "fc6" not in {layer.name for layer in model.layers}
    expected = np.moveaxis(pool5["bgr", 95.14], 0, -1)
    np.testing.assert_allclose(outputs(model, clip, ["pool5"])["pool5"], expected, rtol=1e-5, atol=1e-5)
    assert "101 classes of another set, whose mean is not known: that of Sports-1M is assumed; BGR" in lines[0]
    assert "fc8.bias (they were trained anew, as a rule behind a pool5 that pads on all sides)" in lines[-1]


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
    ("write", "received"),
    [
        pytest.param(write_normalised_pytorch, r"bn1\.running_mean, bn1\.running_var", marks=pytest.mark.interop),
        (write_normalised_keras, "bn1"),
    ],
)
def test_a_c3d_with_batch_normalisation_is_refused(write, received, tmp_path):
    write(tmp_path / "weights")
    expected = rf"weights: expected weights of C3D, which has no batch normalisation\. Received: {received}\.$"
    with pytest.raises(InputError, match=expected):
        build_c3d(read_weights(tmp_path / "weights"), "weights", log=lambda line: None)


# === The command ===


@pytest.mark.slow
def test_the_command_writes_a_c3d(clip, pool5, tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    result = started("scoringnet_tf.import_weights", tmp_path / "weights", f"--output={tmp_path / 'c3d.keras'}")
    assert result.returncode == 0, result.stderr
    assert "fc6-1 (256, 512) → fc6 (512, 256)" in result.stdout
    model = keras.models.load_model(tmp_path / "c3d.keras")
    assert {weight.dtype for weight in model.weights} == {"float32"}
    expected = caffe_top(PARAMETERS, pool5["bgr", 95.14])["fc8"]
    np.testing.assert_allclose(np.asarray(model(clip[np.newaxis])["fc8"])[0], expected, rtol=1e-5, atol=1e-5)


def test_the_command_subtracts_the_mean_that_it_is_given(tmp_path):
    write_caffe(tmp_path / "weights", PARAMETERS)
    (tmp_path / "mean").write_bytes(caffe_blob(mean_clip()[np.newaxis]).SerializeToString())
    words = [tmp_path / "weights", f"--output={tmp_path / 'c3d.keras'}", f"--mean={tmp_path / 'mean'}"]
    result = forked("scoringnet_tf.import_weights", *words)
    assert result.returncode == 0, result.stderr
    model = keras.models.load_model(tmp_path / "c3d.keras")
    assert model.preprocessing == {**SPORTS1M, "mean": read_mean(tmp_path / "mean")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("weights",), "--output: expected a value"),
        (("weights", "--output=c3d.h5"), r"--output: expected a name that ends in \.keras. Received: c3d\.h5"),
        (("one", "two", "--output=c3d.keras"), "Expected one file of weights. Received: one two"),
        (("missing", "--output=c3d.keras"), "missing: expected a file of weights. Received: no such file"),
    ],
)
def test_the_command_names_what_is_wrong(arguments, message):
    assert_refused(arguments, message)


@pytest.mark.slow
def test_the_model_of_a_run_is_not_replaced(tmp_path):
    for name in ("best.keras", "c3d.keras"):
        (tmp_path / name).write_bytes(b"of a run")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    taken = r"expected a name of its own, or another folder\. Received: model\.keras in that of a run"
    assert_refused((tmp_path / "best.keras", f"--output={tmp_path / 'model.keras'}"), taken)
    assert not (tmp_path / "model.keras").exists()
    for written, message in (
        ("c3d.keras", r"expected a new file\. Received: one that is there, in the folder of a run\."),
        ("sub/../best.keras", r"expected another file than the one to read\. Received: the same"),
    ):
        assert_refused((tmp_path / "best.keras", f"--output={tmp_path}/{written}"), message)
        assert (tmp_path / written).read_bytes() == b"of a run"


def assert_refused(arguments, message):
    result = forked("scoringnet_tf.import_weights", *arguments)
    assert result.returncode == 1
    assert re.search(message, result.stderr)
    assert "Traceback" not in result.stderr
