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
    """Spearman's ρ (Eq. 11, tie-aware); NaN if the true or the predicted scores are constant, or one is NaN.

    Args:
        truth: scores (V,); NaN = unknown.
        predicted: (…, V).

    Returns:
        (…,), a float for predicted scores (V,).
    """
    truth, predicted, known = _known(truth, predicted)
    rows, once = predicted[..., known].reshape(math.prod(predicted.shape[:-1]), -1), np.ones((1, known.sum()))
    figures = np.where(np.isnan(rows).any(axis=1), np.nan, spearman(truth[known], rows, once)[0])
    return figures.reshape(predicted.shape[:-1]) if predicted.ndim > 1 else float(figures[0])


def spearman(truth: np.ndarray, predicted: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Spearman's ρ (N, K) for K predictions (K, V) in N draws that take each video so many times (N, V); tie-aware."""
    true_ranks = _centred_ranks(truth, times)
    figures, spread = np.empty((len(times), len(predicted))), (times * true_ranks**2).sum(axis=1)
    for column, scores in enumerate(predicted):
        ranks = _centred_ranks(scores, times)
        scale = np.sqrt(spread * (times * ranks**2).sum(axis=1))
        figures[:, column] = ratio((times * ranks * true_ranks).sum(axis=1), scale)
    return figures


def _centred_ranks(scores: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Ranks (N, V) for scores (V,) in draws, less their mean."""
    _, place = np.unique(scores, return_inverse=True)
    order = np.argsort(place)
    equal = np.add.reduceat(times[:, order], np.flatnonzero(np.diff(place[order], prepend=-1)), axis=1)
    ranks = np.cumsum(equal, axis=1) - (equal - 1) / 2  # the middle of those that are equal
    return ranks[:, place] - (times.sum(axis=1, keepdims=True) + 1) / 2


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


def _mean(values: np.ndarray, known: np.ndarray) -> Any:
    figures = ratio(np.sum(values, axis=-1, where=known), known.sum(axis=-1))
    return figures if figures.ndim else float(figures)


def ratio(total: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The quotient; NaN if there is nothing to divide by."""
    return np.divide(total, scale, out=np.full(np.shape(total), np.nan), where=np.asarray(scale) > 0)
