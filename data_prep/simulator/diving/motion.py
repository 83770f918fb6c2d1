"""One dive's motion: the place of every joint at every instant, from dive, faults and stage boundaries.

World axes in metres: x away from the board, whose edge is x = 0, y up from the water surface, z to the camera.
Times are in frames; t0 first movement, t1 feet (or hands) leave the platform, t2 first touch of the water.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from data_prep.simulator.diving.board import Board, RunUp, random_run_up
from data_prep.simulator.performance import Fault
from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import GRAVITY, JOINT, Body, Keys, Motion, ease, motion_of, pose
from scoringnet_tf.sports.dives import BACK, FORWARD, REVERSE, Dive

PLATFORM = Board()
SPRINGBOARD_DIP = 9.0  # frames before t0 in which a springboard is pressed down
TAKE_OFF_LEAN = np.radians(14.0)  # of the somersault, already turned when the feet leave the platform
RUNNING = 0.6  # of filmed divers who face the water
DRAG_SECONDS = 0.25  # time constant in which the water stops a diver
Times = tuple[float, ...]  # t0, t1, t2, and more that are not used, in frames
FAULTS = (  # what judges weigh most comes first: the entry, then the position, then the rest
    Fault("splash", 5.0, 2.9),
    Fault("entry_angle", 5.0, 2.9),
    Fault("looseness", 4.6, 2.6),
    Fault("leg_separation", 4.4, 1.5),
    Fault("distance", 4.0, 0.7),
    Fault("low_take_off", 2.4, 0.4),
    Fault("bent_entry", 3.2, 0.4),
)
MAX_ENTRY_ANGLE = 40.0  # degrees off vertical at severity 1
MAX_LEG_SEPARATION = 55.0  # degrees
IDEAL_DISTANCE = 1.3  # metres from the platform's edge at the entry


@dataclasses.dataclass(frozen=True)
class DiveTrait:
    """What a dive looks like beside its number: severities by fault name, and which way signed faults go."""

    severities: dict[str, float]  # fault name → 0..1
    over: bool  # the entry is past vertical (else short of it)
    far: bool  # the entry is too far from the platform (else too close)
    arms_up: bool  # the diver stands with the arms overhead at the take-off
    raises_arms: bool  # if so, they are raised shortly before, else they have been up all along
    twist_sign: int  # direction of the twist, 1 or −1
    run_up: RunUp | None = None  # of a diver who does not stand before the press; None: he does

    @property
    def entry_angle(self) -> float:
        """Degrees off vertical at the entry, positive past it."""
        return MAX_ENTRY_ANGLE * self.severities["entry_angle"] * (1 if self.over else -1)

    @property
    def distance(self) -> float:
        """Metres from the platform's edge at the entry: 0.55 at worst when too close, 3.7 when too far."""
        return IDEAL_DISTANCE + self.severities["distance"] * (2.4 if self.far else -0.75)

    @property
    def leg_separation(self) -> float:
        """Degrees between the thighs from the come-out on; six to nine tenths of it before."""
        return MAX_LEG_SEPARATION * self.severities["leg_separation"]


def random_trait(severities: dict[str, float], rng: Generator) -> DiveTrait:
    """A `DiveTrait` with those severities; the rest is drawn."""
    return DiveTrait(
        severities=severities,
        over=bool(rng.random() < 0.5),
        far=bool(rng.random() < 0.65),
        arms_up=bool(rng.random() < 0.5),
        raises_arms=bool(rng.random() < 0.4),
        twist_sign=1 if rng.random() < 0.5 else -1,
    )


def with_run_up(trait: DiveTrait, dive: Dive, rng: Generator) -> DiveTrait:
    """The trait with a run-up, drawn at random, if the dive can have one: the diver faces the water."""
    if dive.armstand or _facing(dive) < 0 or rng.random() >= RUNNING:
        return trait
    return dataclasses.replace(trait, run_up=random_run_up(rng))


_STAND = pose(shoulder=8, arm_out=6)
_REACH = pose(shoulder=176, arm_out=-10)
_CROUCH = pose(spine=22, neck=-10, shoulder=-25, elbow=10, hip=72, knee=88, ankle=-16)
_LAUNCH = pose(shoulder=165, arm_out=-8, ankle=70)
_HANDSTAND = pose(shoulder=178, arm_out=2, ankle=85)
_HANDSTAND_TIP = pose(spine=10, shoulder=155, hip=28, ankle=85)
_HANDSTAND_PUSH = pose(spine=-8, shoulder=182, hip=-8, ankle=85)
# A twister holds one arm behind the head, its elbow high, and the other across the chest: what shows every half turn.
_WRAP = pose(spine=6, neck=10, shoulder=118, elbow=105, arm_swing=110, arm_out=10, arm_spread=55, hip=4, ankle=85)
_STRAIGHT = pose(shoulder=18, arm_out=8, ankle=85)
_LINE_UP = _STRAIGHT + pose(shoulder=90)
_FEET_FIRST = pose(shoulder=4, arm_out=2, ankle=85)
# Tuck and pike as tight and as loose as they get; the arms follow, so that the hands stay at the shins. However loose,
# a tuck keeps its knees bent and a pike keeps them nearly straight: judges must still see which of the two it was.
_TUCK = pose(spine=46, neck=30, shoulder=26, elbow=93, hip=128, knee=142, ankle=75)
_LOOSE_TUCK = pose(spine=14, neck=10, shoulder=50, elbow=10, hip=72, knee=116, ankle=60, straddle=26)
_PIKE = pose(spine=34, neck=20, shoulder=98, elbow=66, arm_out=10, hip=134, ankle=88)
_LOOSE_PIKE = pose(spine=12, neck=5, shoulder=62, elbow=4, arm_out=16, hip=82, knee=28, ankle=60)


def _position_pose(position: str, looseness: float) -> np.ndarray:
    """The pose held in the air; looseness 1 opens the hips far and bends a pike's knees."""
    tight, loose = {
        "C": (_TUCK, _LOOSE_TUCK),
        "B": (_PIKE, _LOOSE_PIKE),
        "A": (_STRAIGHT, _STRAIGHT + pose(hip=35, knee=60, spine=-18)),
        "D": (_WRAP, _WRAP + pose(hip=35, knee=65, shoulder=-40, elbow=-60)),
    }[position]
    return tight + looseness * (loose - tight)


def _entry_pose(head_first: bool, bent: float) -> np.ndarray:
    base = _REACH + pose(shoulder=4, ankle=88) if head_first else _FEET_FIRST
    return base + bent * pose(knee=82, hip=42, ankle=-70, elbow=34, spine=-18)


def _facing(dive: Dive) -> int:
    """1 if the belly of the standing diver is towards the water (+x), −1 if towards the platform."""
    return 1 if dive.direction in (FORWARD, REVERSE) else -1


def _turning(dive: Dive) -> int:
    """Sign of the somersault in the picture: clockwise (−1) for forward and back dives."""
    return -1 if dive.direction in (FORWARD, BACK) else 1


def perform(
    dive: Dive, trait: DiveTrait, body: Body, boundaries: Times, times: np.ndarray, board: Board = PLATFORM
) -> Motion:
    """A dive's motion at `times` (N,), with boundaries t0, t1, t2; all in frames, increasing.

    Before t0 nothing moves on a platform; on a springboard the diver sinks already.
    """
    oriented, somersault, twist = _turned(dive, trait, body, boundaries, times, board)
    centre = _path(dive, trait, oriented, body, boundaries, times, board)
    return motion_of(oriented, centre, somersault, twist)


def _turned(
    dive: Dive, trait: DiveTrait, body: Body, boundaries: Times, times: np.ndarray, board: Board
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, t1, t2 = boundaries
    local = figure.body_joints(_poses(dive, trait, boundaries, times, board), body)
    somersault = _somersault(dive, trait, body, boundaries, times, board)
    twist = _twist(dive, trait, np.clip((times - t1) / (t2 - t1), 0.0, 1.0))
    return figure.orient(local, somersault, twist), somersault, twist


def _poses(dive: Dive, trait: DiveTrait, boundaries: Times, times: np.ndarray, board: Board) -> np.ndarray:
    t0, t1, t2 = boundaries
    span = t2 - t1
    held = _position_pose(dive.position, trait.severities["looseness"])
    entry = _entry_pose(dive.head_first, trait.severities["bent_entry"])
    legs = pose(scissor=trait.leg_separation, straddle=0.35 * trait.leg_separation)
    keys = _take_off_keys(dive, trait, t0, t1, board)
    keys += [(t1 + at * span, key + share * legs) for at, key, share in _flight_keys(dive, held)]
    keys += [(t1 + 0.90 * span, entry + legs), (t2 + 3, entry + legs)]
    poses = figure.interpolate_poses(times, keys)
    still = times < _first_movement(t0, board) + 0.2
    sway = 1.5 * np.sin(times / 9.0)
    poses[still, figure.POSE_FIELDS.index("spine")] += sway[still]
    return poses


def _first_movement(t0: float, board: Board) -> float:
    """When the diver starts to move: just before frame t0, which shows it; a springboard is pressed down first."""
    return t0 - (SPRINGBOARD_DIP if board.springs else 0.7)


def _take_off_keys(dive: Dive, trait: DiveTrait, t0: float, t1: float, board: Board) -> Keys:
    start = _first_movement(t0, board)
    span = t1 - start
    if dive.armstand:
        return [(start, _HANDSTAND), (start + 0.55 * span, _HANDSTAND_TIP), (t1, _HANDSTAND_PUSH)]
    weak = trait.severities["low_take_off"]
    crouch = _CROUCH * (1 - 0.45 * weak)
    if trait.run_up:
        before = trait.run_up.keys(start)
    else:
        before = [(start - 17, _STAND), (start - 8, _REACH)] if trait.arms_up and trait.raises_arms else []
        before.append((start, _REACH if trait.arms_up else _STAND))
    return [*before, (start + 0.55 * span, crouch), (t1, _LAUNCH)]


def _flight_keys(dive: Dive, held: np.ndarray) -> list[tuple[float, np.ndarray, float]]:
    """(flight share, pose, leg separation share) between launch and line-up.

    Who turns less comes out sooner and lines up longer: divers leave the platform with much the same spin.
    """
    if dive.half_twists == 0:
        out = 0.30 + 0.055 * dive.half_somersaults
        return [(0.18, held, 0.6), (out, held, 0.9), (out + 0.10, _LINE_UP, 1.0)]
    end = _twist_end(dive)
    if dive.position == "D":
        return [(0.16, held, 0.6), (end - 0.06, held, 0.9), (end + 0.03, 0.6 * _PIKE, 1.0), (end + 0.12, _LINE_UP, 1.0)]
    return [(0.12, _WRAP, 0.6), (end - 0.05, _WRAP, 0.7), (end + 0.05, held, 0.8), (0.77, held, 0.9)]


def _twist_end(dive: Dive) -> float:
    """The flight share at which the twists are done: the more twists the later; before the pike or tuck if any."""
    return 0.38 + 0.06 * dive.half_twists if dive.position == "D" else min(0.40 + 0.045 * dive.half_twists, 0.66)


def _twist(dive: Dive, trait: DiveTrait, flight: np.ndarray) -> np.ndarray:
    """Twist angle about the long axis, radians: facing first, then the half twists, made while the body is straight."""
    end = _twist_end(dive)
    share = np.clip((flight - 0.06) / (end - 0.06), 0.0, 1.0)
    eased = ease(share) * 0.5 + share * 0.5
    start = 0.0 if _facing(dive) > 0 else np.pi
    return start + trait.twist_sign * np.pi * dive.half_twists * eased


def _somersault(
    dive: Dive, trait: DiveTrait, body: Body, boundaries: Times, times: np.ndarray, board: Board
) -> np.ndarray:
    """Somersault angle, radians, counter-clockwise: constant angular momentum in flight, so a tuck spins fast.

    The angle at t2 is exactly the dive's half somersaults, plus the fault's angle off vertical.
    """
    t0, t1, _ = boundaries
    total = np.pi * dive.half_somersaults + np.radians(trait.entry_angle) - TAKE_OFF_LEAN
    start = _first_movement(t0, board)
    before = np.clip((times - start) / (t1 - start), 0.0, 1.0)
    leaning = np.where(before < 0.5, 0.0, (before - 0.5) * 2) ** 1.5 * TAKE_OFF_LEAN
    crouching = _crouch_lean(dive, trait, before)
    angle = leaning + total * _turned_share(dive, trait, body, boundaries, times, board)
    start = np.pi if dive.armstand else 0.0
    return start + _turning(dive) * angle + crouching


def _turned_share(
    dive: Dive, trait: DiveTrait, body: Body, boundaries: Times, times: np.ndarray, board: Board
) -> np.ndarray:
    """How much of the flight's turn is done, 0 to 1 (N,)."""
    _, t1, t2 = boundaries
    if times[-1] <= t1:
        return np.zeros(len(times))
    fine = np.linspace(t1, t2, 200)
    inertia = figure.somersault_inertia(figure.body_joints(_poses(dive, trait, boundaries, fine, board), body))
    line_up = np.linspace(0.0, 1.0, len(fine))
    spin = (1.0 - 0.8 * np.clip((line_up - 0.80) / 0.15, 0.0, 1.0)) / inertia  # arms and trunk stall the spin
    turned = np.concatenate(([0.0], np.cumsum((spin[1:] + spin[:-1]) / 2)))
    return np.interp(times, fine, turned / turned[-1])


def _crouch_lean(dive: Dive, trait: DiveTrait, before: np.ndarray) -> np.ndarray:
    """The trunk bows over the feet in the press, so that the centre of mass stays above them."""
    if dive.armstand:
        return np.zeros_like(before)
    amount = np.radians(30.0) * (1 - 0.45 * trait.severities["low_take_off"])
    return -_facing(dive) * amount * np.sin(np.pi * np.clip(before / 0.95, 0.0, 1.0)) ** 2


def _path(
    dive: Dive,
    trait: DiveTrait,
    oriented: np.ndarray,
    body: Body,
    boundaries: Times,
    times: np.ndarray,
    board: Board,
) -> np.ndarray:
    """Centre of mass (N, 3) on the platform, then of a projectile, then slowed by the water.

    The first part to touch the water does so at `trait.distance`; the body follows it through the same hole.
    """
    _, t1, t2 = boundaries
    standing = _standing_centre(dive, oriented)
    standing[:, 1] += board.height + board.tip(boundaries, times)
    if trait.run_up:
        standing += trait.run_up.offset(times, _first_movement(boundaries[0], board))
    launch, first, rise, seconds = flight_of(dive, trait, body, boundaries, board)
    flown = np.clip((times - t1) / (t2 - t1), 0.0, 1.0)
    y = launch[1] + rise * flown * seconds - GRAVITY * (flown * seconds) ** 2 / 2
    x = launch[0] + (trait.distance - first[0] - launch[0]) * flown
    # Labelled flights are shorter than real ones; under water the clock is the real one, 25 frames a second.
    under = DRAG_SECONDS * (1 - np.exp(-np.maximum(times - t2, 0.0) / 25.0 / DRAG_SECONDS))
    sunk = (GRAVITY * seconds - rise) * under
    path = np.stack((x - sunk * first[0] / first[1], y - sunk), axis=-1)
    centre = np.where((times < t1)[:, None], standing, path)
    return np.concatenate((centre, np.zeros((len(times), 1))), axis=1)


class Flight(NamedTuple):
    """A dive's flight: centre of mass (2,) at the take-off, in metres; from it to the first part that touches.

    It leaves at `rise` metres a second upwards, and is in the air for `seconds`.
    """

    launch: np.ndarray
    first: np.ndarray
    rise: float
    seconds: float


def flight_of(dive: Dive, trait: DiveTrait, body: Body, boundaries: Times, board: Board = PLATFORM) -> Flight:
    """A dive's `Flight`, by gravity alone; arguments as in `perform`."""
    at_launch, *_ = _turned(dive, trait, body, boundaries, np.array([float(boundaries[1])]), board)
    launch = _standing_centre(dive, at_launch)[0] + (0.0, board.height)
    first = _first_touch(dive, trait, body)
    rise = np.interp(trait.severities["low_take_off"], (0, 1), (3.6, 0.6))
    rise *= 0.55 if dive.armstand else 1.35 if board.springs else 1.0
    seconds = (rise + np.sqrt(rise * rise + 2 * GRAVITY * (launch[1] + first[1]))) / GRAVITY
    return Flight(launch, first, rise, seconds)


def _standing_centre(dive: Dive, oriented: np.ndarray) -> np.ndarray:
    """Centre of mass (N, 2) from the board's edge that keeps the feet, or a handstand's hands, there."""
    support, sole = (("hand_l",), 0.0) if dive.armstand else (("ankle_l", "toe_l"), 0.05)
    points = oriented[:, [JOINT[name] for name in support]]
    return np.stack((-0.12 - points[:, 0, 0], sole - points[..., 1].min(axis=1)), axis=-1)


def _first_touch(dive: Dive, trait: DiveTrait, body: Body) -> np.ndarray:
    """(x, y) from the centre of mass to the part that touches the water first; y is negative."""
    entry = _entry_pose(dive.head_first, trait.severities["bent_entry"])
    local = figure.body_joints(entry[None], body)
    angle = np.pi * (dive.half_somersaults + dive.armstand) + np.radians(trait.entry_angle)
    joints = figure.orient(local, np.array([_turning(dive) * angle]), _twist(dive, trait, np.ones(1)))[0]
    return joints[joints[:, 1].argmin(), :2]
