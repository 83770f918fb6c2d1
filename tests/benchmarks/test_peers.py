"""The PyTorch model that ours is measured against is the same model: its outputs, losses and gradients are ours."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from command_forks import forked
from training_runs import SMALL, STATISTICS

import scoringnet_tf
from benchmarks import data
from benchmarks.peers.regressions import compare
from benchmarks.peers.weights import weights
from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.trainer import TRUE_STAGES

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")

from benchmarks.peers import i3d as peers_i3d  # noqa: E402 after the skip
from benchmarks.peers import network as peers  # noqa: E402

pytestmark = pytest.mark.interop

LENGTHS = (12, 9, 12)  # the second video is padded


def batch():
    rng = np.random.default_rng(0)
    mask = np.arange(12)[None] < np.array(LENGTHS)[:, None]
    stages = np.int32([[1] * 3 + [2] * 5 + [3] * 2 + [0] * 2, [1] * 2 + [2] * 3 + [3] * 4 + [-1] * 3, [1] * 12])
    bright = np.linspace(0.2, 1, 36).reshape(3, 12, 1, 1, 1) * np.linspace(0.3, 1, 32)[:, None]
    inputs = {"frames": (rng.integers(0, 256, (3, 12, 32, 32, 3)) * bright).astype("uint8"), "mask": mask}
    scores = {"difficulty": np.float32([3.2, 3.6, 3.4]), "execution": np.float32([20, 27, 24])}
    return inputs, {"stages": stages, **scores}


@pytest.fixture(scope="module")
def both():
    keras.utils.set_random_seed(0)
    still = {"segmenter": {"network": "c3d_bi_lstm", "dropout_rate": 0.0}, "score_predictor": {"dropout_rate": 0.0}}
    ours = scoringnet_tf.ScoringNet(**merged(SMALL, still))
    rng = np.random.default_rng(1)
    for tower in ours.score_predictor.towers.values():  # from its small start, so that what it reads shows
        kernel, bias = tower.get_layer("regressor_fc3").get_weights()
        tower.get_layer("regressor_fc3").set_weights([rng.normal(0, 100, kernel.shape), bias + 0.1])
    theirs = peers.ScoringNet(32, 1 / 16, clip_length=8, statistics=STATISTICS, dropout=0.0)
    return ours, peers.load(theirs.to(memory_format=torch.channels_last_3d), weights(ours))


def tensors():
    inputs, targets = batch()
    targets = {name: torch.from_numpy(value) for name, value in targets.items()}
    return [torch.from_numpy(value) for value in inputs.values()], {**targets, "stages": targets["stages"].long()}


def test_outputs_are_the_same(both):
    ours, theirs = both
    inputs, _ = batch()
    expected = {name: np.asarray(value) for name, value in ours(inputs, training=False).items()}
    with torch.inference_mode():
        found = {name: value.numpy() for name, value in theirs(*tensors()[0]).items()}
    mask = inputs["mask"]
    np.testing.assert_allclose(found["stages"][mask], expected["stages"][mask], atol=1e-4)
    for score in ("difficulty", "execution", "final"):
        np.testing.assert_allclose(found[score], expected[score], rtol=1e-4, err_msg=score)
        assert np.ptp(expected[score]) > 0.02 * np.abs(expected[score]).mean(), "videos are told apart"


@pytest.mark.parametrize("phase", ["segmentation", "scoring", "joint"])
def test_loss_and_gradients_are_the_same(both, phase):
    ours, theirs = both
    inputs, targets = batch()
    ours.compile(keras.optimizers.SGD(0.0), phase=phase)
    with tf.GradientTape() as tape:
        outputs = ours({**inputs, TRUE_STAGES: targets["stages"]}, training=True)
        loss = ours.compute_loss(y=targets, y_pred=outputs)
    values = [variable.value for variable in ours.trainable_variables]
    slopes = tape.gradient(loss, values)
    tensor_inputs, tensor_targets = tensors()
    theirs.zero_grad()
    trained = theirs.trained_parameters(phase)
    found = theirs.loss(*tensor_inputs, tensor_targets, phase)
    found.backward()
    assert found.item() == pytest.approx(float(loss), rel=1e-4)
    expected = sorted(float(tf.norm(slope)) for slope in slopes)
    np.testing.assert_allclose(
        sorted(p.grad.norm().item() for p in trained), expected, rtol=0.01, atol=1e-5
    )  # of equal maxima another one is taken


def test_a_fragment_is_sampled_as_ours_or_is_the_whole_video(both):
    ours, theirs = both
    (frames, mask), targets = tensors()
    for selector, members in zip(ours.selectors, peers.FRAGMENTS.values(), strict=True):
        clip, _ = selector(frames.numpy(), targets["stages"].numpy(), mask.numpy())
        np.testing.assert_array_equal(theirs.fragment(frames, targets["stages"], mask, members), clip)


def test_i3d_has_the_same_features_and_learns_the_same():
    model = I3D((None, 40, 36, 3), final_endpoint=("Mixed_4f", "Mixed_5c"))
    rng = np.random.default_rng(0)
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    for name, arrays in weights.items():
        if name.endswith("_batch_norm"):
            weights[name] = [rng.normal(0.1, 0.3, arrays[0].shape), *(rng.uniform(0.5, 2, a.shape) for a in arrays[1:])]
        model.get_layer(name).set_weights(weights[name])
    theirs = peers_i3d.load(peers_i3d.I3D(), weights).eval()
    frames = rng.integers(0, 256, (1, 16, 40, 36, 3), dtype=np.uint8)
    with torch.inference_mode():
        found = theirs.ends(torch.from_numpy(frames))
    for ours, end in zip(model(frames, training=False), found, strict=True):
        ours = np.asarray(ours)
        np.testing.assert_allclose(end.permute(0, 2, 3, 4, 1).numpy(), ours, atol=1e-4 * np.abs(ours).max())
        assert np.ptp(ours) > 0.1
    for blocks, first in ((2, "Mixed_5b"), (None, "Conv3d")):
        learning = sum(parameter.numel() for parameter in theirs.learn(blocks))
        ours = [w for layer in model.layers if layer.name >= first or not blocks for w in layer.trainable_weights]
        assert learning == sum(np.prod(w.shape) for w in ours)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_figures_are_the_same(tmp_path):
    folder = data.vectors(tmp_path, 24, 3)
    records, output = f"--records_dir={folder / 'records'}", f"--output_dir={tmp_path / 'output'}"
    result = forked("scoringnet_tf.cross_validate", "--nonetwork", records, output)
    assert result.returncode == 0, result.stderr
    ours = json.loads((tmp_path / "output/cells.json").read_text())["rows"]
    theirs = compare(folder / "source")
    assert [*theirs] == [*ours]
    for name, figures in theirs.items():
        expected = np.array([ours[name][figure]["mean"] for figure in ("f_src", "f_med")], float)  # None: undefined
        np.testing.assert_allclose(figures, expected, rtol=1e-6, err_msg=name)
    assert theirs["Ridge"][0] > 0.3, "there is something to learn"
