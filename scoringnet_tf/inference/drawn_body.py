"""An athlete's joints as lines over a picture: two sides in two colours, thin and grey where they were not seen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from scoringnet_tf.body.angles import angles_of
from scoringnet_tf.body.skeleton import BONES, JOINT, JOINTS
from scoringnet_tf.body.track import Track

LEFT, RIGHT, MIDDLE, UNSEEN = "left side", "right side", "middle", "not seen"
COLORS = {UNSEEN: "#d5dae1", MIDDLE: "#ffffff", RIGHT: "#ff5fd2", LEFT: "#ffe14d"}  # bright on water, on a dark edge
EDGE = "#14181f"
ACROSS = tuple((JOINT[f"{name}_l"], JOINT[f"{name}_r"]) for name in ("shoulder", "hip"))
HEAD = 0.28  # radius, in lengths of the trunk
THIN, SHARE = 2, 0.1  # thinnest line in pixels; width of a line, in lengths of the trunk
SHIFT = 3  # binary digits of a pixel's parts


class Figure(NamedTuple):
    """A body in a picture, in the picture's heights.

    Attributes:
        bones: part of `COLORS` → the ends of its bones, (K, 2, 2).
        head: its middle, (2,).
        trunk: length from the shoulders to the hips.
    """

    bones: dict[str, np.ndarray]
    head: np.ndarray
    trunk: float


def figures(tracks: Sequence[Track], frame: int) -> list[Figure]:
    """The bodies that tracks have in a frame of the file."""
    shown = [track for track in tracks if 0 <= frame - track.first_frame < len(track.positions)]
    places = [frame - track.first_frame for track in shown]
    return [_figure(one.positions[at], one.confidence[at]) for one, at in zip(shown, places, strict=True)]


def _figure(joints: np.ndarray, confidence: np.ndarray) -> Figure:
    bones: dict[str, list] = {part: [] for part in COLORS}
    for one, other in (*ACROSS, *BONES):
        is_across = (one, other) in ACROSS
        part = MIDDLE if is_across else LEFT if JOINTS[one].endswith("_l") else RIGHT
        bones[part if min(confidence[[one, other]]) > 0 else UNSEEN].append(joints[[one, other]])
    shoulders, hips = (joints[list(pair)].mean(axis=0) for pair in ACROSS)
    head = joints[JOINT["head"]]
    bones[MIDDLE if confidence[JOINT["head"]] > 0 else UNSEEN].append(np.stack([shoulders, head]))
    ends = {part: np.reshape(each, (-1, 2, 2)) for part, each in bones.items()}
    return Figure(ends, head, float(np.linalg.norm(shoulders - hips)))


def bends(track: Track) -> Iterator[tuple[int, np.ndarray, str]]:
    """Yields a frame of the file, a place (2,) in the picture's heights, and the angle there in words; 0° if straight.

    For hips and knees, where they were seen.
    """
    angles = angles_of(track)
    for name, degrees in (("hip", angles.hip), ("knee", angles.knee)):
        places = track.positions[:, [JOINT[f"{name}_l"], JOINT[f"{name}_r"]]].mean(axis=1)
        for at in np.flatnonzero(angles.weight > 0):
            yield track.first_frame + int(at), places[at], f"{abs(degrees[at]):.0f}°"


def with_bodies(frames: Iterable[np.ndarray], tracks: Sequence[Track], first: int) -> Iterator[np.ndarray]:
    """Frames of a file, from number `first` on, with the bodies that tracks have drawn into them."""
    for number, frame in enumerate(frames, first):
        picture = np.array(frame)
        draw_body(picture, tracks, number)
        yield picture


def draw_body(picture: np.ndarray, tracks: Sequence[Track], frame: int) -> None:
    """Draws the bodies that a frame of the file shows into it, uint8 (H, W, 3) RGB, in place."""
    height = len(picture)
    for body in figures(tracks, frame):
        width = int(np.clip(SHARE * body.trunk * height, THIN, max(THIN, height / 150)))
        _draw_lines(picture, np.concatenate([*body.bones.values()]), EDGE, width + 2)
        for part, bones in body.bones.items():
            _draw_lines(picture, bones, COLORS[part], 1 if part == UNSEEN else width)


def _draw_lines(picture: np.ndarray, bones: np.ndarray, color: str, width: int) -> None:
    corners = np.rint(bones * len(picture) * 2**SHIFT).astype(int).tolist()
    for start, end in corners:
        cv2.line(picture, start, end, [*bytes.fromhex(color[1:])], width, cv2.LINE_AA, SHIFT)
