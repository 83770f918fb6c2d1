"""SP: settings that the paper leaves open, ReLU on its last layer, initial weights, β."""

import keras
import numpy as np
import pytest
from refusals import refused

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
        tower = model.towers[score]
        assert tower.get_layer("regressor_pool2").output.shape[1:4] == places
        regressor = 2 * conv(32, 32) + dense(np.prod(places) * 32, 32) + dense(32, 32) + dense(32, 1)
        assert tower.count_params() - tower.get_layer("c3d").count_params() == regressor


@pytest.mark.parametrize("bias", [-20.0, 0.5])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_relu_on_the_last_layer_lets_no_score_below_zero_points(activation, bias):
    model = ScorePredictor(**SMALL, score_statistics=STATISTICS, output_activation=activation)
    expected = {}
    for score, (mean, std) in STATISTICS.items():
        layer = model.towers[score].get_layer("regressor_fc3")
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([bias])])
        points = mean + std * bias
        expected[score] = max(0.0, points) if activation == "relu" else points
    scores = model(CLIPS, training=False)
    for score, points in expected.items():
        np.testing.assert_allclose(scores[score], [points] * 2, rtol=1e-5)
    np.testing.assert_allclose(scores["final"], [expected["difficulty"] * expected["execution"]] * 2, rtol=1e-5)


def test_the_last_layer_of_a_tower_starts_small_and_towers_share_no_weights():
    """As N(0, 0.001): the deviation of 512 draws is within a tenth of it."""
    keras.utils.set_random_seed(0)
    predictor = ScorePredictor(image_size=(32, 32), width_multiplier=1 / 16, fc_units=512 * 16, clip_lengths=(8, 16))
    for tower in predictor.towers.values():
        kernel, bias = tower.get_layer("regressor_fc3").get_weights()
        assert kernel.shape == (512, 1) and not bias.any()
        assert kernel.std() == pytest.approx(0.001, rel=0.1) and abs(kernel.mean()) < 0.0002
    weights = [{id(weight) for weight in tower.weights} for tower in predictor.towers.values()]
    assert not weights[0] & weights[1]
    assert [tower.input_shape[1] for tower in predictor.towers.values()] == [8, 16]


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"output_activation": "sigmoid"}, "unknown_name", "sigmoid"),
        ({"head": "median"}, "unknown_name", "median"),
        ({"scores": ("execution",)}, "unknown_name", "execution"),
        ({"head": "distribution", "output_activation": "relu"}, "flags_conflict", "relu"),
        ({"pool_stride": 0}, "out_of_range", "pool_stride"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_named(options, code, named):
    with refused(code, named):
        ScorePredictor(**SMALL, **options)
