"""Metrics of §4.2: Spearman's rank correlation (SRC, Eq. 11), mean Euclidean distance (MED, Eq. 12), frame accuracy.

Scores have shape (B,) or (B, 1). A video whose truth is NaN (unknown) or whose `sample_weight` is 0 takes part in
nothing.
"""

import keras
from keras import ops

# As modules here and in `models.objective`: importing Keras registers all of them, while one may be half-initialised.
from scoringnet_tf import losses


def average_ranks(values, weights):
    """Ranks of `values` (N,), where a value of weight w counts as w of them; ties share the mean of their ranks.

    Of weights that are all 1 they are the ranks 1…n less ½, which no correlation notices. Values of weight 0 must be
    +∞; they have no rank, and what stands in their place means nothing.
    """
    order = ops.argsort(values)
    ordered = ops.take(values, order)
    below = ops.concatenate([ops.zeros((1,)), ops.cumsum(ops.take(weights, order))])  # weight of the k smallest
    first, last = (ops.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (ops.take(below, first) + ops.take(below, last)) / 2


def spearman(truth, predictions, weights):
    """Spearman's ρ with ties (Eq. 11 holds without): Pearson's correlation of average ranks; NaN where undefined.

    Args:
        truth, predictions: (N,). A prediction that is NaN has no rank: the result is NaN, as SciPy's.
        weights: (N,); w counts as w repetitions of a video, 0 as none.

    Returns:
        Scalar.
    """
    counts = weights > 0
    total = ops.sum(weights)

    def centred_ranks(values):
        ranks = average_ranks(ops.where(counts, values, float("inf")), weights)
        ranks = ops.where(counts, ranks, 0.0)
        return ops.where(counts, ranks - ops.sum(weights * ranks) / total, 0.0)

    x, y = centred_ranks(truth), centred_ranks(predictions)
    rho = ops.sum(weights * x * y) / ops.sqrt(ops.sum(weights * x * x) * ops.sum(weights * y * y))
    return ops.where(ops.any(ops.logical_and(counts, ops.isnan(predictions))), float("nan"), rho)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class SpearmanCorrelation(keras.metrics.Metric):
    """SRC of all scores since the last reset, tie-aware, equal to `scipy.stats.spearmanr`.

    With `sample_weight` (B,) a video of weight w counts as w repetitions of it. NaN below two samples or where one side
    is constant, and also beyond `capacity` samples: a rank correlation of a part would look like one of the whole.

    Args:
        capacity: most samples kept. An update takes time in proportion to B, a result to capacity · log(capacity).
    """

    def __init__(self, capacity=4096, name="src", **kwargs):
        super().__init__(name=name, **kwargs)
        self.capacity = capacity
        # One slot more than the capacity takes what has no place.
        self.truth, self.predictions, self.weights = (
            self.add_variable((capacity + 1,), "zeros", "float32", name=name)
            for name in ("truth", "predictions", "weights")
        )
        self.count = self.add_variable((), "zeros", "int32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predictions, weights = _scores(y_true, y_pred, sample_weight)
        counts = ops.cast(weights > 0, "int32")
        place = ops.where(weights > 0, self.count + ops.cumsum(counts) - 1, self.capacity)
        place = ops.minimum(place, self.capacity)[:, None]
        for kept, values in ((self.truth, truth), (self.predictions, predictions), (self.weights, weights)):
            kept.assign(ops.scatter_update(ops.convert_to_tensor(kept), place, values))
        self.count.assign(self.count + ops.sum(counts))

    def result(self):
        truth, predictions, weights = (
            ops.convert_to_tensor(kept)[: self.capacity] for kept in (self.truth, self.predictions, self.weights)
        )
        count = ops.convert_to_tensor(self.count)
        rho = spearman(truth, predictions, weights)
        return ops.where(ops.logical_or(count < 2, count > self.capacity), float("nan"), rho)

    def get_config(self):
        return {**super().get_config(), "capacity": self.capacity}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class MeanEuclideanDistance(keras.metrics.Mean):
    """MED of Eq. 12: the mean of |s − g|, in points; with `sample_weight` (B,) the weighted mean."""

    def __init__(self, name="med", **kwargs):
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predictions, weights = _scores(y_true, y_pred, sample_weight)
        super().update_state(ops.abs(predictions - truth), sample_weight=weights)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameAccuracy(keras.metrics.Metric):
    """Share of labelled frames whose most probable stage is the true one (Table 3).

    Labels int (B, L), negative = ignored; probabilities (B, L, S). `sample_weight` weighs frames, (B, L), or videos,
    (B,) or (B, 1).

    Args:
        stage: count only frames of this true stage; None counts all.
    """

    def __init__(self, stage=None, name="frame_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.stage = stage
        self.right = self.add_variable((), "zeros", "float32", name="right")
        self.total = self.add_variable((), "zeros", "float32", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = ops.cast(y_true, "int32")
        counted = labels if self.stage is None else ops.where(labels == self.stage, labels, -1)
        weights = losses.frame_weights(counted, sample_weight)
        hit = ops.cast(ops.cast(ops.argmax(y_pred, axis=-1), "int32") == labels, "float32")
        self.right.assign(self.right + ops.sum(hit * weights))
        self.total.assign(self.total + ops.sum(weights))

    def result(self):
        return ops.divide_no_nan(self.right, self.total)

    def get_config(self):
        return {**super().get_config(), "stage": self.stage}


def _scores(y_true, y_pred, sample_weight):
    """Truth, predictions and weights, float32 (B,); truth and weight are 0 where the truth is not known."""
    truth, predictions, weights = losses.score_vectors(y_true, y_pred, sample_weight)
    truth, predictions = ops.cast(truth, "float32"), ops.cast(predictions, "float32")
    weights = ops.ones_like(truth) if weights is None else ops.cast(weights, "float32")
    counts = ops.logical_and(ops.logical_not(ops.isnan(truth)), weights > 0)
    return (
        ops.where(counts, truth, 0.0),
        ops.where(counts, predictions, 0.0),
        ops.where(counts, weights, 0.0),
    )
