"""Metrics of §4.2: Spearman's rank correlation (SRC, Eq. 11), mean Euclidean distance (MED, Eq. 12), frame accuracy.

`sample_weight` weighs what a metric averages over. An entry whose truth is unknown or whose weight is 0 is left out,
whatever was predicted for it.
"""

import keras
from keras import ops

# As a module: importing Keras registers both, while one may be half-initialised.
from scoringnet_tf import losses


def centred_ranks(values, weights):
    """Weighted mid-ranks less their weighted mean: Σ_{j: x_j < x_i} w_j + ½ Σ_{j: x_j = x_i} w_j − ½ Σ_j w_j.

    With weights of 1 these are the average ranks that SciPy gives, less (n + 1) / 2; a whole number as a weight counts
    as often as it says.

    Args:
        values: x, float (N,).
        weights: w, float (N,); entries of weight 0 are in nobody's rank.

    Returns:
        Float (N,); exactly 0 everywhere where all values are equal.
    """
    valid = weights != 0
    values = ops.where(valid, values, float("inf"))  # the others come last
    order = ops.argsort(values)
    ordered = ops.take(values, order)
    below = ops.concatenate([ops.zeros((1,)), ops.cumsum(ops.take(weights, order))])  # weight of the first k
    total = ops.take(below, ops.sum(ops.cast(valid, "int32")))
    first, last = (ops.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (ops.take(below, first) + ops.take(below, last) - total) / 2


def spearman(truth, predictions, weights):
    """Spearman's ρ with ties and weights (Eq. 11 holds without): Pearson's weighted correlation of weighted mid-ranks.

    It takes N log N steps. NaN where undefined (fewer than two entries, or a side that is constant), and, as SciPy's,
    where a prediction that counts is NaN: it has no rank.

    Args:
        truth, predictions, weights: float (N,); entries of weight 0 are left out.

    Returns:
        Scalar.
    """
    total = ops.sum(weights)
    x, y = centred_ranks(truth, weights) / total, centred_ranks(predictions, weights) / total
    share = weights / total
    rho = ops.sum(share * x * y) / ops.sqrt(ops.sum(share * x * x) * ops.sum(share * y * y))
    return ops.where(ops.any(ops.logical_and(weights != 0, ops.isnan(predictions))), float("nan"), rho)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class SpearmanCorrelation(keras.metrics.Metric):
    """SRC of all scores since the last reset, tie-aware, equal to `scipy.stats.spearmanr`.

    Scores and `sample_weight` have shape (B,) or (B, 1); for the meaning of weights see `spearman`. NaN below two
    samples or where one side is constant, and also beyond `capacity` samples: a rank correlation of a part would look
    like one of the whole.

    Args:
        capacity: most samples kept; those left out take no room.
    """

    def __init__(self, capacity=4096, name="src", **kwargs):
        super().__init__(name=name, **kwargs)
        self.capacity = capacity
        # One slot more than samples: what is left out, or finds no room, is written there, and nothing reads it.
        self.truth, self.predictions, self.weights = (
            self.add_variable((capacity + 1,), "zeros", "float32", name=name)
            for name in ("truth", "predictions", "weights")
        )
        self.count = self.add_variable((), "zeros", "int32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        known = losses.known_scores(*losses.score_vectors(y_true, y_pred, sample_weight))
        counts = known[2] != 0
        numbers = self.count + ops.cumsum(ops.cast(counts, "int32")) - 1
        slots = ops.where(counts, ops.minimum(numbers, self.capacity), self.capacity)[:, None]
        for store, values in zip((self.truth, self.predictions, self.weights), known, strict=True):
            store.assign(ops.scatter_update(ops.convert_to_tensor(store), slots, values))
        self.count.assign(self.count + ops.sum(ops.cast(counts, "int32")))

    def result(self):
        stores = (self.truth, self.predictions, self.weights)
        rho = spearman(*(ops.convert_to_tensor(store)[: self.capacity] for store in stores))
        return ops.where(self.count > self.capacity, float("nan"), rho)

    def get_config(self):
        return {**super().get_config(), "capacity": self.capacity}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class MeanEuclideanDistance(keras.metrics.Mean):
    """MED of Eq. 12: the mean of |s − g|, in points; with weights Σ w·|s − g| / Σ w.

    Scores and `sample_weight` have shape (B,) or (B, 1); entries whose truth is NaN are left out.
    """

    def __init__(self, name="med", **kwargs):
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predictions, weights = losses.known_scores(*losses.score_vectors(y_true, y_pred, sample_weight))
        super().update_state(ops.abs(predictions - truth), sample_weight=weights)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameAccuracy(keras.metrics.Metric):
    """Share of labelled frames whose most probable stage is the true one (Table 3).

    Labels int (B, L), negative = ignored; probabilities (B, L, S). `sample_weight` weighs frames, (B, L), or videos,
    (B,) or (B, 1). 0 where nothing counts.

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
        weights = losses.frame_weights(labels, sample_weight)
        if self.stage is not None:
            weights = weights * ops.cast(labels == self.stage, "float32")
        hits = ops.cast(ops.cast(ops.argmax(y_pred, axis=-1), "int32") == labels, "float32")
        self.right.assign(self.right + ops.sum(weights * hits))
        self.total.assign(self.total + ops.sum(weights))

    def result(self):
        return ops.divide_no_nan(self.right, self.total)

    def get_config(self):
        return {**super().get_config(), "stage": self.stage}
