"""Run-ups of film: steps along the board, then a hop onto its end, where the press begins."""

import dataclasses

import numpy as np
from numpy.random import Generator

from data_prep.simulator.encoding import FPS
from data_prep.simulator.scene.figure import GRAVITY, pose

_WALK = pose(knee=10, shoulder=6, arm_out=6)
_LIFT = pose(scissor=75, knee=45, knee_swing=70, shoulder=150, arm_out=12, ankle=40)
_LAND = pose(shoulder=100, arm_out=25, hip=12, knee=20)


@dataclasses.dataclass(frozen=True)
class RunUp:
    """How a diver comes to the end of the board."""

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
        """(frame, pose) of the steps and the hop, in order, up to `landing` at the end of the board."""
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
