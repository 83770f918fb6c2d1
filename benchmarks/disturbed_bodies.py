"""Simulated dives whose joints are disturbed as film disturbs them, and the errors of the body's measures on them."""

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
from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.body_noise import filmed
from scoringnet_tf.inference import athlete
from scoringnet_tf.inference.measures import READERS, flight_of
from scoringnet_tf.sports import Dive, Sport
from scoringnet_tf.sports.dive_table import SEEN_OF

OURS = [SIMULATED[name] for name in JOINTS]
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
    track = film(moved(times), times, flight, rng)
    fine = np.linspace(first, entry, round((entry - first) * TRUE_RATE))
    level = moved(fine)[..., :2] * (1, -1) / body.height
    still = np.tile(np.eye(2, 3), (len(fine), 1, 1))
    flight = int(np.searchsorted(fine, off)), len(fine) - 1
    return Simulated(dive, track, Track(0, fine, level, np.ones(level.shape[:2]), still, flight=flight))


def film(joints: np.ndarray, times: np.ndarray, flight: tuple[int, int], rng: Generator) -> Track:
    """The track of joints (L, 17, 3), metres, by a camera and an estimator drawn at random."""
    rate = 1 / np.diff(times).mean()
    shown = filmed(joints, rate, rng)
    # The flight's ends are not known exactly either.
    errors = rng.choice((-2, -1, 0, 1, 2), 2, p=(0.1, 0.2, 0.4, 0.2, 0.1)) if rate > 15 else rng.integers(-1, 2, 2)
    ends = np.clip(np.add(flight, errors), 0, len(times) - 1).tolist()
    return Track(0, times, shown.positions, shown.confidence, shown.camera, flight=(ends[0], ends[1]))


class Errors(NamedTuple):
    """What film tells of a dive against the truth."""

    errors: dict[str, tuple[float, np.ndarray] | None]  # measure → error and conditions of its size; None: not seen
    right: dict[str, bool]  # element → whether it is
    probability: float  # stated, of the dive's number


def errors_of(dive: Simulated, sport: Sport) -> Errors:
    """The errors in what the film of a dive shows."""
    flight, true = (flight_of(track) for track in (dive.track, dive.true))
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
