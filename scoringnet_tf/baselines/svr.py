"""Support vector regressions of C3D's features: of their mean (C3D + SVR), and of their means by stage (S3D).

C3D + SVR: Parmar and Morris, CVPR Workshops 2017. Published: fc6 of C3D over clips that do not overlap, averaged; a
linear SVR. Ours: standardised features, C by cross-validation; of a C3D without fc6, pool5 is read.

S3D: Xiang, Tian, Reiter, Hager, Tran, ICIP 2018, and github.com/YeTianJHU/diving-score. Published: features of segments
(ED-TCN; P3D, fine-tuned), an SVR, RBF or linear, C of 60 to 260 and ε of 7 to 14 points by a look at the test part.
Ours: stacked means of the true stages (an oracle) of C3D's features or of those in the records; kernel and C by
cross-validation, ε in the middle of its range, for P3D's features learned from the training scores themselves. C and ε
are shares of a score's deviation, 14 points in UNLV-Diving. A video without a stage has the mean of the whole video.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines.system import Learned, System, TrainingSet, searched
from scoringnet_tf.baselines.videos import CLIP, STRIDE, ClipFeatures, Videos
from scoringnet_tf.support.messages import InputError

MEAN_C = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
DEVIATION = 14.0  # points
C, EPSILON = [points / DEVIATION for points in (60, 100, 140, 180, 220, 260)], 10 / DEVIATION
KERNELS = ("rbf", "linear")


def mean_features(videos: Videos) -> np.ndarray:
    """The mean of a video's features over clips that do not overlap, (V, D)."""
    every = 1 if videos.info.features else CLIP // STRIDE
    return np.stack([clips.values[::every].mean(axis=0) for clips in videos.clips()])


def linear_svr(training: TrainingSet, penalties: Sequence[float] = MEAN_C) -> Learned:
    """A linear SVR, its C of these; the unit of C and ε is a point of the score."""
    model = make_pipeline(StandardScaler(), SVR(kernel="linear"))
    return searched(model, {"svr__C": penalties}, training, kernel="linear")


def segments(videos: Videos) -> np.ndarray:
    """The mean of every stage but noise, stacked, (V, S · D); InputError if a video has no stage labels."""
    found = videos.clips()
    if videos.info.has_vectors:
        return np.stack([clips.values[0] for clips in found])
    for video_id, clips in zip(videos.ids, found, strict=True):
        if np.all(clips.stages < 0):
            message = f"{videos.info.records_dir}: {video_id} has no stage labels, and S3D stacks stages."
            raise InputError("no_stage_labels", message)
    return np.stack([stacked(clips, len(videos.info.stages)) for clips in found])


def stacked(clips: ClipFeatures, num_stages: int) -> np.ndarray:
    """(S · D,) of the S stages that are not noise."""
    of_stages = [clips.values[clips.stages == stage] for stage in range(1, num_stages)]
    return np.concatenate([(values if len(values) else clips.values).mean(axis=0) for values in of_stages])


def learn_stacked(training: TrainingSet) -> Learned:
    """An SVR on the features as they are."""
    model = TransformedTargetRegressor(SVR(epsilon=EPSILON), transformer=StandardScaler())
    grid = {"regressor__kernel": KERNELS, "regressor__C": C}
    return searched(model, grid, training, epsilon=EPSILON)


C3D_SVR = System("C3D + SVR", "clips", mean_features, linear_svr)
S3D = System("S3D", "clips", segments, learn_stacked)
