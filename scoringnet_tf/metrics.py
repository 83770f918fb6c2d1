"""Metrics of §4.2: Spearman's rank correlation (SRC, Eq. 11), mean Euclidean distance (MED, Eq. 12), frame accuracy."""

import keras
from keras import ops


def average_ranks(values, valid):
    """Ranks 1…n of the valid entries of `values` (N,); ties get the mean of their ranks, as SciPy gives them."""
    valid = ops.cast(valid, "float32")
    below = ops.cast(values[None, :] < values[:, None], "float32")
    equal = ops.cast(values[None, :] == values[:, None], "float32")
    return ops.sum((below + equal / 2) * valid[None, :], axis=1) + 0.5


def spearman(truth, predictions, valid):
    """Spearman's ρ with ties (Eq. 11 holds without): Pearson's correlation of average ranks; NaN where undefined.

    A valid prediction that is NaN has no rank: the result is NaN, as SciPy's.
    """
    count = ops.sum(ops.cast(valid, "float32"))

    def centred_ranks(values):
        return ops.where(valid, average_ranks(values, valid) - (count + 1) / 2, 0.0)

    x, y = centred_ranks(truth), centred_ranks(predictions)
    rho = ops.sum(x * y) / ops.sqrt(ops.sum(x * x) * ops.sum(y * y))
    return ops.where(ops.any(ops.logical_and(valid, ops.isnan(predictions))), float("nan"), rho)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class SpearmanCorrelation(keras.metrics.Metric):
    """SRC of all scores since the last reset, tie-aware, equal to `scipy.stats.spearmanr`.

    Scores have shape (B,) or (B, 1); entries whose truth is NaN are left out. NaN below two samples or where one side
    is constant, and also beyond `capacity` samples: a rank correlation of a part would look like one of the whole.

    Args:
        capacity: most samples kept (the result takes capacity² comparisons).
    """

    def __init__(self, capacity=4096, name="src", **kwargs):
        super().__init__(name=name, **kwargs)
        self.capacity = capacity
        self.truth = self.add_variable((capacity,), "zeros", "float32", name="truth")
        self.predictions = self.add_variable((capacity,), "zeros", "float32", name="predictions")
        self.count = self.add_variable((), "zeros", "int32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predictions = ops.ravel(ops.cast(y_true, "float32")), ops.ravel(ops.cast(y_pred, "float32"))
        known = ops.logical_not(ops.isnan(truth))
        # Slot of each known sample in the store; unknown ones, and those beyond the capacity, match no slot.
        position = self.count + ops.cumsum(ops.cast(known, "int32")) - 1
        slots = ops.arange(self.capacity, dtype="int32")
        here = ops.cast(ops.logical_and(slots[:, None] == position[None, :], known[None, :]), "float32")
        filled = ops.any(here > 0, axis=1)
        truth = ops.where(known, truth, 0.0)
        self.truth.assign(ops.where(filled, ops.sum(here * truth, axis=1), self.truth))
        self.predictions.assign(ops.where(filled, ops.sum(here * predictions, axis=1), self.predictions))
        self.count.assign(self.count + ops.sum(ops.cast(known, "int32")))

    def result(self):
        valid = ops.arange(self.capacity, dtype="int32") < self.count
        rho = spearman(ops.convert_to_tensor(self.truth), ops.convert_to_tensor(self.predictions), valid)
        return ops.where(self.count > self.capacity, float("nan"), rho)

    def get_config(self):
        return {**super().get_config(), "capacity": self.capacity}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class MeanEuclideanDistance(keras.metrics.Mean):
    """MED of Eq. 12: the mean of |s − g|, in points; (B,) or (B, 1), entries whose truth is NaN are left out."""

    def __init__(self, name="med", **kwargs):
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predictions = ops.ravel(ops.cast(y_true, "float32")), ops.ravel(ops.cast(y_pred, "float32"))
        known = ops.logical_not(ops.isnan(truth))
        distance = ops.where(known, ops.abs(predictions - truth), 0.0)
        super().update_state(distance, sample_weight=ops.cast(known, "float32"))


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FrameAccuracy(keras.metrics.Metric):
    """Share of labelled frames whose most probable stage is the true one (Table 3).

    Labels int (B, L), negative = ignored; probabilities (B, L, S).

    Args:
        stage: count only frames of this true stage; None counts all.
    """

    def __init__(self, stage=None, name="frame_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.stage = stage
        self.right = self.add_variable((), "zeros", "float32", name="right")
        self.total = self.add_variable((), "zeros", "float32", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        counts = y_true >= 0 if self.stage is None else y_true == self.stage
        hit = ops.logical_and(counts, ops.cast(ops.argmax(y_pred, axis=-1), y_true.dtype) == y_true)
        self.right.assign(self.right + ops.sum(ops.cast(hit, "float32")))
        self.total.assign(self.total + ops.sum(ops.cast(counts, "float32")))

    def result(self):
        return ops.divide_no_nan(self.right, self.total)

    def get_config(self):
        return {**super().get_config(), "stage": self.stage}
