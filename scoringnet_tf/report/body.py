"""What a page tells and shows of the body: elements and measures with close-ups, curves, joints over its pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg, resize_frame
from scoringnet_tf.inference.drawn_body import bends, figures
from scoringnet_tf.inference.rendering import ATHLETES, probability_text, side_text, value_text
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.times import of_athlete
from scoringnet_tf.inference.words import not_seen
from scoringnet_tf.report.page import BodyRow, Picture, Scene
from scoringnet_tf.sports import Sport

UNITS = 1000  # width and height of any picture in a drawing
LEAST, AROUND = 0.25, 1.4  # a close-up's side: in the picture's heights, and in the body's extents
SIDE, QUALITY = 256, 85  # of a close-up: pixels; its JPEG's


def body_rows(sport: Sport, performance: Performance, scene: Scene, jpegs: Sequence[bytes]) -> list[BodyRow]:
    """A row for each element and measure that a performance's body shows, and one that names the others."""

    def picture(frame: int | None) -> Picture | None:
        number = -1 if frame is None else frame - scene.first_frame
        if frame is None or not 0 <= number < len(jpegs):
            return None
        return Picture(number, "", *close_up(jpegs[number], performance.body, frame))

    rows = []
    for name in (of_athlete(name, number) for number in ATHLETES for name in sport.measures):
        if element := performance.elements.get(name):
            rows.append(BodyRow(name, element.value, probability_text(element), picture(element.frame)))
        if measure := performance.measures.get(name):
            rows.append(BodyRow(name, value_text(measure), side_text(name, measure), picture(measure.frame)))
    missing = not_seen(performance.warnings)
    return [*rows, BodyRow("not seen", "", ", ".join(missing))] if missing else rows


def curves_in(performance: Performance, scene: Scene) -> dict[str, np.ndarray]:
    """A performance's curves, degrees in each frame of a scene (L,), NaN where they were not seen."""
    start, curves = performance.start_frame - scene.first_frame, {}
    for name, values in performance.curves.items():
        shown = np.full(scene.num_frames, np.nan)
        within = np.array(values, float)[max(-start, 0) : scene.num_frames - start]
        shown[max(start, 0) :][: len(within)] = within
        curves[name] = shown
    return curves


def highest_frame(tracks: Sequence[Track]) -> int | None:
    """The frame in the file in which the first athlete's centre is highest; None if the fall was not seen."""
    for track in tracks[:1]:
        if track.centre is not None and np.isfinite(track.centre).any():
            down = np.einsum("lj,lj->l", track.camera[:, 1, :2], track.centre) + track.camera[:, 1, 2]
            return track.first_frame + int(np.nanargmin(down))
    return None


def drawings(tracks: Sequence[Track], first: int, count: int, aspect: float) -> list[dict[str, Any]]:
    """What to draw over each of `count` frames from number `first` in the file on; empty for one without a body.

    Returns:
        paths: part of the body → SVG path in `UNITS`.
        angles: (x, y, degrees in words) of each bend at hips and knees, 0° if straight.
    """
    if not tracks:
        return []
    size = UNITS / np.array((aspect, 1.0))
    paths = [_paths(tracks, first + number, size) for number in range(count)]
    drawn: list[dict[str, Any]] = [{"paths": each, "angles": []} for each in paths]
    for frame, place, text in (bend for track in tracks for bend in bends(track)):
        if 0 <= frame - first < count:
            drawn[frame - first]["angles"].append([*np.rint(place * size).astype(int).tolist(), text])
    return drawn


def close_up(jpeg: bytes, tracks: Sequence[Track], frame: int) -> tuple[bytes, tuple[float, float, float, float]]:
    """A square JPEG around the athletes in a picture, and its part of it, see `Picture`; all of it without a body."""
    bodies = figures(tracks, frame)
    if not bodies:
        return jpeg, (0, 0, 1, 1)
    picture = decode_jpeg(jpeg)
    height, width = picture.shape[:2]
    sides = np.array((width / height, 1.0))
    ends = np.concatenate([bones.reshape(-1, 2) for body in bodies for bones in body.bones.values()])
    side = min(max(LEAST, AROUND * np.ptp(ends, axis=0).max()), sides.min())
    corner = np.clip((ends.min(axis=0) + ends.max(axis=0) - side) / 2, 0, sides - side)
    (left, top), pixels = (int(each) for each in corner * height), int(side * height)
    shown = resize_frame(picture[top : top + pixels, left : left + pixels], 2 * (min(SIDE, pixels),))
    part = (left / width, top / height, pixels / width, pixels / height)
    return encode_jpeg(np.ascontiguousarray(shown), QUALITY), part


def _paths(tracks: Sequence[Track], frame: int, size: np.ndarray) -> dict[str, str]:
    lines: dict[str, list[str]] = {}
    for body in figures(tracks, frame):
        for part, bones in body.bones.items():
            ends = np.rint(bones * size).astype(int).tolist()
            lines.setdefault(part, []).extend(f"M{x} {y}L{u} {v}" for (x, y), (u, v) in ends)
    return {part: "".join(each) for part, each in lines.items() if each}
