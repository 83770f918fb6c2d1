"""ApEnFT (Venkataraman, Vlachos, Turaga, *Dynamical Regularity for Action Analysis*, BMVC 2015).

Published: approximate entropy (Pincus, 1991) of the trajectories of joints, with m = 2 and r = 0.2 σ, as features of a
regression. Ours, where we know no more: the signals are the joints relative to the head, each axis by itself, over the
frames in which the athlete is seen; the regression is a linear SVR on standardised entropies, C by cross-validation
inside the training split; of the further features of the paper there are none.
"""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines import regression
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos

LENGTH, TOLERANCE = 2, 0.2  # m; r in standard deviations of the signal
C = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


def watch(_: Videos, __: int) -> See:
    """The entropy of every joint and axis, (V, (J − 1) · 2)."""
    return lambda videos: np.array(
        [[regularity(signal) for signal in joints.relative_to_head().T] for joints in videos.joints()]
    )


def regularity(signal: np.ndarray) -> float:
    """Approximate entropy of (L,) with m = 2 and r = 0.2 σ; 0 of a constant, or of fewer than four values."""
    spread = signal.std()
    return approximate_entropy(signal, LENGTH, TOLERANCE * spread) if spread and len(signal) > LENGTH + 1 else 0.0


def approximate_entropy(signal: np.ndarray, length: int, tolerance: float) -> float:
    """Φᵐ(r) − Φᵐ⁺¹(r) of Pincus (PNAS 1991), where Φᵐ is the mean log share of windows within r of a window of m.

    Args:
        signal: (L,).
        length: m.
        tolerance: r, in the unit of the signal.
    """
    return _mean_log_share(signal, length, tolerance) - _mean_log_share(signal, length + 1, tolerance)


def _mean_log_share(signal, length, tolerance):
    windows = np.lib.stride_tricks.sliding_window_view(signal, length)
    distances = np.abs(windows[:, None] - windows[None]).max(axis=-1)
    return float(np.log((distances <= tolerance).mean(axis=1)).mean())


def learn(training: TrainingSet) -> Learned:
    """A linear SVR."""
    model = make_pipeline(StandardScaler(), SVR(kernel="linear"))
    search = regression.cross_validated(model, {"svr__C": C}, training, training.inputs)
    return regression.learned(search, kernel="linear")


SYSTEM = System("ApEnFT", "joints", watch, learn)
