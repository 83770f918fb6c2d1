"""SRC, MED and frame accuracy against SciPy and NumPy."""

import math

import keras
import numpy as np
import pytest
from scipy import stats

from scoringnet_tf import metrics


@pytest.mark.parametrize("decimals", [6, 0], ids=["distinct", "many ties"])
def test_src_equals_scipy_over_batches(decimals):
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 50).round(decimals).astype("float32")
    predicted = (truth + rng.normal(0, 1.5, 50)).round(decimals).astype("float32")
    metric = metrics.SpearmanCorrelation(capacity=64)
    for start in range(0, 50, 8):
        metric.update_state(truth[start : start + 8, None], predicted[start : start + 8, None])
    assert float(metric.result()) == pytest.approx(stats.spearmanr(truth, predicted).statistic, abs=1e-6)


def test_src_leaves_out_unknown_truth_and_resets():
    truth, predicted = np.float32([1, math.nan, 2, 3]), np.float32([10, -5, 30, 20])
    metric = metrics.SpearmanCorrelation(capacity=8)
    metric.update_state(truth, predicted)
    assert float(metric.result()) == pytest.approx(0.5)
    metric.reset_state()
    metric.update_state(np.float32([1, 2]), np.float32([5, 4]))
    assert float(metric.result()) == pytest.approx(-1.0)


def test_src_of_weighted_videos_is_that_of_their_repetitions():
    """An independent truth: SciPy on a list in which each video stands as often as it weighs."""
    rng = np.random.default_rng(1)
    truth, predicted = rng.integers(0, 9, 40).astype("float32"), rng.integers(0, 12, 40).astype("float32")
    weights = rng.integers(0, 4, 40)
    repeated = stats.spearmanr(np.repeat(truth, weights), np.repeat(predicted, weights)).statistic
    metric = metrics.SpearmanCorrelation(capacity=64)
    for part in (slice(0, 25), slice(25, 40)):
        metric.update_state(truth[part], predicted[part], sample_weight=weights[part])
    assert float(metric.result()) == pytest.approx(repeated, abs=1e-6)
    assert int(metric.count) == (weights > 0).sum()
    alike = metrics.SpearmanCorrelation(capacity=64)
    alike.update_state(truth, predicted, sample_weight=np.full(40, 0.3))
    assert float(alike.result()) == pytest.approx(stats.spearmanr(truth, predicted).statistic, abs=1e-6)


def test_src_of_infinite_predictions_is_scipys():
    truth, predicted = np.float32([1, 2, 3, 4, 5]), np.float32([2, math.inf, 1, -math.inf, math.inf])
    metric = metrics.SpearmanCorrelation(capacity=8)
    metric.update_state(truth, predicted)
    ranked = [3, 4.5, 2, 1, 4.5]
    assert float(metric.result()) == pytest.approx(stats.pearsonr(truth, ranked).statistic, abs=1e-6)


def test_src_at_capacity_is_still_that_of_all():
    truth, predicted = np.float32([1, 2, 3, 4]), np.float32([1, 3, 2, 4])
    metric = metrics.SpearmanCorrelation(capacity=4)
    metric.update_state(truth, predicted)
    assert float(metric.result()) == pytest.approx(0.8)
    metric.update_state(np.float32([math.nan, 7]), np.float32([0, 1]), sample_weight=np.float32([1, 0]))
    assert float(metric.result()) == pytest.approx(0.8)  # neither takes part
    metric.update_state(np.float32([5]), np.float32([5]))
    assert math.isnan(float(metric.result()))


def test_src_is_nan_where_undefined_broken_or_beyond_capacity():
    constant = metrics.SpearmanCorrelation(capacity=8)
    constant.update_state(np.float32([1, 2, 3]), np.float32([4, 4, 4]))
    assert math.isnan(float(constant.result()))
    broken = metrics.SpearmanCorrelation(capacity=8)
    broken.update_state(np.float32([1, 2, 3]), np.float32([4, math.nan, 5]))
    assert math.isnan(float(broken.result()))
    full = metrics.SpearmanCorrelation(capacity=2)
    full.update_state(np.float32([1, 2, 3]), np.float32([1, 2, 3]))
    assert math.isnan(float(full.result()))


def test_med_is_mean_absolute_error_of_known():
    metric = metrics.MeanEuclideanDistance()
    metric.update_state(np.float32([1, math.nan, 5]), np.float32([2, 9, 3]))
    metric.update_state(np.float32([[4]]), np.float32([[4]]))
    assert float(metric.result()) == pytest.approx((1 + 2 + 0) / 3)


def test_med_of_weighted_videos():
    metric = metrics.MeanEuclideanDistance()
    metric.update_state(
        np.float32([1, 2, math.nan, 4]), np.float32([2, 5, 9, math.nan]), sample_weight=[1.0, 3.0, 5.0, 0.0]
    )
    assert float(metric.result()) == pytest.approx((1 * 1 + 3 * 3) / 4)


def test_frame_accuracy_counts_labelled_frames():
    labels = np.int32([[0, 1, 1, -1], [2, 2, -1, -1]])
    predicted = np.array([[0, 1, 2, 0], [2, 1, 0, 0]])
    probabilities = np.eye(3, dtype="float32")[predicted]
    overall, stage1 = metrics.FrameAccuracy(), metrics.FrameAccuracy(stage=1)
    for metric in (overall, stage1):
        metric.update_state(keras.ops.convert_to_tensor(labels), probabilities)
    assert float(overall.result()) == pytest.approx(3 / 5)
    assert float(stage1.result()) == pytest.approx(1 / 2)


@pytest.mark.parametrize("per_frame", [False, True])
@pytest.mark.parametrize("stage", [None, 1])
def test_frame_accuracy_of_weighted_frames(per_frame, stage):
    """Against a loop over frames."""
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, (4, 6)).astype("int32")
    probabilities = rng.uniform(size=(4, 6, 3)).astype("float32")
    weights = rng.integers(0, 3, (4, 6) if per_frame else 4).astype("float32")
    right = total = 0.0
    for video in range(4):
        for frame in range(6):
            label, weight = labels[video, frame], weights[video, frame] if per_frame else weights[video]
            if label >= 0 and stage in (None, label):
                right += weight * (probabilities[video, frame].argmax() == label)
                total += weight
    metric = metrics.FrameAccuracy(stage=stage)
    metric.update_state(labels, probabilities, sample_weight=weights)
    assert float(metric.result()) == pytest.approx(right / total)


def test_metrics_work_in_any_keras_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(loss="mse", metrics=[metrics.SpearmanCorrelation(capacity=32), metrics.MeanEuclideanDistance()])
    x = np.arange(20, dtype="float32")[:, None]
    result = model.evaluate(x, x + 1, verbose=0, return_dict=True)
    assert result["src"] == pytest.approx(1.0)
    assert result["med"] == pytest.approx(1.0)
