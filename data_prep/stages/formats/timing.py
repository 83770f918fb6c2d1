"""Frames of tools that count time.

Frame k of a video is shown from k / fps to (k + 1) / fps. A file holds whole milliseconds, which seldom are such a
moment: at 29.97 frames/s frame 1 begins at 33.37 ms. Fractions keep this exact in videos of any length.
"""

import math
from fractions import Fraction

MILLISECOND = Fraction(1, 1000)
MAX_RATE = 500  # frames/s: of shorter frames milliseconds do not tell which is meant
MAX_DENOMINATOR = 1001  # 29.97 is stated as 30000/1001, or rounded to hundredths or thousandths


def exact_rate(fps: float | Fraction) -> Fraction:
    """The fraction, frames per second, that a rounded frame rate stands for."""
    return Fraction(fps).limit_denominator(MAX_DENOMINATOR)


def milliseconds_of(frame: int, fps: Fraction) -> int:
    """The first whole millisecond at which `frame` is shown, so that a player that seeks there shows it.

    Args:
        frame: counted from 0.
        fps: frames per second.
    """
    return math.ceil(frame / fps / MILLISECOND)


def frame_at(seconds: float | Fraction, fps: Fraction) -> int:
    """The frame that a mark at `seconds` means, at `fps` frames/s.

    Tools cut the moment at which a frame begins to a whole millisecond, when the frame before is still shown: the last
    millisecond of a frame means the next one.
    """
    return math.floor((Fraction(seconds) + MILLISECOND) * fps)
