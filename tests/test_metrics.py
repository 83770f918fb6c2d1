"""SRC, MED and frame accuracy against SciPy and NumPy."""

import math

import keras
import numpy as np
import pytest
from scipy import stats

from scoringnet_tf import metrics


def spearman_loop(truth, predicted, weights):
    """ρ of weighted mid-ranks, as defined: a double loop for the ranks, then Pearson's formula."""
    kept = [i for i in range(len(truth)) if weights[i] and not math.isnan(truth[i])]

    def ranks(values):
        return [
            sum(weights[j] * ((values[j] < values[i]) + 0.5 * (values[j] == values[i])) for j in kept) for i in kept
        ]

    w = np.array([weights[i] for i in kept])
    x, y = np.array(ranks(truth)), np.array(ranks(predicted))
    x, y = x - np.average(x, weights=w), y - np.average(y, weights=w)
    return np.sum(w * x * y) / math.sqrt(np.sum(w * x * x) * np.sum(w * y * y))


def draw(count, decimals, seed):
    """Truth, predictions that follow it, and weights of which some are 0; some truth is unknown."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, count).round(decimals)
    predicted = (truth + rng.normal(0, 1.5, count)).round(decimals)
    truth[rng.random(count) < 0.1] = math.nan
    weights = rng.uniform(0.1, 3, count) * (rng.random(count) < 0.8)
    return truth.astype("float32"), predicted.astype("float32"), weights.astype("float32")


@pytest.mark.parametrize("decimals", [6, 0], ids=["distinct", "many ties"])
def test_weighted_src_equals_double_loop_over_batches(decimals):
    truth, predicted, weights = draw(50, decimals, seed=1)
    metric = metrics.SpearmanCorrelation(capacity=64)
    for start in range(0, 50, 8):
        batch = slice(start, start + 8)
        metric.update_state(truth[batch], predicted[batch], weights[batch, None])
    assert float(metric.result()) == pytest.approx(spearman_loop(truth, predicted, weights), abs=1e-6)


@pytest.mark.parametrize("make", [metrics.SpearmanCorrelation, metrics.MeanEuclideanDistance])
def test_a_weight_of_zero_leaves_a_score_out_whatever_was_predicted(make):
    weighted, rest = make(), make()
    weighted.update_state(np.float32([1, 5, 2, 7, 3]), np.float32([3, math.nan, 1, 9, math.inf]), [2, 0, 1, 1, 0])
    rest.update_state(np.float32([1, 2, 7]), np.float32([3, 1, 9]), [2, 1, 1])
    assert float(weighted.result()) == float(rest.result())


def test_src_of_many_equals_scipy():
    rng = np.random.default_rng(5)
    truth = rng.normal(0, 2, 4096).round(2).astype("float32")
    predicted = (truth + rng.normal(0, 1.5, 4096)).round(2).astype("float32")
    metric = metrics.SpearmanCorrelation()
    metric.update_state(truth, predicted)
    assert float(metric.result()) == pytest.approx(stats.spearmanr(truth, predicted).statistic, abs=1e-5)


def test_src_holds_just_as_many_as_its_capacity():
    """A sample that is left out takes no room; one too many makes NaN, and a reset gives the room back."""
    metric = metrics.SpearmanCorrelation(capacity=4)
    metric.update_state(np.float32([1, math.nan, 2]), np.float32([1, 9, 2]))
    metric.update_state(np.float32([8, 4, 3]), np.float32([0, 3, 4]), np.float32([0, 1, 1]))
    assert float(metric.result()) == pytest.approx(0.8)  # 1 - 6 · (0 + 0 + 1 + 1) / (4 · 15)
    metric.update_state(np.float32([5]), np.float32([5]))
    assert math.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(np.float32([1, 2]), np.float32([2, 1]))
    assert float(metric.result()) == -1.0


@pytest.mark.parametrize(
    ("truth", "predicted", "weights"),
    [
        ([], [], []),
        ([3], [4], [1]),
        ([1, 2, math.nan], [1, 2, 3], [1, 0, 1]),
        ([1, 2, 3], [-4, -4, -4], [0.1, 0.2, 0.4]),
        ([2, 2, 2, 1], [1, 2, 3, 4], [0.1, 0.7, 0.4, 0]),
        ([1, 2, 3], [4, math.nan, 5], [1, 1, 1]),
    ],
    ids=["none", "one", "one that counts", "constant predictions", "constant truth", "broken"],
)
def test_src_is_nan_where_undefined(truth, predicted, weights):
    metric = metrics.SpearmanCorrelation(capacity=8)
    metric.update_state(np.float32(truth), np.float32(predicted), np.float32(weights))
    assert math.isnan(float(metric.result()))


def test_med_is_a_weighted_mean_of_what_is_known():
    metric = metrics.MeanEuclideanDistance()
    metric.update_state(np.float32([math.nan, 5]), np.float32([2, 9]), np.float32([1, 0]))
    assert math.isnan(float(metric.result()))
    metric.update_state(np.float32([1, math.nan, 5]), np.float32([2, 9, 3]), np.float32([0.5, 4, 3]))
    metric.update_state(np.float32([[4]]), np.float32([[8]]), np.float32([[2]]))
    assert float(metric.result()) == pytest.approx((0.5 * 1 + 3 * 2 + 2 * 4) / 5.5)


LABELS = np.int32([[0, 1, 1, -1], [2, 2, -1, -1]])
PREDICTED = np.array([[0, 1, 2, 0], [2, 1, 0, 0]])


@pytest.mark.parametrize("stage", [None, 1, 2])
@pytest.mark.parametrize(
    "weights",
    [[3.0, 0.5], [[3.0], [0.5]], [[3.0, 0.5, 2.0, 9.0], [0.0, 1.5, 9.0, 9.0]]],
    ids=["videos", "videos as a column", "frames"],
)
def test_frame_accuracy_is_a_weighted_share(weights, stage):
    of_frames = np.broadcast_to(np.reshape(weights, (2, -1)), (2, 4))
    right = total = 0.0
    for index, label in np.ndenumerate(LABELS):
        if label >= 0 and stage in (None, label):
            right += of_frames[index] * (PREDICTED[index] == label)
            total += of_frames[index]
    metric = metrics.FrameAccuracy(stage=stage)
    metric.update_state(LABELS, np.eye(3, dtype="float32")[PREDICTED], np.float32(weights))
    assert float(metric.result()) == pytest.approx(right / total)


def test_frame_accuracy_takes_decided_stages():
    metric = metrics.FrameAccuracy()
    metric.update_state(LABELS, np.int32(PREDICTED))
    assert float(metric.result()) == pytest.approx(3 / 5)


# === Segments, against loops ===


def runs_of(labels):
    """(stage, start, end) of every run but those of noise."""
    found, start = [], 0
    for index in range(1, len(labels) + 1):
        if index == len(labels) or labels[index] != labels[start]:
            found.append((int(labels[start]), start, index))
            start = index
    return [run for run in found if run[0] > 0]


def edit_score_by_hand(truth, predicted):
    a, b = ([stage for stage, _, _ in runs_of(labels)] for labels in (truth, predicted))
    distance = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            distance[i][j] = min(
                distance[i - 1][j] + 1, distance[i][j - 1] + 1, distance[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
    return 1 - distance[-1][-1] / max(len(a), len(b), 1)


def found_segments(truth, predicted, overlap):
    """(right, all true and all predicted segments) of a video."""
    truth, predicted = runs_of(truth), runs_of(predicted)
    taken = set()
    for stage, start, end in predicted:
        shares = [
            (max(0, min(end, e) - max(start, s)) / (max(end, e) - min(start, s)) if stage == t else 0)
            for t, s, e in truth
        ]
        best = max(range(len(truth)), key=lambda i: shares[i], default=None)
        if best is not None and shares[best] >= overlap:
            taken.add(best)
    return len(taken), len(truth) + len(predicted)


@pytest.fixture(scope="module")
def stages_of_videos():
    """True stages, −1 behind the end of a video, and predicted ones that are wrong here and there: four figures."""
    rng = np.random.default_rng(25)
    truth = np.full((12, 40), -1, np.int32)
    predicted = rng.integers(0, 4, (12, 40)).astype("int32")
    for row, length in enumerate(rng.integers(5, 41, 12)):
        cuts = np.sort(rng.integers(0, length + 1, 4))
        truth[row, :length] = np.searchsorted(cuts, np.arange(length), side="right") % 4
        right = rng.random(length) < 0.85
        predicted[row, :length] = np.where(right, truth[row, :length], predicted[row, :length])
    truth[11] = -1  # nothing is known of the last
    truth[10], predicted[10] = 0, 0  # and nothing but noise in the one before
    return truth, predicted


WEIGHTS = np.float32([0, 2, 1, 0, 3, 1, 1, 0, 1, 2, 1, 5])
OVERLAPS = {"f1_10": 0.1, "f1_25": 0.25, "f1_50": 0.5}


def by_hand(truth, predicted):
    """Name → (numerator, denominator) of each video, those of an unlabelled one 0."""
    videos = [(t[t >= 0], p[t >= 0]) for t, p in zip(truth, predicted, strict=True)]
    found = {name: [found_segments(*video, overlap) for video in videos] for name, overlap in OVERLAPS.items()}
    counts = {name: [(2 * right, number) for right, number in each] for name, each in found.items()}
    return counts | {"edit_score": [(edit_score_by_hand(*video), 1) if len(video[0]) else (0, 0) for video in videos]}


@pytest.mark.parametrize(("decided", "weights"), [(True, None), (False, WEIGHTS)], ids=["labels", "probabilities"])
def test_segment_metrics_are_those_of_a_loop(stages_of_videos, weights, decided):
    truth, predicted = stages_of_videos
    values = (truth, predicted if decided else np.eye(4, dtype="float32")[predicted], weights)
    metric = metrics.SegmentFigures()
    for part in (slice(0, 5), slice(5, 12)):
        metric.update_state(*(each if each is None else each[part] for each in values))
    counted = np.ones(12) if weights is None else weights
    sums = {name: np.dot(counted, counts) for name, counts in by_hand(truth, predicted).items()}
    assert len({right / number for right, number in sums.values()}) > 3 and sums["edit_score"][0] < 0.7 * counted.sum()
    expected = {name: pytest.approx(right / number) for name, (right, number) in sums.items()}
    assert {name: float(value) for name, value in metrics.results(metric).items()} == expected
    metric.reset_state()
    assert {float(value) for value in metric.result().values()} == {0.0}


def test_segments_are_in_order_with_nothing_behind_the_last():
    labels = np.int32([[0, 1, 1, 2, 0, -1], [3, 0, 0, 0, 1, 1], [-1, -1, -1, -1, -1, 2]])
    counts = np.array([[True] * 5 + [False], [True] * 6, [False] * 6])
    stage, start, end, number = metrics.segments(labels, counts)
    assert np.array(stage).tolist() == [[1, 2, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0], [0] * 6]
    assert np.array(start).tolist() == [[1, 3, 6, 6, 6, 6], [0, 4, 6, 6, 6, 6], [6] * 6]
    assert np.array(end).tolist() == [[3, 4, 6, 6, 6, 6], [1, 6, 6, 6, 6, 6], [6] * 6]
    assert np.array(number).tolist() == [2, 2, 0]


def test_counts_of_each_video_are_those_of_a_loop(stages_of_videos):
    counts = metrics.segment_counts(*stages_of_videos)
    assert list(counts) == ["edit_score", "f1_10", "f1_25", "f1_50"]
    for name, (numerators, denominators) in counts.items():
        np.testing.assert_allclose(
            np.transpose([numerators, denominators]), by_hand(*stages_of_videos)[name], rtol=1e-6
        )


SAVED = {  # the name that is logged, if none is given, and every argument unlike its default
    "src": (metrics.SpearmanCorrelation, {"capacity": 7}),
    "med": (metrics.MeanEuclideanDistance, {}),
    "frame_accuracy": (metrics.FrameAccuracy, {"stage": 1}),
    "segments": (metrics.SegmentFigures, {}),
}


@pytest.mark.parametrize(("name", "made"), SAVED.items(), ids=SAVED)
def test_what_a_metric_was_made_with_survives_saving(name, made):
    kind, options = made
    assert kind().name == name
    config = kind(**options, name="another", dtype="float32").get_config()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kind.from_config(config)))
    assert type(again) is kind and again.get_config() == config
    assert {**config, **options, "name": "another"} == config
