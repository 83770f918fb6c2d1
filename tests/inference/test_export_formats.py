"""Exports to LiteRT and ONNX give the numbers of Keras, and are tried before they are kept."""

import importlib.util
import json
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from command_forks import forked
from refusals import code_printed, refused
from scripted_stages import labels_of
from test_checks import DIVE, STAGES, STATISTICS, codes
from training_runs import SMALL, trained

import scoringnet_tf
from scoringnet_tf.data.features import JOINTS_ORIGIN, JOINTS_SIZE
from scoringnet_tf.inference.checks import REASONS
from scoringnet_tf.inference.export import FILES, checked_outputs, example_videos
from scoringnet_tf.inference.export_formats import export_litert, export_onnx, pooled_in_two_dimensions
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Spread, TrainingStatistics

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
    with refused(code, "onnx", "final"):
        assert export_onnx(features_network, tmp_path / "1").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["1"] * (code is None)


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


def feature_model(**options):
    small = {"width_multiplier": 1 / 16, "score_predictor": {"clip_lengths": (4, 4), "score_statistics": STATISTICS}}
    features = {"size": 4, "stride": 2, "origin": None}
    return trained(
        scoringnet_tf.ScoringNet(**merged(small, {"content": {"features": features}, "segmenter": None}, options))
    )


@pytest.mark.parametrize(
    ("num_steps", "steps", "is_told"),
    [
        ((2900, 3100), 5, True),
        ((20, 40), 59, False),
        ((20, 40), 61, True),
        ((1, 1), 1, False),
        (None, 5, False),
    ],
)
def test_features_of_a_length_outside_training_are_told(tmp_path, num_steps, steps, is_told):
    """A model of features without stages knows no durations; an older one has no lengths either."""
    reference = TrainingStatistics(60, "", 0, {}, (), num_steps=num_steps).get_config()
    if num_steps is None:
        del reference["num_steps"]
    model = feature_model(reference=reference)
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(steps, 4)))
    score = score_video(tmp_path / "v.npy", model)
    assert score.status == "scored"
    assert ("length_unlike_training" in [warning.code for warning in score.warnings]) == is_told


def exported_codes(model, inputs):
    """The codes of `reasons` for each video; `valid` says whether there are none."""
    outputs = {name: np.asarray(value) for name, value in checked_outputs(model)(inputs).items()}
    assert outputs["valid"].tolist() == (~outputs["reasons"].any(axis=1)).tolist()
    return [[REASONS[number] for number in np.flatnonzero(row)] for row in outputs["reasons"]]


def test_an_export_calls_no_score_valid_that_cannot_be():
    """With features like those of training, a tower that answers 100 is what speaks against it."""
    inputs = {"features": tf.zeros((2, 25, 4)), "mask": tf.ones((2, 25), tf.bool)}
    for difficulty, expected in ((3.2, True), (100.0, False)):
        model = feature_model(score_predictor={"score_statistics": {**STATISTICS, "difficulty": (difficulty, 0.3)}})
        assert exported_codes(model, inputs) == [[] if expected else ["impossible_score"]] * 2


STRICT = {
    "unlike_training": {"spread": Spread([0.0] * 4, [[1.0, 0, 0, 0]], [1.0], 1.0, limit=1e-3)},
    "uncertain_stage": {"certainty": dict.fromkeys(STAGES, 0.999)},
    "missing_stage": {"required": STAGES},
    "stage_duration": {"durations": {"entry": (9.0, 10.0)}},
}


def statistics(**changes):
    return TrainingStatistics(60, "", 0, **{"durations": {}, "required": (), **changes}).get_config()


@pytest.fixture(scope="module")
def identity():
    """A model whose KFS is the identity, and whose statistics speak against nothing."""
    options = {"provenance": {"frame_rate": 25.0}, "segmenter": {"network": "c3d"}}
    model = feature_model(reference=statistics(), **options)
    for name in ("fc1", "fc2"):
        kernel, bias = model.segmenter.get_layer(name).get_weights()
        model.segmenter.get_layer(name).set_weights([np.eye(*kernel.shape), 0 * bias])
    return model


def assert_reasons(model, stages, reasons, path):
    """In `predict` and in an export. The features are the logarithms of KFS's probabilities, moved to be positive."""
    features = np.log(np.where(np.eye(4, dtype=bool)[stages], 0.85, 0.05)).astype("float32") + 10
    np.save(path, features)
    assert codes(score_video(path, model)) == reasons
    assert exported_codes(model, {"features": features[None], "mask": np.ones((1, len(features)), bool)}) == [reasons]


@pytest.mark.parametrize("check", STRICT)
def test_an_export_makes_each_check_that_predict_makes(identity, check, tmp_path):
    stages = labels_of((0, 5), (2, 8), (3, 8), (0, 4)) if check == "missing_stage" else labels_of(*DIVE)
    assert_reasons(identity, stages, [], tmp_path / "v.npy")
    strict = identity.with_dtype("float32", reference=statistics(**STRICT[check]))
    assert_reasons(strict, stages, [check], tmp_path / "v.npy")


def test_features_of_two_performances_cannot_be_scored_apart(identity, tmp_path):
    assert_reasons(identity, labels_of(*DIVE, *DIVE), ["stage_order", "several_performances"], tmp_path / "v.npy")
