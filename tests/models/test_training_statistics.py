"""What speaks against a performance: stages that lack, are out of order or last too long, features of another kind."""

import dataclasses
import itertools
import json
import types

import numpy as np
import pytest
from scipy.linalg import hadamard
from scipy.spatial.distance import mahalanobis

import scoringnet_tf  # noqa: F401  before Keras
from scoringnet_tf.inference.checks import CHECKS, checks, impossible_scores
from scoringnet_tf.inference.finding import shows_several
from scoringnet_tf.models.training_statistics import Spread, TrainingStatistics, certainties, pooled
from scoringnet_tf.sports import get_sport, in_order

DURATIONS = {"pre-starting": (0.2, 1.0), "take-flight": (0.8, 1.6), "entry": (0.1, 0.4)}


def reference(**changes):
    plain = {"num_videos": 9, "data_hash": "", "weights": 0, "durations": DURATIONS, "required": tuple(DURATIONS)}
    return TrainingStatistics(**{**plain, **changes})


def model(of=None, frame_rate=25.0):
    diving = get_sport("diving")
    seen = ["take-flight", "entry"]
    about = {"sport": diving, "reference": of, "frame_rate": frame_rate, "seen_stages": seen}
    return types.SimpleNamespace(content="frames", recognised=(), **about)


def labels_of(*runs):
    return np.repeat([stage for stage, _ in runs], [count for _, count in runs])[np.newaxis].astype("int32")


def said(labels, of=None, features=None, mask=None):
    mask = np.ones(labels.shape, bool) if mask is None else mask
    found = checks(model(of), labels, mask, features)
    assert set(found) <= set(CHECKS)
    return {code for code, value in found.items() if bool(np.asarray(value.fails)[0])}


DIVE = ((0, 9), (1, 12), (2, 30), (3, 6), (0, 9))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (DIVE, set()),
        (((0, 60),), {"missing_stage"}),
        (((0, 9), (1, 12), (2, 30)), {"missing_stage"}),
        (((2, 30), (1, 12), (3, 6)), {"stage_order"}),
        (((1, 12), (2, 15), (0, 3), (2, 15), (3, 6)), {"stage_order"}),
        (((1, 12), (2, 143), (3, 6)), {"stage_duration"}),
        (((1, 12), (2, 61), (3, 6)), {"stage_duration"}),  # 1.5 times the longest is 60 frames
        (((1, 12), (2, 60), (3, 6)), set()),
        (((1, 12), (2, 13), (3, 6)), {"stage_duration"}),  # the shortest by 1.5 is 13.3
        (((1, 12), (2, 14), (3, 6)), set()),
        (((1, 400), (2, 30), (3, 6)), set()),  # no tower sees how long an athlete waits
        (((1, 3), (2, 30), (3, 6)), {"stage_duration"}),
        (((1, 2), (2, 2), (3, 1)), {"too_few_frames", "stage_duration"}),
    ],
)
def test_stages_that_no_performance_has(runs, expected):
    assert said(labels_of(*runs), reference()) == expected
    without = said(labels_of(*runs))
    assert without == expected - {"stage_duration"}, "what needs no statistics is told without"


def test_out_of_order_is_what_the_sport_calls_so():
    """All sequences of four labels, against the plain Python of `sports.in_order`, in one batch; padding is nothing."""
    every = np.array(list(itertools.product(range(4), repeat=4)), np.int32)
    padded = np.pad(every, [(0, 0), (0, 2)], constant_values=1)
    mask = np.ones(padded.shape, bool)
    mask[:, 4:] = False
    found = np.asarray(checks(model(), padded, mask)["stage_order"].fails)
    np.testing.assert_array_equal(found, [not in_order(row) for row in every])


def test_a_stage_that_training_videos_lack_need_not_be_found():
    assert said(labels_of((1, 12), (2, 30), (0, 5)), reference(required=("pre-starting", "take-flight"))) == set()


# === How sure KFS is ===

SURE = {"pre-starting": 0.4, "take-flight": 0.96, "entry": 0.8}


def sure(labels, of_stage):
    """Probabilities (B, L, S) that give each frame's label `of_stage`, and the others the rest alike."""
    of_frame = np.float32(of_stage)[labels][..., None]
    return np.where(np.eye(4)[labels] > 0, of_frame, (1 - of_frame) / 3).astype("float32")


def test_certainty_is_the_mean_probability_over_the_frames_of_a_stage():
    labels = np.int32([[0, 1, 1, 3, 3, 1], [2, 2, 0, 0, 0, 0]])
    mask = np.bool_([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
    rng = np.random.default_rng(0)
    given = rng.dirichlet(np.ones(4), (2, 6)).astype("float32")
    expected = np.ones((2, 3))
    for row, stage in ((0, 1), (0, 3), (1, 2)):
        chosen = [given[row, at, stage] for at in range(6) if mask[row, at] and labels[row, at] == stage]
        expected[row, stage - 1] = sum(chosen) / len(chosen)
    np.testing.assert_allclose(certainties(given, labels, mask), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("of_stage", "expected"),
    [
        ((0.9, 0.9, 0.98, 0.9), set()),
        ((0.1, 0.11, 0.91, 0.71), set()),  # at most .9, 1 − 1.5 · 0.2
        ((0.9, 0.05, 0.98, 0.9), set()),  # no tower sees it
        ((0.9, 0.9, 0.89, 0.9), {"uncertain_stage"}),
        ((0.9, 0.9, 0.98, 0.69), {"uncertain_stage"}),
    ],
)
def test_a_stage_that_is_doubtful_is_told(of_stage, expected):
    labels, of = labels_of(*DIVE), reference(certainty=SURE)
    mask = np.ones(labels.shape, bool)
    found = checks(model(of), labels, mask, None, sure(labels, of_stage))
    assert {code for code, value in found.items() if bool(np.asarray(value.fails)[0])} == expected
    assert "uncertain_stage" not in checks(model(reference()), labels, mask, None, sure(labels, of_stage))


# === Distance ===


def test_distance_is_that_of_the_covariance():
    """All axes kept but one: the mean square of what is left is the last variance itself."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5)) + 3
    spread = Spread._fitted(features)
    assert np.shape(spread.axes) == (4, 5)
    inverse = np.linalg.inv(np.cov(features.T))
    expected = [mahalanobis(row, features.mean(axis=0), inverse) for row in features[:20]]
    np.testing.assert_allclose(np.asarray(spread.distance(features[:20])), expected, rtol=1e-3)


def test_what_lies_off_the_axes_deviates_as_each_direction_there_does():
    """Sixteen videos have two axes; four directions of deviation 2 are left."""
    features = hadamard(16)[:, 1:7] * [10, 5, 2, 2, 2, 2] * np.sqrt(15 / 16)  # uncorrelated columns of mean 0
    spread = Spread.of(features)
    assert spread.deviations == pytest.approx([10, 5], rel=1e-5) and spread.rest == pytest.approx(2, rel=1e-5)


def test_the_limit_goes_by_videos_that_the_spread_was_not_fitted_to():
    features = np.random.default_rng(2).normal(size=(40, 3))
    folds = np.arange(40) % 5
    fitted = [Spread._fitted(features[folds != fold]).distance(features[folds == fold]) for fold in range(5)]
    logs = np.log(np.concatenate([np.asarray(each) for each in fitted]))
    assert Spread.of(features).limit == pytest.approx(np.exp(logs.mean() + 3 * logs.std()), rel=1e-4)


@pytest.mark.parametrize("values", [np.zeros((7, 4)), np.eye(7, 4), np.ones((4, 1))])
def test_few_videos_or_constant_features_still_have_a_limit(values):
    spread = Spread.of(values)
    assert np.isfinite(spread.limit) and np.isfinite(np.asarray(spread.distance(values))).all()


def test_features_far_from_those_of_training_are_told():
    rng = np.random.default_rng(0)
    of = reference(spread=Spread.of(rng.normal(size=(60, 3))))
    labels = labels_of(*DIVE)
    features = np.zeros((1, labels.shape[1], 3), "float32")
    features[:, labels[0] == 0] = 99  # noise is not looked at
    assert said(labels, of, features) == set()
    features[:, labels[0] > 0] = 9
    assert said(labels, of, features) == {"unlike_training"}


def test_pooled_features_are_of_the_performance_or_of_all():
    features = np.arange(12, dtype="float32").reshape(2, 6, 1)
    labels = np.int32([[0, 1, 2, 0, 3, 3], [0, 0, 0, 0, 1, 1]])
    mask = np.bool_([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0]])
    np.testing.assert_allclose(pooled(features, labels, mask), [[7 / 3], [7.5]])
    np.testing.assert_allclose(pooled(features, None, mask), [[2], [7.5]])


def test_a_reference_is_json_and_comes_back():
    of = reference(spread=Spread.of(np.random.default_rng(0).normal(size=(20, 3))), certainty=SURE)
    assert TrainingStatistics.from_config(json.loads(json.dumps(of.get_config()))) == of


# === Scores that do not occur ===


@pytest.mark.parametrize("low", [1.2, -100.0])
def test_a_score_below_or_above_what_occurs_in_the_sport_is_impossible(low):
    """By more than the hundredth that published scores are rounded by; nor is what is no number possible."""
    sport = dataclasses.replace(get_sport("diving"), final_range=(low, low + 50))
    values = np.array([low - 0.02, low - 0.005, low + 25, low + 50.005, low + 50.02, np.nan])
    found = impossible_scores(sport, {"final": values})
    assert {score: np.asarray(each).tolist() for score, each in found.items()} == {
        "final": [True, False, False, False, True, True]
    }


# === Several performances ===


def probabilities_of(stages):
    """(L, 4) of a KFS that is sure of these stages, a digit each."""
    return 0.02 + 0.92 * np.eye(4, dtype=np.float32)[[int(stage) for stage in stages]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stages", "several"),
    [
        ("0001112223300", False),
        ("0001112223300111222330", True),
        ("111222333111222333", True),
        ("2233001112223300", False),  # one was cut off
        ("00111222330011122200", False),  # one was broken off
        ("00011122200000111222333000003330000", False),  # one broken off, a replay of the entry
        ("000000000", False),
        ("0112233" * 70, True),
    ],
)
def test_several_whole_performances_are_told(stages, several):
    """Beside a video with one, and padded: what follows its end is not looked at."""
    other = "00011122233000"
    longest = max(len(stages), len(other)) + 12
    probabilities, mask = np.full((2, longest, 4), 0.25, np.float32), np.zeros((2, longest), bool)
    for row, of_video in enumerate((stages, other)):
        probabilities[row, : len(of_video)], mask[row, : len(of_video)] = probabilities_of(of_video), True
    probabilities[1, len(other) : len(other) + 11] = probabilities_of("11122233300")  # padding
    assert np.asarray(shows_several(model(), probabilities, mask)).tolist() == [several, False]


def test_a_stage_that_is_never_the_most_probable_makes_no_second_performance():
    """The path may pass through it; nor is it asked of a video, where most of training lack it."""
    probabilities = probabilities_of("0001112223300011122333")
    mask = np.ones((1, len(probabilities)), bool)
    assert np.asarray(shows_several(model(), probabilities[None], mask)).tolist() == [True]
    probabilities[16:19] = 0.01, 0.5, 0.09, 0.4
    assert np.asarray(shows_several(model(), probabilities[None], mask)).tolist() == [False]
    lax = model(reference(required=("pre-starting", "entry")), frame_rate=None)
    assert np.asarray(shows_several(lax, probabilities[None], mask)).tolist() == [True]


def test_stages_last_by_the_clock_of_the_video_and_not_of_training():
    """The same dive filmed at half and at twice the rate has half and twice the frames of every stage."""
    for rate, factor in ((12.5, 0.5), (25.0, 1.0), (50.0, 2.0)):
        labels = labels_of(*((stage, int(frames * factor)) for stage, frames in DIVE))
        mask = np.ones(labels.shape, bool)
        for filmed, expected in ((rate, False), (rate * 4, True), (rate / 4, True)):
            found = checks(model(reference()), labels, mask, frame_rate=filmed)
            assert bool(np.asarray(found["stage_duration"].fails)[0]) == expected, (rate, filmed)
