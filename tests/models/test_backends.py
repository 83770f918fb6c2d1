"""Models, losses, metrics and `compute_loss` are `keras.ops` alone: JAX and PyTorch give TensorFlow's numbers."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from training_runs import SMALL, STATISTICS, batch, telling

import scoringnet_tf
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.models.settings import merged

SCRIPT = pathlib.Path(__file__).with_name("backend_step.py")
# Of XLA, which takes a minute to make two steps fast.
QUICK_TO_COMPILE = {"XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"}
WITHOUT_DROPOUT = {
    "segmenter": {"network": "c3d_bi_lstm", "dropout_rate": 0.0},
    "score_predictor": {"dropout_rate": 0.0},
}


def run(backend, folders):
    environment = {"KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parents[2]), "JAX_PLATFORMS": "cpu"}
    environment = {**os.environ, **environment, **QUICK_TO_COMPILE}
    command = [sys.executable, SCRIPT, *folders]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def full():
    """The paper's model, and frames."""
    return telling(scoringnet_tf.ScoringNet(**merged(SMALL, WITHOUT_DROPOUT)), 1000.0), batch()[0]


def partial(lengths=(12, 12, 12), head="distribution", **options):
    """One tower with a distribution as head, or another, on samples of whole videos of features in standard units."""
    options = merged(
        SMALL,
        {"score_predictor": {"scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}}, "segmenter": None},
        options,
    )
    predictor = {"head": head, "dropout_rate": 0.0}
    features = {"size": 5, "stride": 1, "origin": None}
    model = scoringnet_tf.ScoringNet(
        **merged(options, {"content": {"features": features}, "score_predictor": predictor})
    )
    for part in (model.score_predictor.towers["final"], *([model.segmenter] if model.segmenter else [])):
        part.get_layer("feature_scaling").adapt(np.full(5, 2.0), np.full(5, 3.0))
    values = np.random.default_rng(0).normal(2, 3, (3, 12, 5)).astype("float32")
    return telling(model), {"features": values, "mask": np.arange(12) < np.array(lengths)[:, None]}


def of_film():
    """The same with the stage head for film, on key fragments of videos of unequal length."""
    return partial((12, 11, 7), segmenter={"dropout_rate": 0.0, "network": "tcn"})


def on(backbone):
    """Heads on a frozen backbone, and frames, some of them padding."""
    heads = merged(SMALL, WITHOUT_DROPOUT, {"image_size": backbone.frame_size})
    inputs = {**batch()[0], "mask": np.arange(12) < np.array([[12], [7], [10]])}
    model = scoringnet_tf.ScoringNet(backbone=backbone, **heads)
    model.adapt_features([(inputs, {})])
    return telling(model), inputs


def videos():
    """A network of videos without masks, a step for every four frames."""
    frames = keras.Input((None, 32, 32, 3))
    x = keras.layers.Conv3D(5, 3, (4, 2, 2), "same")(frames)
    return on(Backbone(keras.Model(frames, keras.ops.tanh(x)), preprocessing={"scale": 1 / 255}, pretrained=True))


def images():
    """A network of images with batch normalisation."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(6, 4, 4)(image))
    return on(Backbone(keras.Model(image, x), preprocessing={"channels": "bgr", "scale": 1 / 255}, pretrained=True))


def masked_i3d():
    """Two endpoints, two and four frames a step."""
    return on(Backbone(I3D((None, 32, 32, 3), 1 / 32, ("Mixed_3b", "Mixed_4b"), masked=True), pretrained=True))


def classes_of_i3d():
    """I3D alone."""
    return I3D((None, 32, 32, 3), 1 / 32, classes=5), {"frames": batch()[0]["frames"]}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Folders of a saved model and a batch each, and what TensorFlow makes of them."""
    keras.utils.set_random_seed(1)
    folders = []
    for prepare in (full, partial, of_film, videos, images, masked_i3d, classes_of_i3d):
        folders.append(tmp_path_factory.mktemp("backends"))
        model, inputs = prepare()
        model.save(folders[-1] / "model.keras")
        np.savez(folders[-1] / "batch.npz", **inputs, **batch()[1])
    return folders, run("tensorflow", folders)


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_gives_the_same_numbers(prepared, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install '.[backends]'")
    folders, expected = prepared
    for ours, theirs in zip(expected, run(backend, folders), strict=True):
        assert_same_numbers(ours, theirs, backend)


def assert_same_numbers(expected, found, backend):
    assert (expected["backend"], found["backend"]) == ("tensorflow", backend)
    for name, values in expected["outputs"].items():
        if name in STATISTICS:  # far from the mean, which towers give that read nothing
            assert np.abs(np.array(values) - STATISTICS[name][0]).min() > 3e-3 * STATISTICS[name][0], name
        np.testing.assert_allclose(found["outputs"][name], values, rtol=1e-3, atol=1e-4, err_msg=name)
    for moment, figures in expected["figures"].items():
        assert found["figures"][moment] == pytest.approx(figures, rel=2e-3, abs=2e-3), moment
    if "encoded" in found["outputs"]:
        assert found["outputs"]["encoded after the step"] == found["outputs"]["encoded"], "the backbone is frozen"
    if found["figures"]:
        assert found["figures"]["after"]["loss"] < found["figures"]["before"]["loss"]
