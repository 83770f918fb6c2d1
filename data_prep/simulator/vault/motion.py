"""The motion of one vault: the place of every joint at every instant, from the vault, its faults and its timing.

World axes in metres: x along the runway, the middle of the table at x = 0; y up from the floor; z to the left of the
gymnast who runs in. Times are in frames. All vaults turn the same way round, clockwise for a runner to the right.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import GRAVITY, JOINT, Body, Motion, ease, motion_of
from data_prep.simulator.vault.faults import FALL, VaultTrait
from data_prep.simulator.vault.poses import Timing, step_phase, steps, vault_poses
from data_prep.simulator.vault.rules import Vault

TABLE_HEIGHT, MAT_HEIGHT, BOARD_HEIGHT = 1.35, 0.20, 0.20  # metres (FIG Apparatus Norms: men's table 1.35)
BOARD_X, HANDS_X = -1.55, -0.08
RUN_SPEED = 0.25  # metres a frame
SOLE = 0.04  # from the lowest joint to the ground
CONTACT_SHORT, LEAVE_PAST = 38.0, 10.0  # degrees about the vertical at which the hands meet and leave the table
LANDING_SHORT = 8.0  # degrees short of vertical at which even a good landing begins
_HANDS = [JOINT["hand_l"], JOINT["hand_r"]]
_FEET = [JOINT["ankle_l"], JOINT["ankle_r"]]


def perform(vault: Vault, trait: VaultTrait, body: Body, boundaries: tuple[float, float], times: np.ndarray) -> Motion:
    """The motion of a vault at `times` (N,), in frames, increasing.

    `boundaries` are the take-off from the springboard and the first touch of the mat, in frames.
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

    @property
    def _whole_turns(self) -> float:
        """Clockwise angle of the whole vault, upright to upright, degrees."""
        return 360.0 * (1 + self._vault.round_off) + 180.0 * self._vault.half_somersaults

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
        flight = left + (self._whole_turns - short - left) * np.interp(times, *self._spin)
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
