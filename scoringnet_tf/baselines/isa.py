"""Independent subspace analysis (Hyvärinen and Hoyer, 2000; Le et al., CVPR 2011): one layer."""

import dataclasses

import numpy as np
from sklearn.decomposition import PCA

SUBSPACE = 2  # units whose responses are pooled
ITERATIONS, RATE = 100, 1.0
SMALLEST = 1e-8


@dataclasses.dataclass(frozen=True)
class Subspaces:
    """A layer: inputs (N, D) → the lengths of their projections on K / `SUBSPACE` subspaces, (N, K / `SUBSPACE`).

    Attributes:
        whitening: inputs → K whitened principal components.
        filters: (K, K), orthonormal rows, `SUBSPACE` of them a subspace.
    """

    whitening: PCA
    filters: np.ndarray

    @classmethod
    def learn(cls, inputs: np.ndarray, units: int, rng: np.random.Generator) -> "Subspaces":
        """A layer of `sparsest` filters.

        Args:
            inputs: (N, D).
            units: K; fewer where N or D are.
            rng: of the start.
        """
        units = max(SUBSPACE, min(units, *inputs.shape) // SUBSPACE * SUBSPACE)
        whitening = PCA(units, whiten=True, random_state=int(rng.integers(2**31))).fit(inputs)
        start = orthonormal(rng.standard_normal((units, units)))
        return cls(whitening, sparsest(whitening.transform(inputs), start))

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Of inputs (N, D)."""
        return lengths(self.whitening.transform(inputs) @ self.filters.T)


def sparsest(whitened: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The filters (K, K) whose responses to (N, K) have the least mean length, by projected gradients from a start.

    Where it ends depends on the start: units find their subspaces, but not always their partners.
    """
    cost, rate = np.inf, RATE
    for _ in range(ITERATIONS):
        responses = whitened @ filters.T
        found = lengths(responses)
        rate = rate / 2 if found.mean() > cost else rate
        cost = found.mean()
        gradient = (responses / np.repeat(found, SUBSPACE, axis=1)).T @ whitened / len(whitened)
        filters = orthonormal(filters - rate * gradient)
    return filters


def lengths(responses: np.ndarray) -> np.ndarray:
    """Of responses (N, K) within each subspace: (N, K / `SUBSPACE`)."""
    squares = np.square(responses).reshape(len(responses), -1, SUBSPACE)
    return np.sqrt(squares.sum(axis=-1) + SMALLEST)


def orthonormal(filters: np.ndarray) -> np.ndarray:
    """(F Fᵀ)^(−½) F: the nearest filters (K, K) with orthonormal rows."""
    left, _, right = np.linalg.svd(filters)
    return left @ right
