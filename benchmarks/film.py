"""How long a filmed dive takes, from the shell and in a process that has seen one: these rows of the table.

PyTorch with I3D of the same size, on frames that OpenCV decodes, is what stages take at least; the pose network alone,
on as many crops, what the body takes at least. The clip is one at hand, not shipped.
"""

import functools
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks import predicting, workload
from benchmarks.pairs import Ask, NotMeasured
from scoringnet_tf.body.pose import PoseModels, Poses

CLIP = pathlib.Path(os.environ.get("SCORINGNET_REAL_DATA", "$SCORINGNET_REAL_DATA"), "film/platform_dive.mp4")
PREDICT = (sys.executable, "-m", "scoringnet_tf.predict", "--model=diving_film")


def measurements() -> Ask:
    """Seconds by the clock: a command, or a part of it in this process; PyTorch's are `peers.scripts.measurements`."""
    if not CLIP.exists():
        raise NotMeasured(f"there is no {CLIP}")
    cv2.setNumThreads(1)  # as in a command
    ways = {
        "cold": lambda: predicting.seconds(*PREDICT, CLIP),
        "cold PyTorch": _cold_script,
        "stages": lambda: workload.seconds(_seen),
        "body": lambda: workload.seconds(lambda: _follow(_poses())),
        "pose networks": lambda: workload.seconds(_networks_alone()),
    }
    return lambda what: ways[what]()


def _cold_script() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return predicting.seconds(*predicting.SCRIPT, "features", folder, CLIP)


@functools.cache
def predictor() -> Any:
    """`diving_film`'s, made once."""
    from scoringnet_tf.inference.predictor import predictor_of

    return predictor_of("diving_film")


def _poses() -> PoseModels:
    from scoringnet_tf.body.pose import load_pose_models

    return load_pose_models()


def _seen() -> tuple:
    """What the network sees in the clip, and where the dive is."""
    from scoringnet_tf.inference.finding import find
    from scoringnet_tf.inference.shots import shots

    (video,) = shots(predictor().read(CLIP))
    seen = predictor().see(video)
    return seen, find(predictor().model, seen)[0][0]


_kept = functools.cache(_seen)


def _follow(poses: PoseModels) -> None:
    from scoringnet_tf.inference.flights import tracks_in

    assert tracks_in(predictor().model.sport, *_kept(), poses)


class _Counted:
    """An estimator that notes how many crops it sees."""

    def __init__(self, estimator: Any) -> None:
        self.estimator, self.crops, self.side = estimator, 0, estimator.side
        self.name, self.sha256 = estimator.name, estimator.sha256

    def __call__(self, crops: np.ndarray) -> Poses:
        self.crops += len(crops)
        return self.estimator(crops)


@functools.cache
def _networks_alone() -> Callable[[], Any]:
    """The networks on as many empty crops as the clip's body takes."""
    from scoringnet_tf.support.threads import on_all_cores

    first, second = map(_Counted, _poses())
    _follow(PoseModels(first, second))
    empty = np.zeros((1, first.side, first.side, 3), np.float32)
    calls = [first.estimator] * first.crops + [second.estimator] * second.crops
    return lambda: on_all_cores(lambda network: network(empty), calls)
