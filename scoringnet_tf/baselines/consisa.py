"""ConsISA: bags of words of a hierarchy of independent subspaces, which is learnt without labels.

Le, Zou, Yeung, Ng, CVPR 2011; scored with in Pirsiavash et al., ECCV 2014. Published: layer 1 sees blocks of 16×16
pixels and 10 frames and has 300 units, layer 2 blocks of 20×20 and 14 frames and 200 units; 3,000 words (k-means) of
what both say; an SVM with a χ² kernel. Ours: subspaces of two units; grey frames as stored; blocks half a block apart;
layers and words learnt from a sample of the training videos' blocks; C by cross-validation.
"""

import dataclasses
import itertools

import numpy as np
from scipy.linalg import polar
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.svm import SVR

from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet, searched
from scoringnet_tf.baselines.videos import Videos

SUBSPACE = 2  # units whose responses are pooled
ITERATIONS, RATE = 100, 1.0
SMALLEST = 1e-8
SMALL, LARGE = (10, 16, 16), (14, 20, 20)  # blocks of the layers: frames, height, width
INNER = 4  # frames and pixels from one small block to the next within a large one
STEP = (7, 10, 10)  # from one large block to the next
UNITS = (300, 200)
WORDS = 3000
SAMPLED = 20_000  # blocks that a layer and the words are learnt from
C = (1e-2, 1e-1, 1.0, 10.0, 100.0)


# === Independent subspaces: one layer ===


@dataclasses.dataclass(frozen=True)
class Subspaces:
    """A layer: inputs (N, D) → the lengths of their projections on K / `SUBSPACE` subspaces, (N, K / `SUBSPACE`).

    Attributes:
        whitening: inputs → K whitened principal components.
        filters: (K, K), orthonormal rows, `SUBSPACE` for each subspace.
    """

    whitening: PCA
    filters: np.ndarray

    @classmethod
    def learn(cls, inputs: np.ndarray, units: int, rng: np.random.Generator) -> "Subspaces":
        """A layer of the `sparsest` filters for inputs (N, D): K `units`, fewer if N or D are."""
        units = max(SUBSPACE, min(units, *inputs.shape) // SUBSPACE * SUBSPACE)
        whitening = PCA(units, whiten=True, random_state=int(rng.integers(2**31))).fit(inputs)
        start, _ = polar(rng.standard_normal((units, units)))
        return cls(whitening, sparsest(whitening.transform(inputs), start))

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """The lengths for inputs (N, D)."""
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
        filters, _ = polar(filters - rate * gradient)  # the nearest filters with orthonormal rows
    return filters


def lengths(responses: np.ndarray) -> np.ndarray:
    """The length of responses (N, K) within each subspace, (N, K / `SUBSPACE`)."""
    squares = np.square(responses).reshape(len(responses), -1, SUBSPACE)
    return np.sqrt(squares.sum(axis=-1) + SMALLEST)


# === Blocks ===


def large_blocks(frames: np.ndarray) -> np.ndarray:
    """Blocks all over a video (L, H, W), `STEP` apart: (N, 14, 20, 20); what is too short is repeated at its end."""
    missing = [(0, max(0, least - size)) for least, size in zip(LARGE, frames.shape, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(frames, missing, mode="edge"), LARGE)
    return windows[tuple(slice(None, None, every) for every in STEP)].reshape(-1, *LARGE)


def small_blocks(large: np.ndarray) -> np.ndarray:
    """The eight small blocks within each of N large ones, flat: (8 N, 2560)."""
    offsets = itertools.product(*([0, INNER] for _ in SMALL))
    parts = [large[:, t : t + SMALL[0], y : y + SMALL[1], x : x + SMALL[2]] for t, y, x in offsets]
    return np.stack(parts, axis=1).reshape(-1, np.prod(SMALL))


# === Without scores: layers and words ===


@dataclasses.dataclass(frozen=True)
class Bag:
    """Two layers, and words in what they say: grey frames (L, H, W) → each word's share of the blocks, (K,)."""

    first: Subspaces
    second: Subspaces
    words: MiniBatchKMeans

    @classmethod
    def learn(cls, large: np.ndarray, rng: np.random.Generator) -> "Bag":
        """Learns from large blocks (N, 14, 20, 20)."""
        small = small_blocks(large)
        first = Subspaces.learn(small[rng.permutation(len(small))[:SAMPLED]], UNITS[0], rng)
        second = Subspaces.learn(first(small).reshape(len(large), -1), UNITS[1], rng)
        words = MiniBatchKMeans(min(WORDS, len(large)), n_init=1, random_state=int(rng.integers(2**31)))
        words.fit(cls(first, second, words).describe(large))
        return cls(first, second, words)

    def describe(self, large: np.ndarray) -> np.ndarray:
        """What both layers say of large blocks, (N, D)."""
        inner = self.first(small_blocks(large)).reshape(len(large), -1)
        return np.concatenate([inner, self.second(inner)], axis=1)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """The shares in a video."""
        found = self.words.predict(self.describe(large_blocks(frames)))
        return np.bincount(found, minlength=self.words.n_clusters) / len(found)


def watch(train: Videos, seed: int) -> See:
    """Learns words from training videos; then a system sees a video's share of each, (V, K)."""
    rng = np.random.default_rng(seed)
    bag = Bag.learn(sampled_blocks(train, rng), rng)
    return lambda videos: np.stack([bag(frames) for frames in videos.grey()])


def sampled_blocks(videos: Videos, rng: np.random.Generator) -> np.ndarray:
    """About `SAMPLED` large blocks, as many from each video."""
    number, found = max(1, SAMPLED // len(videos.ids)), []
    for frames in videos.grey():
        blocks = large_blocks(frames)
        found.append(blocks[rng.permutation(len(blocks))[:number]])
    return np.concatenate(found)


def learn(training: TrainingSet) -> Learned:
    """A support vector regression with the kernel exp(−χ² / mean χ² of the training videos)."""
    distances = -additive_chi2_kernel(training.inputs)
    unit = distances.mean() or 1.0
    kernel = dataclasses.replace(training, inputs=np.exp(-distances / unit))
    found = searched(SVR(kernel="precomputed"), {"C": C}, kernel, kernel="chi2")

    def predict(inputs: np.ndarray) -> np.ndarray:
        return found.predict(np.exp(additive_chi2_kernel(inputs, training.inputs) / unit))

    return Learned(predict, {**found.chosen, "words": training.inputs.shape[1]})


CONSISA = System("ConsISA", "grey", None, learn, watch)
