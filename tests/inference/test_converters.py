"""LiteRT and ONNX: the numbers of Keras in another runtime, or a refusal that names what is in the way."""

import importlib
import json
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused

import scoringnet_tf
from scoringnet_tf.inference.converters import export_litert, export_onnx, pooled_in_two_dimensions
from scoringnet_tf.inference.export import checked_outputs, example_videos

EXPORTS = {"litert": export_litert, "onnx": export_onnx}
FILES = {"litert": "model.tflite", "onnx": "model.onnx"}
LIBRARIES = {"litert": ("ai_edge_litert",), "onnx": ("tf2onnx", "onnx", "onnxruntime")}


def need(form):
    for library in LIBRARIES[form]:
        pytest.importorskip(library)  # the extras litert and onnx, which dev does not bring


def run(form, path, videos):
    """The outputs of a file in its own runtime."""
    if form == "litert":
        litert = importlib.import_module("ai_edge_litert.interpreter")
        return litert.Interpreter(str(path)).get_signature_runner()(**videos)
    session = importlib.import_module("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, videos), strict=True))


@pytest.fixture(scope="module")
def whole_features():
    """One tower on features: little to convert."""
    keras.utils.set_random_seed(0)
    options = {"clip_lengths": (4, 4), "width_multiplier": 1 / 16, "scores": ("final",), "fragments": "whole"}
    features = {"size": 5, "stride": 1, "origin": None}
    return scoringnet_tf.ScoringNet(features=features, **options, score_predictor={"head": "distribution"})


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.parametrize("form", EXPORTS)
def test_a_model_of_frames_gives_the_numbers_of_keras(form, tmp_path):
    need(form)
    keras.utils.set_random_seed(0)
    network = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        score_statistics={"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)},
        frame_size=(36, 48),
        decoding="ordered",
    )
    path = EXPORTS[form](network, tmp_path / "1", 1)
    assert path == tmp_path / "1" / FILES[form]
    videos = example_videos(network, (13,))
    videos["mask"][0, 10:] = False
    outputs, expected = run(form, path, videos), checked_outputs(network)(videos)
    assert set(outputs) == {*expected} and "valid" in expected
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, atol=1e-3, rtol=0, err_msg=name)
    assert json.loads((tmp_path / "1/model.json").read_text())["stages"] == list(network.sport.stages)


class Converters:
    """Stands in for the converters and runtimes of both formats, installed or not.

    Args:
        error: what converting raises; None for nothing.
        outputs: a function of the inputs, what the runtimes give.
    """

    def __init__(self, monkeypatch, error=None, outputs=None):
        def convert(*_, **__):
            if error is not None:
                raise error
            return b""

        def from_function(*_, **__):
            return types.SimpleNamespace(SerializeToString=convert), None

        class Session:
            def __init__(self, *_, **__):
                self.names = ["final", "final_std", "final_distribution", "valid"]

            def get_outputs(self):
                return [types.SimpleNamespace(name=name) for name in self.names]

            def run(self, names, videos):
                return [outputs(videos)[name] for name in names]

            def get_signature_runner(self):
                return lambda **videos: outputs(videos)

        fakes = {
            "tf2onnx": types.SimpleNamespace(
                convert=types.SimpleNamespace(from_function=convert if error else from_function)
            ),
            "onnx": types.SimpleNamespace(checker=types.SimpleNamespace(check_model=lambda _: None)),
            "onnxruntime": types.SimpleNamespace(InferenceSession=Session),
            "ai_edge_litert": types.SimpleNamespace(),
            "ai_edge_litert.interpreter": types.SimpleNamespace(Interpreter=Session),
        }
        for name, module in fakes.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(tf.lite.TFLiteConverter, "convert", convert)


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize(
    ("error", "code", "named"),
    [
        (RuntimeError("It is so:\n  \nToo deep\n"), "not_convertible", ["Too deep"]),
        (AssertionError(" \n"), "not_convertible", ["AssertionError"]),
        (ValueError("No Op registered for Erf, 'tf.Erf' op, 'tf.Erf' op"), "unknown_operation", ["Erf"]),
    ],
    ids=["words", "no words", "operations"],
)
def test_whatever_a_converter_raises_is_a_refusal(form, error, code, named, whole_features, monkeypatch, tmp_path):
    Converters(monkeypatch, error)
    with refused(code, f"--format={form}", *named) as caught:
        EXPORTS[form](whole_features, tmp_path / "1", 1)
    assert caught.value.__cause__ is error and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(28, "No space left on device"), tf.errors.ResourceExhaustedError(None, None, "OOM")],
    ids=lambda error: type(error).__name__,
)
def test_a_full_machine_is_no_fault_of_the_model(error, whole_features, monkeypatch, tmp_path):
    Converters(monkeypatch, error)
    with pytest.raises(type(error)) as caught:
        export_onnx(whole_features, tmp_path / "1", 1)
    assert caught.value is error


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize(
    ("difference", "code"), [(0.0005, None), (0.002, "numbers_differ"), (np.nan, "numbers_differ")]
)
def test_other_numbers_are_refused(form, difference, code, whole_features, monkeypatch, tmp_path):
    def outputs(videos):
        found = {name: np.array(value) for name, value in checked_outputs(whole_features)(videos).items()}
        return {**found, "final": found["final"] + difference}

    Converters(monkeypatch, outputs=outputs)
    if code is None:
        assert EXPORTS[form](whole_features, tmp_path / "1", 1).is_file()
        return
    with refused(code, f"--format={form}", "final"):
        EXPORTS[form](whole_features, tmp_path / "1", 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", EXPORTS)
def test_a_missing_extra_is_named(form, whole_features, monkeypatch, tmp_path):
    for name in (*LIBRARIES[form], "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with refused("missing_package", f"--format={form}", f"'.[{form}]'"):
        EXPORTS[form](whole_features, tmp_path / "1", 1)


@pytest.mark.parametrize("window", [(1, 2, 2), (2, 2, 2), (3, 3, 3)])
@pytest.mark.parametrize("shape", [(1, 7, 5, 6, 2), (2, 1, 1, 1, 2), (2, 4, 4, 4, 3)])
def test_pooling_in_two_dimensions_is_pooling_in_three(window, shape):
    layer = keras.layers.MaxPooling3D(window, strides=[min(2, size) for size in window], padding="same")
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(pooled_in_two_dimensions(layer, x), layer(x))
