"""Gymnastics halls: the panorama of runway, springboard, table, mats, stands and lights, painted once a video.

World axes as in `motion`; painted as a fixed camera sees them (`Standpoint`), so the view angle may be any.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.camera import Standpoint
from data_prep.simulator.scene.canvas import Canvas, Colour, Point, paint_crowd, paint_text
from data_prep.simulator.vault.motion import BOARD_HEIGHT, BOARD_X, MAT_HEIGHT, TABLE_HEIGHT

STAGE = np.array([(x, y, z) for x in (-9.0, 6.5) for y in (0.0, 3.6) for z in (-2.0, 2.0)])  # where vaults are seen
TABLE_LENGTH, TABLE_WIDTH = 1.2, 0.95
MAT = (0.7, 7.0, 1.9)  # from x to x, half the width
CORRIDOR = (0.48, 0.62)  # half the width near the table and at the far end
RUNWAY = (-25.0, -0.9, 0.5)
OUT_OF_FOCUS = 0.02  # metres, standard deviation of the blur of the stands
WORDS = ("GYMNASTICS", "VAULT", "WORLD CUP", "FINAL", "OPEN", "ARENA", "NORDA", "VELO", "CHALLENGE", "ARTISTIC")


@dataclasses.dataclass(frozen=True)
class Venue:
    """Colours (blue, green, red) and measures of a hall."""

    floor: tuple
    runway: tuple
    mat: tuple
    line: tuple
    table: tuple
    banner: tuple
    wall: tuple
    light: float
    crowd_height: float
    banner_height: float
    depth: float
    lamps: int


def random_venue(rng: Generator) -> Venue:
    """A hall drawn at random."""
    palette = np.array(
        ((150, 80, 30), (120, 50, 40), (60, 50, 150), (70, 120, 40), (130, 125, 40), (120, 60, 120), (60, 120, 170))
    )
    floor, mat = rng.choice(len(palette) - 1, 2, replace=False)  # the last, orange, would hide skin
    runway = palette[rng.integers(len(palette))] if rng.random() < 0.4 else palette[mat]
    return Venue(
        floor=tuple(palette[floor] * rng.uniform(0.55, 0.95) + rng.uniform(0, 60)),
        runway=tuple(runway * rng.uniform(0.8, 1.2)),
        mat=tuple(palette[mat] * rng.uniform(0.9, 1.25)),
        line=tuple(rng.uniform(200, 250) * np.array((1.0, 1.0, 1.0))),
        table=tuple(palette[rng.integers(len(palette))] * rng.uniform(0.7, 1.3)),
        banner=tuple(palette[rng.integers(len(palette))] * rng.uniform(0.8, 1.2)),
        wall=tuple(rng.uniform(12, 60) * np.sort(rng.uniform(0.8, 1.15, 3))[::-1]),
        light=float(rng.uniform(0.8, 1.1)),
        crowd_height=float(rng.uniform(1.8, 4.0)),
        banner_height=float(rng.uniform(0.5, 1.0)),
        depth=float(rng.uniform(1.5, 2.2)),
        lamps=int(rng.integers(0, 7)),
    )


def paint_hall(
    venue: Venue,
    standpoint: Standpoint,
    pixels_per_metre: float,
    margin: tuple[float, float],
    mirrored: bool,
    rng: Generator,
) -> tuple[Canvas, Canvas]:
    """The hall as a panorama, and a mask of its table, white, which may hide a gymnast behind it.

    Writing is mirrored here if frames will be `mirrored`. A picture reaches `margin` metres to the side of, and above
    and below, what it is aimed at.
    """
    seen = standpoint.panorama(STAGE)[..., :2]
    low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    world = Canvas((low[0], high[0]), (low[1], high[1]), pixels_per_metre, venue.wall)
    sides = (low[0], high[0])
    floor_edge = standpoint.height * (1 - 1 / venue.depth)  # where the floor meets the stands, far behind the table
    _paint_stands(world, venue, sides, floor_edge, high[1], mirrored, rng)
    _paint_floor(world, venue, sides, low[1], floor_edge, rng)
    _paint_people(world, venue, standpoint, rng)
    brush = _Brush(world, standpoint)
    _paint_landing(brush, venue)
    _paint_runway(brush, venue)
    table = Canvas(sides, (low[1], high[1]), pixels_per_metre)
    _paint_table(brush, venue.table)
    _paint_table(_Brush(table, standpoint), (255, 255, 255), shades=(1.0, 1.0, 1.0))
    cv2.convertScaleAbs(world.image, world.image, alpha=venue.light)
    return world, table


Pair = tuple[float, float] | np.ndarray


class _Brush:
    """Paints surfaces given by world points on a panorama."""

    def __init__(self, canvas: Canvas, standpoint: Standpoint) -> None:
        self.standpoint = standpoint
        self._canvas = canvas

    def polygon(self, points: Iterable[Sequence[float]], colour: Colour) -> None:
        self._canvas.polygon(self.standpoint.panorama(np.array(points, float))[:, :2], colour)

    def strip(self, x0: float, x1: float, near: Pair, far: Pair, y: float, colour: Colour) -> None:
        """A level strip along x; `near` and `far` are pairs of z at both ends. In pieces, since the panorama bends."""
        edges = np.linspace(0.0, 1.0, 2 + int(abs(x1 - x0)))
        xs, z0, z1 = (start + (stop - start) * edges for start, stop in ((x0, x1), near, far))
        for i in range(len(edges) - 1):
            j = i + 1
            self.polygon([(xs[i], y, z0[i]), (xs[j], y, z0[j]), (xs[j], y, z1[j]), (xs[i], y, z1[i])], colour)

    def box(
        self, x: Sequence[float], y: Point, z: Point, colour: Colour, shades: Sequence[float] = (0.62, 0.78, 1.0)
    ) -> None:
        """A block between pairs of x, y and z, metres: those sides that the camera sees, and the top.

        `shades` are brightness: sides across x, sides across z, top.
        """
        azimuth = self.standpoint.azimuth
        end, side = (x[1] if azimuth > 0 else x[0]), (z[1] if np.cos(azimuth) > 0 else z[0])
        colour = np.array(colour)
        self.polygon([(end, y[0], z[0]), (end, y[0], z[1]), (end, y[1], z[1]), (end, y[1], z[0])], colour * shades[0])
        steps = np.linspace(x[0], x[1], 2 + int(x[1] - x[0]))
        for a, b in itertools.pairwise(steps):
            self.polygon([(a, y[0], side), (b, y[0], side), (b, y[1], side), (a, y[1], side)], colour * shades[1])
        self.strip(x[0], x[1], (z[0], z[0]), (z[1], z[1]), y[1], colour * shades[2])


def _paint_stands(
    world: Canvas, venue: Venue, sides: Point, floor_edge: float, top: float, mirrored: bool, rng: Generator
) -> None:
    """Barrier with writing, crowd, a second banner, and the dark under the roof with its lamps."""
    barrier = floor_edge + venue.banner_height
    crowd_top = barrier + venue.crowd_height
    world.rectangle(sides[0], floor_edge, sides[1], barrier, venue.banner)
    _paint_words(world.region(sides[0], floor_edge, sides[1], barrier), mirrored, rng)
    crowd = world.region(sides[0], barrier, sides[1], min(crowd_top, top))
    if crowd.size:
        paint_crowd(crowd, rng.uniform(0.26, 0.42) * world.pixels_per_metre, rng.uniform(0.25, 0.75), rng)
    if rng.random() < 0.5:
        world.rectangle(sides[0], crowd_top, sides[1], crowd_top + 0.6, np.array(venue.banner) * 0.6)
    for u in rng.uniform(*sides, venue.lamps):
        world.ring(u, crowd_top + rng.uniform(0.8, 2.0), 0.08, (245, 250, 250), 0.16)
    for _ in range(rng.integers(0, 4)):
        u = rng.uniform(*sides)
        world.rectangle(u, crowd_top - 0.3, u + rng.uniform(0.6, 1.6), crowd_top + 0.6, rng.uniform(40, 220, 3))
    cv2.GaussianBlur(world.image, (0, 0), OUT_OF_FOCUS * world.pixels_per_metre, world.image)


def _paint_words(strip: np.ndarray, mirrored: bool, rng: Generator) -> None:
    height, width = strip.shape[:2]
    writing = np.ascontiguousarray(strip)
    x = int(rng.uniform(0, 3) * height)
    while x < width:
        paint_text(writing, WORDS[rng.integers(len(WORDS))], (x, int(0.72 * height)), int(0.45 * height), (235,) * 3)
        x += int(rng.uniform(4.0, 8.0) * height)
    strip[:] = writing[:, ::-1] if mirrored else writing


def _paint_floor(world: Canvas, venue: Venue, sides: Point, bottom: float, floor_edge: float, rng: Generator) -> None:
    region = world.region(sides[0], bottom, sides[1], floor_edge)
    height, width = region.shape[:2]
    coarse = (max(2, height // 9), max(2, width // 9))
    fade = np.linspace(0.7, 1.05, coarse[0])[:, None, None]
    carpet = np.array(venue.floor) * fade + rng.normal(0, 3, (*coarse, 1))
    region[:] = cv2.resize(np.clip(carpet, 0, 255).astype(np.uint8), (width, height))


def _paint_people(world: Canvas, venue: Venue, standpoint: Standpoint, rng: Generator) -> None:
    """Judges seated at tables and coaches standing behind the mats, in one uniform."""
    shirt = rng.uniform(40, 210, 3)
    behind = -1.0 if np.cos(standpoint.azimuth) > 0.3 else rng.choice((-1.0, 1.0))
    for _ in range(rng.integers(2, 7)):
        seated = rng.random() < 0.6
        tall = 1.0 if seated else 1.45
        foot = np.array((rng.uniform(-10, 8), 0.0, behind * rng.uniform(4.0, 12.0)))
        (u, v, _), (_, top, _) = standpoint.panorama(np.array((foot, foot + np.array((0.0, tall, 0.0)))))
        metre = (top - v) / tall
        world.rectangle(u - 0.2 * metre, v, u + 0.2 * metre, v + 0.7 * metre, (45, 38, 34))
        world.rectangle(u - 0.22 * metre, top - 0.6 * metre, u + 0.22 * metre, top, shirt * rng.uniform(0.6, 0.9))
        world.ring(u, top + 0.12 * metre, 0.06 * metre, (100, 125, 165), 0.12 * metre)
        if seated:
            table = np.array(venue.banner) * 0.8
            world.rectangle(u - 0.7 * metre, v, u + 0.7 * metre, v + 0.55 * metre, table)


def _paint_landing(brush: "_Brush", venue: Venue) -> None:
    brush.box(MAT[:2], (0.0, MAT_HEIGHT), (-MAT[2], MAT[2]), venue.mat)
    for sign in (-1, 1):
        inner, outer = sign * np.array(CORRIDOR), sign * (np.array(CORRIDOR) + 0.07)
        brush.strip(MAT[0], MAT[1], inner, outer, MAT_HEIGHT, venue.line)


def _paint_runway(brush: "_Brush", venue: Venue) -> None:
    half = RUNWAY[2]
    brush.strip(RUNWAY[0], RUNWAY[1], (-half, -half), (half, half), 0.02, venue.runway)
    for sign in (-1, 1):
        edges = np.array((half, half)) * sign
        brush.strip(RUNWAY[0], RUNWAY[1], edges, edges * 0.88, 0.02, venue.line)
    back, front = BOARD_X - 0.8, BOARD_X + 0.4
    side = 0.3 if np.cos(brush.standpoint.azimuth) > 0 else -0.3
    brush.polygon([(back, 0.02, side), (front, 0.02, side), (front, BOARD_HEIGHT, side)], (60, 70, 90))
    brush.polygon(
        [(front, 0.02, -0.3), (front, 0.02, 0.3), (front, BOARD_HEIGHT, 0.3), (front, BOARD_HEIGHT, -0.3)], (50, 55, 70)
    )
    brush.polygon(
        [(back, 0.05, -0.3), (front, BOARD_HEIGHT, -0.3), (front, BOARD_HEIGHT, 0.3), (back, 0.05, 0.3)],
        (170, 205, 225),
    )


def _paint_table(brush: "_Brush", colour: Colour, shades: Sequence[float] = (0.55, 0.75, 1.15)) -> None:
    half, wide = TABLE_LENGTH / 2, TABLE_WIDTH / 2
    top = np.array(colour, float)
    brush.box((-0.22, 0.28), (0.0, TABLE_HEIGHT - 0.3), (-0.2, 0.2), top * (0.6 if shades[0] < 1 else 1.0), shades)
    brush.box((-half, half), (TABLE_HEIGHT - 0.32, TABLE_HEIGHT), (-wide, wide), top, shades)
