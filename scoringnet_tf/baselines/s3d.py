"""S3D (Xiang, Tian, Reiter, Hager, Tran, *S3D: Stacking Segmental P3D for Action Quality Assessment*, ICIP 2018).

Published: a video is segmented into stages (ED-TCN), features of each segment (P3D, fine-tuned) are stacked, and a
support vector regression with C between 60 and 260 gives the score. Ours: the features are C3D's, or those that the
records hold (P3D's own, of UNLV-Diving); the segments are those of the true stage labels, an oracle; C by
cross-validation inside the training split; a linear kernel. Of a video without a stage, that segment is the whole
video; of one vector for the whole video nothing is stacked.
"""

import numpy as np
from sklearn.svm import SVR

from scoringnet_tf.baselines import regression
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import ClipFeatures, Videos
from scoringnet_tf.support.errors import InputError

C = (60, 100, 140, 180, 220, 260)


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
            what = f"expected stage labels of every video, which S3D stacks. Received: none of {video_id}."
            raise InputError(f"{videos.info.records_dir}: {what}")
    if videos.info.has_vectors:
        return np.stack([clips.values[0] for clips in found])
    return np.stack([stacked(clips, len(videos.info.stages)) for clips in found])


def stacked(clips: ClipFeatures, num_stages: int) -> np.ndarray:
    """(S · D,) of the S stages that are not noise."""
    of_stages = [clips.values[clips.stages == stage] for stage in range(1, num_stages)]
    return np.concatenate([(values if len(values) else clips.values).mean(axis=0) for values in of_stages])


def learn(training: TrainingSet) -> Learned:
    """A linear SVR on the features as they are."""
    search = regression.cross_validated(SVR(kernel="linear"), {"C": C}, training, training.inputs)
    return regression.learned(search, kernel="linear")


SYSTEM = System("S3D", "clips", watch, learn)
