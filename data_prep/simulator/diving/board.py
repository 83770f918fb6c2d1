"""The board that a dive starts from, a platform or a springboard, which bends; and the run-up along it."""

import dataclasses

import numpy as np
from numpy.random import Generator

from data_prep.simulator.files import FPS
from data_prep.simulator.scene.figure import GRAVITY, pose

SPRINGBOARD_HEIGHTS = (1.0, 3.0)
SAG, PRESS = 0.07, 0.55  # metres that a springboard's tip is down under a standing diver, and when pressed deepest
PRESS_FRAMES = 5.0  # frames in which a pressed springboard throws a diver up


@dataclasses.dataclass(frozen=True)
class Board:
    """A platform or springboard."""

    height: float = 10.0  # metres above the water
    springs: bool = False  # whether it bends

    def tip(self, boundaries: tuple[float, ...], times: np.ndarray) -> np.ndarray:
        """Height (N,) of the tip above its unloaded place, metres, at `times` (N,) in frames."""
        times = np.asarray(times, float)
        if not self.springs:
            return np.zeros_like(times)
        t0, t1 = boundaries[:2]
        deepest = max(t0 + 0.3, t1 - PRESS_FRAMES)
        keys = ((t0 - 16, -SAG), (t0 - 9, 0.03), (deepest, -PRESS), (t1, 0.0))
        loaded = np.interp(times, *np.array(keys).T)
        since = np.maximum(times - t1, 0.0)
        swinging = 0.22 * np.exp(-since / 9.0) * np.sin(since * 1.1)
        return np.where(times < t1, loaded, swinging)


def random_board(armstand: bool, easy: bool, rng: Generator) -> Board:
    """A board drawn at random; armstands, and the easy preset, are seen from the 10 m platform alone."""
    if easy or armstand or rng.random() < 0.5:
        return Board()
    if rng.random() < 0.15:
        return Board(float(rng.choice((5.0, 7.5))))
    return Board(float(rng.choice(SPRINGBOARD_HEIGHTS, p=(0.35, 0.65))), springs=True)


_WALK = pose(knee=10, shoulder=6, arm_out=6)
_LIFT = pose(scissor=75, knee=45, knee_swing=70, shoulder=150, arm_out=12, ankle=40)
_LAND = pose(shoulder=100, arm_out=25, hip=12, knee=20)


@dataclasses.dataclass(frozen=True)
class RunUp:
    """How a diver comes to the board's end."""

    steps: int  # before the hop
    stride: float  # metres of a step
    step_frames: float  # that it takes
    rise: float  # metres of the hop
    reach: float  # metres from where the hop leaves the board to its end

    @property
    def hop_frames(self) -> float:
        """Frames in the air."""
        return 2 * np.sqrt(2 * self.rise / GRAVITY) * FPS

    def keys(self, landing: float) -> list[tuple[float, np.ndarray]]:
        """(frame, pose) of the steps and the hop, in order, up to `landing` at the board's end."""
        leaves = landing - self.hop_frames
        swings = [
            (leaves - self.step_frames * left, _WALK + (-1) ** left * pose(scissor=34, arm_swing=-40))
            for left in range(self.steps, 0, -1)
        ]
        before = [(leaves - self.step_frames * (self.steps + 1), pose(shoulder=8, arm_out=6))]
        return [*before, *swings, (leaves, _WALK), (leaves + 0.45 * self.hop_frames, _LIFT), (landing, _LAND)]

    def offset(self, times: np.ndarray, landing: float) -> np.ndarray:
        """Metres (N, 2) along and above the board from where the diver stands after the landing, at `times` (N,)."""
        leaves = landing - self.hop_frames
        keys = (leaves - self.steps * self.step_frames, leaves, landing)
        places = (-self.reach - self.steps * self.stride, -self.reach, 0.0)
        share = np.clip((times - leaves) / self.hop_frames, 0.0, 1.0)
        return np.stack((np.interp(times, keys, places), 4 * self.rise * share * (1 - share)), axis=-1)


def random_run_up(rng: Generator) -> RunUp:
    """A run-up drawn at random."""
    return RunUp(
        steps=int(rng.integers(1, 5)),
        stride=float(rng.uniform(0.45, 0.8)),
        step_frames=float(rng.uniform(9.0, 15.0)),
        rise=float(rng.uniform(0.12, 0.45)),
        reach=float(rng.uniform(0.4, 0.9)),
    )
