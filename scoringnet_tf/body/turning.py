"""How the body turns in flight: somersaults, twists and the way it leaves, from the path that explains its joints best.

A somersault turns as fast as the body's inertia lets it: its angular momentum is constant. So a few frames tell how
often the body turned in those that were lost. Lines between left and right joints tell the twists, the way that hips
and knees bend tells where the belly is.
"""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from scoringnet_tf.body.angles import Angles
from scoringnet_tf.body.skeleton import JOINT, wrap
from scoringnet_tf.body.track import Track

MOST_TURNS, MOST_TWISTS = 11, 9  # half turns
LEANS = np.array((-20.0, 0.0, 20.0, 40.0))  # degrees that are turned when the feet leave
ENDS = np.array((-40.0, -20.0, 0.0, 20.0, 40.0))  # degrees past the last half turn at the entry
FEET_FIRST = 3.0  # log odds against an entry of the feet
STALLS = (0.0, 0.4, 0.8)  # shares of the speed that arms and trunk take from it before the entry
MOMENTA = (0.5, 1.0)  # exponents of the inertia: 1 is free flight, less if joints make it look larger than it is
TRUNK_ERROR, EXCHANGED, LOST = 35.0, 0.12, 0.08  # degrees; shares of frames with shoulders for hips, or neither
SIDE_ERROR, MIRRORED = 0.08, 0.15  # body lengths; share of frames with left for right
WIDTHS = {"shoulder": 0.21, "hip": 0.11}  # body lengths between left and right
SOFT = 0.5  # of a twist; the rest turns evenly
TWIST_STARTS, TWIST_ENDS = (0.0, 0.04, 0.08, 0.12, 0.18), tuple(np.arange(0.4, 0.93, 0.05))  # shares of the flight
ASLANT = np.radians((-70, -45, -20, 0, 20, 45, 70))  # between the picture and the plane of the flight
# Whether the body turns to where it travels, and to its belly
KINDS = {(True, True): "forward", (True, False): "back", (False, False): "reverse", (False, True): "inward"}
BENDS = {"hip": -0.5, "knee": 0.5, "foot": -0.5}  # towards the belly, away from it
BELLY, ANY_TWIST = 3.0, 4.0  # weights of bends, in log odds; of a twist's freedom
TRAVEL = 5.0  # log odds of the way that the body travels, by body length
TEMPERATURE = {"somersaults": 0.8, "twists": 0.5}  # frames err alike: how much less they tell together
BEFORE = (3, 12)  # frames before the take-off that somersaults and twists are read from
SMOOTH, TRUSTED = 0.09, 60.0  # seconds, degrees: what of the joints' own path corrects the best one


class Turns(NamedTuple):
    """How a body turns; mappings are to probabilities."""

    path: np.ndarray  # (L,), the trunk's direction in degrees, unwrapped; 0 stands, positive the way that it turns
    sense: int  # 1 if it turns clockwise in the picture, −1 otherwise
    half_somersaults: Mapping[int, float]
    half_twists: Mapping[int, float]
    starts: Mapping[str, float]  # how it leaves, as `sports.dives.STARTS`
    aslant: float  # degrees between the picture and the plane of the flight


def turns_of(track: Track, angles: Angles, flight: tuple[int, int]) -> Turns:
    """How the body turns in a flight: its first frame, and its last one."""
    off, end = flight
    times = (track.times - track.times[off]) / (track.times[end] - track.times[off])  # in flights
    turning_shown, twisting_shown = (slice(max(0, off - before), end + 1) for before in BEFORE)
    models, likelihood = _somersaults(times, angles, turning_shown)
    base, sense, *other = np.unravel_index(likelihood.argmax(), likelihood.shape)
    path = _corrected(models[(sense, *other)] + 180.0 * base, angles, track.times, end)
    turning = _odds(likelihood.max(axis=(3, 4, 5)) * TEMPERATURE["somersaults"])
    facing = _odds(_twists(track, angles, path, times, twisting_shown) * TEMPERATURE["twists"])
    travelled = np.diff(np.median(track.in_scene()[[off, end], :, 0], axis=1))[0] / angles.length
    sign = 1 - 2 * int(sense)
    return Turns(
        path=path * sign,
        sense=sign,
        half_somersaults=dict(enumerate(turning.sum(axis=(0, 1)).tolist())),
        half_twists=dict(enumerate(facing.sum(axis=(1, 2)).tolist())),
        starts=_starts(turning.sum(axis=2), facing.sum(axis=(0, 2)), 1 / (1 + np.exp(-TRAVEL * travelled))),
        aslant=float(np.degrees(facing.sum(axis=(0, 1)) @ np.abs(ASLANT))),
    )


def _somersaults(times: np.ndarray, angles: Angles, shown: slice) -> tuple[np.ndarray, np.ndarray]:
    """Paths (sense, half turns, end, lean, speed, L); log likelihoods (feet or hands first, …) without L."""
    padded = np.pad(angles.inertia, 2, mode="edge")
    inertia = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=-1)
    turned = []
    for momentum, stall in itertools.product(MOMENTA, STALLS):
        speed = (times >= 0) * inertia**-momentum * (1 - stall * np.clip((times - 0.8) / 0.15, 0, 1))
        steps = np.concatenate(([0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(times))))
        turned.append(steps / max(steps[shown.stop - 1], 1e-9))
    half = np.arange(MOST_TURNS + 1)
    total = 180.0 * half[:, None, None] + ENDS[:, None] - LEANS
    models = LEANS[:, None, None] + total[..., None, None] * np.array(turned)
    models = np.stack((models, -models))
    apart = np.radians(np.stack((models, models + 180.0))[..., shown] - angles.trunk[shown])
    sharpness = np.radians(TRUNK_ERROR) ** -2
    right, exchanged = (np.exp((sign * np.cos(apart) - 1) * sharpness) for sign in (1, -1))
    fits = np.log((1 - EXCHANGED - LOST) * right + EXCHANGED * exchanged + 0.15 * LOST) @ angles.weight[shown]
    before = -0.5 * ((ENDS / 25) ** 2)[:, None] - 0.5 * ((LEANS - 12) / 20) ** 2
    feet_first = (half + np.arange(2)[:, None]) % 2 == 0  # (feet or hands on the board, half turns)
    return models, fits + before[..., None] - FEET_FIRST * feet_first[:, None, :, None, None, None]


def _corrected(model: np.ndarray, angles: Angles, times: np.ndarray, end: int) -> np.ndarray:
    """The model's path, moved to the lines through the trunks in the frames around each one."""
    apart = wrap(angles.trunk - model)
    since = (times - times[:, None]) / SMOOTH
    near = np.exp(-0.5 * since**2) * angles.weight * (np.abs(apart) < TRUSTED)
    near[: end + 1, end + 1 :] = 0  # in the water a body turns otherwise
    level, tilt, steep = ((near * since**power).sum(axis=1) for power in range(3))
    first, second = near @ apart, (near * since) @ apart
    level, steep = level + 0.3, steep + 1.0  # where little was seen, the model is right
    return model + (first * steep - second * tilt) / (level * steep - tilt**2)


def _twists(track: Track, angles: Angles, path: np.ndarray, times: np.ndarray, shown: slice) -> np.ndarray:
    """Log likelihoods (half twists, belly to the picture's right or left at the take-off, aslant)."""
    kinds = [(0, 1, 0.0, 1.0), *itertools.product(range(1, MOST_TWISTS + 1), (1, -1), TWIST_STARTS, TWIST_ENDS)]
    half, way, start, end = np.array(kinds).T[..., None]
    share = np.clip((times[shown] - start) / (end - start), 0, 1)
    turned = way * half * np.pi * (SOFT * share**2 * (3 - 2 * share) + (1 - SOFT) * share)  # softly on and off
    twist = turned[:, None, None] + np.array((0.0, np.pi))[:, None, None]  # (kind, facing, 1, L)
    over, aside = -np.radians(path[shown]), ASLANT[:, None]
    # The body's left and its belly in the picture, x right and y up
    left = np.sin(twist) * np.cos(over) * np.cos(aside) + np.cos(twist) * np.sin(aside), np.sin(twist) * np.sin(over)
    belly = np.cos(twist) * np.cos(over) * np.cos(aside) - np.sin(twist) * np.sin(aside), np.cos(twist) * np.sin(over)
    joints, weight = track.in_scene()[shown] / angles.length, angles.weight[shown]
    fits = np.zeros((len(kinds), 2, len(ASLANT)))
    for name, width in WIDTHS.items():
        x, y = (joints[:, JOINT[f"{name}_l"]] - joints[:, JOINT[f"{name}_r"]]).T
        apart = ((x - side * left[0]) ** 2 + (y + side * left[1]) ** 2 for side in (width, -width))  # y points down
        right, mirrored = (np.exp(each / (-2 * SIDE_ERROR**2)) for each in apart)
        fits += np.log((0.95 - MIRRORED) * right + MIRRORED * mirrored + 0.02) @ weight
    forward = belly[0] * np.cos(over) + belly[1] * np.sin(over)
    for name, direction in BENDS.items():
        bend = np.sin(np.radians(direction * getattr(angles, name)[shown]))
        fits -= np.log1p(np.exp(-BELLY * forward * bend)) @ weight
    best = np.stack([fits[half[:, 0] == number].max(axis=0) for number in range(MOST_TWISTS + 1)])
    best[1:] -= ANY_TWIST
    return best


def _starts(turning: np.ndarray, facing: np.ndarray, right: float) -> dict[str, float]:
    """By odds: feet or hands on the board × turning clockwise or not (2, 2), facing right or left, travelling right."""
    starts: dict[str, float] = {}
    for hands, sense, face, travel in np.ndindex(2, 2, 2, 2):
        name = ("", "armstand ")[hands] + KINDS[sense == travel, sense == face]
        odds = turning[hands, sense] * facing[face] * (right, 1 - right)[travel]
        starts[name] = starts.get(name, 0.0) + float(odds)
    starts.pop("armstand inward")
    total = sum(starts.values())
    return {name: each / total for name, each in starts.items()}


def _odds(likelihood: np.ndarray) -> np.ndarray:
    """Probabilities by log likelihoods."""
    odds = np.exp(likelihood - likelihood.max())
    return odds / odds.sum()
