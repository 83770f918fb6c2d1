"""The training performances most alike: of the smallest Mahalanobis distance along the axes, and small to keep."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import scoringnet_tf  # noqa: F401  before Keras
from scoringnet_tf.models.training_statistics import NearestExamples, Spread, TrainingStatistics


def features(count, seed=0):
    rng = np.random.default_rng(seed)
    mixed = np.random.default_rng(9).normal(size=(6, 12)) * np.array([[9], [7], [5], [4], [3], [2]])
    return rng.normal(size=(count, 6)) @ mixed + 40


def bank_of(train, spread):
    ids = [f"{number:03d}" for number in range(len(train))]
    scores = {"difficulty": np.full(len(train), np.nan), "final": np.arange(len(train)) + 0.5}
    return NearestExamples.of(ids, scores, spread.coordinates(train))


def test_the_nearest_are_those_of_the_metric():
    """Against SciPy's distances with the inverse covariance along the axes."""
    train, new = features(80), features(20, seed=1)
    spread = Spread.of(train)
    axes = np.asarray(spread.axes)
    inverse = axes.T @ np.diag(1 / np.square(spread.deviations)) @ axes
    expected = cdist(new, train, "mahalanobis", VI=inverse)
    bank = bank_of(train, spread)
    for row, of_one in zip(spread.coordinates(new), expected, strict=True):
        found = bank.nearest(row)
        order = np.argsort(of_one)[:3]
        np.testing.assert_allclose([each["distance"] for each in found], of_one[order], atol=0.02)
        assert found[0] == {
            "id": f"{order[0]:03d}",
            "distance": found[0]["distance"],
            "difficulty": None,
            "final": order[0] + 0.5,
        }


def test_a_training_video_is_nearest_to_itself():
    train = features(60)
    spread = Spread.of(train)
    found = bank_of(train, spread).nearest(spread.coordinates(train[7:8])[0])
    assert (found[0]["id"], len(found)) == ("007", 3) and found[0]["distance"] < 0.02
    assert found[0]["distance"] < found[1]["distance"] <= found[2]["distance"]


def test_fewer_than_three_are_all():
    bank = NearestExamples.of(["a", "b"], {"final": [1.0, 2.0]}, np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert [(each["id"], each["distance"]) for each in bank.nearest(np.array([3.0, 4.0]))] == [("b", 0.0), ("a", 5.0)]


def test_a_large_one_is_small_to_keep():
    rng = np.random.default_rng(0)
    scores = {score: rng.uniform(0, 150, 2000).astype("float32") for score in ("difficulty", "execution", "final")}
    bank = NearestExamples.of(
        [f"FINADiving/{number:05d}" for number in range(2000)], scores, rng.normal(size=(2000, 16))
    )
    assert len(json.dumps(bank.__dict__)) < 220_000
    assert NearestExamples(**json.loads(json.dumps(bank.__dict__))) == bank


def test_scores_are_kept_as_they_were_given():
    bank = NearestExamples.of(["a", "b"], {"final": np.float32([76.8, 101.35]).tolist()}, np.zeros((2, 1)))
    assert bank.scores == {"final": [76.8, 101.35]}


@pytest.mark.parametrize(
    "changes",
    [{"ids": ["a"]}, {"ids": []}, {"scores": {"final": [1.0]}}, {"coordinates": ""}, {"coordinates": "AAAAAAAA"}],
)
def test_parts_that_do_not_fit_are_refused(changes):
    whole = {"ids": ["a", "b"], "scores": {"final": [1.0, 2.0]}, "coordinates": "AAAAAA=="}
    NearestExamples(**whole)
    with pytest.raises(ValueError):
        NearestExamples(**{**whole, **changes})


def test_a_reference_refuses_coordinates_of_another_spread():
    train = features(60)
    spread = Spread.of(train)
    other = NearestExamples.of(["a"], {}, np.zeros((1, len(spread.axes) + 1)))
    config = TrainingStatistics(60, "", 0, {}, (), spread, bank=other).get_config()
    with pytest.raises(ValueError):
        TrainingStatistics.from_config(config)
