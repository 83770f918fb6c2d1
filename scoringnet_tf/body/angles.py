"""The body's angles in every frame, in the scene, so that the camera's turns are gone.

All directions are in degrees clockwise from up, in the picture; bends are 0 for a straight body, positive for one that
bends clockwise: from the trunk to the thigh, from the thigh to the shin. Sides are averaged by their confidence.
"""

import dataclasses

import numpy as np

from scoringnet_tf.body.skeleton import BONES, JOINT, inertia
from scoringnet_tf.body.track import Track

LINE = ("ankle", "knee", "hip", "shoulder")
ARMS_AND_FEET = {JOINT[f"{name}_{side}"] for name in ("elbow", "wrist", "toe") for side in "lr"}
BY_BONES = 1.294  # from head to toe, by trunk, thigh and shin together
LIMB = 0.04  # a joint's own radius of gyration, in body lengths: what keeps a tuck's inertia above 0


@dataclasses.dataclass(frozen=True)
class Angles:
    """Angles (L,) in degrees, confidence (L,) from 0 to 1.

    Attributes:
        trunk: direction from hips to shoulders.
        line: direction of the line through ankles, knees, hips and shoulders, towards the head.
        hip, knee: bends.
        foot: bend from the shin to the foot; 0 where no toe was seen.
        legs: from the left leg to the right one.
        arms: between the arms and the trunk's direction: 0 beside the head.
        weight: the confidence; 0 where the body was not seen.
        inertia: of somersaults, per unit of mass, in squared body lengths.
        length: from head to toe, in heights of the picture.
    """

    trunk: np.ndarray
    line: np.ndarray
    hip: np.ndarray
    knee: np.ndarray
    foot: np.ndarray
    legs: np.ndarray
    arms: np.ndarray
    weight: np.ndarray
    inertia: np.ndarray
    length: float


def angles_of(track: Track) -> Angles:
    """The angles along a track."""
    joints = track.in_scene()

    def middle(name: str) -> np.ndarray:
        sides = [JOINT[f"{name}_l"], JOINT[f"{name}_r"]]
        weights = track.confidence[:, sides, None] + 1e-6
        return (joints[:, sides] * weights).sum(axis=1) / weights.sum(axis=1)

    shoulder, hip, knee, ankle, wrist = map(middle, ("shoulder", "hip", "knee", "ankle", "wrist"))
    toes = track.confidence[:, [JOINT["toe_l"], JOINT["toe_r"]]].max(axis=1) > 0
    trunk, thigh, shin = shoulder - hip, knee - hip, ankle - knee
    left, right = (joints[:, JOINT[f"ankle_{side}"]] - hip for side in "lr")
    weight = np.where(track.seen, np.median(track.confidence, axis=1), 0.0)
    length = body_length(joints, weight)
    return Angles(
        trunk=direction(trunk),
        line=direction(_line(np.stack([middle(name) for name in LINE], axis=1), trunk)),
        hip=between(-trunk, thigh),
        knee=between(thigh, shin),
        foot=np.where(toes, between(shin, middle("toe") - ankle), 0.0),
        legs=between(left, right),
        arms=between(trunk, wrist - shoulder),
        weight=weight,
        inertia=_inertia(joints, weight, length),
        length=length,
    )


def direction(vectors: np.ndarray) -> np.ndarray:
    """Degrees clockwise from up, −180 to 180, of vectors (…, 2) whose y points down."""
    return np.degrees(np.arctan2(vectors[..., 0], -vectors[..., 1]))


def between(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Degrees clockwise, −180 to 180, from vectors (…, 2) to others."""
    return wrap(direction(others) - direction(vectors))


def wrap(degrees: np.ndarray) -> np.ndarray:
    """The same angles, −180 to 180."""
    return (degrees + 180) % 360 - 180


def _line(points: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Directions (L, 2) of the lines nearest to points (L, P, 2)."""
    offset = points - points.mean(axis=1, keepdims=True)
    main = np.linalg.svd(offset, full_matrices=False)[2][:, 0]
    return main * np.sign((main * towards).sum(axis=1, keepdims=True))


def body_length(joints: np.ndarray, weight: np.ndarray) -> float:
    """From head to toe by its bones, in the unit of joints (L, 17, 2): their medians where the body was seen."""
    ones, others = np.array([ends for ends in BONES if not {*ends} & ARMS_AND_FEET]).T
    bones = np.linalg.norm(joints[:, ones] - joints[:, others], axis=-1).reshape(len(joints), 2, -1).mean(axis=1)
    return BY_BONES * float(np.median(bones[weight > 0] if weight.any() else bones, axis=0).sum())


def _inertia(joints: np.ndarray, weight: np.ndarray, length: float) -> np.ndarray:
    values, seen = inertia(joints / length) + LIMB**2, np.flatnonzero(weight > 0)
    return np.exp(np.interp(np.arange(len(values)), seen, np.log(values[seen]))) if len(seen) else values
