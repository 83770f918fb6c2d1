"""The board that a dive starts from: a platform, or a springboard, which bends."""

import dataclasses

import numpy as np
from numpy.random import Generator

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
