"""Followed athletes' joints in the scene, as models of joints take them: as if the camera had not moved."""

from collections.abc import Sequence

import numpy as np

from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.body.track import Track
from scoringnet_tf.inference.seen import Scores
from scoringnet_tf.models.scoring_net import ScoringNet

RATE = 25.0  # frames/s of features, if a model does not know
HELD = 0.4  # seconds before and after a track that a model is shown


def joints_of(tracks: Sequence[Track], times: np.ndarray) -> np.ndarray:
    """A video's joints in the scene at `times` (L,), float32 (L, 17, 3), heights of the picture; NaN without a track.

    Where nobody is followed the nearest pose stays, with confidence 0. If two athletes fall together, it has the one
    that is seen in more frames.
    """
    joints = np.full((len(times), len(JOINTS), 3), np.nan)
    for track in sorted(tracks, key=lambda each: -int(each.seen.sum())):
        inside = np.flatnonzero((times >= track.times[0]) & (times <= track.times[-1]))
        if np.isfinite(joints[inside, 0, 0]).any():
            continue
        values = np.dstack([track.in_scene(), track.confidence]).reshape(len(track.times), -1)
        shown = np.stack([np.interp(times[inside], track.times, one) for one in values.T], axis=1)
        joints[inside] = shown.reshape(len(inside), len(JOINTS), 3)
    outside = np.isnan(joints[:, 0, 0])
    known = np.flatnonzero(~outside)
    if len(known):
        joints = joints[known[np.searchsorted((known[:-1] + known[1:]) / 2, np.arange(len(times)))]]
    joints[outside, :, 2] = 0
    return joints.astype(np.float32)


def joint_scores(model: ScoringNet | None, tracks: Sequence[Track]) -> Scores:
    """A performance's scores by a model of joints, from a little before its `tracks` to a little after them.

    Nothing without tracks, or without a model whose scores have learned.
    """
    if model is None or model.unlearned_parts or not tracks:
        return Scores()
    first, last = min(track.times[0] for track in tracks), max(track.times[-1] for track in tracks)
    joints = joints_of(tracks, np.arange(first - HELD, last + HELD, 1 / (model.frame_rate or RATE)))
    inputs = {"features": joints.reshape(1, len(joints), -1), "mask": np.ones((1, len(joints)), bool)}
    outputs = model(inputs, training=False)
    return Scores.of(outputs, model.scores, np.asarray(outputs["empty_fragments"])[0])
