"""Metrics of §4.2: Spearman's rank correlation (SRC, Eq. 11), mean Euclidean distance (MED, Eq. 12), frame accuracy.

For segments, about which frame accuracy says little: edit score and F1.

`sample_weight` weighs what a metric averages over. An entry whose truth is unknown or whose weight is 0 is left out,
whatever was predicted for it.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

# As a module: importing Keras registers both, while one may be half-initialised.
from scoringnet_tf import losses


def centred_ranks(values: Any, weights: Any) -> Any:
    """Weighted mid-ranks less their weighted mean: Σ_{j: x_j < x_i} w_j + ½ Σ_{j: x_j = x_i} w_j − ½ Σ_j w_j.

    With weights of 1 these are the average ranks that SciPy gives, less (n + 1) / 2; a whole number as a weight counts
    as often as it says.

    Args:
        values: x, float (N,).
        weights: w, float (N,); entries with weight 0 are in nobody's rank.

    Returns:
        Float (N,); exactly 0 everywhere if all values are equal.
    """
    valid = weights != 0
    values = ops.where(valid, values, float("inf"))  # the others come last
    order = ops.argsort(values)
    ordered = ops.take(ops.stack([values, weights]), order, axis=1)
    below = ops.concatenate([ops.zeros((1,)), ops.cumsum(ordered[1])])  # weight of the first k
    between = ops.stack([ops.searchsorted(ordered[0], values, side=side) for side in ("left", "right")])
    return (ops.sum(ops.take(below, between), axis=0) - below[-1]) / 2


def spearman(truth: Any, predictions: Any, weights: Any) -> Any:
    """Spearman's ρ with ties and weights (Eq. 11 holds without): Pearson's weighted correlation on mid-ranks.

    It takes N log N steps. NaN if undefined (fewer than two entries, or a constant side), and, as SciPy's, if a
    prediction that counts is NaN: it has no rank.

    Args:
        truth, predictions, weights: float (N,); entries with weight 0 are left out.

    Returns:
        Scalar.
    """
    total = ops.sum(weights)
    x, y = centred_ranks(truth, weights) / total, centred_ranks(predictions, weights) / total
    share = weights / total
    rho = ops.sum(share * x * y) / ops.sqrt(ops.sum(share * x * x) * ops.sum(share * y * y))
    return ops.where(ops.any(ops.logical_and(weights != 0, ops.isnan(predictions))), float("nan"), rho)


CAPACITY = 4096  # scores whose SRC is measured without asking; the room is sorted at every step


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class SpearmanCorrelation(keras.metrics.Metric):
    """SRC over all scores since the last reset, tie-aware, equal to `scipy.stats.spearmanr`.

    Scores and `sample_weight` have shape (B,) or (B, 1); for weights see `spearman`. NaN below two
    samples or where one side is constant, and also beyond `capacity` samples: a part's rank correlation would look
    like the whole's.

    Args:
        capacity: most samples kept; those left out take no room.
    """

    # Keras's own metrics tell mode="auto" of callbacks so; it has no public way (keras-team/keras#18798).
    _direction = "up"

    def __init__(self, capacity: int = CAPACITY, name: str = "src", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.capacity = capacity
        # One slot more than samples: what is left out, or finds no room, is written there, and nothing reads it.
        self.truth, self.predictions, self.weights = (
            self.add_variable((capacity + 1,), "zeros", "float32", "only_first_replica", name)
            for name in ("truth", "predictions", "weights")
        )
        self.count = self.add_variable((), "zeros", "int32", "only_first_replica", "count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        known = losses.known_scores(*losses.score_vectors(y_true, y_pred, sample_weight))
        counts = known[2] != 0
        numbers = self.count + ops.cumsum(ops.cast(counts, "int32")) - 1
        slots = ops.where(counts, ops.minimum(numbers, self.capacity), self.capacity)[:, None]
        for store, values in zip((self.truth, self.predictions, self.weights), known, strict=True):
            store.assign(ops.scatter_update(ops.convert_to_tensor(store), slots, values))
        self.count.assign(self.count + ops.sum(ops.cast(counts, "int32")))

    def result(self) -> Any:
        stores = (self.truth, self.predictions, self.weights)
        rho = spearman(*(ops.convert_to_tensor(store)[: self.capacity] for store in stores))
        return ops.where(self.count > self.capacity, float("nan"), rho)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "capacity": self.capacity}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class MeanEuclideanDistance(keras.metrics.Mean):
    """MED (Eq. 12): the mean |s − g|, in points; with weights Σ w·|s − g| / Σ w.

    Scores and `sample_weight` have shape (B,) or (B, 1); entries whose truth is NaN are left out. NaN where none is
    left: 0 would be perfect.
    """

    _direction = "down"

    def __init__(self, name: str = "med", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, predictions, weights = losses.known_scores(*losses.score_vectors(y_true, y_pred, sample_weight))
        super().update_state(ops.abs(predictions - truth), sample_weight=weights)

    def result(self) -> Any:
        return ops.where(self.count == 0, float("nan"), super().result())


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameAccuracy(keras.metrics.Metric):
    """The share among labelled frames whose stage is the true one (Table 3).

    Labels int (B, L), negative = ignored. Predictions are probabilities (B, L, S), whose most probable stage counts, or
    stages that are decided, int (B, L). `sample_weight` weighs frames, (B, L), or videos, (B,) or (B, 1). 0 where
    nothing counts.

    Args:
        stage: count only frames with this true stage; None counts all.
    """

    _direction = "up"

    def __init__(self, stage: int | None = None, name: str = "frame_accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.stage = stage
        self.right = self.add_variable((), "zeros", "float32", name="right")
        self.total = self.add_variable((), "zeros", "float32", name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = ops.cast(y_true, "int32")
        weights = losses.frame_weights(labels, sample_weight)
        if self.stage is not None:
            weights = weights * ops.cast(labels == self.stage, "float32")
        found = ops.argmax(y_pred, axis=-1) if len(y_pred.shape) == 3 else y_pred
        hits = ops.cast(ops.cast(found, "int32") == labels, "float32")
        self.right.assign(self.right + ops.sum(weights * hits))
        self.total.assign(self.total + ops.sum(weights))

    def result(self) -> Any:
        return ops.divide_no_nan(self.right, self.total)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stage": self.stage}


# === Segments ===

Segments: TypeAlias = tuple[Any, Any, Any, Any]  # what `segments` gives


def segments(labels: Any, counts: Any) -> Segments:
    """Each video's runs in one stage, without noise (0).

    Args:
        labels: int (B, L).
        counts: bool (B, L); a frame that does not count is noise.

    Returns:
        stage, start, end: int32 (B, L), frames with exclusive ends, in temporal order; 0, L, L beyond the last segment.
        number: int32 (B,), segments.
    """
    labels = ops.where(counts, ops.cast(labels, "int32"), 0)
    length = ops.shape(labels)[1]
    nothing = ops.zeros_like(labels[:, :1])
    before = ops.concatenate([nothing, labels[:, :-1]], axis=1)
    after = ops.concatenate([labels[:, 1:], nothing], axis=1)
    frame = ops.arange(length, dtype="int32")[None]
    starts, ends = (ops.logical_and(labels != 0, labels != beside) for beside in (before, after))
    start = ops.sort(ops.where(starts, frame, length), axis=1)
    end = ops.minimum(ops.sort(ops.where(ends, frame, length), axis=1) + 1, length)
    stage = ops.take_along_axis(labels, ops.minimum(start, length - 1), axis=1)
    return ops.where(start < length, stage, 0), start, end, ops.sum(ops.cast(starts, "int32"), axis=1)


def edit_distance(first: Any, second: Any, number_first: Any, number_second: Any) -> Any:
    """Levenshtein's distance between the first `number` entries in two int rows, (B, N) each: float32 (B,)."""
    rows, width = ops.shape(first)
    first, second = (ops.cast(row, "float32") for row in (first, second))
    far = ops.full((rows, width + 1), float("inf"))
    corner = ops.concatenate([ops.zeros((rows, 1)), far[:, 1:]], axis=1)
    total = number_first + number_second

    def moved(values: Any) -> Any:
        return ops.concatenate([far[:, :1], values[:, :-1]], axis=1)

    def next_diagonal(number: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        """D[i, j] with i + j = `number`, by i: what is outside the table is infinite."""
        last, before, found = state
        j = number - ops.arange(width + 1, dtype="int32")
        other = ops.take(second, ops.clip(j - 1, 0, width - 1), axis=1)
        differs = ops.cast(shifted != other, "float32")
        new = ops.minimum(ops.minimum(moved(last), last) + 1.0, moved(before) + differs)
        here = ops.take_along_axis(new, number_first[:, None], axis=1)[:, 0]
        return new, last, ops.where(total == number, here, found)

    shifted = ops.concatenate([far[:, :1], first], axis=1)
    start = (corner, far, ops.zeros((rows,)))
    return ops.fori_loop(1, ops.max(total) + 1, next_diagonal, start)[2]


def edit_scores(truth: Segments, predicted: Segments) -> Any:
    """1 − d / n for each video, see `SegmentFigures`: float32 (B,), from the `segments` in truth and prediction."""
    distance = edit_distance(truth[0], predicted[0], truth[3], predicted[3])
    longer = ops.cast(ops.maximum(ops.maximum(truth[3], predicted[3]), 1), "float32")
    return 1.0 - distance / longer


def matched_segments(truth: Segments, predicted: Segments) -> tuple[Any, Any, Any]:
    """Which true segment in its stage each predicted one overlaps most.

    Args:
        truth, predicted: their `segments`.

    Returns:
        share: float32 (B, predicted), intersection over union.
        match: float32 (B, predicted, true), 1 at that segment.
        number: float32 (B,), all segments, true and predicted.
    """
    stage, start, end = (value[:, None] for value in truth[:3])  # (B, 1, true)
    other, begin, finish = (value[:, :, None] for value in predicted[:3])
    common = ops.minimum(end, finish) - ops.maximum(start, begin)
    union = ops.maximum(end, finish) - ops.minimum(start, begin)
    same = ops.logical_and(stage == other, ops.logical_and(stage != 0, common > 0))
    shares = ops.where(same, ops.cast(common, "float32") / ops.cast(ops.maximum(union, 1), "float32"), 0.0)
    match = ops.one_hot(ops.argmax(shares, axis=2), ops.shape(shares)[2])
    return ops.max(shares, axis=2), match, ops.cast(truth[3] + predicted[3], "float32")


def right_segments(share: Any, match: Any, overlap: float) -> Any:
    """How many predicted segments are right, see `SegmentFigures`: float32 (B,), from `matched_segments`."""
    hit = ops.cast(share >= overlap, "float32")
    return ops.sum(ops.max(match * hit[:, :, None], axis=1), axis=1)


OVERLAPS = (10, 25, 50)  # per cent, of F1


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class SegmentFigures(keras.metrics.Metric):
    """How well segments agree (Lea et al., CVPR 2017, where all are per cent); those of noise are left out.

    The result is a dict, 0 where nothing counts:

    - `edit_score`: the mean 1 − d / n over videos: d edits make the predicted stages the true ones, n stages has the
      longer row. Which stages follow one another, however long each is: a stage that appears twice costs as much as
      one that is missing. A video without a segment has 1.
    - `f1_10`, `f1_25`, `f1_50`: the segments' F1 over all videos. A predicted segment is right if its intersection over
      union with the true segment in its stage that it overlaps most is at least 10, 25 or 50 %, and no earlier one has
      found the same.

    Labels int (B, L), negative = ignored; predictions as for `FrameAccuracy`. `sample_weight` weighs videos, (B,) or
    (B, 1).
    """

    _direction = "up"

    def __init__(self, name: str = "segments", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.right, self.total = (
            self.add_variable((1 + len(OVERLAPS),), "zeros", "float32", name=each) for each in ("right", "total")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = ops.cast(y_true, "int32")
        found = ops.argmax(y_pred, axis=-1) if len(y_pred.shape) == 3 else y_pred
        weights = ops.ones_like(labels[:, 0], dtype="float32") if sample_weight is None else sample_weight
        (weights,) = losses.score_vectors(weights)
        weights = ops.cast(weights, "float32")
        shares = zip(*segment_counts(labels, found).values(), strict=True)
        for store, of_store in zip((self.right, self.total), shares, strict=True):
            store.assign(store + ops.stack([ops.sum(weights * share) for share in of_store]))

    def result(self) -> dict[str, Any]:
        names = ("edit_score", *(f"f1_{percent}" for percent in OVERLAPS))
        return dict(zip(names, ops.unstack(ops.divide_no_nan(self.right, self.total)), strict=True))


def results(metric: keras.metrics.Metric) -> dict[str, Any]:
    """What a metric shows, name → value; most show one value under their own name."""
    result = metric.result()
    return result if isinstance(result, dict) else {metric.name: result}


def names(metric: keras.metrics.Metric) -> list[str]:
    """The names in its `results`, without the ranks of thousands of scores that a correlation sorts for its value."""
    return [metric.name] if isinstance(metric, SpearmanCorrelation) else [*results(metric)]


def padded_labels(videos: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Label pairs, (L,) each with its own L, in one array (2, V, longest), -1 beyond their ends."""
    pairs = [np.stack(pair) for pair in videos]
    length = max(pair.shape[1] for pair in pairs)
    return np.stack([np.pad(pair, ((0, 0), (0, length - pair.shape[1])), constant_values=-1) for pair in pairs], axis=1)


def segment_counts(labels: Any, found: Any) -> dict[str, tuple[Any, Any]]:
    """The figures of `SegmentFigures` for each video, as fractions.

    Args:
        labels: int (B, L), negative = ignored.
        found: int (B, L), the predicted stages.

    Returns:
        name → (float32 (B,), float32 (B,)): over any videos a figure is the first's sum over the second's.
    """
    counts = labels >= 0
    truth, predicted = segments(labels, counts), segments(found, counts)
    any_labelled = ops.cast(ops.any(counts, axis=1), "float32")
    shares = {"edit_score": (edit_scores(truth, predicted) * any_labelled, any_labelled)}
    share, match, number = matched_segments(truth, predicted)
    for percent in OVERLAPS:
        right = right_segments(share, match, percent / 100)
        shares[f"f1_{percent}"] = (2.0 * right * any_labelled, number * any_labelled)
    return shares
