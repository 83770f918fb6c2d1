"""The poses of a gymnast from the run-up to the salute, in order of time, with the faults that change them."""

import dataclasses

import numpy as np

from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import POSE_FIELDS, Keys, pose
from data_prep.simulator.vault.faults import FALL, MAX_SCISSOR, MAX_STRADDLE, VaultTrait
from data_prep.simulator.vault.rules import Vault

BOARD_CONTACT = 3.0  # frames on the springboard
ROUND_OFF = 10.0  # frames from the hurdle's landing to the springboard
STRIDE = 10.5  # frames of two steps

_STAND = pose(shoulder=8, arm_out=10)
_HURDLE = pose(spine=4, shoulder=-25, hip=25, knee=40, scissor=45, ankle=40)
_BOARD = pose(spine=10, shoulder=30, elbow=15, hip=34, knee=42, ankle=-8)
_TAKE_OFF = pose(shoulder=150, ankle=75)
_REACH = pose(spine=6, shoulder=165, hip=18, knee=15, scissor=70, ankle=50)
_CARTWHEEL = pose(shoulder=172, scissor=35, straddle=45, ankle=80)
_SNAP_DOWN = pose(spine=18, shoulder=140, hip=45, knee=18, ankle=60)
_BACK_BOARD = pose(spine=8, shoulder=95, hip=30, knee=40, ankle=5)
_BACK_TAKE_OFF = pose(spine=-16, neck=-15, shoulder=170, hip=-14, ankle=75)
_HANDSTAND = pose(shoulder=176, arm_out=3, ankle=85)
_LEFT_TABLE = pose(shoulder=150, arm_out=6, ankle=85)
_OPEN = pose(spine=4, shoulder=70, arm_out=55, hip=14, knee=8, ankle=60)
_TOUCH = pose(spine=12, shoulder=60, arm_out=50, hip=34, knee=34, ankle=5)
_ABSORB = pose(spine=22, shoulder=70, arm_out=30, hip=66, knee=70, ankle=-12)
_UP = pose(spine=2, shoulder=60, arm_out=60)
_SALUTE = pose(spine=-6, neck=-8, shoulder=165, arm_out=28)
_SIT = pose(spine=34, neck=14, shoulder=35, elbow=10, arm_out=40, hip=98, knee=74, ankle=20)
# One arm bent behind the head, the other across the chest: what shows every half twist.
_TWIST_ARMS = pose(spine=2, neck=6, shoulder=105, elbow=110, arm_swing=90, arm_out=8, arm_spread=48, ankle=85)

# Position in the air as tight and as loose as it gets; the arms follow, so that the hands stay at the shins.
_TIGHT = {
    "A": pose(shoulder=14, arm_out=4, ankle=85),
    "B": pose(spine=30, neck=18, shoulder=96, elbow=60, arm_out=8, hip=130, ankle=88),
    "C": pose(spine=44, neck=28, shoulder=28, elbow=90, hip=126, knee=140, ankle=75),
}
_LOOSE = {
    "A": pose(spine=18, neck=10, shoulder=40, arm_out=12, hip=56, knee=6, ankle=70),
    "B": pose(spine=12, neck=8, shoulder=66, elbow=5, arm_out=12, hip=90, knee=40, ankle=70),
    "C": pose(spine=16, neck=8, shoulder=54, elbow=8, arm_out=12, hip=72, knee=82, ankle=60),
}


@dataclasses.dataclass(frozen=True)
class Timing:
    """Instants of a vault in frames."""

    take_off: float  # the feet leave the springboard, the start of posting-flight
    touch_down: float  # the feet touch the mat, the start of the landing

    @property
    def board(self) -> float:
        """The feet meet the springboard."""
        return self.take_off - BOARD_CONTACT

    @property
    def round_off(self) -> float:
        """A round-off begins, if there is one."""
        return self.board - ROUND_OFF

    @property
    def contact(self) -> float:
        """The hands meet the table."""
        return self.take_off + 0.16 * (self.touch_down - self.take_off)

    @property
    def leave(self) -> float:
        """The hands leave the table."""
        return self.take_off + 0.29 * (self.touch_down - self.take_off)

    def second_flight(self, share: float) -> float:
        """The instant at a share 0..1 of the way from the table to the mat."""
        return self.leave + share * (self.touch_down - self.leave)


def vault_poses(vault: Vault, trait: VaultTrait, timing: Timing, times: np.ndarray) -> np.ndarray:
    """Poses (N, P) in degrees at `times` (N,) in frames."""
    keys = [*_approach(vault, timing), *_support(trait, timing), *_flight(vault, trait, timing)]
    keys += _landing(trait, timing)
    poses = figure.interpolate_poses(times, keys)
    start = keys[0][0]
    running = np.clip((start - times) / 2.0, 0.0, 1.0)[:, None]
    poses = poses * (1 - running) + running * run_poses(times, trait.stride)
    scissor = POSE_FIELDS.index("scissor")
    poses[:, scissor] += 50.0 * step_phase(trait, timing, times)
    return poses


def run_poses(times: np.ndarray, stride: float, effort: float = 1.0) -> np.ndarray:
    """Poses (N, P) of a run; `effort` below 1 is a walk."""
    phase = 2 * np.pi * times / STRIDE + stride
    base = pose(spine=10, shoulder=10, elbow=85, hip=24, knee=52, ankle=25) * effort
    poses = np.tile(base, (len(times), 1))
    poses[:, POSE_FIELDS.index("scissor")] = 88 * effort * np.sin(phase)
    poses[:, POSE_FIELDS.index("knee_swing")] = 92 * effort * np.cos(phase)
    poses[:, POSE_FIELDS.index("arm_swing")] = -92 * effort * np.sin(phase)
    return poses


def _approach(vault: Vault, timing: Timing) -> Keys:
    board, start = timing.board, timing.round_off
    if not vault.round_off:
        return [(board - 5, _HURDLE), (board, _BOARD), (timing.take_off, _TAKE_OFF)]
    return [
        (start - 3, _HURDLE),
        (start, _REACH),
        (start + 3, _CARTWHEEL),
        (start + 5.5, _CARTWHEEL - pose(scissor=35, straddle=40)),
        (start + 8, _SNAP_DOWN),
        (board, _BACK_BOARD),
        (timing.take_off, _BACK_TAKE_OFF),
    ]


def _legs(trait: VaultTrait, share: float) -> np.ndarray:
    """Legs apart and knees bent by a share of the worst that the faults make of them."""
    apart, bent = trait.severities["leg_separation"] * share, trait.severities["bent_knees"] * share
    return pose(straddle=MAX_STRADDLE * apart, scissor=MAX_SCISSOR * apart, knee=92 * bent, hip=34 * bent)


def _support(trait: VaultTrait, timing: Timing) -> Keys:
    poor = trait.severities["poor_support"]
    bent_arms = poor * pose(elbow=125, shoulder=-78, spine=-18, hip=34)
    return [
        (timing.contact, _HANDSTAND + 0.7 * bent_arms + _legs(trait, 0.8)),
        (0.5 * (timing.contact + timing.leave), _HANDSTAND + bent_arms + _legs(trait, 0.9)),
        (timing.leave, _HANDSTAND + 0.8 * bent_arms + _legs(trait, 1.0)),
    ]


def _flight(vault: Vault, trait: VaultTrait, timing: Timing) -> Keys:
    """Between table and mat: straight for the twists, the position, and the opening for the landing."""
    legs = _legs(trait, 1.0)
    if vault.half_somersaults == 0:
        keys = [(0.3, _LEFT_TABLE + legs), (0.75, _OPEN + legs)]
    else:
        keys = [(share, held + legs) for share, held in _held(vault, trait.severities["looseness"])]
        keys.append((0.86, _OPEN + 0.7 * legs))
    touch = _TOUCH + trait.severities["under_rotation"] * pose(spine=24, hip=42, knee=34)
    return [(timing.second_flight(share), key) for share, key in keys] + [(timing.touch_down, touch + 0.4 * legs)]


def _held(vault: Vault, looseness: float) -> Keys:
    held = _TIGHT[vault.position] + looseness * (_LOOSE[vault.position] - _TIGHT[vault.position])
    if vault.half_twists == 0 or vault.half_somersaults == 4:
        return [(0.16, held), (0.70, held)]
    if vault.position == "A":
        arms = _TWIST_ARMS + looseness * (_LOOSE["A"] - _TIGHT["A"])
        return [(0.14, arms), (0.72, arms)]
    return [(0.20, held), (0.70, held)]


def _landing(trait: VaultTrait, timing: Timing) -> Keys:
    """Absorb, straighten, salute; or sit down in a fall. In frames of real time."""
    at, under = timing.touch_down, trait.severities["under_rotation"]
    absorb = _ABSORB + under * pose(spine=36, hip=48, knee=44, shoulder=20)
    if trait.falls:
        worse = (trait.severities["landing"] - FALL) / (1 - FALL)
        return [(at + 2.5, absorb), (at + 8, _SIT - worse * pose(hip=25, spine=16)), (at + 60, _SIT)]
    wild = trait.severities["landing"] * pose(arm_out=50, shoulder=30, spine=28, hip=16)
    up = [(at + 3, absorb + wild), (at + 8 + 3 * under, _UP + wild), (at + 13 + 3 * under, _UP)]
    last = _SALUTE if trait.salutes else _STAND
    return [*up, (at + 18 + 3 * under, last), (at + 60, last)]


def step_phase(trait: VaultTrait, timing: Timing, times: np.ndarray) -> np.ndarray:
    """0..1 (N,): how far a foot is from the other in the steps that follow an unsteady landing."""
    start, length, number = steps(trait, timing)
    within = np.clip((times - start) / length, 0.0, number)
    return min(1.0, 2.8 * trait.severities["landing"]) * np.abs(np.sin(np.pi * within)) * (not trait.falls)


def steps(trait: VaultTrait, timing: Timing) -> tuple[float, float, int]:
    """First frame, frames of each, and number of the steps after the landing."""
    return timing.touch_down + 3.0, 4.0, 1 + int(3 * trait.severities["landing"])
