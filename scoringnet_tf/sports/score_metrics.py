"""Metrics for predicted scores: SRC and MED (§4.2), and R-ℓ2. Scores whose truth is NaN are left out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

STEPS = 300  # from the smallest to the largest score of a sport, that print differently


def as_points(scores: npt.ArrayLike) -> np.ndarray:
    """Scores in single precision, as records and models hold them, as float64: 3.2, not 3.200000047683716."""
    return np.asarray(scores, np.float32).astype(str).astype(float)


def decimals(ends: Sequence[float]) -> int:
    """Decimals to print scores with: two, or more for fewer than `STEPS` scores between the sport's `ends`."""
    width = ends[1] - ends[0]
    return max(2, math.ceil(math.log10(STEPS / width))) if 0 < width < math.inf else 2


def src(truth: np.ndarray, predicted: np.ndarray) -> Any:
    """Spearman's ρ (Eq. 11, tie-aware); NaN if the true or the predicted scores are constant.

    Args:
        truth: scores (V,), or any shape that broadcasts to `predicted`; NaN = unknown.
        predicted: (…, V).

    Returns:
        (…,), a float for predicted scores (V,).
    """
    truth, predicted, known = _known(truth, predicted)
    true_ranks, ranks = _centred_ranks(truth, known), _centred_ranks(predicted, known)
    scale = np.sqrt((true_ranks**2).sum(axis=-1) * (ranks**2).sum(axis=-1))
    return _ratio((true_ranks * ranks).sum(axis=-1), scale)


def med(truth: np.ndarray, predicted: np.ndarray) -> Any:
    """MED (Eq. 12), the mean absolute error in points; NaN if no score is known. Arguments as for `src`."""
    truth, predicted, known = _known(truth, predicted)
    return _mean(np.abs(predicted - truth), known)


def relative_l2(truth: np.ndarray, predicted: np.ndarray) -> Any:
    """R-ℓ2 ×100 (CoRe, ICCV 2021), the mean of ((s − g) / (max g − min g))²; NaN and arguments as for `src`."""
    truth, predicted, known = _known(truth, predicted)
    return _mean(100 * np.square((predicted - truth) / (width_of(truth) or np.nan)), known)


def width_of(truth: np.ndarray) -> float:
    """The largest minus the smallest known score, points; 0 without any."""
    known = truth[~np.isnan(truth)]
    return float(np.ptp(known)) if known.size else 0.0


MEASURES = {"src": src, "med": med, "rl2": relative_l2}


def _known(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both as floats, and which true scores are known."""
    truth, predicted = np.asarray(truth, float), np.asarray(predicted, float)
    return truth, predicted, ~np.isnan(truth)


def _centred_ranks(scores: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Ranks among the known scores, less their mean; 0 for an unknown one."""
    from scipy import stats  # a second to import, which offline tools need not wait for

    if not scores.shape[-1]:
        return np.zeros_like(scores)
    ranks = stats.rankdata(np.where(known, scores, np.inf), axis=-1)  # the unknown ones behind all others
    mean = np.sum(ranks, axis=-1, where=known) / np.maximum(known.sum(axis=-1), 1)
    return np.where(known, ranks - mean[..., np.newaxis], 0)


def _mean(values: np.ndarray, known: np.ndarray) -> Any:
    return _ratio(np.sum(values, axis=-1, where=known), known.sum(axis=-1))


def _ratio(total: np.ndarray, scale: np.ndarray) -> Any:
    """The quotient, NaN at scale 0; a float in place of an array without axes."""
    figures = np.divide(total, scale, out=np.full(np.shape(total), np.nan), where=np.asarray(scale) > 0)
    return figures if figures.ndim else float(figures)
