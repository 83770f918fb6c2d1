"""Pose + DCT (Pirsiavash, Vondrick, Torralba, *Assessing the Quality of Actions*, ECCV 2014).

Published: joints relative to the head; of every joint and axis the magnitudes of the 50 lowest frequencies of a
discrete cosine transform over the video; a linear ν-SVR with C = 1e-3. Ours: joints come with the records (whose they
are stands in settings.json); frames in which no athlete is seen are left out, and of shorter videos the frequencies
that they lack are 0.
"""

import numpy as np
from scipy import fft
from sklearn.svm import NuSVR

from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos

FREQUENCIES = 50
C = 1e-3


def watch(_: Videos, __: int) -> See:
    """The frequencies of a video, (V, (J − 1) · 2 · 50)."""
    return lambda videos: np.stack([frequencies(joints.relative_to_head()) for joints in videos.joints()])


def frequencies(signals: np.ndarray) -> np.ndarray:
    """Magnitudes of the lowest frequencies of signals (L, N), orthonormal DCT: (N · `FREQUENCIES`,)."""
    spectrum = np.abs(fft.dct(signals, axis=0, norm="ortho"))[:FREQUENCIES]
    return np.pad(spectrum, [(0, FREQUENCIES - len(spectrum)), (0, 0)]).T.ravel()


def learn(training: TrainingSet) -> Learned:
    """A linear ν-SVR, ν of scikit-learn's default."""
    model = NuSVR(kernel="linear", C=C).fit(training.inputs, training.scores)
    return Learned(model.predict, {"kernel": "linear", "C": C, "nu": model.nu})


SYSTEM = System("Pose + DCT", "joints", watch, learn)
