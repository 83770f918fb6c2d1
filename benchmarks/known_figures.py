"""Predictions of several seeds and renderings whose true figure is known: what intervals are held against.

Of every seed a correlation ρ with the truth is drawn, about 0.3; two fifths of its errors are those of all seeds, three
tenths its own, as many those of one rendering. So the true SRC is the mean over seeds of 6/π · arcsin(ρ/2), that of
normal numbers (Pearson, *On further methods of determining correlation*, 1907).
"""

import numpy as np

from scoringnet_tf.sports import bootstrap

VIDEOS, RENDERINGS, MEAN, LARGEST, DRAWS = 70, 3, 0.3, 0.99, 600
SHARED, OF_A_SEED, OF_A_RENDERING = 0.4, 0.3, 0.3  # of the variance of the errors


def true_figure(spread: float) -> float:
    """The mean SRC over all seeds that there could be."""
    correlations = np.random.default_rng(1).normal(MEAN, spread, 100_000).clip(-LARGEST, LARGEST)
    return float((6 / np.pi * np.arcsin(correlations / 2)).mean())


def predictions(rng: np.random.Generator, seeds: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """The truth (V,) and what is predicted of it, (S, R, V)."""
    truth = rng.normal(size=VIDEOS)
    correlation = rng.normal(MEAN, spread, (seeds, 1, 1)).clip(-LARGEST, LARGEST)
    errors = (
        np.sqrt(SHARED) * rng.normal(size=(1, 1, VIDEOS))
        + np.sqrt(OF_A_SEED) * rng.normal(size=(seeds, 1, VIDEOS))
        + np.sqrt(OF_A_RENDERING) * rng.normal(size=(seeds, RENDERINGS, VIDEOS))
    )
    return truth, correlation * truth + np.sqrt(1 - correlation**2) * errors


def holds(expected: float, seeds: int, spread: float, number: int) -> bool:
    """Whether the interval of the mean SRC of predictions drawn by a seed, `number`, holds what is expected."""
    truth, predicted = predictions(np.random.default_rng(number), seeds, spread)
    low, high = bootstrap.interval(bootstrap.draws_of("src", truth, {"": predicted}, DRAWS)[""])
    return low <= expected <= high
