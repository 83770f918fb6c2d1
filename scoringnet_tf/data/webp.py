"""Animated WebP by Pillow: FFmpeg reads still ones alone."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from scoringnet_tf.data.containers import VideoError

MAX_PIXELS = 2**26  # as for FFmpeg's decoders
# Pillow's errors for a damaged file; if one asks for too much memory it first warns.
DAMAGE = (OSError, EOFError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def is_webp(path: Path) -> bool:
    """Whether a file is WebP by its first bytes; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


@contextlib.contextmanager
def _opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(path, formats=["WEBP"])
    with image:
        yield image


def webp_frames(path: Path) -> Iterator[tuple[np.ndarray, float]]:
    """The frames of a WebP file: (uint8 (H, W, 3) RGB, how long it is shown, seconds).

    Raises:
        ValueError: it is damaged or too large; the frames before the damage come first.
    """
    try:
        with _opened(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"frames of {image.width}×{image.height} are too large")
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                frame = np.asarray(image.convert("RGB"))  # decodes it, and with it `info` is that of this frame
                yield frame, image.info.get("duration", 0) / 1000
    except DAMAGE as error:
        raise ValueError(str(error) or "no whole image") from error


def webp_seconds(path: Path) -> list[float]:
    """How long each frame of a WebP file is shown; VideoError if it is damaged."""
    try:
        return [seconds for _, seconds in webp_frames(path)]
    except ValueError as error:
        raise VideoError("damaged_video", f"{path} is damaged: {error}.") from error


def num_webp_frames(path: Path) -> int:
    """How many frames a WebP file states; 0 if it cannot be read."""
    try:
        with _opened(path) as image:
            return getattr(image, "n_frames", 1)
    except DAMAGE:
        return 0
