"""How long a filmed dive takes: the command, and its body in a process that has seen one. Rows `film` of the table.

The pose networks alone, on as many crops, are what the body takes at least. The clip is one at hand, not shipped.
"""

import os
import pathlib
import sys
from typing import Any

import cv2
import numpy as np

from benchmarks import workload
from benchmarks.worker import Measure, NotMeasured
from scoringnet_tf.body.pose import PoseModels, Poses, load_pose_models

CLIP = pathlib.Path(os.environ.get("SCORINGNET_REAL_DATA", "$SCORINGNET_REAL_DATA"), "film/platform_dive.mp4")
MODEL = "diving_film"


def cold() -> Measure:
    """Seconds of `predict`."""
    _check_clip()
    return lambda: workload.seconds_of_command(sys.executable, "-m", "scoringnet_tf.predict", f"--model={MODEL}", CLIP)


def body() -> Measure:
    """Seconds in which the athlete is followed, once the network has seen the clip."""
    follow = _follower()
    return lambda: workload.seconds(lambda: follow(load_pose_models()))


def pose_networks() -> Measure:
    """Seconds of the pose networks on as many empty crops as the clip's body takes."""
    from scoringnet_tf.support.threads import on_all_cores

    first, second = map(_Counted, load_pose_models())
    _follower()(PoseModels(first, second))
    empty = np.zeros((1, first.side, first.side, 3), np.float32)
    calls = [first.estimator] * first.crops + [second.estimator] * second.crops
    return lambda: workload.seconds(lambda: on_all_cores(lambda network: network(empty), calls))


class _Counted:
    """An estimator that notes how many crops it sees."""

    def __init__(self, estimator: Any) -> None:
        self.estimator, self.crops, self.side = estimator, 0, estimator.side
        self.name, self.sha256 = estimator.name, estimator.sha256

    def __call__(self, crops: np.ndarray) -> Poses:
        self.crops += len(crops)
        return self.estimator(crops)


def _follower() -> Any:
    """A function that follows the clip's athlete by pose models."""
    from scoringnet_tf.inference.finding import find
    from scoringnet_tf.inference.flights import tracks_in
    from scoringnet_tf.inference.predictor import predictor_of
    from scoringnet_tf.inference.shots import shots

    _check_clip()
    cv2.setNumThreads(1)  # as in a command
    predictor = predictor_of(MODEL)
    (video,) = shots(predictor.read(CLIP))
    seen = predictor.see(video)
    span = find(predictor.model, seen)[0][0]
    return lambda poses: tracks_in(predictor.model.sport, seen, span, poses)


def _check_clip() -> None:
    if not CLIP.exists():
        raise NotMeasured(f"there is no {CLIP}")
