"""A video with its result drawn under each frame: stage, clock, the stages along time with a cursor, the times."""

import dataclasses
import functools
import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.browser_video import filmed, write_clip
from scoringnet_tf.data.features import is_features
from scoringnet_tf.data.video import VideoError, frame_times
from scoringnet_tf.inference.drawn_body import bends, with_bodies
from scoringnet_tf.inference.rendering import BETWEEN, dive_titles, time_lines
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.drawing import in_any_script, mark_of, printable, save_picture, stage_color
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, name_of

HEIGHT = 1080  # pixels: a larger picture is made smaller
WINDOW = 60.0  # seconds that the band shows at a time
NEAR = 0.3  # seconds before and after a moment at which it is named
TEXT, LEAST_TEXT = 36, 12  # the smaller side of the picture in heights of a text; pixels
LETTER = 0.6  # width of a letter, in heights of a text
FIXED = "\N{NO-BREAK SPACE}"
FINER = 4  # letters are drawn so many times larger, and made smaller
DARK, LIGHT = np.array((22, 24, 29), np.uint8), np.array((255, 255, 255), np.uint8)


def save_video(score: Any, path: AnyPath, joints: bool = True, between: Sequence[str] = ()) -> None:
    """Writes the video of a `VideoScore` as MP4, with its result under the picture and the times of its frames.

    With `joints` the bodies that were followed are drawn. With the names of two moments in `between` only what the
    first performance that has both shows from the one to the other.

    Raises:
        InputError: no performance has both moments.
        InputError: it was scored from features, its file has fewer frames now, or `path` is that file.
        VideoError: its file is gone, or cannot be read.
    """
    _check_frames(score, path)
    first = score.stages[0]["start_frame"] if score.stages else score.performances[0].start_frame
    if between:
        first, stop = _moments(score, between)
        score = dataclasses.replace(score, num_frames=stop - first)
    with replacing_file(path) as file:
        times = _times(Path(score.video), first, score)
        frames = filmed(Path(score.video), first, first + score.num_frames, HEIGHT)
        tracks = _tracks(score, joints)
        frames = with_bodies(frames, tracks, first) if tracks else frames
        write_clip(file, _drawn(frames, times, score), score.fps / score.speed, mark_of(score.video))


def save_still(score: Any, path: AnyPath, moment: str, joints: bool = True) -> None:
    """Writes the frame of a `VideoScore`'s moment as PNG, with the joints and angles of the bodies; as `save_video`."""
    _check_frames(score, path)
    number, stop = _moments(score, [moment])
    with replacing_file(path) as file:
        tracks = _tracks(score, joints)
        picture = next(with_bodies(filmed(Path(score.video), number, stop, HEIGHT), tracks, number), None)
        if picture is None:
            raise _changed(score)
        height = max(LEAST_TEXT, min(picture.shape[:2]) // TEXT)
        for frame, place, text in (bend for track in tracks for bend in bends(track)):
            if frame == number:
                x, y = (max(0, round(each)) for each in place * len(picture) + (height, -height))
                into = picture[y : y + 2 * height, x:]
                letters = _letters(text, height)[: len(into), : into.shape[1]]
                into[:, : letters.shape[1]] = letters
        save_picture(picture, file, score.video)


def _check_frames(score: Any, path: AnyPath) -> None:
    """InputError if a result has no frames, or `path` is its video."""
    if is_features(score.video):
        raise InputError("no_frames", f"{score.video} was scored from features: there are no frames to show.")
    if os.path.realpath(str(path)) == os.path.realpath(score.video):
        raise InputError("exists", f"{path} is the video itself.", "Name another file.")


def _tracks(score: Any, joints: bool) -> list[Track]:
    return [track for one in score.performances for track in one.body if joints]


def _changed(score: Any) -> InputError:
    message = f"{score.video} has fewer frames than the {score.num_frames} that it had when it was scored."
    return InputError("changed", message, "Score it again.")


def _moments(score: Any, between: Sequence[str]) -> tuple[int, int]:
    """The frame of the earlier of two moments, and the one behind that of the later."""
    for one in score.performances:
        if all(name in one.moments for name in between):
            frames = [one.moments[name].frame for name in between]
            return min(frames), max(frames) + 1
    known = ", ".join(dict.fromkeys(name for one in score.performances for name in one.moments)) or "none"
    raise InputError("unknown_name", f"{score.video} has no moments {' and '.join(between)}, but {known}.")


def _times(source: Path, first: int, score: Any) -> np.ndarray:
    """Seconds in the file at which each frame is shown; evenly spaced ones of images, and of what states no times."""
    stop = first + score.num_frames
    try:
        times = np.zeros(0) if source.is_dir() else frame_times(source)
    except VideoError:  # damaged: the frames before the damage are drawn
        times = np.zeros(0)
    return (times if len(times) >= stop else np.arange(stop) / score.fps * score.speed)[first:]


def _drawn(frames: Iterable[np.ndarray], times: np.ndarray, score: Any) -> Iterator[tuple[np.ndarray, float]]:
    """(picture, seconds since the first one) of each frame."""
    panel, count, shown = None, 0, times / score.speed
    about = {"desc": f"Drawing {name_of(score.video)}", "unit": "frame", "leave": False, "disable": None}
    for frame, seconds in zip(tqdm(frames, total=score.num_frames, **about), times, strict=False):
        panel = panel or Panel(score, frame.shape[:2], shown[0], shown[score.num_frames - 1] + 1 / score.fps)
        under = panel.at(round(float(seconds) / score.speed, 3))  # as results round their times
        yield np.concatenate([frame, under]), seconds - times[0]
        count += 1
    if count < score.num_frames:
        raise _changed(score)


class Panel:
    """What stands under each picture of (height, width): stage, moment and clock, the band, lines for times or reasons.

    The band is as wide as the picture; that of a video longer than `WINDOW` passes under the cursor. The video is shown
    from `start` to `end`, seconds in the file.
    """

    def __init__(self, score: Any, size: tuple[int, int], start: float, end: float) -> None:
        self._width, self._unit = size[1], max(LEAST_TEXT, min(size) // TEXT)
        self._start, self._last = start, end - min(WINDOW, end - start)
        self._scale = size[1] / min(WINDOW, end - start)  # pixels in a second
        stages = score.stages or [{"name": NOISE, "start_s": start}]
        self._names = [stage["name"] for stage in stages]
        self._starts = [stage["start_s"] for stage in stages]
        colors = [stage_color(score.sport.stage_index(name)) for name in self._names]
        self._colors = np.array([[*bytes.fromhex(color[1:])] for color in colors], np.uint8)
        self._moments = [(moment.seconds, name) for one in score.performances for name, moment in one.moments.items()]
        letters = max(1, int(size[1] / self._unit / LETTER) - 1)
        most = max(1, size[0] // (2 * self._unit))  # together as high as the picture
        self._notes = [_note(one, score.sport, letters, most) for one in score.performances]
        self._note_starts = [one.start_s for one in score.performances]

    def at(self, seconds: float) -> np.ndarray:
        """The panel under the picture that is shown at a moment: uint8 (h, W, 3)."""
        unit, top = self._unit, 2 * self._unit
        bottom = top + 3 * unit // 2
        panel = np.tile(DARK, (bottom + top * max(map(len, self._notes)), self._width, 1))
        self._draw_head(panel[:top], seconds)
        self._draw_band(panel[top:bottom], panel[top - unit // 3 : bottom], seconds)
        for number, line in enumerate(self._notes[_last_begun(self._note_starts, seconds)]):
            _write(panel[bottom + number * top : bottom + (number + 1) * top, unit // 2 :], line)
        return panel

    def _draw_head(self, head: np.ndarray, seconds: float) -> None:
        """The stage at the left, a moment that is near, and the clock at the right."""
        unit, stage = self._unit, _last_begun(self._starts, seconds)
        if self._names[stage] != NOISE:
            head[unit // 2 : 3 * unit // 2, unit // 2 : 3 * unit // 2] = self._colors[stage]
            _write(head[:, 2 * unit :], self._names[stage])
        near = [(abs(moment - seconds), name) for moment, name in self._moments if abs(moment - seconds) <= NEAR]
        if near:
            _write(head, f"▼ {min(near)[1]}", side=0.5)
        _write(head, f"{seconds:.2f} s", side=1)

    def _draw_band(self, band: np.ndarray, marked: np.ndarray, seconds: float) -> None:
        """The stages with a cursor; a triangle above and a line for each moment, in what is `marked` as well."""
        left = np.clip(seconds - WINDOW / 2, self._start, self._last)
        shown = left + (np.arange(self._width) + 0.5) / self._scale
        band[:] = self._colors[_last_begun(self._starts, shown)]
        for moment, _ in self._moments:
            column, half = round((moment - left) * self._scale), len(marked) - len(band)
            marked[half:, max(column, 0) : max(column + 1, 0)] = LIGHT
            corners = [(column - half, 0), (column + half, 0), (column, half)]
            cv2.fillPoly(marked, [np.array(corners)], LIGHT.tolist())
        column, half = round((seconds - left) * self._scale), len(band) // 16
        band[:, max(column - 2 * half - 1, 0) : column + 2 * half + 2] = DARK
        band[:, max(column - half, 0) : column + half + 1] = LIGHT


def _last_begun(starts: list[float], seconds: Any) -> Any:
    """The number of the last that began at a moment, or the first; or that at each of several moments."""
    return np.maximum(np.searchsorted(starts, seconds, side="right") - 1, 0)


def _note(performance: Any, sport: Sport, letters: int, most: int) -> list[str]:
    """A performance's dive and times, or why there are none, in at most so many lines of so many letters."""
    times = (entry.replace(" ", FIXED) for line in time_lines(performance) for entry in line.split(BETWEEN))
    withheld = [f"Withheld: {reason}" for reason in performance.own_reasons[:1]]
    text = BETWEEN.join([*dive_titles(performance, sport), *times, *withheld])
    return textwrap.wrap(text, letters, max_lines=most, placeholder=" …", break_on_hyphens=False)


def _write(line: np.ndarray, text: str, side: float = 0) -> None:
    """Writes a text on a dark line, (2 u, W, 3), in its height u: at its left, or with `side` 1 at its right."""
    if not text:
        return
    drawn = _letters(text, len(line) // 2)[:, : line.shape[1]]
    start = int((line.shape[1] - drawn.shape[1]) * side)
    line[:, start : start + drawn.shape[1]] = drawn


@functools.lru_cache(maxsize=64)  # the clock changes, other texts stay
def _letters(text: str, height: int) -> np.ndarray:
    """A text, light on dark, uint8 (2 `height`, W, 3)."""
    from matplotlib.textpath import TextPath  # scores without a video do not wait for it

    with in_any_script():
        path = TextPath((0, -1.4 * height * FINER), printable(text), size=height * FINER)
        polygons = [np.rint(np.asarray(one) * (1, -1)).astype(np.int32) for one in path.to_polygons()]
    width = max((int(one[:, 0].max()) // FINER for one in polygons), default=0) + height
    mask = np.zeros((2 * height * FINER, width * FINER), np.uint8)
    cv2.fillPoly(mask, polygons, 255)
    share = cv2.resize(mask, (width, 2 * height), interpolation=cv2.INTER_AREA) / 255
    return (DARK + share[..., np.newaxis] * (LIGHT - DARK)).astype(np.uint8)
