"""A splash: droplets thrown up where a body meets the water, foam that spreads, and its collapse."""

import cv2
import numpy as np

from data_prep.simulator.scene.drawing import SHIFT, SUPERSAMPLING, composite


class Splash:
    """One splash, the same at every call for the same age.

    Args:
        severity: 0 is a ripple, 1 a column of half the picture.
        duration: frames from first touch to collapse.
        pixels_per_metre: scale of the picture.
        rng: for the droplets.
    """

    def __init__(self, severity: float, duration: float, pixels_per_metre: float, rng: np.random.Generator):
        self._scale = pixels_per_metre
        self._duration = duration
        self._height = 0.12 + 1.55 * severity
        self._width = 0.22 + 0.75 * severity
        count = int(20 + 170 * severity)
        self._rise = self._height * rng.uniform(0.25, 1.0, count) ** 0.8
        self._reach = self._width * rng.normal(0.0, 0.42, count)
        self._delay = rng.uniform(0.0, 0.40, count)
        self._size = np.minimum(rng.exponential(0.014, count), 0.04) + 0.009 + 0.012 * severity
        self._mist = (max(3, int(0.16 * pixels_per_metre * SUPERSAMPLING)),) * 2
        self._shade = rng.integers(205, 256, count)

    def paint(self, frame: np.ndarray, x: float, y: float, age: float) -> None:
        """Paints the splash on a frame in place; its foot at pixel (x, y), `age` frames after the first touch."""
        if age < 0:
            return
        scale = self._scale
        phase = age / self._duration
        self._paint_foam(frame, x, y, phase)
        margin = int(0.2 * scale) + 2
        half, tall = int(1.6 * self._width * scale) + margin, int(self._height * scale) + margin
        patch: np.ndarray = np.zeros(((tall + margin) * SUPERSAMPLING, 2 * half * SUPERSAMPLING, 4), np.uint8)
        left, top = int(x) - half, int(y) - tall
        flight = (phase - self._delay + 0.12) / 0.70
        height = 4 * self._rise * flight * (1 - flight)
        spread = self._reach * np.sqrt(np.clip(flight, 0.0, None))
        factor = SUPERSAMPLING * (1 << SHIFT)
        alive = (flight > 0) & (height > 0)
        xs = ((x - left + spread * scale) * factor).astype(int)
        ys = ((y - top - height * scale) * factor).astype(int)
        radii = np.maximum(self._size * scale * factor, 0.5 * factor).astype(int)
        for index in np.flatnonzero(alive):
            shade = int(self._shade[index])
            centre = (int(xs[index]), int(ys[index]))
            cv2.circle(patch, centre, int(radii[index]), (shade, shade, shade, 255), -1, cv2.LINE_8, SHIFT)
        patch = cv2.addWeighted(patch, 0.8, cv2.blur(patch, self._mist), 0.75, 0)
        patch = cv2.resize(patch, (2 * half, tall + margin), interpolation=cv2.INTER_AREA)
        composite(frame, patch, (left, top))

    def _paint_foam(self, frame, x, y, phase):
        radius = self._width * (0.35 + 0.75 * min(1.0, phase * 1.6)) * self._scale
        strength = 0.85 * max(0.0, 1.0 - 0.55 * phase)
        size = int(1.3 * radius) + 3
        foam = np.zeros((size, 2 * size, 4), np.uint8)
        axes = (max(1, int(radius)), max(1, int(radius * 0.34)))
        value = int(255 * strength)
        cv2.ellipse(foam, (size, size // 2), axes, 0, 0, 360, (value, value, int(value * 0.97), value), -1, cv2.LINE_AA)
        composite(
            frame,
            cv2.blur(foam, (max(3, int(0.5 * radius)), max(3, int(0.2 * radius)))),
            (int(x) - size, int(y) - size // 2),
        )
