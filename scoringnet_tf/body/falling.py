"""The fall: one parabola through what moves, in the scene. It says where the body's centre is in every frame."""

import dataclasses

import cv2
import numpy as np

PEAKS, TRIALS, ROUNDS = 6, 4000, 5
NEAR = 0.07  # of the picture's height: from the parabola to what belongs to the body
GRAVITIES = (0.4, 12.0)  # heights of the picture per s²; a diver fills from a tenth of a picture to all of it
TALL, GRAVITY = 1.65, 9.81  # a diver's height, m; m/s²
LEAST = 0.3  # of the flight's time that three points of a trial span


@dataclasses.dataclass(frozen=True)
class Fall:
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

    def moved(self, offset: np.ndarray) -> "Fall":
        """The same fall at a distance (2,) from it."""
        return Fall(np.add(self.across, (offset[0], 0)), np.add(self.down, (offset[1], 0, 0)))

    def at(self, times: np.ndarray) -> np.ndarray:
        """Places at `times` (N,): (N, 2)."""
        return np.stack([np.polyval(self.across[::-1], times), np.polyval(self.down[::-1], times)], axis=-1)


def find_fall(motion: np.ndarray, path: np.ndarray, times: np.ndarray) -> Fall | None:
    """The fall that most of the motion (L, H, W) in a flight supports; None if nothing falls.

    Args:
        motion: 0 to 1, see `camera.foreground`.
        path: (L, 3, 3), maps to the scene.
        times: (L,), seconds.
    """
    height = motion.shape[1]
    found = [(number, *peak) for number, frame in enumerate(motion) for peak in _peaks(frame)]
    if len({number for number, *_ in found}) < 4:
        return None
    frames, x, y, weight = map(np.array, zip(*found, strict=True))
    places = np.einsum("pij,pj->pi", path[frames], np.stack([x, y, np.ones(len(x))], axis=1))[:, :2]
    inside = _best_trial(frames, places, weight, times, height)
    if inside is None:
        return None
    for _ in range(ROUNDS):
        if len(np.unique(frames[inside])) < 4:
            return None
        t, kept = times[frames[inside]], places[inside]
        across = np.polynomial.polynomial.polyfit(t, kept[:, 0], 1, w=weight[inside])
        down = np.polynomial.polynomial.polyfit(t, kept[:, 1], 2, w=weight[inside])
        fall = Fall(across, down)
        inside = np.linalg.norm(fall.at(times[frames]) - places, axis=1) < NEAR * height
    return fall if GRAVITIES[0] < fall.gravity / height < GRAVITIES[1] else None


def _best_trial(
    frames: np.ndarray, places: np.ndarray, weight: np.ndarray, times: np.ndarray, height: int
) -> np.ndarray | None:
    """Which of P places lie near the best of many parabolas through three of them, bool (P,)."""
    rng, t = np.random.default_rng(0), times[frames]
    three = rng.choice(len(frames), (TRIALS, 3), p=weight / weight.sum())
    spread = np.ptp(t[three], axis=1)
    gaps = np.abs(t[three] - np.roll(t[three], 1, axis=1)).min(axis=1)
    three = three[(spread > LEAST * np.ptp(times)) & (gaps > 0)]
    if not len(three):
        return None
    down = np.linalg.solve(t[three][..., None] ** np.arange(3), places[three][:, :, 1:])[..., 0]
    low, high = GRAVITIES
    three, down = (each[(2 * down[:, 2] > low * height) & (2 * down[:, 2] < high * height)] for each in (three, down))
    if not len(three):
        return None
    centred = t[three] - t[three].mean(axis=1, keepdims=True)
    slope = (centred * places[three][..., 0]).sum(axis=1) / (centred**2).sum(axis=1)
    start = places[three][..., 0].mean(axis=1) - slope * t[three].mean(axis=1)
    off_x = start[:, None] + slope[:, None] * t - places[:, 0]
    off_y = down @ (t[:, None] ** np.arange(3)).T - places[:, 1]
    inside = np.hypot(off_x, off_y) < NEAR * height
    first = np.flatnonzero(np.diff(frames, prepend=-1))  # each frame counts once, by its strongest peak
    support = np.maximum.reduceat(np.where(inside, np.minimum(weight, np.median(weight)), 0.0), first, axis=1)
    return inside[support.sum(axis=1).argmax()]


def _peaks(motion: np.ndarray) -> list[tuple[float, float, float]]:
    """(x, y, strength) of the places with most motion."""
    size = motion.shape[0] // 9
    blurred, found = cv2.GaussianBlur(motion, (0, 0), size / 2), []
    for _ in range(PEAKS):
        y, x = np.unravel_index(blurred.argmax(), blurred.shape)
        if blurred[y, x] < 0.02:
            break
        found.append((float(x), float(y), float(blurred[y, x])))
        cv2.circle(blurred, (int(x), int(y)), size, 0, -1)
    return found
