"""S3D (Xiang, Tian, Reiter, Hager, Tran, *S3D: Stacking Segmental P3D for Action Quality Assessment*, ICIP 2018).

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
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines import regression
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import ClipFeatures, Videos
from scoringnet_tf.support.errors import InputError

DEVIATION = 14.0  # points
C, EPSILON = [points / DEVIATION for points in (60, 100, 140, 180, 220, 260)], 10 / DEVIATION
KERNELS = ("rbf", "linear")


def watch(_: Videos, __: int) -> See:
    """The mean of the features of every stage but noise, stacked, (V, S · D).

    Raises:
        InputError: a video has no stage labels.
    """
    return _segments


def _segments(videos):
    found = videos.clips()
    for video_id, clips in zip(videos.ids, found, strict=True):
        if not videos.info.has_vectors and np.all(clips.stages < 0):
            raise InputError(
                "no_stage_labels", f"{videos.info.records_dir}: {video_id} has no stage labels, and S3D stacks stages."
            )
    if videos.info.has_vectors:
        return np.stack([clips.values[0] for clips in found])
    return np.stack([stacked(clips, len(videos.info.stages)) for clips in found])


def stacked(clips: ClipFeatures, num_stages: int) -> np.ndarray:
    """(S · D,) of the S stages that are not noise."""
    of_stages = [clips.values[clips.stages == stage] for stage in range(1, num_stages)]
    return np.concatenate([(values if len(values) else clips.values).mean(axis=0) for values in of_stages])


def learn(training: TrainingSet) -> Learned:
    """An SVR on the features as they are."""
    model = TransformedTargetRegressor(SVR(epsilon=EPSILON), transformer=StandardScaler())
    search = regression.cross_validated(
        model, {"regressor__kernel": KERNELS, "regressor__C": C}, training, training.inputs
    )
    return regression.learned(search, epsilon=EPSILON)


SYSTEM = System("S3D", "clips", watch, learn)
