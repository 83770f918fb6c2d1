"""C3D + SVR (Parmar and Morris, *Learning to score Olympic events*, CVPR Workshops 2017).

Published: fc6 of C3D (Sports-1M) over clips of 16 frames that do not overlap, averaged over the video; a linear support
vector regression of the score. Not published: C, and how features are scaled. Ours: standardised features, C by
cross-validation inside the training split. The C3D is that of --pretrained; of one without fc6, pool5 is read.
"""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines import regression
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import CLIP, STRIDE, Videos

C = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def watch(_: Videos, __: int) -> See:
    """The mean of a video's features over clips that do not overlap, (V, D)."""
    return mean_features


def mean_features(videos: Videos) -> np.ndarray:
    """(V, D)."""
    every = 1 if videos.info.features else CLIP // STRIDE
    return np.stack([clips.values[::every].mean(axis=0) for clips in videos.clips()])


def learn(training: TrainingSet) -> Learned:
    """A linear SVR; the unit of C and ε is a point of the score."""
    model = make_pipeline(StandardScaler(), SVR(kernel="linear"))
    search = regression.cross_validated(model, {"svr__C": C}, training, training.inputs)
    return regression.learned(search, kernel="linear")


SYSTEM = System("C3D + SVR", "clips", watch, learn)
