"""The joints and angles that a page draws over its pictures, and close-ups of an athlete."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg, resize_frame
from scoringnet_tf.inference.drawn_body import bends, figures

UNITS = 1000  # width and height of any picture in a drawing
LEAST, AROUND = 0.25, 1.4  # a close-up's side: in the picture's heights, and in the body's extents
SIDE, QUALITY = 256, 85  # of a close-up: pixels; its JPEG's


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
