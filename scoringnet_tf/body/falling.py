"""The fall: one parabola through what moves, in the scene. It says where the body's centre is in every frame."""

import cv2
import numpy as np

PEAKS, WEAKEST = 6, 0.02  # places in a picture that may move, and how little
TRIALS, ROUNDS, LEAST = 4000, 5, 0.3  # parabolas through three places; share of the flight's time that they span
NEAR = 0.07  # of the picture's height: from the parabola to what belongs to the body
GRAVITIES = (0.4, 12.0)  # heights of the picture per s²; a diver fills from a tenth of a picture to all of it
FEWEST = 4  # frames


def powers(times: np.ndarray) -> np.ndarray:
    """1, t and t² (…, 3) for times (…): `powers(times) @ fall` are the places of a fall."""
    return times[..., np.newaxis] ** np.arange(3)


def find_fall(motion: np.ndarray, path: np.ndarray, times: np.ndarray) -> np.ndarray | None:
    """The fall that most of the motion (L, H, W) in a flight supports; None if nothing falls.

    Args:
        motion: 0 to 1, see `camera.foreground`.
        path: (L, 3, 3), maps to the scene.
        times: (L,), seconds.

    Returns:
        (3, 2), coefficients of x and y, pixels of the scene: places, speeds, and halves of the acceleration, 0 for x.
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
        t, sure, fall = times[frames[inside]], weight[inside], np.zeros((3, 2))
        for axis in range(2):
            fall[: axis + 2, axis] = np.polynomial.polynomial.polyfit(t, places[inside, axis], axis + 1, w=sure)
        inside = np.linalg.norm(powers(times[frames]) @ fall - places, axis=1) < NEAR * height
    return fall if GRAVITIES[0] < 2 * fall[2, 1] / height < GRAVITIES[1] else None


def _best_trial(
    frames: np.ndarray, places: np.ndarray, weight: np.ndarray, times: np.ndarray, height: int
) -> np.ndarray:
    """Which of P places lie near the best of many parabolas through three of them, bool (P,)."""
    three = np.random.default_rng(0).choice(len(frames), (TRIALS, 3), p=weight / weight.sum())
    gaps = np.diff(np.sort(times[three], axis=1), axis=1)
    three = three[(gaps.sum(axis=1) > LEAST * np.ptp(times)) & (gaps > 0).all(axis=1)]
    through = powers(times[three])
    down = np.linalg.solve(through, places[three, 1:])[..., 0]
    across = (np.linalg.pinv(through[..., :2]) @ places[three, :1])[..., 0]
    is_fall = (2 * down[:, 2] > GRAVITIES[0] * height) & (2 * down[:, 2] < GRAVITIES[1] * height)
    at = powers(times).T
    off = across[is_fall] @ at[:2] - places[:, 0], down[is_fall] @ at - places[:, 1]
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
