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


def test_frame_accuracy_counts_labelled_frames():
    labels = np.int32([[0, 1, 1, -1], [2, 2, -1, -1]])
    predicted = np.array([[0, 1, 2, 0], [2, 1, 0, 0]])
    probabilities = np.eye(3, dtype="float32")[predicted]
    overall, stage1 = metrics.FrameAccuracy(), metrics.FrameAccuracy(stage=1)
    for metric in (overall, stage1):
        metric.update_state(keras.ops.convert_to_tensor(labels), probabilities)
    assert float(overall.result()) == pytest.approx(3 / 5)
    assert float(stage1.result()) == pytest.approx(1 / 2)


def test_metrics_work_in_any_keras_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(loss="mse", metrics=[metrics.SpearmanCorrelation(capacity=32), metrics.MeanEuclideanDistance()])
    x = np.arange(20, dtype="float32")[:, None]
    result = model.evaluate(x, x + 1, verbose=0, return_dict=True)
    assert result["src"] == pytest.approx(1.0)
    assert result["med"] == pytest.approx(1.0)
