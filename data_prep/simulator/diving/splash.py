"""A splash: a crown that rises where a body meets the water, spray about it, and a patch of foam that stays."""

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.drawing import composite

FOAM_SIZE = (96, 32)  # width and height of the texture of the foam, pixels
LASTING = 45.0  # frames in which the foam fades to a third


def splash_size(severity: float, entry_angle: float, venue_factor: float, luck: float, rng: Generator) -> float:
    """Size of a splash, about 0.2 to 2.5.

    Args:
        severity: of the fault, 0..1.
        entry_angle: degrees off vertical.
        venue_factor: what the water and wind of the venue do to every splash.
        luck: standard deviation of the logarithm of what has no visible reason.
    """
    opened = 0.35 * abs(np.sin(np.radians(entry_angle)))
    return float((0.42 + 0.75 * severity + opened) * venue_factor * np.exp(rng.normal(0.0, luck)))


class Splash:
    """One splash, the same at every call for the same age; of size 1 its crown is nine tenths of a metre high.

    `duration` is frames from first touch to the collapse of the crown, `light` the grey level of the brightest water.
    """

    def __init__(self, size: float, duration: float, pixels_per_metre: float, light: float, rng: Generator):
        self._scale = pixels_per_metre
        self._duration = duration
        self._height, self._width = 0.9 * size * rng.uniform(0.75, 1.3), 0.55 * (0.4 + size) * rng.uniform(0.8, 1.3)
        self._light = np.array((1.0, 0.99, 0.96)) * light
        count = int(60 + 160 * min(size, 2.0))
        self._rise = self._height * rng.uniform(0.3, 1.5, count)
        self._reach = self._width * rng.normal(rng.normal(0.0, 0.25), 0.75, count)
        self._delay = rng.uniform(0.0, 0.45, count)
        masses = 9
        self._masses = np.stack(
            (rng.normal(0.0, 0.5, masses), rng.uniform(0.1, 0.75, masses) ** 1.3, rng.uniform(0.15, 0.4, masses)),
            axis=1,
        )
        self._foam = _foam_texture(rng)
        self._broken = cv2.resize(rng.uniform(60, 255, (14, 14)).astype(np.uint8), (64, 64))

    def paint(self, frame: np.ndarray, x: float, y: float, age: float) -> None:
        """Paints the splash on a frame in place; its foot at pixel (x, y), `age` frames after the first touch."""
        if age < 0:
            return
        self._paint_foam(frame, x, y, age)
        phase = age / self._duration
        if phase < 1.3:
            self._paint_crown(frame, x, y, phase)

    def _paint_crown(self, frame: np.ndarray, x: float, y: float, phase: float) -> None:
        """Masses of white water that rise and fall, and droplets on their ways, on one mask."""
        half, tall = int(1.9 * self._width * self._scale) + 4, int(1.7 * self._height * self._scale) + 4
        mask: np.ndarray = np.zeros((tall + 4, 2 * half), np.uint8)
        standing = max(0.0, np.sin(np.pi * min(1.0, phase / 1.1)))
        for aside, high, thick in self._masses:
            top = high * self._height * standing
            axes = (
                max(1, int(thick * self._width * self._scale * (0.6 + phase))),
                max(1, int(0.5 * top * self._scale)),
            )
            centre = (half + int(aside * self._width * self._scale * (0.35 + phase)), tall - axes[1])
            cv2.ellipse(mask, centre, axes, 0, 0, 360, int(200 * standing), -1)
        mask = cv2.multiply(mask, cv2.resize(self._broken, mask.shape[::-1]), scale=1 / 255)
        flight = (phase - self._delay + 0.08) / 0.8
        rows = tall - (4 * self._rise * flight * (1 - flight) * self._scale).astype(int)
        columns = half + (self._reach * np.clip(flight, 0.0, None) * self._scale).astype(int)
        seen = (flight > 0) & (flight < 1) & (rows >= 0) & (columns >= 0) & (columns < 2 * half)
        mask[rows[seen], columns[seen]] = 255
        grain = max(1, int(0.03 * self._scale))
        mask = cv2.dilate(mask, np.ones((grain, grain), np.uint8)) if grain > 1 else mask
        soft = max(3, int(0.05 * self._scale) | 1)
        self._lay(frame, cv2.blur(mask, (soft, soft)), int(x) - half, int(y) - tall)

    def _paint_foam(self, frame: np.ndarray, x: float, y: float, age: float) -> None:
        spread = self._width * (0.5 + 1.1 * (1 - np.exp(-age / 12.0))) * self._scale
        size = (max(3, int(2 * spread)), max(2, int(0.66 * spread)))
        strength = min(1.0, 0.3 + age / 6.0) * np.exp(-age / LASTING)
        if strength < 0.04:
            return
        foam = cv2.resize(self._foam, size, interpolation=cv2.INTER_LINEAR)
        foam = cv2.convertScaleAbs(foam, alpha=strength)
        self._lay(frame, foam, int(x) - size[0] // 2, int(y) - size[1] // 2)

    def _lay(self, frame: np.ndarray, mask: np.ndarray, left: int, top: int) -> None:
        patch = cv2.merge([cv2.convertScaleAbs(mask, alpha=value / 255) for value in self._light] + [mask])
        composite(frame, patch, (left, top))


def _foam_texture(rng: Generator) -> np.ndarray:
    width, height = FOAM_SIZE
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    rough = cv2.resize(rng.normal(0.0, 0.30, (10, 18)).astype(np.float32), FOAM_SIZE, interpolation=cv2.INTER_CUBIC)
    fine = rng.normal(0.0, 0.16, (height, width))
    covered = 1.15 - 1.25 * np.hypot(x, y) + rough + fine
    return np.clip(255 * covered, 0, 235).astype(np.uint8) * (np.hypot(x, y) < 1)


def paint_aerated(region: np.ndarray, light: float, rng: Generator) -> None:
    """Brightens a region of water (H, W, 3) in place, as the bubbles or jets do that break its surface for divers."""
    if not region.size:
        return
    foam = cv2.resize(_foam_texture(rng), (region.shape[1], region.shape[0]), interpolation=cv2.INTER_LINEAR)
    share = (foam.astype(np.float32) * (rng.uniform(0.15, 0.5) / 255))[..., None]
    region[:] = (region * (1 - share) + light * share).astype(np.uint8)
