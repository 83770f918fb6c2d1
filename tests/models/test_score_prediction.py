"""SP's settings that the paper leaves open, and ReLU on its last layer: what each changes."""

import keras
import numpy as np
import pytest

import scoringnet_tf
from scoringnet_tf.models.c3d import C3D
from scoringnet_tf.models.score_prediction import ScorePredictor

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8)}
STATISTICS = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}
CLIPS = dict.fromkeys(("difficulty_clip", "execution_clip"), np.zeros((2, 8, 32, 32, 3), "uint8"))


def conv(inputs, outputs):
    return 27 * inputs * outputs + outputs


def dense(inputs, outputs):
    return inputs * outputs + outputs


@pytest.mark.parametrize(
    ("stride", "of_32_frames", "of_16_frames"),
    [(1, (4, 7, 7), (2, 7, 7)), (2, (1, 2, 2), (1, 2, 2)), (3, (1, 1, 1), (1, 1, 1))],
)
def test_the_stride_of_the_regressor_leaves_what_its_docstring_says(stride, of_32_frames, of_16_frames):
    model = ScorePredictor(width_multiplier=1 / 16, clip_lengths=(32, 16), pool_stride=stride)
    for score, places in (("difficulty", of_32_frames), ("execution", of_16_frames)):
        tower = model.get_layer(f"{score}_tower")
        assert tower.get_layer("regressor_pool2").output.shape[1:4] == places
        regressor = 2 * conv(32, 32) + dense(np.prod(places) * 32, 32) + dense(32, 32) + dense(32, 1)
        assert tower.count_params() - tower.get_layer("c3d").count_params() == regressor


def test_a_c3d_is_pretrained_under_a_regressor_of_the_same_stride():
    model = C3D((16, 112, 112, 3), 1 / 16, final_endpoint="conv5b", heads={"group": 6}, top="regressor", pool_stride=3)
    assert model.get_layer("regressor_pool2").output.shape[1:4] == (1, 1, 1)


@pytest.mark.parametrize("bias", [-20.0, -8.0, 0.5])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_relu_on_the_last_layer_lets_no_score_below_zero_points(activation, bias):
    model = ScorePredictor(**SMALL, score_statistics=STATISTICS, output_activation=activation)
    expected = {}
    for score, (mean, std) in STATISTICS.items():
        layer = model.get_layer(f"{score}_tower").get_layer("regressor_fc3")
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([bias])])
        points = mean + std * bias
        expected[score] = max(0.0, points) if activation == "relu" else points
    scores = model(CLIPS, training=False)
    for score, points in expected.items():
        np.testing.assert_allclose(scores[score], [points] * 2, rtol=1e-5)
    np.testing.assert_allclose(scores["final"], [expected["difficulty"] * expected["execution"]] * 2, rtol=1e-5)


@pytest.mark.parametrize("options", [{"pool_stride": 1}, {"output_activation": "relu"}], ids=str)
def test_a_model_with_other_settings_reloads(options, tmp_path):
    model = scoringnet_tf.ScoringNet(**SMALL, score_statistics=STATISTICS, score_predictor=options)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    config = again.score_predictor.get_config()
    assert {name: config[name] for name in options} == options
    np.testing.assert_array_equal(model.score_predictor(CLIPS)["final"], again.score_predictor(CLIPS)["final"])


@pytest.mark.parametrize("kind", [ScorePredictor, C3D])
def test_a_file_from_before_these_settings_means_their_defaults(kind):
    model = ScorePredictor(**SMALL) if kind is ScorePredictor else C3D((8, 32, 32, 3), 1 / 16)
    config = model.get_config()
    old = {name: value for name, value in config.items() if name not in ("pool_stride", "output_activation")}
    assert len(old) < len(config)
    assert kind.from_config(old).get_config() == config


def test_settings_that_cannot_be_are_named():
    with pytest.raises(ValueError, match=r"Expected output_activation to be one of linear, relu\."):
        ScorePredictor(**SMALL, output_activation="sigmoid")
    with pytest.raises(ValueError, match=r"Expected pool_stride >= 1\. Received: 0"):
        ScorePredictor(**SMALL, pool_stride=0)
