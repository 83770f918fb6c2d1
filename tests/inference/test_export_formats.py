"""Exports to LiteRT and ONNX give the numbers of Keras, and are tried before they are kept."""

import importlib.util
import json
import sys
import types

import keras
import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed, refused
from training_runs import SMALL, trained

import scoringnet_tf
from scoringnet_tf.data.features import JOINTS_ORIGIN, JOINTS_SIZE
from scoringnet_tf.inference.export import FILES, checked_outputs, example_videos
from scoringnet_tf.inference.export_formats import export_litert, export_onnx, pooled_in_two_dimensions
from scoringnet_tf.models.settings import merged

EXPORTS = {"litert": export_litert, "onnx": export_onnx}
LIBRARIES = {"litert": ("ai_edge_litert",), "onnx": ("tf2onnx", "onnx", "onnxruntime")}


@pytest.fixture(scope="module")
def features_network():
    keras.utils.set_random_seed(0)
    options = {
        "width_multiplier": 1 / 16,
        "score_predictor": {"scores": ("final",), "clip_lengths": (4, 4)},
        "segmenter": None,
    }
    features = {"size": 5, "stride": 1, "origin": None}
    return scoringnet_tf.ScoringNet(
        **merged(options, {"content": {"features": features}, "score_predictor": {"head": "distribution"}})
    )


def run(form, path, videos):
    """The outputs of a file in its own runtime."""
    if form == "litert":
        litert = importlib.import_module("ai_edge_litert.interpreter")
        return litert.Interpreter(str(path)).get_signature_runner()(**videos)
    session = importlib.import_module("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, videos), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("form", EXPORTS)
def test_the_command_writes_the_format_of_its_flag_or_names_what_that_needs(form, features_network, tmp_path):
    trained(features_network).save(tmp_path / "model.keras")
    words = [f"--model={tmp_path / 'model.keras'}", f"--export_dir={tmp_path}", "--version=7", f"--format={form}"]
    result = forked("scoringnet_tf.export", *words)
    lacking = [library for library in LIBRARIES[form] if importlib.util.find_spec(library) is None]
    if lacking:
        assert code_printed(result.stderr) == "missing_package" and lacking[0] in result.stderr
    else:
        assert (tmp_path / "7" / FILES[form]).is_file(), result.stderr


FRAMES = {"content": {"frame_size": (36, 48)}, "segmenter": {"network": "c3d_bi_lstm"}}
JOINTS = {
    "content": {"features": {"size": JOINTS_SIZE, "stride": 1, "origin": JOINTS_ORIGIN}},
    "segmenter": {"network": "tcn"},
    "score_predictor": {"elements": {"101B": 1.5, "107B": 3.0}, "faults": {"splash": (0.2, 0.1)}},
}


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("content", [FRAMES, JOINTS], ids=["frames", "joints"])
def test_a_model_of_all_parts_gives_the_numbers_of_keras(form, content, tmp_path):
    for library in LIBRARIES[form]:
        pytest.importorskip(library)  # the extras litert and onnx, which dev does not bring
    keras.utils.set_random_seed(0)
    network = scoringnet_tf.ScoringNet(**merged(SMALL, content, {"segmenter": {"decoding": "ordered"}}))
    path = EXPORTS[form](network, tmp_path / "1")
    assert path == tmp_path / "1" / FILES[form]
    videos = example_videos(network, (13,))
    videos["mask"][0, 10:] = False
    outputs, expected = run(form, path, videos), checked_outputs(network)(videos)
    assert set(outputs) == {*expected} and "valid" in expected
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, atol=1e-3, rtol=0, err_msg=name)
    assert json.loads((tmp_path / "1/model.json").read_text())["stages"] == list(network.sport.stages)


@pytest.fixture
def converters(monkeypatch):
    """A function that puts stand-ins in the place of tf2onnx, ONNX and its runtime, installed or not."""

    def install(error=None, outputs=None):
        def convert(*_, **__):
            if error is not None:
                raise error
            return types.SimpleNamespace(SerializeToString=lambda: b""), None

        class Session:
            def __init__(self, *_, **__):
                self.names = ["final", "final_std", "final_distribution", "reasons", "valid"]

            def get_outputs(self):
                return [types.SimpleNamespace(name=name) for name in self.names]

            def run(self, names, videos):
                return [outputs(videos)[name] for name in names]

        for name, module in {
            "tf2onnx": types.SimpleNamespace(convert=types.SimpleNamespace(from_function=convert)),
            "onnx": types.SimpleNamespace(checker=types.SimpleNamespace(check_model=lambda _: None)),
            "onnxruntime": types.SimpleNamespace(InferenceSession=Session),
        }.items():
            monkeypatch.setitem(sys.modules, name, module)

    return install


@pytest.mark.parametrize("error", [RuntimeError("It is so:\n  \nToo deep\n"), MemoryError(), OSError(28, "full")])
def test_what_a_converter_raises_is_a_refusal_unless_the_machine_is_full(error, converters, features_network, tmp_path):
    converters(error)
    expected = refused("not_convertible", "onnx", "Too deep") if str(error)[:2] == "It" else pytest.raises(type(error))
    with expected:
        export_onnx(features_network, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("difference", "code"), [(0.0005, None), (0.002, "numbers_differ"), (np.nan, "numbers_differ")]
)
def test_other_numbers_are_refused(difference, code, converters, features_network, tmp_path):
    def outputs(videos):
        found = {name: np.array(value) for name, value in checked_outputs(features_network)(videos).items()}
        return {**found, "final": found["final"] + difference}

    converters(outputs=outputs)
    if code is None:
        assert export_onnx(features_network, tmp_path / "1").is_file()
        return
    with refused(code, "onnx", "final"):
        export_onnx(features_network, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", EXPORTS)
def test_a_missing_extra_is_named(form, features_network, monkeypatch, tmp_path):
    for name in (*LIBRARIES[form], "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with refused("missing_package", f"--format={form}", f"'.[{form}]'"):
        EXPORTS[form](features_network, tmp_path / "1")


@pytest.mark.parametrize("window", [(1, 2, 2), (2, 2, 2), (3, 3, 3)])
@pytest.mark.parametrize("shape", [(1, 7, 5, 6, 2), (2, 1, 1, 1, 2), (2, 4, 4, 4, 3)])
def test_pooling_in_two_dimensions_is_pooling_in_three(window, shape):
    layer = keras.layers.MaxPooling3D(window, strides=[min(2, size) for size in window], padding="same")
    x, inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32), keras.Input((None, *shape[2:]))
    model = keras.Model(inputs, layer(inputs))
    np.testing.assert_array_equal(pooled_in_two_dimensions(model)(x), model(x))
