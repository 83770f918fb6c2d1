"""What labels frames beside KFS: how far each sees, its weights, that padding changes nothing, that it learns."""

import keras
import numpy as np
import pytest
from refusals import refused
from scripted_stages import windowed
from training_runs import scoring_run

import scoringnet_tf
from scoringnet_tf.inference.windows import WindowedModel
from scoringnet_tf.models.layers import RealFrames
from scoringnet_tf.models.segmenters import STAGE_NETWORKS, local_change
from scoringnet_tf.training import config

SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 16}


def clip(length):
    return np.random.default_rng(0).integers(0, 256, (1, length, 32, 32, 3)).astype(np.uint8)


def segmenter(network):
    """Untrained, with weights for which its probabilities differ from frame to frame."""
    keras.utils.set_random_seed(0)
    model = scoringnet_tf.KeyFragmentSegmenter(**SIZE, network=network)
    last = model.get_layer("fc2")
    vectors = np.asarray(keras.Model(model.input, last.input)({"frames": clip(8), "mask": np.ones((1, 8), bool)}))[0]
    kernel, _ = last.get_weights()
    kernel = kernel / (vectors @ kernel).std(axis=0)
    last.set_weights([kernel, -vectors.mean(axis=0) @ kernel])
    return model


@pytest.fixture(scope="module")
def models():
    return {network: segmenter(network) for network in STAGE_NETWORKS}


@pytest.fixture(scope="module")
def of_features():
    """An ED-TCN on three features, at the authors' widths."""
    keras.utils.set_random_seed(0)
    return scoringnet_tf.KeyFragmentSegmenter(network="c3d_ed_tcn", features=3)


@pytest.fixture(scope="module")
def tcn():
    """A TCN on three features."""
    keras.utils.set_random_seed(0)
    return scoringnet_tf.KeyFragmentSegmenter(network="tcn", features=3)


def three_features(length):
    return np.random.default_rng(0).normal(size=(1, length, 3)).astype(np.float32)


def probabilities(model, content, mask=None, name="frames"):
    mask = np.ones(content.shape[:2], bool) if mask is None else mask
    return np.asarray(model({name: content, "mask": mask}, training=False))


# === How far each sees ===


def changed_frames(model, content, at, name="frames"):
    """Which frames' probabilities depend on frame `at`."""
    other = content.copy()
    other[:, at] = 255 - other[:, at] if name == "frames" else 3 - other[:, at]
    difference = np.abs(probabilities(model, other, name=name) - probabilities(model, content, name=name))
    return np.flatnonzero(difference[0].max(axis=-1) > 1e-7)


def test_resnet50_sees_a_frame_c3d_eight_to_either_side_and_a_bi_lstm_the_video(models):
    """C3D has eight convolutions of three frames."""
    assert changed_frames(models["resnet50"], clip(7), 3).tolist() == [3]
    found = changed_frames(models["c3d"], clip(40), 20)
    assert found.min() in (12, 13) and found.max() in (27, 28)
    found = changed_frames(models["c3d_bi_lstm"], clip(40), 20)
    assert found.min() < 12 and found.max() > 28


def test_an_ed_tcn_sees_as_far_as_its_convolutions(of_features):
    """12 steps a convolution to either side at full rate, twice; 24 at half of it, twice; the poolings add up to 3."""
    found = changed_frames(of_features, three_features(400), 200, "features")
    reach = 12 + 24 + 24 + 12
    assert 200 - reach - 3 <= found.min() <= 200 - reach + 6
    assert 200 + reach - 6 <= found.max() <= 200 + reach + 3


def test_a_tcn_sees_as_far_as_its_convolutions_and_the_mean_around_a_frame(tcn):
    """Two steps a convolution to either side, dilated by 1, 2 and 4 after the first; 40 of the mean."""
    found = changed_frames(tcn, three_features(200), 100, "features")
    reach = 2 + 2 + 4 + 8 + 40
    assert (found.min(), found.max()) == (100 - reach, 100 + reach)


# === The TCN, step by step ===


def test_a_share_of_the_mean_of_the_real_frames_around_is_taken_off():
    x, lengths = np.random.default_rng(0).normal(size=(2, 9, 3)).astype(np.float32), (9, 5)
    found = np.asarray(local_change(x, np.arange(9) < np.array(lengths)[:, None], share=0.6, reach=2))
    for video, length in enumerate(lengths):
        for frame in range(length):
            around = x[video, max(frame - 2, 0) : min(frame + 3, length)]
            expected = x[video, frame] - 0.6 * around.mean(axis=0)
            np.testing.assert_allclose(found[video, frame], expected, atol=1e-6)


def test_a_tcn_is_its_sums(tcn):
    """Logarithms, the mean taken off, a convolution, three that are added to what they read, a softmax."""

    def convolved(x, name, dilation):
        kernel, bias = tcn.get_layer(name).get_weights()
        sums = np.tile(bias, (len(x), 1))
        for frame in range(len(x)):
            for tap in range(5):
                place = np.clip(frame + (tap - 2) * dilation, 0, len(x) - 1)
                sums[frame] += x[place] @ kernel[tap]
        return np.maximum(sums, 0)

    values = three_features(30)
    logs = np.sign(values[0]) * np.log1p(np.abs(values[0]))
    x = convolved(logs - 0.7 * logs.mean(axis=0), "tcn_input", 1)  # 40 frames to either side are all
    for dilation in (1, 2, 4):
        x = x + convolved(x, f"tcn_dilated{dilation}", dilation)
    kernel, bias = tcn.get_layer("fc2").get_weights()
    powers = np.exp(x @ kernel + bias)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(tcn, values, name="features")[0], expected, atol=1e-5)


def test_a_tcn_keeps_its_kernels_small(tcn):
    """Those of its convolutions, not of the classifier, in every loss that trains KFS."""
    kernels = [tcn.get_layer(name).kernel for name in ("tcn_input", *(f"tcn_dilated{n}" for n in (1, 2, 4)))]
    expected = 1e-3 * sum((np.asarray(kernel) ** 2).sum() for kernel in kernels)
    assert float(sum(tcn.losses)) == pytest.approx(expected, rel=1e-5)


# === Weights ===


def test_weights_are_as_many_as_published(models, of_features, tcn):
    resnet = 23_587_712  # Keras Applications' without its top
    assert models["resnet50"].count_params() == resnet + 2048 * 4 + 4
    encoder = (3 * 25 * 64 + 64) + (64 * 25 * 96 + 96)
    decoder = (96 * 25 * 96 + 96) + (96 * 25 * 64 + 64)
    scaling = 2 * 3  # mean and deviation of the features
    assert of_features.count_params() == scaling + encoder + decoder + 64 * 4 + 4
    assert tcn.count_params() == scaling + (3 * 5 * 48 + 48) + 3 * (48 * 5 * 48 + 48) + 48 * 4 + 4


def test_resnet50_is_given_what_imagenets_weights_learned_from(models):
    """Frames as Keras Applications prepares them; what it normalises by keeps up with short trainings."""
    model, frames = models["resnet50"], clip(3)
    inputs = {"frames": frames, "mask": np.ones((1, 3), bool)}
    seen = keras.Model(model.input, model.get_layer("rescale").output)(inputs)
    expected = keras.applications.resnet50.preprocess_input(frames[0].astype("float32"))
    np.testing.assert_allclose(np.asarray(seen), expected, atol=1e-3)
    parts = model.get_layer("resnet50").layers
    assert {part.momentum for part in parts if isinstance(part, keras.layers.BatchNormalization)} == {0.9}


# === Padding, lengths, saving, windows ===


@pytest.mark.parametrize("network", STAGE_NETWORKS)
@pytest.mark.parametrize("length", [1, 7])
def test_padding_changes_nothing(models, network, length):
    frames = clip(12)
    padded = probabilities(models[network], frames, np.arange(12)[np.newaxis] < length)
    assert padded.shape == (1, 12, 4)
    np.testing.assert_allclose(padded.sum(axis=-1), 1, rtol=1e-5)
    alone = probabilities(models[network], frames[:, :length])
    np.testing.assert_allclose(padded[:, :length], alone, atol=1e-5)


def test_a_tcn_is_the_same_after_saving_and_in_a_padded_batch(tcn, tmp_path):
    tcn.save(tmp_path / "tcn.keras")
    values = np.concatenate([three_features(90), np.full((1, 90, 3), 9, np.float32)])
    mask = np.arange(90) < np.array([[60], [90]])
    again = keras.models.load_model(tmp_path / "tcn.keras")
    found, alone = probabilities(again, values, mask, "features")[:1, :60], values[:1, :60]
    np.testing.assert_allclose(found, probabilities(tcn, alone, name="features"), atol=1e-6)


def test_padding_is_taken_by_the_frames_of_its_video():
    frames = np.arange(2 * 5).reshape(2, 5, 1, 1, 1).astype(np.uint8)
    mask = np.array([[True] * 2 + [False] * 3, [True] * 5])
    assert np.asarray(RealFrames()(frames, mask)).ravel().tolist() == [0, 1, 0, 1, 0, 5, 6, 7, 8, 9]


@pytest.mark.slow
@pytest.mark.parametrize("network", STAGE_NETWORKS[1:])
def test_a_video_of_any_length_goes_through_in_windows(models, network):
    frames = clip(50)[0]
    model = scoringnet_tf.ScoringNet(**SIZE, segmenter={"network": network})
    model.segmenter.set_weights(models[network].get_weights())
    stages, features = windowed(WindowedModel(model, window=16), frames)
    np.testing.assert_allclose(stages, probabilities(models[network], frames[np.newaxis])[0], atol=1e-5)
    inputs = {"frames": frames[np.newaxis], "mask": np.ones((1, 50), bool)}
    seen = models[network].with_features()(inputs, training=False)["features"]
    np.testing.assert_allclose(features, np.asarray(seen)[0], atol=1e-5)


# === Learning ===


@pytest.mark.slow
def test_a_pretrained_c3d_goes_to_the_towers_alone_beside_a_resnet50(diving_records, tmp_path):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16).save(tmp_path / "c3d.keras")
    asked = {"stage_network": "resnet50", "pretrained": str(tmp_path / "c3d.keras"), "scoring_epochs": 0}
    run = scoring_run(diving_records, tmp_path / "run", **asked)
    assert run.model.segmenter.network == "resnet50"


def test_a_network_of_pictures_reads_no_features():
    with refused("unknown_name", "resnet50"):
        scoringnet_tf.KeyFragmentSegmenter(network="resnet50", features=3)


def test_the_configuration_has_them_all():
    assert tuple(config.STAGE_NETWORKS) == STAGE_NETWORKS
