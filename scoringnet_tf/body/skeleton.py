"""The joints that we follow, and where other formats have them."""

from types import MappingProxyType

import numpy as np

_SIDE = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
JOINTS = ("head", *(f"{name}_l" for name in _SIDE), *(f"{name}_r" for name in _SIDE))
JOINT = MappingProxyType({name: number for number, name in enumerate(JOINTS)})
MIRRORED = (0, *range(9, 17), *range(1, 9))  # the joint on the other side
BONES = tuple(
    (JOINT[f"{one}_{side}"], JOINT[f"{other}_{side}"])
    for side in "lr"
    for one, other in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("shoulder", "hip"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "toe"),
    )
)
# Format → for each of our joints, those whose mean it is; none: the format has no such joint. Sides are the athlete's.
FORMATS = MappingProxyType(
    {
        "coco-17": (
            (3, 4),
            (5,),
            (7,),
            (9,),
            (),
            (11,),
            (13,),
            (15,),
            (),
            (6,),
            (8,),
            (10,),
            (),
            (12,),
            (14,),
            (16,),
            (),
        ),
        "blazepose-33": (
            *((7, 8), (11,), (13,), (15,), (19,), (23,), (25,), (27,), (31,)),
            *((12,), (14,), (16,), (20,), (24,), (26,), (28,), (32,)),
        ),
        "halpe-26": (
            *((3, 4), (5,), (7,), (9,), (), (11,), (13,), (15,), (20,)),
            *((6,), (8,), (10,), (), (12,), (14,), (16,), (21,)),
        ),
    }
)


def from_format(joints: np.ndarray, name: str) -> np.ndarray:
    """Our joints (…, 17, D) for joints (…, J, D) of a format; NaN for those that it lacks."""
    ours = [
        joints[..., list(them), :].mean(axis=-2) if them else np.full_like(joints[..., 0, :], np.nan)
        for them in FORMATS[name]
    ]
    return np.stack(ours, axis=-2)
