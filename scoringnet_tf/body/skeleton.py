"""The joints that we follow, where other formats have them, and what they tell of a body's mass and direction."""

from types import MappingProxyType

import numpy as np

_SIDE = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
JOINTS = ("head", *(f"{name}_l" for name in _SIDE), *(f"{name}_r" for name in _SIDE))
JOINT = MappingProxyType({name: number for number, name in enumerate(JOINTS)})
MIRRORED = (0, *range(9, 17), *range(1, 9))  # the joint on the other side
_LINKS = "shoulder elbow, elbow wrist, shoulder hip, hip knee, knee ankle, ankle toe"
BONES = tuple(tuple(JOINT[f"{name}_{side}"] for name in link.split()) for side in "lr" for link in _LINKS.split(", "))
SHOULDERS, HIPS = ([JOINT[f"{name}_{side}"] for side in "lr"] for name in ("shoulder", "hip"))
# Shares of the body's mass (Winter, Biomechanics and Motor Control, table 4.1): head, then a side, from shoulder to toe
_SIDE_MASS = (0.135, 0.03, 0.015, 0.005, 0.145, 0.08, 0.04, 0.01)
MASSES = np.array((0.08, *_SIDE_MASS, *_SIDE_MASS))
# Format → for each of our joints, those whose mean it is; -: the format has no such joint. Sides are the athlete's.
_FORMATS = {
    "coco-17": "3+4 5 7 9 - 11 13 15 - 6 8 10 - 12 14 16 -",
    "blazepose-33": "7+8 11 13 15 19 23 25 27 31 12 14 16 20 24 26 28 32",
    "halpe-26": "3+4 5 7 9 - 11 13 15 20 6 8 10 - 12 14 16 21",
}
FORMATS = MappingProxyType(
    {
        name: tuple(() if each == "-" else tuple(map(int, each.split("+"))) for each in joints.split())
        for name, joints in _FORMATS.items()
    }
)


def from_format(joints: np.ndarray, name: str) -> np.ndarray:
    """Our joints (…, 17, D) for joints (…, J, D) of a format; NaN for those that it lacks."""
    ours = [
        joints[..., list(them), :].mean(axis=-2) if them else np.full_like(joints[..., 0, :], np.nan)
        for them in FORMATS[name]
    ]
    return np.stack(ours, axis=-2)


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(…, 2), for joints (…, 17, 2)."""
    return np.einsum("...jd,j->...d", joints, MASSES)


def inertia(joints: np.ndarray) -> np.ndarray:
    """Moment of inertia of joints (…, 17, 2) about their centre of mass, per mass, in their unit²."""
    return ((joints - centre_of_mass(joints)[..., np.newaxis, :]) ** 2).sum(axis=-1) @ MASSES


def trunk_angle(joints: np.ndarray) -> np.ndarray:
    """The direction from the hips to the shoulders in joints (…, 17, 2), radians: 0 is up, π/2 to the right."""
    trunk = joints[..., SHOULDERS, :].mean(axis=-2) - joints[..., HIPS, :].mean(axis=-2)
    return np.arctan2(trunk[..., 0], -trunk[..., 1])


def turned(joints: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Joints (…, J, 2) turned about the origin by angles (…), radians, clockwise in the picture."""
    cos, sin = np.cos(angle)[..., np.newaxis], np.sin(angle)[..., np.newaxis]
    x, y = joints[..., 0], joints[..., 1]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
