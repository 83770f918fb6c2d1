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
    """f(z) = Σ_m a_m · k(v·z, z_m) of standardised statistics z (B, K): (B,), in standard units of the score.

    k(x, y) = exp(−s·‖x − y‖), or −s · x·y for s < 0: what is near the examples, or a straight line.

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

    def set_fit(self, fit: "Fit") -> None:
        """Takes what `fit_regression` found; places that are left over are nothing."""
        self.importance.assign(fit.importance.astype("float32"))
        unused = self.examples - len(fit.coefficients)
        self.points.assign(np.pad(fit.points, ((0, unused), (0, 0))).astype("float32"))
        self.coefficients.assign(np.pad(fit.coefficients, (0, unused)).astype("float32"))
        self.scale.assign(fit.scale)

    def call(self, statistics: Any) -> Any:
        values = self.importance * statistics
        near = ops.exp(-ops.maximum(self.scale, 0.0) * _distances(values, self.points))
        along = -self.scale * ops.matmul(values, ops.transpose(self.points))
        similar = ops.where(self.scale < 0, along, near)
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
        importance: v, (K,).
        points: (M, K), times their importance.
        coefficients: (M,).
        scale, shrinkage: s, negative of a straight line, and the ridge's. These and the importance have the least error
            on videos left out.
        predicted: (N,), of each video by all that are not of its group.
        error: root mean square of its difference from the truth.
    """

    importance: np.ndarray
    points: np.ndarray
    coefficients: np.ndarray
    scale: float
    shrinkage: float
    predicted: np.ndarray
    error: float


def fit_regression(
    statistics: np.ndarray,
    truth: np.ndarray,
    groups: Sequence[Any] | None = None,
    capacity: int = CAPACITY,
    importances: np.ndarray | None = None,
) -> Fit:
    """Kernel ridge regression, or a straight line if that is clearly better, of the least error on what is left out.

    One video is left out at a time, or one group; the closed form needs no new fit for it. Of more than `capacity`
    videos as many even ones are remembered, and all are learned from (Nyström).

    Args:
        statistics: (N, K), standardised.
        truth: (N,), of mean 0 about.
        groups: N names of what videos share; None leaves out single ones. One group counts as none.
        capacity: M, at most.
        importances: (C, K), of which the regression chooses one, a straight line the first; None: all count alike.
    """
    alone = groups is None or len({*groups}) in (1, len(groups))
    members = [[row] for row in range(len(truth))] if alone else _rows_of(groups)
    chosen = np.rint(np.linspace(0, len(truth) - 1, min(capacity, len(truth)))).astype(int)
    fits = []
    for number, importance in enumerate(np.ones((1, statistics.shape[1])) if importances is None else importances):
        values = importance * statistics
        points = values[chosen]
        for scale, similar in _kernels(values, points, with_line=number == 0).items():
            basis, squares, seen = _components(similar, chosen)
            for shrinkage in SHRINKAGES:
                weights = (seen.T @ truth) / (squares + shrinkage)
                left_out = _left_out(truth - seen @ weights, seen, squares + shrinkage, members, scale < 0)
                error = float(np.sqrt(np.mean(np.square(left_out))))
                fits.append(Fit(importance, points, basis @ weights, scale, shrinkage, truth - left_out, error))
    return _preferred(fits, truth, members)


def _kernels(values, points, with_line):
    """Scale → similarities (N, M) of values (N, K) to points (M, K); a negative scale is of a straight line."""
    unit = float(np.sqrt(values.var(axis=0).sum())) or 1.0
    distances = np.asarray(_distances(values, points, np), np.float64) / unit
    kernels = {scale / unit: np.exp(-scale * distances) for scale in SCALES}
    return kernels | ({-1 / unit**2: values @ points.T / unit**2} if with_line else {})


def _components(similar, chosen):
    """(basis (M, R), squares (R,), similar · basis (N, R) with orthogonal columns) of a kernel (N, M)."""
    values, vectors = np.linalg.eigh(similar[chosen])
    kept = values > SMALLEST * values[-1]
    basis = vectors[:, kept] / np.sqrt(values[kept])
    squares, turned = np.linalg.eigh(basis.T @ similar.T @ similar @ basis)
    basis = basis @ turned
    return basis, squares, similar @ basis


def _preferred(fits, truth, members):
    """The fit of the least error; a straight line only if it is better by more than twice the standard error."""
    best = min(fits, key=lambda fit: fit.error)
    plain = min((fit for fit in fits if fit.scale > 0), key=lambda fit: fit.error)
    gain = np.square(plain.predicted - truth) - np.square(best.predicted - truth)
    return best if _exceeds_its_error(np.array([gain[rows].mean() for rows in members]), 2.0) else plain


def _exceeds_its_error(gains, times=1.0):
    """Whether the mean of gains is larger than so many times its standard error."""
    return len(gains) > 1 and bool(gains.mean() > times * gains.std(ddof=1) / np.sqrt(len(gains)))


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
    return float(shares[best]) if _exceeds_its_error(errors[0] - errors[best]) else 0.0


def _distances(values: Any, points: Any, backend: Any = ops) -> Any:
    """Of (N, K) to (M, K), Euclidean: (N, M)."""
    squares = backend.sum(values**2, axis=1)[:, None] + backend.sum(points**2, axis=1)
    return backend.sqrt(backend.maximum(squares - 2 * backend.matmul(values, backend.transpose(points)), 1e-12))


def _rows_of(groups):
    """Indices of each group."""
    names = np.array([str(group) for group in groups])
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def _left_out(residuals, seen, denominators, members, is_line):
    """Truth less prediction of each video by a fit without it, or without its group, from a fit with all.

    A line goes through the mean of the videos, which has to be that of the others: the share 1 / N is of the mean.
    """
    mean = is_line / len(residuals)
    if len(members) == len(residuals):
        return residuals / np.maximum(1 - mean - (np.square(seen) / denominators).sum(axis=1), SMALLEST)
    left_out = np.empty_like(residuals)
    for rows in members:
        influence = mean + (seen[rows] / denominators) @ seen[rows].T
        left_out[rows] = np.linalg.solve(np.eye(len(rows)) - influence, residuals[rows])
    return left_out
