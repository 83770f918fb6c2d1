"""The losses of §3.3: the mathematics as functions of tensors, then thin Keras `Loss` classes around them.

Notation: s predictions, g ground truth, both (B,). A ground truth that is NaN is unknown: it takes part in nothing.
"""

import keras
from keras import ops

REDUCTIONS = ("mean", "sum")


# === Mathematics ===


def stage_cross_entropy(labels, probabilities, form="categorical"):
    """Eq. 5, averaged over the labelled frames of the batch.

    Args:
        labels: int (B, L); negative where a frame is padding or has no label.
        probabilities: (B, L, S).
        form: "categorical" is −ln p of the true stage, as the text names it; "binary" is Eq. 5 as printed, a binary
            cross-entropy for each stage, summed over the stages.

    Returns:
        Scalar; 0 where no frame is labelled.
    """
    labelled = ops.cast(labels >= 0, "float32")
    truth = ops.one_hot(ops.maximum(labels, 0), probabilities.shape[-1])
    p = ops.clip(ops.cast(probabilities, "float32"), 1e-7, 1 - 1e-7)
    terms = truth * ops.log(p)
    if form == "binary":
        terms = terms + (1 - truth) * ops.log(1 - p)
    per_frame = -ops.sum(terms, axis=-1)
    return ops.sum(per_frame * labelled) / ops.maximum(ops.sum(labelled), 1.0)


def half_mean_squared_error(truth, predictions):
    """Eq. 6: 1/(2n) Σ (s − g)² over the n known scores."""
    known, truth = _known(truth)
    squares = ops.square(ops.cast(predictions, "float32") - truth)
    return ops.sum(squares * known) / (2.0 * ops.maximum(ops.sum(known), 1.0))


def pairwise_ranking(truth, predictions, margin, reduction="sum"):
    """Eq. 7: Σ_{i<j} relu(−(s_j − s_i)·sign(g_j − g_i) + δ).

    Pairs with g_i = g_j say nothing about order and are left out; Eq. 7 as printed adds the constant δ for them,
    which has no gradient. With reduction "sum" (the paper's) the weight α means another thing at another batch size;
    "mean" divides by the number of pairs that count.

    For g = [1, 2, 3], s = [0.0, 0.2, 0.1], δ = 0.5 the pairs (1,2), (1,3), (2,3) give 0.3, 0.4, 0.6: sum 1.3.
    """
    known, truth = _known(truth)
    predictions = ops.cast(predictions, "float32")
    order = ops.sign(truth[None, :] - truth[:, None])
    hinge = ops.relu(margin - (predictions[None, :] - predictions[:, None]) * order)
    # Each pair appears twice in the square, with the same value: half of the sum counts it once.
    counts = ops.cast(order != 0, "float32") * known[None, :] * known[:, None]
    total = ops.sum(hinge * counts) / 2.0
    if reduction == "mean":
        return total / ops.maximum(ops.sum(counts) / 2.0, 1.0)
    return total


def score_loss(truth, predictions, alpha, margin, reduction="sum"):
    """Eqs. 8 and 9 without the weight term: Eq. 6 + α · Eq. 7. β‖w‖² lives on the kernels of the towers."""
    ranking = pairwise_ranking(truth, predictions, margin, reduction)
    return half_mean_squared_error(truth, predictions) + alpha * ranking


def _known(truth):
    """Which scores are known, as 0/1 (B,), and the truth with 0 in place of NaN."""
    truth = ops.cast(truth, "float32")
    unknown = ops.isnan(truth)
    return 1.0 - ops.cast(unknown, "float32"), ops.where(unknown, 0.0, truth)


# === Keras losses ===


def _check_reduction(reduction):
    if reduction not in REDUCTIONS:
        raise ValueError(f"Expected reduction over pairs to be one of {', '.join(REDUCTIONS)}. Received: {reduction!r}")


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class StageCrossEntropy(keras.losses.Loss):
    """Eq. 5 over all labelled frames of the batch: labels int (B, L), negative = ignored; probabilities (B, L, S).

    Args:
        form: "categorical" (default) or "binary", see `stage_cross_entropy`.
    """

    def __init__(self, form="categorical", name="stage_cross_entropy", **kwargs):
        if form not in ("categorical", "binary"):
            raise ValueError(f"Expected form to be categorical or binary. Received: {form!r}")
        super().__init__(name=name, **{"reduction": "sum", **kwargs})
        self.form = form

    def __call__(self, y_true, y_pred, sample_weight=None):
        # Negative labels say which frames count. Keras would multiply the mean by the mask of y_pred once more, and
        # sum over its frames; a copy has no mask.
        return super().__call__(y_true, ops.copy(y_pred), sample_weight)

    def call(self, y_true, y_pred):
        return stage_cross_entropy(y_true, y_pred, self.form)

    def get_config(self):
        return {**super().get_config(), "form": self.form}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class PairwiseRankingLoss(keras.losses.Loss):
    """Eq. 7: pairs of the batch whose predicted order is wrong, or right by less than the margin.

    Scores have shape (B,) or (B, 1); NaN truth = unknown.

    Args:
        margin: δ > 0, in the units of the predictions. The paper does not give it. In standard units 0.5 kept the
            mean error while it improved the order; much smaller margins shrink the predictions.
        reduction: over pairs: "sum" (the paper's) or "mean".
    """

    def __init__(self, margin=0.5, reduction="sum", name="pairwise_ranking_loss", **kwargs):
        _check_reduction(reduction)
        if not margin > 0:
            raise ValueError(f"Expected margin > 0 (Eq. 7). Received: {margin}")
        super().__init__(name=name, reduction="sum", **kwargs)  # Keras sums one number: the pairs are reduced in call.
        self.margin = margin
        self.pair_reduction = reduction

    def call(self, y_true, y_pred):
        return pairwise_ranking(ops.ravel(y_true), ops.ravel(y_pred), self.margin, self.pair_reduction)

    def get_config(self):
        return {**super().get_config(), "margin": self.margin, "reduction": self.pair_reduction}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoreLoss(PairwiseRankingLoss):
    """Eq. 6 + α · Eq. 7, the loss of one tower; scores (B,) or (B, 1), NaN truth = unknown.

    Args:
        alpha: α, 5 for diving and 10 for vault in the paper (with the sum over pairs); 0 leaves the squared error.
        margin, reduction: of `PairwiseRankingLoss`.
    """

    def __init__(self, alpha=5.0, margin=0.5, reduction="sum", name="score_loss", **kwargs):
        super().__init__(margin=margin, reduction=reduction, name=name, **kwargs)
        self.alpha = alpha

    def call(self, y_true, y_pred):
        return score_loss(ops.ravel(y_true), ops.ravel(y_pred), self.alpha, self.margin, self.pair_reduction)

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
