"""Systems that read joints, true or estimated: Pose + DCT and ApEnFT.

Frames that do not show the body are left out. Joints that others lack are filled, see `Joints.relative_to_head`.

Pose + DCT: Pirsiavash, Vondrick, Torralba, ECCV 2014. Published: joints relative to the head, magnitudes of the 50
lowest frequencies of a DCT over the video, a linear ν-SVR with C = 1e-3. Ours: joints come with the records; of shorter
videos the frequencies that they lack are 0.

ApEnFT: Venkataraman, Vlachos, Turaga, BMVC 2015. Published: approximate entropy (Pincus, 1991) of the trajectories of
joints, m = 2 and r = 0.2 σ. Ours: joints relative to the head, each axis by itself; a linear SVR on standardised
entropies, C by cross-validation; none of the paper's further features.
"""

from collections.abc import Callable

import numpy as np
from scipy import fft
from sklearn.svm import NuSVR

from scoringnet_tf.baselines.svr import linear_svr
from scoringnet_tf.baselines.system import Learned, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos

FREQUENCIES, POSE_C = 50, 1e-3
LENGTH, TOLERANCE = 2, 0.2  # m; r in standard deviations of the signal
C = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


def _described(videos: Videos, describe: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Each video's joints relative to the head (L, N), described; the others' mean for a video without joints."""
    joints = videos.joints()
    is_known = np.array([one.seen.any() for one in joints])
    known = np.stack([describe(one.relative_to_head()) for one in joints if one.seen.any()])
    described = np.tile(known.mean(axis=0), (len(joints), 1))
    described[is_known] = known
    return described


# === Pose + DCT ===


def frequencies(signals: np.ndarray) -> np.ndarray:
    """Magnitudes of the lowest frequencies of signals (L, N), orthonormal DCT: (N · `FREQUENCIES`,)."""
    spectrum = np.abs(fft.dct(signals, axis=0, norm="ortho"))[:FREQUENCIES]
    return np.pad(spectrum, [(0, FREQUENCIES - len(spectrum)), (0, 0)]).T.ravel()


def learn_spectra(training: TrainingSet) -> Learned:
    """A linear ν-SVR, ν of scikit-learn's default."""
    model = NuSVR(kernel="linear", C=POSE_C).fit(training.inputs, training.scores)
    return Learned(model.predict, {"kernel": "linear", "C": POSE_C, "nu": model.nu})


# === ApEnFT ===


def entropies(signals: np.ndarray) -> np.ndarray:
    """The entropy of each signal in (L, N), (N,)."""
    return np.array([regularity(signal) for signal in signals.T])


def regularity(signal: np.ndarray) -> float:
    """Approximate entropy of (L,) with m = 2 and r = 0.2 σ; 0 of a constant, or of fewer than four values."""
    spread = signal.std()
    return approximate_entropy(signal, LENGTH, TOLERANCE * spread) if spread and len(signal) > LENGTH + 1 else 0.0


def approximate_entropy(signal: np.ndarray, length: int, tolerance: float) -> float:
    """Φᵐ(r) − Φᵐ⁺¹(r) of a signal (L,): Φᵐ is the mean log share of windows within r of a window of m."""
    return _mean_log_share(signal, length, tolerance) - _mean_log_share(signal, length + 1, tolerance)


def _mean_log_share(signal: np.ndarray, length: int, tolerance: float) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(signal, length)
    distances = np.abs(windows[:, None] - windows[None]).max(axis=-1)
    return float(np.log((distances <= tolerance).mean(axis=1)).mean())


POSE_DCT = System("Pose + DCT", "joints", lambda videos: _described(videos, frequencies), learn_spectra)
APENFT = System("ApEnFT", "joints", lambda videos: _described(videos, entropies), lambda found: linear_svr(found, C))
