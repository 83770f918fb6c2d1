"""The fall: one parabola through what moves, in the scene. It says where the body's centre is in every frame."""

from typing import NamedTuple

import cv2
import numpy as np

PEAKS, WEAKEST = 6, 0.02  # places in a picture that may move, and how little
TRIALS, ROUNDS, LEAST = 4000, 5, 0.3  # parabolas through three places; share of the flight's time that they span
NEAR = 0.07  # of the picture's height: from the parabola to what belongs to the body
GRAVITIES = (0.4, 12.0)  # heights of the picture per s²; a diver fills from a tenth of a picture to all of it
FEWEST = 4  # frames


class Fall(NamedTuple):
    """A fall without air: x(t) = x₀ + x₁t, y(t) = y₀ + y₁t + y₂t², in pixels of the scene.

    Attributes:
        across, down: (2,) and (3,), their coefficients, lowest first.
    """

    across: np.ndarray
    down: np.ndarray

    @property
    def gravity(self) -> float:
        """Pixels per s²."""
        return float(2 * self.down[2])

    def at(self, times: np.ndarray) -> np.ndarray:
        """Places at `times` (N,): (N, 2)."""
        return np.stack([np.polyval(each[::-1], times) for each in self], axis=-1)


def find_fall(motion: np.ndarray, path: np.ndarray, times: np.ndarray) -> Fall | None:
    """The fall that most of the motion (L, H, W) in a flight supports; None if nothing falls.

    Args:
        motion: 0 to 1, see `camera.foreground`.
        path: (L, 3, 3), maps to the scene.
        times: (L,), seconds.
    """
    height = motion.shape[1]
    found = [(number, *peak) for number, frame in enumerate(motion) for peak in _peaks(frame)]
    if len({number for number, *_ in found}) < FEWEST:
        return None
    frames, x, y, weight = map(np.array, zip(*found, strict=True))
    places = np.einsum("pij,pj->pi", path[frames], np.stack([x, y, np.ones(len(x))], axis=1))[:, :2]
    inside = _best_trial(frames, places, weight, times[frames], height)
    for _ in range(ROUNDS):
        if len(np.unique(frames[inside])) < FEWEST:
            return None
        t, kept, sure = times[frames[inside]], places[inside], weight[inside]
        fall = Fall(*(np.polynomial.polynomial.polyfit(t, kept[:, axis], axis + 1, w=sure) for axis in (0, 1)))
        inside = np.linalg.norm(fall.at(times[frames]) - places, axis=1) < NEAR * height
    return fall if GRAVITIES[0] < fall.gravity / height < GRAVITIES[1] else None


def _best_trial(
    frames: np.ndarray, places: np.ndarray, weight: np.ndarray, times: np.ndarray, height: int
) -> np.ndarray:
    """Which of P places lie near the best of many parabolas through three of them, bool (P,)."""
    three = np.random.default_rng(0).choice(len(frames), (TRIALS, 3), p=weight / weight.sum())
    gaps = np.diff(np.sort(times[three], axis=1), axis=1)
    three = three[(gaps.sum(axis=1) > LEAST * np.ptp(times)) & (gaps > 0).all(axis=1)]
    t, x = times[three], places[three][..., 0]
    down = np.linalg.solve(t[..., None] ** np.arange(3), places[three][:, :, 1:])[..., 0]
    slope = ((t - t.mean(axis=1, keepdims=True)) * x).sum(axis=1) / (t.var(axis=1) * 3)
    across = np.stack((x.mean(axis=1) - slope * t.mean(axis=1), slope), axis=1)
    is_fall = (2 * down[:, 2] > GRAVITIES[0] * height) & (2 * down[:, 2] < GRAVITIES[1] * height)
    powers = times ** np.arange(3)[:, None]
    off = across[is_fall] @ powers[:2] - places[:, 0], down[is_fall] @ powers - places[:, 1]
    inside = np.hypot(*off) < NEAR * height
    first = np.flatnonzero(np.diff(frames, prepend=-1))  # each frame counts once, by its strongest peak
    support = np.maximum.reduceat(np.where(inside, np.minimum(weight, np.median(weight)), 0.0), first, axis=1)
    return inside[support.sum(axis=1).argmax()] if len(inside) else np.zeros(len(frames), bool)


def _peaks(motion: np.ndarray) -> list[tuple[float, float, float]]:
    """(x, y, strength) of the places with most motion."""
    size = motion.shape[0] // 9
    blurred, found = cv2.GaussianBlur(motion, (0, 0), size / 2), []
    for _ in range(PEAKS):
        y, x = np.unravel_index(blurred.argmax(), blurred.shape)
        if blurred[y, x] < WEAKEST:
            break
        found.append((float(x), float(y), float(blurred[y, x])))
        cv2.circle(blurred, (int(x), int(y)), size, 0, -1)
    return found
