"""The body's angles in every frame, in the scene, so that the camera's turns are gone.

Bends are 0 for a straight body, positive for one that bends clockwise: from the trunk to the thigh, from the thigh to
the shin. Sides are averaged by their confidence.
"""

import dataclasses

import numpy as np

from scoringnet_tf.body.skeleton import CHAIN, JOINT, body_length, direction, inertia, wrap
from scoringnet_tf.body.track import Track


@dataclasses.dataclass(frozen=True)
class Angles:
    """Each (L,), in degrees if it is an angle."""

    trunk: np.ndarray  # direction from hips to shoulders
    line: np.ndarray  # direction of the line through ankles, knees, hips and shoulders, towards the head
    hip: np.ndarray
    knee: np.ndarray
    foot: np.ndarray  # bend from the shin to the foot; 0 where no toe was seen
    legs: np.ndarray  # from the left leg to the right one
    arms: np.ndarray  # between the arms and the trunk's direction: 0 beside the head
    weight: np.ndarray  # confidence, 0 to 1; 0 where the body was not seen
    inertia: np.ndarray  # of somersaults, per unit of mass, in squared body lengths
    length: float  # from head to toe, in heights of the picture


def angles_of(track: Track) -> Angles:
    """The angles along a track."""
    joints = track.in_scene()

    def middle(sides: list[int]) -> np.ndarray:
        weights = track.confidence[:, sides, None] + 1e-6
        return (joints[:, sides] * weights).sum(axis=1) / weights.sum(axis=1)

    line = np.stack([middle(sides) for sides in CHAIN], axis=1)
    shoulder, hip, knee, ankle = line.swapaxes(0, 1)
    wrists, toes = ([JOINT[f"{name}_{side}"] for side in "lr"] for name in ("wrist", "toe"))
    trunk, thigh, shin = shoulder - hip, knee - hip, ankle - knee
    left, right = (joints[:, JOINT[f"ankle_{side}"]] - hip for side in "lr")
    weight = np.where(track.seen, np.median(track.confidence, axis=1), 0.0)
    seen = np.flatnonzero(weight) if weight.any() else np.arange(len(weight))
    length = float(np.median(body_length(joints[seen])))
    along = np.linalg.svd(line - line.mean(axis=1, keepdims=True), full_matrices=False)[2][:, 0]  # up or down
    spread = np.log(inertia(joints[seen] / length))
    return Angles(
        trunk=direction(trunk),
        line=direction(along * np.sign((along * trunk).sum(axis=1, keepdims=True))),
        hip=between(-trunk, thigh),
        knee=between(thigh, shin),
        foot=np.where(track.confidence[:, toes].max(axis=1) > 0, between(shin, middle(toes) - ankle), 0.0),
        legs=between(left, right),
        arms=between(trunk, middle(wrists) - shoulder),
        weight=weight,
        inertia=np.exp(np.interp(np.arange(len(weight)), seen, spread)),
        length=length,
    )


def between(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Degrees clockwise, −180 to 180, from vectors (…, 2) to others."""
    return wrap(direction(others) - direction(vectors))
