"""Support vector regressions of C3D's features: of their mean (C3D + SVR), and of their means by stage (S3D).

C3D + SVR: Parmar and Morris, *Learning to score Olympic events*, CVPR Workshops 2017. Published: fc6 of C3D (Sports-1M)
over clips of 16 frames that do not overlap, averaged over the video; a linear support vector regression of the score.
Not published: C, and how features are scaled. Ours: standardised features, C by cross-validation inside the training
split. The C3D is that of --pretrained; of one without fc6, pool5 is read.

S3D: Xiang, Tian, Reiter, Hager, Tran, *S3D: Stacking Segmental P3D for Action Quality Assessment*, ICIP 2018.
Published: a video is segmented into stages (ED-TCN), features of each segment (P3D, fine-tuned) are stacked, and a
support vector regression gives the score; by the authors' release (github.com/YeTianJHU/diving-score, svr.py) with an
RBF or a linear kernel, C between 60 and 260 and ε between 7 and 14 points, chosen by a look at the test part, on the
mean of the segments' features. Ours: they are stacked, as the paper has it, and are C3D's, or those that the records
hold (P3D's own, of UNLV-Diving); the segments are those of the true stage labels, an oracle; kernel and C by
cross-validation inside the training split, ε in the middle of its range: features that learned from the training scores
themselves, as P3D's did, would choose the least. C and ε are shares of a score's deviation, as of that of UNLV-Diving's
final scores, 14 points. Of a video without a stage, that segment is the whole video; of one vector for the whole video
nothing is stacked.
"""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines.system import Learned, System, TrainingSet, cross_validated, learned
from scoringnet_tf.baselines.videos import CLIP, STRIDE, ClipFeatures, Videos
from scoringnet_tf.support.errors import InputError

MEAN_C = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
DEVIATION = 14.0  # points
C, EPSILON = [points / DEVIATION for points in (60, 100, 140, 180, 220, 260)], 10 / DEVIATION
KERNELS = ("rbf", "linear")


def mean_features(videos: Videos) -> np.ndarray:
    """The mean of a video's features over clips that do not overlap, (V, D)."""
    every = 1 if videos.info.features else CLIP // STRIDE
    return np.stack([clips.values[::every].mean(axis=0) for clips in videos.clips()])


def learn_mean(training: TrainingSet) -> Learned:
    """A linear SVR; the unit of C and ε is a point of the score."""
    model = make_pipeline(StandardScaler(), SVR(kernel="linear"))
    return learned(cross_validated(model, {"svr__C": MEAN_C}, training, training.inputs), kernel="linear")


def segments(videos: Videos) -> np.ndarray:
    """The mean of the features of every stage but noise, stacked, (V, S · D).

    Raises:
        InputError: a video has no stage labels.
    """
    found = videos.clips()
    if videos.info.has_vectors:
        return np.stack([clips.values[0] for clips in found])
    for video_id, clips in zip(videos.ids, found, strict=True):
        if np.all(clips.stages < 0):
            raise InputError(
                "no_stage_labels", f"{videos.info.records_dir}: {video_id} has no stage labels, and S3D stacks stages."
            )
    return np.stack([stacked(clips, len(videos.info.stages)) for clips in found])


def stacked(clips: ClipFeatures, num_stages: int) -> np.ndarray:
    """(S · D,) of the S stages that are not noise."""
    of_stages = [clips.values[clips.stages == stage] for stage in range(1, num_stages)]
    return np.concatenate([(values if len(values) else clips.values).mean(axis=0) for values in of_stages])


def learn_stacked(training: TrainingSet) -> Learned:
    """An SVR on the features as they are."""
    model = TransformedTargetRegressor(SVR(epsilon=EPSILON), transformer=StandardScaler())
    grid = {"regressor__kernel": KERNELS, "regressor__C": C}
    return learned(cross_validated(model, grid, training, training.inputs), epsilon=EPSILON)


C3D_SVR = System("C3D + SVR", "clips", mean_features, learn_mean)
S3D = System("S3D", "clips", segments, learn_stacked)
