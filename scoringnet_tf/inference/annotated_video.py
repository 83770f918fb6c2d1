"""A video with its result drawn under each frame: the stage, the stages along time with a cursor, and the clock."""

import functools
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.browser_video import filmed, write_clip
from scoringnet_tf.data.features import is_features
from scoringnet_tf.data.video import VideoError, frame_times
from scoringnet_tf.inference.inputs import local_video
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.drawing import in_any_script, mark_of, printable, stage_color
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, name_of

HEIGHT = 1080  # pixels: a larger picture is made smaller
WINDOW = 60.0  # seconds that the band shows at a time
TEXT, LEAST_TEXT = 28, 12  # the smaller side of the picture in heights of a text; pixels
LETTER = 0.55  # width of a letter, in heights of a text
FINER = 4  # letters are drawn so many times larger, and made smaller
DARK, LIGHT = np.array((22, 24, 29), np.uint8), np.array((255, 255, 255), np.uint8)


def save_video(score: Any, path: AnyPath) -> None:
    """Writes the video of a `VideoScore` as MP4, with its result under the picture and the times of its frames.

    Raises:
        InputError: it was scored from features, or its file has fewer frames now.
        VideoError: its file is gone, or cannot be read.
    """
    if is_features(score.video):
        raise InputError("no_frames", f"{score.video} was scored from features: there are no frames to show.")
    first = score.stages[0]["start_frame"] if score.stages else score.performances[0].start_frame
    with local_video(score.video) as source, replacing_file(path) as file:
        times = _times(source, first, score)
        frames = filmed(source, first, first + score.num_frames, HEIGHT)
        write_clip(file, _drawn(frames, times, score), score.fps, mark_of(score.video))


def _times(source: Path, first: int, score: Any) -> np.ndarray:
    """Seconds in the file at which each frame is shown; evenly spaced ones of images, and of what states no times."""
    stop = first + score.num_frames
    try:
        times = np.zeros(0) if source.is_dir() else frame_times(source)
    except VideoError:  # damaged: the frames before the damage are drawn
        times = np.zeros(0)
    return (times if len(times) >= stop else np.arange(stop) / score.fps)[first:]


def _drawn(frames, times, score) -> Iterator[tuple[np.ndarray, float]]:
    """(picture, seconds since the first one) of each frame."""
    panel, count = None, 0
    about = {"desc": f"Drawing {name_of(score.video)}", "unit": "frame", "leave": False, "disable": None}
    for frame, seconds in zip(tqdm(frames, total=score.num_frames, **about), times, strict=False):
        panel = panel or Panel(score, frame.shape[:2], times[0], times[score.num_frames - 1] + 1 / score.fps)
        yield np.concatenate([frame, panel.at(seconds)]), seconds - times[0]
        count += 1
    if count < score.num_frames:
        message = f"{score.video} has {count} frames, and had {score.num_frames} when it was scored."
        raise InputError("changed", message, "Score it again.")


class Panel:
    """What stands under each picture: a line for the stage and the clock, the band, and a line for the times.

    The band is as wide as the picture; that of a video longer than `WINDOW` passes under the cursor.

    Args:
        score: the `VideoScore`.
        size: (height, width) of the picture.
        start, end: seconds in the file that it shows.
    """

    def __init__(self, score: Any, size: tuple[int, int], start: float, end: float) -> None:
        self._score, self._width = score, size[1]
        self._unit = max(LEAST_TEXT, min(size) // TEXT)
        self._start, self._last = start, end - min(WINDOW, end - start)
        self._scale = size[1] / min(WINDOW, end - start)  # pixels in a second
        stages = score.stages or [{"name": NOISE, "start_s": start}]
        self._names = [stage["name"] for stage in stages]
        self._starts = np.array([stage["start_s"] for stage in stages])
        self._colors = np.array([_rgb(stage_color(score.sport.stage_index(name))) for name in self._names], np.uint8)

    def at(self, seconds: float) -> np.ndarray:
        """The panel under the picture that is shown at a moment: uint8 (h, W, 3)."""
        unit, stage = self._unit, self._stage_at(seconds)
        panel = np.tile(DARK, (2 * (11 * unit // 4), self._width, 1))
        left = np.clip(seconds - WINDOW / 2, self._start, self._last)
        band = panel[2 * unit : 2 * unit + 3 * unit // 2]
        band[:] = self._colors[self._stage_at(left + (np.arange(self._width) + 0.5) / self._scale)]
        _cursor(band, round((seconds - left) * self._scale))
        if self._names[stage] != NOISE:
            panel[unit // 2 : 3 * unit // 2, unit // 2 : 3 * unit // 2] = self._colors[stage]
            _write(panel[: 2 * unit, 2 * unit :], self._names[stage])
        _write(panel[: 2 * unit], f"{seconds:.2f} s", side=1)
        _write(panel[-2 * unit :, unit // 2 :], self._note(seconds))
        return panel

    def _stage_at(self, seconds):
        """The number of the run of a stage at a moment, or at each of several."""
        return np.maximum(np.searchsorted(self._starts, seconds, side="right") - 1, 0)

    def _note(self, seconds):
        """Why the performance at hand has no result of its own, if so."""
        begun = [one for one in self._score.performances if one.start_s <= seconds] or self._score.performances
        text = "".join(f"Withheld: {reason}" for reason in begun[0].own_reasons[:1])
        return textwrap.shorten(text, int(self._width / self._unit / LETTER), placeholder=" …")


def _rgb(color):
    """The red, green and blue of `#rrggbb`."""
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]


def _cursor(band, column):
    """A white line with dark edges."""
    band[:, max(column - 3, 0) : column + 4] = DARK
    band[:, max(column - 1, 0) : column + 2] = LIGHT


def _write(line, text, side=0):
    """Writes a text on a dark line, (2 u, W, 3), in its height u: at its left, or with `side` 1 at its right."""
    if not text:
        return
    drawn = _letters(text, len(line) // 2)[:, : line.shape[1]]
    start = (line.shape[1] - drawn.shape[1]) * side
    line[:, start : start + drawn.shape[1]] = drawn


@functools.lru_cache(maxsize=64)  # the clock changes, other texts stay
def _letters(text: str, height: int) -> np.ndarray:
    """A text, light on dark, uint8 (2 `height`, W, 3)."""
    from matplotlib.textpath import TextPath  # scores without a video do not wait for it

    with in_any_script():
        path = TextPath((0, -1.4 * height * FINER), printable(text), size=height * FINER)
        polygons = [np.rint(one * (1, -1)).astype(np.int32) for one in path.to_polygons()]
    width = max((int(one[:, 0].max()) // FINER for one in polygons), default=0) + height
    mask = np.zeros((2 * height * FINER, width * FINER), np.uint8)
    cv2.fillPoly(mask, polygons, 255)
    mask = cv2.resize(mask, (width, 2 * height), interpolation=cv2.INTER_AREA)
    return (DARK + mask[..., np.newaxis] / 255 * (LIGHT - DARK)).astype(np.uint8)
