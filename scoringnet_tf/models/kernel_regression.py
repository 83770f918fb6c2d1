"""What the statistics of a fragment tell of its score: kernel ridge regression, solved at once, beside the network."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import losses

CAPACITY = 1024  # training videos that a path remembers, at most
FEWEST = 5  # videos of known score, below which nothing is fitted
SCALES = (0.1, 0.3, 1.0)  # of distances, in the root mean square of those from the mean
SHRINKAGES = tuple(10.0 ** (power / 2) for power in range(-6, 5))
SMALLEST = 1e-9


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class KernelRegression(layers.Layer):
    """f(z) = Σ_m a_m · exp(−s·‖v·z − z_m‖) of standardised statistics z (B, K): (B,), in standard units of the score.

    Nothing of it trains. Until `set_fit` it gives 0, the mean score.

    Args:
        examples: M, how many training videos it can remember.
    """

    def __init__(self, examples: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.examples = examples

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        fixed: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.points = self.add_weight(shape=(self.examples, input_shape[-1]), name="points", **fixed)
        self.coefficients = self.add_weight(shape=(self.examples,), name="coefficients", **fixed)
        self.scale = self.add_weight(shape=(), name="scale", **fixed)
        self.importance = self.add_weight(shape=(input_shape[-1],), name="importance", **fixed)

    def set_fit(self, fit: "Fit", importance: np.ndarray | float = 1.0) -> None:
        """Takes what `fit_regression` found of v·z, with `importance` v (K,); places that are left over are nothing."""
        self.importance.assign(np.broadcast_to(importance, self.importance.shape).astype("float32"))
        unused = self.examples - len(fit.coefficients)
        self.points.assign(np.pad(fit.points, ((0, unused), (0, 0))).astype("float32"))
        self.coefficients.assign(np.pad(fit.coefficients, (0, unused)).astype("float32"))
        self.scale.assign(fit.scale)

    def call(self, statistics: Any) -> Any:
        similar = ops.exp(-self.scale * _distances(self.importance * statistics, self.points))
        return ops.squeeze(ops.matmul(similar, self.coefficients[:, None]), -1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0],)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "examples": self.examples}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class PathBlend(layers.Layer):
    """The weighted mean of what a network and the `KernelRegression` beside it say; in training the network alone.

    Call arguments: the network's score (B,) in standard units, or its distribution (B, `losses.NUM_BINS`); the
    regression's score (B,). For a distribution the regression says a Gaussian of its own error's width.

    Attributes:
        share: of the network, 0…1; 1 until it is weighed.
        error: root mean square of the regression on videos that it did not learn from, standard units; 0: no fit.
    """

    def build(self, network_shape: Any, regression_shape: Any = None) -> None:
        self.share = self.add_weight(shape=(), initializer="ones", trainable=False, name="share")
        self.error = self.add_weight(shape=(), initializer="zeros", trainable=False, name="error")

    @property
    def is_fitted(self) -> bool:
        """Whether there is a regression to blend with."""
        return float(ops.convert_to_numpy(self.error)) > 0

    def call(self, network: Any, regression: Any, training: bool | None = None) -> Any:
        if training:
            return network
        if len(network.shape) == 2:
            width = ops.maximum(self.error, 0.05)
            logits = -ops.square(losses.score_bins() - regression[:, None]) / (2 * ops.square(width))
            regression = ops.softmax(logits, axis=-1)
        return self.share * network + (1 - self.share) * regression

    def compute_output_shape(self, network_shape: Any, regression_shape: Any = None) -> Any:
        return network_shape


# === The fit ===


@dataclasses.dataclass(frozen=True)
class Fit:
    """A solved regression, in the units of what it was given.

    Attributes:
        points: (M, K).
        coefficients: (M,).
        scale, shrinkage: chosen by the error on videos left out.
        predicted: (N,), of each video by all that are not of its group.
        error: root mean square of its difference from the truth.
    """

    points: np.ndarray
    coefficients: np.ndarray
    scale: float
    shrinkage: float
    predicted: np.ndarray
    error: float


def fit_regression(
    statistics: np.ndarray, truth: np.ndarray, groups: Sequence[Any] | None = None, capacity: int = CAPACITY
) -> Fit:
    """Kernel ridge regression, with the scale and the shrinkage of the least squared error on what is left out.

    One video is left out at a time, or one group; the closed form needs no new fit for it. Of more than `capacity`
    videos as many even ones are remembered, and all are learned from (Nyström).

    Args:
        statistics: (N, K), standardised, times their importance.
        truth: (N,), of mean 0 about.
        groups: N names of what videos share; None leaves out single ones. One group counts as none.
        capacity: M, at most.
    """
    alone = groups is None or len({*groups}) in (1, len(groups))
    members = None if alone else _rows_of(groups)
    chosen = np.rint(np.linspace(0, len(truth) - 1, min(capacity, len(truth)))).astype(int)
    unit = float(np.sqrt(statistics.var(axis=0).sum())) or 1.0
    points, fits = statistics[chosen], []
    distances = np.asarray(_distances(statistics, points, np), np.float64) / unit
    for scale in SCALES:
        similar = np.exp(-scale * distances)
        values, vectors = np.linalg.eigh(similar[chosen])
        kept = values > SMALLEST * values[-1]
        basis = vectors[:, kept] / np.sqrt(values[kept])
        squares, turned = np.linalg.eigh(basis.T @ similar.T @ similar @ basis)
        basis = basis @ turned
        seen = similar @ basis  # (N, R), orthogonal columns
        for shrinkage in SHRINKAGES:
            weights = (seen.T @ truth) / (squares + shrinkage)
            left_out = _left_out(truth - seen @ weights, seen, squares + shrinkage, members)
            error = float(np.sqrt(np.mean(np.square(left_out))))
            fits.append(Fit(points, basis @ weights, scale / unit, shrinkage, truth - left_out, error))
    return min(fits, key=lambda fit: fit.error)


def network_share(
    network: np.ndarray, regression: np.ndarray, truth: np.ndarray, groups: Sequence[Any] | None = None
) -> float:
    """The network's share in the mean of two predictions (N,) that has the least squared error on held-out videos.

    The network has to earn it: unless the error falls by more than its standard error, over videos or over the groups
    that they come from, it is 0. One group can tell nothing of others.
    """
    shares = np.linspace(0, 1, 11)
    errors = np.square(shares[:, None] * network + (1 - shares[:, None]) * regression - truth)
    members = [[row] for row in range(len(truth))] if groups is None else _rows_of(groups)
    errors = np.stack([errors[:, rows].mean(axis=1) for rows in members], axis=1)
    best = int(errors.mean(axis=1).argmin())
    gain = errors[0] - errors[best]
    earned = len(members) > 1 and gain.mean() > gain.std(ddof=1) / np.sqrt(len(members))
    return float(shares[best]) if earned else 0.0


def _distances(values: Any, points: Any, backend: Any = ops) -> Any:
    """Of (N, K) to (M, K), Euclidean: (N, M)."""
    squares = backend.sum(values**2, axis=1)[:, None] + backend.sum(points**2, axis=1)
    return backend.sqrt(backend.maximum(squares - 2 * backend.matmul(values, backend.transpose(points)), 1e-12))


def _rows_of(groups):
    """Indices of each group."""
    names = np.array([str(group) for group in groups])
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def _left_out(residuals, seen, denominators, members):
    """Truth less prediction of each video by a fit without it, or without its group, from a fit with all."""
    if members is None:
        return residuals / np.maximum(1 - (np.square(seen) / denominators).sum(axis=1), SMALLEST)
    left_out = np.empty_like(residuals)
    for rows in members:
        influence = (seen[rows] / denominators) @ seen[rows].T
        left_out[rows] = np.linalg.solve(np.eye(len(rows)) - influence, residuals[rows])
    return left_out
