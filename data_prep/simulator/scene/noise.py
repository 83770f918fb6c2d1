"""Shots that belong to no stage of a performance: crowd, scoreboard, close-up of the athlete. Knows no sport."""

from collections.abc import Iterator

import cv2
import numpy as np

from data_prep.simulator.scene.canvas import Canvas, paint_crowd, paint_text, window
from data_prep.simulator.scene.drawing import Appearance


def crowd_shot(num_frames: int, width: int, height: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The stands, slowly panned, some people waving flags."""
    wide = np.empty((int(height * 1.3), int(width * 1.5), 3), np.uint8)
    row_height = height * rng.uniform(0.09, 0.24)
    paint_crowd(wide, row_height, rng.uniform(0.7, 1.0), rng)
    start, end = rng.uniform(0.33, 0.67, (2, 2)) * (wide.shape[1], wide.shape[0])
    flags = rng.uniform(0.1, 0.9, (int(rng.integers(0, 6)), 2)) * (width, height)
    colours = rng.uniform(20, 235, (len(flags), 3))
    for index in range(num_frames):
        centre = start + (end - start) * (0.5 * index / max(1, num_frames))
        frame = window(wide, centre, width, height)
        for (x, y), colour in zip(flags, colours, strict=True):
            sway = 0.25 * row_height * np.sin(index * 0.8 + x)
            corners = np.array(
                ((x, y), (x + row_height + sway, y - 4), (x + row_height, y + 0.5 * row_height)), np.int32
            )
            cv2.fillConvexPoly(frame, corners, tuple(map(int, colour)), cv2.LINE_AA)
        yield frame


def scoreboard_shot(num_frames: int, width: int, height: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """A results table, whose marks appear one after the other."""
    ground, bar = rng.uniform(10, 90, 3), rng.uniform(60, 200, 3)
    names = ["".join(chr(65 + letter) for letter in rng.integers(0, 26, rng.integers(4, 9))) for _ in range(6)]
    scores = np.sort(rng.uniform(20, 105, 6))[::-1]
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = ground * np.linspace(0.7, 1.3, height)[:, None, None]
    line = height // 8
    shown_from = rng.integers(0, max(1, num_frames // 2) + 1, 6)
    for index in range(num_frames):
        picture = frame.copy()
        cv2.rectangle(picture, (line // 2, line // 3), (width - line // 2, line), tuple(map(int, bar)), -1)
        paint_text(picture, "RESULTS", (line, line - line // 5), line // 2, (245, 245, 245))
        for row, (name, score) in enumerate(zip(names, scores, strict=True)):
            base = line * (row + 2)
            paint_text(picture, f"{row + 1} {name}", (line // 2, base), line // 2, (235, 235, 235))
            if index >= shown_from[row]:
                paint_text(picture, f"{score:.2f}", (int(width * 0.68), base), line // 2, (90, 230, 250))
        yield picture


def close_up_shot(
    num_frames: int,
    world: Canvas,
    appearance: Appearance,
    width: int,
    height: int,
    mirrored: bool,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Head and shoulders of an athlete before the blurred venue, which is mirrored where the whole video is."""
    column = rng.uniform(0.3, 0.7) * world.image.shape[1]
    row = rng.uniform(0.3, 0.7) * world.image.shape[0]
    ground = window(world.image, (column, row), width, height)
    ground = cv2.blur(cv2.flip(ground, 1) if mirrored else ground, (max(3, width // 25),) * 2)
    x0, sway, size = rng.uniform(0.35, 0.65) * width, rng.uniform(0.5, 2.5), height * rng.uniform(0.16, 0.26)
    skin = np.array(appearance.skin, float)
    for index in range(num_frames):
        frame = ground.copy()
        x, y = int(x0 + sway * np.sin(index / 5) * height / 100), int(height * 0.42)
        _ellipse(frame, (x, int(y + 2.5 * size)), (2.0 * size, 1.5 * size), skin * 0.85)
        _ellipse(frame, (x, int(y + size)), (0.45 * size, 0.9 * size), skin * 0.75)
        _ellipse(frame, (x, int(y - 0.18 * size)), (0.80 * size, 1.0 * size), appearance.hair)
        _ellipse(frame, (x, y), (0.70 * size, 0.92 * size), skin)
        for side in (-1, 1):
            _ellipse(frame, (int(x + 0.28 * side * size), int(y - 0.1 * size)), (0.11 * size, 0.06 * size), skin * 0.3)
        _ellipse(frame, (x, int(y + 0.22 * size)), (0.09 * size, 0.16 * size), skin * 0.85)
        _ellipse(frame, (x, int(y + 0.52 * size)), (0.24 * size, 0.07 * size), skin * (0.8, 0.6, 0.7))
        yield frame


def _ellipse(frame, centre, axes, colour):
    colour = tuple(int(min(255, value)) for value in colour)
    cv2.ellipse(frame, centre, (int(axes[0]), int(axes[1])), 0, 0, 360, colour, -1, cv2.LINE_AA)
