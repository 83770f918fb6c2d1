"""The figures of predicted scores: SRC and MED (§4.2), and R-ℓ2. Scores whose truth is NaN are left out."""

from typing import Any

import numpy as np


def src(truth: np.ndarray, predicted: np.ndarray) -> Any:
    """Spearman's ρ (Eq. 11, tie-aware); NaN where the truth or what is predicted is constant.

    Args:
        truth: scores (V,); NaN = unknown.
        predicted: (…, V).

    Returns:
        (…,), a float of predicted scores (V,).
    """
    truth, predicted = _known(truth, predicted)
    true_ranks, ranks = _centred_ranks(truth), _centred_ranks(predicted)
    scale = np.sqrt((true_ranks**2).sum() * (ranks**2).sum(axis=-1))
    return _of(np.divide(ranks @ true_ranks, scale, out=np.full(predicted.shape[:-1], np.nan), where=scale > 0))


def med(truth: np.ndarray, predicted: np.ndarray) -> Any:
    """MED (Eq. 12), the mean absolute error in points; NaN where no score is known. Arguments as of `src`."""
    return _mean(np.abs(np.subtract(*reversed(_known(truth, predicted)))))


def relative_l2(truth: np.ndarray, predicted: np.ndarray, width: float | None = None) -> Any:
    """R-ℓ2 ×100 (CoRe, ICCV 2021), the mean of ((s − g) / (max g − min g))²; NaN as `src`, arguments as of it.

    `width` is max g − min g, points, where these are some of the videos that it is of: see `width_of`.
    """
    truth, predicted = _known(truth, predicted)
    width = width_of(truth) if width is None else width
    return _mean(100 * np.square((predicted - truth) / (width or np.nan)))


def width_of(truth: np.ndarray) -> float:
    """The difference of the largest and the smallest known score, points; 0 of none."""
    known = truth[~np.isnan(truth)]
    return float(np.ptp(known)) if known.size else 0.0


MEASURES = {"src": src, "med": med, "rl2": relative_l2}


def _known(truth, predicted):
    truth, predicted = np.asarray(truth, float), np.asarray(predicted, float)
    known = ~np.isnan(truth)
    return truth[known], predicted[..., known]


def _centred_ranks(scores):
    from scipy import stats  # a second to import, which offline tools need not wait for

    if not scores.shape[-1]:
        return np.zeros_like(scores)
    ranks = stats.rankdata(scores, axis=-1)
    return ranks - ranks.mean(axis=-1, keepdims=True)


def _mean(values):
    return _of(values.mean(axis=-1) if values.shape[-1] else np.full(values.shape[:-1], np.nan))


def _of(figures):
    """A float in place of an array without axes."""
    return figures if np.ndim(figures) else float(figures)
