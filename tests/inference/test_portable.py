"""LiteRT and ONNX: the numbers of Keras in another runtime, or a refusal that names what is in the way."""

import json
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import scoringnet_tf
from scoringnet_tf.inference import portable
from scoringnet_tf.inference.serving import checked_outputs
from scoringnet_tf.inference.warmup import example_videos
from scoringnet_tf.models import decoding
from scoringnet_tf.support.errors import InputError

FEATURES = {"size": 5, "stride": 1, "origin": None}
STATISTICS = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}


@pytest.fixture
def needs(request):
    for library in portable.FORMATS[request.getfixturevalue("form")].libraries:
        pytest.importorskip(library)  # the extras litert and onnx, which dev does not bring


def features_network(**options):
    keras.utils.set_random_seed(0)
    return scoringnet_tf.ScoringNet(features=FEATURES, clip_lengths=(4, 4), width_multiplier=1 / 16, **options)


def whole_features():
    """One tower on features: little to convert."""
    return features_network(scores=("final",), fragments="whole", score_predictor={"head": "distribution"})


def assert_same(found, expected):
    assert set(found) == {*expected} and "valid" in expected
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-3, rtol=0, err_msg=name)


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.parametrize("form", ["litert", "onnx"])
@pytest.mark.usefixtures("needs")
def test_a_model_of_frames_gives_the_numbers_of_keras(form, tmp_path):
    keras.utils.set_random_seed(0)
    network = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        score_statistics=STATISTICS,
        frame_size=(36, 48),
        decoding="ordered",
    )
    path = portable.export_portable(network, tmp_path / "1", 1, form)
    assert path == tmp_path / "1" / portable.FORMATS[form].file
    videos = example_videos(network, (13,))
    videos["mask"][0, 10:] = False
    assert_same(portable.FORMATS[form].run(path, videos), checked_outputs(network)(videos))
    assert json.loads((tmp_path / "1/model.json").read_text())["stages"] == list(network.sport.stages)


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.parametrize("form", ["litert", "onnx"])
@pytest.mark.usefixtures("needs")
def test_an_operation_that_cannot_be_converted_is_named(form, tmp_path, monkeypatch):
    """Keras's own arg-max of floats looks at their bits."""
    monkeypatch.setattr(decoding, "first_argmax", lambda x: keras.ops.cast(keras.ops.argmax(x, axis=-1), "int32"))
    operation = {"litert": "BitwiseAnd", "onnx": "Bitcast"}[form]
    with pytest.raises(
        InputError, match=rf"--format={form}: expected operations .* Received a model with: .*{operation}"
    ):
        portable.export_portable(features_network(), tmp_path / "1", 1, form)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (RuntimeError("It is so:\n  \nToo deep\n"), "expected a model that can be converted. Received: Too deep."),
        (AssertionError(" \n"), "expected a model that can be converted. Received: AssertionError."),
        (
            ValueError("Erf, Conv, Erf\nSo"),
            "expected operations that it has. Received a model with: Conv, Erf.",
        ),
    ],
    ids=["words", "no words", "operations"],
)
def test_a_conversion_that_fails_says_at_which_operation_else_why(error, refusal):
    with pytest.raises(InputError) as caught, portable._converting("onnx", r"(Conv|Erf)"):
        raise error
    assert str(caught.value) == f"--format=onnx: {refusal}" and caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(28, "No space left on device"), tf.errors.ResourceExhaustedError(None, None, "OOM")],
    ids=lambda error: type(error).__name__,
)
def test_a_machine_that_is_full_is_no_fault_of_the_model(error):
    with pytest.raises(type(error)) as caught, portable._converting("onnx", "none"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_whatever_a_converter_raises_is_a_refusal(form, monkeypatch):
    """Whether the extras are installed or not."""

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(tf.lite.TFLiteConverter, "convert", fail)
    converter = types.SimpleNamespace(convert=types.SimpleNamespace(from_function=fail))
    monkeypatch.setitem(sys.modules, "tf2onnx", converter)
    monkeypatch.setitem(sys.modules, "onnx", types.SimpleNamespace())
    with pytest.raises(InputError, match=rf"^--format={form}: expected a model .* Received: RuntimeError\.$"):
        portable.FORMATS[form].convert(whole_features())


@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_other_numbers_are_refused(form, tmp_path, monkeypatch):
    network = whole_features()

    def run(_, videos):
        found = {name: np.array(value) for name, value in checked_outputs(network)(videos).items()}
        return {**found, "final": found["final"] + 0.002}

    monkeypatch.setattr(portable, "_check_installed", lambda *_: None)
    changed = portable.FORMATS[form]._replace(convert=lambda _: b"", run=run)
    monkeypatch.setitem(portable.FORMATS, form, changed)
    with pytest.raises(InputError, match=rf"--format={form}: expected final within 0.001 of Keras. Received: 0.002"):
        portable.export_portable(network, tmp_path / "1", 1, form)
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_are_none_are_refused():
    with pytest.raises(InputError, match=r"expected final within 0\.001 of Keras\. Received: nan"):
        portable._check_numbers("onnx", {"final": np.float32([np.nan])}, {"final": np.float32([1])})


@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_a_missing_extra_is_named(form):
    with pytest.raises(InputError, match=rf"pip install '\.\[{form}\]' brings. Received: No module named"):
        portable._check_installed(form, ("a_library_that_nobody_has",))


@pytest.mark.parametrize("window", [(1, 2, 2), (2, 2, 2), (3, 3, 3)])
@pytest.mark.parametrize("shape", [(1, 7, 5, 6, 2), (2, 1, 1, 1, 2), (2, 4, 4, 4, 3)])
def test_pooling_in_two_dimensions_is_pooling_in_three(window, shape):
    layer = keras.layers.MaxPooling3D(window, strides=[min(2, size) for size in window], padding="same")
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(portable._call_in_two_dimensions(layer, x), layer(x))
