"""The joints over a page's pictures, as SVG that stretches with them, and close-ups of an athlete."""

from collections.abc import Sequence

import numpy as np

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg, resize_frame
from scoringnet_tf.inference.drawn_body import Figure, figures

UNITS = 1000  # width and height of any picture in an overlay
LEAST, AROUND = 0.25, 1.4  # a close-up's side: in the picture's heights, and in the body's extents
SIDE, QUALITY = 256, 85  # of a close-up: pixels; its JPEG's


def overlay(jpeg: bytes, tracks: Sequence[Track], frame: int) -> dict[str, str]:
    """Part of the body → SVG path in `UNITS` over a picture, of this frame in the file; empty if it shows no body."""
    bodies = figures(tracks, frame)
    return _paths(bodies, np.zeros(2), np.array((_aspect(decode_jpeg(jpeg)), 1.0))) if bodies else {}


def close_up(jpeg: bytes, tracks: Sequence[Track], frame: int) -> tuple[bytes, dict[str, str]]:
    """A square JPEG around the athletes in a picture, and its `overlay`; the picture itself if it shows no body."""
    bodies = figures(tracks, frame)
    if not bodies:
        return jpeg, {}
    picture = decode_jpeg(jpeg)
    height, sides = len(picture), np.array((_aspect(picture), 1.0))
    ends = np.concatenate([bones.reshape(-1, 2) for body in bodies for bones in body.bones.values()])
    side = min(max(LEAST, AROUND * np.ptp(ends, axis=0).max()), sides.min())
    corner = np.clip((ends.min(axis=0) + ends.max(axis=0) - side) / 2, 0, sides - side)
    (left, top), pixels = (int(each) for each in corner * height), int(side * height)
    shown = resize_frame(picture[top : top + pixels, left : left + pixels], 2 * (min(SIDE, pixels),))
    paths = _paths(bodies, np.array((left, top)) / height, np.full(2, pixels / height))
    return encode_jpeg(np.ascontiguousarray(shown), QUALITY), paths


def _aspect(picture: np.ndarray) -> float:
    return picture.shape[1] / picture.shape[0]


def _paths(bodies: Sequence[Figure], corner: np.ndarray, size: np.ndarray) -> dict[str, str]:
    """The paths for what a corner and size, in the picture's heights, show."""
    lines: dict[str, list[str]] = {}
    for body in bodies:
        for part, bones in body.bones.items():
            ends = np.rint((bones - corner) / size * UNITS).astype(int).tolist()
            lines.setdefault(part, []).extend(f"M{x} {y}L{u} {v}" for (x, y), (u, v) in ends)
    return {part: "".join(each) for part, each in lines.items() if each}
