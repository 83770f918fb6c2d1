"""The joints that we follow, where other formats have them, and a body's length, mass and direction by them.

Angles are degrees clockwise in the picture, whose y points down; directions are counted from up.
"""

from types import MappingProxyType

import numpy as np

_SIDE = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
JOINTS = ("head", *(f"{name}_l" for name in _SIDE), *(f"{name}_r" for name in _SIDE))
JOINT = MappingProxyType({name: number for number, name in enumerate(JOINTS)})
MIRRORED = (0, *range(9, 17), *range(1, 9))  # the joint on the other side
_LINKS = "shoulder elbow, elbow wrist, shoulder hip, hip knee, knee ankle, ankle toe"
BONES = tuple(tuple(JOINT[f"{name}_{side}"] for name in link.split()) for side in "lr" for link in _LINKS.split(", "))
CHAIN = [[JOINT[f"{name}_{side}"] for side in "lr"] for name in ("shoulder", "hip", "knee", "ankle")]
SHOULDERS, HIPS = CHAIN[:2]
GRAVITY = 9.81  # m/s²
TALL = 1.65  # m, a diver with hands up
TO_TOE = 13 / 12  # from head to toe, by the way from the head to the ankles
LIMB = 0.0894  # a joint's own radius of gyration, in body lengths: what keeps a tuck's inertia above 0
# Shares of the body's mass (Winter, Biomechanics and Motor Control, table 4.1): head, then a side, from shoulder to toe
_SIDE_MASS = (0.135, 0.03, 0.015, 0.005, 0.145, 0.08, 0.04, 0.01)
MASSES = np.array((0.08, *_SIDE_MASS, *_SIDE_MASS))
# Format → for each of our joints, those whose mean it is, or none. Sides are the athlete's.
FORMATS = MappingProxyType(
    {
        "coco-17": ((3, 4), 5, 7, 9, None, 11, 13, 15, None, 6, 8, 10, None, 12, 14, 16, None),
        "blazepose-33": ((7, 8), 11, 13, 15, 19, 23, 25, 27, 31, 12, 14, 16, 20, 24, 26, 28, 32),
        "halpe-26": ((3, 4), 5, 7, 9, None, 11, 13, 15, 20, 6, 8, 10, None, 12, 14, 16, 21),
    }
)


def from_format(joints: np.ndarray, name: str) -> np.ndarray:
    """Our joints (…, 17, D) for joints (…, J, D) of a format; NaN for those that it lacks."""
    unknown = np.full_like(joints[..., :1, :], np.nan)
    theirs = [unknown if each is None else joints[..., np.atleast_1d(each), :] for each in FORMATS[name]]
    return np.stack([each.mean(axis=-2) for each in theirs], axis=-2)


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(…, 2), for joints (…, 17, 2)."""
    return np.einsum("...jd,j->...d", joints, MASSES)


def body_length(joints: np.ndarray) -> np.ndarray:
    """From head to toe along trunk and legs, (…), in the unit of joints (…, 17, 2)."""
    chain = np.concatenate([joints[..., :1, :], joints[..., CHAIN, :].mean(axis=-2)], axis=-2)
    return TO_TOE * np.linalg.norm(np.diff(chain, axis=-2), axis=-1).sum(axis=-1)


def inertia(joints: np.ndarray) -> np.ndarray:
    """Moment of inertia about the centre of mass, per mass, (…), for joints (…, 17, 2) in body lengths."""
    return ((joints - centre_of_mass(joints)[..., np.newaxis, :]) ** 2).sum(axis=-1) @ MASSES + LIMB**2


def direction(vectors: np.ndarray) -> np.ndarray:
    """The directions, −180 to 180, of vectors (…, 2)."""
    return np.degrees(np.arctan2(vectors[..., 0], -vectors[..., 1]))


def trunk_angle(joints: np.ndarray) -> np.ndarray:
    """The direction from the hips to the shoulders in joints (…, 17, 2)."""
    return direction(joints[..., SHOULDERS, :].mean(axis=-2) - joints[..., HIPS, :].mean(axis=-2))


def wrap(angles: np.ndarray) -> np.ndarray:
    """The same angles, −180 to 180."""
    return (angles + 180) % 360 - 180


def turned(joints: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Joints (…, J, 2) turned about the origin by angles (…)."""
    x, y = joints[..., 0], joints[..., 1]
    cos, sin = (part(np.radians(angle))[..., np.newaxis] for part in (np.cos, np.sin))
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
