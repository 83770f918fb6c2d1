"""Simulated dives whose joints are disturbed as film disturbs them, and the errors of the body's measures on them."""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy.optimize import linprog

from data_prep.simulator.diving import motion
from data_prep.simulator.diving.board import Board
from data_prep.simulator.diving.filming import random_body
from data_prep.simulator.diving.simulator import TABLE, draw_deduction
from data_prep.simulator.files import FPS
from data_prep.simulator.performance import share_deduction
from data_prep.simulator.scene.figure import JOINT as SIMULATED
from scoringnet_tf.body.skeleton import JOINTS, MIRRORED
from scoringnet_tf.body.track import Track
from scoringnet_tf.inference import athlete
from scoringnet_tf.inference.measures import READERS, flight_of
from scoringnet_tf.sports import Dive, Sport
from scoringnet_tf.sports.dive_table import SEEN_OF

OURS = [SIMULATED[name] for name in JOINTS]
TURNED = {"hip": "shoulder", "shoulder": "hip"}
UPSIDE_DOWN = [JOINTS.index(TURNED.get(name[:-2], name[:-2]) + name[-2:]) if "_" in name else 0 for name in JOINTS]
RATES, TRUE_RATE = (10, 15, 20, 25, 25, 30, 30), 50  # frames/s: of film, and of the truth
LEVEL, RARE = 0.9, 0.5  # of the intervals; a dive's weight beside its frequency


class Simulated(NamedTuple):
    """A dive: as film shows it, and as it was, seen level from the side and often."""

    dive: Dive
    track: Track
    true: Track


def simulated(rng: Generator) -> Simulated:
    """A dive drawn at random, from number to film."""
    height = int(rng.choice((3, 10)))
    dives = {dive: count + RARE for dive, count in TABLE.seen[height].items()}
    dive = list(dives)[rng.choice(len(dives), p=np.array(list(dives.values())) / sum(dives.values()))]
    trait = motion.random_trait(share_deduction(draw_deduction(rng), motion.FAULTS, rng), rng)
    trait = motion.with_run_up(trait, dive, rng)
    body, board = random_body(rng), Board(height, springs=height == 3)
    press = float(rng.uniform(6, 16))
    seconds = motion.flight_of(dive, trait, body, (20.0, 20.0 + press, 60.0), board).seconds
    edges = (20.0, 20.0 + press, 20.0 + press + seconds * FPS)
    first, off, entry = np.subtract(edges, (rng.uniform(0, 12), 0, 0)) / FPS

    def moved(times: np.ndarray) -> np.ndarray:
        return motion.perform(dive, trait, body, edges, times * FPS, board).joints[:, OURS]

    times = np.arange(first, entry + 0.2, 1 / rng.choice(RATES))  # a track goes on under water
    flight = tuple(int(np.searchsorted(times, each)) for each in (off, entry))
    track = film(moved(times), times, flight, body.height, board.height, rng)
    fine = np.linspace(first, entry, round((entry - first) * TRUE_RATE))
    level = moved(fine)[..., :2] * (1, -1) / body.height
    still = np.tile(np.eye(2, 3), (len(fine), 1, 1))
    flight = int(np.searchsorted(fine, off)), len(fine) - 1
    return Simulated(dive, track, Track(0, fine, level, np.ones(level.shape[:2]), still, flight=flight))


def film(
    joints: np.ndarray, times: np.ndarray, flight: tuple[int, int], tall: float, high: float, rng: Generator
) -> Track:
    """The track of joints (L, 17, 3), metres, by a camera and an estimator drawn at random."""
    places, camera, size = _pictures(joints, tall, high, rng)
    rate = 1 / np.diff(times).mean()
    # 1. Noise that lasts, in parts of the body's height
    noise, lasting = rng.normal(size=places.shape), rng.uniform(0.3, 0.7) ** (FPS / rate)
    for before, now in itertools.pairwise(noise):
        now[:] = lasting * before + np.sqrt(1 - lasting**2) * now
    places = places + noise * rng.uniform(0.03, 0.06) * size
    # 2. Joints that are taken for others
    for swapped in np.flatnonzero(_bursts(np.ones(len(times)), rng.uniform(0.1, 0.2), 2, rng)):
        places[swapped] = places[swapped, list(MIRRORED) if rng.random() < 0.5 else UPSIDE_DOWN]
    # 3. Frames that are lost, most in the tuck, and filled from their neighbours
    extent = np.ptp(joints, axis=1).max(axis=1) / tall
    lost = _bursts(np.clip(1.3 - extent, 0.1, 1.0), rng.uniform(0.15, 0.3), 3, rng)
    scene = places + camera[:, None]
    seen = np.flatnonzero(~lost)
    for column in scene.reshape(len(times), -1).T:
        column[lost] = np.interp(np.flatnonzero(lost), seen, column[seen])
    confidence = np.where(lost[:, None], 0.0, rng.uniform(0.5, 1.0, places.shape[:2]))
    # 4. The camera's path and the flight's ends are not known exactly either
    drift = np.cumsum(rng.normal(0, rng.uniform(0, 0.015) * size, camera.shape), axis=0)
    turn = np.cumsum(rng.normal(0, rng.uniform(0, 0.002), len(times)))
    cos, sin, (x, y) = np.cos(turn), np.sin(turn), (camera + drift).T
    affine = np.stack((cos, -sin, x, sin, cos, y), axis=-1).reshape(-1, 2, 3)
    errors = rng.choice((-2, -1, 0, 1, 2), 2, p=(0.1, 0.2, 0.4, 0.2, 0.1)) if rate > 15 else rng.integers(-1, 2, 2)
    ends = np.clip(np.add(flight, errors), 0, len(times) - 1).tolist()
    return Track(0, times, scene - camera[:, None], confidence, affine, flight=(ends[0], ends[1]))


def _pictures(joints: np.ndarray, tall: float, high: float, rng: Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Places (L, 17, 2) in pictures, the camera's path (L, 2) in them, and the body's height there."""
    aslant = rng.uniform(1.0, 1.4) if rng.random() < 0.15 else rng.uniform(0.0, 0.6)
    azimuth = aslant * rng.choice((-1, 1)) + np.pi * rng.integers(2)
    away, roll = rng.uniform(12, 40), np.radians(rng.uniform(-5, 5))
    stand = np.array((away * np.sin(azimuth), rng.uniform(1.0, high + 4.0), away * np.cos(azimuth)))
    centre = joints.mean(axis=1)
    target = centre.copy()
    for before, now in itertools.pairwise(target):
        now[:] = 0.4 * before + 0.6 * now
    x, y, z = (target - stand).T
    pan, tilt = np.unwrap(np.arctan2(x, z)), np.arctan2(y, np.hypot(x, z))
    ahead = np.stack((np.cos(tilt) * np.sin(pan), np.sin(tilt), np.cos(tilt) * np.cos(pan)), axis=-1)
    right = np.stack((-np.cos(pan), np.zeros_like(pan), np.sin(pan)), axis=-1)
    up = np.cross(right, ahead)
    offset = joints - stand
    across, above, deep = (np.einsum("ljk,lk->lj", offset, axis) for axis in (right, up, ahead))
    size = float(np.exp(rng.uniform(np.log(0.12), np.log(0.6))))
    focal = size * np.median(deep) / tall
    places = np.stack((across / deep, -above / deep), axis=-1) * focal
    steps = np.stack((-np.diff(pan) * np.cos(tilt[1:]), -np.diff(tilt)), axis=-1) * focal
    camera = np.concatenate((np.zeros((1, 2)), np.cumsum(steps, axis=0)))
    turn = np.array(((np.cos(roll), -np.sin(roll)), (np.sin(roll), np.cos(roll))))
    return places @ turn.T, camera @ turn.T, size


def _bursts(weight: np.ndarray, share: float, length: float, rng: Generator) -> np.ndarray:
    """Frames, bool (L,): a share of them, some in a row, most where the weight (L,) is large."""
    chosen = np.zeros(len(weight), bool)
    while chosen.mean() < share:
        start = rng.choice(len(weight), p=weight / weight.sum())
        chosen[start : start + int(rng.geometric(1 / length))] = True
    return chosen


class Errors(NamedTuple):
    """What film tells of a dive against the truth."""

    errors: dict[str, tuple[float, np.ndarray] | None]  # measure → error and conditions of its size; None: not seen
    right: dict[str, bool]  # element → whether it is
    probability: float  # stated, of the dive's number


def errors_of(dive: Simulated, sport: Sport) -> Errors:
    """The errors in what the film of a dive shows."""
    flight, true = (flight_of(track, *track.flight) for track in (dive.track, dive.true))
    errors: dict[str, tuple[float, np.ndarray] | None] = {}
    for name, (_, read) in READERS.items():
        if truth := read(true):
            seen = read(flight) if flight else None
            errors[name] = seen and (seen.value - truth.value, athlete.conditions(flight, seen))
    told = athlete.shown_by(dive.track, sport, (0, 0)).elements
    right = {name: name in told and told[name].value == str(of(dive.dive)) for name, of in SEEN_OF.items()}
    right["dive"] = "dive" in told and told["dive"].value == dive.dive.number
    return Errors(errors, right, told["dive"].probability if "dive" in told else 0.0)


def sizes_of(sample: list[Errors], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Sizes (N,) of a measure's errors where it was seen, and their conditions (N, 6)."""
    seen = [each.errors[name] for each in sample if each.errors.get(name)]
    return np.abs([error for error, _ in seen]), np.array([conditions for _, conditions in seen])


def fitted(sample: list[Errors]) -> dict[str, list[float]]:
    """Measure → weights of its conditions, 0 or more, for half-widths of 90 % intervals, by quantile regression."""
    weights = {}
    for name in READERS:
        sizes, rows = sizes_of(sample, name)
        costs = np.concatenate((np.zeros(rows.shape[1]), np.full(len(rows), LEVEL), np.full(len(rows), 1 - LEVEL)))
        equal = np.hstack((rows, np.eye(len(rows)), -np.eye(len(rows))))
        weights[name] = linprog(costs, A_eq=equal, b_eq=sizes).x[: rows.shape[1]].round(4).tolist()
    return weights


def table(sample: list[Errors], weights: dict[str, list[float]]) -> list[str]:
    """Lines: every measure's errors and coverage, then the elements."""
    lines = [f"{'measure':<20} unit          seen  median error  90 %   median ±  coverage"]
    for name, (unit, _) in READERS.items():
        sizes, rows = sizes_of(sample, name)
        widths = rows @ weights[name]
        sizes, widths = sizes[widths < athlete.WIDEST[unit]], widths[widths < athlete.WIDEST[unit]]
        seen = len(sizes) / sum(name in each.errors for each in sample)
        figures = f"{np.median(sizes):12.2f} {np.quantile(sizes, LEVEL):6.2f} {np.median(widths):9.2f}"
        lines.append(f"{name:<20} {unit:<13} {seen:.2f} {figures} {np.mean(sizes <= widths):9.2f}")
    for name in (*SEEN_OF, "dive"):
        lines.append(f"{name:<20} right {np.mean([each.right[name] for each in sample]):.3f}")
    return [*lines, f"{'':<20} stated {np.mean([each.probability for each in sample]):.3f}: mean of its probability"]
