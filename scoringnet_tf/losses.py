"""The losses of §3.3: the mathematics as functions of tensors, then thin Keras `Loss` classes around them.

Notation: s predictions, g ground truth, w the videos' weights, all (B,). A video whose truth is NaN (unknown) or
whose weight is 0 takes part in nothing, whatever was predicted for it. All of it is computed in float32.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from scoringnet_tf import defaults

FORMS = ("categorical", "binary")
REDUCTIONS = ("mean", "sum")
TIES = ("skip", "constant")
NUM_BINS = 101  # of a score distribution: 0 to 100 in USDL
BIN_REACH = 4.0  # standard deviations on either side of the mean


# === Mathematics ===


def stage_cross_entropy(labels: Any, probabilities: Any, form: str = defaults.STAGE_LOSS, weights: Any = None) -> Any:
    """Eq. 5, averaged over the batch's labelled frames; with weights Σ w·term / Σ w.

    Args:
        labels: int (B, L); negative if a frame is padding or has no label.
        probabilities: (B, L, S).
        form: "categorical" is the true stage's −ln p, as the text names it; "binary" is Eq. 5 as printed, a binary
            cross-entropy for each stage, summed over the stages.
        weights: the frames' (B, L) or the videos', (B,) or (B, 1); None weighs all alike.

    Returns:
        Scalar; 0 if no frame is labelled.

    Raises:
        ValueError: weights with another shape.
    """
    weights = frame_weights(labels, weights)
    truth = ops.one_hot(ops.maximum(ops.cast(labels, "int32"), 0), probabilities.shape[-1])
    p = ops.clip(ops.cast(probabilities, "float32"), 1e-7, 1 - 1e-7)
    terms = truth * ops.log(p)
    if form == "binary":
        terms = terms + (1 - truth) * ops.log(1 - p)
    return _ratio(-ops.sum(terms * weights[:, :, None]), ops.sum(weights))


def half_mean_squared_error(truth: Any, predictions: Any, weights: Any = None) -> Any:
    """Eq. 6: 1/(2n) Σ (s − g)² over the n known scores; with weights Σ w (s − g)² / (2 Σ w)."""
    truth, predictions, weights = known_scores(truth, predictions, weights)
    return _ratio(ops.sum(weights * ops.square(predictions - truth)), 2.0 * ops.sum(weights))


def pairwise_ranking(
    truth: Any,
    predictions: Any,
    margin: float,
    reduction: str = defaults.PAIR_REDUCTION,
    ties: str = defaults.TIES,
    weights: Any = None,
) -> Any:
    """Eq. 7: Σ_{i<j} relu(−(s_j − s_i)·sign(g_j − g_i) + δ).

    For g = [1, 2, 3], s = [0.0, 0.2, 0.1], δ = 0.5 the pairs (1,2), (1,3), (2,3) give 0.3, 0.4, 0.6: sum 1.3.

    Args:
        truth, predictions: g and s, (B,).
        margin: δ.
        reduction: "sum" is the paper's, and the weight α then means another thing at another batch size; "mean"
            divides by the number of pairs that count.
        ties: pairs with g_i = g_j say nothing about order. "skip" leaves them out; "constant" is Eq. 7 as printed:
            each adds δ, which has no gradient.
        weights: w (B,); a pair weighs w_i·w_j, in the sum and in the mean over pairs.

    Returns:
        Scalar; 0 if no pair counts.
    """
    truth, predictions, weights = known_scores(truth, predictions, weights)
    order = ops.sign(truth[None, :] - truth[:, None])  # (B, B): row i, column j
    hinge = ops.relu(margin - (predictions[None, :] - predictions[:, None]) * order)
    index = ops.arange(ops.shape(truth)[0])
    pairs = ops.cast(index[:, None] < index[None, :], "float32") * weights[:, None] * weights[None, :]
    if ties == "skip":
        pairs = pairs * ops.cast(order != 0, "float32")
    total = ops.sum(hinge * pairs)
    return _ratio(total, ops.sum(pairs)) if reduction == "mean" else total


def score_bins() -> Any:
    """The scores whose probabilities a distribution has, in standard deviations from the mean: float32 (NUM_BINS,)."""
    return ops.linspace(-BIN_REACH, BIN_REACH, NUM_BINS, dtype="float32")


def distribution_moments(probabilities: Any) -> tuple[Any, Any]:
    """Mean and variance (…) of distributions (…, NUM_BINS) over `score_bins`, in standard units."""
    bins, probabilities = score_bins(), ops.cast(probabilities, "float32")
    mean = ops.sum(probabilities * bins, axis=-1)
    return mean, ops.sum(probabilities * ops.square(bins - mean[..., None]), axis=-1)


def distribution_divergence(truth: Any, probabilities: Any, sigma: float, weights: Any = None) -> Any:
    """KL(q ‖ p), averaged over the known scores: q is a Gaussian around the truth, on the bins alone (USDL, Eqs. 1–4).

    Args:
        truth: (B,), in standard units; NaN if unknown. Beyond the bins it counts as the last one.
        probabilities: p, (B, NUM_BINS).
        sigma: q's standard deviation, in standard units.
        weights: (B,); Σ w·term / Σ w.

    Returns:
        Scalar; 0 if no score is known.
    """
    truth, _, weights = known_scores(truth, truth, weights)
    truth = ops.clip(truth, -BIN_REACH, BIN_REACH)
    logits = -ops.square(score_bins() - truth[:, None]) / (2.0 * sigma**2)
    target = ops.softmax(logits, axis=-1)
    p = ops.maximum(ops.cast(probabilities, "float32"), 1e-7)
    terms = ops.sum(target * (ops.log_softmax(logits, axis=-1) - ops.log(p)), axis=-1)
    return _ratio(ops.sum(weights * terms), ops.sum(weights))


def known_scores(truth: Any, predictions: Any, weights: Any = None) -> tuple[Any, ...]:
    """The three as float32 (B,), weights 1 if None, and all three 0 if the truth is NaN or the weight 0."""
    truth, predictions = ops.cast(truth, "float32"), ops.cast(predictions, "float32")
    weights = ops.ones_like(truth) if weights is None else ops.cast(weights, "float32")
    counts = ops.logical_and(ops.logical_not(ops.isnan(truth)), weights != 0)
    return tuple(ops.where(counts, value, 0.0) for value in (truth, predictions, weights))


def score_vectors(*scores: Any) -> list[Any]:
    """Scores, predictions or weights, (B,) or (B, 1), as (B,); None stays None.

    Raises:
        ValueError: another shape, or more than one B: broadcasting would make a number of them all the same.
    """
    tensors = [None if value is None else ops.convert_to_tensor(value) for value in scores]
    shapes = [tuple(value.shape) for value in tensors if value is not None]
    alike = len({shape[0] for shape in shapes if shape and shape[0] is not None}) <= 1
    if not alike or not all(shape and shape[1:] in ((), (1,), (None,)) for shape in shapes):
        raise ValueError(
            f"Truth, predictions and weights have the shapes {', '.join(map(str, shapes))}. "
            "They need one shape, (B,) or (B, 1)."
        )
    return [None if value is None else ops.reshape(value, (-1,)) for value in tensors]


def frame_weights(labels: Any, weights: Any = None) -> Any:
    """Frame weights, float32 (B, L): 0 if the label is negative, else `weights`, 1 without them.

    Args:
        labels: int (B, L).
        weights: the frames' (B, L) or the videos', (B,) or (B, 1).

    Raises:
        ValueError: weights with another shape.
    """
    labelled = ops.cast(labels >= 0, "float32")
    if weights is None:
        return labelled
    weights = ops.cast(weights, "float32")
    received = tuple(weights.shape)
    if len(received) == 1:
        weights = weights[:, None]
    (videos, frames), shape = tuple(labels.shape), tuple(weights.shape)
    if len(shape) != 2 or not _may_be(shape[0], videos) or not (shape[1] == 1 or _may_be(shape[1], frames)):
        raise ValueError(f"Weights of shape {received} fit neither the frames, {(videos, frames)}, nor the videos.")
    return labelled * weights


def _may_be(size: int | None, other: int | None) -> bool:
    """Whether two static sizes can be the same; None is not known yet."""
    return None in (size, other) or size == other


def _ratio(total: Any, weight: Any) -> Any:
    """Total / weight; 0, with gradient 0, if there is no weight."""
    return total / ops.where(weight == 0, 1.0, weight)


# === Keras losses ===


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: {value!r} is not one of {', '.join(choices)}.")


def _or(value: float | None, default: float | None) -> Any:
    return default if value is None else value


def _checked(name: str, value: float | None, positive: bool = True) -> Any:
    """The number as float; ValueError unless it is finite, and not negative (or 0). None is not known yet."""
    if value is not None and (not math.isfinite(value) or value < 0 or (positive and value == 0)):
        raise ValueError(f"{name} must be a finite number {'above' if positive else 'of at least'} 0, not {value}.")
    return value if value is None else float(value)


class _BatchLoss(keras.losses.Loss):
    """One number for the batch, in `call(y_true, y_pred, sample_weight)`.

    Keras would reduce each sample's loss, and multiply by weights and `y_pred`'s mask before that. These losses are no
    sum over samples; labels and weights say what counts, and an output's mask is not asked.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name, reduction="sum")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.call(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class StageCrossEntropy(_BatchLoss):
    """Eq. 5 over the batch's labelled frames: labels int (B, L), negative = ignored; probabilities (B, L, S).

    `sample_weight` weighs frames, (B, L), or videos, (B,) or (B, 1); the loss is the weighted mean, so that it keeps
    its size whatever the weights sum to.

    Args:
        form: "categorical" (default) or "binary", see `stage_cross_entropy`.
    """

    def __init__(self, form: str = defaults.STAGE_LOSS, name: str = "stage_cross_entropy") -> None:
        _check_choice("form", form, FORMS)
        super().__init__(name=name)
        self.form = form

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return stage_cross_entropy(y_true, y_pred, self.form, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "form": self.form}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ElementLoss(_BatchLoss):
    """Cross-entropy of elements int (B,), negative = unknown, and their probabilities (B, N); weights as for scores."""

    def __init__(self, name: str = "element_loss") -> None:
        super().__init__(name=name)

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return stage_cross_entropy(y_true[:, None], y_pred[:, None], weights=sample_weight)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FaultLoss(_BatchLoss):
    """Eq. 6 over all faults (B, K), NaN = unknown; weights as for scores.

    Args:
        deviations: (K,), the unit of each fault's loss.
    """

    def __init__(self, deviations: Sequence[float], name: str = "fault_loss") -> None:
        super().__init__(name=name)
        self.deviations = [*deviations]

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        units = ops.convert_to_tensor(self.deviations, dtype="float32")
        truth, predictions = (ops.reshape(each / units, (-1,)) for each in (y_true, y_pred))
        if sample_weight is not None:
            sample_weight = ops.repeat(ops.reshape(sample_weight, (-1,)), len(self.deviations))
        return half_mean_squared_error(truth, predictions, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "deviations": self.deviations}


class FunctionLoss(_BatchLoss):
    """A function of Keras's kind, such as `keras.losses.mean_squared_error`, over what is known in a batch.

    Scores and labels as for `ScoreLoss` and `StageCrossEntropy`; the function gives a value for each, and the loss is
    their weighted mean.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name=getattr(function, "__name__", "function"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if len(y_pred.shape) == 3:
            weights = frame_weights(y_true, sample_weight)
            values = self.function(ops.maximum(ops.cast(y_true, "int32"), 0), y_pred)
        else:
            truth, predictions, weights = known_scores(*score_vectors(y_true, y_pred, sample_weight))
            values = ops.reshape(self.function(truth[:, None], predictions[:, None]), ops.shape(weights))
        return _ratio(ops.sum(weights * values), ops.sum(weights))


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class PairwiseRankingLoss(_BatchLoss):
    """Eq. 7: pairs in the batch whose predicted order is wrong, or right by less than the margin.

    Scores in points, (B,) or (B, 1); NaN truth = unknown. `sample_weight`, (B,) or (B, 1), weighs videos, and a pair
    by the product of its two: see `pairwise_ranking`.

    Args:
        margin: δ > 0, in units of the loss. The paper does not give it. In standard units 0.5 kept the mean error
            while it improved the order; much smaller margins shrink the predictions.
        reduction: over pairs: "sum" (the paper's) or "mean".
        ties: "skip" leaves out pairs with equal truth; "constant" adds δ for each, as printed.
        unit: points per unit of the loss; truth and predictions are divided by it first. The standard deviation of
            the training scores makes it standard units, in which one α and one δ suit difficulty (deviation ≈ 0.3)
            and execution (≈ 4) alike. None: the head's, which `ScoringNet.compile` fills in; elsewhere 1 point.
    """

    HEAD: str | None = None  # that it is for; None: any

    def __init__(
        self,
        margin: float = defaults.MARGIN,
        reduction: str = defaults.PAIR_REDUCTION,
        ties: str = defaults.TIES,
        unit: float | None = None,
        name: str = "pairwise_ranking_loss",
    ) -> None:
        _check_choice("reduction over pairs", reduction, REDUCTIONS)
        _check_choice("ties", ties, TIES)
        super().__init__(name=name)
        self.margin, self.unit = _checked("margin (Eq. 7)", margin), _checked("unit", unit)
        self.pair_reduction, self.ties = reduction, ties

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self._ranking(*self._in_units(y_true, y_pred, sample_weight))

    def _in_units(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        truth, predictions, weights = score_vectors(y_true, y_pred, sample_weight)
        unit = _or(self.unit, 1.0)
        return ops.cast(truth, "float32") / unit, ops.cast(predictions, "float32") / unit, weights

    def of_head(self, mean: float | None, std: float | None, alpha: float) -> Any:
        """A copy for a head: its α, and its training scores' statistics, points, for what is None here."""
        found = copy.copy(self)
        found.unit = _or(self.unit, std)
        return found

    def _ranking(self, truth: Any, predictions: Any, weights: Any) -> Any:
        return pairwise_ranking(truth, predictions, self.margin, self.pair_reduction, self.ties, weights)

    def get_config(self) -> dict[str, Any]:
        arguments = {"margin": self.margin, "reduction": self.pair_reduction, "ties": self.ties, "unit": self.unit}
        return {**super().get_config(), **arguments}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoreLoss(PairwiseRankingLoss):
    """Eqs. 8 and 9 without the weight term: Eq. 6 + α · Eq. 7, a tower's loss. β‖w‖² lives on the kernels.

    Scores in points, (B,) or (B, 1); NaN truth = unknown. `sample_weight`, (B,) or (B, 1), weighs videos in both terms:
    see `half_mean_squared_error` and `pairwise_ranking`.

    Args:
        alpha: α, 5 for diving and 10 for vault in the paper (with the sum over pairs); 0 leaves the squared error.
            None: the sport's, which `ScoringNet.compile` fills in; elsewhere 5.
        margin, reduction, ties, unit: for `PairwiseRankingLoss`; `unit` holds for both terms.
    """

    TERMS: tuple[str, ...] = ("mse", "ranking")  # the names of `terms`

    def __init__(
        self,
        alpha: float | None = None,
        margin: float = defaults.MARGIN,
        reduction: str = defaults.PAIR_REDUCTION,
        ties: str = defaults.TIES,
        unit: float | None = None,
        name: str = "score_loss",
    ) -> None:
        super().__init__(margin=margin, reduction=reduction, ties=ties, unit=unit, name=name)
        self.alpha = _checked("alpha", alpha, positive=False)

    def of_head(self, mean: float | None, std: float | None, alpha: float) -> Any:
        found = super().of_head(mean, std, alpha)
        found.alpha = _or(self.alpha, alpha)
        return found

    def terms(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The two terms before α, for logging: `{"mse": Eq. 6, "ranking": Eq. 7}`, scalars in the loss's units."""
        truth, predictions, weights = self._in_units(y_true, y_pred, sample_weight)
        ranking = self._ranking(truth, predictions, weights)
        return {"mse": half_mean_squared_error(truth, predictions, weights), "ranking": ranking}

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        *errors, ranking = self.terms(y_true, y_pred, sample_weight).values()
        return sum(errors) + _or(self.alpha, defaults.ALPHA) * ranking

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoreDistributionLoss(ScoreLoss):
    """The loss for a tower that predicts a distribution: KL + α · Eq. 7 on the expected scores.

    Truth in points, (B,) or (B, 1), NaN if unknown; predictions are the probabilities (B, NUM_BINS) of `score_bins`.
    `sample_weight`, (B,) or (B, 1), weighs videos in both terms.

    Args:
        mean, std: the training scores', points; the bins are standard deviations from the mean. None: those of the
            head, which `ScoringNet.compile` fills in; elsewhere 0 and 1.
        sigma: the Gaussian's around the truth, in standard deviations. USDL takes 5 of 100 bins over the whole range.
        alpha, margin, reduction, ties, unit: as in `ScoreLoss`; `unit` is Eq. 7's.
    """

    HEAD = "distribution"
    TERMS = ("kl", "ranking")

    def __init__(
        self,
        mean: float | None = None,
        std: float | None = None,
        sigma: float = defaults.SCORE_SIGMA,
        alpha: float | None = None,
        margin: float = defaults.MARGIN,
        reduction: str = defaults.PAIR_REDUCTION,
        ties: str = defaults.TIES,
        unit: float | None = None,
        name: str = "score_distribution_loss",
    ) -> None:
        super().__init__(alpha=alpha, margin=margin, reduction=reduction, ties=ties, unit=unit, name=name)
        self.mean = mean if mean is None else float(mean)
        self.std, self.sigma = _checked("std", std), _checked("sigma", sigma)

    def of_head(self, mean: float | None, std: float | None, alpha: float) -> Any:
        found = super().of_head(mean, std, alpha)
        found.mean, found.std = _or(self.mean, mean), _or(self.std, std)
        return found

    def terms(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The two terms before α: `{"kl": divergence, "ranking": Eq. 7}`, scalars, the latter in the loss's units."""
        expected, _ = distribution_moments(y_pred)
        mean, std = _or(self.mean, 0.0), _or(self.std, 1.0)
        truth, expected, weights = score_vectors(y_true, mean + std * expected, sample_weight)
        standard = (ops.cast(truth, "float32") - mean) / std
        return {
            "kl": distribution_divergence(standard, y_pred, self.sigma, weights),
            "ranking": self._ranking(*self._in_units(truth, expected, weights)),
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "std": self.std, "sigma": self.sigma}
