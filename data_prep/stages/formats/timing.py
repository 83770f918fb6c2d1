"""Frames of tools that count time.

Frame k of a video is shown from k / fps to (k + 1) / fps, unless its frame rate varies: then its timestamps say when. A
file holds whole milliseconds, which seldom are such a moment: at 29.97 frames/s frame 1 begins at 33.37 ms. Fractions
keep this exact in videos of any length.
"""

import bisect
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

MILLISECOND = Fraction(1, 1000)
MAX_RATE = 500  # frames/s: of shorter frames milliseconds do not tell which is meant
MAX_DENOMINATOR = 1001  # 29.97 is stated as 30000/1001, or rounded to hundredths or thousandths


def exact_rate(fps: float | Fraction) -> Fraction:
    """The fraction, frames per second, that a rounded frame rate stands for."""
    return Fraction(fps).limit_denominator(MAX_DENOMINATOR)


def varying(timestamps: Sequence[float], fps: Fraction) -> tuple[Fraction, ...] | None:
    """When each frame is shown, seconds since the first one; None where that is what `fps` says.

    Args:
        timestamps: (L,), seconds, rising, as a file has them: often in whole milliseconds.
        fps: frames per second that the file states.
    """
    even = all(abs(time - frame / fps) <= MILLISECOND for frame, time in enumerate(timestamps))
    return None if even else tuple(Fraction(time).limit_denominator(10**6) for time in timestamps)


def begin_of(frame: int, fps: Fraction, timestamps: Sequence[Fraction] | None = None) -> Fraction:
    """Seconds at which `frame` begins to be shown; the frames after the last one have the frame rate.

    Args:
        frame: counted from 0.
        fps: frames per second.
        timestamps: (L,), of `varying`; None where the frame rate does not vary.
    """
    if timestamps is None:
        return frame / fps
    last = len(timestamps) - 1
    return timestamps[min(frame, last)] + max(frame - last, 0) / fps


def milliseconds_of(frame: int, fps: Fraction, timestamps: Sequence[Fraction] | None = None) -> int:
    """The first whole millisecond at which `frame` is shown, so that a player that seeks there shows it.

    Args: as of `begin_of`.
    """
    return math.ceil(begin_of(frame, fps, timestamps) / MILLISECOND)


def frame_at(seconds: float | Fraction, fps: Fraction, timestamps: Sequence[Fraction] | None = None) -> int:
    """The frame that a mark at `seconds` means.

    Tools cut the moment at which a frame begins to a whole millisecond, when the frame before is still shown: the last
    millisecond of a frame means the next one. The last frame of a video whose frame rate varies may be shown for as
    long as any of it.

    Args:
        seconds: since the first frame.
        fps: frames per second.
        timestamps: (L,), of `varying`; None where the frame rate does not vary.
    """
    moment = Fraction(seconds) + MILLISECOND
    if timestamps is None:
        return math.floor(moment * fps)
    num_frames = len(timestamps)
    if moment < begin_of(num_frames, fps, timestamps):
        return bisect.bisect_right(timestamps, moment) - 1
    longest = max(later - time for time, later in itertools.pairwise(timestamps))
    return num_frames + max(math.floor((moment - timestamps[-1] - longest) * fps), 0)
