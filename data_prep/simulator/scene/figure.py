"""An articulated human figure: pose parameters in, joint positions out (forward kinematics). Knows no sport.

Body frame, in metres: origin at the pelvis, x towards the belly, y along the spine to the head, z to the left.
Directions in the sagittal plane are angles θ from y towards x: 0 is up, 90° forward, 180° down.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

# Columns of a pose, in degrees; `pose()` builds one. Zero everywhere is standing straight with the arms at the sides.
POSE_FIELDS = (
    "spine",  # bend of the upper trunk, forward positive
    "neck",  # nod, forward positive
    "shoulder",  # arm flexion: 90 points forward, 180 overhead
    "elbow",
    "arm_out",  # arm abduction; negative brings the hands together
    "hip",  # thigh flexion: 90 is a right angle between trunk and thigh
    "knee",
    "ankle",  # plantar flexion: 0 is a flat foot, 90 pointed toes
    "scissor",  # angle between the thighs in the sagittal plane
    "straddle",  # angle between the thighs sideways
    "arm_swing",  # how far the left arm is ahead of the right
    "arm_spread",  # how much further out the left arm is than the right
    "knee_swing",  # how much further the left knee is bent than the right
)
JOINTS = (
    *("pelvis", "waist", "chest", "neck", "head"),
    *("shoulder_l", "elbow_l", "wrist_l", "hand_l", "shoulder_r", "elbow_r", "wrist_r", "hand_r"),
    *("hip_l", "knee_l", "ankle_l", "toe_l", "hip_r", "knee_r", "ankle_r", "toe_r"),
)
JOINT = {name: index for index, name in enumerate(JOINTS)}
# Shares of the body's mass, lumped at joints (after Winter, Biomechanics and Motor Control, table 4.1).
_MASS = {
    "pelvis": 0.20,
    "waist": 0.13,
    "chest": 0.19,
    "head": 0.08,
    "shoulder": 0.01,
    "elbow": 0.02,
    "wrist": 0.008,
    "hand": 0.002,
    "hip": 0.045,
    "knee": 0.07,
    "ankle": 0.035,
    "toe": 0.01,
}
# Metres from the joint before it, in a figure of 1.70 m. Shoulders and hips lie half a `Body`'s width aside.
LENGTHS = {
    "waist": 0.20,
    "chest": 0.21,
    "neck": 0.13,
    "head": 0.17,
    "elbow": 0.29,
    "wrist": 0.25,
    "hand": 0.16,
    "knee": 0.42,
    "ankle": 0.41,
    "toe": 0.20,
}
Keys = list[tuple[float, np.ndarray]]  # (time, pose) in order of time
GRAVITY = 9.81  # m/s²
MASSES = np.array([_MASS.get(name.split("_")[0], 0.0) for name in JOINTS])
MASSES = MASSES / MASSES.sum()


@dataclasses.dataclass(frozen=True)
class Body:
    """Proportions in metres and a factor on every thickness; `height` is that of the standing figure."""

    height: float = 1.70
    build: float = 1.0
    shoulder_width: float = 0.36
    hip_width: float = 0.19

    @property
    def scale(self) -> float:
        """Factor from the reference figure of 1.70 m."""
        return self.height / 1.70


@dataclasses.dataclass(frozen=True)
class Motion:
    """A performance at N instants."""

    joints: np.ndarray  # (N, J, 3) world metres
    centre: np.ndarray  # (N, 3) centre of mass, world metres
    belly: np.ndarray  # (N, 3) unit vectors from back to belly


def motion_of(oriented: np.ndarray, centre: np.ndarray, somersault: np.ndarray, twist: np.ndarray) -> Motion:
    """The `Motion` for joints (N, J, 3) about the centre of mass that were turned by these angles, see `orient`."""
    belly = np.stack((np.cos(twist) * np.cos(somersault), np.cos(twist) * np.sin(somersault), -np.sin(twist)), axis=-1)
    return Motion(oriented + centre[:, None], centre, belly)


def pose(**degrees: float) -> np.ndarray:
    """A pose vector of `POSE_FIELDS`, everything not named being 0; KeyError for a name that is no field."""
    values = dict.fromkeys(POSE_FIELDS, 0.0)
    for name, value in degrees.items():
        values[name] += value
    return np.array(list(values.values()), float)


def ease(share: np.ndarray) -> np.ndarray:
    """A share that is clipped to 0..1, and starts and stops softly."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def interpolate_poses(times: np.ndarray, keys: Keys) -> np.ndarray:
    """Poses (N, P) at `times` (N,) from (time, pose) keys in order of time, eased between neighbours."""
    key_times = np.array([time for time, _ in keys])
    poses = np.stack([key for _, key in keys])
    right = np.clip(np.searchsorted(key_times, times, side="right"), 1, len(keys) - 1)
    span = np.maximum(key_times[right] - key_times[right - 1], 1e-9)
    eased = ease((times - key_times[right - 1]) / span)[:, None]
    return poses[right - 1] * (1 - eased) + poses[right] * eased


def body_joints(poses: np.ndarray, body: Body) -> np.ndarray:
    """Joint positions (N, J, 3) in the body frame, metres, of poses (N, P) in degrees."""
    angle = dict(zip(POSE_FIELDS, np.radians(poses.T), strict=True))
    spine, none = angle["spine"], np.zeros(len(poses))
    bones = [
        ("waist", "pelvis", spine * 0.2, none),
        ("chest", "waist", spine * 0.8, none),
        ("neck", "chest", spine, none),
        ("head", "neck", spine + angle["neck"], none),
    ]
    limbs = [bone for side, sign in SIDES for bone in (*_arm(angle, side, sign), *_leg(angle, side, sign))]
    directions = _directions(*(np.stack([bone[field] for bone in (*bones, *limbs)]) for field in (2, 3)))
    joints = np.zeros((len(poses), len(JOINTS), 3))

    def place(name: str, parent: str, direction: np.ndarray, length: float) -> None:
        joints[:, JOINT[name]] = joints[:, JOINT[parent]] + direction * (length * body.scale)

    for direction, (name, parent, *_) in zip(directions, bones, strict=False):
        place(name, parent, direction, LENGTHS[name])
    for side, sign in SIDES:
        place(f"shoulder_{side}", "chest", np.array((0.0, 0.0, sign)) + 0.25 * directions[2], body.shoulder_width / 2)
        place(f"hip_{side}", "pelvis", np.array((0.0, -0.3, sign)), body.hip_width / 2)
    for direction, (name, parent, *_) in zip(directions[len(bones) :], limbs, strict=True):
        place(name, parent, direction, LENGTHS[name[:-2]])
    return joints


SIDES = (("l", 1.0), ("r", -1.0))
Bone = tuple[str, str, np.ndarray, np.ndarray]  # joint, parent, angles of `_directions` (N,)


def _directions(theta: np.ndarray, sideways: np.ndarray) -> np.ndarray:
    """Unit vectors (…, 3) at `theta` from y towards x, turned out of the sagittal plane by `sideways`."""
    flat = np.cos(sideways)
    return np.stack((np.sin(theta) * flat, np.cos(theta) * flat, np.sin(sideways)), axis=-1)


def _arm(angle: dict[str, np.ndarray], side: str, sign: float) -> Iterator[Bone]:
    upper = angle["spine"] + np.pi - angle["shoulder"] - sign * angle["arm_swing"] / 2
    out = sign * angle["arm_out"] + angle["arm_spread"] / 2
    yield f"elbow_{side}", f"shoulder_{side}", upper, out
    yield f"wrist_{side}", f"elbow_{side}", upper - angle["elbow"], out
    yield f"hand_{side}", f"wrist_{side}", upper - angle["elbow"], out


def _leg(angle: dict[str, np.ndarray], side: str, sign: float) -> Iterator[Bone]:
    thigh = np.pi - angle["hip"] - sign * angle["scissor"] / 2
    out = sign * angle["straddle"] / 2
    shin = thigh + angle["knee"] + sign * angle["knee_swing"] / 2
    yield f"knee_{side}", f"hip_{side}", thigh, out
    yield f"ankle_{side}", f"knee_{side}", shin, out
    yield f"toe_{side}", f"ankle_{side}", shin - np.pi / 2 + angle["ankle"], out


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """Centre of mass (N, 3) for joints (N, J, 3)."""
    return np.einsum("j,njk->nk", MASSES, joints)


def somersault_inertia(joints: np.ndarray) -> np.ndarray:
    """Moment of inertia (N,) about the left-right axis through the centre of mass, per unit of mass, m²."""
    offset = joints - centre_of_mass(joints)[:, None]
    limb_radius = 0.07  # the limbs are not points: keeps a tight tuck from spinning without bound
    return np.einsum("j,njk->n", MASSES, offset[..., :2] ** 2) + limb_radius**2


def orient(joints: np.ndarray, somersault: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Turns body-frame joints (N, J, 3) about their centre of mass into world axes (x along, y up, z to the camera).

    `somersault` (N,) is counter-clockwise in the picture, `twist` (N,) about the long axis: 0 has the belly towards x,
    π towards −x. Both are radians.
    """
    offset = joints - centre_of_mass(joints)[:, None]
    x, y, z = offset[..., 0], offset[..., 1], offset[..., 2]
    cos_t, sin_t = np.cos(twist)[:, None], np.sin(twist)[:, None]
    x, z = x * cos_t + z * sin_t, z * cos_t - x * sin_t
    cos_s, sin_s = np.cos(somersault)[:, None], np.sin(somersault)[:, None]
    return np.stack((x * cos_s - y * sin_s, x * sin_s + y * cos_s, z), axis=-1)
