"""A loss that `compile` is given has the unit and the statistics of its head, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.losses import PairwiseRankingLoss, ScoreDistributionLoss, ScoreLoss
from scoringnet_tf.support.errors import InputError

DISTRIBUTION = {"score_predictor": {"head": "distribution"}}


def network(**options):
    keras.utils.set_random_seed(0)
    return telling(scoringnet_tf.ScoringNet(**SMALL, **options), 1000.0)


def measured(model, loss=None):
    """The terms of the loss on a batch."""
    model.compile("sgd", loss=loss, run_eagerly=True)
    return model.evaluate(tf.data.Dataset.from_tensors(batch()), verbose=0, return_dict=True)


@pytest.mark.parametrize(
    ("options", "loss"),
    [({}, ScoreLoss()), (DISTRIBUTION, ScoreDistributionLoss())],
    ids=["regression", "distribution"],
)
def test_a_loss_class_means_what_the_default_means(options, loss):
    model, before = network(**options), loss.get_config()
    expected = measured(model)
    assert measured(model, {"execution": loss}) == pytest.approx(expected, nan_ok=True)
    assert loss.get_config() == before  # the user's own stays as it is


def test_a_unit_that_is_given_stays():
    """One point; in standard deviations, here of four, squares are 16 times smaller."""
    model = network()
    default, points = measured(model), measured(model, {"execution": ScoreLoss(unit=1.0)})
    assert points["execution_mse"] == pytest.approx(16 * default["execution_mse"], rel=1e-5)


@pytest.mark.parametrize(("statistics", "refused"), [((24.0, 4.0), False), ((24.0, 5.0), True), ((0.0, 4.0), True)])
def test_statistics_of_another_head_are_refused(statistics, refused):
    model, loss = network(**DISTRIBUTION), ScoreDistributionLoss(*statistics)
    if not refused:
        assert measured(model, {"execution": loss}) == pytest.approx(measured(model), nan_ok=True)
        return
    with pytest.raises(InputError) as error:
        model.compile("sgd", loss={"execution": loss})
    assert error.value.code == "loss_statistics"


@pytest.mark.parametrize(
    ("options", "loss", "code"),
    [
        ({}, {"execution": ScoreDistributionLoss()}, "loss_head"),
        (DISTRIBUTION, {"final": ScoreDistributionLoss(unit=1.0)}, "loss_head"),
        ({}, {"final": ScoreLoss()}, "loss_unit"),  # no head says what a standard deviation of it is
        ({}, {"final": PairwiseRankingLoss()}, "loss_unit"),
    ],
)
def test_a_loss_that_its_output_cannot_have_is_refused(options, loss, code):
    with pytest.raises(InputError) as error:
        network(**options).compile("sgd", loss=loss)
    assert error.value.code == code


def test_alone_a_loss_is_in_points():
    truth, predicted = np.float32([20, 27, 24]), np.float32([21, 24, 25])
    assert float(ScoreLoss()(truth, predicted)) == float(ScoreLoss(unit=1.0)(truth, predicted))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(ScoreDistributionLoss()))
    assert again.get_config() == ScoreDistributionLoss().get_config()
    p = np.full((3, 101), 1 / 101, np.float32)
    assert float(again(truth / 24, p)) == float(ScoreDistributionLoss(0.0, 1.0, unit=1.0)(truth / 24, p))
