"""What a broadcast does to every picture of a video: focus, grading, grain, station logo. Knows no sport."""

import dataclasses

import cv2
import numpy as np

from data_prep.simulator.scene.canvas import paint_text

GRAIN_SHIFT = 64  # pixels: the grain of a frame is a window of a field this much larger, which costs one draw


@dataclasses.dataclass(frozen=True)
class VideoStyle:
    """Constant properties of one video.

    Attributes:
        gain: factors of blue, green, red.
        gamma: exponent of the tone curve.
        focus_sigma: Gaussian blur in pixels of a picture 240 high.
        grain: standard deviation of the sensor noise, grey levels.
        quantiser: of the MPEG-4 encoder, 2 (finest) to 31.
        logo: text of the station logo, empty for none.
        logo_right: whether it stands in the right corner.
    """

    gain: tuple[float, float, float]
    gamma: float
    focus_sigma: float
    grain: float
    quantiser: int
    logo: str
    logo_right: bool


def random_style(rng: np.random.Generator) -> VideoStyle:
    """A style drawn at random."""
    return VideoStyle(
        gain=tuple(rng.uniform(0.9, 1.08, 3)),
        gamma=float(rng.uniform(0.82, 1.2)),
        focus_sigma=float(rng.uniform(0.0, 0.8)),
        grain=float(rng.uniform(0.5, 4.0)),
        quantiser=int(rng.integers(3, 8)),
        logo=("", "TV1", "SPORT", "LIVE", "HD")[rng.integers(5)],
        logo_right=bool(rng.random() < 0.5),
    )


class Broadcast:
    """Applies a `VideoStyle` to frames of one size."""

    def __init__(self, style: VideoStyle, width: int, height: int, rng: np.random.Generator):
        levels = np.arange(256) / 255.0
        curve = np.clip(255 * levels[:, None] ** style.gamma * np.array(style.gain), 0, 255)
        self._table = np.round(curve).astype(np.uint8)[None]
        sigma = style.focus_sigma * height / 240
        self._sigma = sigma if sigma > 0.25 else 0.0
        field = rng.standard_normal((height + GRAIN_SHIFT, width + GRAIN_SHIFT, 3), np.float32)
        field = (style.grain * field).astype(np.int16)
        shifts = rng.integers(GRAIN_SHIFT + 1, size=(5, 2))
        self._grain = [field[row : row + height, column : column + width] for row, column in shifts]
        self._logo, self._logo_right = style.logo, style.logo_right

    def __call__(self, frame: np.ndarray, index: int) -> np.ndarray:
        """The frame (H, W, 3) as broadcast; `index` is its number in the video."""
        if self._sigma:
            frame = cv2.GaussianBlur(frame, (0, 0), self._sigma)
        if self._logo:
            height, width = frame.shape[:2]
            corner = (int(width * (0.82 if self._logo_right else 0.04)), int(height * 0.10))
            paint_text(frame, self._logo, corner, max(5, height // 24), (230, 230, 230))
        frame = cv2.LUT(frame, self._table)
        return cv2.add(frame, self._grain[index % len(self._grain)], dtype=cv2.CV_8U)
