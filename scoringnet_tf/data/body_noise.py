"""What film shows of true joints: a camera, and the errors of following a body in its pictures. No TensorFlow.

Every number comes from a generator, so the same seed gives the same film, in whatever order films are made.
"""

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, Philox

from scoringnet_tf.body.skeleton import JOINT, JOINTS, MIRRORED

RATES = (10, 12, 15, 20, 24, 25, 25, 30, 30, 30, 50, 60)  # frames/s of film
LASTING_RATE = 25.0  # frames/s at which noise is said to last from one frame to the next
HEIGHT_OF_THIGH = 1.70 / 0.42  # a body's height over its thigh
UNDER_WATER = -0.8  # metres of the body's middle, from which on it is lost
SLOW = 0.4  # share of the way to its aim that a camera leaves open in each frame
TURNED = {"hip": "shoulder", "shoulder": "hip"}
UPSIDE_DOWN = [JOINTS.index(TURNED.get(name[:-2], name[:-2]) + name[-2:]) if "_" in name else 0 for name in JOINTS]


class Film(NamedTuple):
    """A body as film shows it.

    Attributes:
        positions: (T, J, 2), x right and y down, in heights of the picture.
        confidence: (T, J), 0 in frames in which the body was lost and filled in.
        camera: (T, 2, 3), each frame's affine map to the first one's picture, as far as it is known.
    """

    positions: np.ndarray
    confidence: np.ndarray
    camera: np.ndarray


def seen_on_film(joints: np.ndarray, frame_rate: float, rng: Generator, strength: float = 1.0) -> np.ndarray:
    """Joints (T, J, 3), metres, as film at a rate of its own shows them: float32 (T, J, 3) = x, y, confidence.

    Args:
        joints: x along, y up from the water or floor, z to a camera at the side.
        frame_rate: frames/s of the joints, and of what is returned.
        rng: of this film.
        strength: of the errors: 1 is that of film; 0 gives (x, −y, 1), metres.

    Returns:
        Positions in the first frame's picture, x right and y down, in heights of the picture.
    """
    if not strength:
        return np.concatenate((joints[..., :2] * np.array((1, -1), np.float32), np.ones_like(joints[..., :1])), axis=-1)
    length, step = len(joints), frame_rate / RATES[rng.integers(len(RATES))]
    taken = np.arange(min(rng.uniform(0, step), length - 1), length, step)
    (x, y), confidence, affine = _filmed(_between(_by_axis(joints), taken), frame_rate / step, rng, strength)
    scene = [row[0] * x + row[1] * y + row[2] for row in affine]
    wanted = np.minimum(np.maximum(np.arange(length) - taken[0], 0) / step, len(taken) - 1)
    before = wanted.astype(int)
    after = np.minimum(before + 1, len(taken) - 1)
    return _mixed(np.stack((*scene, confidence)), before, after, wanted - before).transpose(2, 1, 0)


def film_of(values: np.ndarray, frame_rate: float, key: bytes, strength: float = 1.0) -> np.ndarray:
    """As `seen_on_film`, for (T, J · 3) and the film that a key draws: a video's id has that of evaluation."""
    rng = Generator(Philox(key=int.from_bytes(hashlib.sha256(key).digest()[:16], "big")))
    return seen_on_film(values.reshape(len(values), -1, 3), frame_rate, rng, strength).reshape(values.shape)


def filmed(joints: np.ndarray, rate: float, rng: Generator, strength: float = 1.0) -> Film:
    """The joints (T, J, 3), metres, in the frames of a film with `rate` frames/s; as `seen_on_film`."""
    places, confidence, affine = _filmed(_by_axis(joints), rate, rng, strength)
    return Film(places.transpose(2, 1, 0), confidence.T, affine.transpose(2, 0, 1))


# === By axis, joint, frame: short reductions, long rows ===


def _by_axis(joints: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(joints.transpose(2, 1, 0), np.float32)


def _filmed(
    joints: np.ndarray, rate: float, rng: Generator, strength: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `filmed` for joints (3, J, T): positions (2, J, T), confidence (J, T), camera (2, 3, T)."""
    number, length = joints.shape[1:]
    centre = joints.mean(axis=1)
    thigh = joints[:, JOINT["hip_l"]] - joints[:, JOINT["knee_l"]]
    tall = HEIGHT_OF_THIGH * float(np.sqrt(np.square(thigh).sum(axis=0)).mean())
    places, camera, size = _pictures(joints, centre, tall, rng)
    # 1. Noise that lasts, in parts of the body's height
    lasting = rng.uniform(0.3, 0.7) ** (LASTING_RATE / rate)
    noise = rng.standard_normal((2 * number, length), np.float32)
    noise[:, 1:] *= math.sqrt(1 - lasting**2)
    noise = _smoothed(noise, 1.0, lasting, np.zeros((2 * number, 1), np.float32)).reshape(places.shape)
    noise *= strength * rng.uniform(0.03, 0.06) * size
    places += noise
    # 2. Joints that are taken for others: in single frames, or for a while
    swapped = _stretches(1.0, strength * rng.uniform(0.12, 0.23), 2, length, rng)
    turned = _stretches(1.0, strength * rng.uniform(0.0, 0.05), 6, length, rng)
    mirrored = swapped & ~turned & (rng.random(length) < 0.5)
    for frames, order in ((mirrored, MIRRORED), ((swapped | turned) & ~mirrored, UPSIDE_DOWN)):
        frames = np.flatnonzero(frames)
        places[:, :, frames] = places[:, order][:, :, frames]
    # 3. Frames that are lost, most in the tuck, and filled from their neighbours in the scene
    extent = (joints.max(axis=1) - joints.min(axis=1)).max(axis=0) / tall
    often = np.minimum(np.maximum(1.3 - extent, 0.1), 1.0)
    lost = _stretches(often / often.mean(), strength * rng.uniform(0.18, 0.34), 3, length, rng)
    lost |= centre[1] < UNDER_WATER
    places += camera[:, np.newaxis]
    places = filled(places, lost)
    places -= camera[:, np.newaxis]
    confidence = (1 - 0.5 * rng.random((number, length), np.float32)) * ~lost
    # 4. The camera's path is not known exactly either
    steps = np.cumsum(rng.standard_normal((3, length), np.float32), axis=1) * strength
    x, y = camera + steps[:2] * (rng.uniform(0, 0.015) * size)
    turn = steps[2] * rng.uniform(0, 0.002)
    cos, sin = np.cos(turn), np.sin(turn)
    return places, confidence, np.array(((cos, -sin, x), (sin, cos, y)))


def _pictures(
    joints: np.ndarray, centre: np.ndarray, tall: float, rng: Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Places (2, J, T) in pictures, the camera's path (2, T) in them, and the body's height there.

    The camera stands on a tripod, level or rolled, beside, aslant or nearly in front, and pans after the body.
    """
    aslant = rng.uniform(1.0, 1.4) if rng.random() < 0.15 else rng.uniform(0.0, 0.6)
    azimuth = aslant * (2 * rng.integers(2) - 1) + math.pi * rng.integers(2)
    away, roll = rng.uniform(12, 40), math.radians(rng.uniform(-5, 5))
    above_water = max(0.0, float(centre[1, 0]) - tall / 2)
    places = (away * math.sin(azimuth), rng.uniform(1.0, above_water + 4.0), away * math.cos(azimuth))
    stand = np.array(places, np.float32)
    size = math.exp(rng.uniform(math.log(0.12), math.log(0.6)))
    x, y, z = _smoothed(centre, 1 - SLOW, SLOW, SLOW * centre[:, :1]) - stand[:, np.newaxis]
    first = math.atan2(x[0], z[0])  # pan is told from here, where it does not jump by a whole turn
    cos, sin, across = math.cos(first), math.sin(first), np.hypot(x, z)
    pan, tilt = np.arctan2(cos * x - sin * z, sin * x + cos * z) + first, np.arctan2(y, across)
    focal = size * math.hypot(across.mean(), y.mean()) / tall
    path = np.zeros_like(centre[:2])
    np.cumsum((pan[:-1] - pan[1:]) * np.cos(tilt[1:]) * focal, out=path[0, 1:])
    path[1] = (tilt[0] - tilt) * focal
    return focal * rolled(projected(joints, stand, pan, tilt), roll), rolled(path, roll), size


def projected(joints: np.ndarray, stand: np.ndarray, pan: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """Where joints (3, J, T), metres, lie in a camera's pictures, (2, J, T); its focal length is 1.

    It stands at a place (3,), looks by `pan`, radians (T,) from z towards x, and upwards by `tilt`, radians (T,).
    """
    x, y, z = joints - stand[:, np.newaxis, np.newaxis]
    cos, sin, level, rise = np.cos(pan), np.sin(pan), np.cos(tilt), np.sin(tilt)
    forward = sin * x + cos * z
    ahead = level * forward + rise * y
    return np.stack(((sin * z - cos * x) / ahead, (rise * forward - level * y) / ahead))


def rolled(places: np.ndarray, angle: float) -> np.ndarray:
    """Places (2, …) in a picture that is turned by an angle, radians."""
    (x, y), cos, sin = places, math.cos(angle), math.sin(angle)
    return np.stack((cos * x + sin * y, cos * y - sin * x))


def _smoothed(values: np.ndarray, gain: float, kept: float, start: np.ndarray) -> np.ndarray:
    """Sums (N, T) of `gain` times a value and `kept` times the sum before it; `start` (N, 1) is added to the first."""
    from scipy.signal import lfilter  # half a second to import, which other videos need not wait for

    return lfilter(np.array((gain,), np.float32), np.array((1, -kept), np.float32), values, zi=start)[0]


def _stretches(often: np.ndarray | float, share: float, lasting: float, length: int, rng: Generator) -> np.ndarray:
    """Frames, bool (T,): about a share, in stretches that last so many on average, `often` (T,) times as many here."""
    starts = rng.random(length) < -math.log1p(-share) / lasting * often
    frames = np.arange(length)
    ends = frames + rng.geometric(1 / lasting, length)
    return np.maximum.accumulate(ends * starts) > frames


def filled(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Values (2, J, T) whose lost frames lie on a line between their neighbours."""
    frames, seen = np.arange(len(lost)), np.flatnonzero(~lost)
    if len(seen) in (0, len(lost)):
        return values
    places = np.interp(frames, seen, np.arange(len(seen)))
    before = places.astype(int)
    return _mixed(values, seen[before], seen[np.minimum(before + 1, len(seen) - 1)], places - before)


def _mixed(values: np.ndarray, before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Between the values (D, J, T) of two frames each, (D, J, N)."""
    first = values[..., before]
    return first + (values[..., after] - first) * share.astype(np.float32)


def _between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values (3, J, T) at places (N,) between frames, by Catmull-Rom splines."""
    index, last = places.astype(int), values.shape[-1] - 1
    t = (places - index).astype(np.float32)
    rest = 1 - t
    weights = -t * rest * rest / 2, 1 - t * t * (5 - 3 * t) / 2, t * (1 + t * (4 - 3 * t)) / 2, -t * t * rest / 2
    steps = np.maximum(index - 1, 0), index, np.minimum(index + 1, last), np.minimum(index + 2, last)
    return sum(weight * values[..., step] for weight, step in zip(weights, steps, strict=True))
