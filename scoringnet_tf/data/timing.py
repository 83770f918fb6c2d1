"""When frames are shown: frame rate and timestamps. Neither FFmpeg nor TensorFlow."""

import bisect
from collections.abc import Sequence

import numpy as np

from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.support.messages import Remark

DEFAULT_FPS = 25.0  # of files without a frame rate and timestamps: that of the UNLV and UCF videos
CREDIBLE_SHARE = 0.9  # of timestamps that must rise for the others to be interpolated
ROUNDING = 0.005  # seconds: times are given in hundredths, or cut to whole milliseconds

ASSUMED = Remark("frame_rate_assumed", f"No frame rate is stated: {DEFAULT_FPS:g} frames/s are assumed.")

Times = Sequence[float | None] | np.ndarray  # seconds; None where a file has none
Timing = tuple[float, np.ndarray, list[Remark]]  # frames per second, seconds since the first frame (L,), warnings


def frame_timing(rate: float, times: Times, keeps_times: bool = True) -> Timing:
    """Frame rate and timestamps for L frames in a row. If they contradict each other, timestamps are right.

    The file states a `rate`, 0 for none. AVI has no timestamps: its decoder makes them up, and they may go back
    (`keeps_times` is False).
    """
    clock = rising_times(times)
    if clock is None:
        warnings = []
        if not 1 <= rate <= 1000:
            rate, warnings = DEFAULT_FPS, [ASSUMED]
        if keeps_times and sum(time is not None for time in times) > 1:
            message = f"Most timestamps do not rise: evenly spaced frames are assumed, {rate:.4g} frames/s."
            warnings.append(Remark("timestamps_ignored", message))
        return rate, np.arange(len(times)) / rate, warnings
    if not 1 <= rate <= 1000:
        rate = 1 / float(np.median(np.diff(clock)))
    timestamps = clock - clock[0]
    measured = (len(times) - 1) / float(timestamps[-1])
    if abs(measured / rate - 1) <= RATE_TOLERANCE:
        return rate, timestamps, []
    message = f"The file states {rate:.4g} frames/s. Its timestamps say {measured:.4g}, which is used."
    return measured, timestamps, [Remark("frame_rate_by_timestamps", message)]


def rising_times(times: Times) -> np.ndarray | None:
    """Rising times, float64 (L,): the few that do not rise are interpolated. None if too few rise."""
    values = np.array([np.nan if time is None else time for time in times], float)
    if len(values) < 2 or np.isnan(values[0]):
        return None
    latest = np.fmax.accumulate(values)
    rising = np.concatenate([[True], values[1:] > latest[:-1]])
    if np.mean(rising) < CREDIBLE_SHARE or np.sum(rising) < 2:
        return None
    sound = np.flatnonzero(rising)
    filled = np.interp(np.arange(len(values)), sound, values[sound])
    after = np.arange(1, len(values) - sound[-1])
    filled[sound[-1] + 1 :] += after * np.median(np.diff(values[sound]))
    return filled


def frame_at(seconds: float | None, times: np.ndarray | Sequence[float]) -> int | None:
    """The frame shown at a moment: L at the last frame's end, None outside the video.

    A time rounded to hundredths means the frame that begins near it.
    """
    end = duration_of(times)
    rounding = min(ROUNDING, (end - times[-1]) / 2)
    if seconds is None or not 0 <= seconds <= end + rounding:
        return None
    if seconds >= end - rounding:
        return len(times)
    return bisect.bisect_right(times, seconds + rounding) - 1


def duration_of(times: np.ndarray | Sequence[float]) -> float:
    """Seconds until the last frame ends; `times` (L,) are their beginnings."""
    return float(times[-1] + (np.median(np.diff(times)) if len(times) > 1 else 1 / DEFAULT_FPS))
