"""Shots without a stage: crowd, scoreboard, the athlete close up, people elsewhere. Knows no sport."""

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene import figure
from data_prep.simulator.scene.canvas import Canvas, paint_crowd, paint_text, window
from data_prep.simulator.scene.drawing import Appearance, FigurePainter, composite, random_appearance
from data_prep.simulator.scene.figure import Body, pose


def crowd_shot(num_frames: int, width: int, height: int, rng: Generator) -> Iterator[np.ndarray]:
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


def scoreboard_shot(num_frames: int, width: int, height: int, rng: Generator) -> Iterator[np.ndarray]:
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


def with_replay_mark(frames: Iterator[np.ndarray], rng: Generator) -> Iterator[np.ndarray]:
    """The frames of a replay, most often with a mark in a corner."""
    marked = rng.random() < 0.7
    for picture in frames:
        if marked:
            height = len(picture)
            size = height // 10
            paint_text(picture, "R", (size // 2, height - size // 2), size, (240, 240, 240), 2)
        yield picture


def close_up_shot(
    num_frames: int, world: Canvas, appearance: Appearance, width: int, height: int, mirrored: bool, rng: Generator
) -> Iterator[np.ndarray]:
    """Head and shoulders of an athlete before the blurred venue; `mirrored` if the whole video is."""
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


def _ellipse(
    frame: np.ndarray, centre: tuple[int, int], axes: tuple[float, float], colour: Sequence[float] | np.ndarray
) -> None:
    colour = tuple(int(min(255, value)) for value in colour)
    cv2.ellipse(frame, centre, (int(axes[0]), int(axes[1])), 0, 0, 360, colour, -1, cv2.LINE_AA)


def elsewhere_shot(num_frames: int, width: int, height: int, rng: Generator) -> Iterator[np.ndarray]:
    """People who do other things in other places: before fields, walls or trees, standing and swinging their limbs."""
    ground = _place(width, height, rng)
    people = [_person(width, height, num_frames, rng) for _ in range(rng.integers(1, 4))]
    start, stop = rng.uniform(0.0, 0.2, (2, 2)) * (width, height)
    for index in range(num_frames):
        x, y = (start + (stop - start) * index / max(1, num_frames)).astype(int)
        frame = ground[y : y + height, x : x + width].copy()
        for painter, joints, belly, place in people:
            now = np.add(joints[3 * index : 3 * index + 3], (*place, 0))
            composite(frame, *painter.paint(now, belly))
        yield frame


def _place(width: int, height: int, rng: Generator) -> np.ndarray:
    """A picture larger than a frame by a fifth: bands of any colours and textures, one above the other."""
    size = (int(1.2 * width) + 1, int(1.2 * height) + 1)
    ground: np.ndarray = np.empty((size[1], size[0], 3), np.uint8)
    edges = [0, *sorted(rng.integers(0, size[1], rng.integers(1, 4)).tolist()), size[1]]
    for top, bottom in itertools.pairwise(edges):
        if bottom > top:
            coarse = (max(2, (bottom - top) // int(rng.integers(2, 12))), max(2, size[0] // int(rng.integers(2, 20))))
            colour = rng.uniform(10, 245, 3) + rng.uniform(2, 45) * rng.standard_normal((*coarse, 1))
            band = np.clip(colour, 0, 255).astype(np.uint8)
            ground[top:bottom] = cv2.resize(band, (size[0], bottom - top), interpolation=cv2.INTER_LINEAR)
    for _ in range(rng.integers(0, 8)):
        x, y = rng.integers(0, size)
        wide, tall = (rng.uniform(0.03, 0.4, 2) * size).astype(int)
        cv2.rectangle(ground, (int(x), int(y)), (int(x + wide), int(y + tall)), rng.uniform(0, 255, 3).tolist(), -1)
    return ground


def _person(
    width: int, height: int, num_frames: int, rng: Generator
) -> tuple[FigurePainter, np.ndarray, np.ndarray, np.ndarray]:
    """Painter, joints (3 F, J, 3) in pixels from the body's middle, belly, and place (x, y)."""
    body = Body(height=rng.uniform(1.5, 1.9), build=rng.uniform(1.1, 1.6))
    scale = height * np.exp(rng.uniform(np.log(0.15), np.log(0.9))) / body.height
    times = np.arange(3 * num_frames)[:, None] / 3
    limits = {"spine": (-10, 50), "shoulder": (-30, 170), "elbow": (0, 130), "arm_swing": (-70, 70), "arm_out": (0, 60)}
    limits |= {"hip": (-10, 60), "knee": (0, 70), "scissor": (-40, 40)}
    low, high = (pose(**{name: rng.uniform(*limit) for name, limit in limits.items()}) for _ in range(2))
    share = 0.5 + 0.5 * np.sin(times * rng.uniform(0.03, 0.5) + rng.uniform(0, 6))
    turn = np.full(len(times), rng.uniform(0, 2 * np.pi))
    joints = figure.orient(figure.body_joints(low + (high - low) * share, body), np.zeros(len(times)), turn)
    belly = np.tile((np.cos(turn[0]), 0.0, -np.sin(turn[0])), (3, 1))
    painter = FigurePainter(body, random_appearance(rng), scale)
    return painter, joints * (scale, -scale, scale), belly, rng.uniform((0.1, 0.4), (0.9, 0.8)) * (width, height)
