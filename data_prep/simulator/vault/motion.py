"""One vault's motion: the place of every joint at every instant, from the vault, its faults and its timing.

World axes in metres: x along the runway, the table's middle at x = 0; y up from the floor; z to the left of the
gymnast who runs in. Times are in frames. All vaults turn the same way round, clockwise for a runner to the right.
"""

import dataclasses

import numpy as np
from scipy.interpolate import PchipInterpolator

from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import GRAVITY, JOINT, POSE_FIELDS, Body, Keys, Motion, ease, motion_of, pose
from data_prep.simulator.vault.rules import FALL, MAX_SCISSOR, MAX_STRADDLE, Vault, VaultTrait

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
    """Legs apart and knees bent by a share from what the faults make at worst."""
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
    """First frame, frames and number for the steps after the landing."""
    return timing.touch_down + 3.0, 4.0, 1 + int(3 * trait.severities["landing"])


TABLE_HEIGHT, MAT_HEIGHT, BOARD_HEIGHT = 1.35, 0.20, 0.20  # metres (FIG Apparatus Norms: men's table 1.35)
BOARD_X, HANDS_X = -1.55, -0.08
RUN_SPEED = 0.25  # metres a frame
SOLE = 0.04  # from the lowest joint to the ground
CONTACT_SHORT, LEAVE_PAST = 38.0, 10.0  # degrees about the vertical at which the hands meet and leave the table
LANDING_SHORT = 8.0  # degrees short of vertical at which even a good landing begins
_HANDS = [JOINT["hand_l"], JOINT["hand_r"]]
_FEET = [JOINT["ankle_l"], JOINT["ankle_r"]]


def perform(vault: Vault, trait: VaultTrait, body: Body, boundaries: tuple[float, float], times: np.ndarray) -> Motion:
    """A vault's motion at `times` (N,), in frames, increasing.

    `boundaries` are the take-off from the springboard and the first touch on the mat, in frames.
    """
    return _Vaulter(vault, trait, body, Timing(*boundaries)).at(times)


class _Vaulter:
    """Angles, and paths that hang on what the body touches: floor, springboard, table, mat."""

    def __init__(self, vault: Vault, trait: VaultTrait, body: Body, timing: Timing) -> None:
        self._vault, self._trait, self._body, self._timing = vault, trait, body, timing
        self._approach_angle = self._approach_somersault()
        self._approach_turn = self._approach_twist()
        self._spin = self._second_flight_spin()
        self._board, self._contact, self._leave = (
            self._anchored(np.array([time]))[0] for time in (timing.take_off, timing.contact, timing.leave)
        )
        self._touch = self._landed(np.array([timing.touch_down]))[0]

    def at(self, times: np.ndarray) -> Motion:
        return motion_of(self._oriented(times), self._centre(times), self._somersault(times), self._twist(times))

    def _oriented(self, times: np.ndarray) -> np.ndarray:
        local = figure.body_joints(vault_poses(self._vault, self._trait, self._timing, times), self._body)
        return figure.orient(local, self._somersault(times), self._twist(times))

    def _approach_somersault(self) -> PchipInterpolator:
        """Clockwise angle up to the table as a smooth curve through what the body passes."""
        timing, start = self._timing, self._timing.round_off
        keys = [(timing.board - 60, 9.0), (timing.board - 6, 9.0), (timing.board, -20.0), (timing.take_off, 8.0)]
        whole = 0.0
        if self._vault.round_off:
            whole = 360.0
            keys = [(start - 60, 9.0), (start - 2, 8.0), (start, 20.0), (start + 2, 85.0), (start + 4.5, 185.0)]
            keys += [(start + 7, 270.0), (timing.board, whole - 24.0), (timing.take_off, whole + 12.0)]
        late = 44.0 * self._trait.severities["poor_support"]
        keys += [(timing.contact, whole + 180 - CONTACT_SHORT), (timing.leave, whole + 180 + LEAVE_PAST - late)]
        return PchipInterpolator(*np.array(keys).T)

    def _approach_twist(self) -> PchipInterpolator:
        timing, start = self._timing, self._timing.round_off
        keys = [(start - 60, 0.0), (timing.take_off, 0.0), (timing.leave, 0.0)]
        if self._vault.round_off:
            half_turns = {"yurchenko": 1, "half_on": 2, "full_on": 3}[self._vault.family]
            keys = [(start - 60, 0.0), (start - 1, 0.0), (start + 6, 1.0), (timing.take_off, 1.0)]
            keys += [(timing.contact, half_turns), (timing.leave, half_turns)]
        elif self._vault.family == "tsukahara":
            keys = [(start - 60, 0.0), (timing.take_off, 0.0), (timing.contact, 0.55), (timing.leave, 1.0)]
        return PchipInterpolator(*np.array(keys).T)

    def _second_flight_spin(self) -> tuple[np.ndarray, np.ndarray]:
        """(times, share of the turn): constant angular momentum in flight, so a tuck spins fast."""
        fine = np.linspace(self._timing.leave, self._timing.touch_down, 160)
        poses = vault_poses(self._vault, self._trait, self._timing, fine)
        spin = 1.0 / figure.somersault_inertia(figure.body_joints(poses, self._body))
        turned = np.concatenate(([0.0], np.cumsum((spin[1:] + spin[:-1]) / 2)))
        return fine, turned / turned[-1]

    def _somersault(self, times: np.ndarray) -> np.ndarray:
        """Somersault angle (N,), counter-clockwise, as `figure.orient` takes it."""
        timing = self._timing
        approach = self._approach_angle(np.clip(times, self._approach_angle.x[0], timing.leave))
        short = LANDING_SHORT + 32.0 * self._trait.severities["under_rotation"]
        left = float(self._approach_angle(timing.leave))
        # Clockwise, of the whole vault, upright to upright, degrees
        whole = 360.0 * (1 + self._vault.round_off) + 180.0 * self._vault.half_somersaults
        flight = left + (whole - short - left) * np.interp(times, *self._spin)
        recovered = short * ease((times - timing.touch_down) / 8.0)
        clockwise = np.where(times < timing.leave, approach, flight + recovered)
        return -np.radians(clockwise) + self._sway(times)

    def _sway(self, times: np.ndarray) -> np.ndarray:
        """Lean (N,) after the landing: with the steps, or backwards in a fall."""
        since = times - self._timing.touch_down
        landing = self._trait.severities["landing"]
        if self._trait.falls:
            facing = np.sign(np.cos(self._twist(np.array([self._timing.touch_down]))))[0]
            backwards = np.radians(34.0 + 40.0 * (landing - FALL) / (1 - FALL))
            return facing * backwards * ease((since - 1.5) / 6.5)
        wave = np.sin(np.pi * np.clip(since / 12.0, 0.0, 1.0))
        return -self._trait.step * np.radians(28.0) * landing * wave

    def _twist(self, times: np.ndarray) -> np.ndarray:
        timing, vault = self._timing, self._vault
        approach = self._approach_turn(np.clip(times, self._approach_turn.x[0], timing.leave))
        begin, end = (0.50, 0.84) if vault.half_somersaults == 4 else (0.06, 0.80)
        since, until = timing.second_flight(begin), timing.second_flight(end)
        share = np.clip((times - since) / (until - since), 0.0, 1.0)
        turned = vault.half_twists * (0.5 * share + 0.5 * ease(share))
        return self._trait.twist_sign * np.pi * (approach + turned)

    def _centre(self, times: np.ndarray) -> np.ndarray:
        timing = self._timing
        parts = (
            (times < timing.board, self._running),
            ((times >= timing.board) & (times < timing.take_off), self._anchored),
            ((times >= timing.take_off) & (times < timing.contact), self._first_flight),
            ((times >= timing.contact) & (times < timing.leave), self._anchored),
            ((times >= timing.leave) & (times < timing.touch_down), self._second_flight),
            (times >= timing.touch_down, self._landed),
        )
        centre = np.zeros((len(times), 3))
        for chosen, path in parts:
            if chosen.any():
                centre[chosen] = path(times[chosen])
        return centre

    def _anchored(self, times: np.ndarray) -> np.ndarray:
        """While the feet are on the springboard, or the hands on the table."""
        oriented = self._oriented(times)
        on_board = times <= self._timing.take_off
        feet, hands = oriented[:, _FEET, :2].mean(axis=1), oriented[:, _HANDS, :2].mean(axis=1)
        board, table = np.array((BOARD_X, BOARD_HEIGHT + 2 * SOLE)), np.array((HANDS_X, TABLE_HEIGHT))
        centre = np.where(on_board[:, None], board - feet, table - hands)
        return np.concatenate((centre, np.zeros((len(times), 1))), axis=1)

    def _running(self, times: np.ndarray) -> np.ndarray:
        """The lowest joint on the floor, smoothed over a step; lifted in the flights of hurdle and round-off."""
        board = self._timing.board
        fine = np.arange(times[0] - 2, board + 2, 0.25)
        lowest = -self._oriented(fine)[..., 1].min(axis=1) + SOLE + self._lift(fine)
        smooth = np.convolve(np.pad(lowest, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")
        target = self._anchored(np.array([board]))[0]
        near = ease(1 - (board - times) / 4.0)
        y = np.interp(times, fine, smooth)
        y_board = float(np.interp(board, fine, smooth))
        y = y + near * (target[1] - y_board)
        x = target[0] - RUN_SPEED * (board - times)
        return np.stack((x, y, np.zeros_like(x)), axis=-1)

    def _lift(self, times: np.ndarray) -> np.ndarray:
        start, board = self._timing.round_off, self._timing.board
        flights = ((start - 4, start), (start + 6, board)) if self._vault.round_off else ((board - 5, board),)
        lift = 0.05 * np.abs(np.sin(2 * np.pi * times / 10.5))
        for since, until in flights:
            share = np.clip((times - since) / (until - since), 0.0, 1.0)
            lift = np.where((share > 0) & (share < 1), 0.22 * np.sin(np.pi * share), lift)
        return lift

    def _first_flight(self, times: np.ndarray) -> np.ndarray:
        share = ((times - self._timing.take_off) / (self._timing.contact - self._timing.take_off))[:, None]
        arch = np.array((0.0, 0.06, 0.0)) * 4 * share * (1 - share)
        return self._board + (self._contact - self._board) * share + arch

    def _second_flight(self, times: np.ndarray) -> np.ndarray:
        """A projectile from the table to the mat; labelled flights have other durations, so its clock is scaled."""
        rise = max(self._trait.rise, self._touch[1] - self._leave[1] + 0.02)
        drop = rise + self._leave[1] - self._touch[1]
        speed = np.sqrt(2 * GRAVITY * rise)
        seconds = speed / GRAVITY + np.sqrt(2 * drop / GRAVITY)
        share = (times - self._timing.leave) / (self._timing.touch_down - self._timing.leave)
        clock = share * seconds
        centre = self._leave + (self._touch - self._leave) * share[:, None]
        centre[:, 1] = self._leave[1] + speed * clock - GRAVITY * clock**2 / 2
        return centre

    def _landed(self, times: np.ndarray) -> np.ndarray:
        """The lowest joint on the mat; steps carry the feet along it."""
        oriented, trait = self._oriented(times), self._trait
        start, length, number = steps(trait, self._timing)
        walked = trait.step * 1.6 * trait.severities["landing"] * ease((times - start) / (length * number))
        hop = 0.2 * trait.severities["landing"] * step_phase(trait, self._timing, times)
        x = trait.distance + walked * (not trait.falls) - oriented[:, _FEET, 0].mean(axis=1)
        y = MAT_HEIGHT + SOLE + hop - oriented[..., 1].min(axis=1)
        return np.stack((x, y, np.full_like(x, trait.off_line)), axis=-1)
